"""The vehicle: demand of its driver, reaction to the control pilot, charger and battery.

It follows IEC 61851-1 as an ordinary car does. It closes S2 some time after it is offered current,
draws current some time after it has voltage, follows a changed offer late and slowly, and opens
S2 only after it has dropped its load.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.pilot import MIN_OFFER_A, STATE_F_PERCENT, X1_PERCENT, offer_of_duty

FOLLOWS_BELOW_A = 0.3  # how far a charger stays below the offer
RESOLUTION_A = 0.1  # assumed: steps of its current
STOPS_WITHIN_S = 1.0  # until it drops its load; at 20 A/s it keeps the 3 s of Table A.6, seq. 9
PLUG_OUT_S = 1.0  # from S2 open to plug out, when people end a charge in order
TAPER_FROM_RATIO = 0.8  # state of charge from which the battery takes less
TAPER_WIDTH_RATIO = 0.25  # 20 % of the power is left when it is full
EFFICIENCY_RATIO = 0.9  # from the plug to the battery
WAKES_S = 3.0  # assumed: F or no voltage for this long wakes it; boxes in the field give 3 to 5 s
EXCESS_RATIO, EXCESS_A = 1.2, 1.0  # the fault `overcurrent`: 20 % and 1 A beyond the offer


class Charger(Struct, frozen=True, kw_only=True):
    """The properties of the vehicle."""

    phases: int = 3
    max_a: float = 32.0  # 22 kW on three phases
    ready_after_s: float | None = None  # after plugging in; None: only by the act `ready`
    start_delay_s: float = 1.0  # offer to S2 closed: 0.5 to 5 s in the field
    precharge_s: float = 1.0  # voltage to current: 0.5 to 3 s
    ramp_up_a_s: float = 5.0  # 2 to 10 A/s
    ramp_down_a_s: float = 20.0  # 20 A/s and more
    dead_time_s: float = 1.0  # a changed duty to a changed current: 0.2 to 5 s
    battery_wh: float = 60_000.0
    arrives_charged_ratio: float = 0.4


class Vehicle(Struct, frozen=True, kw_only=True):
    """The vehicle at one moment. Times are deadlines; None: there is none."""

    plugged: bool = False
    wants: bool = False  # it asks for energy
    is_full: bool = False  # it has ended the charge by itself
    is_leaving: bool = False  # it is being unplugged in order
    is_awake: bool = True  # False: it ignores offers
    s2: bool = False
    charged_ratio: float = 0.0
    heard_a: float = 0.0  # the newest offer
    offer_a: float = 0.0  # the offer that it follows now
    current_a: float = 0.0  # on each of its phases
    target_a: float = 0.0
    has_power: bool = False
    wants_at_s: float | None = None
    follows_at_s: float | None = None
    closes_s2_at_s: float | None = None
    draws_at_s: float | None = None
    wakes_at_s: float | None = None
    leaves_at_s: float | None = None


AWAY = Vehicle()


def arrive(charger: Charger, now_s: float, *, is_awake: bool = True) -> Vehicle:
    """Return a vehicle that has just been plugged in."""
    after_s = charger.ready_after_s
    return Vehicle(
        plugged=True,
        is_awake=is_awake,
        charged_ratio=charger.arrives_charged_ratio,
        wants_at_s=None if after_s is None else now_s + after_s,
    )


def due_s(vehicle: Vehicle, charger: Charger, now_s: float) -> float:
    """Return when the vehicle next changes by itself [s]; infinity: never."""
    due = float("inf")
    for when_s in (
        vehicle.wants_at_s,
        vehicle.follows_at_s,
        vehicle.closes_s2_at_s,
        vehicle.draws_at_s,
        vehicle.wakes_at_s,
        vehicle.leaves_at_s,
    ):
        if when_s is not None and when_s < due:
            due = when_s
    if vehicle.current_a != vehicle.target_a:
        due = min(due, now_s + _ramp_s(vehicle, charger))
    return due


def ramp(vehicle: Vehicle, charger: Charger, dt_s: float) -> Vehicle:
    """Return the vehicle after its current has ramped towards its target for a time."""
    current_a, target_a = vehicle.current_a, vehicle.target_a
    if current_a == target_a:
        return vehicle
    if dt_s >= _ramp_s(vehicle, charger) - 1e-9:
        return replace(vehicle, current_a=target_a)
    if target_a > current_a:
        return replace(vehicle, current_a=current_a + charger.ramp_up_a_s * dt_s)
    return replace(vehicle, current_a=current_a - charger.ramp_down_a_s * dt_s)


def is_tapering(vehicle: Vehicle) -> bool:
    """Return whether its battery limits the current because it is almost full."""
    return vehicle.current_a > 0.0 and vehicle.charged_ratio > TAPER_FROM_RATIO


def settle(
    vehicle: Vehicle,
    charger: Charger,
    now_s: float,
    *,
    heard_percent: float | None,
    has_power: bool,
    draws_too_much: bool,
    ignores_x1: bool,
) -> Vehicle:
    """Return the vehicle at a time, with the duty and the mains voltage at its inlet.

    `heard_percent` None: the line has no voltage. `ignores_x1`: in X1 it goes on drawing current.
    """
    if not vehicle.plugged:
        return vehicle
    changed: dict[str, object] = {}
    wants, is_full = vehicle.wants, vehicle.is_full
    if _is_due(vehicle.wants_at_s, now_s):
        wants = True
        changed["wants_at_s"] = None
    if wants and vehicle.charged_ratio >= 1.0:
        wants, is_full = False, True
    heard_a = 0.0 if heard_percent is None else offer_of_duty(heard_percent)
    if ignores_x1 and heard_percent == X1_PERCENT and vehicle.s2 and has_power:
        heard_a = vehicle.heard_a
    is_dead = heard_percent is None or heard_percent == STATE_F_PERCENT
    is_awake = vehicle.is_awake or _wake(vehicle, now_s, is_dead, changed)
    offer_a = _follow_offer(vehicle, charger, now_s, heard_a, changed)
    asks = wants and is_awake and offer_a >= MIN_OFFER_A and not vehicle.is_leaving
    s2 = _move_s2(vehicle, charger, now_s, asks, changed)
    draws, current_a = _draw(vehicle, charger, now_s, s2 and has_power, changed)
    target_a = _target_a(vehicle, charger, offer_a, draws_too_much) if asks and draws else 0.0
    if vehicle.is_leaving and not s2:
        if vehicle.leaves_at_s is None:
            changed["leaves_at_s"] = now_s + PLUG_OUT_S
        elif now_s >= vehicle.leaves_at_s:
            return AWAY
    changed.update(
        wants=wants,
        is_full=is_full,
        is_awake=is_awake,
        heard_a=heard_a,
        offer_a=offer_a,
        s2=s2,
        has_power=has_power,
        current_a=current_a,
        target_a=target_a,
    )
    return _changed(vehicle, changed)


def _wake(vehicle: Vehicle, now_s: float, is_dead: bool, changed: dict[str, object]) -> bool:
    """Return whether a sleeping vehicle wakes: its line was in F or had no voltage long enough."""
    if not is_dead:
        changed["wakes_at_s"] = None
        return False
    if vehicle.wakes_at_s is None:
        changed["wakes_at_s"] = now_s + WAKES_S
        return False
    if now_s < vehicle.wakes_at_s:
        return False
    changed["wakes_at_s"] = None
    return True


def _follow_offer(
    vehicle: Vehicle, charger: Charger, now_s: float, heard_a: float, changed: dict[str, object]
) -> float:
    """Return the offer that it follows.

    With S2 open the newest one, with S2 closed the previous one until its dead time is over.
    """
    if heard_a != vehicle.heard_a:
        delay_s = charger.dead_time_s if heard_a else min(charger.dead_time_s, STOPS_WITHIN_S)
        follows_at_s = now_s + delay_s
        if vehicle.follows_at_s is not None:  # a further change does not extend the delay
            follows_at_s = min(vehicle.follows_at_s, follows_at_s)
        if vehicle.s2 and now_s < follows_at_s:
            changed["follows_at_s"] = follows_at_s
            return vehicle.offer_a
        changed["follows_at_s"] = None
        return heard_a
    if _is_due(vehicle.follows_at_s, now_s):
        changed["follows_at_s"] = None
        return heard_a
    return vehicle.offer_a


def _move_s2(
    vehicle: Vehicle, charger: Charger, now_s: float, asks: bool, changed: dict[str, object]
) -> bool:
    """Return whether S2 is closed: from some time after an offer until the load is dropped."""
    if vehicle.s2:
        return asks or vehicle.current_a > 0.0
    if not asks:
        changed["closes_s2_at_s"] = None
        return False
    if vehicle.closes_s2_at_s is None:
        changed["closes_s2_at_s"] = now_s + charger.start_delay_s
        return False
    if now_s < vehicle.closes_s2_at_s:
        return False
    changed["closes_s2_at_s"] = None
    return True


def _draw(
    vehicle: Vehicle, charger: Charger, now_s: float, can_draw: bool, changed: dict[str, object]
) -> tuple[bool, float]:
    """Return whether the precharge is over, and the current; 0 A without voltage."""
    if not can_draw:
        changed["draws_at_s"] = None
        return False, 0.0
    if not vehicle.has_power or not vehicle.s2:
        changed["draws_at_s"] = now_s + charger.precharge_s
        return False, vehicle.current_a
    if vehicle.draws_at_s is not None and now_s < vehicle.draws_at_s:
        return False, vehicle.current_a
    changed["draws_at_s"] = None
    return True, vehicle.current_a


def _target_a(vehicle: Vehicle, charger: Charger, offer_a: float, draws_too_much: bool) -> float:
    if draws_too_much:
        return offer_a * EXCESS_RATIO + EXCESS_A
    beyond_ratio = max(0.0, vehicle.charged_ratio - TAPER_FROM_RATIO) / TAPER_WIDTH_RATIO
    most_a = min(offer_a - FOLLOWS_BELOW_A, charger.max_a * (1.0 - beyond_ratio))
    return round(math.floor(most_a / RESOLUTION_A + 1e-6) * RESOLUTION_A, 6)


def _ramp_s(vehicle: Vehicle, charger: Charger) -> float:
    """Return the duration of the ramp to the target current [s]."""
    change_a = vehicle.target_a - vehicle.current_a
    return change_a / (charger.ramp_up_a_s if change_a > 0.0 else -charger.ramp_down_a_s)


def _is_due(when_s: float | None, now_s: float) -> bool:
    return when_s is not None and now_s >= when_s


def _changed(vehicle: Vehicle, changed: dict[str, object]) -> Vehicle:
    """Return the same object if nothing has changed: changes are detected by identity."""
    for name, value in changed.items():
        if getattr(vehicle, name) != value:
            return replace(vehicle, **changed)
    return vehicle

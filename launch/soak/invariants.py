"""What must hold at every instant: a table of rules, each with the time that a breach may last.

Pure: judges what `seen` holds. The times are the holds and reactions of the architecture: hold of
the input, one round of the node, and what the rule itself allows. Rules about what safety or pilot
does are not asked while the node is dead or held; what holds then is the watchdog's rule. A node
that is back gets the full time again.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from launch.soak.seen import Heard, Seen
from msgs.pilot import MIN_OFFER_A, CpState, classify_high_v, offer_of_duty, shows_diode
from msgs.safety import Contactor, FaultCode, SafetyStatus

ROUND_S = 0.01  # of safety
PILOT_ROUND_S = 0.02
SLACK_S = 0.002  # rounding of the clock, and the world's own steps
REACTION_S = 0.05  # from a reading that leaves C and D to a coil without current
VEHICLE_S = 6.0  # a vehicle has so long to drop its load
DROP_OUT_S = 0.025  # coil to contacts, in the simulated world 18 ms
WATCHDOG_S = 1.0
EARTH_S = 0.1  # protective earth and temperature are believed after so long
EARTH_OHM = 500.0
HOT_C = 80.0
UNLOADED_A = 1.0
WELD_S = 2.0  # a restarted safety waits 1.5 s for the proof
PILOT_START_S = 0.5  # a restarted pilot is valid again within half of its hold

COPPER_HOLD_S = 0.05
POWER_HOLD_S = 0.5
PILOT_HOLD_S = 1.0
SAFETY_HOLD_S = 1.0
SESSION_HOLD_S = 3.0
OFFER_HOLD_S = 3.0
METER_HOLD_S = 5.0

ROUNDING_A = 1e-6
LATCHED = frozenset({FaultCode.SAFETY_CIRCUIT, FaultCode.RED})

EVENT = float("-inf")  # a breach that began with what was seen last, not with an age

Breach = Callable[[Seen, float], float | None]
"""At a time [s]: since when a rule is broken, EVENT if since the last change; None if it holds."""

Asked = Callable[[Seen], float | None]
"""Since when a rule is asked: a node that is back gets the full time again; None: not now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One rule.

    A breach may last `within_s` while the rule is asked, and must not have lasted longer than
    `closing_s` when the coil gets current.
    """

    name: str
    says: str
    within_s: float
    breach: Breach
    asked: Asked
    closing_s: float | None = None


class Broken(NamedTuple):
    """An invariant that did not hold."""

    name: str
    detail: str


class Watch:
    """Follows every invariant through time; tells each breach once."""

    def __init__(self, invariants: tuple[Invariant, ...]) -> None:
        self._rules = tuple(enumerate(invariants))
        self._since_s: list[float | None] = [None] * len(invariants)
        self._is_told = [False] * len(invariants)

    def look(self, seen: Seen, now_s: float) -> Iterator[Broken]:
        """Judge the instant that has lasted from `seen.since_s` until now; yield what is new."""
        for index, rule in self._rules:
            lasted_s = self._lasted_s(index, rule, seen, now_s)
            if lasted_s > rule.within_s + SLACK_S and not self._is_told[index]:
                self._is_told[index] = True
                yield Broken(rule.name, f"for {lasted_s:.3f} s; {rule.within_s:g} s are allowed")

    def look_at_closing(self, seen: Seen, now_s: float) -> Iterator[Broken]:
        """Judge the instant at which the coil gets current."""
        for index, rule in self._rules:
            lasted_s = self._lasted_s(index, rule, seen, now_s)
            if rule.closing_s is not None and lasted_s > rule.closing_s + SLACK_S:
                yield Broken(rule.name, f"for {lasted_s:.3f} s when the coil got current")

    def _lasted_s(self, index: int, rule: Invariant, seen: Seen, now_s: float) -> float:
        """Return how long a rule has been broken while it was asked [s]; 0 while it holds."""
        onset_s = rule.breach(seen, now_s)
        if onset_s is None:
            self._since_s[index] = None
            self._is_told[index] = False
            return 0.0
        since_s = self._since_s[index]
        if since_s is None:
            since_s = self._since_s[index] = max(onset_s, seen.since_s)
        asked_s = rule.asked(seen)
        return 0.0 if asked_s is None else now_s - max(since_s, asked_s)


def _stale_s(heard: Heard[Any], hold_s: float, now_s: float) -> float | None:
    """Return since when a message is older than its hold; None while it is not."""
    onset_s = heard.stamp_s + hold_s
    return onset_s if now_s > onset_s else None


def _of_current(seen: Seen) -> float | None:
    return seen.safety.awake_s if seen.coil else None


def _of_safety(seen: Seen) -> float | None:
    return seen.safety.awake_s


def _of_pilot(seen: Seen) -> float | None:
    return None if seen.pilot.awake_s is None else seen.pilot.awake_s + PILOT_START_S


def _of_world(seen: Seen) -> float | None:
    return EVENT


def _without_vehicle(seen: Seen, now_s: float) -> float | None:
    copper = seen.safety.copper.message
    asks = copper is not None and classify_high_v(copper.high_v) in (CpState.C, CpState.D)
    return None if asks else EVENT


def _without_diode(seen: Seen, now_s: float) -> float | None:
    copper = seen.safety.copper.message
    if copper is None or offer_of_duty(copper.duty_percent) < MIN_OFFER_A:
        return None  # only PWM shows the negative half
    return None if shows_diode(copper.low_v) else EVENT


def _without_test(seen: Seen, now_s: float) -> float | None:
    return None if seen.is_tested else EVENT


def _without_sensors(seen: Seen, now_s: float) -> float | None:
    return _stale_s(seen.safety.copper, COPPER_HOLD_S, now_s)


def _without_pilot(seen: Seen, now_s: float) -> float | None:
    return _stale_s(seen.safety.pilot, PILOT_HOLD_S, now_s)


def _without_permission(seen: Seen, now_s: float) -> float | None:
    """Session, meter and offer: what a charge needs, and what the vehicle may end gently."""
    safety = seen.safety
    onsets = [
        _stale_s(safety.session, SESSION_HOLD_S, now_s),
        _stale_s(safety.meter, METER_HOLD_S, now_s),
    ]
    session, meter = safety.session.message, safety.meter.message
    pilot, copper = safety.pilot.message, safety.copper.message
    if session is not None and not session.authorized:
        onsets.append(EVENT)
    if meter is not None and not meter.online:
        blind_s = meter.sampled_ns / 1e9 + METER_HOLD_S
        onsets.append(blind_s if now_s > blind_s else None)
    if pilot is not None and pilot.offered_a < MIN_OFFER_A:
        onsets.append(EVENT)
    if copper is not None and offer_of_duty(copper.duty_percent) < MIN_OFFER_A:
        onsets.append(EVENT)
    return min((onset_s for onset_s in onsets if onset_s is not None), default=None)


def _unloaded(seen: Seen, now_s: float) -> float | None:
    power = seen.safety.power
    if power.message is None or _stale_s(power, POWER_HOLD_S, now_s) is not None:
        return None
    if any(abs(line.current_a) >= UNLOADED_A for line in power.message.lines):
        return None
    return _without_permission(seen, now_s)


def _without_earth(seen: Seen, now_s: float) -> float | None:
    copper = seen.safety.copper.message
    return None if copper is None or 0.0 <= copper.earth_ohm <= EARTH_OHM else EVENT


def _hot(seen: Seen, now_s: float) -> float | None:
    copper = seen.safety.copper.message
    is_hot = copper is not None and max(copper.terminal_c, copper.board_c) > HOT_C
    return EVENT if is_hot else None


def _latched(seen: Seen, now_s: float) -> float | None:
    return EVENT if is_latched(seen) else None


def is_latched(seen: Seen) -> bool:
    """Return whether safety holds a fault that only mains off and on clears."""
    status = seen.safety.status
    return status is not None and not LATCHED.isdisjoint(status.faults)


def _unwatched(seen: Seen, now_s: float) -> float | None:
    onset_s = seen.edge_s + WATCHDOG_S
    return onset_s if seen.coil and now_s > onset_s else None


def _leaking(seen: Seen, now_s: float) -> float | None:
    copper = seen.safety.copper.message
    if not seen.safety.enable or copper is None:
        return None
    return EVENT if copper.residual_ac or copper.residual_dc else None


def _hanging(seen: Seen, now_s: float) -> float | None:
    return EVENT if seen.closed and not seen.coil and not seen.may_stick else None


def _mistaken(seen: Seen, now_s: float) -> float | None:
    status = seen.safety.status
    if not seen.closed or status is None:
        return None
    return EVENT if status.contactor is Contactor.OPEN else None


def _untold(seen: Seen, now_s: float) -> float | None:
    if not seen.closed or seen.coil:
        return None
    if _stale_s(seen.safety.copper, COPPER_HOLD_S, now_s) is not None:
        return None  # it cannot see
    status = seen.safety.status
    is_told = status is not None and status.contactor is Contactor.WELDED
    return None if is_told and is_latched(seen) else EVENT


def _beyond_offer(seen: Seen, now_s: float) -> float | None:
    pilot = seen.pilot
    said_a = offer_of_duty(seen.duty_percent)
    if said_a == 0.0 or pilot.awake_s is None:
        return None
    safety, session, offer = pilot.safety.message, pilot.session.message, pilot.offer.message
    limits_a = (
        (pilot.safety, SAFETY_HOLD_S, 0.0 if safety is None else _limit_of_safety_a(safety)),
        (pilot.session, SESSION_HOLD_S, math.inf if session and session.authorized else 0.0),
        (pilot.offer, OFFER_HOLD_S, 0.0 if offer is None else offer.limit_a),
    )
    onsets = []
    for heard, hold_s, limit_a in limits_a:
        if heard.message is None:  # after a start this is no silence before its hold is over
            onset_s = pilot.awake_s + hold_s
            onsets.append(onset_s if now_s > onset_s else None)
        elif said_a > limit_a + ROUNDING_A:
            onsets.append(EVENT)
        else:
            onsets.append(_stale_s(heard, hold_s, now_s))
    return min((onset_s for onset_s in onsets if onset_s is not None), default=None)


def _limit_of_safety_a(safety: SafetyStatus) -> float:
    return min(safety.limit_a, safety.installation_limit_a) if safety.permitted else 0.0


def _beyond_dip(seen: Seen, now_s: float) -> float | None:
    return EVENT if offer_of_duty(seen.duty_percent) > seen.dip_a + ROUNDING_A else None


INVARIANTS = (
    Invariant(
        name="vehicle",
        says="The coil has current only while safety's own reading of the pilot is C or D.",
        within_s=REACTION_S + ROUND_S,
        breach=_without_vehicle,
        asked=_of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="diode",
        says="The coil has current only while the negative half of the PWM shows a diode.",
        within_s=REACTION_S + ROUND_S,
        breach=_without_diode,
        asked=_of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="self_test",
        says="The coil has current only after both outputs of the residual-current monitor have "
        "answered a test and let go, since the plug went in and since safety started.",
        within_s=REACTION_S + ROUND_S,
        breach=_without_test,
        asked=_of_current,
        closing_s=REACTION_S,
    ),
    Invariant(
        name="sensors",
        says="The coil has current only while safety's own inputs are younger than 50 ms.",
        within_s=ROUND_S,
        breach=_without_sensors,
        asked=_of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="pilot_node",
        says="The coil has current only while pilot/status is younger than 1.0 s.",
        within_s=ROUND_S,
        breach=_without_pilot,
        asked=_of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="permission",
        says="The coil has current only with a session/status that authorises (3 s), a box meter "
        "that is heard (5 s), and an offer of 6 A or more by pilot and on its line; without, the "
        "vehicle has 6 s to drop its load.",
        within_s=VEHICLE_S + ROUND_S,
        breach=_without_permission,
        asked=_of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="unloaded",
        says="Without that permission the coil has no current once the vehicle draws less than "
        "1 A on every phase.",
        within_s=2 * ROUND_S,
        breach=_unloaded,
        asked=_of_current,
    ),
    Invariant(
        name="earth",
        says="The coil has current only while the protective earth is below 500 ohm.",
        within_s=EARTH_S + ROUND_S,
        breach=_without_earth,
        asked=_of_current,
        closing_s=EARTH_S,
    ),
    Invariant(
        name="heat",
        says="Above 80 degC the charge is paused: the vehicle has 6 s to drop its load.",
        within_s=EARTH_S + VEHICLE_S + ROUND_S,
        breach=_hot,
        asked=_of_current,
    ),
    Invariant(
        name="latched",
        says="With 8007 or all red the coil has no current.",
        within_s=ROUND_S,
        breach=_latched,
        asked=_of_current,
        closing_s=0.0,
    ),
    Invariant(
        name="watchdog",
        says="The coil has no current 1.0 s after safety's last watchdog edge: a safety that is "
        "dead or hangs opens the contactor.",
        within_s=0.0,
        breach=_unwatched,
        asked=_of_world,
    ),
    Invariant(
        name="residual",
        says="Safety's enable line is off while an output of the residual-current monitor is "
        "active.",
        within_s=ROUND_S,
        breach=_leaking,
        asked=_of_safety,
    ),
    Invariant(
        name="contacts",
        says="No main pole is closed without current in the coil, unless it is welded.",
        within_s=DROP_OUT_S,
        breach=_hanging,
        asked=_of_world,
    ),
    Invariant(
        name="truth",
        says="Safety never says that the contactor is open while a main pole is closed.",
        within_s=COPPER_HOLD_S + 2 * ROUND_S,
        breach=_mistaken,
        asked=_of_safety,
    ),
    Invariant(
        name="weld",
        says="A main pole that stays closed is said to be welded, with 8007 or all red.",
        within_s=WELD_S,
        breach=_untold,
        asked=_of_safety,
    ),
    Invariant(
        name="offer",
        says="The duty never says more than the lowest of load/offer (3 s), safety's limits (1 s) "
        "and session's permission (3 s), as they have reached pilot.",
        within_s=PILOT_ROUND_S,
        breach=_beyond_offer,
        asked=_of_pilot,
    ),
    Invariant(
        name="dip",
        says="The duty never says more than the DIP switches allow.",
        within_s=0.0,
        breach=_beyond_dip,
        asked=_of_world,
    ),
)
"""Every rule that is judged at every instant."""

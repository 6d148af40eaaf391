"""Charge with solar power: a claim that follows the surplus at the connection. Pure.

The surplus is what the house exports, with the draw of the box added back; the meter at the
connection counts all phases together. A part of the charging power may come from the grid, if the
owner allows it (`solar.grid_share_percent`), and `solar.minimum_a` is offered without any surplus.

The claim is 0, or 6 A and more. It follows the mean of the surplus, so that a cloud changes the
current and opens no contactor. A charge starts after the surplus has lasted, pauses after the lack
has lasted, and starts again a quarter of an hour after its last start at the earliest: 4 closings
an hour at most, whatever the clouds do.

A vehicle's power per ampere is measured while it draws; until then it counts as one that charges on
one phase, and gets 6 A. While the house meter is silent there is no surplus: after the delay the
charge pauses, or goes on at the minimum.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, amount_words
from msgs.meter import MeterReading
from msgs.pilot import MAX_OFFER_A, MIN_OFFER_A
from msgs.settings import Settings, meter_name
from msgs.topics import METER_HOUSE
from nodes.load_manager.house import LEAST_V, MOST_POSSIBLE_A, MOST_V
from nodes.load_manager.ramp import RAISE_BY_A, RESUME_AT_A, floor_offer
from nodes.load_manager.vehicle import GAP_S, USED_ABOVE_A

SOURCE = "solar"
MEAN_S = 30.0  # assumed: longer than a kettle's or an inverter's steps, shorter than a cloud
START_AFTER_S = 60.0  # assumed: a gap between two clouds is shorter
STOP_AFTER_S = 180.0  # assumed: most clouds are shorter
START_AGAIN_S = 900.0  # of the last start: 4 closings an hour
FOLLOW_S = 10.0  # assumed: twice the 5 s that a vehicle may take to follow (Table A.6)
LEARN_S = 15.0  # assumed: longer than any vehicle takes from its first phase to its last
HISTORY_S = 5.0  # assumed: no house meter takes longer to answer
ONE_PHASE_W = 230.0  # for each ampere
MOST_W = 3 * MOST_POSSIBLE_A * MOST_V
UNTIL_LEARNED = ", until it has charged for 15 s and its phases are known"
COUNTED_BY_S = 10.0  # a countdown is published in steps of this, so that it is not sent each second


class SolarLimits(Struct, frozen=True, kw_only=True):
    """The settings of this claim."""

    enabled: bool = False
    meter: str = ""  # the house meter, as `msgs.settings.meter_name`
    grid_share: float = 0.0  # of the charging power, 0 to 1
    minimum_a: float = 0.0  # offered in any case; 0: without surplus the charge pauses


def solar_limits_of(settings: Settings) -> SolarLimits:
    """Return what is set."""
    solar = settings.solar
    return SolarLimits(
        enabled=solar.enabled,
        meter=meter_name(settings.house_meter),
        grid_share=solar.grid_share_percent / 100.0,
        minimum_a=solar.minimum_a,
    )


class BoxSample(Struct, frozen=True, kw_only=True):
    """What the box drew at one instant."""

    at_s: float
    power_w: float
    most_a: float  # on its busiest phase


class SolarState(Struct, frozen=True, kw_only=True):
    """What is remembered."""

    value_a: float | None = None  # 0: paused; None: not known yet what was offered before
    box: tuple[BoxSample, ...] = ()  # oldest first
    surplus: tuple[tuple[float, float], ...] = ()  # [s], [W]: of the readings within MEAN_S
    read_s: float = -math.inf  # when the newest good reading was taken
    seen_s: float = 0.0  # when the texts were last counted
    is_lost: bool = False
    enough_since_s: float | None = None  # paused: the surplus suffices since then
    lacks_since_s: float | None = None  # charging: it does not suffice since then
    moved_s: float = -math.inf  # when the value last changed
    started_s: float = -math.inf  # the last start in this plug-in
    is_out: bool = False  # the plug
    w_per_a: float | None = None  # of this vehicle; None: it has not drawn for long enough
    draws_since_s: float | None = None

    @property
    def surplus_w(self) -> float:
        """Return the mean of the surplus [W]; 0 if it is not known."""
        return sum(each for _, each in self.surplus) / max(len(self.surplus), 1)


OFF = SolarState()


def follow(
    solar: SolarState,
    limits: SolarLimits,
    house: MeterReading | None,
    box_readings: tuple[MeterReading, ...],
    offered_a: float | None,
    is_unplugged: bool,
    moment: Moment,
) -> SolarState:
    """Return the state after a look.

    :param offered_a: by pilot before this claim began, with which it begins, so that neither a
        restart nor a setting raises the current or ends a pause [A]; None: not known yet
    """
    if not limits.enabled:
        return OFF
    if solar.value_a is None:
        if offered_a is None:
            return solar
        value_a = floor_offer(offered_a)
        now_s = moment.now_s
        started_s = now_s if value_a else -math.inf
        solar = SolarState(
            value_a=value_a, read_s=now_s, seen_s=now_s, moved_s=now_s, started_s=started_s
        )
    for box in box_readings:
        solar = _observe(solar, box)
    solar = _follow_plug(solar, is_unplugged, moment.now_s)
    is_next = (
        house is not None
        and house.meter == limits.meter
        and house.sampled_ns / 1e9 > solar.read_s
        and is_plausible(house)
        and moment.reached(house.sampled_ns / 1e9)
        and not moment.reached(house.sampled_ns / 1e9 + METER_HOUSE.hold_of(house))
    )
    if house is not None and is_next:
        return _decide(_read(solar, house, moment.now_s), limits, moment)
    if moment.reached(solar.read_s + METER_HOUSE.hold_of(house)):
        solar = replace(solar, surplus=(), is_lost=True, enough_since_s=None)
        return _decide(solar, limits, moment)
    return solar


def is_plausible(reading: MeterReading) -> bool:
    """Return whether the power of a reading can be used.

    A meter or a gateway that boots returns 0 V and 0 W, as if the house used nothing.
    """
    return (
        reading.online
        and not reading.contradictions
        and abs(reading.power_w) <= MOST_W  # false for a value that is no number
        and any(LEAST_V <= line.voltage_v <= MOST_V for line in reading.lines)
    )


def _follow_plug(solar: SolarState, is_unplugged: bool, now_s: float) -> SolarState:
    """Forget a vehicle whose plug is out; the next one starts with the least current."""
    if is_unplugged:
        return replace(
            solar,
            is_out=True,
            value_a=min(solar.value_a or 0.0, MIN_OFFER_A),
            w_per_a=None,
            draws_since_s=None,
            started_s=-math.inf,
        )
    if not solar.is_out:
        return solar
    return replace(solar, is_out=False, started_s=now_s if solar.value_a else -math.inf)


def _observe(solar: SolarState, box: MeterReading) -> SolarState:
    """Take a reading of the box: its power, and the vehicle's power per ampere."""
    at_s, power_w = box.sampled_ns / 1e9, box.power_w
    most_a = max(abs(line.current_a) for line in box.lines)
    if not box.online or not math.isfinite(power_w) or not math.isfinite(most_a):
        return solar
    if solar.box and at_s <= solar.box[-1].at_s:
        return solar
    kept = tuple(each for each in solar.box if at_s - each.at_s <= HISTORY_S)
    samples = (*kept, BoxSample(at_s=at_s, power_w=max(power_w, 0.0), most_a=most_a))
    if most_a < USED_ABOVE_A:
        return replace(solar, box=samples, draws_since_s=None)
    since_s = at_s if solar.draws_since_s is None else solar.draws_since_s
    w_per_a = solar.w_per_a
    if at_s - since_s >= LEARN_S and power_w > 0.0:
        w_per_a = power_w / most_a
    return replace(solar, box=samples, draws_since_s=since_s, w_per_a=w_per_a)


def _read(solar: SolarState, house: MeterReading, now_s: float) -> SolarState:
    """Take a reading of the house; a draw of the box that is not known counts as none."""
    at_s = house.sampled_ns / 1e9
    near = min(solar.box, key=lambda each: abs(each.at_s - at_s), default=None)
    drawn_w = 0.0 if near is None or abs(near.at_s - at_s) > GAP_S else near.power_w
    kept = tuple(each for each in solar.surplus if at_s - each[0] < MEAN_S)
    surplus = (*kept, (at_s, drawn_w - house.power_w))
    return replace(solar, surplus=surplus, read_s=at_s, seen_s=now_s, is_lost=False)


def _decide(solar: SolarState, limits: SolarLimits, moment: Moment) -> SolarState:
    """Start, pause or follow the surplus."""
    now_s, value_a = moment.now_s, solar.value_a or 0.0
    allowed_a = _allowed_a(solar, limits)
    if value_a == 0.0:
        if allowed_a < RESUME_AT_A:
            return replace(solar, enough_since_s=None)
        if solar.enough_since_s is None:
            solar = replace(solar, enough_since_s=now_s)
        if now_s < _starts_s(solar):
            return solar
        started_s = -math.inf if solar.is_out else now_s
        return replace(
            solar, value_a=MIN_OFFER_A, enough_since_s=None, started_s=started_s, moved_s=now_s
        )
    if allowed_a >= MIN_OFFER_A:
        solar = replace(solar, lacks_since_s=None)
    elif solar.lacks_since_s is None:
        solar = replace(solar, lacks_since_s=now_s)
    if solar.lacks_since_s is not None and moment.reached(solar.lacks_since_s + STOP_AFTER_S):
        return replace(solar, value_a=0.0, lacks_since_s=None)
    if now_s - solar.moved_s < FOLLOW_S and not solar.is_lost:
        return solar
    goal_a = max(floor_offer(min(allowed_a, MAX_OFFER_A)), MIN_OFFER_A)
    if solar.w_per_a is None:  # its phases are not known: the current does not rise
        goal_a = min(goal_a, value_a)
    if goal_a == value_a or (abs(goal_a - value_a) < RAISE_BY_A and goal_a != MIN_OFFER_A):
        return solar
    return replace(solar, value_a=goal_a, moved_s=now_s)


def _starts_s(solar: SolarState) -> float:
    """Return when a pause ends if the surplus lasts; infinite: it does not suffice now."""
    since_s = math.inf if solar.enough_since_s is None else solar.enough_since_s
    return max(since_s + START_AFTER_S, solar.started_s + START_AGAIN_S)


def _power_w(solar: SolarState, current_a: float, limits: SolarLimits) -> float:
    """Return the surplus that a current needs."""
    w_per_a = ONE_PHASE_W if solar.w_per_a is None else solar.w_per_a
    return current_a * w_per_a * (1.0 - limits.grid_share)


def _allowed_a(solar: SolarState, limits: SolarLimits) -> float:
    """Return the current that the surplus allows, with the grid's share."""
    needed_w = _power_w(solar, 1.0, limits)
    return math.inf if needed_w <= 0.0 else max(solar.surplus_w, 0.0) / needed_w


def claim(solar: SolarState, limits: SolarLimits) -> Limit:
    """Return the claim; None: no limit."""
    if solar.value_a is None or limits.grid_share >= 1.0:
        return Limit(source=SOURCE, limit_a=None)
    limit_a = max(solar.value_a, limits.minimum_a)
    return Limit(source=SOURCE, limit_a=limit_a, detail=_detail(solar, limits, solar.value_a))


def _detail(solar: SolarState, limits: SolarLimits, value_a: float) -> str:
    said = _surplus_words(solar, limits)
    least_w = _power_w(solar, MIN_OFFER_A, limits)
    if limits.minimum_a > value_a:
        return f"{said}: {amount_words(limits.minimum_a)} as the least that is set."
    if value_a > 0.0 and solar.lacks_since_s is None:
        is_enough = _allowed_a(solar, limits) >= value_a + RAISE_BY_A
        until = UNTIL_LEARNED if solar.w_per_a is None and is_enough else ""
        return f"{said}: {amount_words(value_a)} for the car{until}."
    if value_a > 0.0:
        return (
            f"{said}, less than the {_kilowatts(least_w)} that the car needs for "
            f"{MIN_OFFER_A:g} A: paused if that lasts {STOP_AFTER_S:g} s."
        )
    start_w = _power_w(solar, RESUME_AT_A, limits)
    wait_s = max(_starts_s(solar) - solar.seen_s, 0.0)
    said += f": paused until {_kilowatts(start_w)} have lasted {START_AFTER_S:g} s"
    if math.isfinite(wait_s):
        wait_s = math.ceil(wait_s / COUNTED_BY_S) * COUNTED_BY_S
        return f"{said}; if they last, the charge starts in {wait_s:g} s."
    again_s = solar.started_s + START_AGAIN_S - solar.seen_s
    if again_s > 0.0:
        return f"{said}, and {math.ceil(again_s / 60.0)} min at least."
    return f"{said}."


def _surplus_words(solar: SolarState, limits: SolarLimits) -> str:
    if solar.is_lost:
        return "The house meter is silent, so no solar power is known"
    if not solar.surplus:
        return "The solar power at the house has not been read yet"
    said = f"The house leaves {_kilowatts(max(solar.surplus_w, 0.0))} of solar power"
    if limits.grid_share:
        said += f", and {limits.grid_share:.0%} may come from the grid"
    return said


def _kilowatts(power_w: float) -> str:
    return f"{power_w / 1000.0:.1f} kW"

"""The limit of the difference between the phases, for a vehicle that does not use all. Pure.

A vehicle on one or two phases makes the currents of the connection differ (VDE-AR-N 4100: 4.6 kVA,
20 A). With the house meter the claim is what keeps the difference below the limit, the other loads
included; without it, the limit itself. A vehicle counts as one on a single phase until it has drawn
on all three; then the claim sets no limit.

The claim falls, pauses and rises as that of the fuse does (`ramp.py`). While the house meter is
silent it keeps what it last allowed this vehicle; if the meter is switched off, the limit itself
counts.
"""

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import Limit, amount_words
from msgs.meter import PHASES, MeterReading
from msgs.settings import METER_LINES, Grid, PhaseAssignment, Settings, meter_name
from msgs.topics import METER_HOUSE
from nodes.load_manager.house import active_a
from nodes.load_manager.meter_pace import MeterPace, note
from nodes.load_manager.ramp import RESUME_AT_A, Ramp, begin, cap, is_unread, pause
from nodes.load_manager.ramp import follow as follow_ramp
from nodes.load_manager.solar import is_plausible
from nodes.load_manager.vehicle import (
    GAP_S,
    HISTORY_S,
    LAG_S,
    Currents,
    VehicleDraw,
    drawn_at,
    observe,
)

SOURCE = "unbalance"


class UnbalanceLimits(Struct, frozen=True, kw_only=True):
    """The settings of this claim."""

    enabled: bool = False
    limit_a: float = 0.0  # of the difference between two phases
    meter: str = ""  # the house meter, as `msgs.settings.meter_name`; "": none
    phases: PhaseAssignment = PhaseAssignment.L1_L2_L3
    grid: Grid = Grid.TN_TT


def unbalance_limits_of(settings: Settings) -> UnbalanceLimits:
    """Return what is set."""
    return UnbalanceLimits(
        enabled=settings.unbalance.enabled,
        limit_a=settings.unbalance.limit_a,
        meter=meter_name(settings.house_meter),
        phases=settings.phase_assignment,
        grid=settings.installation.grid,
    )


class Difference(Struct, frozen=True, kw_only=True):
    """What one reading leaves for the vehicle."""

    left_a: float
    most_left_a: float  # if the meter lags behind the vehicle
    others_a: float  # by how much the other loads on the vehicle's phase are above the lowest phase
    phase: str  # of the vehicle, at the meter
    is_certain: bool


class UnbalanceState(Struct, frozen=True, kw_only=True):
    """What is remembered."""

    vehicle: VehicleDraw = VehicleDraw()
    meter: str = ""  # whose readings `pace` has
    pace: MeterPace = MeterPace()
    ramp: Ramp | None = None  # None: no reading of the house since the plug went in
    read_ns: int = 0  # when the newest good reading was taken
    difference: Difference | None = None  # of that reading
    is_three_phase: bool = False
    is_lost: bool = False


OFF = UnbalanceState()


def follow(
    state: UnbalanceState,
    limits: UnbalanceLimits,
    house: MeterReading | None,
    box_readings: tuple[MeterReading, ...],
    offered_a: float | None,
    is_paused: bool,
    is_idle: bool,
    is_unplugged: bool,
    moment: Moment,
) -> UnbalanceState:
    """Return the state after a look.

    :param offered_a: by pilot before this claim began [A]; None: not known yet
    :param is_paused: the vehicle is offered nothing after it has charged
    :param is_idle: a pause opens nothing
    """
    if not limits.enabled:
        return OFF
    vehicle = observe(state.vehicle, box_readings, is_unplugged)
    state = replace(state, vehicle=vehicle, is_three_phase=all(vehicle.used))
    if state.meter != limits.meter:
        state = replace(state, meter=limits.meter, pace=MeterPace())
    if is_unplugged or state.is_three_phase or not limits.meter:
        return replace(state, ramp=None, difference=None)
    if offered_a is None:
        return state
    is_next = (
        house is not None
        and house.meter == limits.meter
        and (house.sampled_ns > state.read_ns or _is_uncertain(state, house))
        and is_plausible(house)
        and not moment.reached(house.sampled_ns / 1e9 + METER_HOUSE.hold_of(house))
    )
    if house is not None and is_next:
        if state.difference is None and not _is_measured(vehicle, house):
            ramp = state.ramp or begin(limits.limit_a, offered_a, is_paused=is_paused)
            return replace(state, ramp=ramp)
        return _read(state, limits, house, offered_a, is_paused, is_idle, moment)
    if state.ramp is None:
        return state
    if is_unread(state.ramp, moment):
        state = replace(state, ramp=pause(state.ramp, moment.now_s))
    is_lost = moment.reached(state.read_ns / 1e9 + METER_HOUSE.hold_of(house))
    return replace(state, is_lost=is_lost)


def _is_measured(vehicle: VehicleDraw, house: MeterReading) -> bool:
    """Return whether the draw of the box at a reading can be known.

    The first reading waits for that, so that no start takes the vehicle for another load; no more
    than before is offered meanwhile.
    """
    return any(each.at_s <= house.sampled_ns / 1e9 + GAP_S for each in vehicle.samples)


def _is_uncertain(state: UnbalanceState, house: MeterReading) -> bool:
    """Return whether this reading waits for the draw of the box at its instant."""
    found = state.difference
    return found is not None and not found.is_certain and house.sampled_ns == state.read_ns


def _read(
    state: UnbalanceState,
    limits: UnbalanceLimits,
    house: MeterReading,
    offered_a: float,
    is_paused: bool,
    is_idle: bool,
    moment: Moment,
) -> UnbalanceState:
    """Take a reading of the house."""
    read_s = house.sampled_ns / 1e9
    if house.sampled_ns != state.read_ns:
        state = _note(state, house)
    drawn = drawn_at(state.vehicle, read_s, moment, LAG_S + state.pace.age_s(read_s))
    found = difference_of(house, limits, state.vehicle, drawn.current_a)
    lagged = difference_of(house, limits, state.vehicle, drawn.most_a)
    found = replace(found, most_left_a=lagged.left_a, is_certain=drawn.is_certain)
    if state.ramp is None:
        ramp = begin(min(found.left_a, limits.limit_a), offered_a, is_paused=is_paused)
    else:
        ramp = follow_ramp(
            state.ramp,
            min(found.left_a, limits.limit_a),
            min(found.most_left_a, limits.limit_a),
            is_certain=found.is_certain,
            now_s=moment.now_s,
            read_s=read_s,
            is_charging=not is_idle,
            is_fresh=state.pace.is_fresh,
        )
    return replace(state, ramp=ramp, difference=found, read_ns=house.sampled_ns, is_lost=False)


def _note(state: UnbalanceState, house: MeterReading) -> UnbalanceState:
    """Note when a new reading has come."""
    pace = note(state.pace, house)
    history_s = HISTORY_S + (pace.period_s if pace.is_slow else 0.0)
    return replace(state, pace=pace, vehicle=replace(state.vehicle, history_s=history_s))


def difference_of(
    house: MeterReading, limits: UnbalanceLimits, vehicle: VehicleDraw, drawn_a: Currents
) -> Difference:
    """Return what a reading leaves, on the phases that the vehicle uses, or on the box's L1."""
    others_a = [active_a(line, limits.grid) for line in house.lines]
    pairs = dict(enumerate(METER_LINES[limits.phases]))
    for box, meter in pairs.items():
        others_a[meter] -= drawn_a[box]
    used = [pairs[box] for box in pairs if vehicle.used[box]] or [pairs[0]]
    free = [meter for meter in range(3) if meter not in used]
    highest = max(used, key=lambda meter: others_a[meter])
    above_a = others_a[highest] - min((others_a[meter] for meter in free), default=0.0)
    return Difference(
        left_a=limits.limit_a - above_a,
        most_left_a=limits.limit_a - above_a,
        others_a=above_a,
        phase=PHASES[highest],
        is_certain=True,
    )


def claim(state: UnbalanceState, limits: UnbalanceLimits) -> Limit:
    """Return the claim; None: no limit."""
    if state.is_three_phase:
        return Limit(source=SOURCE, limit_a=None, detail="The car charges on all phases.")
    said = f"The phases may differ by {limits.limit_a:g} A"
    if state.ramp is None:
        detail = f"{said}, and the car counts as one that charges on one phase."
        return Limit(source=SOURCE, limit_a=limits.limit_a, detail=detail)
    limit_a = cap(state.ramp, limits.limit_a).value_a
    if state.is_lost:
        detail = f"{said}; the house meter is silent: no more than was last allowed this car."
        return Limit(source=SOURCE, limit_a=limit_a, detail=detail)
    if state.difference is None:
        detail = f"{said}: no more than before until the house meter is read again."
        return Limit(source=SOURCE, limit_a=limit_a, detail=detail)
    above_a = state.difference.others_a
    where = "above" if above_a >= 0.0 else "below"
    until = "the difference has fallen"
    if state.difference.left_a >= RESUME_AT_A:
        until = f"that has lasted {state.ramp.resume_after_s:g} s"
    detail = (
        f"{said}, and the other loads on {state.difference.phase} are {amount_words(abs(above_a))} "
        f"{where} those of another phase: "
        f"{amount_words(limit_a) if limit_a else f'paused until {until}'}."
    )
    return Limit(source=SOURCE, limit_a=limit_a, detail=detail)

"""One step of monitoring: from the readings of the two meters to what the fuse allows. Pure."""

import math

from msgspec.structs import replace

from bus.moment import Moment
from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from nodes.load_manager.claims import UNKNOWN_FUSE_A
from nodes.load_manager.clamps import Clamps, Pair, make_steps, take, unproven
from nodes.load_manager.house import (
    UNMEASURED_A,
    Allowance,
    active_a,
    assigned,
    carried_a,
    headroom_of,
    of_fuse,
    watch,
)
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.meter_pace import note
from nodes.load_manager.ramp import (
    PAUSE_AT_FUSES,
    begin,
    cap,
    follow,
    is_unread,
    pause,
    reset_pauses,
)
from nodes.load_manager.state import State
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.thermal_budget import ThermalBudget, carry
from nodes.load_manager.vehicle import GAP_S, HISTORY_S, LAG_S, drawn_at, observe

STATUS_S = 1.5  # a period of session/status and a half


def monitor(
    state: State,
    limits: SupplyLimits,
    inputs: Inputs,
    moment: Moment,
    *,
    margin_a: float,
    is_unplugged: bool,
) -> State:
    """Follow the house: down at once, up when headroom has lasted, not up while it is lost."""
    state = _watch(state, limits, inputs, moment, is_unplugged)
    reading = state.house.reading
    if (
        reading is not None
        and limits.main_fuse_a is not None
        and _is_comparable(state, inputs, moment)
    ):
        is_next = reading.sampled_ns != state.headroom_ns
        if is_next or state.headroom is None or not state.headroom.is_certain:
            state = _read(state, limits, limits.main_fuse_a, margin_a, inputs, moment, reading)
    if is_unplugged:
        state = replace(state, clamps=Clamps())
    elif reading is not None:
        is_needed = state.house.meter is HouseMeter.ONLINE and state.others_a > UNMEASURED_A
        missing = unproven(state.clamps, assigned(limits.lines(state.wired))) if is_needed else []
        state = replace(state, clamps=make_steps(state.clamps, missing, moment))
    return _limit_ramp(state, limits, inputs, moment, is_unplugged)


def _watch(
    state: State, limits: SupplyLimits, inputs: Inputs, moment: Moment, is_unplugged: bool
) -> State:
    """Take the newest readings of the box and of the house."""
    vehicle = observe(state.vehicle, inputs.box_readings, is_unplugged)
    newest = inputs.house
    if newest is not None and newest.meter != limits.meter:
        newest = None  # of the previous meter
    lines = limits.lines(state.wired)
    house = watch(state.house, newest, vehicle, lines, limits.main_fuse_a, moment)
    ramp = state.ramp
    if is_unplugged and ramp is not None:
        ramp = reset_pauses(ramp)
    return replace(state, vehicle=vehicle, house=house, ramp=ramp)


def _is_comparable(state: State, inputs: Inputs, moment: Moment) -> bool:
    """Return whether a reading of the house can be used.

    After a start it waits for one of the box to compare it with, and for the status that shows
    whether a charge is paused.
    """
    is_measured = bool(state.vehicle.samples) or moment.reached(state.begun_s + GAP_S)
    is_status_known = None not in (inputs.cp_state, inputs.session, state.start_a)
    return is_measured and (
        is_status_known or state.ramp is not None or moment.reached(state.begun_s + STATUS_S)
    )


def _limit_ramp(
    state: State, limits: SupplyLimits, inputs: Inputs, moment: Moment, is_unplugged: bool
) -> State:
    """Lower the claim of the fuse where readings are missing, or do not count."""
    ramp = state.ramp
    if state.house.is_unusable and ramp is not None:
        ramp = cap(ramp, UNMEASURED_A)
    if ramp is not None and is_unread(ramp, moment):
        ramp = pause(ramp, inputs.now_s)
    if state.house.meter is HouseMeter.LOST:
        # MET-3: the last known claim of the fuse holds for the vehicle that is plugged in.
        if ramp is None or is_unplugged:
            ramp = begin(UNMEASURED_A, inputs.offered_a, is_paused=inputs.is_paused)
        ramp = cap(ramp, UNMEASURED_A)
    if limits.main_fuse_a is None and ramp is not None:
        ramp = cap(ramp, UNKNOWN_FUSE_A)
    return replace(state, ramp=ramp)


def _read(
    state: State,
    limits: SupplyLimits,
    main_fuse_a: float,
    margin_a: float,
    inputs: Inputs,
    moment: Moment,
    reading: MeterReading,
) -> State:
    # After a change of the settings the last reading is evaluated again. Its samples may be gone,
    # so the draw is kept; and the ramp does not rise by it.
    read_s = reading.sampled_ns / 1e9
    is_next = reading.sampled_ns != state.headroom_ns
    if is_next:
        state = _take(state, limits, main_fuse_a, margin_a, reading)
    lines, pace = limits.lines(state.wired), state.pace
    drawn = state.drawn
    if is_next or drawn is None or not drawn.is_certain:
        drawn = drawn_at(state.vehicle, read_s, moment, LAG_S + pace.age_s(read_s))
    allowance = _allowance(state.budget, main_fuse_a, limits.fuse_budget_percent, pace.period_s)
    headroom = headroom_of(reading, drawn, state.vehicle, lines, allowance, margin_a)
    if drawn.is_certain and not headroom.is_contradictory:
        one, two, three = (active_a(line, limits.grid) for line in reading.lines)
        pair = Pair(
            at_s=read_s,
            drawn_a=drawn.current_a,
            shown_a=(one, two, three),
            power_w=reading.power_w,
            period_s=pace.period_s,
        )
        state = replace(state, clamps=take(state.clamps, pair, assigned(lines)))
    if state.ramp is None:
        ramp = begin(headroom.left_a, inputs.offered_a, is_paused=inputs.is_paused)
    else:
        most_left_a = headroom.most_left_a
        if pace.is_fresh:
            # A lack of headroom that two fresh readings in a row show is not the meter's delay.
            most_left_a = min(most_left_a, max(headroom.left_a, state.fresh_headroom_a))
        ramp = follow(
            state.ramp,
            headroom.left_a,
            most_left_a,
            is_certain=headroom.is_certain,
            now_s=inputs.now_s,
            read_s=read_s,
            is_at_once=headroom.most_a > PAUSE_AT_FUSES * main_fuse_a,
            is_charging=not inputs.is_idle,
            is_fresh=pace.is_fresh,
            carried_a=headroom.held_left_a,
        )
        is_repeated = state.headroom is None and not is_next
        if is_repeated or state.house.meter is not HouseMeter.ONLINE or headroom.is_contradictory:
            ramp = cap(ramp, state.ramp.value_a)
    return replace(state, headroom=headroom, headroom_ns=reading.sampled_ns, drawn=drawn, ramp=ramp)


def _take(
    state: State,
    limits: SupplyLimits,
    main_fuse_a: float,
    margin_a: float,
    reading: MeterReading,
) -> State:
    """Note when a new reading has come, and what the fuse has carried until then."""
    fresh_headroom_a = state.fresh_headroom_a
    if state.headroom is not None and state.pace.is_fresh:
        fresh_headroom_a = state.headroom.left_a
    pace = note(state.pace, reading)
    vehicle = state.vehicle
    history_s = HISTORY_S + (pace.period_s if pace.is_slow else 0.0)
    if vehicle.history_s != history_s:
        vehicle = replace(vehicle, history_s=history_s)
    budget: ThermalBudget | None = None
    if limits.fuse_budget_percent > 0.0:
        budget = state.budget
        if budget is None or budget.fuse_a != main_fuse_a:
            budget = ThermalBudget(fuse_a=main_fuse_a)
        one_a, two_a, three_a = carried_a(reading, limits.grid)
        carried = (one_a + margin_a, two_a + margin_a, three_a + margin_a)
        budget = carry(budget, reading.sampled_ns / 1e9, carried)
    return replace(
        state, pace=pace, vehicle=vehicle, budget=budget, fresh_headroom_a=fresh_headroom_a
    )


def _allowance(
    budget: ThermalBudget | None, fuse_a: float, over_percent: float, period_s: float
) -> Allowance:
    """Return what the phases may carry; a budget that has just been configured counts later."""
    if budget is None or over_percent == 0.0 or budget.fuse_a != fuse_a:
        return of_fuse(fuse_a)
    one_a, two_a, three_a = (budget.planned_a(phase) for phase in range(3))
    held = (budget.held_a(phase, over_percent, period_s) for phase in range(3))
    held_1_a, held_2_a, held_3_a = held
    return Allowance(
        fuse_a=fuse_a,
        planned_a=(one_a, two_a, three_a),
        held_a=(held_1_a, held_2_a, held_3_a),
    )


def without_headroom(state: State) -> State:
    """Return the state with the last reading to be evaluated again."""
    return replace(state, headroom=None, fresh_headroom_a=math.inf)

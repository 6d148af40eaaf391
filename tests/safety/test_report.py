"""What follows from a step: the watchdog, the status, when to step again, leave to stop."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind
from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode, SafetyPhase, SafetyStatus
from nodes.safety import words
from nodes.safety.config import Config
from nodes.safety.contactor import ContactorProof
from nodes.safety.cycle import Lateness
from nodes.safety.evaluation import NOTHING_EVALUATED, Evaluation, Stale
from nodes.safety.faults import CLEAN, FaultState
from nodes.safety.finding import Finding, Record
from nodes.safety.frozen import Repetition
from nodes.safety.heat import COLD
from nodes.safety.latch import Latch, LatchWrite, Memory, latches_of
from nodes.safety.mains_reset import MainsReset
from nodes.safety.pace import Pace
from nodes.safety.plug import PlugState
from nodes.safety.reasons import Reason, Reasons
from nodes.safety.report import report
from nodes.safety.selftest import SelfTest, SelfTesting
from nodes.safety.stale import StaleInputs
from nodes.safety.state import Inputs, Outputs, State
from nodes.safety.switches import Switches
from nodes.safety.wiring import NONE, Wired, Wiring
from nodes.safety.words import REASONS
from tests.safety.evaluations import PLUGGED

P = SafetyPhase
NOW_S = 1024.0
# Times that a float holds exactly: each deadline is tried in its very moment.
CONFIG = Config(first_status_s=0.5)
PROVEN = Memory(store=WriteBehind(stored=LatchWrite(latches=())))
NOTHING = Reasons(None, None, None)
WITHHELD = Reasons(Reason.NO_VEHICLE, None, None)

FACTS = replace(
    PLUGGED, offered_a=15.94, temperature_c=30.06, is_proven_open=False, has_voltage=True
)
PROVEN_OPEN = replace(FACTS, is_proven_open=True)
INPUTS = Inputs(
    now_s=NOW_S,
    utc_ns=0,
    since_s=0.01,
    reading=None,
    pilot=None,
    session=None,
    is_metering=False,
    stop=None,
)
OUT = replace(PROVEN_OPEN, cp=CpState.A)
COMMISSIONING = replace(NOTHING_EVALUATED, switches=Switches(is_commissioning=True))
READY = State(
    phase=P.READY,
    proof=ContactorProof(contactor=Contactor.OPEN),
    testing=SelfTesting(is_passed=True),
    publishes_from_s=NOW_S,
    has_published=True,
)


CLOSED = replace(READY, phase=P.CLOSED)
TESTING = replace(
    READY,
    phase=P.SELF_TEST,
    testing=SelfTesting(test=SelfTest(begun_s=NOW_S, is_pulsed=True), is_passed=True),
)


def held(code: FaultCode) -> FaultState:
    finding = Finding(code=code, cause=Cause.EARTH)
    return replace(CLEAN, records=(Record(finding=finding, since_utc_ns=7, count=1),))


def reported(
    state: State = READY,
    evaluation: Evaluation | None = FACTS,
    reasons: Reasons = NOTHING,
    *,
    config: Config = CONFIG,
    before: State | None = None,
    lateness: Lateness = Lateness.IN_TIME,
    **inputs: Any,
) -> tuple[State, Outputs]:
    """Report a step; `before` is the state before it, another one if none is given."""
    given = replace(INPUTS, **inputs)
    before = replace(state, until_s=-1.0) if before is None else before
    moment = Moment(given.now_s)
    return report(config, before, state, evaluation, given, moment, reasons, lateness)


def said(
    state: State = READY,
    evaluation: Evaluation | None = FACTS,
    reasons: Reasons = NOTHING,
    **inputs: Any,
) -> SafetyStatus:
    status = reported(state, evaluation, reasons, **inputs)[1].status
    assert status is not None
    return status


# --- the watchdog -----------------------------------------------------------------------------


@pytest.mark.parametrize("phase", list(P))
def test_no_look_feeds_the_watchdog_that_has_a_contactor_still_to_prove(phase: SafetyPhase) -> None:
    state = replace(READY, phase=phase)
    assert reported(state)[1].feeds_watchdog is (phase not in (P.START, P.OPENING))


@pytest.mark.parametrize(
    ("evaluation", "faults", "feeds"),
    [
        (FACTS, CLEAN, True),
        (FACTS, held(FaultCode.PLUG_STATE), True),  # one that goes by itself
        (FACTS, held(FaultCode.RED), False),
        (FACTS, held(FaultCode.SAFETY_CIRCUIT), False),
        (None, CLEAN, False),  # inputs stale
    ],
)
def test_a_look_that_found_something_wrong_does_not_feed_the_watchdog(
    evaluation: Evaluation | None, faults: FaultState, feeds: bool
) -> None:
    assert reported(replace(READY, faults=faults), evaluation)[1].feeds_watchdog is feeds


# --- when to look, and when to step ----------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "evaluation", "is_at_rest", "period_s"),
    [
        (P.IDLE, OUT, True, 0.025),
        (P.IDLE, OUT, False, 0.01),  # something moves
        (P.IDLE, PROVEN_OPEN, True, 0.01),  # a vehicle is there
        (P.IDLE, None, True, 0.01),
        (P.FAULT, OUT, True, 0.01),
        (P.START, OUT, True, 0.01),
    ],
)
def test_looks_are_far_apart_while_nothing_moves_and_no_vehicle_is_there(
    phase: SafetyPhase, evaluation: Evaluation | None, is_at_rest: bool, period_s: float
) -> None:
    state = replace(READY, phase=phase)
    assert reported(state, evaluation, before=state if is_at_rest else None)[1].period_s == period_s


def test_a_state_that_has_moved_asks_for_a_step_at_the_next_look() -> None:
    assert reported()[1].due_s == NOW_S


def test_a_state_at_rest_asks_for_a_step_at_its_next_deadline() -> None:
    assert reported(before=READY)[1].due_s == math.inf
    resting = replace(READY, next_closing_s=NOW_S + 2.0)
    assert reported(resting, before=resting)[1].due_s == NOW_S + 2.0


def test_what_the_meter_chip_shows_is_alone_in_asking_for_no_step() -> None:
    shown = replace(NOTHING_EVALUATED, repetition=Repetition(is_heard=True, since_s=NOW_S))
    state = replace(READY, phase=P.IDLE, evaluation_state=shown)
    before = replace(state, evaluation_state=NOTHING_EVALUATED)
    outputs = reported(state, OUT, before=before)[1]
    assert (outputs.due_s, outputs.period_s) == (math.inf, 0.025)
    for moved in (
        replace(before, until_s=1.0),
        replace(before, evaluation_state=replace(NOTHING_EVALUATED, diode=1)),
    ):
        outputs = reported(state, OUT, before=moved)[1]
        assert (outputs.due_s, outputs.period_s) == (NOW_S, 0.01)


# --- lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", list(P))
def test_the_coil_is_on_from_closing_until_the_vehicle_has_stopped(phase: SafetyPhase) -> None:
    is_on = phase in (P.CLOSING, P.CLOSED, P.STOPPING)
    assert reported(replace(READY, phase=phase))[1].enable is is_on


@pytest.mark.parametrize(
    ("test", "is_on"),
    [
        (None, False),
        (SelfTest(begun_s=NOW_S), False),
        (SelfTest(begun_s=NOW_S, is_on=True), True),
    ],
)
def test_the_test_line_is_on_while_the_self_test_sets_it(
    test: SelfTest | None, is_on: bool
) -> None:
    assert reported(replace(READY, testing=SelfTesting(test=test)))[1].residual_test is is_on


@pytest.mark.parametrize("is_seen", [False, True])
def test_a_reset_that_was_seen_is_taken_back(is_seen: bool) -> None:
    assert reported(replace(READY, reset=MainsReset(is_seen=is_seen)))[1].clear_reset is is_seen


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("is_seen", [False, True])
def test_8007_is_written_with_whether_the_flag_was_up(is_seen: bool) -> None:
    memory = Memory(is_recalled=True)
    reset = MainsReset(is_seen=is_seen)
    state = replace(READY, faults=held(FaultCode.SAFETY_CIRCUIT), memory=memory, reset=reset)
    write = reported(state)[1].write
    assert write is not None
    assert [latch.is_flag_up for latch in write.latches] == [is_seen]


def test_8007_is_written_once_and_not_before_a_failed_write_may_be_tried_again() -> None:
    latch = Latch(since_utc_ns=7, finding=held(FaultCode.SAFETY_CIRCUIT).records[0].finding)
    memory = Memory(is_recalled=True, store=WriteBehind(retry_s=NOW_S))
    state = replace(READY, faults=held(FaultCode.SAFETY_CIRCUIT), memory=memory)
    assert reported(state, now_s=NOW_S - 0.1)[1].write is None
    state, outputs = reported(state)
    assert outputs.write == LatchWrite(latches=(latch,))
    assert state.memory.store == WriteBehind(retry_s=NOW_S, writing=LatchWrite(latches=(latch,)))
    assert reported(state)[1].write is None


# --- words ------------------------------------------------------------------------------------


def test_nothing_is_published_before_a_first_proof_for_half_a_hold() -> None:
    start = State()
    for after_s in (0.0, 0.25, 0.499):
        start, outputs = reported(start, before=start, now_s=NOW_S + after_s)
        assert outputs.status is None
    assert outputs.due_s == NOW_S + 0.5
    start, outputs = reported(start, now_s=NOW_S + 0.5)
    assert outputs.status is not None


def test_a_first_proof_is_published_at_once_and_so_is_what_follows() -> None:
    state, outputs = reported(State())
    assert outputs.status is None
    state, outputs = reported(replace(state, phase=P.IDLE))
    assert outputs.status is not None
    _, outputs = reported(replace(state, phase=P.START))
    assert outputs.status is not None


@pytest.mark.parametrize(
    ("state", "lateness", "line"),
    [
        (READY, Lateness.IN_TIME, None),
        (CLOSED, Lateness.LATE, None),  # its reading decides
        (TESTING, Lateness.TOO_LATE, "own cycle late: 0.14 s"),
        (READY, Lateness.TOO_LATE, None),  # nothing is lost by it
        (READY, Lateness.STALLED, "own cycle late: 0.14 s"),
    ],
)
def test_a_late_look_that_costs_something_is_logged(
    state: State, lateness: Lateness, line: str | None
) -> None:
    logged = reported(state, before=state, lateness=lateness, since_s=0.14)[1].line
    assert (None if logged is None else logged[1][: len("own cycle late: 0.14 s")]) == line


@pytest.mark.parametrize(
    ("is_tested", "evaluation", "reasons", "permitted"),
    [
        (True, FACTS, NOTHING, True),
        (True, FACTS, Reasons(None, Reason.NO_OFFER, Reason.NOT_ASKED), True),
        (True, FACTS, WITHHELD, False),
        (True, None, NOTHING, False),
        (False, FACTS, NOTHING, False),
    ],
)
def test_current_is_permitted_after_the_self_test_with_fresh_inputs_and_no_reason_against_it(
    is_tested: bool, evaluation: Evaluation | None, reasons: Reasons, permitted: bool
) -> None:
    assert (
        said(
            replace(READY, testing=SelfTesting(is_passed=is_tested)), evaluation, reasons
        ).permitted
        is permitted
    )


def test_values_are_published_to_a_tenth_and_the_temperature_stays_while_inputs_are_stale() -> None:
    assert (said().temperature_c, said().offered_a) == (30.1, 15.9)
    status = said(replace(READY, temperature_c=29.9), None)
    assert (status.temperature_c, status.offered_a) == (29.9, 0.0)


@pytest.mark.parametrize(
    ("evaluation", "cp_state"),
    [
        (FACTS, CpState.C),
        (replace(FACTS, cp=None), None),  # not known yet
        (replace(FACTS, cp=None, is_undefined=True), CpState.E),
        (None, None),
    ],
)
def test_a_line_that_no_window_fits_is_published_as_e(
    evaluation: Evaluation | None, cp_state: CpState | None
) -> None:
    assert said(READY, evaluation).cp_state is cp_state


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize(
    ("paced_c", "is_hot", "limit_a"), [(70.0, False, 16.0), (75.0, False, 11.0), (75.0, True, 0.0)]
)
def test_the_limit_is_what_the_heat_leaves_of_the_installations(
    paced_c: float, is_hot: bool, limit_a: float
) -> None:
    heat = replace(COLD, pace=Pace(celsius=paced_c), is_hot=is_hot)
    judged = replace(NOTHING_EVALUATED, derating=heat, switches=Switches(installation_limit_a=16.0))
    status = said(replace(READY, evaluation_state=judged))
    assert (status.installation_limit_a, status.limit_a) == (16.0, limit_a)


def test_all_that_is_remembered_is_published() -> None:
    faults = replace(held(FaultCode.PLUG_STATE), retries=2, retry_at_s=NOW_S + 10.0)
    state = replace(
        READY,
        phase=P.FAULT,
        faults=faults,
        evaluation_state=COMMISSIONING,
        plug=PlugState(since_utc_ns=7),
    )
    status = said(state, FACTS, WITHHELD)
    assert (status.phase, status.contactor) == (P.FAULT, Contactor.OPEN)
    assert status.faults == (FaultCode.PLUG_STATE,)
    assert status.records == tuple(words.as_fault(record) for record in faults.records)
    assert (status.retries, status.retry_in_s) == (2, 10.0)
    assert status.commissioning
    assert status.detail == REASONS[Reason.NO_VEHICLE]
    assert status.plugged_since_utc_ns == 7
    assert not status.showroom


def test_the_phases_that_are_wired_are_published() -> None:
    wiring = Wiring(seen=(True, False, False), kept=(False, False, True), is_known=True)
    state = replace(READY, evaluation_state=replace(NOTHING_EVALUATED, wiring=wiring))
    assert said(state).wired_phases == (True, False, True)


def test_the_reason_is_published_with_the_phase_the_fault_and_what_the_disk_says() -> None:
    stopping = said(replace(READY, phase=P.STOPPING), FACTS, Reasons(None, None, Reason.NO_OFFER))
    assert stopping.detail == words.not_closed(P.STOPPING, Reason.NO_OFFER, (), None)
    assert stopping.detail.startswith("waits until the vehicle draws no current")
    faults = held(FaultCode.RED)
    reasons = Reasons(Reason.FAULT, None, None)
    status = said(replace(READY, phase=P.FAULT, faults=faults), FACTS, reasons)
    assert status.detail == words.fault(faults.records[0].finding)
    memory = Memory(is_recalled=True, store=WriteBehind(problem="disk full"))
    status = said(State(has_published=True, memory=memory))
    assert status.detail == "safety's data cannot be stored: disk full"


def test_showroom_mode_is_published() -> None:
    config = replace(CONFIG, showroom=True)
    assert said(config=config).showroom


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize("stale", [None, *Stale])
def test_only_without_mains_has_mains_is_false(stale: Stale | None) -> None:
    state = replace(READY, phase=P.START, stale=StaleInputs(reason=stale), memory=PROVEN)
    status = said(state, None if stale else FACTS)
    assert status.has_mains is (stale is not Stale.NO_MAINS)
    assert status.detail == REASONS[stale or Reason.NOT_PROVEN]


@pytest.mark.parametrize(
    ("left_s", "is_between_closings"), [(0.1, True), (0.0, False), (-0.1, False)]
)
def test_the_wait_between_two_closings_is_published_until_it_is_over(
    left_s: float, is_between_closings: bool
) -> None:
    detail = said(replace(READY, next_closing_s=NOW_S + left_s)).detail
    assert (detail == REASONS[Reason.BETWEEN_CLOSINGS]) is is_between_closings


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize(
    ("after_s", "evaluation", "retry_in_s"),
    [
        (None, FACTS, None),
        (10.0, FACTS, 10.0),
        (9.5, FACTS, 10.0),  # whole seconds
        (10.0, None, 10.0),  # what it waits for may be over by then
        (0.0, FACTS, 0.0),
        (-10.0, FACTS, 0.0),
        (0.0, None, None),  # no time is known: it waits for fresh inputs
        (-10.0, replace(FACTS, is_plugged=False), None),  # ... for a possible plug
    ],
)
def test_the_time_to_the_next_retry_is_published_while_only_time_is_missing(
    after_s: float | None, evaluation: Evaluation | None, retry_in_s: float | None
) -> None:
    retry_at_s = None if after_s is None else NOW_S + after_s
    faults = replace(held(FaultCode.PLUG_STATE), retry_at_s=retry_at_s)
    assert said(replace(READY, faults=faults), evaluation).retry_in_s == retry_in_s


@pytest.mark.parametrize("left_s", [0.25, 9.5, 10.0, 1799.875])
def test_the_time_until_a_start_falls_with_each_second_and_needs_a_step_for_each(
    left_s: float,
) -> None:
    now_s, seen = NOW_S, []
    state = replace(READY, reset=MainsReset(waits_until_s=NOW_S + left_s))
    while now_s < state.reset.waits_until_s:
        outputs = reported(state, before=state, now_s=now_s)[1]
        assert outputs.status is not None
        seen.append(outputs.status.starts_in_s)
        assert outputs.due_s > now_s
        now_s = outputs.due_s
    assert seen == [float(left) for left in range(math.ceil(left_s), 0, -1)]
    outputs = reported(state, before=state, now_s=now_s)[1]
    assert outputs.status is not None
    assert (outputs.status.starts_in_s, outputs.due_s) == (None, math.inf)


def test_the_seconds_fall_by_one_each_wherever_a_float_rounds() -> None:
    for tenths in range(1, 200):
        now_s, waits_until_s = NOW_S / 7.0, NOW_S / 7.0 + tenths / 10.0
        state = replace(READY, reset=MainsReset(waits_until_s=waits_until_s))
        seen: list[float | None] = []
        while not seen or seen[-1] is not None:
            outputs = reported(state, before=state, now_s=now_s)[1]
            assert outputs.status is not None
            seen.append(outputs.status.starts_in_s)
            now_s = outputs.due_s
        assert seen == [*(float(left) for left in range(len(seen) - 1, 0, -1)), None]
        assert len(seen) - 1 == pytest.approx(tenths / 10.0 + 0.5, abs=0.51)


# --- leave to stop ----------------------------------------------------------------------------


@pytest.mark.parametrize("evaluation", [PROVEN_OPEN, FACTS, None])
@pytest.mark.parametrize("phase", list(P))
def test_a_node_that_is_not_asked_to_stop_does_not_end(
    phase: SafetyPhase, evaluation: Evaluation | None
) -> None:
    state = replace(READY, phase=phase, stop_by_s=0.0)
    assert not reported(state, evaluation)[1].is_finished


@pytest.mark.parametrize("evaluation", [PROVEN_OPEN, FACTS, None])
@pytest.mark.parametrize("phase", [P.CLOSING, P.CLOSED, P.STOPPING])
@pytest.mark.parametrize("reason", list(StopReason))
def test_no_node_ends_with_an_energised_coil(
    reason: StopReason, phase: SafetyPhase, evaluation: Evaluation | None
) -> None:
    state = replace(READY, phase=phase, stop_by_s=0.0)
    assert not reported(state, evaluation, stop=reason)[1].is_finished


@pytest.mark.parametrize(
    ("phase", "evaluation", "reason", "left_s", "is_finished"),
    [
        # proven open: at once
        (P.READY, PROVEN_OPEN, StopReason.SIGNAL, 0.1, True),
        (P.OPENING, PROVEN_OPEN, StopReason.SHUTDOWN, 0.1, True),
        # not proven: as long as a farewell may take
        (P.READY, FACTS, StopReason.SHUTDOWN, 0.1, False),
        (P.READY, FACTS, StopReason.SHUTDOWN, 0.0, True),
        (P.START, None, StopReason.RESTART, 0.1, False),
        (P.START, None, StopReason.RESTART, 0.0, True),
        # the proof is on its way, or the fault; SIGTERM does not wait for it
        (P.OPENING, FACTS, StopReason.SHUTDOWN, 0.0, False),
        (P.OPENING, FACTS, StopReason.RESTART, -0.1, False),
        (P.OPENING, None, StopReason.RESTART, -0.1, False),
        (P.OPENING, FACTS, StopReason.SIGNAL, 0.1, False),
        (P.OPENING, FACTS, StopReason.SIGNAL, 0.0, True),
    ],
)
def test_leave_is_given_by_the_proof_or_by_the_time(
    phase: SafetyPhase,
    evaluation: Evaluation | None,
    reason: StopReason,
    left_s: float,
    is_finished: bool,
) -> None:
    state = replace(READY, phase=phase, stop_by_s=NOW_S + left_s)
    assert reported(state, evaluation, stop=reason)[1].is_finished is is_finished


@pytest.mark.parametrize(
    ("reason", "left_s", "is_finished"),
    [
        (StopReason.RESTART, 0.1, False),  # the next incarnation would take it for a trip
        (StopReason.RESTART, 0.0, True),
        (StopReason.SHUTDOWN, 0.1, True),
        (StopReason.SIGNAL, 0.1, True),
    ],
)
def test_a_restart_waits_for_a_late_answer_to_its_self_test(
    reason: StopReason, left_s: float, is_finished: bool
) -> None:
    state = replace(READY, stop_by_s=NOW_S, testing=SelfTesting(answers_until_s=NOW_S + left_s))
    assert reported(state, PROVEN_OPEN, stop=reason)[1].is_finished is is_finished


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("wired", [NONE, (True, False, False)])
@pytest.mark.parametrize(
    ("reason", "passed_s", "waits"),
    [
        (StopReason.SHUTDOWN, 0.0, True),
        (StopReason.SHUTDOWN, 1.75, True),
        (StopReason.SHUTDOWN, 2.0, False),
        (StopReason.RESTART, 1.75, True),
        (StopReason.RESTART, 2.0, False),
        (StopReason.SIGNAL, 0.0, False),
    ],
)
def test_a_stop_waits_for_two_seconds_for_what_the_disk_has_to_keep_and_sigterm_does_not(
    reason: StopReason, passed_s: float, waits: bool, wired: Wired, is_kept: bool
) -> None:
    config = replace(CONFIG, sigterm_s=0.125, keep_s=2.0)
    faults = held(FaultCode.RED)
    stored = LatchWrite(latches=latches_of(faults.records), wired=wired)
    evaluated = replace(NOTHING_EVALUATED, wiring=Wiring(seen=wired))
    state = replace(
        READY,
        phase=P.FAULT,
        faults=faults,
        evaluation_state=evaluated,
        memory=Memory(store=WriteBehind(stored=stored if is_kept else None)),
        stop_by_s=NOW_S - passed_s + config.sigterm_s,
    )
    outputs = reported(state, PROVEN_OPEN, config=config, before=state, stop=reason)[1]
    assert outputs.is_finished is (is_kept or not waits)
    if not outputs.is_finished:
        assert outputs.due_s <= NOW_S - passed_s + config.keep_s

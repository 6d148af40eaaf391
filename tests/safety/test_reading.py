"""One reading in the state of safety: late looks, stale inputs, the self-test that is kept."""

from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.config import Config
from nodes.safety.contactor import ENERGISED, ContactorProof
from nodes.safety.cycle import Cycle, Lateness
from nodes.safety.duty import DutyComparison
from nodes.safety.evaluation import NOTHING_EVALUATED, Evaluation, Stale
from nodes.safety.faults import FaultState, raise_fault
from nodes.safety.finding import Finding
from nodes.safety.heat import Derating
from nodes.safety.plug import PlugState
from nodes.safety.reading import evaluate_reading, judge_cycle, take_reading, take_stale_inputs
from nodes.safety.selftest import SelfTest, SelfTesting
from nodes.safety.stale import StaleInputs
from nodes.safety.state import Inputs, State
from tests.builders import charging_pilot, charging_session
from tests.safety.evaluations import PLUGGED
from tests.safety.test_evaluation import READING

P = SafetyPhase
NOW_S = 1_000_000.0
CONFIG, MOMENT = Config(), Moment(NOW_S)
PULSED = SelfTest(begun_s=NOW_S - 0.5, is_pulsed=True, is_on=True)
WAITING = SelfTest(begun_s=NOW_S - 0.1)
SESSION = charging_session()


def inputs(**changes: Any) -> Inputs:
    return replace(
        Inputs(
            now_s=NOW_S,
            utc_ns=7,
            since_s=0.01,
            reading=None,
            pilot=replace(charging_pilot(), duty_percent=PLUGGED.duty_percent),
            session=SESSION,
            is_metering=True,
            stop=None,
        ),
        **changes,
    )


def causes(state: State) -> list[Cause]:
    return [record.finding.cause for record in state.faults.records]


# --- a late look ---------------------------------------------------------------------------------


def judged(state: State, since_s: float) -> tuple[State, Lateness]:
    return judge_cycle(CONFIG, state, inputs(since_s=since_s), MOMENT)


@pytest.mark.parametrize("phase", list(P))
def test_a_look_in_time_changes_nothing(phase: SafetyPhase) -> None:
    state = State(phase=phase, testing=SelfTesting(test=PULSED))
    after, lateness = judged(state, 0.01)
    assert after is state
    assert lateness is Lateness.IN_TIME


@pytest.mark.parametrize("phase", ENERGISED)
def test_a_late_look_of_a_closed_contactor_is_remembered(phase: SafetyPhase) -> None:
    state = State(phase=phase)
    after, lateness = judged(state, 0.05)
    assert after == replace(state, cycle=Cycle(late_at_s=(NOW_S,)))
    assert lateness is Lateness.LATE


@pytest.mark.parametrize("phase", ENERGISED)
@pytest.mark.parametrize("since_s", [0.11, 0.6])
def test_a_look_that_is_too_late_is_a_fault_of_a_closed_contactor(
    phase: SafetyPhase, since_s: float
) -> None:
    after, lateness = judged(State(phase=phase), since_s)
    assert [record.finding for record in after.faults.records] == [
        Finding(code=FaultCode.NOT_CLOSING, cause=Cause.CYCLE_LATE, gap_s=since_s)
    ]
    assert after.faults.records[0].since_utc_ns == 7
    assert lateness is (Lateness.STALLED if since_s > 0.5 else Lateness.TOO_LATE)


def test_a_look_that_is_too_late_breaks_off_a_pulsed_self_test_and_is_a_fault_the_third_time() -> (
    None
):
    state = State(phase=P.SELF_TEST, testing=SelfTesting(test=PULSED))
    after, lateness = judged(state, 0.2)
    assert lateness is Lateness.TOO_LATE
    assert after.testing == SelfTesting(answers_until_s=PULSED.begun_s + 2.16)
    assert after.stale == StaleInputs(interrupted_at_s=(NOW_S,))
    assert causes(after) == []
    third = replace(state, stale=StaleInputs(interrupted_at_s=(NOW_S - 2.0, NOW_S - 1.0)))
    after, _ = judged(third, 0.2)
    assert causes(after) == [Cause.CYCLE_LATE]
    assert after.faults.records[0].since_utc_ns == 7


@pytest.mark.parametrize(
    ("test", "since_s"),
    [(None, 0.2), (WAITING, 0.2), (None, 0.6), (PULSED, 0.6)],  # 0.6: the reading is left out
)
def test_a_late_look_of_an_open_contactor_without_a_pulse_changes_nothing(
    test: SelfTest | None, since_s: float
) -> None:
    state = State(phase=P.SELF_TEST, testing=SelfTesting(test=test))
    after, _ = judged(state, since_s)
    assert after == state


# --- stale inputs --------------------------------------------------------------------------------


def test_with_stale_inputs_the_last_temperature_is_published_in_tenths() -> None:
    derating = Derating(celsius=41.26)
    evaluation_state = replace(NOTHING_EVALUATED, derating=derating)
    state, seen = evaluate_reading(
        CONFIG, State(evaluation_state=evaluation_state), None, inputs(), MOMENT
    )
    assert (seen, state.temperature_c) == (Stale.SILENT, 41.3)
    state, _ = evaluate_reading(CONFIG, State(temperature_c=30.0), None, inputs(), MOMENT)
    assert state.temperature_c == 30.0  # none is known


@pytest.mark.parametrize("phase", list(P))
@pytest.mark.parametrize("is_passed", [False, True])
@pytest.mark.parametrize("test", [None, WAITING, PULSED])
def test_stale_inputs_open_and_count_if_they_break_off_a_charge_or_a_self_test(
    phase: SafetyPhase, is_passed: bool, test: SelfTest | None
) -> None:
    before = State(
        phase=phase,
        testing=SelfTesting(test=test, is_passed=is_passed),
        duty=DutyComparison(differs_since_s=1.0),
        plug=PlugState(since_utc_ns=5),
    )
    after = take_stale_inputs(CONFIG, before, None, Stale.SILENT, inputs(), MOMENT)
    interrupts = phase in ENERGISED or is_passed or test is PULSED
    assert after == replace(
        before,
        phase=P.START,
        testing=SelfTesting(answers_until_s=PULSED.begun_s + 2.16 if test is PULSED else 0.0),
        duty=DutyComparison(),
        stale=StaleInputs(
            reason=Stale.SILENT, since_s=NOW_S, interrupted_at_s=(NOW_S,) if interrupts else ()
        ),
        # A plug that is pulled meanwhile was pulled in the charge.
        plug=PlugState(since_utc_ns=5, pulled_until_s=NOW_S + 0.5)
        if phase in ENERGISED
        else before.plug,
    )


@pytest.mark.parametrize(("since_s", "is_fault"), [(0.99, False), (1.0, True)])
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (Stale.SILENT, Cause.SENSORS_SILENT),
        (Stale.LATE, Cause.CYCLE_LATE),
        (Stale.UNCLEAR, Cause.MAINS_UNCLEAR),
    ],
)
def test_inputs_that_are_stale_for_a_second_are_a_fault(
    since_s: float, is_fault: bool, reason: Stale, cause: Cause
) -> None:
    before = State(stale=StaleInputs(reason=reason, since_s=NOW_S - since_s))
    after = take_stale_inputs(CONFIG, before, None, reason, inputs(since_s=0.02), MOMENT)
    assert causes(after) == ([cause] if is_fault else [])
    for record in after.faults.records:
        assert record.since_utc_ns == 7
        assert record.finding.gap_s == (0.02 if reason is Stale.LATE else None)


@pytest.mark.req("ERR-8007")
def test_a_contactor_without_its_proof_while_values_are_impossible_is_a_fault() -> None:
    before = State(phase=P.OPENING, proof=ContactorProof(is_first=False, unproven_s=0.19))
    reading = replace(READING, mirror_closed=False)
    after = take_stale_inputs(CONFIG, before, reading, Stale.NONSENSE, inputs(), MOMENT)
    assert causes(after) == [Cause.NOT_PROVEN_OPEN]
    assert after.faults.records[0].since_utc_ns == 7
    assert after.proof.is_welded


# --- a reading -----------------------------------------------------------------------------------

SEEN = replace(PLUGGED, is_proven_open=False, is_proven_closed=True, has_voltage=True)
DAY_S = 86_400.0


def taken(state: State, evaluation: Evaluation, **changes: Any) -> State:
    return take_reading(CONFIG, state, evaluation, inputs(**changes), MOMENT)


def proven(phase: SafetyPhase, passed_s_ago: float = 60.0) -> State:
    """Return a state with a passed self-test and a proven contactor."""
    return State(
        phase=phase,
        proof=ContactorProof(is_first=False),
        testing=SelfTesting(is_passed=True, passed_at_s=NOW_S - passed_s_ago),
    )


@pytest.mark.parametrize(("ac", "dc"), [(True, False), (False, True)])
def test_self_test_duty_and_plug_follow_one_reading(ac: bool, dc: bool) -> None:
    state = State(phase=P.SELF_TEST, testing=SelfTesting(test=PULSED, failed=1))
    pulled = replace(PLUGGED, cp=CpState.A, is_plugged=False, is_out=True)
    evaluation = replace(pulled, residual_ac=ac, residual_dc=dc, duty_percent=20.0)
    after = taken(state, evaluation)
    assert after.testing.test == replace(PULSED, seen_ac=ac, seen_dc=dc)
    assert after.duty == DutyComparison(differs_since_s=NOW_S)
    assert after.plug == PlugState(is_out=True)
    assert causes(after) == [Cause.PULLED_IN_TEST]
    assert after.faults.records[0].since_utc_ns == 7
    assert taken(after, PLUGGED, utc_ns=8).plug.since_utc_ns == 8


FAULT = raise_fault(FaultState(), Finding(code=FaultCode.RED, cause=Cause.EARTH), 5)
NOT_PERMITTED = replace(SESSION, permitted=False)


@pytest.mark.req("CHG-1")
@pytest.mark.parametrize(
    ("evaluation", "changes", "faults", "is_kept"),
    [
        ({}, {}, FaultState(), True),
        ({}, {"session": None}, FaultState(), True),  # a session that is silent may come back
        ({}, {"session": NOT_PERMITTED}, FaultState(), False),
        ({"is_plugged": False}, {}, FaultState(), False),
        ({}, {}, FAULT, False),
    ],
)
@pytest.mark.parametrize("phase", [P.READY, P.CLOSED])
def test_a_self_test_is_kept_while_its_plug_and_its_permission_last(
    evaluation: dict[str, Any],
    changes: dict[str, Any],
    faults: FaultState,
    is_kept: bool,
    phase: SafetyPhase,
) -> None:
    sound = SEEN if phase is P.CLOSED else PLUGGED
    state = replace(proven(phase), faults=faults)
    after = taken(state, replace(sound, **evaluation), **changes)
    assert after.testing == replace(state.testing, is_passed=is_kept)


@pytest.mark.req("CHG-1")
@pytest.mark.parametrize(
    ("phase", "ago_s", "is_kept"),
    [
        (P.READY, DAY_S - 0.1, True),
        (P.READY, DAY_S, False),
        (P.CLOSING, 2 * DAY_S, True),  # a charge goes on
        (P.CLOSED, 2 * DAY_S, True),
        (P.STOPPING, 2 * DAY_S, True),
    ],
)
def test_a_self_test_is_good_for_a_day(phase: SafetyPhase, ago_s: float, is_kept: bool) -> None:
    evaluation = SEEN if phase in ENERGISED else PLUGGED
    state = replace(proven(phase, ago_s), until_s=NOW_S + 1.0)
    assert taken(state, evaluation).testing.is_passed is is_kept


@pytest.mark.req("ERR-8001")
@pytest.mark.parametrize(
    ("is_closed", "until_s", "is_fault"),
    [
        (False, NOW_S, True),
        (False, NOW_S + 0.01, False),
        (True, NOW_S, False),
        (True, NOW_S - 1.0, False),
    ],
)
def test_a_contactor_that_is_not_proven_closed_in_time_is_a_fault(
    is_closed: bool, until_s: float, is_fault: bool
) -> None:
    state = replace(proven(P.CLOSING), until_s=until_s)
    after = taken(state, SEEN if is_closed else PLUGGED)
    codes = [record.code for record in after.faults.records]
    assert codes == ([FaultCode.NOT_CLOSING] if is_fault else [])


@pytest.mark.req("ERR-8007")
def test_an_open_contactor_without_its_proof_is_a_fault_and_a_proof_clears_it() -> None:
    before = proven(P.OPENING)
    state = replace(before, proof=replace(before.proof, unproven_s=0.19))
    after = taken(state, replace(PLUGGED, is_proven_open=False))
    assert causes(after) == [Cause.NOT_PROVEN_OPEN]
    assert after.proof.is_welded
    trial = replace(after, proof=replace(after.proof, on_trial=(FaultCode.SAFETY_CIRCUIT,)))
    cleared = taken(trial, PLUGGED)
    assert (causes(cleared), cleared.proof.is_welded) == ([], False)


@pytest.mark.req("ERR-8001")
@pytest.mark.parametrize("phase", [P.CLOSED, P.STOPPING])
@pytest.mark.parametrize(("unclosed_s", "is_fault"), [(0.09, False), (0.1, True)])
def test_a_closed_contactor_without_its_proof_for_more_than_100_ms_is_a_fault(
    phase: SafetyPhase, unclosed_s: float, is_fault: bool
) -> None:
    before = proven(phase)
    state = replace(before, proof=replace(before.proof, unclosed_s=unclosed_s))
    codes = [record.code for record in taken(state, PLUGGED).faults.records]
    assert codes == ([FaultCode.NOT_CLOSING] if is_fault else [])


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("residual", [{"residual_ac": True}, {"residual_dc": True}])
@pytest.mark.parametrize(
    ("answers_until_s", "has_voltage", "is_answer"),
    [(NOW_S + 0.01, False, True), (NOW_S, False, False), (NOW_S + 0.01, True, False)],
)
def test_without_voltage_a_residual_current_may_be_a_late_answer(
    residual: dict[str, bool], answers_until_s: float, has_voltage: bool, is_answer: bool
) -> None:
    before = proven(P.READY)
    state = replace(before, testing=replace(before.testing, answers_until_s=answers_until_s))
    after = taken(state, replace(PLUGGED, has_voltage=has_voltage, **residual))
    assert (causes(after) == []) is is_answer


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("differs_s", "is_fault"), [(1.49, False), (1.5, True)])
def test_a_generator_that_does_not_follow_pilot_is_a_fault_with_both_duties(
    differs_s: float, is_fault: bool
) -> None:
    state = replace(proven(P.CLOSED), duty=DutyComparison(differs_since_s=NOW_S - differs_s))
    pilot = replace(charging_pilot(), duty_percent=20.0)
    after = taken(state, SEEN, pilot=pilot)
    assert causes(after) == ([Cause.GENERATOR] if is_fault else [])
    for record in after.faults.records:
        assert (record.finding.set_percent, record.finding.duty_percent) == (20.0, 26.7)

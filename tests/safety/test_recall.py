"""What a new process takes over from the disk, and what a reset of the hardware clears."""

import pytest
from msgspec.structs import replace

from bus.write_behind import WriteBehind, WriteResult
from msgs.fault_cause import Cause
from msgs.safety import LATCHED, Contactor, FaultCode, SafetyPhase
from nodes.safety.config import Config
from nodes.safety.contactor import ContactorProof
from nodes.safety.duty import DutyComparison
from nodes.safety.evaluation import NOTHING_EVALUATED, Evaluation
from nodes.safety.faults import CLEAN, FaultState, raise_fault
from nodes.safety.finding import Finding
from nodes.safety.latch import Latch, Latches, LatchWrite, Memory, Recalled
from nodes.safety.mains_reset import MainsReset
from nodes.safety.recall import hear_disk, hear_reset
from nodes.safety.selftest import SelfTest, SelfTesting
from nodes.safety.state import State
from nodes.safety.wiring import ALL, NONE, Wiring
from tests.safety.evaluations import PLUGGED

NOW_S = 1000.0
CONFIG = Config(wait_s=20.0)
SINGLE = (True, False, False)
STRAY = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.STRAY_CURRENT, current_a=2.0)
EARTH = Finding(code=FaultCode.RED, cause=Cause.EARTH)
HOT = Finding(code=FaultCode.TOO_HOT, cause=Cause.TOO_HOT)
CIRCUIT = Latch(since_utc_ns=7, finding=STRAY)
RED = Latch(since_utc_ns=8, finding=EARTH, asked="1")
IS_UP = replace(PLUGGED, is_reset=True, is_no_reset=False)
IS_DOWN = replace(PLUGGED, is_reset=False, is_no_reset=True)
IS_UNKNOWN = replace(PLUGGED, is_reset=False, is_no_reset=False)
# Long after the start: each part of the state has something to lose.
STATE = State(
    phase=SafetyPhase.READY,
    evaluation_state=replace(NOTHING_EVALUATED, wiring=Wiring(kept=SINGLE, mains_s=0.1)),
    proof=ContactorProof(
        contactor=Contactor.OPEN, is_first=False, unproven_s=0.1, unclosed_s=0.1, tried_s=0.1
    ),
    testing=SelfTesting(
        test=SelfTest(begun_s=NOW_S, is_pulsed=True), is_passed=True, passed_at_s=900.0, failed=2
    ),
    duty=DutyComparison(differs_since_s=999.0, fits=1),
    memory=Memory(is_recalled=True),
    reset=MainsReset(was_down=True),
    temperature_c=30.0,
)


def faults_of(*findings: Finding) -> FaultState:
    faults = CLEAN
    for finding in findings:
        faults = raise_fault(faults, finding, 5)
    return faults


# --- the disk ---------------------------------------------------------------------------------


def test_what_was_read_is_remembered_and_the_phases_are_taken_over() -> None:
    kept = Recalled(wired=ALL, asked="2")
    state = hear_disk(replace(STATE, memory=Memory()), kept, NOW_S)
    wiring = replace(STATE.evaluation_state.wiring, kept=ALL)
    assert state == replace(
        STATE,
        memory=Memory(is_recalled=True, asked="2"),
        evaluation_state=replace(STATE.evaluation_state, wiring=wiring),
    )


@pytest.mark.parametrize("problem", [None, "disk full"])
def test_the_end_of_a_write_changes_what_is_known_of_the_disk_alone(problem: str | None) -> None:
    write = LatchWrite(latches=(CIRCUIT,), wired=ALL)
    memory = Memory(is_recalled=True, store=WriteBehind(writing=write))
    state = hear_disk(replace(STATE, memory=memory), WriteResult(problem=problem), NOW_S)
    assert state == replace(STATE, memory=state.memory)
    is_written = problem is None
    assert (state.memory.store.stored, state.memory.problem) == (
        (write, None) if is_written else (None, problem)
    )
    assert state.memory.store.retry_s == (0.0 if is_written else NOW_S + 5.0)


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize("faults", [CLEAN, faults_of(HOT)])
def test_stored_faults_hold_again_since_their_first_time(faults: FaultState) -> None:
    state = replace(STATE, faults=faults)
    heard = hear_disk(state, Recalled(latches=(CIRCUIT, RED), asked="1"), NOW_S)
    assert heard.faults == raise_fault(raise_fault(faults, STRAY, 7), EARTH, 8)
    assert (heard.proof, heard.memory.found) == (STATE.proof, (CIRCUIT, RED))
    assert heard.reset == replace(STATE.reset, is_latch_recalled=True)
    wiring = replace(STATE.evaluation_state.wiring, kept=NONE)
    assert heard == replace(
        state,
        faults=heard.faults,
        memory=heard.memory,
        reset=heard.reset,
        evaluation_state=replace(STATE.evaluation_state, wiring=wiring),
    )


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(
    ("latches", "faults", "is_recalled"),
    [
        ((CIRCUIT, RED), CLEAN, True),
        ((CIRCUIT,), faults_of(HOT), True),  # no latched one
        ((replace(CIRCUIT, is_flag_up=True), RED), CLEAN, False),
        ((CIRCUIT, replace(RED, is_flag_up=True)), CLEAN, False),
        ((RED,), faults_of(STRAY), False),  # this process has raised one itself
    ],
)
def test_a_flag_from_before_the_start_clears_only_faults_that_were_stored_while_it_was_down(
    latches: Latches, faults: FaultState, is_recalled: bool
) -> None:
    for before in (False, True):
        reset = MainsReset(is_latch_recalled=before)
        state = replace(STATE, faults=faults, reset=reset)
        after = hear_disk(state, Recalled(latches=latches), NOW_S).reset
        assert after == MainsReset(is_latch_recalled=is_recalled)


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize(
    ("latches", "faults", "asked", "on_trial"),
    [
        ((CIRCUIT, RED), CLEAN, "2", (FaultCode.RED,)),
        ((CIRCUIT, RED), faults_of(HOT), "2", (FaultCode.RED,)),
        ((CIRCUIT, RED), CLEAN, "1", None),  # the restart that all red has seen
        ((CIRCUIT, RED), CLEAN, None, None),
        ((CIRCUIT,), CLEAN, "2", None),
        ((RED,), faults_of(STRAY), "2", None),  # younger than the restart
    ],
)
def test_a_restart_that_was_asked_for_has_stored_all_red_judged_again(
    latches: Latches, faults: FaultState, asked: str | None, on_trial: tuple[FaultCode, ...] | None
) -> None:
    state = replace(STATE, faults=faults)
    proof = hear_disk(state, Recalled(latches=latches, asked=asked), NOW_S).proof
    if on_trial is None:
        assert proof == STATE.proof
    else:
        assert proof == replace(
            STATE.proof, is_first=True, unproven_s=0.0, on_trial=on_trial, tried_s=0.0
        )


# --- the reset of the hardware ----------------------------------------------------------------


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize(
    ("evaluation", "reset", "is_recalled"),
    [
        (IS_DOWN, MainsReset(was_down=True), True),
        (IS_UNKNOWN, MainsReset(was_down=True), True),
        (IS_UNKNOWN, MainsReset(is_seen=True), True),
        (IS_UP, MainsReset(is_seen=True), True),  # each once
        (IS_UP, MainsReset(was_down=True), False),  # the disk is read first
    ],
)
def test_without_news_of_the_flag_nothing_changes(
    evaluation: Evaluation, reset: MainsReset, is_recalled: bool
) -> None:
    state = replace(STATE, reset=reset, memory=Memory(is_recalled=is_recalled))
    assert hear_reset(CONFIG, state, evaluation, NOW_S) is state


@pytest.mark.req("ERR-P", "ERR-8007", "ERR-RED")
@pytest.mark.parametrize("was_down", [False, True])
def test_mains_off_and_on_clear_all_faults_but_the_latched_and_judge_those_again(
    was_down: bool,
) -> None:
    faults = replace(faults_of(HOT, STRAY, EARTH), retries=2)
    reset = MainsReset(was_down=was_down, is_latch_recalled=True)
    state = replace(STATE, faults=faults, reset=reset)
    after = hear_reset(CONFIG, state, IS_UP, NOW_S)
    # A flag that is up from the start has cleared nothing that this process has found.
    kept = FaultState(records=faults.records[1:]) if was_down else faults
    assert set(LATCHED) == {FaultCode.SAFETY_CIRCUIT, FaultCode.RED}
    assert after == replace(
        state,
        phase=SafetyPhase.START,
        reset=replace(reset, is_seen=True, waits_until_s=NOW_S + 20.0),
        faults=kept,
        proof=replace(
            STATE.proof,
            is_first=True,
            unproven_s=0.0,
            tried_s=0.0,
            on_trial=(FaultCode.SAFETY_CIRCUIT, FaultCode.RED),
        ),
        # The monitor may still answer the test that is broken off.
        testing=SelfTesting(passed_at_s=900.0, answers_until_s=NOW_S + 2.16),
        duty=DutyComparison(),
    )


@pytest.mark.req("ERR-8007")
def test_a_flag_from_before_the_start_is_seen_and_clears_nothing_of_this_process() -> None:
    state = replace(STATE, faults=faults_of(HOT, STRAY), reset=MainsReset())
    reset = MainsReset(is_seen=True, waits_until_s=NOW_S + 20.0)
    assert hear_reset(CONFIG, state, IS_UP, NOW_S) == replace(state, reset=reset)


def test_a_flag_that_is_seen_down_first_clears_nothing() -> None:
    state = replace(STATE, faults=faults_of(HOT), reset=MainsReset())
    after = hear_reset(CONFIG, state, IS_DOWN, NOW_S)
    assert after == replace(state, reset=MainsReset(was_down=True))


@pytest.mark.req("ERR-8002")
def test_a_flag_that_was_up_and_is_down_drops_the_stored_phases_alone() -> None:
    state = replace(STATE, faults=faults_of(HOT), reset=MainsReset(is_seen=True))
    wiring = replace(STATE.evaluation_state.wiring, kept=NONE)
    assert hear_reset(CONFIG, state, IS_DOWN, NOW_S) == replace(
        state,
        reset=MainsReset(was_down=True),
        evaluation_state=replace(STATE.evaluation_state, wiring=wiring),
    )

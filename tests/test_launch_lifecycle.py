"""One supervised node, event by event."""

from dataclasses import replace
from signal import SIGKILL, SIGTERM

import pytest

from launch.lifecycle import (
    CHECKS_S,
    TERM_GRACE_S,
    Act,
    AskToStop,
    Event,
    Exited,
    Fork,
    NeedsReady,
    ProcessChecked,
    ProcessReady,
    Replace,
    SendGo,
    ShortenStop,
    Signal,
    Silent,
    Start,
    State,
    Stop,
    Tick,
    describe_exit,
    step,
)
from launch.plan import NodePlan, ParentDeath, RestartPolicy
from msgs.launch import ProcessState
from msgs.requests import StopReason

PLAN = NodePlan(name="pilot", module="nodes.pilot", ready_s=5.0, stop_s=2.0)
GUARD = NodePlan(name="safety", module="nodes.safety", stop_s=7.0, parent_death=ParentDeath.TERM)
ASK_SHUTDOWN = AskToStop(StopReason.SHUTDOWN)
ASK_RESTART = AskToStop(StopReason.RESTART)
READY, STARTING = ProcessState.READY, ProcessState.STARTING
BACKOFF, FAILED, STOPPED = ProcessState.BACKOFF, ProcessState.FAILED, ProcessState.STOPPED


def play(
    *events: tuple[float, Event], plan: NodePlan = PLAN, state: State | None = None
) -> tuple[State, list[Act]]:
    """Bring events to a node; return its state and the acts that followed the last one."""
    state = state or State()
    acts: tuple[Act, ...] = ()
    for now_s, event in events:
        state, acts = step(plan, state, event, now_s)
    return state, list(acts)


def running() -> State:
    """Return a node that is READY as its process 1."""
    return play((0.0, Start()), (0.1, ProcessChecked(1)), (0.2, ProcessReady(1, 7)))[0]


def replacing() -> State:
    """Return a node whose next process, 2, is being checked beside the one that runs."""
    return play((10.0, Replace()), state=running())[0]


# --- start -------------------------------------------------------------------------------------


def test_a_node_starts_after_its_checks_and_is_ready_when_it_reports_so() -> None:
    state, acts = play((0.0, Start()))
    assert (state.state, acts) == (STARTING, [Fork(1)])
    state, acts = play((0.1, ProcessChecked(1)), state=state)
    assert (state.state, acts) == (STARTING, [SendGo(1)])
    state, acts = play((0.2, ProcessReady(1, 7)), state=state)
    assert (state.state, state.incarnation, state.restarts, acts) == (READY, 7, 0, [])
    assert state.deadline_s is None


def test_a_held_node_waits_for_its_release_without_a_deadline() -> None:
    state, acts = play((0.0, Start(held=True)), (0.1, ProcessChecked(1)))
    assert acts == []
    assert play((100.0, Tick()), state=state)[1] == []
    assert play((100.0, NeedsReady()), state=state)[1] == [SendGo(1)]


def test_a_release_before_the_checks_takes_effect_after_them() -> None:
    state, acts = play((0.0, Start(held=True)), (0.1, NeedsReady()))
    assert acts == []
    assert play((0.2, ProcessChecked(1)), state=state)[1] == [SendGo(1)]


@pytest.mark.parametrize(
    ("checked", "late_s", "why"),
    [(False, CHECKS_S, "not checked in 60 s"), (True, 1.0 + PLAN.ready_s, "not ready within 5 s")],
)
def test_a_node_that_is_late_is_killed_and_that_is_the_reason(
    checked: bool, late_s: float, why: str
) -> None:
    state, _ = play((0.0, Start()))
    if checked:
        state, _ = play((1.0, ProcessChecked(1)), state=state)
    assert play((late_s - 0.1, Tick()), state=state)[1] == []
    state, acts = play((late_s, Tick()), state=state)
    assert acts == [Signal(1, SIGKILL)]
    state, acts = play((late_s, Exited(1, -9)), state=state)
    assert (acts, state.why) == ([Fork(2)], why)


def test_a_node_that_cannot_be_configured_has_failed_with_its_own_reason() -> None:
    state, acts = play((0.0, Start()), (0.1, Exited(1, 78, "x.toml: pilot.gain: expected")))
    assert (state.state, state.why, acts) == (FAILED, "x.toml: pilot.gain: expected", [])
    assert state.is_gone


# --- ends by itself ----------------------------------------------------------------------------


def test_a_crash_is_followed_by_a_start_at_once_then_by_waits() -> None:
    state, acts = play((9.0, Exited(1, 1, "RuntimeError: boom")), state=running())
    assert (state.state, state.restarts, acts) == (STARTING, 1, [Fork(2)])
    assert state.why == "RuntimeError: boom"
    state, acts = play((9.1, Exited(2, -11)), state=state)
    assert (state.state, state.why, acts) == (BACKOFF, "killed by SIGSEGV", [])
    assert state.deadline_s == pytest.approx(9.2)
    assert play((9.15, Tick()), state=state)[1] == []
    state, acts = play((9.2, Tick()), state=state)
    assert (state.state, state.restarts, acts) == (STARTING, 2, [Fork(3)])


def test_a_node_that_may_end_is_stopped_by_it() -> None:
    plan = replace(PLAN, restart=RestartPolicy.ON_FAILURE)
    state, acts = play((9.0, Exited(1, 0)), plan=plan, state=running())
    assert (state.state, acts) == (STOPPED, [])


def test_a_node_beyond_its_limit_has_failed_with_the_reason_of_its_end() -> None:
    state = running()
    for number in range(1, 100):
        state, _ = play((10.0 + number, Exited(state.process or 0, 1)), state=state)
        if state.state is BACKOFF:
            state, _ = play((state.deadline_s or 0.0, Tick()), state=state)
        if state.state is FAILED:
            break
    assert state.why == "started 20 times in 5 minutes; exit code 1"
    assert state.is_gone


def test_a_silent_node_is_killed_and_started_again() -> None:
    state, acts = play((20.0, Silent(10.0)), state=running())
    assert acts == [Signal(1, SIGKILL)]
    state, acts = play((20.1, Exited(1, -9)), state=state)
    assert (acts, state.why) == ([Fork(2)], "hung: silent for 10 s")
    state, _ = play((20.2, ProcessChecked(2)), (20.3, ProcessReady(2, 8)), state=state)
    assert (state.state, state.why) == (READY, "")


@pytest.mark.parametrize("restart", [RestartPolicy.ALWAYS, RestartPolicy.ON_FAILURE])
def test_a_silent_node_with_a_safe_state_may_reach_it_before_it_is_killed(
    restart: RestartPolicy,
) -> None:
    plan = replace(GUARD, restart=restart)
    state, acts = play((20.0, Silent(10.0)), plan=plan, state=running())
    assert acts == [Signal(1, SIGTERM)]
    obeyed, acts = play((20.2, Exited(1, 0)), plan=plan, state=state)
    assert (acts, obeyed.why) == ([Fork(2)], "hung: silent for 10 s")
    assert play((19.9 + TERM_GRACE_S, Tick()), plan=plan, state=state)[1] == []
    state, acts = play((20.0 + TERM_GRACE_S, Tick()), plan=plan, state=state)
    assert acts == [Signal(1, SIGKILL)]
    assert play((99.0, Tick()), plan=plan, state=state)[1] == []
    assert play((21.0, Exited(1, -9)), plan=plan, state=state)[1] == [Fork(2)]


def test_no_request_prolongs_the_grace_of_a_hanging_process() -> None:
    hung, _ = play((20.0, Silent(10.0)), plan=GUARD, state=running())
    end_s = 20.0 + TERM_GRACE_S
    stopped, acts = play((20.1, Stop()), plan=GUARD, state=hung)
    assert acts == []
    assert play((end_s, Tick()), plan=GUARD, state=stopped)[1] == [Signal(1, SIGKILL)]
    assert not hung.can_be_replaced
    # A restart in place that was under way, and whose next process fails.
    replacing, _ = play((19.9, Replace()), plan=GUARD, state=running())
    state, acts = play((20.0, Silent(10.0)), plan=GUARD, state=replacing)
    assert acts == [Signal(1, SIGTERM)]
    checked, acts = play((20.2, ProcessChecked(2)), plan=GUARD, state=state)
    assert acts == []
    assert play((end_s, Tick()), plan=GUARD, state=checked)[1] == [Signal(1, SIGKILL)]
    state, _ = play((20.1, Exited(2, 1)), plan=GUARD, state=state)
    assert play((end_s, Tick()), plan=GUARD, state=state)[1] == [Signal(1, SIGKILL)]


def test_a_process_that_hangs_while_it_is_stopped_gets_one_grace() -> None:
    stopping, _ = play((19.0, Stop()), plan=GUARD, state=running())
    state, acts = play((20.0, Silent(10.0)), plan=GUARD, state=stopping)
    assert acts == [Signal(1, SIGTERM)]
    assert play((20.0 + TERM_GRACE_S, Tick()), plan=GUARD, state=state)[1] == [Signal(1, SIGKILL)]


# --- restart in place --------------------------------------------------------------------------


def test_a_restart_prepares_the_next_process_before_the_old_one_is_asked() -> None:
    state, acts = play((10.0, Replace()), state=running())
    assert (state.state, acts) == (READY, [Fork(2)])
    state, acts = play((10.1, ProcessChecked(2)), state=state)
    assert acts == [ASK_RESTART]
    state, acts = play((10.2, Exited(1, 0)), state=state)
    assert (state.state, state.process, acts) == (STARTING, 2, [SendGo(2)])
    assert state.is_restarting
    state, _ = play((10.3, ProcessReady(2, 8)), state=state)
    assert (state.state, state.incarnation, state.restarts) == (READY, 8, 1)
    assert not state.is_restarting


def test_a_next_process_that_fails_its_checks_leaves_the_old_one_alone() -> None:
    state, acts = play((10.1, Exited(2, 1, "SyntaxError: x")), state=replacing())
    assert (state.state, state.process, acts) == (READY, 1, [])
    assert (state.why, state.incarnation, state.is_restarting) == ("SyntaxError: x", 7, False)
    assert state.deadline_s is None


def test_a_next_process_that_hangs_in_its_checks_is_killed() -> None:
    state, acts = play((10.0 + CHECKS_S, Tick()), state=replacing())
    assert acts == [Signal(2, SIGKILL)]
    state, acts = play((70.1, Exited(2, -9)), state=state)
    assert (state.state, state.why, acts) == (READY, "not checked in 60 s", [])


def test_an_old_process_that_crashes_meanwhile_is_followed_by_the_next_one() -> None:
    state, acts = play((10.05, Exited(1, -9)), state=replacing())
    assert (state.state, state.process, acts) == (STARTING, 2, [])
    assert play((10.1, ProcessChecked(2)), state=state)[1] == [SendGo(2)]


def test_an_old_process_that_does_not_stop_is_terminated() -> None:
    state, _ = play((10.1, ProcessChecked(2)), state=replacing())
    state, acts = play((12.1, Tick()), state=state)
    assert acts == [Signal(1, SIGTERM)]
    state, acts = play((12.1 + TERM_GRACE_S, Tick()), state=state)
    assert acts == [Signal(1, SIGKILL)]
    assert play((13.0, Exited(1, -9)), state=state)[1] == [SendGo(2)]


def test_a_next_process_lost_while_the_old_one_stops_is_forked_again() -> None:
    state, _ = play((10.1, ProcessChecked(2)), (10.2, Exited(2, -9)), state=replacing())
    state, acts = play((10.3, Exited(1, 0)), state=state)
    assert (state.state, acts) == (STARTING, [Fork(3)])


@pytest.mark.parametrize("end", [(9.0, Exited(1, 78, "wrong")), (9.0, Stop())])
def test_a_node_that_is_down_is_started_by_a_restart(end: tuple[float, Event]) -> None:
    state, _ = play(end, state=running())
    if not state.is_gone:
        state, _ = play((9.1, Exited(1, 0)), state=state)
    state, acts = play((10.0, Replace()), state=state)
    assert (state.state, state.why, acts) == (STARTING, "", [Fork(2)])


def test_a_restart_of_a_node_that_is_starting_or_stopping_does_nothing() -> None:
    for state in (replacing(), play((0.0, Start()))[0], play((9.0, Stop()), state=running())[0]):
        assert not state.can_be_replaced
        assert play((10.1, Replace()), state=state) == (state, [])


# --- stop --------------------------------------------------------------------------------------


def test_a_stop_asks_then_terms_then_kills() -> None:
    state, acts = play((9.0, Stop()), state=running())
    assert acts == [ASK_SHUTDOWN]
    assert play((10.9, Tick()), state=state)[1] == []
    state, acts = play((11.0, Tick()), state=state)
    assert acts == [Signal(1, SIGTERM)]
    state, acts = play((11.0 + TERM_GRACE_S, Tick()), state=state)
    assert acts == [Signal(1, SIGKILL)]
    assert play((99.0, Tick()), state=state)[1] == []
    state, acts = play((11.6, Exited(1, -9)), state=state)
    assert (state.state, state.why, acts) == (STOPPED, "", [])
    assert state.is_gone


def test_a_repeated_stop_begins_the_next_stage_at_once() -> None:
    state, _ = play((9.0, Stop()), state=running())
    state, acts = play((9.1, ShortenStop()), state=state)
    assert acts == [Signal(1, SIGTERM)]
    state, acts = play((9.2, ShortenStop()), state=state)
    assert acts == [Signal(1, SIGKILL)]
    assert play((9.3, ShortenStop()), state=state)[1] == []


def test_a_repeated_stop_leaves_a_node_with_a_safe_state_its_grace() -> None:
    state, acts = play((9.0, Stop()), (9.0, ShortenStop()), plan=GUARD, state=running())
    assert acts == [Signal(1, SIGTERM)]
    for now_s in (9.0, 9.1, 8.99 + TERM_GRACE_S):
        state, acts = play((now_s, ShortenStop()), (now_s, Tick()), plan=GUARD, state=state)
        assert acts == []
    assert play((9.0 + TERM_GRACE_S, Tick()), plan=GUARD, state=state)[1] == [Signal(1, SIGKILL)]


def test_a_repeated_stop_of_a_node_that_is_not_stopping_does_nothing() -> None:
    assert play((9.0, ShortenStop()), state=running()) == (running(), [])


def test_a_node_that_is_starting_is_stopped_by_sigterm() -> None:
    state, acts = play((0.0, Start()), (0.1, ProcessChecked(1)), (0.15, Stop()))
    assert acts == [Signal(1, SIGTERM)]
    assert play((0.16, ProcessReady(1, 1)), state=state) == (state, [])
    assert play((0.2, Exited(1, -15)), state=state)[0].state is STOPPED


def test_a_node_in_backoff_is_stopped_without_a_signal() -> None:
    state, _ = play((9.0, Exited(1, 1)), (9.1, Exited(2, 1)), state=running())
    assert state.state is BACKOFF
    state, acts = play((9.15, Stop()), state=state)
    assert (state.state, state.is_gone, acts) == (STOPPED, True, [])
    assert play((99.0, Tick()), state=state)[1] == []


def test_a_stop_during_a_restart_ends_both_processes() -> None:
    state, acts = play((10.05, Stop()), state=replacing())
    assert acts == [Signal(2, SIGKILL), ASK_SHUTDOWN]
    state, _ = play((10.1, Exited(1, 0)), state=state)
    assert (state.state, state.is_gone) == (STOPPED, False)
    assert play((10.2, Exited(2, -9)), state=state)[0].is_gone


def test_a_stop_during_a_handover_starts_no_new_process() -> None:
    state, acts = play((10.1, ProcessChecked(2)), (10.2, Stop()), state=replacing())
    assert acts == [Signal(2, SIGKILL)]
    state, acts = play((10.3, Exited(2, -9)), (10.4, Exited(1, 0)), state=state)
    assert (state.state, state.is_gone, acts) == (STOPPED, True, [])


def test_events_of_a_former_process_change_nothing() -> None:
    state = running()
    for event in (ProcessChecked(9), ProcessReady(9, 1), Exited(9, 1)):
        assert play((9.0, event), state=state) == (state, [])


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")]
)
def test_an_exit_is_described_as_text(code: int, words: str) -> None:
    assert describe_exit(code) == words

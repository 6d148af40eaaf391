"""Whether and when a node that ended by itself is started again."""

import pytest

from launch.plan import RestartPolicy
from launch.restarts import (
    LONG_RUN_S,
    LONGEST_WAIT_S,
    MOST_STARTS,
    WINDOW_S,
    Again,
    History,
    Never,
    ended,
    started,
)

KILLED = -9


def crash(history: History, now_s: float, ready_for_s: float = 0.0) -> tuple[History, float]:
    """Let a node crash; return how long its next start waits [s]."""
    history, decision = ended(history, RestartPolicy.ALWAYS, KILLED, ready_for_s, now_s)
    assert isinstance(decision, Again)
    return started(history, decision.at_s), decision.at_s - now_s


def test_the_first_restart_is_immediate_and_the_next_wait_twice_as_long_each() -> None:
    history, now_s, waits = started(History(), 0.0), 0.0, []
    for _ in range(10):
        history, wait_s = crash(history, now_s)
        waits.append(round(wait_s, 3))
        now_s += wait_s
    assert waits == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, LONGEST_WAIT_S, LONGEST_WAIT_S]


@pytest.mark.parametrize(
    ("ready_for_s", "wait_s"), [(LONG_RUN_S + 0.1, 0.0), (LONG_RUN_S, 0.4), (1.0, 0.4)]
)
def test_after_a_long_run_the_wait_starts_again(ready_for_s: float, wait_s: float) -> None:
    history = History(starts_s=(0.0,), short_runs=3)
    assert crash(history, 100.0, ready_for_s)[1] == pytest.approx(wait_s)


def test_too_many_starts_within_the_window_are_a_failure() -> None:
    history, now_s, starts = started(History(), 0.0), 0.0, 1
    while True:
        history, decision = ended(history, RestartPolicy.ALWAYS, KILLED, 0.0, now_s)
        if isinstance(decision, Never):
            break
        now_s = decision.at_s
        history, starts = started(history, now_s), starts + 1
    assert starts == MOST_STARTS
    assert decision == Never(failed=True, why="started 20 times in 5 minutes")
    assert now_s < 150.0  # about two minutes, as beside the constant


def test_starts_out_of_the_window_are_forgotten() -> None:
    history = History(starts_s=tuple(float(i) for i in range(MOST_STARTS)))
    assert isinstance(ended(history, RestartPolicy.ALWAYS, KILLED, 0.0, 100.0)[1], Never)
    assert isinstance(ended(history, RestartPolicy.ALWAYS, KILLED, 0.0, WINDOW_S + 1.0)[1], Again)
    assert len(started(history, WINDOW_S + 5.0).starts_s) == MOST_STARTS - 5


@pytest.mark.parametrize(
    ("policy", "code", "decision"),
    [
        (RestartPolicy.ALWAYS, 0, Again(at_s=7.0)),
        (RestartPolicy.ALWAYS, 1, Again(at_s=7.0)),
        (RestartPolicy.ALWAYS, KILLED, Again(at_s=7.0)),
        (
            RestartPolicy.ALWAYS,
            78,
            Never(failed=True),
        ),  # configuration: nothing gets better by itself
        (RestartPolicy.ON_FAILURE, 0, Never(failed=False)),
        (RestartPolicy.ON_FAILURE, 1, Again(at_s=7.0)),
        (RestartPolicy.ON_FAILURE, 78, Never(failed=True)),
        (RestartPolicy.NEVER, 0, Never(failed=False)),
        (RestartPolicy.NEVER, 1, Never(failed=True)),
        (RestartPolicy.NEVER, KILLED, Never(failed=True)),
    ],
)
def test_policy_and_exit_code_decide(policy: RestartPolicy, code: int, decision: object) -> None:
    assert ended(started(History(), 0.0), policy, code, 1.0, 7.0)[1] == decision

"""Whether and when a node that ended by itself is started again. Pure: time comes in.

The first restart is immediate. After each further short run the wait doubles, 0.1 s to 10 s. After
too many starts within five minutes the node has failed.
"""

from dataclasses import dataclass

from launch.plan import RestartPolicy

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 10.0
LONG_RUN_S = 30.0  # a node that was READY for longer starts without a wait
WINDOW_S = 300.0
MOST_STARTS = 20  # within the window; with the waits above they take about two minutes

EXIT_OK = 0
EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits(3): starting again cannot help


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The recent starts of a node."""

    starts_s: tuple[float, ...] = ()  # within the window, oldest first
    short_runs: int = 0  # in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The node is to be started again."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """The node is not started again automatically."""

    failed: bool
    why: str = ""


def started(history: History, now_s: float) -> History:
    """Return the history with one more start."""
    kept = tuple(start_s for start_s in history.starts_s if now_s - start_s < WINDOW_S)
    return History(starts_s=(*kept, now_s), short_runs=history.short_runs)


def ended(
    history: History, policy: RestartPolicy, code: int, ready_for_s: float, now_s: float
) -> tuple[History, Again | Never]:
    """Decide after an end that was not requested.

    `code` is the exit code, negative for a signal. `ready_for_s` is how long the node had been
    READY, 0 if it never was.
    """
    if code == EXIT_CONFIGURATION:
        return history, Never(failed=True)
    if policy is RestartPolicy.NEVER or (policy is RestartPolicy.ON_FAILURE and code == EXIT_OK):
        return history, Never(failed=code != EXIT_OK)
    short_runs = 0 if ready_for_s > LONG_RUN_S else history.short_runs
    history = History(starts_s=history.starts_s, short_runs=short_runs + 1)
    recent = sum(now_s - start_s < WINDOW_S for start_s in history.starts_s)
    if recent >= MOST_STARTS:
        return history, Never(
            failed=True, why=f"started {recent} times in {WINDOW_S / 60:g} minutes"
        )
    wait_s = 0.0
    if short_runs:
        wait_s = min(FIRST_WAIT_S * 2.0 ** (short_runs - 1), LONGEST_WAIT_S)
    return history, Again(at_s=now_s + wait_s)

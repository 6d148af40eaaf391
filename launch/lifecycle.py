"""One supervised node, from start to stop. Pure: events and time in, the new state and acts out.

A process of the node has two phases. First it imports the node and checks its parameters, and opens
nothing; then, after `SendGo`, it opens sockets and drivers until it is READY. So all nodes are
checked before any of them starts, and a restart in place stops the old process only when the new
one has passed its checks.

A node with a safe state, once READY, gets SIGKILL only after SIGTERM and TERM_GRACE_S, also if it
hangs and also after repeated requests to stop.

Processes are numbered by their start; events of former processes are ignored. `launch.supervisor`
carries the acts out.
"""

from dataclasses import dataclass, field, replace
from signal import SIGKILL, SIGTERM, Signals

from launch.plan import NodePlan
from launch.restarts import EXIT_OK, History, Never, ended, started
from msgs.launch import ProcessState
from msgs.requests import StopReason

CHECKS_S = 60.0  # at the first start all nodes import at once, which is slow on a small board
TERM_GRACE_S = 0.5  # from SIGTERM to SIGKILL; safety opens and exits within 0.2 s


# --- events: what has happened -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """Start the node. `held`: after its checks it waits for NeedsReady."""

    held: bool = False


@dataclass(frozen=True, slots=True)
class NeedsReady:
    """All nodes that this one needs are READY."""


@dataclass(frozen=True, slots=True)
class ProcessChecked:
    """A process has imported the node, and its parameters are valid."""

    process: int


@dataclass(frozen=True, slots=True)
class ProcessReady:
    """A process is READY."""

    process: int
    incarnation: int


@dataclass(frozen=True, slots=True)
class Exited:
    """A process has ended. `code` is its exit code, negative for a signal."""

    process: int
    code: int
    why: str = ""  # the reason that it sent; "" if none


@dataclass(frozen=True, slots=True)
class Replace:
    """Restart the node in place."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the node, and do not start it again."""


@dataclass(frozen=True, slots=True)
class ShortenStop:
    """The stop was requested again: the next stage of stopping begins now."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The process runs, but has sent no heartbeat for too long."""

    silence_s: float


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline may have passed."""


Event = (
    Start
    | NeedsReady
    | ProcessChecked
    | ProcessReady
    | Exited
    | Replace
    | Stop
    | ShortenStop
    | Silent
    | Tick
)


# --- acts: what the supervisor does ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fork:
    """Start a process under this number."""

    process: int


@dataclass(frozen=True, slots=True)
class SendGo:
    """Let a checked process open its sockets and drivers."""

    process: int


@dataclass(frozen=True, slots=True)
class AskToStop:
    """Ask the node over the bus to stop."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class Signal:
    """Send a signal to the process group of a process."""

    process: int
    number: Signals


Act = Fork | SendGo | AskToStop | Signal


# --- the machine -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """State of a node."""

    state: ProcessState = ProcessState.STOPPED
    process: int | None = None  # the one that runs
    next_process: int | None = None  # the one that will replace it
    next_checked: bool = False
    forks: int = 0
    held: bool = False
    checked: bool = False  # `process` has passed its checks
    stopping: StopReason | None = None
    stop_stage: int = 0  # stage of stopping: 0 requested, 1 SIGTERM, 2 SIGKILL
    deadline_s: float | None = None
    ready_s: float | None = None  # since when it is READY
    incarnation: int = 0
    restarts: int = 0
    history: History = field(default_factory=History)
    kill_reason: str | None = None  # why a process is being killed; None: it is not
    why: str = ""  # why the last process ended, as text; empty once the next is READY

    @property
    def is_gone(self) -> bool:
        """Return whether no process of this node is left."""
        return self.process is None and self.next_process is None

    @property
    def can_be_replaced(self) -> bool:
        """Return whether a restart in place can begin now."""
        return self.process is None or (
            self.state is ProcessState.READY
            and self.next_process is None
            and self.stopping is None
            and self.kill_reason is None
        )

    @property
    def is_restarting(self) -> bool:
        """Return whether a start or restart has begun and not ended."""
        return (
            self.next_process is not None
            or self.stopping is StopReason.RESTART
            or self.state is ProcessState.STARTING
        )


def step(plan: NodePlan, state: State, event: Event, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Return the new state after one event, and the acts to be done."""
    match event:
        case Start() if state.process is None:
            return _fork(replace(state, held=event.held), now_s)
        case NeedsReady():
            return _go(plan, replace(state, held=False), now_s)
        case ProcessChecked() if event.process == state.process:
            return _go(plan, replace(state, checked=True), now_s)
        case ProcessChecked() if (
            event.process == state.next_process and state.kill_reason is not None
        ):
            return replace(
                state, next_checked=True
            ), ()  # it replaces the other when that has ended
        case ProcessChecked() if event.process == state.next_process and state.stopping is None:
            return _hand_over(plan, replace(state, next_checked=True), now_s)
        case ProcessReady() if event.process == state.process and state.stopping is None:
            return _ready(state, event, now_s)
        case Exited() if event.process == state.process:
            return _exited(plan, state, event, now_s)
        case Exited() if event.process == state.next_process:
            return _next_exited(state, event)
        case Replace() if state.can_be_replaced:
            return _replace(state, now_s)
        case Silent() if state.process is not None and state.state is ProcessState.READY:
            hung = replace(state, kill_reason=f"hung: silent for {event.silence_s:.3g} s")
            if not plan.has_safe_state:
                return hung, (Signal(state.process, SIGKILL),)
            term = Signal(state.process, SIGTERM)
            return replace(hung, stop_stage=1, deadline_s=now_s + TERM_GRACE_S), (term,)
        case Stop():
            return _stop(plan, state, now_s)
        case ShortenStop() if state.stopping and not (plan.has_safe_state and state.stop_stage):
            return _next_stop_stage(state, now_s)
        case Tick() if state.deadline_s is not None and now_s >= state.deadline_s:
            return _deadline(plan, state, now_s)
        case _:
            return state, ()  # of a former process, or with nothing to do


def describe_exit(code: int) -> str:
    """Return how a process ended, as text."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _fork(state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Start the node's process; it begins with its checks."""
    number = state.forks + 1
    return replace(
        state,
        state=ProcessState.STARTING,
        process=number,
        forks=number,
        checked=False,
        ready_s=None,
        deadline_s=now_s + CHECKS_S,
        history=started(state.history, now_s),
    ), (Fork(number),)


def _go(plan: NodePlan, state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Let the process open its sockets if it is checked and not held."""
    if state.process is None or not state.checked or state.state is not ProcessState.STARTING:
        return state, ()
    if state.held:
        return replace(state, deadline_s=None), ()  # no deadline while it waits for other nodes
    return replace(state, deadline_s=now_s + plan.ready_s), (SendGo(state.process),)


def _ready(state: State, event: ProcessReady, now_s: float) -> tuple[State, tuple[Act, ...]]:
    return replace(
        state,
        state=ProcessState.READY,
        incarnation=event.incarnation,
        ready_s=now_s,
        deadline_s=None,
        why="",
    ), ()


def _replace(state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Start the next process beside the one that runs, or the only one if none runs."""
    if state.process is None:
        fresh = replace(state, history=History(), restarts=state.restarts + 1, why="")
        return _fork(fresh, now_s)
    number = state.forks + 1
    return replace(
        state, next_process=number, next_checked=False, forks=number, deadline_s=now_s + CHECKS_S
    ), (Fork(number),)


def _hand_over(plan: NodePlan, state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Ask the running process to stop, since the next one is checked."""
    return replace(
        state, stopping=StopReason.RESTART, stop_stage=0, deadline_s=now_s + plan.stop_s
    ), (AskToStop(StopReason.RESTART),)


def _exited(
    plan: NodePlan, state: State, event: Exited, now_s: float
) -> tuple[State, tuple[Act, ...]]:
    """Handle the end of the node's process."""
    why = _reason(state, event)
    ready_for_s = 0.0 if state.ready_s is None else now_s - state.ready_s
    gone = replace(
        state,
        process=None,
        checked=False,
        stopping=None,
        stop_stage=0,
        deadline_s=None,
        ready_s=None,
        kill_reason=None,
    )
    if state.stopping is StopReason.SHUTDOWN:
        return replace(gone, state=ProcessState.STOPPED, why=""), ()
    again = replace(gone, restarts=state.restarts + 1)
    if state.next_process is not None:
        promoted = replace(
            again,
            state=ProcessState.STARTING,
            process=state.next_process,
            checked=state.next_checked,
            next_process=None,
            next_checked=False,
            deadline_s=now_s + CHECKS_S,
        )
        return _go(plan, promoted, now_s)
    if state.stopping is StopReason.RESTART:
        return _fork(again, now_s)
    code = -SIGTERM if state.kill_reason is not None and event.code == EXIT_OK else event.code
    history, decision = ended(state.history, plan.restart, code, ready_for_s, now_s)
    if isinstance(decision, Never):
        word = ProcessState.FAILED if decision.failed else ProcessState.STOPPED
        whole = "; ".join(part for part in (decision.why, why) if part)
        return replace(gone, state=word, history=history, why=whole), ()
    if decision.at_s <= now_s:
        return _fork(replace(again, history=history, why=why), now_s)
    return replace(
        gone, state=ProcessState.BACKOFF, history=history, deadline_s=decision.at_s, why=why
    ), ()


def _next_exited(state: State, event: Exited) -> tuple[State, tuple[Act, ...]]:
    """Keep the running process; if it is stopping already, another one is forked after it."""
    left = replace(state, next_process=None, next_checked=False)
    if state.kill_reason is not None and state.deadline_s is not None and state.stopping is None:
        return left, ()  # the running process hangs and is being killed
    left = replace(left, kill_reason=None)
    if state.stopping is None:
        left = replace(left, deadline_s=None, why=_reason(state, event))
    return left, ()


def _reason(state: State, event: Exited) -> str:
    return state.kill_reason or event.why or describe_exit(event.code)


def _stop(plan: NodePlan, state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Stop the node: by a request if it is READY, else by SIGTERM."""
    kill_next = () if state.next_process is None else (Signal(state.next_process, SIGKILL),)
    if state.process is None:
        return replace(state, state=ProcessState.STOPPED, deadline_s=None, why=""), kill_next
    if state.stopping is not None:  # it has been asked already; it is not started again after that
        return replace(state, stopping=StopReason.SHUTDOWN), kill_next
    stopping = replace(state, stopping=StopReason.SHUTDOWN, stop_stage=0)
    if state.kill_reason is not None and plan.has_safe_state and state.deadline_s is not None:
        return replace(stopping, stop_stage=1), kill_next  # it hangs, and has got SIGTERM already
    if state.state is ProcessState.READY:
        asked = replace(stopping, deadline_s=now_s + plan.stop_s)
        return asked, (*kill_next, AskToStop(StopReason.SHUTDOWN))
    state, acts = _next_stop_stage(stopping, now_s)
    return state, (*kill_next, *acts)


def _next_stop_stage(state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    """Begin the next stage of stopping the process."""
    if state.process is None or state.stop_stage >= 2:
        return state, ()
    if state.stop_stage == 0:
        return replace(state, stop_stage=1, deadline_s=now_s + TERM_GRACE_S), (
            Signal(state.process, SIGTERM),
        )
    return replace(state, stop_stage=2, deadline_s=None), (Signal(state.process, SIGKILL),)


def _deadline(plan: NodePlan, state: State, now_s: float) -> tuple[State, tuple[Act, ...]]:
    if state.stopping is not None:
        return _next_stop_stage(state, now_s)
    if state.process is None:  # BACKOFF has ended
        return _fork(replace(state, restarts=state.restarts + 1), now_s)
    if state.kill_reason is not None:  # TERM_GRACE_S of a hanging process is over
        return replace(state, deadline_s=None), (Signal(state.process, SIGKILL),)
    late = state.process if state.next_process is None else state.next_process
    is_going = state.next_process is None and state.checked
    why = f"not ready within {plan.ready_s:g} s" if is_going else f"not checked in {CHECKS_S:g} s"
    return replace(state, deadline_s=None, kill_reason=why), (Signal(late, SIGKILL),)

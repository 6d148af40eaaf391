"""The bus as a node sees it: topics, requests, deadlines, a clock, randomness. Never a socket.

Two implementations stand behind it: ZeroMQ between processes (`bus.zeromq`) and one in memory
under a virtual clock (`bus.memory`). Nodes are written against this file alone, and one suite of
tests runs on both.

All callbacks of a node run one after another in one thread. A callback that takes longer than
10 ms makes its node late for everything else.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from msgs.methods import Method
from msgs.requests import Answer, StopReason
from msgs.topics import Topic

M = TypeVar("M", bound=Struct)
M_co = TypeVar("M_co", bound=Struct, covariant=True)
A = TypeVar("A", bound=Struct)
A_co = TypeVar("A_co", bound=Struct, covariant=True)
R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


MISSED_PERIODS = 2  # a look that comes later after the one before has missed an instant


class Clock(Protocol):
    """The time: monotonic for everything that is decided, UTC for what people read."""

    def now_s(self) -> float:
        """Return monotonic time [s]."""

    def now_ns(self) -> int:
        """Return monotonic time [ns], the one that frames are stamped with."""

    def utc_ns(self) -> int:
        """Return UTC [ns since 1970]. May jump; nothing safe depends on it."""


class Health(Protocol):
    """What a reader has counted since its node started."""

    gaps: int  # messages that never arrived, by sequence
    late: int  # samples older than the topic's hold on arrival
    refused: int  # another schema, or a body that could not be decoded


class Subscription(Protocol[M_co]):
    """The newest message of one topic. The reader, not the writer, judges its freshness."""

    @property
    def message(self) -> M_co | None:
        """Return the newest message, however old; None before the first."""

    @property
    def stamp_s(self) -> float | None:
        """Return when the newest message was sent [monotonic s]; None before the first."""

    @property
    def age_s(self) -> float:
        """Return the age of the newest message [s]; infinity before the first."""

    @property
    def incarnation(self) -> int:
        """Return the incarnation of the writer last heard; 0 before the first."""

    @property
    def health(self) -> Health:
        """Return the counts of gaps, late samples and refused frames."""

    def fresh(self) -> M_co | None:
        """Return the newest message if it is not older than `Topic.hold_of` allows, else None."""


class Looks(Protocol):
    """The grid of instants at which one node looks at its devices and at what it reads."""

    instant_ns: int
    """The newest instant of the grid that has passed or is looked at now."""

    step_ns: int
    """The period of the grid."""

    is_each_judged: bool
    """Whether each look is judged, whatever it shows: under virtual time, for the tests."""

    def change_period(self, step_ns: int) -> None:
        """Go on with another period, from the newest instant on."""

    def note_look(self, now_ns: int) -> int:
        """Note that the node looks at a time [ns], on the grid or off it.

        Return the time since the look before [ns]; 0 of the first. The heartbeat names it if it
        comes late.
        """

    def plan(self, due_s: float) -> None:
        """Take the time [s] from which on a look is needed though nothing has changed."""

    def note_said(self) -> None:
        """Note that the node has said something that is to be repeated."""

    def catch_up(self) -> None:
        """Count what the looks that were left out up to now would have done."""

    def cancel(self) -> None:
        """Look no more."""


class Timer(Protocol):
    """A deadline that has been asked for."""

    def cancel(self) -> None:
        """Forget the deadline; harmless when it has passed."""


class Spawned(Protocol):
    """A coroutine that runs beside the callbacks of its node."""

    def cancel(self) -> None:
        """Cancel it, and have its `done` not run; harmless when it is over."""


class Call(Protocol[A_co, R_contra]):
    """One request at its server: the arguments, and one answer, now or later."""

    @property
    def arguments(self) -> A_co:
        """Return the arguments, already checked."""

    @property
    def caller(self) -> str:
        """Return the name of the node or tool that asks: for texts, not for decisions."""

    def ok(self, result: R_contra) -> None:
        """Answer with the result; None for a method that has none."""

    def refuse(self, reason: str, problems: dict[str, str] | None = None) -> None:
        """Answer that it will not be done, with the reason for a person.

        `problems` names what is wrong by key: {"hotspot.channel": "expected 1 to 13"}.
        """

    def not_ready(self, reason: str) -> None:
        """Answer that it cannot be judged yet."""


class Bus(Protocol):
    """One node's connection to the graph."""

    @property
    def node(self) -> str:
        """Return this node's name."""

    @property
    def incarnation(self) -> int:
        """Return how often this node has been started on this run directory; from 1."""

    @property
    def clock(self) -> Clock:
        """Return the clock. Nodes have no other."""

    @property
    def state_dir(self) -> Path:
        """Return the folder for what must outlive the process; see `bus.store`."""

    def random(self, purpose: str) -> Random:
        """Return random numbers for one use; any thread may call this.

        Under virtual time they follow from the seed, the node, the purpose and how often the node
        has drawn for it: what else is drawn, or when, changes nothing.
        """

    def publish(self, topic: Topic[M], message: M) -> None:
        """Send a message on a topic that this node writes.

        :raises BusError: the topic belongs to another writer, or the frame is over 64 KiB.
        """

    def say(self, topic: Topic[M], message: M, period_s: float | None = None) -> None:
        """Publish a message if it is news, and repeat it until another one is said.

        A message that equals the one before, or differs in what drifts alone (see `Topic`), waits
        for its next repeat. Repeats are sent when the node looks (`look_each`), each `period_s` or
        each period of the topic's row: a node that does not look any more says nothing.

        :raises BusError: as `publish`.
        """

    def hush(self, topic: Topic[M]) -> None:
        """Repeat a message no more that was said on a topic; the next one said is news."""

    def subscribe(
        self,
        topic: Topic[M],
        on_message: Callable[[M], None] | None = None,
        *,
        on_change: Callable[[M], None] | None = None,
        uses: Callable[[M], object] | None = None,
    ) -> Subscription[M]:
        """Read a topic. Without a callback the reader is only looked at: it costs no wake-up.

        The newest message of what is only looked at is in place before any callback of the node
        runs. `on_message` gets every message that arrives, in order; `on_change` only one that
        differs from the one before.

        :param uses: what the node uses of a message, where that is little: under virtual time
            messages of which the same is used are no reason to look.
        """

    def look_each(self, period_s: float, look: Callable[[], None]) -> Looks:
        """Have the node look at its devices and readers on a grid of instants, first at once.

        Once for each node; `bus.rounds.Rounds` does it for a machine. Instants that were missed
        are left out.

        :raises BusError: the node looks already.
        """

    def at(self, when_s: float, action: Callable[[], None]) -> Timer:
        """Run an action once at a monotonic time [s]; at once if it has passed.

        It never runs before: inside it `clock.now_s()` is not less than `when_s`.
        """

    def every(self, period_s: float, action: Callable[[], None]) -> Timer:
        """Run an action every period [s], first one period from now, without drift.

        Rounds that were missed are left out, not made up for.
        """

    def serve(self, method: Method[A, R], handler: Callable[[Call[A, R]], None]) -> None:
        """Answer requests for a method. The handler may keep the call and answer later.

        It gets the requests of those who may call the method, with arguments of its type; the bus
        answers all others.

        :raises BusError: another node serves the method.
        """

    def request(
        self,
        method: Method[A, R],
        arguments: A,
        on_answer: Callable[[Answer[R]], None] | None = None,
        *,
        timeout_s: float | None = None,
        key: str | None = None,
    ) -> None:
        """Ask the method's server. `on_answer` runs exactly once, with TIMEOUT at the latest.

        A method that every node serves is asked of one: `bus.request(STOP.at("pilot"), ...)`. A
        result that is not of the method's type is an ERROR. `timeout_s` None takes the method's.
        The server discards a request that has expired. Two requests of one caller for the same
        method with the same `key` are carried out once and answered twice.

        :raises BusError: the method names no server, or too many requests are open.
        """

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """Run slow work (a disk, a hash) beside the node, in order; `done` runs in the node.

        `name` tells one kind of work of the node from the others.

        :raises BusError: more than 64 pieces of work wait.
        """

    def spawn(
        self, coroutine: Coroutine[Any, Any, R], done: Callable[[R], None] | None = None
    ) -> Spawned:
        """Run a coroutine in the loop of an asyncio node, beside its callbacks.

        `done` gets the result, as a callback of the node. An exception of the coroutine is logged
        with its name and ends the node, as one of a callback does. When the node stops, or fails,
        all coroutines are cancelled, and 0.5 s later it ends without those that still run; `done`
        of none of them runs then. What a coroutine does between two awaits holds the node's loop:
        at most 10 ms, as for a callback.

        :raises BusError: the node's loop is not asyncio's (another runner, or virtual time), it
            has stopped, or 256 coroutines run already.
        """

    def post(self, action: Callable[[], None]) -> None:
        """Run an action in the node, soon. Of all methods this alone may other threads call."""

    def ready(self) -> None:
        """Say that this node is bound, configured and has its drivers open."""

    def on_stop(self, action: Callable[[StopReason, Callable[[], None]], None]) -> None:
        """Have `action(reason, done)` run when the node is asked to stop.

        The node lives on, callbacks and all, until `done` is called; nothing of it runs after
        that, and who asks it is told that it has stopped. Without an action it stops at once.
        """

    def on_close(self, action: Callable[[], None]) -> None:
        """Run an action when this incarnation is over: it closes what the node keeps open.

        It runs after the offloaded work, the newest action first; the bus is closed by then. A
        process that fails does not run it: its end closes everything.
        """

    def log(self, level: str, text: str) -> None:
        """Write one line to the log: "debug", "info", "warning" or "error". Never blocks."""


class BusError(Exception):
    """Raised when a node uses the bus against the table."""

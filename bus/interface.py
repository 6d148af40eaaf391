"""The bus as a node sees it: topics, requests, deadlines, a clock, randomness. Never a socket.

It has two implementations: ZeroMQ between processes (`bus.zeromq`) and one in memory under a
virtual clock (`bus.memory`). Nodes use this interface alone, and one suite of tests runs on both.

All callbacks of a node run one after another in one thread. A callback that takes longer than
10 ms makes its node late for everything else.
"""

from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from msgs.method import Method
from msgs.requests import Answer, StopReason
from msgs.topics import Topic

M = TypeVar("M", bound=Struct)
M_co = TypeVar("M_co", bound=Struct, covariant=True)
A = TypeVar("A", bound=Struct)
A_co = TypeVar("A_co", bound=Struct, covariant=True)
R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


MISSED_PERIODS = 2  # a longer gap between two looks means that an instant was missed


class Clock(Protocol):
    """The time: monotonic for decisions, UTC for display."""

    def now_s(self) -> float:
        """Return monotonic time [s]."""

    def now_ns(self) -> int:
        """Return monotonic time [ns], as in the stamps of frames."""

    def utc_ns(self) -> int:
        """Return UTC [ns since 1970]. It may jump; safety does not depend on it."""

    def boot(self) -> str:
        """Return the id of this boot: a monotonic time of another one cannot be compared.

        "" if it is not known.
        """

    def is_utc_set(self) -> bool:
        """Return whether UTC is known to have been set in this boot."""

    def set_utc(self, utc_ns: int) -> None:
        """Set UTC [ns since 1970] of a graph that has a clock of its own; for a driver alone.

        :raises ClockSetError: the clock is that of the machine.
        """


class ClockSetError(Exception):
    """Raised when the clock cannot be set; says why."""


class Health(Protocol):
    """Counts of a subscription since its node started."""

    gaps: int  # messages that never arrived, by sequence
    late: int  # samples older than the topic's hold on arrival
    refused: int  # another schema, or a body that could not be decoded


class Subscription(Protocol[M_co]):
    """The newest message of one topic. The subscriber, not the writer, decides its freshness."""

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
    """The grid of instants at which one node looks at its devices and subscriptions."""

    instant_ns: int
    """The newest instant of the grid that has passed, or the present one."""

    step_ns: int
    """The period of the grid."""

    steps_each_look: bool
    """Whether each look steps the machine, even with unchanged inputs: for tests."""

    def change_period(self, step_ns: int) -> None:
        """Continue with another period, from the newest instant on."""

    def note_look(self, now_ns: int) -> int:
        """Note that the node looks at a time [ns], on the grid or off it.

        Return the time since the previous look [ns]; 0 for the first. The heartbeat contains it if
        it is late.
        """

    def plan(self, due_s: float) -> None:
        """Set the time [s] from which on a look is needed even if nothing has changed."""

    def note_said(self) -> None:
        """Note that the node has published a message that is to be repeated."""

    def catch_up(self) -> None:
        """Count the repeats of the looks that were left out up to now."""

    def cancel(self) -> None:
        """End the looks."""


class Timer(Protocol):
    """A requested deadline."""

    def cancel(self) -> None:
        """Cancel the deadline; no effect if it has passed."""


class Spawned(Protocol):
    """A coroutine that runs beside the callbacks of its node."""

    def cancel(self) -> None:
        """Cancel it, so that its `done` does not run; no effect if it has ended."""


class Call(Protocol[A_co, R_contra]):
    """One request at its server: the arguments, and one answer, now or later."""

    @property
    def arguments(self) -> A_co:
        """Return the arguments, already checked."""

    @property
    def caller(self) -> str:
        """Return the name of the calling node or tool: for texts, not for decisions."""

    def ok(self, result: R_contra) -> None:
        """Answer with the result; None for a method without one."""

    def refuse(self, reason: str, problems: dict[str, str] | None = None) -> None:
        """Answer that it will not be done, with the reason for a person.

        `problems` has the errors by key: {"hotspot.channel": "expected 1 to 13"}.
        """

    def not_ready(self, reason: str) -> None:
        """Answer that it cannot be decided yet."""


class Bus(Protocol):
    """One node's connection to the graph."""

    @property
    def node(self) -> str:
        """Return this node's name."""

    @property
    def incarnation(self) -> int:
        """Return the number of starts of this node on this run directory; from 1."""

    @property
    def clock(self) -> Clock:
        """Return the clock. Nodes have no other."""

    @property
    def state_dir(self) -> Path:
        """Return the directory of stored files; see `bus.store`."""

    @property
    def run_dir(self) -> Path:
        """Return the directory of files that last until the machine is restarted."""

    def random(self, purpose: str) -> Random:
        """Return random numbers for one use; any thread may call this.

        Under virtual time they depend on the seed, the node, the purpose and the number of draws
        for it, and on nothing else.
        """

    def publish(self, topic: Topic[M], message: M) -> None:
        """Send a message on a topic that this node writes.

        :raises BusError: the topic belongs to another writer, or the frame is over 64 KiB.
        """

    def say(self, topic: Topic[M], message: M, period_s: float | None = None) -> None:
        """Publish a message if it has changed, and repeat it until the next one.

        A message that equals the previous one, or differs only in drifting fields (see `Topic`),
        waits for the next repeat. Repeats are sent when the node looks (`look_each`), each
        `period_s` or each period of the topic's row: a node that does not look sends none.

        :raises BusError: as `publish`.
        """

    def hush(self, topic: Topic[M]) -> None:
        """End the repeats on a topic; the next `say` is published at once."""

    def subscribe(
        self,
        topic: Topic[M],
        on_message: Callable[[M], None] | None = None,
        *,
        on_change: Callable[[M], None] | None = None,
        uses: Callable[[M], object] | None = None,
    ) -> Subscription[M]:
        """Subscribe to a topic. Without a callback a message does not wake the node.

        The newest messages of all such subscriptions are in place before any callback of the node
        runs. `on_message` gets every message that arrives, in order; `on_change` only one that
        differs from the previous one.

        :param uses: returns the part of a message that the node uses: under virtual time messages
            with an equal part cause no look.
        """

    def look_each(self, period_s: float, look: Callable[[], None]) -> Looks:
        """Call `look` on a grid of instants, first at once.

        Once for each node; `bus.rounds.Rounds` does it for a machine. Missed instants are left
        out.

        :raises BusError: the node looks already.
        """

    def at(self, when_s: float, action: Callable[[], None]) -> Timer:
        """Run an action once at a monotonic time [s]; at once if it has passed.

        It never runs early: in the action `clock.now_s()` is not less than `when_s`.
        """

    def every(self, period_s: float, action: Callable[[], None]) -> Timer:
        """Run an action every period [s], first one period from now, without drift.

        Missed periods are left out, not made up for.
        """

    def serve(self, method: Method[A, R], handler: Callable[[Call[A, R]], None]) -> None:
        """Answer requests for a method. The handler may keep the call and answer later.

        It gets the requests of allowed callers, with arguments of the method's type; the bus
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
        """Send a request to the method's server. `on_answer` runs once, with TIMEOUT at the latest.

        A method of every node needs the node: `bus.request(STOP.at("pilot"), ...)`. A result that
        is not of the method's type is an ERROR. `timeout_s` None means the method's timeout. The
        server discards an expired request. Two requests of one caller for the same method with the
        same `key` are carried out once and answered twice.

        :raises BusError: the method names no server, or too many requests are open.
        """

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """Run slow work (a disk, a hash) beside the node, in order; `done` runs in the node.

        `name` is the kind of work.

        :raises BusError: more than 64 pieces of work wait.
        """

    def spawn(
        self, coroutine: Coroutine[Any, Any, R], done: Callable[[R], None] | None = None
    ) -> Spawned:
        """Run a coroutine in the loop of an asyncio node, beside its callbacks.

        `done` gets the result, as a callback of the node. An exception of the coroutine is logged
        with its name and ends the node, as one of a callback does. When the node stops, or fails,
        all coroutines are cancelled, and those that still run 0.5 s later are abandoned; `done` of
        none of them runs. A coroutine blocks the node's loop between two awaits: at most 10 ms, as
        for a callback.

        :raises BusError: the node's loop is not asyncio's (another runner, or virtual time), it
            has stopped, or 256 coroutines run already.
        """

    def post(self, action: Callable[[], None]) -> None:
        """Run an action in the node, soon. Other threads may call this method, and no other."""

    def ready(self) -> None:
        """Report that this node is bound, configured and has its drivers open."""

    def on_stop(self, action: Callable[[StopReason, Callable[[], None]], None]) -> None:
        """Run `action(reason, done)` when the node is asked to stop.

        The node and its callbacks keep running until `done` is called; after that no callback runs,
        and requests are answered with NOT_READY. Without an action it stops at once.
        """

    def on_close(self, action: Callable[[], None]) -> None:
        """Run an action at the end of this incarnation, to close files and connections.

        It runs after the offloaded work, the newest action first; the bus is closed by then. A
        process that fails does not run it: its end closes everything.
        """

    def log(self, level: str, text: str) -> None:
        """Write one line to the log: "debug", "info", "warning" or "error". Never blocks."""


class BusError(Exception):
    """Raised when a node uses the bus against the table."""

"""The whole graph in one process: the same bus in memory, under a clock that jumps.

Time does not pass while a node's callback runs; then it jumps to the earliest deadline of any node.
The run depends on the seed alone: the same seed gives the same bytes.

    graph = MemoryGraph(seed=1, state_dir=path)
    pilot = PilotNode(graph.bus("pilot"), ...)
    graph.advance(10.0)
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

from bus.envelope import MOST_UNSENT_REQUESTS
from bus.interface import BusError
from bus.measure import Usage
from bus.offload import VirtualWorker
from bus.peer import Peer
from bus.publisher import NEVER_NS, Publisher
from bus.subscription import TopicSubscription
from bus.timers import Deadline
from bus.virtual_looks import VirtualLooks
from bus.wire import retained, topic_key
from msgs.requests import StopReason
from msgs.topics import Topic

R = TypeVar("R")

START_NS = 1_000_000_000_000  # monotonic time when a graph begins
START_UTC_NS = 1_767_225_600_000_000_000  # 2026-01-01 00:00:00 UTC
MOST_LINES = 10_000  # of the log; the oldest are dropped

_BEFORE_ALL = (-1, -1)  # a position before every deadline of a time


class VirtualClock:
    """See `bus.interface.Clock`; only its graph sets it."""

    def __init__(self, boot: str, set_utc: Callable[[int], None]) -> None:
        self.ns = START_NS
        self._utc_ahead_ns = START_UTC_NS - START_NS  # of monotonic time
        self._boot = boot
        self._is_utc_set = True
        self.set_utc = set_utc  # see `MemoryGraph.set_utc`

    def now_s(self) -> float:
        """Return monotonic time [s]."""
        return self.ns / 1e9

    def now_ns(self) -> int:
        """Return monotonic time [ns]."""
        return self.ns

    def utc_ns(self) -> int:
        """Return UTC [ns since 1970]."""
        return self.utc_of(self.ns)

    def utc_of(self, ns: int) -> int:
        """Return UTC at a monotonic time [ns since 1970], by the present setting of the clock."""
        return ns + self._utc_ahead_ns

    def boot(self) -> str:
        """See `bus.interface.Clock.boot`."""
        return self._boot

    def is_utc_set(self) -> bool:
        """See `bus.interface.Clock.is_utc_set`."""
        return self._is_utc_set

    def take_utc(self, utc_ns: int) -> None:
        """Go on from a UTC."""
        self._utc_ahead_ns = utc_ns - self.ns
        self._is_utc_set = True

    def begin_boot(self, boot: str, *, is_utc_set: bool) -> None:
        """See `MemoryGraph.begin_boot`."""
        self._boot, self._is_utc_set = boot, is_utc_set


class LogLine(NamedTuple):
    """One line that a node has logged."""

    at_s: float
    node: str
    level: str
    text: str


class MemoryCarrier:
    """See `bus.peer.Carrier`: passes bytes to the other peers of its graph."""

    def __init__(
        self, graph: "MemoryGraph", node: str, randomness: Callable[[str], Random]
    ) -> None:
        self._graph = graph
        self._node = node
        self.worker = VirtualWorker(graph.clock, self, randomness)
        self.peer: Peer
        self.looks: VirtualLooks | None = None
        self.order = graph.order_of(node)  # among nodes with deadlines at one time
        self.is_alive = True
        self.is_suspended = False
        self.missed: list[Deadline] = []  # while it was suspended
        self.waiting: list[Callable[[], None]] = []  # actions of that time
        self.unsent: dict[str, deque[tuple[int, bytes]]] = {}  # to nodes that do not run

    def send(self, row: Publisher, frame: bytes) -> bool:
        """See `bus.peer.Carrier.send`."""
        return self.is_alive and self._graph.carry(self._node, row, frame)

    def end_repeats(self, row: Publisher) -> None:
        """See `bus.peer.Carrier.end_repeats`."""
        self._graph.end_repeats(row)

    def listen(self, writer: str, key: bytes, active: bool) -> None:
        """See `bus.peer.Carrier.listen`."""
        self._graph.listen(self, writer, key)

    def ask(self, node: str, request: bytes, expires_ns: int) -> None:
        """See `bus.peer.Carrier.ask`."""
        if self.is_alive:
            self._graph.ask(self, node, request, expires_ns)

    def answer(self, address: bytes, response: bytes) -> None:
        """See `bus.peer.Carrier.answer`."""
        if self.is_alive:
            self._graph.answer(address, response)

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """See `bus.peer.Carrier.offload`."""
        self.worker.offload(name, work, done)

    def post(self, action: Callable[[], None]) -> None:
        """See `bus.peer.Carrier.post`. There are no threads under virtual time."""
        self._graph.soon(self, action)

    def add(self, due_ns: int, action: Callable[[], None], period_ns: int = 0) -> Deadline:
        """See `bus.timers.Schedule.add`."""
        deadline = Deadline(due_ns, period_ns, action, self._graph.next_rank(self._node))
        self._graph.schedule(self, deadline)
        return deadline

    def look_each(
        self, step_ns: int, look: Callable[[], None], on_gap: Callable[[int], None]
    ) -> VirtualLooks:
        """Call `look` at each instant of a grid, from now on."""
        rank = self._graph.next_rank(self._node)
        self.looks = VirtualLooks(self, rank, step_ns, look, on_gap, not self._graph.leaves_out)
        return self.looks

    def usage(self) -> Usage:
        """Return zeros: under virtual time no usage is measured."""
        return Usage(cpu_ns=0, memory_kb=0)

    def log(self, level: str, text: str) -> None:
        """Keep the line in the graph's log."""
        self._graph.keep_line(self._node, level, text)

    # --- bus.virtual_looks.LooksHost ----------------------------------------------------------

    def now_ns(self) -> int:
        """See `bus.virtual_looks.LooksHost.now_ns`."""
        return self._graph.clock.ns

    def has_passed(self, instant_ns: int, rank: int) -> bool:
        """See `bus.virtual_looks.LooksHost.has_passed`."""
        return self._graph.has_passed(instant_ns, (self.order, rank))

    def add_ranked(self, due_ns: int, rank: int, action: Callable[[], None]) -> Deadline:
        """See `bus.virtual_looks.LooksHost.add_ranked`."""
        deadline = Deadline(due_ns, 0, action, rank)
        if due_ns < NEVER_NS:
            self._graph.schedule(self, deadline)
        return deadline

    def subscriptions(self) -> Iterator[TopicSubscription[Any]]:
        """See `bus.virtual_looks.LooksHost.subscriptions`."""
        return self.peer.subscriptions()

    def first_repeat_ns(self, after_ns: int, step_ns: int) -> int:
        """See `bus.virtual_looks.LooksHost.first_repeat_ns`."""
        return self.peer.first_repeat_ns(after_ns, step_ns)

    def pass_instants(self, after_ns: int, last_ns: int, step_ns: int) -> None:
        """See `bus.virtual_looks.LooksHost.pass_instants`."""
        self.peer.pass_instants(after_ns, last_ns, step_ns)

    def send_again(self) -> None:
        """See `bus.virtual_looks.LooksHost.send_again`."""
        self._graph.send_again(self._node)


class MemoryGraph:
    """Several peers in memory, one clock, one seed."""

    def __init__(
        self, seed: int, state_dir: Path, *, leaves_out: bool = True, boot: str = "1"
    ) -> None:
        """Begin without nodes.

        :param leaves_out: False: every look of every node takes place and steps its machine, and
            every repeat is sent. The traffic is the same, byte by byte.
        :param boot: see `bus.interface.Clock.boot`; UTC is set in it.
        """
        self.clock = VirtualClock(boot, self.set_utc)
        self.leaves_out = leaves_out
        self.lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._seed = seed
        self._state_dir = state_dir
        self._carriers: dict[str, MemoryCarrier] = {}
        self._incarnations: dict[str, int] = {}
        self._draws: Counter[tuple[str, str]] = Counter()  # (node, purpose)
        self._subscribers: dict[bytes, list[MemoryCarrier]] = {}
        self._latched: dict[str, dict[bytes, Publisher]] = {}
        self._events: deque[tuple[MemoryCarrier, Callable[[], None]]] = deque()
        # Time [ns], order of the node, rank in it; a count, so that the rest is never compared.
        self._deadlines: list[tuple[int, int, int, int, Deadline, MemoryCarrier]] = []
        self._count = 0
        self._orders: dict[str, int] = {}
        self._ranks: Counter[str] = Counter()
        self._position = _BEFORE_ALL  # order and rank of the present or last action at this time
        self._addresses: dict[bytes, MemoryCarrier] = {}
        self._taps: list[Callable[[bytes], None]] = []
        self._subscriber_taps: dict[str, Callable[[bytes], None]] = {}
        self._shows_repeats = False  # a tap needs all repeats
        self._losses: list[Callable[[str, str, str], bool]] = []
        self._missing: set[tuple[str, bytes, str]] = set()  # latched: writer, topic, who lost it
        self._on_crash: Callable[[str, Exception], None] | None = None

    def bus(self, node: str) -> Peer:
        """Return the bus of a node's next incarnation.

        :raises BusError: the node runs already.
        """
        if node in self._carriers:
            raise BusError(f"{node} runs already on this graph")
        incarnation = self._incarnations.get(node, 0) + 1
        self._incarnations[node] = incarnation
        randomness = partial(self._draw, node)
        carrier = MemoryCarrier(self, node, randomness)
        carrier.peer = Peer(
            node=node,
            incarnation=incarnation,
            pid=0,
            clock=self.clock,
            randomness=randomness,
            state_dir=self._state_dir,
            run_dir=self._state_dir.with_name(f"{self._state_dir.name}-run"),
            carrier=carrier,
            timers=carrier,
            looks=carrier.look_each,
        )
        self._carriers[node] = carrier
        self._latched[node] = {}
        carrier.peer.begin()
        for asker in self._carriers.values():
            self._send_unsent(asker)
        return carrier.peer

    def kill(self, node: str) -> None:
        """End a node without a last message, as `kill -9` does."""
        carrier = self._carriers[node]
        self._remove(carrier)
        carrier.peer.close_owned()

    def close(self) -> None:
        """Kill all running nodes, as a loss of power does."""
        for node in self.running:
            self.kill(node)

    def stop(self, node: str, reason: StopReason) -> None:
        """Begin a node's stop sequence; the node is removed at its end."""
        carrier = self._carriers[node]
        self.soon(carrier, lambda: carrier.peer.stop(reason))

    def forget_incarnations(self, node: str) -> None:
        """Reset the count of a node's incarnations, as when the run directory is deleted."""
        self._incarnations.pop(node, None)

    def suspend(self, node: str) -> None:
        """Suspend a node, as SIGSTOP does."""
        carrier = self._carriers[node]
        self.send_again(node)
        if carrier.looks is not None:
            carrier.looks.suspend()
        carrier.is_suspended = True

    def resume(self, node: str) -> None:
        """Continue a suspended node; it finds the newest messages."""
        carrier = self._carriers[node]
        carrier.is_suspended = False
        if carrier.looks is not None:
            carrier.looks.resume()
        for deadline in carrier.missed:
            self.schedule(carrier, deadline)
        self._events.extend((carrier, action) for action in carrier.waiting)
        carrier.missed, carrier.waiting = [], []
        self._send_unsent(carrier)

    def set_utc(self, utc_ns: int) -> None:
        """Set UTC [ns since 1970]; monotonic time is not changed."""
        self._send_all_again()  # repeats up to now have the UTC of the previous setting
        self.clock.take_utc(utc_ns)
        for carrier in self._carriers.values():
            if carrier.looks is not None:
                carrier.looks.note_change()

    def begin_boot(self, boot: str, *, is_utc_set: bool) -> None:
        """Begin another boot of the machine; no node of it may run yet.

        Monotonic time goes on nevertheless: what compares it with that of another boot is wrong.

        :param is_utc_set: False: UTC counts as set from the next `set_utc` on.
        """
        self.clock.begin_boot(boot, is_utc_set=is_utc_set)

    def on_crash(self, action: Callable[[str, Exception], None]) -> None:
        """Call back with a node and its uncaught exception.

        The node has ended then, as a process would. Without a callback the exception ends the run.
        """
        self._on_crash = action

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the running nodes, including suspended ones."""
        return tuple(self._carriers)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Return all present subscriptions as (topic name, subscriber), in a fixed order."""
        return tuple(
            sorted(
                (key.removesuffix(b"\0").decode(), carrier.peer.node)
                for key, carriers in self._subscribers.items()
                for carrier in carriers
            )
        )

    def tap(self, on_frame: Callable[[bytes], None], *, repeats: bool = True) -> None:
        """Call back with every sent frame.

        :param repeats: False: counted repeats may be missing; see `stamp_s`.
        """
        self._taps.append(on_frame)
        self._note_tap(repeats)

    def tap_subscriber(
        self, node: str, on_frame: Callable[[bytes], None], *, repeats: bool = True
    ) -> None:
        """Call back with every frame that reaches a node, in this and later incarnations.

        :param repeats: see `tap`.
        """
        self._subscriber_taps[node] = on_frame
        self._note_tap(repeats)

    def stamp_s(self, node: str, topic: Topic[Any]) -> float | None:
        """Return when the newest message of a topic that has reached a node was sent [s].

        Counted repeats are included. None: the node does not run, has no subscription to the topic,
        or no message yet.
        """
        carrier = self._carriers.get(node)
        if carrier is None:
            return None
        subscriptions = carrier.peer.subscriptions_of(topic_key(topic.name))
        return subscriptions[0].stamp_s if subscriptions else None

    def lose(self, lost: Callable[[str, str, str], bool]) -> Callable[[], None]:
        """Lose messages: `lost(writer, topic name, subscriber)` decides for each delivery.

        Requests have the topic name "?". Return a function that ends the loss: what is latched is
        sent again then to the readers that have lost it, as by a connection that is restored.
        """
        self._losses.append(lost)
        self._send_all_again()

        def end() -> None:
            self._losses.remove(lost)
            missing, self._missing = self._missing, set()
            for writer, key, node in sorted(missing):
                carrier = self._carriers.get(node)
                if self._losses and self._is_lost(writer, key, node):
                    self._missing.add((writer, key, node))
                elif carrier is not None and carrier in self._subscribers.get(key, ()):
                    self._send_latched(carrier, writer, key)

        return end

    def advance(self, seconds: float) -> None:
        """Let virtual time pass [s], with all its deadlines."""
        self.run_until(self.clock.now_s() + seconds)

    def run_until(self, when_s: float, stop: Callable[[], bool] | None = None) -> bool:
        """Let virtual time run to a time [s], or until `stop()` is true after a round.

        Return whether `stop` was true.
        """
        end_ns = int(when_s * 1e9)
        deadlines, clock = self._deadlines, self.clock
        while True:
            while self._events:
                carrier, action = self._events.popleft()
                if carrier.is_suspended:
                    carrier.waiting.append(action)
                elif carrier.is_alive:
                    self._run(carrier, action)
            if stop is not None and stop():
                return True
            # Deadlines exactly at the end run in the next call.
            if not deadlines or deadlines[0][0] >= end_ns:
                if end_ns > clock.ns:
                    clock.ns, self._position = end_ns, _BEFORE_ALL
                return False
            due_ns, order, rank, _, deadline, carrier = heapq.heappop(deadlines)
            if deadline.action is None or not carrier.is_alive:
                continue
            if carrier.is_suspended:
                carrier.missed.append(deadline)
                continue
            if due_ns >= clock.ns:
                clock.ns, self._position = due_ns, (order, rank)
            due = deadline.take(clock.ns)
            if deadline.period_ns:
                self.schedule(carrier, deadline)
            if due is not None:
                self._run(carrier, due)

    # --- for the carriers ----------------------------------------------------------------------

    def carry(self, writer: str, row: Publisher, frame: bytes) -> bool:
        """Deliver a frame to its subscribers; return whether its repeats need not be sent."""
        for tap in self._taps:
            tap(frame)
        if row.latched:
            self._latched[writer][row.key] = row
        are_repeats_counted = row.is_repeated and self.leaves_out
        are_repeats_counted = are_repeats_counted and not self._shows_repeats and not self._losses
        carriers = self._subscribers.get(row.key, ())
        for carrier in carriers:
            if self._losses and self._is_lost(writer, row.key, carrier.peer.node):
                if row.latched:
                    self._missing.add((writer, row.key, carrier.peer.node))
                continue
            self._deliver(carrier, row.key, frame)
            for subscription in carrier.peer.subscriptions_of(row.key):
                if subscription.on_message is not None and not subscription.changes_only:
                    are_repeats_counted = False
        for carrier in carriers:
            for subscription in carrier.peer.subscriptions_of(row.key):
                subscription.renewal = row if are_repeats_counted else None
        return are_repeats_counted

    def listen(self, carrier: MemoryCarrier, writer: str, key: bytes) -> None:
        """Add a subscriber; it gets a latched message at once."""
        subscribers = self._subscribers.setdefault(key, [])
        if carrier not in subscribers:
            self.send_again(writer)
            subscribers.append(carrier)
        self._send_latched(carrier, writer, key)

    def _send_latched(self, carrier: MemoryCarrier, writer: str, key: bytes) -> None:
        row = self._latched.get(writer, {}).get(key)
        if row is not None:
            again = retained(
                self._carriers[writer].peer.frame(row, self.clock.utc_of(row.stamp_ns))
            )
            self.soon(carrier, lambda: self._deliver(carrier, key, again))

    def ask(self, carrier: MemoryCarrier, node: str, request: bytes, expires_ns: int) -> None:
        """Deliver a request to a node; it waits for a node that does not run until it expires."""
        if self._losses and self._is_lost(carrier.peer.node, b"?", node):
            return
        if node in self._carriers:
            self._hand_over(carrier, node, request)
            return
        unsent = carrier.unsent.setdefault(node, deque())
        if len(unsent) >= MOST_UNSENT_REQUESTS:
            unsent.popleft()
            carrier.peer.count_drop()
        unsent.append((expires_ns, request))

    def answer(self, address: bytes, response: bytes) -> None:
        """Deliver an answer."""
        carrier = self._addresses[address]
        if carrier.is_alive:
            self.soon(carrier, lambda: carrier.peer.accept_response(response))

    def soon(self, carrier: MemoryCarrier, action: Callable[[], None]) -> None:
        """Run an action in a node at this instant, after the present one."""
        self._events.append((carrier, action))

    def schedule(self, carrier: MemoryCarrier, deadline: Deadline) -> None:
        """Add a node's deadline to the common order.

        Equal times run in the order in which their nodes were first started, those of one node in
        the order in which they were added. So the order does not depend on left-out looks.
        """
        self._count += 1
        heapq.heappush(
            self._deadlines,
            (deadline.due_ns, carrier.order, deadline.rank, self._count, deadline, carrier),
        )

    def order_of(self, node: str) -> int:
        """Return the place of a node among all that have been started."""
        return self._orders.setdefault(node, len(self._orders))

    def next_rank(self, node: str) -> int:
        """Return the rank of a node's next deadline."""
        self._ranks[node] += 1
        return self._ranks[node]

    def has_passed(self, due_ns: int, position: tuple[int, int]) -> bool:
        """Return whether a deadline of a time, order and rank would have run by now."""
        return (due_ns, position) <= (self.clock.ns, self._position)

    def keep_line(self, node: str, level: str, text: str) -> None:
        """Keep one line of a node's log."""
        self.lines.append(LogLine(self.clock.now_s(), node, level, text))

    def send_again(self, writer: str) -> None:
        """Send the repeats of a node from now on: subscriptions have their own stamps again."""
        carrier = self._carriers.get(writer)
        if carrier is None:
            return
        if carrier.looks is not None:
            carrier.looks.catch_up()
        subscribers = {carrier.peer.node: carrier}
        for row in carrier.peer.rows():
            if row.are_repeats_counted:
                self.end_repeats(row)
                subscribers |= {each.peer.node: each for each in self._subscribers.get(row.key, ())}
        for each in subscribers.values():
            if each.looks is not None:
                each.looks.note_stamps()

    def end_repeats(self, row: Publisher) -> None:
        """Set the stamp of the last counted repeat in all subscriptions to a topic."""
        row.catch_up()
        row.are_repeats_counted = False
        for carrier in self._subscribers.get(row.key, ()):
            for subscription in carrier.peer.subscriptions_of(row.key):
                subscription.renew()
                subscription.renewal = None

    # --- inside --------------------------------------------------------------------------------

    def _deliver(self, carrier: MemoryCarrier, key: bytes, frame: bytes) -> None:
        """Store the message; its callbacks run after the present action."""
        if self._subscriber_taps:
            shown = self._subscriber_taps.get(carrier.peer.node)
            if shown is not None:
                shown(frame)
        is_news = carrier.peer.accept(frame, self.clock.ns)
        if is_news:
            self.soon(carrier, carrier.peer.run_callbacks)
        if carrier.looks is not None and (
            is_news or any(each.take_news() for each in carrier.peer.subscriptions_of(key))
        ):
            carrier.looks.note_change()

    def _note_tap(self, repeats: bool) -> None:
        if repeats:
            self._shows_repeats = True
            self._send_all_again()

    def _send_all_again(self) -> None:
        for writer in self._carriers:
            self.send_again(writer)

    def _draw(self, node: str, purpose: str) -> Random:
        """Return the random numbers of one draw: of seed, node, purpose and number of the draw."""
        self._draws[node, purpose] += 1
        return Random(f"{self._seed}/{node}/{purpose}/{self._draws[node, purpose]}")

    def _run(self, carrier: MemoryCarrier, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            if self._on_crash is None:
                raise
            self._leave(carrier)
            self._on_crash(carrier.peer.node, error)
        if carrier.peer.stopped:
            self._leave(carrier)

    def _leave(self, carrier: MemoryCarrier) -> None:
        if self._carriers.get(carrier.peer.node) is carrier:
            self._remove(carrier)
            if carrier.peer.stopped:
                carrier.worker.close()
            carrier.peer.close_owned()

    def _remove(self, carrier: MemoryCarrier) -> None:
        node = carrier.peer.node
        self.send_again(node)
        del self._carriers[node]
        carrier.is_alive = False
        self._latched.pop(node)
        for subscribers in self._subscribers.values():
            while carrier in subscribers:
                subscribers.remove(carrier)

    def _send_unsent(self, asker: MemoryCarrier) -> None:
        """Deliver waiting requests to nodes that run now; expired ones are dropped."""
        if asker.is_suspended:
            return
        for node in [node for node in asker.unsent if node in self._carriers]:
            for expires_ns, request in asker.unsent.pop(node):
                if expires_ns > self.clock.ns:
                    self._hand_over(asker, node, request)

    def _hand_over(self, asker: MemoryCarrier, node: str, request: bytes) -> None:
        server = self._carriers[node]
        address = f"{asker.peer.node}/{asker.peer.incarnation}".encode()
        self._addresses[address] = asker
        self.soon(server, lambda: server.peer.accept_request(address, request))

    def _is_lost(self, writer: str, key: bytes, subscriber: str) -> bool:
        topic = key.removesuffix(b"\0").decode()
        return any(lost(writer, topic, subscriber) for lost in self._losses)

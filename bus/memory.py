"""The whole graph in one process: the same bus in memory, under a clock that jumps.

Time stands still while a node's callback runs and then jumps to the earliest deadline of any
node. What a node does follows from the seed alone: the same seed gives the same bytes.

    graph = MemoryGraph(seed=1, state_dir=path)
    pilot = PilotNode(graph.bus("pilot"), ...)
    graph.advance(10.0)
"""

import heapq
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

from bus.envelope import MOST_UNSENT_REQUESTS
from bus.interface import BusError
from bus.measure import Usage
from bus.offload import VirtualWorker
from bus.peer import Peer
from bus.timers import Deadline
from bus.wire import retained
from msgs.requests import StopReason

R = TypeVar("R")

START_NS = 1_000_000_000_000  # monotonic time when a graph begins
START_UTC_NS = 1_767_225_600_000_000_000  # 2026-01-01 00:00:00 UTC
MOST_LINES = 10_000  # of the log; the oldest go


class VirtualClock:
    """See `bus.interface.Clock`; only its graph moves it."""

    def __init__(self) -> None:
        self.ns = START_NS

    def now_s(self) -> float:
        """Return monotonic time [s]."""
        return self.ns / 1e9

    def now_ns(self) -> int:
        """Return monotonic time [ns]."""
        return self.ns

    def utc_ns(self) -> int:
        """Return UTC [ns since 1970]."""
        return START_UTC_NS + self.ns - START_NS


class LogLine(NamedTuple):
    """One line that a node has logged."""

    at_s: float
    node: str
    level: str
    text: str


class MemoryCarrier:
    """See `bus.peer.Carrier`: hands bytes to the other peers of its graph."""

    def __init__(
        self, graph: "MemoryGraph", node: str, randomness: Callable[[str], Random]
    ) -> None:
        self._graph = graph
        self._node = node
        self.worker = VirtualWorker(graph.clock, self, randomness)
        self.peer: Peer
        self.is_alive = True
        self.is_held = False
        self.missed: list[Deadline] = []  # while it was held
        self.waiting: list[Callable[[], None]] = []  # likewise
        self.unsent: dict[str, deque[tuple[int, bytes]]] = {}  # to nodes that do not run

    def send(self, key: bytes, frame: bytes, latched: bool) -> None:
        """See `bus.peer.Carrier.send`."""
        if self.is_alive:
            self._graph.carry(self._node, key, frame, latched)

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
        deadline = Deadline(due_ns, period_ns, action)
        self._graph.schedule(self, deadline)
        return deadline

    def usage(self) -> Usage:
        """Return nothing used: virtual time costs nothing."""
        return Usage(cpu_ns=0, memory_kb=0)

    def log(self, level: str, text: str) -> None:
        """Keep the line in the graph's log."""
        self._graph.keep_line(self._node, level, text)


class MemoryGraph:
    """Several peers in memory, one clock, one seed."""

    def __init__(self, seed: int, state_dir: Path) -> None:
        self.clock = VirtualClock()
        self.lines: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._seed = seed
        self._state_dir = state_dir
        self._carriers: dict[str, MemoryCarrier] = {}
        self._incarnations: dict[str, int] = {}
        self._draws: Counter[tuple[str, str]] = Counter()  # (node, purpose)
        self._readers: dict[bytes, list[MemoryCarrier]] = {}
        self._latched: dict[str, dict[bytes, bytes]] = {}
        self._events: deque[tuple[MemoryCarrier, Callable[[], None]]] = deque()
        self._deadlines: list[tuple[int, int, Deadline, MemoryCarrier]] = []
        self._count = 0
        self._addresses: dict[bytes, MemoryCarrier] = {}
        self._taps: list[Callable[[bytes], None]] = []
        self._reader_taps: dict[str, Callable[[bytes], None]] = {}
        self._losses: list[Callable[[str, str, str], bool]] = []
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
            carrier=carrier,
            timers=carrier,
        )
        self._carriers[node] = carrier
        self._latched[node] = {}
        carrier.peer.begin()
        for asker in self._carriers.values():
            self._send_unsent(asker)
        return carrier.peer

    def kill(self, node: str) -> None:
        """Take a node away without a word, as `kill -9` does."""
        carrier = self._carriers.pop(node)
        carrier.is_alive = False
        self._latched.pop(node)
        for readers in self._readers.values():
            while carrier in readers:
                readers.remove(carrier)

    def stop(self, node: str, reason: StopReason) -> None:
        """Begin a node's stop sequence; it leaves the graph when that is over."""
        carrier = self._carriers[node]
        self.soon(carrier, lambda: carrier.peer.stop(reason))

    def forget_incarnations(self, node: str) -> None:
        """Lose the count of a node's incarnations, as when the run directory is wiped."""
        self._incarnations.pop(node, None)

    def hold(self, node: str) -> None:
        """Let a node sleep as SIGSTOP does: it reads, decides and says nothing."""
        self._carriers[node].is_held = True

    def release(self, node: str) -> None:
        """Let a held node go on; it finds the newest messages."""
        carrier = self._carriers[node]
        carrier.is_held = False
        for deadline in carrier.missed:
            self.schedule(carrier, deadline)
        self._events.extend((carrier, action) for action in carrier.waiting)
        carrier.missed, carrier.waiting = [], []
        self._send_unsent(carrier)

    def on_crash(self, told: Callable[[str, Exception], None]) -> None:
        """Have a callback told of a node and the exception that it did not catch.

        The node is gone then, as a process would be. Without a callback the exception ends the
        run.
        """
        self._on_crash = told

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the nodes that run, held ones included."""
        return tuple(self._carriers)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Return who reads what now, as (topic name, reader), in a fixed order."""
        return tuple(
            sorted(
                (key.removesuffix(b"\0").decode(), carrier.peer.node)
                for key, carriers in self._readers.items()
                for carrier in carriers
            )
        )

    def tap(self, on_frame: Callable[[bytes], None]) -> None:
        """Have every frame that is sent shown to a callback."""
        self._taps.append(on_frame)

    def tap_reader(self, node: str, on_frame: Callable[[bytes], None]) -> None:
        """Have every frame that reaches a node shown to a callback, in this and later lives."""
        self._reader_taps[node] = on_frame

    def lose(self, lost: Callable[[str, str, str], bool]) -> Callable[[], None]:
        """Have messages lost: `lost(writer, topic name, reader)` decides for each delivery.

        Requests are asked about as the topic "?". Return what ends the loss.
        """
        self._losses.append(lost)
        return lambda: self._losses.remove(lost)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, with all that falls due in it [s]."""
        self.run_until(self.clock.now_s() + seconds)

    def run_until(self, when_s: float, stop: Callable[[], bool] | None = None) -> bool:
        """Let virtual time run to a time [s], or until `stop()` holds after a round.

        Return whether `stop` held.
        """
        end_ns = int(when_s * 1e9)
        deadlines, clock = self._deadlines, self.clock
        while True:
            while self._events:
                carrier, action = self._events.popleft()
                if carrier.is_held:
                    carrier.waiting.append(action)
                elif carrier.is_alive:
                    self._run(carrier, action)
            if stop is not None and stop():
                return True
            # Deadlines that fall on the very end belong to the next stretch of time.
            if not deadlines or deadlines[0][0] >= end_ns:
                clock.ns = max(clock.ns, end_ns)
                return False
            due_ns, _, deadline, carrier = heapq.heappop(deadlines)
            if deadline.action is None or not carrier.is_alive:
                continue
            if carrier.is_held:
                carrier.missed.append(deadline)
                continue
            if due_ns > clock.ns:
                clock.ns = due_ns
            due = deadline.take(clock.ns)
            if deadline.period_ns:
                self.schedule(carrier, deadline)
            if due is not None:
                self._run(carrier, due)

    # --- for the carriers ----------------------------------------------------------------------

    def carry(self, writer: str, key: bytes, frame: bytes, latched: bool) -> None:
        """Bring a frame to its readers."""
        for tap in self._taps:
            tap(frame)
        if latched:
            self._latched[writer][key] = frame
        for carrier in self._readers.get(key, ()):
            if self._losses and self._is_lost(writer, key, carrier.peer.node):
                continue
            self._deliver(carrier, frame)

    def listen(self, carrier: MemoryCarrier, writer: str, key: bytes) -> None:
        """Add a reader; it gets a latched message at once."""
        readers = self._readers.setdefault(key, [])
        if carrier not in readers:
            readers.append(carrier)
        frame = self._latched.get(writer, {}).get(key)
        if frame is not None:
            again = retained(frame)
            self.soon(carrier, lambda: self._deliver(carrier, again))

    def ask(self, carrier: MemoryCarrier, node: str, request: bytes, expires_ns: int) -> None:
        """Bring a request to a node; one that does not run gets it when it does, in its time."""
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
        """Bring an answer back."""
        carrier = self._addresses[address]
        if carrier.is_alive:
            self.soon(carrier, lambda: carrier.peer.accept_response(response))

    def soon(self, carrier: MemoryCarrier, action: Callable[[], None]) -> None:
        """Run an action in a node at this instant, after what runs now."""
        self._events.append((carrier, action))

    def schedule(self, carrier: MemoryCarrier, deadline: Deadline) -> None:
        """Put a node's deadline into the order of all; equal times run as they were asked for."""
        self._count += 1
        heapq.heappush(self._deadlines, (deadline.due_ns, self._count, deadline, carrier))

    def keep_line(self, node: str, level: str, text: str) -> None:
        """Keep one line of a node's log."""
        self.lines.append(LogLine(self.clock.now_s(), node, level, text))

    # --- inside --------------------------------------------------------------------------------

    def _deliver(self, carrier: MemoryCarrier, frame: bytes) -> None:
        """Put the message in place; the callbacks, if any, run after what runs now."""
        if self._reader_taps:
            shown = self._reader_taps.get(carrier.peer.node)
            if shown is not None:
                shown(frame)
        if carrier.peer.accept(frame, self.clock.ns):
            self.soon(carrier, carrier.peer.run_callbacks)

    def _draw(self, node: str, purpose: str) -> Random:
        """Return the numbers of one draw: of the seed, the node, the purpose and the count."""
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
            self.kill(carrier.peer.node)
            if carrier.peer.stopped:
                carrier.worker.close()

    def _send_unsent(self, asker: MemoryCarrier) -> None:
        """Bring requests to nodes that run by now; what has expired is dropped."""
        if asker.is_held:
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

    def _is_lost(self, writer: str, key: bytes, reader: str) -> bool:
        topic = key.removesuffix(b"\0").decode()
        return any(lost(writer, topic, reader) for lost in self._losses)

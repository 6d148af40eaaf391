"""The bus between processes: one XPUB and one ROUTER a node, over ipc sockets, without a broker.

Readers connect straight to the writers of their topics. What they only look at comes through a
socket of its own that never wakes the process; it is drained before any callback runs.
"""

import os
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import zmq

from bus.interface import BusError
from bus.measure import Usage, process_usage
from bus.offload import Worker
from bus.place import Place
from bus.wire import retained

R = TypeVar("R")

HIGH_WATER = 1000  # frames kept for each slow peer; beyond it the newest are lost, counted as gaps
RECONNECT_MS = 5  # a restarted writer is back within a few of these
RECONNECT_MAX_MS = 40
WRITER_LINGER_MS = 100  # the last status leaves; a reader that hangs does not hold us
MOST_FRAMES_A_ROUND = 1000
MOST_UNSENT_REQUESTS = 64

# The levels that a line on stderr begins with: sd-daemon(3).
_LEVELS = {"error": b"<3>", "warning": b"<4>", "info": b"<6>", "debug": b"<7>"}


class _Asker:
    """The socket on which one node is asked; requests wait here until it is connected."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self.socket = socket
        self.unsent: deque[tuple[int, bytes]] = deque()

    def flush(self, now_ns: int) -> None:
        """Send what waits; what has expired is dropped, its asker has got TIMEOUT."""
        while self.unsent:
            expires_ns, request = self.unsent[0]
            if expires_ns > now_ns:
                try:
                    self.socket.send(request, zmq.NOBLOCK)
                except zmq.Again:
                    return
            self.unsent.popleft()


class ZmqCarrier:
    """See `bus.peer.Carrier`. Single-threaded but for `offload`."""

    def __init__(self, node: str, place: Place, serves: bool) -> None:
        """Open the sockets; only a carrier that serves binds, under the node's lock."""
        self.worker = Worker()
        self.drops = 0
        self.poll_list: list[tuple[Any, int]] = []
        self.passive: zmq.Socket[bytes] | None = None
        self.active: zmq.Socket[bytes] | None = None
        self.publisher: zmq.Socket[bytes] | None = None
        self.server: zmq.Socket[bytes] | None = None
        self.askers: dict[str, _Asker] = {}
        self.touched: Callable[[], None] = lambda: None
        self._node = node
        self._place = place
        self._context = zmq.Context()
        self._latched: dict[bytes, bytes] = {}
        self._connected: set[tuple[str, bool]] = set()
        if serves:
            self.publisher = self._socket(zmq.XPUB, WRITER_LINGER_MS)
            self.publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
            self.publisher.bind(place.publisher(node))
            self.server = self._socket(zmq.ROUTER, WRITER_LINGER_MS)
            self.server.bind(place.server(node))
        self._list_sockets()

    # --- bus.peer.Carrier ----------------------------------------------------------------------

    def send(self, key: bytes, frame: bytes, latched: bool) -> None:
        """See `bus.peer.Carrier.send`."""
        if self.publisher is None:
            raise BusError(f"{self._node} is a tool and publishes nothing")
        if latched:
            self._latched[key] = frame
        try:
            self.publisher.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            self.drops += 1
        self.touched()

    def listen(self, writer: str, key: bytes, active: bool) -> None:
        """See `bus.peer.Carrier.listen`. A writer outside the plan is not waited for."""
        if self._place.peers is not None and writer not in self._place.peers:
            return
        self.connect(writer, key, active)

    def ask(self, node: str, request: bytes, expires_ns: int) -> None:
        """See `bus.peer.Carrier.ask`."""
        asker = self.askers.get(node)
        if asker is None:
            socket = self._socket(zmq.DEALER, 0)
            socket.setsockopt(zmq.IMMEDIATE, 1)
            socket.connect(self._place.server(node))
            asker = self.askers[node] = _Asker(socket)
        if len(asker.unsent) >= MOST_UNSENT_REQUESTS:
            asker.unsent.popleft()
            self.drops += 1
        asker.unsent.append((expires_ns, request))
        self._list_sockets()
        self.touched()

    def answer(self, address: bytes, response: bytes) -> None:
        """See `bus.peer.Carrier.answer`."""
        if self.server is not None:
            try:
                self.server.send_multipart((address, response), zmq.NOBLOCK)
            except zmq.Again:
                self.drops += 1
            self.touched()

    def offload(self, work: Callable[[], R], done: Callable[[R | Exception], None]) -> None:
        """See `bus.peer.Carrier.offload`."""
        self.worker.offload(work, done)

    def usage(self) -> Usage:
        """See `bus.peer.Carrier.usage`."""
        return process_usage()

    def log(self, level: str, text: str) -> None:
        """See `bus.peer.Carrier.log`. A full pipe drops the line and counts it."""
        prefix = _LEVELS.get(level, _LEVELS["info"])
        lines = b"".join(prefix + line.encode() + b"\n" for line in text.splitlines() or [""])
        try:
            os.write(2, lines)
        except OSError:
            self.drops += 1

    # --- for the loop --------------------------------------------------------------------------

    def connect(self, writer: str, key: bytes, active: bool) -> None:
        """Connect to a writer and subscribe to the key; an empty key means everything."""
        socket = self._reading(active)
        if (writer, active) not in self._connected:
            self._connected.add((writer, active))
            socket.connect(self._place.publisher(writer))
        socket.subscribe(key)
        self.touched()

    def drain(
        self,
        socket: "zmq.Socket[bytes] | None",
        accept: Callable[[bytes, int], object],
        now_ns: int,
    ) -> None:
        """Hand on every frame that waits on a reading socket."""
        if socket is None:
            return
        for _ in range(MOST_FRAMES_A_ROUND):
            if not int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                return
            try:
                accept(socket.recv(zmq.NOBLOCK), now_ns)
            except zmq.Again:
                return

    def resend_latched(self) -> None:
        """Answer new subscriptions with the latched frames that they ask for.

        The frame goes to all readers of the topic; those that have it drop it by its sequence.
        """
        if self.publisher is None:
            return
        while True:
            try:
                event = self.publisher.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] == b"\x01":
                for key, frame in self._latched.items():
                    if key.startswith(event[1:]):
                        self.publisher.send(retained(frame), zmq.NOBLOCK)

    def requests(self, accept: Callable[[bytes, bytes], None]) -> None:
        """Hand on every request that waits."""
        if self.server is None:
            return
        for _ in range(MOST_FRAMES_A_ROUND):
            try:
                frames = self.server.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frames) == 2:
                accept(frames[0], frames[1])

    def responses(self, accept: Callable[[bytes], None], now_ns: int) -> None:
        """Send the requests that wait and hand on every answer that has come."""
        for asker in list(self.askers.values()):
            had_unsent = bool(asker.unsent)
            asker.flush(now_ns)
            if had_unsent and not asker.unsent:
                self._list_sockets()
            while True:
                try:
                    accept(asker.socket.recv(zmq.NOBLOCK))
                except zmq.Again:
                    break

    def close(self) -> None:
        """Close every socket; what was published last still leaves."""
        self.worker.close()
        for socket in (self.passive, self.active, self.publisher, self.server):
            if socket is not None:
                socket.close()
        for asker in self.askers.values():
            asker.socket.close()
        self._context.term()

    # --- inside --------------------------------------------------------------------------------

    def _socket(self, kind: int, linger_ms: int) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, linger_ms)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        return socket

    def _reading(self, active: bool) -> "zmq.Socket[bytes]":
        socket = self.active if active else self.passive
        if socket is None:
            socket = self._socket(zmq.SUB, 0)
            if active:
                self.active = socket
                self._list_sockets()
            else:
                self.passive = socket
        return socket

    def _list_sockets(self) -> None:
        self.poll_list = [
            (socket, zmq.POLLIN)
            for socket in (self.active, self.publisher, self.server)
            if socket is not None
        ]
        self.poll_list += [
            (asker.socket, zmq.POLLIN | (zmq.POLLOUT if asker.unsent else 0))
            for asker in self.askers.values()
        ]

"""The bus between processes: one XPUB and one ROUTER a node, over ipc sockets, without a broker.

Subscribers connect directly to the writers of their topics. Subscriptions without a callback have
their own socket, which does not wake the process; it is drained before any callback runs.
"""

import contextlib
import os
import select
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import TypeVar

import zmq
from zmq.backend import Socket as BareSocket

from bus.envelope import MOST_UNSENT_REQUESTS
from bus.interface import BusError
from bus.measure import Usage, process_usage
from bus.offload import Worker
from bus.place import Place
from bus.publisher import Publisher
from bus.wire import MAX_FRAME_BYTES, retained

R = TypeVar("R")

# As plain integers: the operators of the enums cost more than the calls that use them.
NOBLOCK, POLLIN, POLLOUT = (int(flag) for flag in (zmq.NOBLOCK, zmq.POLLIN, zmq.POLLOUT))

_send = BareSocket.send  # without handling options that frames never have

Socket = zmq.Socket[bytes]

HIGH_WATER = 1000  # frames kept for each slow peer; beyond it the newest are lost, counted as gaps
RECONNECT_MS = 5  # a restarted writer is connected after a few of these
RECONNECT_MAX_MS = 40
WRITER_LINGER_MS = 100  # for the last status; a hanging subscriber does not delay the end longer
MOST_FRAMES_A_ROUND = 200  # then callbacks, requests and deadlines run
FRAMES_AT_A_TIME = 32  # read, then decoded: more are faster and delay deadlines longer
MOST_BACKLOG = 4 * HIGH_WATER  # passive subscriptions are drained to the newest, after any sleep
MOST_DRAINING_NS = 3_000_000
SHORT_ROUND_S = 0.025
MOST_REQUESTS_A_ROUND = 16
MOST_MESSAGE_BYTES = 4 * MAX_FRAME_BYTES  # an answer may be longer than a frame

# Prefixes of lines on stderr by level: sd-daemon(3).
_LEVELS = {"error": b"<3>", "warning": b"<4>", "info": b"<6>", "debug": b"<7>"}


def _events(socket: Socket) -> int:
    """Return the possible operations. A poll costs half as much as reading the socket option."""
    found = zmq.zmq_poll([(socket, POLLIN | POLLOUT)], 0)
    return int(found[0][1]) if found else 0


class _Asker:
    """The socket for requests to one node; requests wait here until it is connected."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.unsent: deque[tuple[int, bytes]] = deque()

    def flush(self, now_ns: int) -> None:
        """Send the waiting requests; expired ones are dropped, as their caller has got TIMEOUT."""
        while self.unsent:
            expires_ns, request = self.unsent[0]
            if expires_ns > now_ns:
                try:
                    self.socket.send(request, NOBLOCK)
                except zmq.Again:
                    return
            self.unsent.popleft()


class ZmqCarrier:
    """See `bus.peer.Carrier`. Single-threaded except for `offload`.

    All descriptors that can wake the node are in one epoll: those of the sockets and watched ones.
    The descriptor of a ZeroMQ socket is edge-triggered, and any call on the socket may consume the
    edge; so a used socket is `touched` and polled again before the node sleeps.
    """

    def __init__(self, node: str, place: Place, serves: bool) -> None:
        """Open the sockets; only a carrier that serves binds, under the node's lock."""
        self.worker = Worker()
        self.epoll = select.epoll()
        self.drops = 0
        self.touched: set[Socket] = set()
        self.on_touched: Callable[[], None] | None = None
        self.passive: Socket | None = None
        self.active: Socket | None = None
        self.publisher: Socket | None = None
        self.server: Socket | None = None
        self.active_fd = -1
        self.server_fd = -1
        self.askers: dict[int, _Asker] = {}
        self._node = node
        self._place = place
        self._context = zmq.Context()
        self._asker_of: dict[str, _Asker] = {}
        self._latched: dict[bytes, bytes] = {}
        self._looks_left_out = 0
        self._fds: dict[Socket, int] = {}
        self._connected: set[tuple[str, bool]] = set()
        self._bound: list[tuple[str, os.stat_result]] = []
        if serves:
            try:
                self._serve()
            except BaseException:
                self.close(is_orderly=False)
                raise

    # --- bus.peer.Carrier ----------------------------------------------------------------------

    def send(self, row: Publisher, frame: bytes) -> bool:
        """See `bus.peer.Carrier.send`. Every repeat is sent."""
        publisher = self.publisher
        if publisher is None:
            raise BusError(f"{self._node} is a tool and publishes nothing")
        if row.latched:
            self._latched[row.key] = frame
        try:
            _send(publisher, frame, NOBLOCK)
        except zmq.Again:
            self.drops += 1
        if publisher not in self.touched:
            self._touch(publisher)
        return False

    def end_repeats(self, row: Publisher) -> None:
        """See `bus.peer.Carrier.end_repeats`. No repeats are left out here."""

    def send_again(self) -> None:
        """See `bus.peer.Carrier.send_again`. No repeats are left out here."""

    def listen(self, writer: str, key: bytes, active: bool) -> None:
        """See `bus.peer.Carrier.listen`. Writers outside the plan are left out."""
        if self._place.peers is None or writer in self._place.peers:
            self.connect(writer, key, active)

    def ask(self, node: str, request: bytes, expires_ns: int) -> None:
        """See `bus.peer.Carrier.ask`."""
        asker = self._asker_of.get(node)
        if asker is None:
            socket = self._socket(zmq.DEALER, 0, wakes=True)
            socket.setsockopt(zmq.IMMEDIATE, 1)
            socket.connect(self._place.server(node))
            asker = self._asker_of[node] = self.askers[socket.fileno()] = _Asker(socket)
        if len(asker.unsent) >= MOST_UNSENT_REQUESTS:
            asker.unsent.popleft()
            self.drops += 1
        asker.unsent.append((expires_ns, request))
        self._touch(asker.socket)

    def answer(self, address: bytes, response: bytes) -> None:
        """See `bus.peer.Carrier.answer`."""
        if self.server is None:
            return
        try:
            self.server.send_multipart((address, response), NOBLOCK)
        except zmq.Again:
            self.drops += 1
        self._touch(self.server)

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """See `bus.peer.Carrier.offload`."""
        self.worker.offload(work, done)

    def post(self, action: Callable[[], None]) -> None:
        """See `bus.peer.Carrier.post`."""
        self.worker.post(action)

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
        if active:
            self._touch(socket)

    def wait(self, timeout_s: float | None) -> Collection[int]:
        """Sleep until a descriptor is ready; return the ready ones."""
        if not self.touched or self._may_look_later(timeout_s):
            return [fd for fd, _ in self.epoll.poll(timeout_s)]
        ready = set()
        for socket in self.touched:
            fd, events = self._fds[socket], _events(socket)
            asker = self.askers.get(fd)
            if events & POLLIN or (asker and asker.unsent and events & POLLOUT):
                ready.add(fd)
        self.touched.clear()
        ready.update(fd for fd, _ in self.epoll.poll(0.0 if ready else timeout_s))
        return ready

    def _may_look_later(self, timeout_s: float | None) -> bool:
        """Return whether only new subscriptions could be missed, and the next round is soon.

        New subscriptions matter for latched topics only; a node that publishes in each of its short
        rounds checks for them in every fifth round.
        """
        is_near = timeout_s is not None and timeout_s < SHORT_ROUND_S
        if is_near and self._looks_left_out < 4 and self.touched == {self.publisher}:
            self._looks_left_out += 1
            return True
        self._looks_left_out = 0
        return False

    def drain(
        self,
        socket: Socket,
        accept: Callable[[bytes, int], object],
        now_ns: int,
        most: int = MOST_FRAMES_A_ROUND,
        run: Callable[[], None] = lambda: None,
    ) -> None:
        """Pass every waiting frame of a SUB socket to `accept`, for 3 ms at most.

        Most often there is one frame: a poll for a second one is cheaper than an exception. More
        frames are read without polls, FRAMES_AT_A_TIME at a time, which uses the caches better.
        `run` is called after the first frame, and after each of these groups.
        """
        receive = socket.recv
        frames: list[bytes] = []
        try:
            accept(receive(NOBLOCK), now_ns)
            run()
            if not _events(socket) & POLLIN:
                return
            for _ in range(0, most, FRAMES_AT_A_TIME):
                for _ in range(FRAMES_AT_A_TIME):
                    frames.append(receive(NOBLOCK))
                for frame in frames:
                    accept(frame, now_ns)
                frames.clear()
                run()
                if time.monotonic_ns() - now_ns > MOST_DRAINING_NS:
                    break
        except zmq.Again:
            for frame in frames:
                accept(frame, now_ns)
            run()
            return
        self.touched.add(socket)

    def resend_latched(self) -> None:
        """Send the latched frames of new subscriptions again.

        A frame goes to all subscribers of the topic; those that have it drop it by its sequence.
        """
        if self.publisher is None:
            return
        while True:
            try:
                event = self.publisher.recv(NOBLOCK)
            except zmq.Again:
                return
            if event[:1] == b"\x01":
                for key, frame in self._latched.items():
                    if key.startswith(event[1:]):
                        try:
                            self.publisher.send(retained(frame), NOBLOCK)
                        except zmq.Again:
                            self.drops += 1

    def requests(self, accept: Callable[[bytes, bytes], None]) -> None:
        """Pass every waiting request to `accept`."""
        if self.server is None:
            return
        for _ in range(MOST_REQUESTS_A_ROUND):
            try:
                frames = self.server.recv_multipart(NOBLOCK)
            except zmq.Again:
                return
            if len(frames) == 2:
                accept(frames[0], frames[1])
        self.touched.add(self.server)

    def responses(self, asker: _Asker, accept: Callable[[bytes], None], now_ns: int) -> None:
        """Send the waiting requests to a node and pass every answer to `accept`."""
        asker.flush(now_ns)
        for _ in range(MOST_FRAMES_A_ROUND):
            try:
                accept(asker.socket.recv(NOBLOCK))
            except zmq.Again:
                return
        self.touched.add(asker.socket)

    def close(self, is_orderly: bool = True) -> None:
        """Close every socket, after the last messages have been sent.

        If orderly, also wait for offloaded work and remove the sockets' files.
        """
        self.worker.close(is_orderly)
        if is_orderly:
            self._remove_files()
        self.epoll.close()
        for socket in (self.passive, self.active, self.publisher, self.server):
            if socket is not None:
                socket.close()
        for asker in self.askers.values():
            asker.socket.close()
        self._context.term()

    # --- inside --------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Bind both sockets.

        :raises zmq.ZMQError: a path is too long for a socket, or is in no directory.
        """
        self.publisher = self._socket(zmq.XPUB, WRITER_LINGER_MS, wakes=True)
        self.publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._bind(self.publisher, self._place.publisher(self._node))
        self.server = self._socket(zmq.ROUTER, WRITER_LINGER_MS, wakes=True)
        self._bind(self.server, self._place.server(self._node))
        self.server_fd = self.server.fileno()

    def _socket(self, kind: int, linger_ms: int, wakes: bool) -> Socket:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, linger_ms)
        socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
        socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        socket.setsockopt(zmq.MAXMSGSIZE, MOST_MESSAGE_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        self._fds[socket] = socket.fileno()
        if wakes:
            self.epoll.register(socket.fileno(), select.EPOLLIN)
        return socket

    def _bind(self, socket: Socket, endpoint: str) -> None:
        socket.bind(endpoint)
        path = endpoint.removeprefix("ipc://")
        self._bound.append((path, os.stat(path)))

    def _remove_files(self) -> None:
        """Remove the files of the sockets while they are open: until then their inodes are in use.

        A file that another process has bound there meanwhile, after the lock was lost, stays.
        """
        for path, own in self._bound:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(path), own):
                    os.unlink(path)

    def _reading(self, active: bool) -> Socket:
        socket = self.active if active else self.passive
        if socket is None:
            socket = self._socket(zmq.SUB, 0, wakes=active)
            if active:
                self.active = socket
                self.active_fd = socket.fileno()
            else:
                self.passive = socket
        return socket

    def _touch(self, socket: Socket) -> None:
        self.touched.add(socket)
        if self.on_touched is not None:
            self.on_touched()

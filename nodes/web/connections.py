"""The connections of the page, bounded where the server takes them: at their sockets.

waitress works with the socket that it is given to listen on, and with those that this one accepts.
They are ours, and know by the monotonic clock what has moved on each connection: so none of the
bounds is put into waitress itself, and a wall clock that is set moves none of them.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wsgi import ClosingIterator

MOST_CONNECTIONS = 128  # assumed: 32 streams, and 6 connections of each of some browsers
IDLE_S = 60.0  # assumed: browsers reopen by themselves; a stream sends each 12 s (web/streams.py)
STALLED_S = 20.0  # assumed: a reader that takes nothing of what is sent, or a peer that has gone
BUFFER_BYTES = 64 * 1024  # of output in the system for one reader

_HEADER_END = b"\r\n\r\n"


class Listener(socket.socket):
    """Accepts connections, and ends those that are idle, stalled or too many."""

    def __init__(self, family: int, kind: int, protocol: int, now_s: Callable[[], float]) -> None:
        """`now_s` is monotonic and may be called by any thread."""
        super().__init__(family, kind, protocol)
        self.now_s = now_s
        self._lock = threading.Lock()  # a descriptor is not closed while it is used here
        self._open: dict[tuple[str, str], Connection] = {}  # by the host and port of the peer
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What is accepted inherits these (tcp(7), socket(7)). The system ends a connection whose
        # reader has had a full buffer for so long, or has not acknowledged anything.
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALLED_S * 1000))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)

    def accept(self) -> tuple["Connection", Any]:
        """Accept a connection; for one too many another one goes, see `Connection.rank`."""
        plain, address = super().accept()
        peer = (address[0], str(address[1]))
        connection = Connection(self, plain.detach(), peer)
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                self._cut((min(self._open.values(), key=Connection.rank),))
            self._open[peer] = connection
        return connection, address

    def marking(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Return the WSGI app, with each connection marked while it is being answered."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            connection = self._open.get((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
            if connection is None:
                return app(environ, start_response)  # it has been cut
            connection.is_asked = True
            return ClosingIterator(app(environ, start_response), connection.is_over)

        return answer

    @property
    def connections(self) -> tuple["Connection", ...]:
        """Return those that are open and have not been cut."""
        with self._lock:
            return tuple(self._open.values())

    def cut_idle(self) -> None:
        """End the connections on which nothing has moved for IDLE_S."""
        since_s = self.now_s() - IDLE_S
        with self._lock:
            self._cut([each for each in self._open.values() if each.active_s < since_s])

    def cut_all(self) -> None:
        """End all connections."""
        with self._lock:
            self._cut(list(self._open.values()))

    def forget(self, connection: "Connection", close: Callable[[], None]) -> None:
        """Close a connection that its server is done with."""
        with self._lock:
            if self._open.get(connection.peer) is connection:
                del self._open[connection.peer]
            close()

    def _cut(self, connections: Iterable["Connection"]) -> None:
        """End connections both ways; their server sees that, and closes them."""
        for connection in connections:
            del self._open[connection.peer]
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Connection(socket.socket):
    """One connection, and when something last moved on it."""

    def __init__(self, listener: Listener, descriptor: int, peer: tuple[str, str]) -> None:
        super().__init__(fileno=descriptor)
        self._listener = listener
        self._tail = b""  # of what was read last: a header may end in what comes next
        self.peer = peer
        self.active_s = listener.now_s()
        self.is_asked = False  # for something that is being made, as a stream is

    def is_over(self) -> None:
        """Note that the answer has been made, whether or not its reader takes it."""
        self.is_asked = False

    def rank(self) -> tuple[bool, float]:
        """Return what tells who goes first: who waits for nothing, and is idle longest.

        Who does not read an answer waits for nothing: else as many could keep all others out.
        """
        return self.is_asked, self.active_s

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive no further than to the end of a header, and so one request at most.

        waitress takes in all requests of what it reads at once, and answers them whether or not
        their sender reads: a hundred in one piece would hold a thread until STALLED_S.
        """
        seen = self._tail + super().recv(size, flags | socket.MSG_PEEK)
        end = seen.find(_HEADER_END)
        length = end + len(_HEADER_END) if end >= 0 else len(seen)
        received = super().recv(max(1, length - len(self._tail)), flags)
        self._tail = b"" if end >= 0 else seen[-(len(_HEADER_END) - 1) :]
        self.active_s = self._listener.now_s()
        return received

    def send(self, data: Any, flags: int = 0) -> int:
        """Send what the system takes."""
        sent = super().send(data, flags)
        self.active_s = self._listener.now_s()
        return sent

    def close(self) -> None:
        """Close it; see `Listener.forget`."""
        self._listener.forget(self, super().close)

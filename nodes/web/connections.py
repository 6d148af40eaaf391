"""The connections of the page, with limits at their sockets.

waitress gets a listening socket of a class of this module, which accepts connections of another
class of it. Both record by the monotonic clock when a connection was last active. So waitress
itself needs no time limit, and setting UTC changes nothing.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wsgi import ClosingIterator

from web.errors import LOCAL_ADDRESS

MOST_CONNECTIONS = 128  # assumed: 32 streams, and 6 connections of each of some browsers
IDLE_S = 60.0  # assumed: browsers open again by themselves; a stream sends each 12 s
STALLED_S = 20.0  # assumed: for a client that reads nothing, or a peer that has gone
BUFFER_BYTES = 64 * 1024  # of output in the kernel for one client

_HEADER_END = b"\r\n\r\n"


class ConnectionListener(socket.socket):
    """Accepts connections, and ends those that are idle, stalled or too many."""

    def __init__(self, family: int, kind: int, protocol: int, now_s: Callable[[], float]) -> None:
        """`now_s` is monotonic and may be called by any thread."""
        super().__init__(family, kind, protocol)
        self.now_s = now_s
        self._lock = threading.Lock()  # no descriptor is closed while it is used here
        self._open: dict[tuple[str, str], Connection] = {}  # by the host and port of the peer
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit these (tcp(7), socket(7)). The kernel ends a connection whose
        # buffer was full, or whose data was not acknowledged, for that time.
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALLED_S * 1000))
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)

    def accept(self) -> tuple["Connection", Any]:
        """Accept a connection; if there are too many, end another one, see `Connection.rank`."""
        plain, address = super().accept()
        peer = (address[0], str(address[1]))
        connection = Connection(self, plain.detach(), peer)
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                self._cut((min(self._open.values(), key=Connection.rank),))
            self._open[peer] = connection
        return connection, address

    def marking(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Return the WSGI app, which marks each connection while it is being answered."""

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            connection = self._open.get((environ["REMOTE_ADDR"], environ["REMOTE_PORT"]))
            if connection is None:
                return app(environ, start_response)  # it has been cut
            connection.is_asked = True
            environ[LOCAL_ADDRESS] = connection.local_address
            return ClosingIterator(app(environ, start_response), connection.is_over)

        return answer

    @property
    def connections(self) -> tuple["Connection", ...]:
        """Return those that are open and have not been cut."""
        with self._lock:
            return tuple(self._open.values())

    def cut_idle(self) -> None:
        """End the connections that were not active for IDLE_S."""
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
    """One connection, and when it was last active."""

    def __init__(
        self, listener: ConnectionListener, descriptor: int, peer: tuple[str, str]
    ) -> None:
        super().__init__(fileno=descriptor)
        self._listener = listener
        self._tail = b""  # of the last data: a header may end in the next
        self.peer = peer
        self.local_address = str(self.getsockname()[0])
        self.active_s = listener.now_s()
        self.is_asked = False  # an answer is being made, for example a stream

    def is_over(self) -> None:
        """Record that the answer has been made, whether or not the client reads it."""
        self.is_asked = False

    def rank(self) -> tuple[bool, float]:
        """Return the order of ending: first those that wait for no answer, the longest idle first.

        A client that does not read a finished answer does not count as waiting: else such clients
        could keep all others out.
        """
        return self.is_asked, self.active_s

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive up to the end of a header, and so one request at most.

        waitress parses all requests in what it reads, and answers them even if the client does not
        read: a hundred in one segment would block a thread until STALLED_S.
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
        """Close it; see `ConnectionListener.forget`."""
        self._listener.forget(self, super().close)

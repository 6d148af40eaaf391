"""The HTTP server: waitress in threads of its own, with bounds on all that a reader can hold.

Most of the threads may serve streams (`web.streams`); twelve are always left for pages. A reader
that takes nothing for a while is cut off, and so is one that asks on and on without reading, and,
when there are too many, the connection that has been idle longest. So no thread but those of
streams waits for a reader.
"""

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from bus import DriverError

THREADS = 44  # assumed: 32 for streams, 12 for pages
MOST_CONNECTIONS = 128  # ours; beyond it the one that is idle longest is closed
SPARE_CONNECTIONS = 32  # ours; until then waitress accepts
MOST_REQUESTS = 2  # of one connection: one is answered, one waits; browsers send no third
IDLE_S = 60  # ours: a connection without a request
STALLED_S = 20.0  # ours: a reader that takes nothing of what waits for it
LOOK_EVERY_S = 5
TELL_EVERY_S = 60.0  # ours: the same line of waitress
UNANSWERED_MS = 30_000  # ours: so long until the system takes a peer for gone
BUFFER_BYTES = 64 * 1024  # of output that waits for one reader; the system has as much
HEADER_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
BACKLOG = 128
THREADS_END_S = 0.4  # when it closes: for the requests that run
FLUSHES, FLUSH_S = 4, 0.05  # then for what is on its way out


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes any free one.

    :raises DriverError: the host is not one of this machine, or the port is busy.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise DriverError(
            f"{host} cannot be found ({error.strerror or error}); "
            "expected an address of this machine, or 0.0.0.0 for all",
            parameter="host",
        ) from error
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise _bind_error(host, port, error) from error
    return bound


def _bind_error(host: str, port: int, error: OSError) -> DriverError:
    why = error.strerror or str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return DriverError(
            f"{host} is no address of this machine ({why}); expected one, or 0.0.0.0 for all",
            parameter="host",
        )
    return DriverError(
        f"port {port} cannot be had on {host} ({why}); expected a free one, or 0 for any",
        parameter="port",
    )


class PageServer:
    """Serves an app on a bound socket until it is stopped."""

    def __init__(
        self,
        app: Any,
        bound: socket.socket,
        tell: Callable[[str, str], None],
        now_s: Callable[[], float],
    ) -> None:
        """Listen; who comes before `start` waits."""
        _log_to(_ToLog(tell, now_s))
        self._map: dict[int, Any] = {}
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(THREADS)
        self._server = _Server(
            now_s,
            app,
            self._map,
            True,
            bound,
            dispatcher=self._dispatcher,
            adj=_adjustments(bound),
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
            bind_socket=False,
        )
        self._stopping = threading.Event()
        self._waking = threading.Lock()  # held while the trigger is used: it is not closed then
        self._on_closed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def channels(self) -> list[Any]:
        """Return the open connections, as waitress has them."""
        return list(self._server.active_channels.values())

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, on_closed: Callable[[], None]) -> None:
        """Begin to close; `on_closed` runs in the server's thread when nothing answers any more.

        The streams must have been closed before.
        """
        self._on_closed = on_closed
        with self._waking:
            self._stopping.set()
            self._server.pull_trigger()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                wasyncore.loop(LOOK_EVERY_S, use_poll=True, map=self._map, count=1)
            self._server.accepting = False
            self._dispatcher.shutdown(timeout=THREADS_END_S)
            for _ in range(FLUSHES):
                if not any(channel.total_outbufs_len for channel in self.channels):
                    break
                wasyncore.loop(FLUSH_S, use_poll=True, map=self._map, count=1)
        finally:
            with self._waking:
                wasyncore.close_all(self._map, ignore_all=True)
            self._on_closed()


class _Request(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """waitress, which misses the path when the sender of a broken request has gone."""

    path = ""


class _Channel(HTTPChannel):  # type: ignore[misc]
    """waitress, with an end for those who ask on without reading: their answers hold threads."""

    parser_class = _Request

    @property
    def last_activity(self) -> float:
        """Return when something was last taken or sent [monotonic s]."""
        return self._active_s

    @last_activity.setter
    def last_activity(self, _: float) -> None:
        # waitress says the wall clock's time, which may be set back: then nobody would be idle
        self._active_s: float = self.server.now_s()

    def received(self, data: bytes) -> bool:
        """Take what has come; close where too many requests wait."""
        is_taken = bool(super().received(data))
        if len(self.requests) > MOST_REQUESTS:
            self.will_close = True
        return is_taken


class _Server(TcpWSGIServer):  # type: ignore[misc]
    """waitress, with an end for readers that take nothing, and for too many connections."""

    channel_class = _Channel

    def __init__(self, now_s: Callable[[], float], *arguments: Any, **options: Any) -> None:
        self.now_s = now_s
        self._looked_s = float("-inf")
        super().__init__(*arguments, **options)

    def readable(self) -> bool:
        """Look after the connections in time, whatever the wall clock says; see waitress."""
        if self.now_s() - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = self.now_s()
            self.next_channel_cleanup = 0
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        """Cut off stalled readers, which waitress itself waits for; then do as waitress does."""
        now = self.now_s()  # not the wall clock's
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.total_outbufs_len and now - channel.last_activity > STALLED_S:
                _cut(channel)

    def handle_accept(self) -> None:
        """Accept a connection; for one too many the one that has been idle longest goes.

        Idle is also who does not read the answer: else as many of them could keep all others out.
        """
        super().handle_accept()
        channels = self.active_channels.values()
        if len(channels) > MOST_CONNECTIONS:
            idle = [each for each in channels if not each.requests]
            if idle:
                _cut(min(idle, key=lambda each: each.last_activity))


def _cut(channel: Any) -> None:
    """End a connection both ways; the server's loop sees that and cleans up."""
    with contextlib.suppress(OSError):
        channel.socket.shutdown(socket.SHUT_RDWR)


def _adjustments(bound: socket.socket) -> Any:
    adjustments = Adjustments(
        sockets=[bound],
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS + SPARE_CONNECTIONS,
        backlog=BACKLOG,
        channel_timeout=IDLE_S,
        cleanup_interval=LOOK_EVERY_S,
        # Reads on while a stream runs: so a reader that has gone is seen at once.
        channel_request_lookahead=1,
        outbuf_high_watermark=BUFFER_BYTES,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=BODY_BYTES,
        asyncore_use_poll=True,
        ident="",
    )
    adjustments.socket_options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES),
    ]
    return adjustments


class _ToLog(logging.Handler):
    """Gives what waitress has to say to the node's log, the same but once a minute.

    Strangers can have it speak as often as they like.
    """

    def __init__(self, tell: Callable[[str, str], None], now_s: Callable[[], float]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._now_s = now_s
        self._told_s: dict[tuple[str, int], float] = {}  # by the line of waitress that says it

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        line, now_s = (record.pathname, record.lineno), self._now_s()
        if now_s - self._told_s.get(line, float("-inf")) < TELL_EVERY_S:
            return
        self._told_s[line] = now_s
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._tell(level, f"http: {self.format(record)}")


def _log_to(handler: logging.Handler) -> None:
    log = logging.getLogger("waitress")
    log.handlers = [handler]
    log.propagate = False
    # How many requests wait for a thread is no news, and said with each of them.
    logging.getLogger("waitress.queue").disabled = True

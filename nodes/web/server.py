"""The HTTP server: waitress in its own threads, with limits on what each client can occupy.

Most of the threads may serve streams (`web.streams`); twelve are always left for pages. Each is
started when it is needed (`nodes.web.threads`). waitress reads a whole request before a thread
takes it, and the sockets of `nodes.web.connections` limit what it reads; so only threads of streams
wait for a client. waitress's own errors get the headers of all answers, by the classes that it
names for its channels and errors.
Servers whose threads read requests are not suitable: with 44 clients that send half a request,
cheroot 11.1 with 44 threads answers no other client.
"""

import codecs
import errno
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from bus import DriverError
from nodes.web.connections import BUFFER_BYTES, MOST_CONNECTIONS, ConnectionListener
from nodes.web.threads import RequestThreads
from web.app import MOST_BYTES
from web.headers import SECURITY_HEADERS, UNCACHED

SPARE_CONNECTIONS = 32  # that have been cut, until waitress has closed them
LOG_EVERY_S = 60.0  # assumed: for the same line of waitress
HEADER_BYTES = 16 * 1024
BODY_BYTES = MOST_BYTES + 4096  # the app judges the exact length; a body in chunks is longer
BACKLOG = 128
ROUND_S = 60.0  # assumed: each event wakes the server before
THREADS_END_S = 0.4  # how long a stop waits for the running requests
LATE_THREADS_S = 30.0  # how long threads that are later may still end, if the process still runs
FLUSH_S = 0.05  # how long a stop waits for pending output, after the running requests
NEVER_S = 10**9  # by the wall clock, see IDLE_S of `nodes.web.connections`

codecs.lookup("idna")  # getaddrinfo needs it; after the fork it would cost 0.9 MB


def bind(host: str, port: int, now_s: Callable[[], float]) -> ConnectionListener:
    """Return a bound socket; port 0 takes any free one. `now_s`: see `ConnectionListener`.

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
    bound = ConnectionListener(family, kind, protocol, now_s)
    try:
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


class _Refusal(ErrorTask):  # type: ignore[misc] # waitress has no types
    """The answer to a request that waitress itself refuses, with the headers of every answer."""

    def execute(self) -> None:
        """Write the answer."""
        self.response_headers.extend([*SECURITY_HEADERS.items(), ("Cache-Control", UNCACHED)])
        super().execute()


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection, as waitress sees it."""

    error_task_class = _Refusal


class PageServer:
    """Serves an app on a bound socket until it is stopped."""

    def __init__(
        self,
        app: Any,
        listener: ConnectionListener,
        log: Callable[[str, str], None],
        now_s: Callable[[], float],
    ) -> None:
        """Listen; connections before `start` wait."""
        _log_to(_ToLog(log, now_s))
        self._listener = listener
        self._map: dict[int, Any] = {}
        self._server = create_server(
            listener.marking(app),
            self._map,
            sockets=[listener],
            threads=0,  # its own; see below
            connection_limit=MOST_CONNECTIONS + SPARE_CONNECTIONS,
            backlog=BACKLOG,
            channel_timeout=NEVER_S,
            # Reads on while a stream runs, so that a client that has gone is seen at once.
            channel_request_lookahead=1,
            outbuf_high_watermark=BUFFER_BYTES,
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=BODY_BYTES,
            ident="",
        )
        self._server.channel_class = _Channel
        self._threads = self._server.task_dispatcher = RequestThreads()
        self._stopping = threading.Event()
        self._waking = threading.Lock()  # held while the trigger is used: it is not closed then
        self._on_closed: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def cut_idle(self) -> None:
        """End the connections that are idle; to be called every few seconds, by any thread."""
        self._listener.cut_idle()

    def stop(self, on_closed: Callable[[], None]) -> None:
        """Begin to close; `on_closed` runs in the server's thread when nothing answers any more.

        The streams must have been closed before.
        """
        self._on_closed = on_closed
        with self._waking:
            self._stopping.set()
            self._server.pull_trigger()

    def _run(self) -> None:
        """Serve, and close in order: waitress's own `run` would wait 5 s for its threads."""
        try:
            while not self._stopping.is_set():
                self._round(ROUND_S)
                self._threads.start_missing()
            self._server.accepting = False
            self._threads.shutdown(timeout=THREADS_END_S)
            self._round(FLUSH_S)
        finally:
            self._listener.cut_all()
            self._round(0.0)  # wakes threads that wait for their clients
            self._listener.close()
            self._on_closed()
            # A late thread may still write to the trigger's descriptor. It stays open until the
            # threads have ended, so that no other file gets its number.
            self._threads.shutdown(timeout=LATE_THREADS_S)
            if not self._threads.threads:
                with self._waking:
                    wasyncore.close_all(self._map, ignore_all=True)

    def _round(self, seconds: float) -> None:
        wasyncore.loop(seconds, use_poll=True, map=self._map, count=1)


class _ToLog(logging.Handler):
    """Passes the log of waitress to the node's log, each line once a minute at most.

    Any client can cause such lines, as often as it likes.
    """

    def __init__(self, log: Callable[[str, str], None], now_s: Callable[[], float]) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._now_s = now_s
        self._logged_s: dict[tuple[str, int], float] = {}  # by the line of waitress that says it

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        if _is_broken_off(record):
            return
        line, now_s = (record.pathname, record.lineno), self._now_s()
        if now_s - self._logged_s.get(line, float("-inf")) < LOG_EVERY_S:
            return
        self._logged_s[line] = now_s
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._log(level, f"http: {self.format(record)}")


def _is_broken_off(record: logging.LogRecord) -> bool:
    """Return whether it is about an invalid request whose client has gone: not worth a line.

    waitress 3.0.2 tries to log it at a lower level and fails, because such a request has no path
    (`HTTPChannel.service`).
    """
    error = record.exc_info[1] if record.exc_info else None
    return isinstance(error, AttributeError) and error.name == "path"


def _log_to(handler: logging.Handler) -> None:
    log = logging.getLogger("waitress")
    log.handlers = [handler]
    log.propagate = False
    # It logs with each request how many wait for a thread: not worth a line.
    logging.getLogger("waitress.queue").disabled = True

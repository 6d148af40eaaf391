"""The sockets of the portal: its page and its boxes on one port, reached from this machine alone.

The page is three files and a WebSocket. A foreign site can neither read nor act: the names in Host
and Origin have to be this machine's, and boxes send no Origin.
"""

import asyncio
import base64
import logging
import re
import signal
from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

import msgspec
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from portal.box_desk import BoxDesk
from portal.page_orders import carry_out
from portal.page_state import page_state
from portal.service import ChargingService

HOST = "127.0.0.1"
OCPP = Subprotocol("ocpp1.6")
MOST_FRAME_BYTES = 65_536  # assumed
MOST_PAGES = 16  # assumed: open ones
GATHER_S = 0.1  # changes within this time are shown together
STATIC = Path(__file__).parent / "static"
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/portal.css": ("portal.css", "text/css; charset=utf-8"),
    "/portal.js": ("portal.js", "text/javascript; charset=utf-8"),
    "/chart.js": ("chart.js", "text/javascript; charset=utf-8"),
}
_BOX = re.compile(r"/ocpp/(?P<identity>[A-Za-z0-9%._-]{1,150})")
_IDENTITY = re.compile(r"[ -~]{1,64}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class PortalServer:
    """The page, the boxes, and the service behind them."""

    def __init__(self, state_dir: Path) -> None:
        """Read what was kept.

        :raises OSError: it cannot be read.
        """
        self.service = ChargingService(state_dir, self._show, BoxDesk)
        self._pages: set[ServerConnection] = set()
        self._hosts: frozenset[str] = frozenset()
        self._due: asyncio.TimerHandle | None = None

    async def open(self, port: int) -> Server:
        """Open the port.

        :raises OSError: it is in use.
        """
        server = await serve(
            self._serve,
            HOST,
            port,
            subprotocols=None,
            select_subprotocol=_subprotocol,
            process_request=self._check,
            compression=None,
            max_size=MOST_FRAME_BYTES,
            open_timeout=10,
            ping_interval=20,
            ping_timeout=20,
        )
        bound = next(iter(server.sockets)).getsockname()[1]
        self._hosts = frozenset(f"{name}:{bound}" for name in (HOST, "localhost"))
        return server

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for a file; return None for a WebSocket that is admitted."""
        host, path = request.headers.get("Host", "").lower(), request.path.partition("?")[0]
        if host not in self._hosts:
            return _answer(HTTPStatus.MISDIRECTED_REQUEST, "unknown host name")
        if path in FILES:
            return _file(path, host)
        origin = request.headers.get("Origin")
        if path == "/page":
            if origin is None or origin.lower() != f"http://{host}":
                return _answer(HTTPStatus.FORBIDDEN, "this is not the page's own connection")
            is_full = len(self._pages) >= MOST_PAGES
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages") if is_full else None
        identity = _identity(path)
        if identity is None:
            return _answer(HTTPStatus.NOT_FOUND, "nothing here")
        if origin is not None:
            return _answer(HTTPStatus.FORBIDDEN, "a page is no box")
        if not self.service.admits(identity, _password(request.headers, identity)):
            answer = _answer(HTTPStatus.UNAUTHORIZED, "the key is not that of this box")
            answer.headers["WWW-Authenticate"] = 'Basic realm="portal"'
            return answer
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path.partition("?")[0]
        identity = _identity(path)
        if identity is None:
            await self._serve_page(connection)
        elif connection.subprotocol == OCPP:
            password = _password(connection.request.headers, identity)
            await self.service.serve_box(identity, password, connection)

    async def _serve_page(self, connection: ServerConnection) -> None:
        self._pages.add(connection)
        try:
            await connection.send(page_state(self.service))
            async for text in connection:
                problem = carry_out(self.service, text)
                if problem:
                    await connection.send(_problem(problem))
        except ConnectionClosed:
            pass
        finally:
            self._pages.discard(connection)

    def _show(self) -> None:
        """Send the page what has changed, soon."""
        if self._due is None and self._pages:
            self._due = asyncio.get_running_loop().call_later(GATHER_S, self._send)

    def _send(self) -> None:
        self._due = None
        broadcast(self._pages, page_state(self.service))


def serve_until_stopped(port: int, state_dir: Path, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM.

    :raises OSError: the port is in use, or what was kept cannot be read.
    """
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # every scan of a port is an error
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)  # it writes whole frames, keys as well
    asyncio.run(_serve_until_stopped(port, state_dir, ready))


async def _serve_until_stopped(port: int, state_dir: Path, ready: Callable[[], None]) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    portal = PortalServer(state_dir)
    async with await portal.open(port):
        looking = asyncio.ensure_future(portal.service.run())
        ready()
        await stopped.wait()
        looking.cancel()


def _identity(path: str) -> str | None:
    """Return whose address a path is; None: it is no box's."""
    match = _BOX.fullmatch(path)
    if match is None:
        return None
    identity = unquote(match["identity"])
    return identity if _IDENTITY.fullmatch(identity) else None


def _password(headers: Headers, identity: str) -> bytes | None:
    """Return the password of a box; None: it sends none, or that of another one."""
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    try:
        user, colon, password = base64.b64decode(given, validate=True).partition(b":")
    except ValueError:  # binascii.Error, or characters beyond ASCII
        return None
    is_own = scheme.lower() == "basic" and colon and user == identity.encode()
    return password if is_own else None


def _subprotocol(
    connection: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    return OCPP if OCPP in offered else None


@cache
def _content(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def _file(path: str, host: str) -> Response:
    name, kind = FILES[path]
    answer = _answer(HTTPStatus.OK, "", kind, _content(name))
    answer.headers["Content-Security-Policy"] = _POLICY.format(host=host)
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _answer(
    status: HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8", body: bytes = b""
) -> Response:
    body = body or f"{text}\n".encode()
    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return Response(status.value, status.phrase, headers, body)


def _problem(text: str) -> str:
    return msgspec.json.encode({"problem": text}).decode()

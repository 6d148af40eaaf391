"""The connection over a WebSocket (RFC 6455), with TLS and an HTTP proxy; no other file has one."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxyStatus,
    InvalidStatus,
    NegotiationError,
    ProxyError,
    WebSocketException,
)
from websockets.typing import Subprotocol

from bus import Bus
from bus.secret_file import SecretError, read_secret
from nodes.dcs.link import (
    MOST_FRAME_BYTES,
    Closed,
    CloseReason,
    Destination,
    LinkEvent,
    OneConnection,
    Opened,
    Ponged,
    ProxyServer,
    Uplink,
    received,
)

OPEN_S = 20.0  # assumed: name, proxy, TLS and handshake over a mobile network
CLOSE_S = 2.0  # assumed: until the other end has agreed to the end of the connection
PROXY_PASSWORD_FILE = "dcs-ProxyPassword"
"""In the state directory, mode 0600: secrets are never on the bus. An installer writes it."""

MOST_UNSENT = 64  # assumed: frames; a service that does not read is as good as lost


_NOT_LET_THROUGH = (401, 403, 407)  # RFC 9110: the answers of a proxy about the one who asks


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    ca_file: str = ""  # certificates of authorities, in place of those of the system


class WebSocketUplink(OneConnection["_SocketConnection"]):
    """See `link.Uplink`. One coroutine for each connection, which a later one replaces."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        super().__init__()
        self._bus = bus
        self._ca_file = parameters.ca_file

    def open(
        self,
        destination: Destination,
        subprotocol: str,
        password: bytes,
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        """See `link.Uplink.open`."""
        self.close()
        connection = _SocketConnection(self._bus, on_event)
        self.connection = connection
        headers = {}
        if destination.is_password_sent:
            pair = destination.identity.encode() + b":" + password
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        secret_file = self._bus.state_dir / PROXY_PASSWORD_FILE
        files = _Files(ca_file=self._ca_file, proxy_password=secret_file)
        self._bus.spawn(connection.run(destination, subprotocol, headers, files))


class _SocketConnection:
    """One connection, from the first packet to its end."""

    def __init__(self, bus: Bus, on_event: Callable[[LinkEvent], None]) -> None:
        self._bus = bus
        self._on_event = on_event
        self._unsent: asyncio.Queue[str | None] = asyncio.Queue(MOST_UNSENT)  # None: a ping
        self._is_left = False
        self._left = asyncio.Event()

    def put(self, text: str) -> None:
        """Send a frame after those before it."""
        self._queue(text)

    def ping(self) -> None:
        """Send a ping after the frames before it."""
        self._queue(None)

    def _queue(self, text: str | None) -> None:
        if self._is_left:
            return
        try:
            self._unsent.put_nowait(text)
        except asyncio.QueueFull:
            closed = Closed(reason=CloseReason.LOST, text="the service does not read")
            self._bus.post(partial(self._on_event, closed))  # the last that is reported
            self.leave()

    def leave(self) -> None:
        """Send what waits and close; nothing is reported any more."""
        self._is_left = True
        self._left.set()

    def _report(self, event: LinkEvent) -> None:
        self._bus.post(partial(self._deliver, event))

    def _deliver(self, event: LinkEvent) -> None:
        if not self._is_left:
            self._on_event(event)

    async def _hand_on(self, event: LinkEvent) -> None:
        """Report an event and wait until it is taken: so a flood fills no memory."""
        taken = asyncio.Event()

        def deliver() -> None:
            self._deliver(event)
            taken.set()

        self._bus.post(deliver)
        await taken.wait()

    async def run(
        self,
        destination: Destination,
        subprotocol: str,
        headers: dict[str, str],
        files: "_Files",
    ) -> None:
        """Connect, carry frames in both directions, and report the end."""
        try:
            opened = await _connect(destination, subprotocol, headers, files)
        except _NoConnectionError as error:
            self._report(Closed(reason=error.reason, text=str(error)))
            return
        try:
            await self._carry(opened)
        finally:
            with suppress(Exception):
                await opened.close()

    async def _carry(self, socket: ClientConnection) -> None:
        await self._hand_on(Opened())
        tasks = {
            asyncio.ensure_future(each)
            for each in (self._read(socket), self._write(socket), self._left.wait())
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except ConnectionClosed as error:
            self._report(Closed(reason=CloseReason.LOST, text=str(error)[:200]))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._is_left:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await self._flush(socket)

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            frame = await socket.recv()
            if isinstance(frame, str):  # OCPP has no binary frames
                await self._hand_on(received(frame))

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await self._send(socket, await self._unsent.get())

    async def _flush(self, socket: ClientConnection) -> None:
        while not self._unsent.empty():
            await self._send(socket, self._unsent.get_nowait())

    async def _send(self, socket: ClientConnection, text: str | None) -> None:
        if text is not None:
            await socket.send(text)
            return
        answered = asyncio.ensure_future(await socket.ping())
        answered.add_done_callback(self._on_pong)

    def _on_pong(self, answered: "asyncio.Future[Any]") -> None:
        if not answered.cancelled() and answered.exception() is None:
            self._report(Ponged())


class _NoConnectionError(Exception):
    """Raised when there is no connection; says why."""

    def __init__(self, reason: CloseReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class _Files(Struct, frozen=True, kw_only=True):
    """What a connection reads."""

    ca_file: str
    proxy_password: Path


async def _connect(
    destination: Destination, subprotocol: str, headers: dict[str, str], files: _Files
) -> ClientConnection:
    """Return an open connection.

    :raises _NoConnectionError: there is none.
    """
    is_tls = destination.url.startswith("wss:")
    if destination.is_tls_needed and not is_tls:
        text = "the security profile needs an address with wss://"
        raise _NoConnectionError(CloseReason.UNTRUSTED, text)
    context = None
    if is_tls:
        try:
            cafile = files.ca_file or None
            context = await asyncio.to_thread(ssl.create_default_context, cafile=cafile)
        except OSError as error:
            raise _NoConnectionError(CloseReason.UNTRUSTED, f"{cafile}: {error}") from error
    proxy = None
    if destination.proxy is not None:
        proxy = await asyncio.to_thread(_url_of, destination.proxy, files.proxy_password)
    try:
        socket = await connect(
            f"{destination.url.rstrip('/')}/{quote(destination.identity, safe='')}",
            subprotocols=[Subprotocol(subprotocol)],
            additional_headers=headers,
            ssl=context,
            proxy=proxy,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=None,  # the node pings
            max_size=MOST_FRAME_BYTES,
            max_queue=2,  # frames; then it reads no more
            compression=None,  # it costs memory, and frames are small
        )
    except ssl.SSLError as error:
        raise _NoConnectionError(CloseReason.UNTRUSTED, str(error)) from error
    except InvalidStatus as error:
        code = error.response.status_code
        reason = CloseReason.UNREACHABLE if code >= 500 else CloseReason.DENIED
        raise _NoConnectionError(reason, f"the server answers with status {code}") from error
    except InvalidProxyStatus as error:
        code = error.response.status_code
        reason = CloseReason.PROXY if code in _NOT_LET_THROUGH else CloseReason.UNREACHABLE
        raise _NoConnectionError(reason, f"the proxy answers with status {code}") from error
    except ProxyError as error:
        raise _NoConnectionError(CloseReason.PROXY, str(error)[:200]) from error
    except NegotiationError as error:
        raise _NoConnectionError(CloseReason.SUBPROTOCOL, str(error)) from error
    except TimeoutError as error:
        text = f"no connection within {OPEN_S:g} s"
        raise _NoConnectionError(CloseReason.UNREACHABLE, text) from error
    except (OSError, EOFError, WebSocketException, ValueError) as error:
        text = f"{type(error).__name__}: {error}"[:200]
        if proxy is not None:
            text = text.replace(proxy, "the proxy")  # it has a password
        raise _NoConnectionError(CloseReason.UNREACHABLE, text) from error
    if socket.subprotocol != subprotocol:
        await socket.close()
        text = f"the server does not take {subprotocol}"
        raise _NoConnectionError(CloseReason.SUBPROTOCOL, text)
    return socket


def _url_of(proxy: ProxyServer, password_file: Path) -> str:
    """Return the address of a proxy, with user and password. Blocks.

    :raises _NoConnectionError: the password cannot be read, or others can read it.
    """
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    user = ""
    if proxy.user:
        password = quote(_password(password_file), safe="")
        user = f"{quote(proxy.user, safe='')}:{password}@"
    return f"http://{user}{host}:{proxy.port}"


def _password(path: Path) -> str:
    try:
        return read_secret(path)
    except SecretError as error:
        raise _NoConnectionError(CloseReason.PROXY, str(error)) from error


def open(bus: Bus, parameters: Parameters) -> Uplink:
    """Return the driver."""
    return WebSocketUplink(bus, parameters)

"""The driver on real sockets: a host of the package `websockets` on the loopback."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.requests import StopReason
from nodes.dcs.link import (
    MOST_FRAME_BYTES,
    MOST_HEAD,
    Closed,
    CloseReason,
    Destination,
    FrameReceived,
    LinkEvent,
    LongFrame,
    Opened,
    Ponged,
    ProxyServer,
)
from nodes.dcs.link_websocket import PROXY_PASSWORD_FILE, Parameters, WebSocketUplink
from tests.certificates import self_signed

SUBPROTOCOL = "ocpp1.6"
SECRET = b"\x00\xff0123456789abcdef"  # any bytes


@pytest.fixture
def loop_bus(tmp_path: Path) -> Iterator[ZmqBus]:
    bus = open_node("dcs", Place(run_dir=tmp_path, state_dir=tmp_path))
    yield bus
    bus.close()


class Events:
    """What the driver has reported."""

    def __init__(self) -> None:
        self.found: list[LinkEvent] = []
        self._news = asyncio.Event()

    def __call__(self, event: LinkEvent) -> None:
        self.found.append(event)
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20.0):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def next(self, kind: type[Any]) -> Any:
        await self.until(lambda: any(isinstance(each, kind) for each in self.found))
        return next(each for each in self.found if isinstance(each, kind))


def run(bus: ZmqBus, scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario beside the node."""

    async def both() -> None:
        node = asyncio.ensure_future(bus.run_async(signals=False))
        try:
            await asyncio.wait_for(scenario, 60.0)
        finally:
            bus.post(lambda: bus.stop(StopReason.SHUTDOWN))
            await node

    asyncio.run(both())


@asynccontextmanager
async def host(
    handler: Callable[[ServerConnection], Coroutine[Any, Any, None]], **words: Any
) -> Any:
    async with serve(handler, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], **words) as server:  # type: ignore[list-item]
        yield server


def port(server: Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])


def destination(server: Server, **changes: Any) -> Destination:
    words = {"url": f"ws://127.0.0.1:{port(server)}/ocpp", "identity": "12345678"} | changes
    return Destination(**words)


@pytest.mark.req("DCS-1", "DCS-7")
def test_frames_and_pings_in_both_directions(loop_bus: ZmqBus) -> None:
    seen: list[Any] = []

    async def answer(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append((connection.request.path, connection.request.headers.get("Authorization")))
        async for frame in connection:
            seen.append(frame)
            await connection.send(f"you said {frame!s}")

    async def scenario() -> None:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        async with host(answer) as server:
            at = destination(server, is_password_sent=True)
            uplink.open(at, SUBPROTOCOL, SECRET, events)
            await events.next(Opened)
            uplink.send("hello")
            assert (await events.next(FrameReceived)).text == "you said hello"
            uplink.ping()
            await events.next(Ponged)
            uplink.send("last")
            uplink.close()  # what waits is sent before
            async with asyncio.timeout(10.0):
                while "last" not in seen:
                    await asyncio.sleep(0.01)
        assert not any(isinstance(each, Closed) for each in events.found)

    run(loop_bus, scenario())
    pair = base64.b64encode(b"12345678:" + SECRET).decode()
    assert seen[0] == ("/ocpp/12345678", f"Basic {pair}")


@pytest.mark.req("DCS-1")
def test_why_there_is_no_connection(loop_bus: ZmqBus, tmp_path: Path) -> None:
    async def idle(connection: ServerConnection) -> None:
        await connection.wait_closed()

    def deny(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(401, "no\n")

    def fail(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(503, "no\n")

    async def reason(at: Destination, subprotocol: str = SUBPROTOCOL) -> CloseReason:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        uplink.open(at, subprotocol, b"", events)
        closed: Closed = await events.next(Closed)
        assert closed.text
        return closed.reason

    async def scenario() -> None:
        async with host(idle) as server:
            gone = destination(server)
            assert await reason(gone, "ocpp9.9") in (CloseReason.SUBPROTOCOL, CloseReason.DENIED)
            tls = destination(server, is_tls_needed=True)
            assert await reason(tls) is CloseReason.UNTRUSTED
        assert await reason(gone) is CloseReason.UNREACHABLE
        async with host(idle, process_request=deny) as server:
            assert await reason(destination(server)) is CloseReason.DENIED
        async with host(idle, process_request=fail) as server:
            assert await reason(destination(server)) is CloseReason.UNREACHABLE
        nowhere = Destination(url="ws://nowhere.invalid/x", identity="1")
        assert await reason(nowhere) is CloseReason.UNREACHABLE

    run(loop_bus, scenario())


@pytest.mark.req("DCS-1")
def test_a_certificate_is_checked(loop_bus: ZmqBus, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def idle(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def scenario() -> None:
        async with host(idle, ssl=context) as server:
            url = f"wss://localhost:{port(server)}/ocpp"
            for ca_file, name, expected in (
                (str(certificate), "localhost", Opened),
                ("", "localhost", Closed),  # not signed by anybody
                (str(certificate), "127.0.0.1", Closed),  # of another host
            ):
                events = Events()
                uplink = WebSocketUplink(loop_bus, Parameters(ca_file=ca_file))
                at = Destination(
                    url=url.replace("localhost", name), identity="1", is_tls_needed=True
                )
                uplink.open(at, SUBPROTOCOL, b"", events)
                event = await events.next(expected)
                if isinstance(event, Closed):
                    assert event.reason is CloseReason.UNTRUSTED
                uplink.close()

    run(loop_bus, scenario())


PROXY_PASSWORD = "p@ss:wörd/%"


@pytest.mark.req("DCS-1", "WEB-12")
@pytest.mark.parametrize(
    ("user", "written", "mode", "expected"),
    [
        ("", "", 0, ""),
        ("box", PROXY_PASSWORD, 0o600, f"box:{PROXY_PASSWORD}"),
        ("böx", PROXY_PASSWORD + "\n", 0o400, f"böx:{PROXY_PASSWORD}"),
        ("box", "", 0, "box:"),  # there is no file
    ],
)
def test_the_connection_goes_through_the_proxy(
    loop_bus: ZmqBus, user: str, written: str, mode: int, expected: str
) -> None:
    asked: list[str] = []
    if written:
        write_password(loop_bus, written, mode)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways after a CONNECT (RFC 9110, section 9.3.6)."""
        head = await reader.readuntil(b"\r\n\r\n")
        asked.extend(head.decode().split("\r\n"))
        name, number = head.split()[1].decode().rsplit(":", 1)
        other_reader, other_writer = await asyncio.open_connection(name, int(number))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while content := await source.read(4096):
                sink.write(content)
            sink.close()

        await asyncio.gather(pipe(reader, other_writer), pipe(other_reader, writer))

    async def idle(connection: ServerConnection) -> None:
        await connection.send("through")
        await connection.wait_closed()

    async def scenario() -> None:
        proxy = await asyncio.start_server(forward, "127.0.0.1", 0)
        async with host(idle) as server, proxy:
            number = proxy.sockets[0].getsockname()[1]
            events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
            through = ProxyServer(host="127.0.0.1", port=number, user=user)
            uplink.open(destination(server, proxy=through), SUBPROTOCOL, b"", events)
            assert (await events.next(FrameReceived)).text == "through"
            assert asked[0] == f"CONNECT 127.0.0.1:{port(server)} HTTP/1.1"
            uplink.close()

    run(loop_bus, scenario())
    sent = [each.partition("Basic ")[2] for each in asked if "Proxy-Authorization" in each]
    assert [base64.b64decode(each).decode() for each in sent] == ([expected] if user else [])


def write_password(bus: ZmqBus, written: str, mode: int) -> None:
    path = bus.state_dir / PROXY_PASSWORD_FILE
    path.write_text(written, encoding="utf-8")
    path.chmod(mode)


@pytest.mark.req("WEB-12")
def test_what_is_wrong_with_a_proxy_is_said_without_its_password(loop_bus: ZmqBus) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def why(at: Destination) -> Closed:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        uplink.open(at, SUBPROTOCOL, b"", events)
        closed: Closed = await events.next(Closed)
        return closed

    async def scenario() -> None:
        write_password(loop_bus, PROXY_PASSWORD, 0o600)
        found: list[Closed] = []
        nowhere = Destination(url="ws://127.0.0.1:9/ocpp", identity="1")
        proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with proxy:
            number = proxy.sockets[0].getsockname()[1]
            through = ProxyServer(host="127.0.0.1", port=number, user="box")
            found.append(await why(replace(nowhere, proxy=through)))
            write_password(loop_bus, PROXY_PASSWORD, 0o644)
            found.append(await why(replace(nowhere, proxy=through)))
        write_password(loop_bus, PROXY_PASSWORD, 0o600)
        for name in ("[", "a b", "::1", "no such/name?"):
            wrong = ProxyServer(host=name, port=number, user="box")
            found.append(await why(replace(nowhere, proxy=wrong)))
        assert [each.reason for each in found[:2]] == [CloseReason.PROXY] * 2
        assert "407" in found[0].text
        assert "0644" in found[1].text
        secret = (PROXY_PASSWORD, quote(PROXY_PASSWORD, safe=""))
        assert not any(each in closed.text for each in secret for closed in found)

    run(loop_bus, scenario())


@pytest.mark.req("DCS-1")
@pytest.mark.parametrize(
    "url",
    ["ws://[", "ws://[::zz]:1", "ws://a:99999999", "wss://-", "ws://..", "ws://:80", "ws://]"],
)
def test_an_address_that_is_none_is_not_reached_and_ends_nothing(
    loop_bus: ZmqBus, url: str
) -> None:
    async def scenario() -> None:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        uplink.open(Destination(url=url, identity="1"), SUBPROTOCOL, b"", events)
        closed: Closed = await events.next(Closed)
        assert closed.reason is CloseReason.UNREACHABLE

    run(loop_bus, scenario())


@pytest.mark.req("DCS-7")
def test_floods_and_long_frames_fill_no_memory(loop_bus: ZmqBus) -> None:
    async def flood(connection: ServerConnection) -> None:
        for _ in range(2000):
            await connection.send("x" * 1000)
        for _ in range(20):
            await connection.send("z" * 1_000_000)
        await connection.send(["z" * 500_000, "z" * 500_000])  # in fragments
        await connection.send("y" * (MOST_FRAME_BYTES + 1))
        await connection.wait_closed()

    async def scenario() -> None:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        async with host(flood) as server:
            uplink.open(destination(server), SUBPROTOCOL, b"", events)
            closed: Closed = await events.next(Closed)
            assert closed.reason is CloseReason.LOST
        received = [each for each in events.found if isinstance(each, FrameReceived)]
        assert len(received) == 2000
        long = [each for each in events.found if isinstance(each, LongFrame)]
        assert {(len(each.head), each.length) for each in long} == {(MOST_HEAD, 1_000_000)}
        assert len(long) == 21

    run(loop_bus, scenario())


@pytest.mark.req("DCS-7")
def test_a_service_that_does_not_read_is_left(loop_bus: ZmqBus) -> None:
    over = asyncio.Event()

    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await over.wait()

    async def scenario() -> None:
        events, uplink = Events(), WebSocketUplink(loop_bus, Parameters())
        async with host(deaf) as server:
            uplink.open(destination(server), SUBPROTOCOL, b"", events)
            await events.next(Opened)
            for _ in range(2000):
                uplink.send("x" * 60_000)
                await asyncio.sleep(0)
                if any(isinstance(each, Closed) for each in events.found):
                    break
            closed: Closed = await events.next(Closed)
            assert closed.reason is CloseReason.LOST
            over.set()
            for connection in server.connections:
                connection.transport.abort()

    run(loop_bus, scenario())

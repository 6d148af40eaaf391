"""Reading over TCP on loopback: a real server, and servers with every kind of error."""

import asyncio
import contextlib
import socket
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bus import Bus, DriverError
from nodes.modbus_map import server_tcp
from nodes.modbus_map.bank import Bank
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec, Values
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.server_tcp import TcpServer
from nodes.modbus_map.transport import ReadError, Result
from tests.builders import line_values
from tests.closing import at_end
from tests.modbus_map.peers import PATIENCE_S, InLoop, connect, open_streams, read, read_all

TQ = load_map("tq")
LINE = line_values(6.0, imported_wh=1000.0, exported_wh=10.0)
VALUES = Values(lines=(LINE, LINE, LINE), power_w=4140.0, imported_wh=3000.0, exported_wh=30.0)
PARAMETERS = ("house_host", "house_port")
VOLTAGE_L1 = (3, 0x8270)  # 230 000 mV at 62


def serve(bus: Bus, port: int = 0) -> TcpServer:
    banks = {1: Bank(meter_map=TQ, values=lambda: VALUES)}
    server = TcpServer(bus, "127.0.0.1", port, PARAMETERS, banks)
    at_end(server.stop)
    return server


@pytest.mark.req("MET-1")
def test_all_values_of_a_meter_come_over_a_real_connection(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        transport = connect(loop_bus, server.port)
        registers = await read_all(transport, plan_blocks(TQ))
        assert not isinstance(registers, ReadError)
        values = Codec(TQ).decode(registers)
        assert values.power_w == pytest.approx(4140.0)
        assert values.lines[2].current_a == pytest.approx(6.0)
        assert values.exported_wh == pytest.approx(30.0)

    in_loop(scenario())


@pytest.mark.parametrize(
    ("unit", "function", "address", "count", "complaint"),
    [
        (7, 3, 62, 2, "gateway target device failed to respond (exception 11)"),
        (1, 4, 146, 2, "illegal data address (exception 2)"),
        (1, 3, 300, 2, "illegal data address (exception 2)"),
        (1, 3, 144, 4, "illegal data address (exception 2)"),
        (1, 3, 60_000, 2, "illegal data address (exception 2)"),
    ],
)
def test_what_the_meter_does_not_have_is_refused_and_the_connection_goes_on(
    loop_bus: Bus,
    in_loop: InLoop,
    unit: int,
    function: int,
    address: int,
    count: int,
    complaint: str,
) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        transport = connect(loop_bus, server.port)
        result = await read(transport, address, count, unit, function)
        assert isinstance(result, ReadError)
        assert result.text == f"refused to read {count} registers from {address}: {complaint}"
        assert await read(transport) == VOLTAGE_L1

    in_loop(scenario())


@pytest.mark.req("MET-3")
def test_a_stopped_server_refuses_and_a_started_one_is_found_again(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        port = server.port
        transport = connect(loop_bus, port)
        for _ in range(3):
            assert await read(transport) == VOLTAGE_L1
            server.stop()
            server.stop()  # harmless
            await read(transport)  # may still meet the connection that has just been closed
            assert await read(transport) == ReadError(text="connection refused")
            server.start()
            server.start()  # harmless
            assert server.port == port
        assert await read(transport) == VOLTAGE_L1
        server.stop()
        server.start()
        server.stop()  # before the loop has served anybody
        assert isinstance(await read(transport), ReadError)

    in_loop(scenario())


def test_a_busy_port_is_named_with_its_parameter(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(
                DriverError,
                match=f"TCP port {port} on 127.0.0.1 is in use .* choose another, 0 for any free",
            ) as refused:
                serve(loop_bus, port)
            assert refused.value.parameter == "house_port"

    in_loop(scenario())


def test_an_address_of_another_machine_is_named(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        complaint = r"TCP port 0 on 192\.0\.2\.1 cannot be opened: .*; expected an address of this"
        with pytest.raises(DriverError, match=complaint) as refused:
            TcpServer(loop_bus, "192.0.2.1", 0, PARAMETERS, {})
        assert refused.value.parameter == "house_host"

    in_loop(scenario())


async def connected(server: TcpServer) -> AsyncModbusTcpClient:
    client = AsyncModbusTcpClient("127.0.0.1", port=server.port, retries=0, timeout=PATIENCE_S)
    assert await client.connect()
    at_end(client.close)
    return client


def test_a_client_of_pymodbus_reads_what_the_meter_holds(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        client = await connected(server)
        for block in plan_blocks(TQ):
            held = await client.read_holding_registers(block.address, count=block.count)
            assert len(held.registers) == block.count
        voltage = await client.read_holding_registers(62, count=2, device_id=1)
        assert tuple(voltage.registers) == VOLTAGE_L1
        refused = await client.read_coils(62, count=2, device_id=1)
        assert refused.exception_code == 1

    in_loop(scenario())


def test_a_server_of_pymodbus_is_read(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        registers = SimData(address=62, values=list(VOLTAGE_L1), datatype=DataType.REGISTERS)
        server = ModbusTcpServer(SimDevice(id=1, simdata=[registers]), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        transport = connect(loop_bus, port)
        for _ in range(3):
            assert await read(transport) == VOLTAGE_L1
            assert await read(transport, function=4) == VOLTAGE_L1
            assert await read(transport, address=10) == ReadError(
                text="refused to read 2 registers from 10: illegal data address (exception 2)",
                is_refused=True,
            )
        await server.shutdown()  # type: ignore[no-untyped-call]
        await read(transport)  # may still meet the connection that has just been closed
        assert await read(transport) == ReadError(text="connection refused")

    in_loop(scenario())


def test_a_meter_has_no_register_that_can_be_written(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        client = await connected(server)
        answer = await client.write_register(62, 0, device_id=1)
        assert answer.exception_code == 1
        answer = await client.write_registers(62, [0] * 123, device_id=1)
        assert answer.exception_code == 1
        transport = connect(loop_bus, server.port)
        assert await read(transport) == VOLTAGE_L1

    in_loop(scenario())


def test_reads_asked_for_together_are_done_one_after_the_other(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        transport = connect(loop_bus, server.port)
        results = await asyncio.gather(*(read(transport, address) for address in (62, 102, 142)))
        assert results == [VOLTAGE_L1] * 3

    in_loop(scenario())


# --- clients that are broken -------------------------------------------------------------------

REQUEST = b"\0\x01\0\0\0\x06\x01\x03\0\x3e\0\x02"
ANSWER = b"\0\x01\0\0\0\x07\x01\x03\x04\x00\x03\x82\x70"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (REQUEST * 3, ANSWER * 3),  # in one piece, answered one after the other
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"\xff" * 3000, b""),
        (b"\0\x01\0\x01\0\x06\x01\x03\0\x3e\0\x02", b""),  # another protocol
        (b"\0\x01\0\0\0\x01\x01", b""),  # no function
        (b"\0\x01\0\0\0\x01\x01" + REQUEST, b""),
        (b"\0\x01\0\0\0\0" + REQUEST, b""),  # no unit
        (b"\0\x01\0\0\0\xff\x01\x03" + bytes(253), b""),  # longer than any frame
        # A frame of a function alone ends there, and the next one begins.
        (b"\0\x01\0\0\0\x02\x01\x03" + REQUEST, b"\0\x01\0\0\0\x03\x01\x83\x03" + ANSWER),
        (b"\0\x01\0\0\0\x02\x01\x03", b"\0\x01\0\0\0\x03\x01\x83\x03"),  # no registers
        (REQUEST[:-1], b""),
        (b"\0\x01\0\0\0\x07\x01\x03\0\x3e\0\x02\0", b"\0\x01\0\0\0\x03\x01\x83\x03"),
        (b"\0\x01\0\0\0\x06\x01\x03\0\x3e\0\0", b"\0\x01\0\0\0\x03\x01\x83\x03"),
        (b"\0\x01\0\0\0\x06\x01\x03\0\x3e\0\x7e", b"\0\x01\0\0\0\x03\x01\x83\x03"),
        (b"\0\x01\0\0\0\x06\x01\x2b\0\x3e\0\x02", b"\0\x01\0\0\0\x03\x01\xab\x01"),
    ],
)
def test_what_is_no_request_is_refused_or_ends_the_connection(
    loop_bus: Bus, in_loop: InLoop, sent: bytes, answered: bytes
) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        reader, writer = await open_streams(server.port)
        writer.write(sent)
        writer.write_eof()
        heard = b""
        with contextlib.suppress(ConnectionResetError):  # of bytes that nobody has read
            while chunk := await reader.read(1024):
                heard += chunk
        assert heard == answered
        transport = connect(loop_bus, server.port)
        assert await read(transport) == VOLTAGE_L1

    in_loop(scenario())


def test_half_a_request_is_waited_for_a_limited_time(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tcp, "IDLE_S", 0.1)

    async def scenario() -> None:
        server = serve(loop_bus)
        for sent in (b"", REQUEST[:5], REQUEST[:-1]):
            reader, writer = await open_streams(server.port)
            writer.write(sent)
            assert await reader.read() == b""

    in_loop(scenario())


def test_a_client_that_takes_no_answer_is_cut_off(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_tcp, "IDLE_S", 0.2)
    bind = socket.create_server

    def bind_small(*arguments: Any, **options: Any) -> socket.socket:
        """Listen for connections whose buffers are soon full."""
        listening = bind(*arguments, **options)
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            listening.setsockopt(socket.SOL_SOCKET, buffer, 4096)
        return listening

    monkeypatch.setattr(socket, "create_server", bind_small)

    async def scenario() -> None:
        server = serve(loop_bus)
        loop = asyncio.get_running_loop()
        longest = max(plan_blocks(TQ), key=lambda block: block.count)
        request = REQUEST[:-4] + longest.address.to_bytes(2) + longest.count.to_bytes(2)

        async def ask_on(deaf: socket.socket) -> None:
            while True:
                await loop.sock_sendall(deaf, request * 1000)

        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, ("127.0.0.1", server.port))
            with pytest.raises(ConnectionError):
                await ask_on(deaf)

    in_loop(scenario())


def test_no_more_connections_than_32_and_those_that_go_make_room(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def open_served() -> asyncio.StreamWriter | None:
        """Return a connection on which a request is answered; None if the server closes it."""
        reader, writer = await open_streams(server_port)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(REQUEST)
            assert await reader.readexactly(len(ANSWER)) == ANSWER
            return writer
        writer.close()
        return None

    server_port = 0

    async def scenario() -> None:
        nonlocal server_port
        server_port = serve(loop_bus).port
        served = [await open_served() for _ in range(server_tcp.MOST_CONNECTIONS)]
        assert None not in served
        assert await open_served() is None
        for writer in served:
            assert writer is not None
            writer.close()
        served.clear()
        while len(served) < server_tcp.MOST_CONNECTIONS:
            writer = await open_served()
            if writer is None:
                await asyncio.sleep(0.01)  # until the server has seen that the others are gone
            else:
                served.append(writer)

    in_loop(scenario())


def test_a_stopped_server_closes_the_connections_that_there_are(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        clients = [await connected(server) for _ in range(5)]
        for client in clients:
            await client.read_holding_registers(62, count=2)
        assert all(client.connected for client in clients)
        server.stop()
        for client in clients:
            while client.connected:
                await asyncio.sleep(0.01)
            with pytest.raises(ModbusException):
                await client.read_holding_registers(62, count=2)

    in_loop(scenario())


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("no.such.host.invalid", "no connection: "),
        ("x" * 64, "no connection: expected the name or address of a host"),
        ("box..local", "no connection: expected the name or address of a host"),
        ("box\0", "no connection: expected the name or address of a host"),
    ],
)
def test_a_host_that_cannot_be_found_is_reported(
    loop_bus: Bus, in_loop: InLoop, host: str, complaint: str
) -> None:
    async def scenario() -> None:
        transport = connect(loop_bus, 502, host)
        result = await read(transport)
        assert isinstance(result, ReadError)
        assert result.text.startswith(complaint)

    in_loop(scenario())


def test_closing_forgets_the_reads_that_wait(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        server = serve(loop_bus)
        transport = connect(loop_bus, server.port)
        results: list[Result] = []
        transport.read(3, 62, 2, 1, results.append)
        transport.read(3, 62, 2, 1, results.append)
        transport.close()
        other = connect(loop_bus, server.port)
        assert await read(other) == VOLTAGE_L1
        assert results == []

    in_loop(scenario())

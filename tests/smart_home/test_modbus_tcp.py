"""The Modbus interface on a real socket: clients, floods, and bytes that are no request."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from bus import Bus
from nodes.smart_home import modbus_connections
from nodes.smart_home.modbus_connections import MOST_CONNECTIONS
from nodes.smart_home.modbus_desk import FAILED, ModbusDesk, ModbusSettings
from nodes.smart_home.modbus_pace import BURST_READS, READ_S
from nodes.smart_home.modbus_registers import NO_PARTS, READABLE, ShownBox, read, refusal, write
from nodes.smart_home.modbus_server import ModbusRequest
from nodes.smart_home.modbus_server_tcp import TcpModbusServer
from nodes.smart_home.orders import Enable, Outcome, SetCurrent, SetFailsafe
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState
from nodes.smart_home.state import OrderCall
from tests.closing import at_end, closed_at_end
from tests.modbus_map.peers import InLoop, open_streams
from tests.modbus_map.test_node_peer import peer
from tests.modbus_map.test_node_peer import pytestmark as needs_node

LOOPBACK = ("127.0.0.0/8",)
SEEN = BoxSnapshot(state=ChargeState.CHARGING, power_mw=11_000_123, lifetime_dwh=123_456_789)
SERIAL = "18416854"
READ_STATE = bytes.fromhex("0001 0000 0006 ff 03 03e8 0002")
STATE = bytes.fromhex("0001 0000 0007 ff 03 04 0000 0003")


class Rig:
    """The interface on a port of this machine; orders are carried out by the test."""

    def __init__(self, bus: Bus, networks: Sequence[str] = LOOPBACK, answers: bool = True) -> None:
        self.calls: list[OrderCall] = []
        self.server = TcpModbusServer(bus)
        self.answers = answers
        self.desk = ModbusDesk(
            bus,
            self.server,
            ("127.0.0.1", 0),
            SERIAL,
            lambda: tuple(networks),
            lambda: SEEN,
            self._on_order,
            lambda: len(self.calls) + 1,
        )
        at_end(self.server.close)
        self.desk.use(ModbusSettings(is_on=True))
        assert self.desk.problem == ""

    def _on_order(self, call: OrderCall) -> None:
        self.calls.append(call)
        if self.answers:
            self.desk.answer(call.number, Outcome())

    @property
    def orders(self) -> list[Any]:
        return [call.order for call in self.calls]

    async def connect(self) -> AsyncModbusTcpClient:
        client = AsyncModbusTcpClient(
            "127.0.0.1", port=self.server.port, timeout=20.0, retries=0, reconnect_delay=0
        )
        assert await client.connect()
        return closed_at_end(client)

    async def is_served(self) -> bool:
        """Return whether a new client is answered."""
        reader, writer = await open_streams(self.server.port)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(READ_STATE)
            return await reader.readexactly(len(STATE)) == STATE
        return False


def test_a_flood_of_requests_is_answered_at_its_pace(loop_bus: Bus, in_loop: InLoop) -> None:
    """All of a connection's requests are sent before the first answer."""

    async def scenario() -> None:
        rig, loop = Rig(loop_bus), asyncio.get_running_loop()
        began_s = loop.time()
        streams = [await open_streams(rig.server.port) for _ in range(4)]
        for _, writer in streams:
            writer.write(READ_STATE * 2000)
        answered = 0
        for _ in range(BURST_READS // 4 + 10):
            for reader, _ in streams:
                assert await reader.readexactly(len(STATE)) == STATE
                answered += 1
        assert answered <= BURST_READS + (loop.time() - began_s) / READ_S + 1

    in_loop(scenario())


@pytest.mark.req("APP-2")
def test_a_client_of_pymodbus_reads_and_writes(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus)
        client = await rig.connect()
        shown = ShownBox(seen=SEEN, serial=int(SERIAL))
        for address in READABLE:
            answer = await client.read_holding_registers(address, count=2, device_id=255)
            request = ModbusRequest(client="", unit=255, function=3, address=address, value=2)
            assert tuple(answer.registers) == read(request, shown).registers, address
        written = await client.write_register(5004, 16_000, device_id=255)
        assert (written.address, written.registers) == (5004, [16_000])
        for answer, exception in (
            (await client.read_holding_registers(1008, count=6, device_id=255), 2),
            (await client.read_input_registers(1000, count=2, device_id=255), 1),
            (await client.write_register(5014, 7, device_id=255), 3),
            (await client.write_register(5050, 3, device_id=255), 4),
            (await client.write_registers(5004, [6_000], device_id=255), 1),
            (await client.read_holding_registers(1000, count=2, device_id=9), 11),
        ):
            assert answer.isError()
            assert answer.exception_code == exception
        assert rig.orders == [SetCurrent(current_ma=16_000)]

    in_loop(scenario())


@needs_node
@pytest.mark.req("APP-2")
def test_a_client_of_node_sends_what_evcc_sends(loop_bus: Bus, in_loop: InLoop) -> None:
    """As charger/keba-modbus.go of evcc: at its start, then at each of its intervals."""

    async def scenario() -> None:
        rig = Rig(loop_bus)
        requests = [f"r:{address}:2" for address in (1016, 1000, 1550, 1602)]
        requests += [f"r:{address}:2" for address in (1004, 1000, 1008, 1010, 1012, 1020, 1036)]
        requests += ["w:5014:1", "w:5004:16000", "w:5016:6000", "w:5018:60", "w:5018:60"]
        requests += ["r:1008:6", "w:1602:60", "w:5052:0"]
        async with peer("ask", "127.0.0.1", str(rig.server.port), "255", *requests) as found:
            answers = json.loads(found)
        product, state, phases, failsafe = answers[:4]
        assert (product[0] << 16 | product[1], state, phases, failsafe) == (
            314_011, [0, 3], [0, 0], [0, 0],
        )  # fmt: skip
        assert answers[9] == [11_000_123 >> 16, 11_000_123 & 0xFFFF]
        assert answers[10] == [123_456_789 >> 16, 123_456_789 & 0xFFFF]
        assert answers[11:16] == [
            [5014, 1], [5004, 16_000], [5016, 6_000], [5018, 60], [5018, 60],
        ]  # fmt: skip
        assert answers[16:] == [2, 2, 4]
        failsafes = [order for order in rig.orders if isinstance(order, SetFailsafe)]
        assert rig.orders[:2] == [Enable(is_on=True), SetCurrent(current_ma=16_000)]
        assert failsafes == [SetFailsafe(timeout_s=60, current_ma=6_000)]

    in_loop(scenario())


def test_requests_of_one_connection_are_answered_in_order_also_when_they_come_at_once(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus, answers=False)
        reader, writer = await open_streams(rig.server.port)
        order = bytes.fromhex("0000 0000 0006 ff 06 1396 0001")
        writer.write(order + READ_STATE)
        while not rig.calls:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert rig.orders == [Enable(is_on=True)]
        rig.desk.answer(rig.calls[0].number, Outcome())
        assert await reader.readexactly(len(order) + len(STATE)) == order + STATE

    in_loop(scenario())


def test_an_order_that_is_not_carried_out_in_time_is_refused(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodes.smart_home.modbus_desk.ANSWER_S", 0.05)

    async def scenario() -> None:
        rig = Rig(loop_bus, answers=False)
        client = await rig.connect()
        answer = await client.write_register(5014, 0, device_id=255)
        assert answer.exception_code == FAILED.exception
        rig.desk.answer(rig.calls[0].number, Outcome())  # too late: no effect
        assert (await client.read_holding_registers(1000, count=2, device_id=255)).registers

    in_loop(scenario())


def test_a_client_that_leaves_before_its_answer_harms_nobody(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus, answers=False)
        _, writer = await open_streams(rig.server.port)
        writer.write(bytes.fromhex("0000 0000 0006 ff 06 1396 0000"))
        while not rig.calls:
            await asyncio.sleep(0.001)
        writer.transport.abort()
        await asyncio.sleep(0.01)
        rig.desk.answer(rig.calls[0].number, Outcome())
        assert await rig.is_served()

    in_loop(scenario())


def test_an_answer_that_comes_after_its_client_was_cut_off_harms_nobody(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modbus_connections, "IDLE_S", 0.1)

    async def scenario() -> None:
        rig = Rig(loop_bus, answers=False)
        reader, writer = await open_streams(rig.server.port)
        writer.write(bytes.fromhex("0000 0000 0006 ff 06 1396 0000"))
        assert await reader.read() == b""
        rig.desk.answer(rig.calls[0].number, Outcome())
        assert await rig.is_served()

    in_loop(scenario())


def test_no_more_than_16_clients_and_those_that_go_make_room(
    loop_bus: Bus, in_loop: InLoop
) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus)
        clients = [await rig.connect() for _ in range(MOST_CONNECTIONS)]
        for client in clients:
            assert (await client.read_holding_registers(1000, count=2, device_id=1)).registers
        assert not await rig.is_served()
        clients[0].close()
        while not await rig.is_served():
            await asyncio.sleep(0.01)

    in_loop(scenario())


def test_a_client_that_sends_nothing_is_cut_off(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modbus_connections, "IDLE_S", 0.1)

    async def scenario() -> None:
        rig = Rig(loop_bus)
        for sent in (b"", READ_STATE[:5], READ_STATE + READ_STATE[:-1]):
            reader, writer = await open_streams(rig.server.port)
            writer.write(sent)
            assert (await reader.read()) in (b"", STATE)

    in_loop(scenario())


def test_an_address_that_may_not_send_is_disconnected(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus, networks=("192.168.2.0/24",))
        reader, _ = await open_streams(rig.server.port)
        assert await reader.read() == b""  # it has sent nothing
        assert not await rig.is_served()
        allowed = ModbusSettings(is_on=True, allowed=("127.0.0.1",))
        rig.desk.use(allowed)
        reader, writer = await open_streams(rig.server.port)
        writer.write(READ_STATE)
        assert await reader.readexactly(len(STATE)) == STATE
        rig.desk.use(ModbusSettings(is_on=True, allowed=("192.168.2.7",)))
        with contextlib.suppress(ConnectionError):
            writer.write(bytes.fromhex("0000 0000 0006 ff 06 1396 0000"))
            assert await reader.read() == b""
        assert rig.calls == []

    in_loop(scenario())


def test_switched_off_it_closes_the_port_and_its_clients(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus)
        client, port = await rig.connect(), rig.server.port
        assert (await client.read_holding_registers(1000, count=2, device_id=0)).registers
        rig.desk.use(ModbusSettings())
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        while client.connected:
            await asyncio.sleep(0.01)
        for _ in range(3):  # also before the port has been served
            rig.desk.use(ModbusSettings(is_on=True))
            rig.desk.use(ModbusSettings())
        rig.desk.use(ModbusSettings(is_on=True))
        assert await rig.is_served()

    in_loop(scenario())


def test_a_port_that_cannot_be_opened_is_named(loop_bus: Bus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        rig = Rig(loop_bus)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            problem = rig.server.open("127.0.0.1", port, rig.desk)
            assert problem == f"TCP port {port} is in use by another program"
        assert "no address" in rig.server.open("192.0.2.1", 0, rig.desk)

    in_loop(scenario())


# --- nonsense ----------------------------------------------------------------------------------


def framed(random: Random) -> bytes:
    """Return a frame with a header that fits, and anything in it."""
    function = random.choice([3, 6, 6, 4, 16, random.randrange(256)])
    address = random.choice([1000, 1001, 5004, 5014, 5018, random.randrange(65536)])
    value = random.choice([0, 1, 2, 30, 6000, random.randrange(65536)])
    body = bytes((function,)) + address.to_bytes(2) + value.to_bytes(2)
    if random.random() < 0.3:
        body = random.choice([body[:3], body[:1], body + b"\0", random.randbytes(9)])
    unit = random.choice([255, 255, 1, 0, random.randrange(256)])
    return random.randbytes(2) + b"\0\0" + (len(body) + 1).to_bytes(2) + bytes((unit,)) + body


def orders_of(frames: Sequence[bytes]) -> list[Any]:
    """Return what frames order, read by hand."""
    parts, found = NO_PARTS, []
    for frame in frames:
        body = frame[7:]
        request = ModbusRequest(
            client="",
            unit=frame[6],
            function=body[0],
            address=int.from_bytes(body[1:3]),
            value=int.from_bytes(body[3:5]),
            is_whole=len(body) == 5,
        )
        if body[0] == 6 and refusal(request) is None:
            written = write(request, SEEN, parts)
            parts = written.parts
            if written.order is not None:
                found.append(written.order)
    return found


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("seed", range(3))
def test_bytes_at_random_end_nothing_and_change_nothing(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("nodes.smart_home.modbus_pace.READ_S", 0.0)

    async def scenario() -> None:
        random, rig = Random(seed), Rig(loop_bus)
        for _ in range(100):
            reader, writer = await open_streams(rig.server.port)
            with contextlib.suppress(OSError):  # the box has closed it
                for _ in range(random.randrange(1, 5)):
                    writer.write(random.randbytes(random.choice([1, 7, 12, 260, 5000])))
                    await asyncio.sleep(0)
                writer.write_eof()
                await reader.read()
            writer.close()
        assert rig.calls == []
        while not await rig.is_served():
            await asyncio.sleep(0.01)

    in_loop(scenario())


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("seed", range(3))
def test_each_frame_at_random_is_answered_and_orders_what_it_says(
    loop_bus: Bus, in_loop: InLoop, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for name in ("READ_S", "WRITE_S", "ALL_S"):
        monkeypatch.setattr(f"nodes.smart_home.modbus_pace.{name}", 0.0)

    async def scenario() -> None:
        random, rig = Random(seed), Rig(loop_bus, answers=True)
        monkeypatch.setattr("nodes.smart_home.modbus_registers.after", lambda order, parts: parts)
        reader, writer = await open_streams(rig.server.port)
        frames = [framed(random) for _ in range(400)]
        for frame in frames:
            writer.write(frame)
            head = await reader.readexactly(7)
            rest = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
            assert (head[:4], head[6]) == (frame[:4], frame[6])
            assert rest[0] | 0x80 == frame[7] | 0x80
        assert rig.orders == orders_of(frames)
        assert rig.orders

    in_loop(scenario())


# --- memory ------------------------------------------------------------------------------------

LOAD = """
import sys
import nodes.smart_home.node, nodes.smart_home.modbus_server_tcp
assert not [name for name in sys.modules if name.partition(".")[0] == "pymodbus"]
assert "nodes.modbus_map.codec" not in sys.modules
"""


def test_the_library_is_imported_with_the_port_alone() -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", LOAD], cwd=root, check=True, timeout=60)

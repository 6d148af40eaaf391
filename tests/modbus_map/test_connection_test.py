"""The connection test over real connections: what it answers, and that the poll goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import pytest

from bus import Status
from bus.place import Place
from bus.run import ZmqBus, open_node
from bus.tool import open_tool
from msgs.meter import MeterReading, MeterToTest
from msgs.methods import TEST_CONNECTION
from msgs.requests import Answer, StopReason
from msgs.setting_keys import unflatten
from msgs.setting_names import NO_METER, settings_of
from msgs.settings import Settings
from msgs.topics import METER_HOUSE, SETTINGS
from nodes.meter import connection
from nodes.meter.chip_sim import SimMeterChip
from nodes.meter.node import Drivers, Parameters, build
from nodes.modbus_map import transport_tcp
from nodes.modbus_map.bank import Bank, answer
from nodes.modbus_map.codec import Values
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.serial_line_rtu import RtuModbus
from nodes.modbus_map.transport_tcp import TcpModbus
from tests.builders import line_values
from tests.closing import closed_at_end
from tests.modbus_map import peers
from tests.modbus_map.peers import PATIENCE_S, Handler, InLoop, close_with_reset

LINE = line_values(6.0, imported_wh=1000.0, exported_wh=10.0)
VALUES = Values(lines=(LINE, LINE, LINE), power_w=4140.0, imported_wh=3000.0, exported_wh=30.0)
BANKS = {1: Bank(meter_map=load_map("tq"), values=lambda: VALUES)}
SILENT_UNIT, ABSENT_UNIT = 77, 78
RELEASE_S = 0.2  # until a meter accepts another client after one that has left


@dataclass
class OneClientMeter:
    """A meter that accepts one client; while it has one, and for a moment after, it resets others.

    It answers for unit 1; as a gateway it refuses the absent unit, and is silent for another.
    """

    delay_s: float = 0.002  # of each answer
    clients: int = 0
    accepted: int = 0
    refused: int = 0
    requests: int = 0
    units: list[int] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.clients:
            self.refused += 1
            close_with_reset(writer)
            return
        self.clients += 1
        self.accepted += 1
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await self._answer(await reader.readexactly(12), writer)
        writer.close()
        await asyncio.sleep(RELEASE_S)
        self.clients -= 1

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        unit, function = head[6], head[7]
        self.requests += 1
        self.units.append(unit)
        await asyncio.sleep(self.delay_s)
        if unit == SILENT_UNIT:
            return
        block = (int.from_bytes(head[8:10], "big"), int.from_bytes(head[10:12], "big"))
        result = answer(BANKS, unit, function, [block])
        if isinstance(result, int):
            body = bytes((function | 0x80, result))
        else:
            words = b"".join(word.to_bytes(2, "big") for word in result)
            body = bytes((function, len(words))) + words
        writer.write(head[:4] + (len(body) + 1).to_bytes(2, "big") + bytes((unit,)) + body)


async def listen(handler: Handler) -> int:
    """Serve connections that are closed at the end of the test at the latest."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # by the end of the test
            await handler(reader, closed_at_end(writer))

    return await peers.listen(handle)


class Rig:
    """The real node meter over TCP, settings, a reader, and a person with the command line."""

    def __init__(self, bus: ZmqBus, place: Path, loopback: bool = True, poll_s: float = 0.2):
        self._place = Place(run_dir=place, state_dir=place)
        self._system = closed_at_end(open_node("system", self._place))
        self.readings: list[MeterReading] = []
        self._system.subscribe(METER_HOUSE, self.readings.append)
        modbus = TcpModbus(bus, transport_tcp.Parameters(loopback=loopback))
        drivers = Drivers(chip=SimMeterChip(bus), modbus=modbus, serial=RtuModbus(bus))
        build(bus, Parameters(poll_s=poll_s), drivers)

    @contextlib.asynccontextmanager
    async def running(self, house: str = NO_METER) -> AsyncIterator[None]:
        system = asyncio.create_task(self._system.run_async(signals=False))
        self.set(house)
        yield
        self._system.stop(StopReason.SHUTDOWN)
        await system

    def set(self, house: str) -> None:
        flat = settings_of("meter.house", house)
        self._system.publish(SETTINGS, msgspec.convert(unflatten(flat), Settings))

    async def test(self, port: int, **meter: int | str) -> Answer[MeterReading]:
        return await self.test_of({"port": port, **meter})

    async def test_of(self, tested: Mapping[str, int | str]) -> Answer[MeterReading]:
        meter = {"manufacturer": "tq", "host": "127.0.0.1", **tested}
        return await asyncio.to_thread(self._ask, msgspec.convert(meter, MeterToTest))

    def _ask(self, meter: MeterToTest) -> Answer[MeterReading]:
        with open_tool(self._place) as tool:
            return tool.call(TEST_CONNECTION, meter, PATIENCE_S)

    async def read(self, count: int) -> None:
        """Wait until so many more readings of the poll have come."""
        wanted = len(self.readings) + count
        while len(self.readings) < wanted:
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def patient_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", PATIENCE_S)


@pytest.mark.req("MET-2")
def test_the_values_are_those_that_the_poll_would_have(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path
) -> None:
    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            tested = await rig.test(port)
            assert tested.result is not None, tested.reason
            assert tested.result.power_w == pytest.approx(4140.0)
            assert tested.result.lines[2].current_a == pytest.approx(6.0)
            assert tested.result.exported_wh == pytest.approx(30.0)
            assert tested.result.online
            assert tested.result.source == f"tq at 127.0.0.1:{port}/1"
            while meter.clients:  # the test leaves the meter to others
                await asyncio.sleep(0.01)
            rig.set(f"tq@127.0.0.1:{port}/1")
            await rig.read(2)
            polled = rig.readings[-1]
            assert (polled.lines, polled.power_w) == (tested.result.lines, tested.result.power_w)
            assert (polled.meter, polled.poll_s) == (tested.result.meter, tested.result.poll_s)

    in_loop(scenario())


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(12)
    writer.close()


async def talk_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(12)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read()
    writer.close()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send one byte of an answer now and then, so that it never ends."""
    head = await reader.readexactly(12)
    with contextlib.suppress(OSError):
        for byte in head[:4] + b"\0\xfe" + head[6:8] + bytes(250):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.1)
    writer.close()


async def no_values(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each read with as many registers of -1 as were requested: not available."""
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readexactly(12)
            count = 2 * int.from_bytes(head[10:12], "big")
            body = bytes((head[7], count)) + b"\xff" * count
            writer.write(head[:4] + (len(body) + 1).to_bytes(2, "big") + head[6:7] + body)
    writer.close()


@pytest.mark.req("MET-2")
@pytest.mark.parametrize(
    ("handler", "meter", "text"),
    [
        (close, {}, "closed the connection"),
        (talk_http, {}, "what was received is no frame of Modbus TCP"),
        (OneClientMeter().handle, {"unit": ABSENT_UNIT}, "(exception 11)"),
        (OneClientMeter().handle, {"manufacturer": "sdm630"}, "check the manufacturer"),
        (OneClientMeter().handle, {"manufacturer": "sunspec"}, "none of the models 203, 213"),
        (no_values, {}, "power of L1 (register 40) as not available"),
        (no_values, {"manufacturer": "sunspec"}, "none of the models 203, 213"),
    ],
)
def test_what_is_wrong_is_named(
    loop_bus: ZmqBus,
    in_loop: InLoop,
    tmp_path: Path,
    handler: Handler,
    meter: dict[str, int | str],
    text: str,
) -> None:
    async def scenario() -> None:
        port = await listen(handler)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            answered = await rig.test(port, **meter)
            assert answered.status is Status.REFUSED
            assert text in answered.reason

    in_loop(scenario())


@pytest.mark.req("MET-2")
@pytest.mark.parametrize("handler", [hang, drip])
def test_a_server_that_never_answers_is_named_in_time(
    loop_bus: ZmqBus,
    in_loop: InLoop,
    tmp_path: Path,
    handler: Handler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "ANSWER_S", 0.5)

    async def scenario() -> None:
        port = await listen(handler)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            answered = await rig.test(port)
            assert answered.status is Status.REFUSED
            assert answered.reason == "the answer was not complete within 0.5 s"

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_what_cannot_be_reached_is_named(loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path, loopback=False)
        async with rig.running():
            for tested, key, text in (
                ({"host": "127.0.0.1"}, "host", "127.0.0.1 is the box itself"),
                ({"host": "localhost"}, "host", "localhost is the box itself"),
                ({"host": "127.1"}, "host", "127.1 is the box itself"),
                ({"host": "2130706433"}, "host", "2130706433 is the box itself"),
                ({"host": "0.0.0.0"}, "host", "0.0.0.0 is the box itself"),
                ({"host": "203.0.113.7"}, "host", "is not in the box's own network"),
                ({"host": "a..b"}, "host", "no host of this name is known"),
                ({"host": ""}, "host", "expected the address of the meter"),
                ({"port": 0}, "port", "expected a port"),
                ({"manufacturer": "abc"}, "manufacturer", "unknown meter map 'abc'"),
            ):
                answered = await rig.test_of({"port": port, **tested})
                assert answered.status is Status.REFUSED, tested
                assert text in answered.reason
                assert text in answered.problems[key]
            assert meter.accepted == 0

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_a_port_that_nobody_serves_is_refused(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path
) -> None:
    async def scenario() -> None:
        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            assert (await rig.test(port)).reason == "connection refused"

    in_loop(scenario())


@pytest.mark.req("MET-2")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
def test_the_only_connection_of_a_meter_that_is_polled_serves_the_test_too(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, host: str
) -> None:
    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        # On a box the loopback cannot be tested; what is polled already can.
        rig = Rig(loop_bus, tmp_path, loopback=False)
        async with rig.running(f"tq@127.0.0.1:{port}/1"):
            await rig.read(1)
            answered = await rig.test(port, host=host)
            assert answered.result is not None, answered.reason
            assert answered.result.lines == rig.readings[-1].lines
            assert (meter.accepted, meter.refused) == (1, 0)

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_the_poll_loses_no_value_by_tests_at_any_instant(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_tcp, "TIMEOUT_S", 2.0)
    chance = Random(5)
    kinds: list[dict[str, int | str]] = [
        {},
        {"unit": ABSENT_UNIT},
        {"manufacturer": "sdm630"},
        {"manufacturer": "sunspec"},
    ]

    async def scenario() -> None:
        meter = OneClientMeter(delay_s=0.01)
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running(f"tq@127.0.0.1:{port}/1"):
            await rig.read(2)
            kinds.append({"unit": SILENT_UNIT})
            for tested in kinds[:4] * 5 + kinds[4:]:
                await asyncio.sleep(chance.uniform(0.0, 0.25))
                answered = await rig.test(port, **tested)
                assert (answered.status is Status.OK) == (tested == {}), answered.reason
            await rig.read(2)
            assert [reading.error for reading in rig.readings if not reading.online] == []
            assert (meter.accepted, meter.refused) == (1, 0)
            assert SILENT_UNIT in meter.units

    in_loop(scenario())


@pytest.mark.req("MET-2")
def test_a_meter_that_is_configured_during_a_test_is_free_for_the_poll(
    loop_bus: ZmqBus, in_loop: InLoop, tmp_path: Path
) -> None:
    async def scenario() -> None:
        meter = OneClientMeter()
        port = await listen(meter.handle)
        rig = Rig(loop_bus, tmp_path)
        async with rig.running():
            test = asyncio.create_task(rig.test(port, unit=SILENT_UNIT))
            while not meter.requests:
                await asyncio.sleep(0.01)
            other = await rig.test(port)
            assert other.reason.startswith("another test is running")
            rig.set(f"tq@127.0.0.1:{port}/1")
            assert (await test).reason.startswith("the settings of the meters have changed")
            while not (rig.readings and rig.readings[-1].online):
                await asyncio.sleep(0.01)
            assert meter.units[-1] == 1

    in_loop(scenario())

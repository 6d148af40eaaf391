"""meter on real buses, with meters on a serial line."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.place import Place
from bus.run import open_node
from bus.tool import open_tool
from msgs.meter import MeterReading, MeterToTest
from msgs.methods import TEST_CONNECTION
from msgs.requests import Answer, StopReason
from msgs.setting_keys import unflatten
from msgs.setting_names import settings_of
from msgs.settings import Settings
from msgs.topics import METER_HOUSE, METER_SOLAR, SETTINGS
from nodes.meter.chip_sim import SimMeterChip
from nodes.meter.node import Drivers, Parameters, build
from nodes.modbus_map import transport_tcp
from nodes.modbus_map.bank import Bank
from nodes.modbus_map.codec import Values
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.serial_line_rtu import RtuModbus
from nodes.modbus_map.transport_tcp import TcpModbus
from tests.closing import close_all
from tests.modbus_map.every_map import a_line, values_of
from tests.modbus_map.serial_peers import RtuServer, bank_reply, plug

POLL_S = 0.2  # the least
READING_S = 20.0  # far beyond a poll: the machine may be busy


class Rig:
    """meter, the settings, and a reader, in one loop."""

    def __init__(self, path: Path) -> None:
        place = self._place = Place(run_dir=path, state_dir=path)
        self.meter = open_node("meter", place)
        self.system = open_node("system", place)
        self.reader = open_node("load_manager", place)
        self.house: list[MeterReading] = []
        self.solar: list[MeterReading] = []
        self.house_a = 6.0

    def values(self, current_a: float) -> Values:
        line = a_line(230.0 * current_a)
        return values_of((line, line, line))

    def banks(self) -> dict[int, Bank]:
        return {
            1: Bank(meter_map=load_map("sdm630"), values=lambda: self.values(self.house_a)),
            2: Bank(meter_map=load_map("em24"), values=lambda: self.values(-3.0)),
        }

    def set(self, house: str, solar: str = "none") -> None:
        flat = {**settings_of("meter.house", house), **settings_of("meter.solar", solar)}
        self.system.publish(SETTINGS, msgspec.convert(unflatten(flat), Settings))

    async def until(self, accepts: Callable[[MeterReading], bool]) -> MeterReading:
        """Return the first reading of the house from now on that is accepted."""
        first = len(self.house)
        async with asyncio.timeout(READING_S):
            while True:
                for reading in self.house[first:]:
                    if accepts(reading):
                        return reading
                first = len(self.house)
                await asyncio.sleep(0.005)

    async def test(self, **meter: int | str) -> Answer[MeterReading]:
        """Test the connection to a meter, as a person does with the command line."""
        return await asyncio.to_thread(self._ask, msgspec.convert(meter, MeterToTest))

    def _ask(self, meter: MeterToTest) -> Answer[MeterReading]:
        with open_tool(self._place) as tool:
            return tool.call(TEST_CONNECTION, meter, READING_S)

    def run(self, scenario: Coroutine[Any, Any, None]) -> None:
        async def all_of() -> None:
            loop = asyncio.get_running_loop()
            buses = (self.meter, self.system, self.reader)
            nodes = [loop.create_task(each.run_async(signals=False)) for each in buses]
            drivers = Drivers(
                chip=SimMeterChip(self.meter),
                modbus=TcpModbus(self.meter, transport_tcp.Parameters()),
                serial=RtuModbus(self.meter),
            )
            build(self.meter, Parameters(poll_s=POLL_S), drivers)
            self.reader.subscribe(METER_HOUSE, self.house.append)
            self.reader.subscribe(METER_SOLAR, self.solar.append)
            try:
                await scenario
            finally:
                for bus in buses:
                    bus.post(lambda bus=bus: bus.stop(StopReason.SHUTDOWN))  # type: ignore[misc]
                await asyncio.gather(*nodes)
                close_all()

        asyncio.run(all_of())


@contextmanager
def rig_in(path: Path) -> Iterator[Rig]:
    rig = Rig(path)
    try:
        yield rig
    finally:
        for bus in (rig.meter, rig.system, rig.reader):
            bus.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path) as made:
        yield made


@pytest.mark.req("MET-1", "MET-3")
def test_an_adapter_that_comes_back_under_another_name_is_read_again(rig: Rig) -> None:
    link = Path("/dev/shm") / f"wallbox-test-{rig.meter.state_dir.name}"

    async def scenario() -> None:
        master = plug()
        link.symlink_to(master.path)
        RtuServer(master, bank_reply(rig.banks()))
        rig.set(f"sdm630@{link}:9600:8N1/1")
        reading = await rig.until(lambda reading: reading.online)
        assert reading.source == f"Home Grid Meter - Import, sdm630 at {link}:9600:8N1/1"
        assert reading.lines[0].current_a == pytest.approx(6.0)
        link.unlink()
        master.close()
        lost = await rig.until(lambda reading: f"there is no {link}" in reading.error)
        assert not lost.online
        assert lost.lines[0].current_a == pytest.approx(6.0)
        master = plug()
        link.symlink_to(master.path)
        RtuServer(master, bank_reply(rig.banks()))
        rig.house_a = 9.0
        back = await rig.until(lambda reading: reading.online)
        assert back.lines[2].current_a == pytest.approx(9.0)

    try:
        rig.run(scenario())
    finally:
        link.unlink(missing_ok=True)


@pytest.mark.req("MET-1")
def test_two_meters_share_a_serial_line_and_follow_the_settings(rig: Rig) -> None:
    async def scenario() -> None:
        master = plug()
        server = RtuServer(master, bank_reply(rig.banks()))
        rig.set(f"sdm630@{master.path}:9600:8N1/1", f"em24@{master.path}:9600:8N1/2")
        await rig.until(lambda reading: reading.online)
        async with asyncio.timeout(READING_S):
            while not (rig.solar and rig.solar[-1].online):
                await asyncio.sleep(0.005)
        assert rig.solar[-1].lines[0].current_a == pytest.approx(-3.0)
        assert {request.unit for request in server.requests} == {1, 2}
        rig.set(f"sdm630@{master.path}:19200:8N1/1")  # the line is opened again
        await rig.until(lambda reading: ":19200:" in reading.meter and reading.online)
        rig.set("none")

    rig.run(scenario())


@pytest.mark.req("MET-2")
def test_a_meter_on_a_serial_line_is_tested_beside_its_poll_and_alone(rig: Rig) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(master, bank_reply(rig.banks()))
        alone = await rig.test(device=master.path, manufacturer="sdm630")
        assert alone.result is not None
        assert alone.result.lines[0].current_a == pytest.approx(6.0)
        rig.set(f"em24@{master.path}:9600:8N1/2")
        await rig.until(lambda reading: reading.online)
        before = len(rig.house)
        beside = await rig.test(device=master.path, manufacturer="sdm630")
        assert beside.result is not None
        assert beside.result.meter == f"sdm630@{master.path}:9600:8N1/1"
        await rig.until(lambda reading: len(rig.house) > before + 2)
        assert all(reading.online for reading in rig.house[before:])

    rig.run(scenario())


@pytest.mark.req("MET-2")
def test_what_is_wrong_with_a_serial_meter_is_named(rig: Rig) -> None:
    async def scenario() -> None:
        master = plug()
        RtuServer(master, bank_reply(rig.banks()))
        rig.set(f"em24@{master.path}:9600:8N1/2")
        await rig.until(lambda reading: reading.online)
        before = len(rig.house)
        for key, text, changes in (
            ("device", "it is polled with 9600:8N1", {"baud": 19200}),
            ("unit", "expected 1 to 247", {"unit": 0}),
            ("baud", "expected one of 1200", {"baud": 9601}),
            ("host", "expected none beside the device", {"host": "10.0.0.1"}),
        ):
            answer = await rig.test(device=master.path, manufacturer="sdm630", **changes)
            assert text in answer.problems[key]
        gone = await rig.test(device="/dev/ttyUSB77", manufacturer="sdm630")
        assert "there is no /dev/ttyUSB77" in gone.reason
        absent = await rig.test(device=master.path, manufacturer="sdm630", unit=9)
        assert "no answer within" in absent.reason
        await rig.until(lambda reading: len(rig.house) > before + 2)
        assert all(reading.online for reading in rig.house[before:])

    rig.run(scenario())

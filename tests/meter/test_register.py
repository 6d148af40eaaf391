"""The box's register of energy on the bus, over restarts, damage and a disk that refuses."""

from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from msgs.meter import MeterReading
from msgs.plant import SimPower
from msgs.requests import StopReason
from msgs.topics import METER_BOX, SIM_POWER
from nodes.meter.chip_sim import SimMeterChip
from nodes.meter.node import REGISTER_FILE, Drivers, Parameters, build
from nodes.modbus_map.serial_line_sim import SimSerialModbus
from nodes.modbus_map.transport_sim import SimModbus
from tests.builders import line_values
from tests.closing import closed_at_end
from tests.disk import ChangingDirectory

POWER_W = 22_000.0
STEP_S = 0.1


class Box:
    """meter beside a world whose chip counts, is frozen, or begins again."""

    def __init__(self, state_dir: Path, counted_wh: float = 9000.0) -> None:
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=state_dir))
        self.counted_wh = counted_wh
        self.power_w = POWER_W
        self.is_frozen = False
        self._samples = 0
        self._power = self._sample()
        self._plant = self.graph.bus("plant")
        self._plant.every(STEP_S, self._count)
        self._heard = self.graph.bus("safety").subscribe(METER_BOX)
        self.start()

    def _count(self) -> None:
        self.counted_wh += self.power_w * STEP_S / 3600.0
        if not self.is_frozen:
            self._power = self._sample()
        self._plant.publish(SIM_POWER, self._power)

    def _sample(self) -> SimPower:
        self._samples += 1
        one = line_values(
            32.0, imported_wh=self.counted_wh / 3.0, voltage_v=230.0 + self._samples % 3 / 100.0
        )
        return SimPower(lines=(one, one, one))

    def start(self) -> None:
        bus = self.graph.bus("meter")
        build(
            bus,
            Parameters(),
            Drivers(chip=SimMeterChip(bus), modbus=SimModbus(bus), serial=SimSerialModbus(bus)),
        )
        self.graph.advance(1.0)

    def restart(self, reason: StopReason | None) -> None:
        if reason is None:
            self.graph.kill("meter")
        else:
            self.graph.stop("meter", reason)
            self.graph.advance(0.5)
        self.start()

    @property
    def reading(self) -> MeterReading:
        reading = self._heard.fresh()
        assert reading is not None
        return reading

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.graph.lines if line.level != "debug"]

    def is_level(self) -> bool:
        """Return whether the register is at the chip's counter, less what a look may miss."""
        most_wh = self.power_w * 0.5 / 3600.0
        return -0.01 <= self.counted_wh - self.reading.lifetime_wh <= most_wh


@pytest.mark.req("MET-5")
def test_the_register_of_a_new_box_is_the_counter_of_its_chip(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(120.0)
    assert box.is_level()
    assert box.lines == []


@pytest.mark.req("MET-5")
def test_ten_minutes_of_a_frozen_chip_are_in_the_register_afterwards(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(110.0)
    box.is_frozen = True
    before_wh = box.reading.lifetime_wh
    box.graph.advance(600.0)
    assert box.reading.lifetime_wh == pytest.approx(before_wh, abs=1.5)
    box.is_frozen = False
    box.graph.advance(1.0)
    assert box.is_level()
    assert box.lines == []


@pytest.mark.req("MET-5")
@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SHUTDOWN, None])
def test_over_a_restart_the_register_goes_on_with_the_chip(
    tmp_path: Path, reason: StopReason | None
) -> None:
    box = Box(tmp_path)
    for _ in range(3):
        box.graph.advance(100.0)
        box.restart(reason)
        assert box.is_level()


@pytest.mark.req("MET-5")
def test_a_chip_that_begins_again_is_logged_and_lowers_no_register(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(100.0)
    before_wh = box.reading.lifetime_wh
    for _ in range(3):
        box.counted_wh = 0.0
        box.graph.advance(1.0)
        assert box.reading.lifetime_wh >= before_wh
        before_wh = box.reading.lifetime_wh
    assert len([line for line in box.lines if "was reset" in line]) == 1
    assert box.reading.imported_wh < 20.0


def test_after_an_orderly_stop_and_no_mains_nothing_is_lost(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(95.0)
    before_wh = box.reading.lifetime_wh
    box.graph.stop("meter", StopReason.SHUTDOWN)
    box.graph.advance(0.5)
    box.counted_wh = 0.0
    box.start()
    assert box.reading.lifetime_wh >= before_wh


def test_a_lost_register_is_logged_and_goes_on_from_the_chip(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(100.0)
    box.graph.kill("meter")
    (tmp_path / REGISTER_FILE).write_bytes(b"\xa5" * 8192)
    box.start()
    assert box.is_level()
    assert any("has no valid content" in line for line in box.lines)


def test_a_meter_killed_before_its_first_write_logs_no_loss(tmp_path: Path) -> None:
    graph = closed_at_end(MemoryGraph(seed=1, state_dir=tmp_path))
    for _ in range(3):  # no world: nothing to store yet
        bus = graph.bus("meter")
        build(
            bus,
            Parameters(),
            Drivers(chip=SimMeterChip(bus), modbus=SimModbus(bus), serial=SimSerialModbus(bus)),
        )
        graph.advance(0.1)
        graph.kill("meter")
    assert [line.text for line in graph.lines if line.level != "debug"] == []
    box = Box(tmp_path)
    assert box.is_level()
    assert box.lines == []


def test_a_disk_that_refuses_keeps_the_meter_running_and_is_logged_once(tmp_path: Path) -> None:
    directory = ChangingDirectory(tmp_path)
    directory.refuse()
    box = Box(directory.path)
    box.graph.advance(300.0)
    assert box.is_level()
    assert len([line for line in box.lines if "cannot be stored" in line]) == 1
    directory.accept()
    box.graph.advance(70.0)
    assert box.lines[-1] == "the box's energy is stored again"
    box.restart(None)
    assert box.is_level()


def test_an_idle_box_writes_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.power_w = 0.0
    box.graph.advance(70.0)

    def written() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    before = written()
    box.graph.advance(600.0)
    assert written() == before

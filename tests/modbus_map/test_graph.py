"""meter reads the meters of plant, of every kind."""

from pathlib import Path

import msgspec
import pytest

from bus.memory import MemoryGraph
from msgs.meter import MeterReading
from msgs.methods import HOUSE
from msgs.plant import HouseLoad
from msgs.setting_keys import unflatten
from msgs.setting_names import settings_of
from msgs.settings import Settings
from msgs.topics import METER_HOUSE, METER_SOLAR, SETTINGS
from nodes.meter import node as meter
from nodes.meter.chip_sim import SimMeterChip
from nodes.modbus_map.meter_map import map_names
from nodes.modbus_map.serial_line_sim import SimSerialModbus
from nodes.modbus_map.server_sim import SimServers
from nodes.modbus_map.transport_sim import SimModbus
from nodes.plant import node as plant


@pytest.mark.req("MET-1", "MET-5")
@pytest.mark.parametrize("name", map_names())
def test_meter_reads_what_plant_simulates(tmp_path: Path, name: str) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    parameters = plant.Parameters(house_map=name, house_port=1502, sun_w=3000.0)
    plant.build(graph.bus("plant"), parameters, plant.Drivers(meters=SimServers()))
    bus = graph.bus("meter")
    drivers = meter.Drivers(
        chip=SimMeterChip(bus), modbus=SimModbus(bus), serial=SimSerialModbus(bus)
    )
    meter.build(bus, meter.Parameters(), drivers)
    flat = {
        **settings_of("meter.house", f"{name}@127.0.0.1:1502/1"),
        **settings_of("meter.solar", f"{name}@127.0.0.1:1502/2"),
    }
    graph.bus("system").publish(SETTINGS, msgspec.convert(unflatten(flat), Settings))
    house: list[MeterReading] = []
    solar: list[MeterReading] = []
    reader = graph.bus("load_manager")
    reader.subscribe(METER_HOUSE, house.append)
    reader.subscribe(METER_SOLAR, solar.append)
    load = HouseLoad(current_a=(10.0, 2.0, 0.5))
    graph.bus("tool-1").request(HOUSE, load, lambda _: None)
    graph.advance(3.5)
    assert [reading.error for reading in (*house, *solar)] == [""] * 8
    # Each phase: the load, less a third of the sun.
    sun_a = [line.current_a for line in solar[-1].lines]
    assert sun_a == pytest.approx([-1000.0 / 230.0] * 3, abs=0.1)
    currents_a = [line.current_a for line in house[-1].lines]
    expected_a = [10.0 + sun_a[0], 2.0 + sun_a[1], 0.5 + sun_a[2]]
    assert currents_a == pytest.approx(expected_a, abs=0.1)
    assert solar[-1].power_w == pytest.approx(-3000.0, abs=20.0)
    assert house[-1].contradictions == solar[-1].contradictions == ()

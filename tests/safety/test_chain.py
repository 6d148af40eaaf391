"""One reading of several chips: complete, or none."""

from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from msgs.plant import SimPower
from msgs.topics import SIM_POWER, SIM_SIGNALS
from nodes.safety.analog import Analog, AnalogReading
from nodes.safety.analog_sim import SimAnalog
from nodes.safety.chain import Chain, ChainReading, Drivers, Parts, assemble
from nodes.safety.chip import ChipReading
from nodes.safety.chip_sim import SimPowerChip
from nodes.safety.coil import CoilReading
from nodes.safety.coil_sim import SimCoil
from nodes.safety.generator import GeneratorReading
from nodes.safety.generator_sim import SimGenerator
from nodes.safety.shift_register import ShiftRegisterReading
from nodes.safety.shift_register_sim import SimShiftRegister
from tests.builders import line_values, sim_signals

READING = ChainReading(
    high_v=6.0,
    low_v=-12.0,
    duty_percent=53.3,
    mirror_closed=True,
    load_voltage=False,
    residual_ac=True,
    residual_dc=False,
    earth_ohm=0.8,
    terminal_c=31.0,
    board_c=25.0,
    overtemperature=False,
    dip1=0b101,
    dip2=0b10,
    external_closed=False,
    power_on_reset=True,
    currents_a=(1.0, 2.0, 3.0),
    voltages_v=(230.0, 231.0, 232.0),
    powers_w=(230.0, 462.0, 696.0),
    frequency_hz=50.01,
)
PARTS: Parts = (
    CoilReading(
        mirror_closed=True,
        load_voltage=False,
        residual_ac=True,
        residual_dc=False,
        power_on_reset=True,
    ),
    AnalogReading(high_v=6.0, low_v=-12.0, earth_ohm=0.8, terminal_c=31.0, board_c=25.0),
    GeneratorReading(duty_percent=53.3),
    ShiftRegisterReading(dip1=0b101, dip2=0b10, overtemperature=False, external_closed=False),
    ChipReading(
        currents_a=(1.0, 2.0, 3.0),
        voltages_v=(230.0, 231.0, 232.0),
        powers_w=(230.0, 462.0, 696.0),
        frequency_hz=50.01,
    ),
)


def test_every_value_comes_from_its_chip() -> None:
    assert assemble(PARTS) == READING


@pytest.mark.parametrize("silent", range(4))
def test_a_chip_that_is_silent_is_no_reading_at_all(silent: int) -> None:
    parts = list(PARTS)
    parts[silent] = None
    assert assemble(tuple(parts)) is None  # type: ignore[arg-type]


def test_without_the_meter_chip_only_its_values_are_missing() -> None:
    reading = assemble((*PARTS[:4], None))
    assert reading is not None
    assert (reading.currents_a, reading.voltages_v) == (None, None)
    assert (reading.powers_w, reading.frequency_hz) == (None, None)
    assert reading.dip1 == READING.dip1


def power(*currents_a: float) -> SimPower:
    first, second, third = (line_values(current_a, 229.0 + current_a) for current_a in currents_a)
    return SimPower(lines=(first, second, third), frequency_hz=50.01)


SIGNALS = sim_signals(
    high_v=6.0,
    low_v=-12.0,
    duty_percent=53.3,
    residual_ac=True,
    terminal_c=31.0,
    dip2=2,
    external_closed=False,
    power_on_reset=True,
)


def test_the_simulated_chips_read_the_world_and_repeat_the_same_object(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus, plant = graph.bus("safety"), graph.bus("plant")
    chain = Chain(
        Drivers(
            coil=SimCoil(bus),
            analog=SimAnalog(bus),
            generator=SimGenerator(bus),
            shift_register=SimShiftRegister(bus),
            chip=SimPowerChip(bus),
        )
    )
    assert chain.read() is None
    plant.publish(SIM_SIGNALS, SIGNALS)
    plant.publish(SIM_POWER, power(1.0, 2.0, 3.0))
    graph.advance(0.01)
    reading = chain.read()
    assert reading == READING
    plant.publish(SIM_SIGNALS, SIGNALS)
    graph.advance(0.01)
    assert chain.read() is reading
    graph.advance(0.06)  # silent signals: 50 ms
    assert chain.read() is None


class SilentAnalog(Analog):
    """A converter that does not answer."""

    def read(self) -> AnalogReading | None:
        return None


@pytest.mark.req("ERR-8")
def test_the_contacts_are_read_while_another_chip_is_silent(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus, plant = graph.bus("safety"), graph.bus("plant")
    chain = Chain(
        Drivers(
            coil=SimCoil(bus),
            analog=SilentAnalog(),
            generator=SimGenerator(bus),
            shift_register=SimShiftRegister(bus),
            chip=SimPowerChip(bus),
        )
    )
    chain.read()
    assert (chain.contacts, chain.silent[0]) == (None, "coil")
    plant.publish(SIM_SIGNALS, SIGNALS)
    graph.advance(0.01)
    assert chain.read() is None
    assert chain.silent == ("analog-to-digital converter",)
    assert chain.contacts == PARTS[0]

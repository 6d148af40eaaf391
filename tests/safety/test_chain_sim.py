"""The simulated chain: what it reads of the mains' flag, and how it takes it back."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.memory import MemoryGraph
from msgs.plant import SimCopper
from msgs.safety import SimContactorDrive
from msgs.topics import SIM_CONTACTOR_DRIVE, SIM_COPPER
from nodes.safety.chain_sim import SimChain

COPPER = SimCopper(
    high_v=12.0,
    low_v=12.0,
    duty_percent=100.0,
    mirror_closed=True,
    load_voltage=False,
    residual_ac=False,
    residual_dc=False,
    earth_ohm=0.8,
    terminal_c=30.0,
    board_c=25.0,
    overtemperature=False,
    dip1=0b101,
    dip2=0,
)


@pytest.mark.parametrize("power_on_reset", [False, True])
def test_the_chain_reads_whether_the_mains_came_on(tmp_path: Path, power_on_reset: bool) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    chain = SimChain(graph.bus("safety"))
    graph.bus("plant").publish(SIM_COPPER, replace(COPPER, power_on_reset=power_on_reset))
    graph.advance(0.01)
    reading = chain.read()
    assert reading is not None
    assert reading.power_on_reset is power_on_reset


def test_the_chain_says_at_once_that_the_flag_is_taken_back_and_when_it_no_longer_is(
    tmp_path: Path,
) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    said: list[SimContactorDrive] = []
    graph.bus("plant").subscribe(SIM_CONTACTOR_DRIVE, said.append)
    chain = SimChain(graph.bus("safety"))
    for clear_reset in (False, True, True, False):
        chain.drive(enable=False, residual_test=False, edge=False, clear_reset=clear_reset)
        graph.advance(0.01)
    assert [drive.clear_reset for drive in said] == [False, True, False]

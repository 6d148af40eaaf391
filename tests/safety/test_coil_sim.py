"""The simulated coil chain: how it reads and clears the power-on flag, and how it is left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.memory import MemoryGraph
from msgs.safety import SimContactorDrive
from msgs.topics import SIM_CONTACTOR_DRIVE, SIM_SIGNALS
from nodes.safety.coil_sim import Parameters, SimCoil, open
from tests.builders import sim_signals

SIGNALS = sim_signals(terminal_c=30.0)


@pytest.mark.parametrize("power_on_reset", [False, True])
def test_it_reads_whether_the_mains_came_on(tmp_path: Path, power_on_reset: bool) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    coil = SimCoil(graph.bus("safety"))
    graph.bus("plant").publish(SIM_SIGNALS, replace(SIGNALS, power_on_reset=power_on_reset))
    graph.advance(0.01)
    reading = coil.read()
    assert reading is not None
    assert reading.power_on_reset is power_on_reset


def test_clearing_the_flag_is_published_at_once_and_ends_at_once(
    tmp_path: Path,
) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    said: list[SimContactorDrive] = []
    graph.bus("plant").subscribe(SIM_CONTACTOR_DRIVE, said.append)
    coil = SimCoil(graph.bus("safety"))
    for clear_reset in (False, True, True, False):
        coil.drive(enable=False, residual_test=False, feeds_watchdog=False, clear_reset=clear_reset)
        graph.advance(0.01)
    assert [drive.clear_reset for drive in said] == [False, True, False]


@pytest.mark.parametrize("way", [SimCoil.shutdown, SimCoil.handover])
def test_it_is_left_switched_off(tmp_path: Path, way: Callable[[SimCoil], None]) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    drive = graph.bus("plant").subscribe(SIM_CONTACTOR_DRIVE)
    coil = SimCoil(graph.bus("safety"))
    coil.drive(enable=True, residual_test=True, feeds_watchdog=True, clear_reset=False)
    way(coil)
    graph.advance(0.01)
    assert drive.message is not None
    assert (drive.message.enable, drive.message.residual_test) == (False, False)
    assert not drive.message.feeds_watchdog


def test_opened_it_is_off_and_gives_no_edge(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    said: list[SimContactorDrive] = []
    graph.bus("plant").subscribe(SIM_CONTACTOR_DRIVE, said.append)
    open(graph.bus("safety"), Parameters())
    graph.advance(0.001)
    assert said == [SimContactorDrive(enable=False, feeds_watchdog=False, residual_test=False)]

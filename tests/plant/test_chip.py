"""The readings of a meter chip with a fault."""

from typing import Any

import pytest

from msgs.meter import Line
from msgs.plant import SimFault
from nodes.plant import acts
from nodes.plant.readings import power_of


def line(box: Any, index: int = 0) -> Line:
    power = power_of(box.world)
    assert power is not None
    return power.lines[index]


@pytest.mark.parametrize("fault", [SimFault.SPI_STUCK, SimFault.CHIP_ZERO])
def test_a_chip_that_answers_zeros_shows_no_mains_and_keeps_its_counters(
    box: Any, fault: SimFault
) -> None:
    box.charge(16.0)
    counted_wh = line(box).imported_wh
    box.act(acts.fault, fault)
    one = line(box)
    assert (one.voltage_v, one.current_a, one.power_w) == (0.0, 0.0, 0.0)
    assert one.imported_wh == counted_wh > 0.0


def test_a_chip_that_measures_nothing_counts_nothing_while_the_rest_works(box: Any) -> None:
    box.charge(16.0)
    counted_wh = line(box).imported_wh
    taken_wh = box.world.energy.total_in_wh
    box.act(acts.fault, SimFault.CHIP_ZERO)
    box.run(60.0)
    assert line(box).imported_wh == counted_wh
    assert box.current_a == pytest.approx(15.7)
    assert box.signals.high_v == pytest.approx(6.0, abs=0.01)
    assert box.world.energy.total_in_wh > taken_wh + 100.0  # the house's meter counts on
    box.act(acts.clear, SimFault.CHIP_ZERO)
    box.run(60.0)
    assert line(box).current_a == pytest.approx(15.7)
    assert line(box).imported_wh > counted_wh


def test_a_dead_chip_is_silent_and_continues_to_count(box: Any) -> None:
    box.charge(16.0)
    counted_wh = line(box).imported_wh
    box.act(acts.fault, SimFault.CHIP_DEAD)
    box.run(60.0)
    assert power_of(box.world) is None
    box.act(acts.clear, SimFault.CHIP_DEAD)
    assert line(box).imported_wh > counted_wh + 50.0


def test_a_frozen_chip_repeats_its_last_values(box: Any) -> None:
    box.charge(16.0)
    last = power_of(box.world)
    box.act(acts.fault, SimFault.CHIP_FROZEN)
    box.run(60.0)
    box.act(acts.pull)
    box.act(acts.power, False)
    box.act(acts.fault, SimFault.CHIP_FROZEN)  # what is broken already stays so
    box.run(60.0)
    assert power_of(box.world) == last
    box.act(acts.clear, SimFault.CHIP_FROZEN)
    assert (line(box).voltage_v, line(box).current_a) == (0.0, 0.0)

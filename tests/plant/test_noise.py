"""Noise of the box's converters: how much, on which values; the box works with it."""

import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from msgs.meter import Line
from msgs.plant import SimPower, SimSignals
from nodes.plant.noise import (
    CURRENT_A,
    EARTH_OHM,
    PILOT_V,
    POWER_W,
    TEMPERATURE_C,
    VOLTAGE_V,
    power_with,
    signals_with,
)
from nodes.plant.readings import power_of
from tests.box import Box
from tests.plant.test_node import Rig

LSB = 1.5
SAMPLES = 4000

SIGNALS = {
    "high_v": PILOT_V,
    "low_v": PILOT_V,
    "earth_ohm": EARTH_OHM,
    "terminal_c": TEMPERATURE_C,
    "board_c": TEMPERATURE_C,
}
POWER = {"current_a": CURRENT_A, "voltage_v": VOLTAGE_V, "power_w": POWER_W}


def is_as_wide(values: list[float], mean: float, width: float) -> bool:
    """Return whether mean and deviation are within four standard errors."""
    off = abs(statistics.fmean(values) - mean) / width
    wider = abs(statistics.pstdev(values) / width - 1.0)
    return off < 4 / math.sqrt(SAMPLES) and wider < 4 / math.sqrt(2 * SAMPLES)


def test_steps_are_those_of_12_bit_behind_the_pilots_divider_and_of_the_ntc() -> None:
    assert pytest.approx(0.0064, abs=0.0001) == PILOT_V
    assert pytest.approx(0.022, abs=0.001) == TEMPERATURE_C


def test_each_analog_channel_has_its_own_normal_noise_and_no_other_has_any(box: Any) -> None:
    gauss = Random(1).gauss
    truth: SimSignals = box.signals
    read = [signals_with(truth, gauss, LSB) for _ in range(SAMPLES)]
    for name in SimSignals.__struct_fields__:
        values = [getattr(signals, name) for signals in read]
        if name in SIGNALS:
            assert is_as_wide(values, getattr(truth, name), LSB * SIGNALS[name]), name
        else:
            assert set(values) == {getattr(truth, name)}, name
    highs = [signals.high_v for signals in read]
    lows = [signals.low_v for signals in read]
    assert abs(statistics.correlation(highs, lows)) < 4 / math.sqrt(SAMPLES)


def test_the_chip_measures_with_noise_and_counts_without(box: Any) -> None:
    gauss = Random(1).gauss
    box.charge(16.0)
    truth = power_of(box.world)
    assert truth is not None
    read = [power_with(truth, gauss, LSB) for _ in range(SAMPLES)]
    for phase in range(3):
        for name in Line.__struct_fields__:
            values = [getattr(power.lines[phase], name) for power in read]
            value = getattr(truth.lines[phase], name)
            if name in POWER:
                assert is_as_wide(values, value, LSB * POWER[name]), name
            else:
                assert set(values) == {value}, name


def samples(rig: Rig) -> Iterator[SimSignals | SimPower]:
    yield from (signals for _, signals in rig.signals)
    yield from (power for _, power in rig.power)


def test_each_sample_has_noise_of_its_own_that_follows_from_the_seed(tmp_path: Path) -> None:
    rigs = [
        Rig(tmp_path, seed=seed, wander_percent=0.0, noise_lsb=lsb)
        for seed, lsb in ((1, LSB), (1, LSB), (2, LSB), (1, 0.0))
    ]
    for rig in rigs:
        rig.graph.advance(2.001)
    noisy, again, other, quiet = (list(samples(rig)) for rig in rigs)
    assert len(noisy) == len(set(map(str, noisy))) == 101 + 21
    assert noisy == again
    assert noisy != other
    assert len(set(map(str, quiet))) == 2


@pytest.mark.parametrize(
    ("fault", "are_signals_still"),
    [("spi_stuck", True), ("chip_zero", False), ("chip_frozen", False)],
)
def test_a_chip_that_does_not_measure_has_no_noise(
    tmp_path: Path, fault: str, are_signals_still: bool
) -> None:
    rig = Rig(tmp_path, wander_percent=0.0, noise_lsb=LSB)
    rig.graph.advance(1.0)
    rig.ask("fault", name=fault)
    rig.graph.advance(0.2)
    rig.signals.clear()
    rig.power.clear()
    rig.graph.advance(1.0)
    assert len({str(power) for _, power in rig.power}) == 1
    assert (len({str(signals) for _, signals in rig.signals}) == 1) is are_signals_still


@pytest.mark.parametrize("seconds", [60.0, pytest.param(600.0, marks=pytest.mark.proof)])
def test_a_box_with_noise_idles_and_charges_without_a_fault(tmp_path: Path, seconds: float) -> None:
    box = Box(tmp_path, f"plant.noise_lsb={LSB}")
    box.advance(seconds)
    assert not {what for what, *_ in box.events} & {"coil_on", "duty", "residual"}
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(seconds)
    assert box.is_drawing
    whats = [what for what, *_ in box.events]
    assert whats.count("contacts_closed") == 1
    assert not {"coil_off", "contacts_open", "s2_opened"}.intersection(whats)
    assert (box.faults, box.retries) == ([], 0)

"""Noise of the box's converters: how much, on which values; the box works with it."""

import math
import statistics
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from msgs.meter import Line
from msgs.plant import SimPower, SimSignals
from nodes.plant.noise import (
    CURRENT_A,
    EARTH_OHM,
    FREQUENCY_HZ,
    PILOT_V,
    POWER_W,
    TEMPERATURE_C,
    VOLTAGE_V,
    chip_errors,
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
    flow = box.world.flow
    truth = {"current_a": flow.box_a, "voltage_v": flow.box_v, "power_w": flow.box_w}
    read = [power_of(box.world, chip_errors(gauss, LSB)) for _ in range(SAMPLES)]
    shown = [power for power in read if power is not None]
    assert len(shown) == SAMPLES
    assert is_as_wide([power.frequency_hz for power in shown], 50.0, LSB * FREQUENCY_HZ)
    for phase in range(3):
        for name in Line.__struct_fields__:
            values = [getattr(power.lines[phase], name) for power in shown]
            if name in POWER:
                assert is_as_wide(values, truth[name][phase], LSB * POWER[name]), name
            else:
                assert len(set(values)) == 1, name


def is_in_steps(value: float, step: float) -> bool:
    return abs(value / step - round(value / step)) < 1e-4


def test_the_chip_shows_1_ma_10_mv_1_w_and_10_mhz_and_no_value_between(box: Any) -> None:
    gauss = Random(1).gauss
    box.charge(13.37)
    for _ in range(100):
        power = power_of(box.world, chip_errors(gauss, LSB))
        assert power is not None
        assert is_in_steps(power.frequency_hz, 0.01)
        for line in power.lines:
            assert is_in_steps(line.current_a, 0.001)
            assert is_in_steps(line.voltage_v, 0.01)
            assert is_in_steps(line.power_w, 1.0)
            assert str(line.current_a) == str(round(line.current_a, 3))


def shown_values(power: SimPower) -> tuple[float, ...]:
    lines = power.lines
    return (
        power.frequency_hz,
        *(value for line in lines for value in (line.current_a, line.voltage_v, line.power_w)),
    )


def test_a_chip_under_load_never_repeats_itself_for_a_second_and_one_at_rest_does(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path)
    box.advance(10.0)
    assert len({shown_values(power) for power in powers(box, 10.0)}) == 1
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)
    box.advance(20.0)
    shown = [shown_values(power) for power in powers(box, 60.0)]
    assert len(shown) > 300
    longest = repeated = 0
    for before, after in pairwise(shown):
        repeated = repeated + 1 if before == after else 0
        longest = max(longest, repeated)
    assert longest < 10


def powers(box: Box, seconds: float) -> list[SimPower]:
    """Return what the chip of a box shows for a time."""
    read: list[SimPower] = []
    for _ in range(round(seconds / 0.1)):
        box.advance(0.1)
        read.append(msgspec.convert(box.said("sim/power"), SimPower))
    return read


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

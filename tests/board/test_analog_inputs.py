"""The analog circuits: both directions fit together, and broken sensors read as such."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.board.analog_inputs import (
    cp_counts,
    cp_v,
    earth_counts,
    earth_ohm,
    minus_counts,
    minus_v,
    ntc_c,
    ntc_counts,
    pin_counts,
    pin_v,
    plus_counts,
    plus_v,
)
from nodes.board.mcp3208 import FULL_SCALE
from nodes.safety.earth import LIMIT_OHM
from nodes.safety.heat import COLDEST_C, HOTTEST_C

Convert = Callable[[float], float]
BOTH_WAYS: list[tuple[Convert, Convert, int]] = [
    (pin_v, pin_counts, FULL_SCALE),
    (cp_v, cp_counts, FULL_SCALE),
    (ntc_c, ntc_counts, FULL_SCALE),
    (earth_ohm, earth_counts, 3723),  # 3.0 V
    (plus_v, plus_counts, FULL_SCALE),
    (minus_v, minus_counts, FULL_SCALE),
]


@pytest.mark.parametrize(("convert", "back", "most"), BOTH_WAYS)
def test_what_is_converted_back_is_within_half_a_count(
    convert: Convert, back: Convert, most: int
) -> None:
    for counts in range(1, most + 1):
        assert abs(back(convert(counts)) - counts) < 0.5


@pytest.mark.parametrize(
    ("counts", "volts"),
    [(cp_counts(0.0), 1.773), (cp_counts(12.0), 3.287), (cp_counts(-12.0), 0.259)],
)
def test_the_pilots_divider_gives_the_volts_of_its_drawing(counts: float, volts: float) -> None:
    assert pin_v(counts) == pytest.approx(volts, abs=0.001)


def test_a_divider_of_200_47_and_75_kohm_has_this_ratio_and_offset() -> None:
    siemens = 1 / 200 + 1 / 47 + 1 / 75
    assert pin_v(cp_counts(0.0)) == pytest.approx(3.3 / 47 / siemens, abs=0.001)
    assert pin_v(cp_counts(1.0) - cp_counts(0.0)) == pytest.approx(1 / 200 / siemens, abs=1e-4)


def test_an_ntc_of_10_kohm_at_25_degrees_is_in_the_middle() -> None:
    assert ntc_counts(25.0) == pytest.approx(2048)
    assert ntc_c(2048) == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("celsius", "kohm"),
    [(0.0, 33.6), (50.0, 3.59), (80.0, 1.27), (100.0, 0.698)],  # a table of NTC 10k, B 3950
)
def test_an_ntc_is_that_of_its_table(celsius: float, kohm: float) -> None:
    counts = ntc_counts(celsius)
    assert 10.0 * counts / (4096 - counts) == pytest.approx(kohm, rel=0.03)


def test_a_broken_ntc_is_colder_and_a_shorted_one_hotter_than_any_sensor() -> None:
    assert ntc_c(FULL_SCALE) < COLDEST_C
    assert ntc_c(0) > ntc_c(1) > HOTTEST_C


def test_temperatures_in_the_box_have_steps_below_a_tenth_of_a_degree() -> None:
    for celsius in range(-25, 86):
        counts = round(ntc_counts(celsius))
        assert 0.0 < ntc_c(counts) - ntc_c(counts + 1) < 0.1


@given(st.floats(0.0, 2000.0))
@settings(max_examples=50)
def test_an_earth_loop_is_known_within_half_a_percent_and_half_an_ohm(ohm: float) -> None:
    assert earth_ohm(round(earth_counts(ohm))) == pytest.approx(ohm, abs=0.5 + ohm / 200)


def test_an_earth_loop_that_is_larger_shows_less() -> None:
    shown = [earth_ohm(counts) for counts in range(3724)]
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize(
    "counts",
    [
        0,  # no measuring current
        1,
        round(earth_counts(1e6)),  # a broken loop
        FULL_SCALE,  # an input at 3.3 V
    ],
)
def test_an_earth_that_is_not_measured_is_no_earth(counts: int) -> None:
    assert earth_ohm(counts) > LIMIT_OHM


def test_noise_above_the_source_is_a_sound_earth() -> None:
    assert earth_ohm(round(earth_counts(0.0)) + 10) == 0.0


def test_the_supplies_are_in_range_and_the_negative_one_is_never_at_an_end() -> None:
    assert pin_v(plus_counts(12.0)) == pytest.approx(2.4)
    for volts in (-12.6, -12.0, 0.0):
        assert 0 < round(minus_counts(volts)) < FULL_SCALE

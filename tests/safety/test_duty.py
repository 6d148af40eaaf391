"""Whether the generator follows pilot: since when its duty differs, and for how long it may."""

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety.config import Config
from nodes.safety.duty import DutyComparison, compare, is_not_followed
from tests.builders import charging_pilot
from tests.safety.evaluations import PLUGGED

PILOT = replace(charging_pilot(), duty_percent=26.0)
FITS = DutyComparison()


def compared(duty: DutyComparison, *read_percent: float, now_s: float = 1000.0) -> DutyComparison:
    """Return the comparison after readings of the generator, a second apart."""
    for number, percent in enumerate(read_percent):
        evaluation = replace(PLUGGED, duty_percent=percent)
        duty = compare(duty, PILOT, evaluation, now_s + number)
    return duty


@pytest.mark.parametrize(
    ("read_percent", "fits"),
    [(26.0, True), (25.0, True), (27.0, True), (24.9, False), (27.1, False)],
)
def test_the_duty_read_back_may_differ_by_one_percent(read_percent: float, fits: bool) -> None:
    expected = FITS if fits else DutyComparison(differs_since_s=1000.0)
    assert compared(FITS, read_percent) == expected


def test_the_first_reading_that_differs_counts() -> None:
    differs = compared(FITS, 26.0, 20.0, 20.0, 21.0)
    assert differs == DutyComparison(differs_since_s=1001.0)
    assert compared(differs, 20.0, now_s=1010.0) is differs


def test_three_readings_in_a_row_that_fit_end_a_difference() -> None:
    differs = DutyComparison(differs_since_s=1000.0)
    assert compared(differs, 26.0) == replace(differs, fits=1)
    assert compared(differs, 26.0, 26.0) == replace(differs, fits=2)
    assert compared(differs, 26.0, 26.0, 26.0) == FITS
    assert compared(differs, 26.0, 26.0, 20.0) == differs
    assert compared(differs, 26.0, 26.0, 20.0, 26.0, 26.0) == replace(differs, fits=2)


def test_a_duty_that_fits_changes_nothing() -> None:
    assert compared(FITS, 26.0, 26.0) is FITS


@pytest.mark.parametrize("fits", [0, 1, 2])
def test_nothing_differs_from_a_silent_pilot(fits: int) -> None:
    assert compare(FITS, None, PLUGGED, 1000.0) is FITS
    assert compare(DutyComparison(differs_since_s=999.0, fits=fits), None, PLUGGED, 1000.0) == FITS


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("since_s", "is_not"), [(1.49, False), (1.5, True), (60.0, True)])
def test_the_generator_has_to_follow_within_1500_ms(since_s: float, is_not: bool) -> None:
    differs = DutyComparison(differs_since_s=1000.0)
    assert is_not_followed(differs, Config(), Moment(1000.0 + since_s)) is is_not
    assert is_not_followed(FITS, Config(), Moment(1000.0 + since_s)) is False

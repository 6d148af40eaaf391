"""When a charging schedule begins. The cases are those of libocpp, v16 profile_testsA."""

import math

import pytest

from nodes.dcs.profile import ChargingProfile, next_change_s, occurrence_s, value_at
from tests.dcs.profile_makers import (
    ABSOLUTE,
    RECURRING,
    RELATIVE,
    WEEKLY,
    at,
    clock,
    profile,
)

PERIODS = ((0, 32), (1800, 31), (2700, 30))
VALID = ("2024-01-01 12:00", "2024-01-01 14:00")
ON_THE_DAY = profile(*PERIODS, kind=ABSOLUTE, start="2024-01-01 12:02", duration=3600, valid=VALID)
OF_THE_SESSION = profile(*PERIODS, kind=RELATIVE, duration=3600, valid=VALID)
DAILY_AT_8 = profile(
    *PERIODS,
    kind=RECURRING,
    start="2024-01-01 08:00",
    duration=3600,
    valid=("2024-01-01 12:00", "2024-02-01 12:00"),
)
WEDNESDAYS_AT_16 = profile(
    *PERIODS, kind=RECURRING, recurrence=WEEKLY, start="2024-01-03 16:00", duration=3600
)


def begin(of: ChargingProfile, now: str, begun: str) -> str:
    return clock(occurrence_s(of, at(now), at(begun)))


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize("now", ["11:50", "12:10", "14:10"])
@pytest.mark.parametrize("begun", ["2024-01-01 11:00", "2024-01-01 12:05"])
def test_calculate_start_absolute(now: str, begun: str) -> None:
    assert begin(ON_THE_DAY, f"2024-01-01 {now}", begun) == "2024-01-01 12:02:00"


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize("begun", ["11:50:00", "12:50:00", "14:10:00"])
def test_calculate_start_relative(begun: str) -> None:
    found = begin(OF_THE_SESSION, "2024-01-01 14:15", f"2024-01-01 {begun}")
    assert found == f"2024-01-01 {begun}"


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-01-01 11:50", "2024-01-01 08:00:00"),  # not valid yet
        ("2024-01-01 12:10", "2024-01-01 08:00:00"),
        ("2024-01-02 07:10", "2024-01-01 08:00:00"),  # that of the day before
        ("2024-01-02 08:00", "2024-01-02 08:00:00"),
        ("2024-01-02 08:10", "2024-01-02 08:00:00"),
        ("2024-01-02 23:10", "2024-01-02 08:00:00"),
        ("2024-01-03 07:10", "2024-01-02 08:00:00"),
        ("2024-02-03 14:10", "2024-02-03 08:00:00"),  # not valid any more
        ("2023-12-30 07:10", "2023-12-29 08:00:00"),  # before the day that is written
    ],
)
def test_calculate_start_recurring_daily(now: str, expected: str) -> None:
    assert begin(DAILY_AT_8, now, "2024-01-01 00:00") == expected


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2024-01-01 11:50", "2023-12-27 16:00:00"),
        ("2024-01-03 07:10", "2023-12-27 16:00:00"),
        ("2024-01-03 23:10", "2024-01-03 16:00:00"),
        ("2024-01-04 23:10", "2024-01-03 16:00:00"),
        ("2024-01-10 07:10", "2024-01-03 16:00:00"),
        ("2024-01-10 20:10", "2024-01-10 16:00:00"),
        ("2024-02-03 14:10", "2024-01-31 16:00:00"),
    ],
)
def test_calculate_start_recurring_weekly(now: str, expected: str) -> None:
    assert begin(WEDNESDAYS_AT_16, now, "2024-01-01 00:00") == expected


def entries(of: ChargingProfile, start: str, end: str, begun: str = "") -> list[tuple[str, float]]:
    """Return each change of a profile in a time: when, and the limit from then on (-1: none)."""
    begun_s = at(begun or start)
    found: list[tuple[str, float]] = []
    now_s: float = at(start)
    while now_s < at(end):
        period = value_at(of, now_s, begun_s)
        limit = -1.0 if period is None else period.limit
        if not found or found[-1][1] != limit:
            found.append((clock(now_s)[11:], limit))
        now_s = next_change_s(of, now_s, begun_s)
    return found


@pytest.mark.req("DCS-4")
def test_calculate_profile_entry_absolute() -> None:
    assert entries(ON_THE_DAY, "2024-01-01 11:00", "2024-01-01 20:50") == [
        ("11:00:00", -1),
        ("12:02:00", 32),
        ("12:32:00", 31),
        ("12:47:00", 30),
        ("13:02:00", -1),
    ]


@pytest.mark.req("DCS-4")
def test_calculate_profile_entry_absolute_no_duration() -> None:
    endless = profile(*PERIODS, kind=ABSOLUTE, start="2024-01-01 12:02", valid=VALID)
    assert entries(endless, "2024-01-01 12:40", "2024-01-01 20:50") == [
        ("12:40:00", 31),
        ("12:47:00", 30),
        ("14:00:00", -1),
    ]


@pytest.mark.req("DCS-4")
def test_calculate_profile_entry_relative() -> None:
    assert entries(
        OF_THE_SESSION, "2024-01-01 11:50", "2024-01-01 20:50", begun="2024-01-01 11:50"
    ) == [("11:50:00", -1), ("12:00:00", 32), ("12:20:00", 31), ("12:35:00", 30), ("12:50:00", -1)]


@pytest.mark.req("DCS-4")
def test_calculate_profile_entry_recurring_daily() -> None:
    found = entries(DAILY_AT_8, "2024-01-31 12:00", "2024-02-03 12:00")
    assert found == [
        ("12:00:00", -1),
        ("08:00:00", 32),
        ("08:30:00", 31),
        ("08:45:00", 30),
        ("09:00:00", -1),  # and on 2 February it is not valid any more
    ]


@pytest.mark.req("DCS-4")
def test_a_period_after_the_duration_is_never_reached() -> None:
    short = profile(*PERIODS, kind=ABSOLUTE, start="2024-01-01 12:00", duration=1800)
    assert entries(short, "2024-01-01 12:00", "2024-01-02 12:00") == [
        ("12:00:00", 32),
        ("12:30:00", -1),
    ]


@pytest.mark.req("DCS-4")
def test_a_schedule_whose_first_period_begins_later_has_no_value_before() -> None:
    late = profile((60, 10), kind=ABSOLUTE, start="2024-01-01 12:00")
    assert entries(late, "2024-01-01 12:00", "2024-01-01 12:10") == [
        ("12:00:00", -1),
        ("12:01:00", 10),
    ]


@pytest.mark.req("DCS-4")
def test_a_day_of_a_recurring_schedule_ends_where_the_next_begins() -> None:
    long = profile(
        (0, 10), (90_000, 20), kind=RECURRING, start="2024-01-01 08:00", duration=100_000
    )
    assert entries(long, "2024-01-01 08:00", "2024-01-05 08:00") == [("08:00:00", 10)]


@pytest.mark.req("DCS-4")
def test_a_begin_between_two_seconds_loses_no_period() -> None:
    begun_s = at("2024-01-01 12:00") + 0.1
    relative = profile((0, 8), (46, 10), kind=RELATIVE)
    change_s = next_change_s(relative, begun_s, begun_s)
    period = value_at(relative, change_s, begun_s)
    assert period is not None
    assert period.limit == 10


@pytest.mark.req("DCS-4")
def test_an_absolute_profile_that_names_a_recurrence_has_no_other_occurrence() -> None:
    once = profile(
        (0, 10), kind=ABSOLUTE, recurrence=WEEKLY, start="2024-01-01 12:00", duration=600
    )
    assert entries(once, "2024-01-01 12:00", "2024-02-01 12:00") == [
        ("12:00:00", 10),
        ("12:10:00", -1),
    ]
    assert next_change_s(once, at("2024-01-01 12:10"), 0.0) == math.inf

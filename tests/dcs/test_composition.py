"""What all profiles together allow.

The names are those of libocpp (v16 profile_testsC and test_composite_schedule, v2
OCTT_TC_K_41_CS); what is expected follows from the rules of `nodes/dcs/composition.py`. Where
nothing else limits, this box allows 48 A here, as the default of libocpp.
"""

import pytest

from nodes.dcs.composition import MOST_CHANGES, composite, rates_at
from nodes.dcs.profiles import NO_PROFILES
from tests.dcs.profile_makers import (
    BOX,
    OWN,
    RECURRING,
    RELATIVE,
    A,
    W,
    at,
    installed,
    limits,
    limits_by_phases,
    profile,
    running,
    shown,
)

pytestmark = pytest.mark.req("DCS-4")

VALID = ("2024-01-01 12:00", "2024-01-05 12:00")
DAY = profile((0, 32), (36_000, 7), level=5, kind=RECURRING, start="2024-01-01 08:00", valid=VALID)
TEN_HOURS = profile(
    (0, 32), level=5, kind=RECURRING, start="2024-01-01 08:00", valid=VALID, duration=36_000
)
MINIMUM = profile((0, 6), level=1, number=200, kind=RELATIVE)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("01 07:55", "01 08:05", [(0, 48)], id="NotValidYet"),
        pytest.param("01 11:55", "01 12:05", [(0, 48), (300, 32)], id="AlmostValid"),
        pytest.param("01 15:00", "01 15:10", [(0, 32)], id="During"),
        pytest.param("01 17:55", "01 18:05", [(0, 32), (300, 7)], id="ApproachingEnd"),
        pytest.param("02 07:30", "02 07:40", [(0, 7)], id="NextDay"),
        pytest.param("02 07:55", "02 08:05", [(0, 7), (300, 32)], id="NextDayStart"),
        pytest.param("05 11:55", "05 12:05", [(0, 32), (300, 48)], id="ApproachingInvalid"),
    ],
)
def test_daily_recurring(start: str, end: str, expected: list[tuple[int, float]]) -> None:
    found = shown(installed(DAY), f"2024-01-{start}", f"2024-01-{end}", begun="2024-01-01 07:00")
    assert limits(found) == expected
    assert found.duration_s == 600


@pytest.mark.parametrize("has_minimum", [False, True])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("01 07:55", "01 08:05", [(0, 48)], id="NotValidYet"),
        pytest.param("01 11:55", "01 12:05", [(0, 48), (300, 32)], id="AlmostValid"),
        pytest.param("01 15:00", "01 15:10", [(0, 32)], id="During"),
        pytest.param("01 17:55", "01 18:05", [(0, 32), (300, 48)], id="ApproachingEnd"),
        pytest.param("02 07:30", "02 07:40", [(0, 48)], id="NextDay"),
        pytest.param("02 07:55", "02 08:05", [(0, 48), (300, 32)], id="NextDayStart"),
        pytest.param("05 11:55", "05 12:05", [(0, 32), (300, 48)], id="ApproachingInvalid"),
    ],
)
def test_daily_recurring_alt(
    start: str, end: str, expected: list[tuple[int, float]], has_minimum: bool
) -> None:
    profiles = installed(TEN_HOURS, MINIMUM) if has_minimum else installed(TEN_HOURS)
    found = shown(profiles, f"2024-01-{start}", f"2024-01-{end}", begun="2024-01-01 07:00")
    # A gap in the higher level falls through to the lower one.
    below = 6 if has_minimum else 48
    assert limits(found) == [(when, below if limit == 48 else limit) for when, limit in expected]


@pytest.mark.parametrize("begun", ["", "2024-01-05 07:00"])
def test_minimum_with_and_without_session(begun: str) -> None:
    found = shown(installed(MINIMUM), "2024-01-05 11:55", "2024-01-05 12:05", begun=begun)
    assert limits(found) == [(0, 6)]


# An absolute profile for 18 minutes over a daily one, in W, for connector 0.
SHORT = profile(
    (0, 2000, 1), unit=W, level=1, number=1, start="2024-01-17 18:00", duration=1080, connector=0
)
DAYS = profile(
    (0, 11_000, 3),
    (28_800, 6000, 3),
    (72_000, 12_000, 3),
    unit=W,
    number=100,
    kind=RECURRING,
    start="2023-01-17 17:00",
    duration=86_400,
    connector=0,
)


def test_issue_609_during() -> None:
    found = shown(installed(SHORT, DAYS), "2024-01-17 18:01", "2024-01-18 00:00", unit=W)
    assert limits(found) == [(0, 2000), (1020, 11_000)]
    assert found.duration_s == 21_540


def test_issue_609_before() -> None:
    found = shown(installed(SHORT, DAYS), "2024-01-17 17:59:59", "2024-01-18 00:00", unit=W)
    assert limits(found) == [(0, 11_000), (1, 2000), (1081, 11_000)]


def test_validated_baseline() -> None:
    found = shown(installed(SHORT, DAYS), "2024-01-17 18:01", "2024-01-18 06:00", unit=W)
    assert found.duration_s == 43_140
    assert limits_by_phases(found) == [(0, 2000, 1), (1020, 11_000, 3), (25_140, 6000, 3)]


IN_WATTS = profile(
    *((0, 2000, 1), (300, 1800, 2), (600, 1600, 3), (900, 1200)),
    unit=W,
    level=1,
    number=1,
    start="2024-01-01 12:00",
    duration=3500,
    connector=0,
)
IN_AMPS = profile(
    *((0, 32, 3), (300, 24, 2), (600, 12, 1), (900, 10)),
    level=2,
    number=2,
    start="2024-01-01 13:00",
    duration=3600,
    connector=0,
)


def test_charge_rate_w() -> None:
    found = shown(installed(IN_WATTS, IN_AMPS), "2024-01-01 12:00", "2024-01-01 14:00", unit=W)
    assert limits(found) == [
        *((0, 2000), (300, 1800), (600, 1600), (900, 1200)),
        (3500, 33_120),
        *((3600, 22_080), (3900, 11_040), (4200, 2760), (4500, 6900)),
    ]


def test_charge_rate_a() -> None:
    found = shown(installed(IN_WATTS, IN_AMPS), "2024-01-01 12:00", "2024-01-01 14:00", unit=A)
    # One digit after the point, never more than the limit: 8.696, 3.913, 2.319 and 1.739 A.
    assert limits(found) == [
        *((0, 8.6), (300, 3.9), (600, 2.3), (900, 1.7)),
        (3500, 48),
        *((3600, 32), (3900, 24), (4200, 12), (4500, 10)),
    ]


CAP = profile(
    *((0, 10), (80, 20, 1), (100, 20, 3)),
    purpose=BOX,
    level=2,
    number=10,
    start="2024-01-01 12:00",
    duration=200,
)
UNDER_THE_CAP = profile(
    *((0, 11_000, 3), (60, 6900, 1), (120, 5520), (180, 17_250), (260, 5520)),
    unit=W,
    level=10,
    number=11,
    start="2024-01-01 12:00",
    duration=300,
    connector=0,
)


def test_combined_1() -> None:
    profiles = installed(CAP, UNDER_THE_CAP)
    in_watts = shown(profiles, "2024-01-01 12:00", "2024-01-01 12:06:40", unit=W)
    assert limits_by_phases(in_watts) == [
        (0, 6900, 3),  # cap, 10 A on 3 phases
        (60, 2300, 1),  # cap, 10 A on the 1 phase of the plan
        (80, 4600, 1),  # cap, 20 A on 1 phase
        (120, 5520, 3),
        (180, 13_800, 3),  # cap, 20 A on 3 phases
        (200, 17_250, 3),  # the cap is over
        (260, 5520, 3),
        (300, 33_120, 3),
    ]
    in_amps = shown(profiles, "2024-01-01 12:00", "2024-01-01 12:06:40", unit=A)
    assert limits_by_phases(in_amps) == [
        *((0, 10, 3), (60, 10, 1), (80, 20, 1), (120, 8, 3)),
        *((180, 20, 3), (200, 25, 3), (260, 8, 3), (300, 48, 3)),
    ]


DAY_A = profile(
    *((0, 14), (5000, 16), (15_000, 20)),
    level=0,
    number=1,
    kind=RECURRING,
    start="2024-06-03 12:31:53",
    connector=0,
)
DAY_B = profile(
    *((0, 10), (10_000, 22), (20_000, 6)),
    level=1,
    number=2,
    kind=RECURRING,
    start="2024-06-03 12:31:53",
    duration=86_400,
    connector=0,
)


@pytest.mark.parametrize(("end", "days"), [("2024-06-05", 2), ("2024-06-07", 4)])
def test_recurring_2a_and_2b(end: str, days: int) -> None:
    found = shown(installed(DAY_A, DAY_B), "2024-06-03 12:31:53", f"{end} 12:31:53")
    assert found.duration_s == days * 86_400
    assert limits(found) == [
        (day * 86_400 + start_s, limit)
        for day in range(days)
        for start_s, limit in ((0, 10), (10_000, 22), (20_000, 6))
    ]


# --- composite schedules --------------------------------------------------------------------------

HOURLY = [(hour * 3600, hour + 1.0) for hour in range(24)]
GRID = profile(*HOURLY, number=24, kind=RECURRING, start="2023-01-17 00:00", duration=86_400)
ON_TOP = profile(
    (0, 2),
    purpose=OWN,
    level=2,
    number=2,
    kind=RECURRING,
    start="2024-01-17 18:04",
    duration=1080,
)
RUNNING = running("2024-01-18 17:00")


def test_tight_layered() -> None:
    profiles = installed(GRID, ON_TOP, transaction=RUNNING)
    found = shown(profiles, "2024-01-18 18:04", "2024-01-18 18:22", begun="2024-01-18 17:00")
    assert limits(found) == [(0, 2)]
    assert found.duration_s == 1080


def test_tight_layered_with_absolute_profile() -> None:
    # Absolute, though it names a recurrence: its only occurrence was the day before.
    absolute = profile(
        (0, 2), purpose=OWN, level=2, number=3, start="2024-01-17 18:04", duration=1080
    )
    profiles = installed(GRID, absolute, transaction=RUNNING)
    found = shown(profiles, "2024-01-18 18:04", "2024-01-18 18:22", begun="2024-01-18 17:00")
    assert limits(found) == [(0, 19)]


def test_fat_layered() -> None:
    profiles = installed(GRID, ON_TOP, transaction=RUNNING)
    found = shown(profiles, "2024-01-18 18:02", "2024-01-18 18:24", begun="2024-01-18 17:00")
    assert limits(found) == [(0, 19), (120, 2), (1200, 19)]
    assert found.duration_s == 1320


def test_thin() -> None:
    found = shown(installed(GRID), "2024-01-18 18:04", "2024-01-18 18:22")
    assert limits(found) == [(0, 19)]


def test_no_schedules_present() -> None:
    found = shown(NO_PROFILES, "2024-01-02 00:00", "2024-01-02 01:00")
    assert limits(found) == [(0, 48)]
    assert (found.start_utc_s, found.duration_s) == (at("2024-01-02 00:00"), 3600)


def test_extra_seconds() -> None:
    absolute = profile(
        *((0, 32), (1800, 31), (2700, 30)), start="2024-01-01 12:02", duration=3600, connector=0
    )
    found = shown(installed(absolute), "2024-01-01 12:01:59", "2024-01-01 13:02:01")
    assert limits(found) == [(0, 48), (1, 32), (1801, 31), (2701, 30), (3601, 48)]


CAP_BY_DAY = profile(
    *((0, 24, 1), (900, 28, 1), (1800, 30, 1), (2700, 32, 1)),
    purpose=BOX,
    number=24,
    kind=RECURRING,
    start="2024-01-17 08:00",
    duration=86_400,
)
RELATIVE_303 = profile((0, 16), (1800, 15), (2700, 14), kind=RELATIVE, level=5, duration=3600)


def test_single_station_max() -> None:
    found = shown(installed(CAP_BY_DAY), "2024-08-21 08:00", "2024-08-21 09:00")
    assert limits_by_phases(found) == [(0, 24, 1), (900, 28, 1), (1800, 30, 1), (2700, 32, 1)]


@pytest.mark.parametrize("connector", [0, 1])
def test_single_tx_default_profile_for_evse_0_with_single_evse(connector: int) -> None:
    profiles = installed(
        profile(
            *((0, 16), (1800, 15), (2700, 14)), kind=RELATIVE, duration=3600, connector=connector
        )
    )
    found = shown(profiles, "2024-01-02 08:00", "2024-01-02 09:00")
    assert limits(found) == [(0, 16), (1800, 15), (2700, 14)]


def test_single_tx_default_profile_with_station_max() -> None:
    found = shown(installed(CAP_BY_DAY, RELATIVE_303), "2024-01-02 08:01", "2024-01-02 09:01")
    assert limits_by_phases(found) == [(0, 16, 1), (1800, 15, 1), (2700, 14, 1)]


CAP_24 = profile(
    *((0, 16, 1), (3600, 16, 3), (7200, 10, 1), (10_800, 10, 3)),
    purpose=BOX,
    number=24,
    kind=RECURRING,
    start="2024-01-17 00:00",
    duration=86_400,
)
POWER_25 = profile(
    *((0, 12_420), (300, 8280), (600, 6210), (900, 4140), (1200, 2070)),
    unit=W,
    number=25,
    kind=RELATIVE,
    duration=3600,
)


@pytest.mark.parametrize(
    ("hour", "unit", "expected"),
    [
        pytest.param(0, A, [(0, 16, 1), (1200, 9, 1)], id="16A_1P"),
        pytest.param(
            1, A, [(0, 16, 3), (300, 12, 3), (600, 9, 3), (900, 6, 3), (1200, 3, 3)], id="16A_3P"
        ),
        pytest.param(2, A, [(0, 10, 1), (1200, 9, 1)], id="10A_1P"),
        pytest.param(3, A, [(0, 10, 3), (600, 9, 3), (900, 6, 3), (1200, 3, 3)], id="10A_3P"),
        pytest.param(2, W, [(0, 2300, 1), (1200, 2070, 1)], id="10A_1P_RequestPower"),
        pytest.param(
            3,
            W,
            [(0, 6900, 3), (600, 6210, 3), (900, 4140, 3), (1200, 2070, 3)],
            id="10A_3P_RequestPower",
        ),
    ],
)
def test_mixing_current_and_power(
    hour: int, unit: str, expected: list[tuple[int, float, int]]
) -> None:
    profiles = installed(CAP_24, POWER_25)
    found = shown(
        profiles,
        f"2024-01-02 {hour:02}:00",
        f"2024-01-02 {hour + 1:02}:00",
        unit=A if unit == A else W,
    )
    assert limits_by_phases(found) == expected


def test_mixing_number_of_phases_on_single_evse() -> None:
    relative = profile((0, 16, 3), (1800, 15, 1), (2700, 14, 3), kind=RELATIVE, duration=3600)
    found = shown(installed(CAP_24, relative), "2024-01-02 00:40", "2024-01-02 01:40")
    assert limits_by_phases(found) == [(0, 16, 1), (1200, 16, 3), (1800, 15, 1), (2700, 14, 3)]


def test_no_gaps_with_sequential_profiles() -> None:
    first = profile(
        (0, 16), level=5, number=401, kind=RECURRING, start="2024-01-01 08:00", duration=300
    )
    second = profile(
        (0, 12), level=4, number=402, kind=RECURRING, start="2024-01-01 08:05", duration=300
    )
    found = shown(installed(first, second), "2024-01-02 08:00", "2024-01-02 08:20")
    assert limits(found) == [(0, 16), (300, 12), (600, 48)]


def test_octt_tc_k_41_cs() -> None:
    # The vector of the Open Charge Alliance's case: asked 4 s after the begin, for 400 s.
    start = "2024-08-21 12:24:36"
    cap = profile((0, 10, 3), purpose=BOX, number=1, start=start, duration=86_404)
    each = profile(
        *((0, 6, 3), (60, 10, 3), (120, 8, 3), (180, 15, 3), (260, 8, 3)),
        number=2,
        start=start,
        duration=304,
        valid=(start, "2024-08-21 12:31:25"),
    )
    own = profile(
        *((0, 8, 3), (50, 11, 3), (140, 16, 3), (200, 6, 3), (240, 12, 3)),
        purpose=OWN,
        number=3,
        start=start,
        duration=264,
    )
    profiles = installed(cap, each, own, transaction=running(start))
    found = shown(profiles, "2024-08-21 12:24:40", "2024-08-21 12:31:20", begun=start)
    assert found.duration_s == 400
    assert limits(found) == [(0, 8), (46, 10), (196, 6), (236, 10), (260, 8), (300, 10)]


def test_tx_default_connector_0() -> None:
    profiles = installed(
        profile(
            *((0, 1000), (70, 7000), (140, 0), (210, 6000), (280, 1500), (350, 5000)),
            unit=W,
            kind=RELATIVE,
            level=1,
            connector=0,
            least=500,
        )
    )
    found = shown(profiles, "2024-01-02 08:00", "2024-01-02 08:20", unit=W)
    assert limits(found) == [(0, 1000), (70, 7000), (140, 0), (210, 6000), (280, 1500), (350, 5000)]
    found = shown(
        profiles, "2024-01-02 08:03", "2024-01-02 08:20", unit=W, begun="2024-01-02 08:00"
    )
    assert limits(found) == [(0, 0), (30, 6000), (100, 1500), (170, 5000)]
    assert found.duration_s == 1020


# --- purposes, connectors, phases -----------------------------------------------------------------


def test_a_profile_of_the_transaction_may_allow_more_than_that_of_each_one() -> None:
    profiles = installed(
        profile((0, 8), number=1, level=9, kind=RELATIVE),
        profile((0, 20), number=2, purpose=OWN, kind=RELATIVE),
        transaction=RUNNING,
    )
    assert limits(shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00")) == [(0, 20)]


def test_of_two_caps_that_of_the_higher_level_counts_where_it_has_a_value() -> None:
    start = "2024-01-18 18:00"
    profiles = installed(
        profile((0, 10), purpose=BOX, number=1, level=1, start=start),
        profile((0, 20), purpose=BOX, number=2, level=2, start=start, duration=600),
    )
    assert limits(shown(profiles, start, "2024-01-18 19:00")) == [(0, 20), (600, 10)]


def test_the_profile_of_the_connector_counts_before_that_of_the_whole_box() -> None:
    profiles = installed(
        profile((0, 8), number=1, level=9, kind=RELATIVE, connector=0),
        profile((0, 20), number=2, kind=RELATIVE, connector=1, duration=600),
    )
    found = shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00")
    assert limits(found) == [(0, 20), (600, 8)]


def test_what_the_box_allows_by_itself_is_part_of_the_composite() -> None:
    profiles = installed(profile((0, 8), (60, 32), kind=RELATIVE))
    found = shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00", most_a=16.0)
    assert limits(found) == [(0, 8), (60, 16)]


@pytest.mark.parametrize(
    ("phases", "limit_a"), [(1, 16.0), (2, 8.0), (3, 16.0 / 3), (None, 16 / 3)]
)
def test_watts_are_converted_by_the_phases_that_the_vehicle_uses(
    phases: int | None, limit_a: float
) -> None:
    profiles = installed(profile((0, 3680), unit=W, kind=RELATIVE))
    now = rates_at(profiles, at("2024-01-18 18:00"), begun_s=None, vehicle_phases=phases)
    assert now.plan is not None
    assert now.plan.limit_a == pytest.approx(limit_a)


def test_the_phases_of_the_vehicle_count_before_those_that_the_service_assumes() -> None:
    profiles = installed(profile((0, 6900, 1), unit=W, kind=RELATIVE))
    found = shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00", vehicle_phases=3)
    assert limits_by_phases(found) == [(0, 10, 3)]


@pytest.mark.parametrize(
    ("limit", "unit", "least", "offer_a"),
    [
        (0, A, None, 0),
        (0.1, A, None, 0),
        (5.9, A, None, 0),
        (6, A, None, 6),
        (32, A, None, 32),
        (4140, W, None, 6),  # 6 A on three phases
        (4139.9, W, None, 0),
        # Below the least rate the vehicle does not charge properly.
        (9.9, A, 10, 0),
        (10, A, 10, 10),
        (8, A, 0, 8),
        (6900, W, 6900, 10),
        (6899, W, 6900, 0),
    ],
)
def test_what_the_pilot_cannot_signal_is_a_pause(
    limit: float, unit: str, least: float | None, offer_a: float
) -> None:
    profiles = installed(
        profile((0, limit), unit=A if unit == A else W, kind=RELATIVE, least=least)
    )
    now = rates_at(profiles, at("2024-01-18 18:00"), begun_s=None, vehicle_phases=3)
    assert now.plan is not None
    assert now.plan.offer_a == pytest.approx(offer_a)


def test_plan_and_cap_are_separate_as_only_the_plan_ends_with_fast_charging() -> None:
    now = rates_at(
        installed(CAP_BY_DAY, RELATIVE_303),
        at("2024-01-02 08:01"),
        begun_s=at("2024-01-02 08:00"),
        vehicle_phases=3,
    )
    assert now.plan is not None
    assert now.cap is not None
    assert (now.plan.offer_a, now.cap.offer_a) == (16, 24)
    assert now.until_s == at("2024-01-02 08:15")  # the cap changes


def test_a_relative_profile_set_amid_the_transaction_counts_from_its_begin() -> None:
    profiles = installed(
        profile((0, 8), (3600, 16), purpose=OWN, kind=RELATIVE), transaction=RUNNING
    )
    found = shown(profiles, "2024-01-18 17:59", "2024-01-18 18:10", begun="2024-01-18 17:00")
    assert limits(found) == [(0, 8), (60, 16)]


def test_the_least_rate_is_the_highest_of_those_that_count() -> None:
    profiles = installed(
        profile((0, 16), kind=RELATIVE, least=8),
        profile((0, 20), purpose=BOX, start="2024-01-01 00:00", number=2, least=7),
    )
    assert shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00").least_rate == 8
    assert shown(profiles, "2024-01-18 18:00", "2024-01-18 19:00", unit=W).least_rate == 5520
    assert shown(NO_PROFILES, "2024-01-18 18:00", "2024-01-18 19:00").least_rate is None
    without = installed(profile((0, 16), kind=RELATIVE))
    assert shown(without, "2024-01-18 18:00", "2024-01-18 19:00").least_rate is None


def test_a_duration_of_years_is_cut_and_the_schedule_says_so() -> None:
    quarters = [(quarter * 900, 6.0 + quarter % 8) for quarter in range(96)]
    found = composite(
        installed(profile(*quarters, kind=RECURRING, start="2024-01-01 00:00")),
        connector=1,
        start_utc_s=at("2024-01-18 18:00"),
        duration_s=2**31 - 1,
    )
    assert found.duration_s == MOST_CHANGES * 900
    assert len(found.periods) == MOST_CHANGES


def test_a_duration_of_years_without_a_change_is_not_cut() -> None:
    found = composite(installed(MINIMUM), connector=0, start_utc_s=0, duration_s=2**31 - 1)
    assert (found.duration_s, limits(found)) == (2**31 - 1, [(0, 6)])


@pytest.mark.parametrize("duration_s", [0, -1])
def test_no_duration_is_an_empty_schedule(duration_s: int) -> None:
    found = composite(installed(MINIMUM), connector=0, start_utc_s=0, duration_s=duration_s)
    assert (found.duration_s, found.periods) == (0, ())

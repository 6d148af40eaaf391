"""The composition against another one, written from the rules, that goes second by second.

It shares no function with the product: for each second it lists what each profile says, and picks.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.dcs.composition import CompositeSchedule, composite, rates_at
from nodes.dcs.profile import (
    ChargingProfile,
    ProfileKind,
    ProfilePurpose,
    RatePeriod,
    RateUnit,
    Recurrence,
)
from nodes.dcs.profiles import ProfileSet
from tests.dcs.profile_makers import at

START = at("2024-03-30 23:30:00")
DAY = 86_400
MOST_A = 32.0


def value_in_second(profile: ChargingProfile, second: int, begun: float) -> RatePeriod | None:
    """Return what one profile says in one second."""
    if profile.valid_from_utc_s is not None and second < profile.valid_from_utc_s:
        return None
    if profile.valid_to_utc_s is not None and second >= profile.valid_to_utc_s:
        return None
    match profile.kind:
        case ProfileKind.RELATIVE:
            begin = begun
        case ProfileKind.ABSOLUTE:
            assert profile.start_utc_s is not None
            begin = profile.start_utc_s
        case ProfileKind.RECURRING:
            assert profile.start_utc_s is not None
            assert profile.recurrence is not None
            step = DAY if profile.recurrence == Recurrence.DAILY else 7 * DAY
            begin = second - (second - profile.start_utc_s) % step
    if profile.duration_s is not None and second >= begin + profile.duration_s:
        return None
    begun_periods = [each for each in profile.periods if begin + each.start_s <= second]
    return max(begun_periods, key=lambda each: each.start_s, default=None)


def limit_in_second(
    profiles: tuple[ChargingProfile, ...],
    second: int,
    begun: float,
    phases: int | None,
    unit: RateUnit,
) -> tuple[float, int]:
    """Return what all profiles together allow in one second, and the phases."""
    said = [(each, value_in_second(each, second, begun)) for each in profiles]
    valued = [(each, value) for each, value in said if value is not None]
    choices = []
    for group in (
        [ProfilePurpose.TRANSACTION],
        [ProfilePurpose.EACH_TRANSACTION],
    ):
        mine = [pair for pair in valued if pair[0].purpose in group]
        for connector in (1, 0):
            here = [pair for pair in mine if pair[0].connector == connector]
            if here:
                choices.append(max(here, key=lambda pair: pair[0].stack_level))
    counting = choices[:1]
    caps = [pair for pair in valued if pair[0].purpose is ProfilePurpose.BOX]
    if caps:
        counting.append(max(caps, key=lambda pair: pair[0].stack_level))
    if phases is None:
        phases = min((value.phases or 3 for _, value in counting), default=3)
    limits = [MOST_A if unit is RateUnit.AMPS else MOST_A * 230 * phases]
    for profile, value in counting:
        if profile.unit is unit:
            limits.append(value.limit)
        elif unit is RateUnit.AMPS:
            limits.append(value.limit / 230 / phases)
        else:
            limits.append(value.limit * 230 * phases)
    return min(limits), phases


def expand(schedule: CompositeSchedule) -> list[tuple[float, int]]:
    """Return the limit and the phases of each second."""
    ends = [each.start_s for each in schedule.periods[1:]] + [schedule.duration_s]
    return [
        (period.limit, period.phases)
        for period, end_s in zip(schedule.periods, ends, strict=True)
        for _ in range(period.start_s, end_s)
    ]


@st.composite
def charging_profiles(draw: st.DrawFn, number: int) -> ChargingProfile:
    purpose = draw(st.sampled_from(list(ProfilePurpose)))
    kinds = [ProfileKind.ABSOLUTE, ProfileKind.RECURRING]
    if purpose is not ProfilePurpose.BOX:
        kinds.append(ProfileKind.RELATIVE)
    kind = draw(st.sampled_from(kinds))
    unit = draw(st.sampled_from(list(RateUnit)))
    starts = draw(st.lists(st.integers(0, 240), min_size=1, max_size=5, unique=True).map(sorted))
    rates = st.integers(0, 320 if unit is RateUnit.AMPS else 230_000).map(lambda each: each / 10)
    days = draw(st.sampled_from([0, -1, 1, -6, -7, 7, 400]))
    connector = {ProfilePurpose.BOX: 0, ProfilePurpose.TRANSACTION: 1}.get(purpose)
    offset = st.integers(-200, 200)
    return ChargingProfile(
        profile_id=number,
        connector=draw(st.integers(0, 1)) if connector is None else connector,
        purpose=purpose,
        kind=kind,
        unit=unit,
        stack_level=draw(st.integers(0, 3)),
        recurrence=draw(st.sampled_from(list(Recurrence))) if kind == "recurring" else None,
        periods=tuple(
            RatePeriod(
                start_s=start_s,
                limit=draw(rates),
                phases=draw(st.sampled_from([None, None, 1, 2, 3])),
            )
            for start_s in starts
        ),
        start_utc_s=None if kind == "relative" else START + days * DAY + draw(offset),
        duration_s=draw(st.none() | st.integers(1, 300) | st.just(2 * DAY)),
        valid_from_utc_s=draw(st.none() | offset.map(lambda each: START + each)),
        valid_to_utc_s=draw(st.none() | offset.map(lambda each: START + 300 + each)),
    )


@st.composite
def profile_sets(draw: st.DrawFn) -> tuple[ChargingProfile, ...]:
    many = [draw(charging_profiles(number)) for number in range(draw(st.integers(0, 6)))]
    places = {(each.purpose, each.connector, each.stack_level): each for each in many}
    return tuple(places.values())


@pytest.mark.req("DCS-4")
@settings(max_examples=50)
@given(
    profiles=profile_sets(),
    begun=st.integers(-3000, 2500).map(lambda tenths: START + tenths / 10),
    duration_s=st.integers(1, 400),
    phases=st.sampled_from([None, 1, 2, 3]),
    unit=st.sampled_from(list(RateUnit)),
)
def test_each_second_of_a_composite_schedule_is_as_the_rules_say(
    profiles: tuple[ChargingProfile, ...],
    begun: float,
    duration_s: int,
    phases: int | None,
    unit: RateUnit,
) -> None:
    found = composite(
        ProfileSet(profiles=profiles),
        connector=1,
        start_utc_s=START,
        duration_s=duration_s,
        unit=unit,
        begun_s=begun,
        vehicle_phases=phases,
        most_a=MOST_A,
    )
    seconds = expand(found)
    assert len(seconds) == duration_s == found.duration_s
    for second, (limit, on_phases) in enumerate(seconds, start=START):
        expected, expected_phases = limit_in_second(profiles, second, begun, phases, unit)
        assert on_phases == expected_phases
        assert expected - 0.1 < limit <= expected + 1e-6
        assert math.isclose(limit * 10, round(limit * 10), abs_tol=1e-6)
    assert found.periods[0].start_s == 0
    for before, after in zip(found.periods, found.periods[1:], strict=False):
        assert (before.limit, before.phases) != (after.limit, after.phases)


@pytest.mark.req("DCS-4")
@settings(max_examples=25)
@given(
    profiles=profile_sets(),
    begun=st.integers(-3000, 2500).map(lambda tenths: START + tenths / 10),
)
def test_nothing_changes_before_it_is_said_to(
    profiles: tuple[ChargingProfile, ...], begun: float
) -> None:
    seconds = range(START, START + 400)
    until_s = -math.inf
    before = None
    for second in seconds:
        now = rates_at(ProfileSet(profiles=profiles), second, begun_s=begun, vehicle_phases=None)
        allowed = [
            None if each is None else (each.limit_a, each.profile.profile_id)
            for each in (now.plan, now.cap)
        ]
        if second < until_s:
            assert allowed == before
        assert now.until_s > second
        before, until_s = allowed, now.until_s

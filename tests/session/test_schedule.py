"""The weekly schedule: local time, summer time, a clock that is set, restarts."""

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.moment import Moment
from msgs.pilot import CpState
from msgs.settings import HoursText, ScheduleSection, Settings, TimeZone
from msgs.wish import SCHEDULE, Wish
from nodes.session.local_time import day_of, offset_s, utc_of, weekday, words
from nodes.session.schedule import (
    NO_PLAN,
    ScheduleState,
    WeekPlan,
    follow,
    hours_of,
    part_at,
    strictest_a,
    wish,
)
from tests.session.box import Box

pytestmark = pytest.mark.req("APP-1", "MET-7")

HOUR_S = 3600
DAY_S = 24 * HOUR_S
CHANGES = (  # by the official tables of the European Union
    ("2024-03-31", "2024-10-27"),
    ("2025-03-30", "2025-10-26"),
    ("2026-03-29", "2026-10-25"),
    ("2027-03-28", "2027-10-31"),
    ("2030-03-31", "2030-10-27"),
    ("2036-03-30", "2036-10-26"),
)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def plan(*hours: str, otherwise_a: float = 0.0, zone: TimeZone = TimeZone.CET) -> WeekPlan:
    return WeekPlan(hours=tuple(map(hours_of, hours)), otherwise_a=otherwise_a, zone=zone)


# --- local time -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("spring", "autumn"), CHANGES)
@pytest.mark.parametrize(
    ("zone", "hours"), [(TimeZone.WET, 0), (TimeZone.CET, 1), (TimeZone.EET, 2)]
)
def test_the_clocks_are_changed_at_one_instant(
    zone: TimeZone, hours: int, spring: str, autumn: str
) -> None:
    for day, before, after in ((spring, hours, hours + 1), (autumn, hours + 1, hours)):
        changes_s = utc(f"{day} 01:00")
        assert offset_s(zone, changes_s - 1) == before * HOUR_S
        assert offset_s(zone, changes_s) == after * HOUR_S
        assert offset_s(TimeZone.UTC, changes_s) == 0


def test_a_time_of_day_becomes_utc_and_back() -> None:
    chance = random.Random("local time")
    for _ in range(1000):
        zone = chance.choice(list(TimeZone))
        utc_s = chance.randrange(utc("1980-01-01"), utc("2090-01-01"), 60)
        day = day_of(zone, utc_s)
        local_s = utc_s + offset_s(zone, utc_s)
        minute = local_s % DAY_S // 60
        found = {utc_of(zone, day, minute, is_end=is_end) for is_end in (False, True)}
        assert utc_s in found
        when = datetime.fromtimestamp(0, UTC) + timedelta(seconds=local_s)
        assert weekday(day) == when.weekday()
        assert words(zone, utc_s) == f"{when:%a %H:%M}"


def test_a_time_that_comes_twice_or_never() -> None:
    autumn, spring = "2026-10-25", "2026-03-29"
    day = day_of(TimeZone.CET, utc(f"{autumn} 12:00"))
    assert utc_of(TimeZone.CET, day, 150, is_end=False) == utc(f"{autumn} 00:30")
    assert utc_of(TimeZone.CET, day, 150, is_end=True) == utc(f"{autumn} 01:30")
    day = day_of(TimeZone.CET, utc(f"{spring} 12:00"))
    for is_end in (False, True):
        assert utc_of(TimeZone.CET, day, 150, is_end=is_end) == utc(f"{spring} 01:00")


# --- the week -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("mon-fri 22:00-06:00", True),
        ("mon 00:00-24:00", True),
        ("sat,sun 08:00-20:00 10 A", True),
        ("fri-mon 08:00-20:00 32 A", True),
        ("mon-fri,sun 08:00-20:00", True),
        ("", False),
        ("mon", False),
        ("mon-fri 22:00", False),
        ("mon-fri 24:00-06:00", False),
        ("mon-fri 22:00-24:01", False),
        ("mon-fri 22:60-06:00", False),
        ("mon-fri 8:00-20:00", False),
        ("day 08:00-20:00", False),
        ("mon 08:00-20:00 5 A", False),
        ("mon 08:00-20:00 33 A", False),
        ("mon 08:00-20:00 10A", False),
        ("mon 08:00-20:00\n", False),
    ],
)
def test_hours_are_a_text(text: str, is_right: bool) -> None:
    try:
        msgspec.convert(text, HoursText)
    except msgspec.ValidationError:
        assert not is_right
    else:
        assert is_right
        assert hours_of(text).days


@pytest.mark.parametrize(
    ("at", "limit_a", "until", "next_a"),
    [
        # 2026-11-30 is a Monday; CET is UTC + 1 h
        ("2026-11-30 20:59", 0.0, "2026-11-30 21:00", math.inf),
        ("2026-11-30 21:00", math.inf, "2026-12-01 05:00", 0.0),
        ("2026-12-01 04:59", math.inf, "2026-12-01 05:00", 0.0),
        ("2026-12-05 04:59", math.inf, "2026-12-05 05:00", 0.0),  # that of Friday
        ("2026-12-05 05:00", 0.0, "2026-12-05 09:00", 10.0),
        ("2026-12-05 09:00", 10.0, "2026-12-05 15:00", 0.0),
        ("2026-12-06 15:00", 0.0, "2026-12-07 21:00", math.inf),
    ],
)
def test_each_part_of_the_week_has_its_limit(
    at: str, limit_a: float, until: str, next_a: float
) -> None:
    week = plan("mon-fri 22:00-06:00", "sat,sun 10:00-16:00 10 A")
    part = part_at(week, utc(at))
    assert (part.limit_a, part.until_s, part.next_a) == (limit_a, utc(until), next_a)


def test_a_night_over_the_change_of_the_clocks_is_an_hour_longer_or_shorter() -> None:
    week = plan("sat 22:00-06:00")
    for begins, hours in (("2026-10-24 20:00", 9), ("2026-03-28 21:00", 7)):
        part = part_at(week, utc(begins))
        assert part.until_s - utc(begins) == hours * HOUR_S
        assert part_at(week, utc(begins) - 1).limit_a == 0.0


def test_hours_that_are_left_out_once_come_again_a_week_later() -> None:
    week = plan("sun 02:00-03:00")
    offset_ns, limits = utc("2026-03-22 12:00") * 10**9, []
    state = ScheduleState()
    for hour in range(14 * 24 + 20):
        moment = Moment(hour * 3600.0)
        state = follow(state, week, offset_ns, True, moment)
        assert math.isfinite(moment.due_s)
        limits.append(state.part.limit_a)
        found = wish(state)
        assert found is None or found.pause
    assert [hour for hour, each in enumerate(limits) if each] == [324]  # 2026-04-05 00:00 UTC


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def random_hours(chance: random.Random) -> str:
    days = ",".join(
        chance.choice(DAYS) + (f"-{chance.choice(DAYS)}" if chance.random() < 0.4 else "")
        for _ in range(chance.randint(1, 3))
    )
    begins, ends = (chance.randrange(0, 1440, chance.choice((1, 30, 60))) for _ in range(2))
    until = "24:00" if ends == 0 else f"{ends // 60:02}:{ends % 60:02}"
    limit = chance.choice(("", "", " 6 A", " 10 A", " 16 A"))
    return f"{days} {begins // 60:02}:{begins % 60:02}-{until}{limit}"


def expected_a(week: WeekPlan, utc_s: int) -> float:
    """Return what holds by the local day and minute alone."""
    minute = (utc_s + offset_s(week.zone, utc_s)) % DAY_S // 60
    today = weekday(day_of(week.zone, utc_s))
    found = []
    for each in week.hours:
        is_over_night = each.ends <= each.begins
        is_today = today in each.days and each.begins <= minute
        is_today = is_today and (is_over_night or minute < each.ends)
        is_from_before = is_over_night and (today - 1) % 7 in each.days and minute < each.ends
        if is_today or is_from_before:
            found.append(each.limit_a)
    return min(found, default=week.otherwise_a)


def test_a_random_week_is_what_its_hours_say() -> None:
    chance = random.Random("weeks")
    for _ in range(150):
        week = plan(
            *(random_hours(chance) for _ in range(chance.randint(1, 5))),
            otherwise_a=chance.choice((0.0, 6.0, 16.0)),
            zone=chance.choice(list(TimeZone)),
        )
        utc_s = chance.randrange(utc("2026-04-06"), utc("2026-10-10"), 60)  # no change of clocks
        part = part_at(week, utc_s)
        assert part.limit_a == expected_a(week, utc_s)
        assert part.limit_a >= strictest_a(week)
        ends_s = min(part.until_s, utc_s + 8.0 * DAY_S)
        for at_s in range(utc_s, int(ends_s), 1800):
            assert expected_a(week, at_s - at_s % 60) == part.limit_a
        if math.isfinite(part.until_s):
            assert part.next_a == expected_a(week, int(part.until_s)) != part.limit_a


# --- the wish -------------------------------------------------------------------------------------


def test_only_a_limit_before_no_limit_has_an_end() -> None:
    week = plan("mon-fri 22:00-06:00", "sat,sun 10:00-16:00 10 A")
    for at, limits, ends in (
        ("2026-11-30 12:00", (None, True), "2026-11-30 21:00"),
        ("2026-12-05 06:00", (None, True), None),  # 10 A follow
        ("2026-12-05 10:00", (10.0, False), None),
    ):
        state = follow(ScheduleState(), week, utc(at) * 10**9, True, Moment(0.0))
        found = wish(state)
        assert found is not None
        assert (found.limit_a, found.pause) == limits
        assert found.end_ns == (None if ends is None else (utc(ends) - utc(at)) * 10**9)
    state = follow(ScheduleState(), week, utc("2026-11-30 23:00") * 10**9, True, Moment(0.0))
    assert wish(state) is None
    assert wish(follow(state, NO_PLAN, 0, True, Moment(0.0))) is None


def settings_of(**changes: Any) -> Settings:
    return Settings(schedule=ScheduleSection(enabled=True, **changes))


class Week(Box):
    """A session node with a schedule, at a time of the wall clock."""

    def at(self, text: str) -> None:
        self.graph.set_utc(utc(text) * 10**9)
        self.graph.advance(0.5)

    @property
    def scheduled(self) -> Wish | None:
        """Return the wish of the schedule that holds now."""
        wishes = () if self.wish.message is None else self.wish.message.wishes
        now_ns = self.graph.clock.now_ns()
        for each in wishes:
            if each.name == SCHEDULE and (each.end_ns is None or each.end_ns > now_ns):
                return each
        return None


NIGHT = ("mon-sun 22:00-06:00",)


@pytest.fixture
def box(tmp_path: Path) -> Week:
    box = Week(tmp_path)
    box.configure(settings_of(hours=NIGHT))
    box.at("2026-11-30 12:00")
    return box


def test_it_pauses_by_day_and_says_until_when(box: Week) -> None:
    held = box.scheduled
    assert held is not None
    assert (held.pause, held.detail) == (True, "until Mon 22:00")
    for at, is_paused_after in (("2026-11-30 20:59:30", False), ("2026-12-01 04:59:30", True)):
        box.at(at)
        assert (box.scheduled is None) is is_paused_after
        box.graph.advance(29.0)
        assert (box.scheduled is None) is is_paused_after
        box.graph.advance(1.0)
        assert (box.scheduled is not None) is is_paused_after


@pytest.mark.parametrize("is_restarted", [False, True])
def test_it_follows_a_clock_that_is_set(box: Week, is_restarted: bool) -> None:
    for at, is_paused in (
        ("2026-11-30 23:00", False),
        ("2026-11-30 20:59", True),
        ("2027-06-01 03:59", False),  # summer time: 05:59
        ("2027-06-01 04:00", True),
        ("1970-01-01 12:00", True),
        ("1970-01-01 00:00", False),
    ):
        box.at(at)
        if is_restarted:
            box.graph.kill("session")
            box.start()
            box.graph.advance(1.0)
        assert (box.scheduled is not None) is is_paused, at


def test_while_the_clock_is_not_set_the_strictest_part_holds(tmp_path: Path) -> None:
    box = Week(tmp_path)
    box.configure(settings_of(hours=(*NIGHT, "mon-sun 06:00-22:00 10 A"), otherwise_a=16.0))
    box.graph.set_utc(utc("2026-11-30 23:00") * 10**9)
    box.graph.begin_boot("boot 1", is_utc_set=False)
    box.graph.advance(60.0)
    held = box.scheduled
    assert held is not None
    assert (held.limit_a, held.detail) == (10.0, "the clock of the box is not set")
    box.at("2026-11-30 23:00")
    assert box.scheduled is None


def test_a_restart_forgets_nothing_while_system_is_silent(box: Week) -> None:
    before = box.wish.message
    box.graph.kill("system")
    box.graph.kill("session")
    box.start()
    box.graph.advance(60.0)
    assert box.wish.message == before  # load_manager keeps it
    answer = box.ask("wish", {"limit_a": 10.0})
    assert (answer.status, answer.reason) == (
        "not_ready",
        "The settings have not been heard yet.",
    )


def test_off_it_wishes_nothing(box: Week) -> None:
    box.configure(Settings(schedule=ScheduleSection(hours=NIGHT)))
    box.graph.advance(1.0)
    assert box.scheduled is None


def test_the_state_of_the_plug_does_not_matter(box: Week) -> None:
    for cp_state in (CpState.C, CpState.A, CpState.B):
        box.cp_state = cp_state
        box.graph.advance(2.0)
        assert box.scheduled is not None

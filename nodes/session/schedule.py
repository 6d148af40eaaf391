"""The owner's weekly schedule as a wish, by the wall clock. Pure.

The arbiter knows no UTC: the wish of each part of the week is published when it begins, and again
when the clock is set. A wish has an end only if nothing limits after it, so that no gap between two
limits offers current. While it is not known that the clock is set, the strictest part of the
schedule holds.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from msgs.settings import Settings, TimeZone
from msgs.wish import SCHEDULE, Wish
from nodes.session.local_time import DAY_S, DAYS, day_of, utc_of, weekday, words

WEEK_S = 7 * DAY_S  # without a change by then the plan is looked at again a day later
AHEAD_DAYS = 9  # more than a week from any time of today


class WeekHours(Struct, frozen=True, kw_only=True):
    """Some hours of the week: their days (0 is Monday), minutes of the day, what they allow."""

    days: frozenset[int]
    begins: int
    ends: int
    limit_a: float  # infinite: it sets none


class WeekPlan(Struct, frozen=True, kw_only=True):
    """The schedule that is set."""

    hours: tuple[WeekHours, ...] = ()  # none: there is no schedule
    otherwise_a: float = math.inf
    zone: TimeZone = TimeZone.UTC


NO_PLAN = WeekPlan()


class Part(Struct, frozen=True, kw_only=True):
    """What holds at a time, and until when."""

    limit_a: float  # infinite: no limit
    until_s: float = math.inf  # UTC, when another limit begins
    next_a: float = math.inf


class ScheduleState(Struct, frozen=True, kw_only=True):
    """What is remembered: the part of the week that was found last, and for what."""

    plan: WeekPlan = NO_PLAN
    is_utc_set: bool = False
    offset_ns: int = 0  # UTC minus the monotonic clock
    part: Part = Part(limit_a=math.inf)
    until_ns: int | None = None  # monotonic, when to look again


def plan_of(settings: Settings) -> WeekPlan:
    """Return the schedule of the settings."""
    schedule = settings.schedule
    if not schedule.enabled:
        return NO_PLAN
    return WeekPlan(
        hours=tuple(map(hours_of, schedule.hours)),
        otherwise_a=schedule.otherwise_a,
        zone=settings.time_zone,
    )


def hours_of(text: str) -> WeekHours:
    """Return the hours of a text that matches `msgs.settings.HOURS_PATTERN`."""
    days, times, *limit = text.split(" ")
    begins, _, ends = times.partition("-")
    return WeekHours(
        days=frozenset(day for part in days.split(",") for day in _days(part)),
        begins=_minute(begins),
        ends=_minute(ends),
        limit_a=float(limit[0]) if limit else math.inf,
    )


def _days(part: str) -> list[int]:
    first, _, last = part.partition("-")
    begins = DAYS.index(first)
    count = (DAYS.index(last or first) - begins) % 7 + 1
    return [(begins + each) % 7 for each in range(count)]


def _minute(time: str) -> int:
    hour, _, minute = time.partition(":")
    return int(hour) * 60 + int(minute)


def part_at(plan: WeekPlan, utc_s: float) -> Part:
    """Return what holds at a time."""
    spans = _spans(plan, utc_s)

    def limit_a(at_s: float) -> float:
        inside = [each for begins_s, ends_s, each in spans if begins_s <= at_s < ends_s]
        return min(inside, default=plan.otherwise_a)

    now_a = limit_a(utc_s)
    changes = {at_s for begins_s, ends_s, _ in spans for at_s in (begins_s, ends_s)}
    for at_s in sorted(at_s for at_s in changes if utc_s < at_s <= utc_s + WEEK_S):
        if limit_a(at_s) != now_a:
            return Part(limit_a=now_a, until_s=at_s, next_a=limit_a(at_s))
    return Part(limit_a=now_a)


def _spans(plan: WeekPlan, utc_s: float) -> list[tuple[int, int, float]]:
    """Return the hours of this week: begin, end [UTC s], limit."""
    today = day_of(plan.zone, utc_s)
    return [
        (
            utc_of(plan.zone, day, each.begins, is_end=False),
            utc_of(plan.zone, day + (each.ends <= each.begins), each.ends, is_end=True),
            each.limit_a,
        )
        for day in range(today - 1, today + AHEAD_DAYS)
        for each in plan.hours
        if weekday(day) in each.days
    ]


def strictest_a(plan: WeekPlan) -> float:
    """Return the least that the schedule allows at any time."""
    return min(plan.otherwise_a, *(each.limit_a for each in plan.hours))


def follow(
    state: ScheduleState, plan: WeekPlan, offset_ns: int, is_utc_set: bool, moment: Moment
) -> ScheduleState:
    """Return the state after a look.

    :param offset_ns: UTC minus the monotonic clock; it changes only when UTC is set
    """
    if not plan.hours:
        return ScheduleState()
    is_known = (state.plan, state.is_utc_set, state.offset_ns) == (plan, is_utc_set, offset_ns)
    is_over = state.until_ns is not None and moment.reached(state.until_ns / 1e9)
    if is_known and not is_over:
        return state
    state = ScheduleState(plan=plan, is_utc_set=is_utc_set, offset_ns=offset_ns)
    if not is_utc_set:
        return replace(state, part=Part(limit_a=strictest_a(plan)))
    utc_ns = max(round(moment.now_s * 1e9) + offset_ns, 0)
    part = part_at(plan, utc_ns / 1e9)
    until_s = part.until_s if math.isfinite(part.until_s) else utc_ns // 10**9 + DAY_S
    until_ns = round(until_s) * 10**9 - offset_ns
    moment.wake_at(until_ns / 1e9)
    return replace(state, part=part, until_ns=until_ns)


def wish(state: ScheduleState) -> Wish | None:
    """Return the wish of this part of the week; None: it sets no limit."""
    part, plan = state.part, state.plan
    if not plan.hours or math.isinf(part.limit_a):
        return None
    is_pause = part.limit_a == 0.0
    has_end = math.isfinite(part.until_s) and math.isinf(part.next_a)
    return Wish(
        name=SCHEDULE,
        limit_a=None if is_pause else part.limit_a,
        pause=is_pause,
        end_ns=state.until_ns if has_end else None,
        detail=_detail(state),
    )


def _detail(state: ScheduleState) -> str:
    if not state.is_utc_set:
        return "the clock of the box is not set"
    if math.isinf(state.part.until_s):
        return ""
    return f"until {words(state.plan.zone, state.part.until_s)}"

"""Local time of the zones of `msgs.settings.TimeZone`, with summer time. Pure.

Days are numbered from 1970-01-01, minutes from midnight of the day; times are seconds of UTC.
"""

from datetime import date, timedelta

from msgs.settings import TimeZone

DAY_S = 86400
HOUR_S = 3600
_ZERO = date(1970, 1, 1)  # a Thursday
_OFFSETS_S = {
    TimeZone.UTC: 0,
    TimeZone.WET: 0,
    TimeZone.CET: HOUR_S,
    TimeZone.EET: 2 * HOUR_S,
}
_CHANGES_AT_S = HOUR_S  # of the day, in UTC (Directive 2000/84/EC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def weekday(day: int) -> int:
    """Return the day of the week; 0 is Monday."""
    return (day + 3) % 7


def offset_s(zone: TimeZone, utc_s: float) -> int:
    """Return local time minus UTC at a time."""
    if zone is TimeZone.UTC:
        return 0
    year = (_ZERO + timedelta(days=utc_s // DAY_S)).year
    is_summer = _change_s(year, 3) <= utc_s < _change_s(year, 10)
    return _OFFSETS_S[zone] + (HOUR_S if is_summer else 0)


def _change_s(year: int, month: int) -> int:
    """Return when the clocks are changed in March or October, on the last Sunday."""
    last = (date(year, month, 31) - _ZERO).days
    return (last - (weekday(last) + 1) % 7) * DAY_S + _CHANGES_AT_S


def day_of(zone: TimeZone, utc_s: float) -> int:
    """Return the local day."""
    return int((utc_s + offset_s(zone, utc_s)) // DAY_S)


def utc_of(zone: TimeZone, day: int, minute: int, *, is_end: bool) -> int:
    """Return a local time of day.

    A time that comes twice on the last day of summer time means its first coming, or its second as
    an end; a time that is left out in spring means the instant of the change.
    """
    local_s = day * DAY_S + minute * 60
    winter_s = local_s - _OFFSETS_S[zone]
    summer_s = winter_s - HOUR_S
    found = [
        utc_s
        for utc_s in (summer_s, winter_s)
        if utc_s >= 0 and utc_s + offset_s(zone, utc_s) == local_s
    ]
    if found:
        return found[-1] if is_end else found[0]
    if zone is TimeZone.UTC or winter_s < 0:
        return winter_s
    return _change_s((_ZERO + timedelta(days=winter_s // DAY_S)).year, 3)


def words(zone: TimeZone, utc_s: float) -> str:
    """Return a time as text: "Mon 22:00"."""
    minute = int((utc_s + offset_s(zone, utc_s)) % DAY_S) // 60
    day = DAYS[weekday(day_of(zone, utc_s))].capitalize()
    return f"{day} {minute // 60:02}:{minute % 60:02}"

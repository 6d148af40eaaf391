"""Hours of the week, as "mon-fri,sun 22:00-06:00 10 A", as rows with a box for each day. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = {
    "mon": "Mon",
    "tue": "Tue",
    "wed": "Wed",
    "thu": "Thu",
    "fri": "Fri",
    "sat": "Sat",
    "sun": "Sun",
}
MIDNIGHT = "00:00"  # as an end it is that of the next day: 24:00, which no time input has

_ROW = re.compile(r"(?P<days>\S+) (?P<begin>\S+?)-(?P<end>\S+)(?: (?P<limit>\S+) A)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRow:
    """One row as it is edited; its parts may be wrong."""

    days: frozenset[str] = frozenset()
    begin: str = ""
    end: str = ""
    limit: str = ""  # [A]; "": none

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is in it."""
        return not (self.days or self.begin or self.end or self.limit)


def row_of(text: str) -> HoursRow:
    """Return the row of hours that are set."""
    match = _ROW.fullmatch(text)
    if match is None:
        return HoursRow()
    end = MIDNIGHT if match["end"] == "24:00" else match["end"]
    return HoursRow(
        days=_days_of(match["days"]), begin=match["begin"], end=end, limit=match["limit"] or ""
    )


def text_of(row: HoursRow) -> str:
    """Return the text of a row; what is wrong or missing in it stays so."""
    text = f"{_names_of(row.days)} {row.begin}-{row.end}"
    return f"{text} {row.limit} A" if row.limit else text


def _days_of(names: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names.split(","):
        first, _, last = name.partition("-")
        if first in DAYS and (last or first) in DAYS:
            begin, end = DAYS.index(first), DAYS.index(last or first)
            count = (end - begin) % len(DAYS) + 1
            found |= {DAYS[(begin + number) % len(DAYS)] for number in range(count)}
    return frozenset(found)


def _names_of(days: Iterable[str]) -> str:
    """Return days as text: three and more in a row as "mon-wed"."""
    chosen = set(days)
    runs: list[list[str]] = []
    for day in DAYS:
        if day not in chosen:
            continue
        if runs and DAYS.index(day) == DAYS.index(runs[-1][-1]) + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(run) for run in runs)

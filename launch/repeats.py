"""Repeated lines of the log: the first at once, those that follow as a count. Pure.

A line repeats another one of the same origin and level whose text differs in numbers alone. While
it repeats, one line sums up each window; windows grow from a second to an hour. Ten minutes after
its last repeat a line is written at once again. So a device that is lost and back each second
writes about 30 lines a day of each kind. Lines of level "debug" are written as they are.
"""

import datetime
import math
from typing import NamedTuple

WINDOWS_S = (1.0, 10.0, 60.0, 600.0, 3600.0)  # assumed
FORGET_S = 600.0  # assumed
MOST_KINDS = 256  # assumed: that many different lines repeat at one time

_NO_DIGITS = str.maketrans("", "", "0123456789")


class LogEntry(NamedTuple):
    """One line of the log."""

    utc_ns: int
    level: str
    origin: str
    text: str


class _Kind:
    """Lines that repeat each other."""

    __slots__ = ("count", "due_s", "last", "since_s", "windows")

    def __init__(self, line: LogEntry, now_s: float) -> None:
        self.last = line
        self.count = 0  # of lines that wait to be summed up
        self.windows = 0  # that were summed up
        self.since_s = now_s  # of the lines that wait, or of the last line
        self.due_s = now_s + FORGET_S  # summed up then, or forgotten


class Repeats:
    """Decides which lines are written."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str, str], _Kind] = {}

    @property
    def due_s(self) -> float:
        """Return when `due` has to be called next [monotonic s]; infinity: not yet."""
        waiting = [kind.due_s for kind in self._kinds.values() if kind.count]
        return min(waiting, default=math.inf)

    def take(self, line: LogEntry, now_s: float) -> list[LogEntry]:
        """Take a line; return what is to be written now."""
        if line.level == "debug":
            return [line]
        key = (line.origin, line.level, line.text.translate(_NO_DIGITS))
        kind = self._kinds.pop(key, None)
        if kind is None or (not kind.count and now_s >= kind.due_s):
            written = self._make_room(line.utc_ns, now_s)
            self._kinds[key] = _Kind(line, now_s)
            return [*written, line]
        self._kinds[key] = kind  # the newest is the last
        if not kind.count:
            kind.since_s = now_s
            kind.due_s = now_s + WINDOWS_S[min(kind.windows, len(WINDOWS_S) - 1)]
        kind.count += 1
        kind.last = line
        return []

    def due(self, utc_ns: int, now_s: float) -> list[LogEntry]:
        """Return the sums of the windows that are over."""
        over = [kind for kind in self._kinds.values() if kind.count and now_s >= kind.due_s]
        return [_sum_up(kind, utc_ns, now_s) for kind in over]

    def end(self, utc_ns: int, now_s: float) -> list[LogEntry]:
        """Return the sums of all lines that wait."""
        waiting = [kind for kind in self._kinds.values() if kind.count]
        return [_sum_up(kind, utc_ns, now_s) for kind in waiting]

    def _make_room(self, utc_ns: int, now_s: float) -> list[LogEntry]:
        """Forget the kind that was not seen for the longest time, if there are too many."""
        if len(self._kinds) < MOST_KINDS:
            return []
        kind = self._kinds.pop(next(iter(self._kinds)))
        return [_sum_up(kind, utc_ns, now_s)] if kind.count else []


def _sum_up(kind: _Kind, utc_ns: int, now_s: float) -> LogEntry:
    """Return the line for all that wait, and begin to wait again."""
    last, count = kind.last, kind.count
    at = datetime.datetime.fromtimestamp(last.utc_ns // 1_000_000_000, datetime.UTC)
    when = f"{at:%H:%M:%S}.{last.utc_ns // 1_000_000 % 1000:03}"
    if count == 1:
        text = f"{last.text} (once more, at {when})"
    else:
        text = f"{last.text} ({count} times more in {now_s - kind.since_s:.0f} s, last at {when})"
    kind.count = 0
    kind.windows += 1
    kind.since_s = now_s
    kind.due_s = now_s + FORGET_S
    return LogEntry(utc_ns, last.level, last.origin, text)

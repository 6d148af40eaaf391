"""A recorded house as a list of steps of its other loads, played in a loop."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from bus import Bus, DriverError, Timer
from nodes.plant.mains import NOMINAL_V

_TIME, _TOTAL, _CHARGER = "TimeStamp", "Live_Power", "EVSE_Current_power"
_COLUMNS = (_TIME, _TOTAL, _CHARGER)
_TIME_FORM = "%d/%m/%Y %H:%M:%S"
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:([.,])\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)

LONGEST_GAP_S = 86_400.0  # assumed: a longer one is a wrong date
MOST_A = 200.0  # as for `house_a` (parameters.py)
_MOST_BYTES = 10_000  # of a line


class TraceError(Exception):
    """Raised for a recording that cannot be played: says what was expected."""


class Trace(Struct, frozen=True, kw_only=True):
    """Other loads on L1 over time: each current applies from its start to the next."""

    starts_s: Sequence[float]  # from the recording's beginning, rising from 0
    current_a: Sequence[float]
    length_s: float


def load_trace(path: str, parameter: str) -> Trace:
    """Return the trace of a recording: UTF-8, semicolons, a row for each second or less often.

    Other loads are the total at the connection minus the charger's power, at least 0. Numbers have
    a decimal point or a decimal comma. Over a gap of up to a day the loads stay as they were; of
    the rows of one second the first counts.

    :raises DriverError: the file is not such a recording; names the line, what was expected, and
        the parameter.
    """
    try:
        with Path(path).open("rb") as file:
            return parse_trace(file)
    except (OSError, ValueError, TraceError) as error:  # ValueError: a path with NUL
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DriverError(f"{path!r} cannot be played: {why}", parameter) from error


def parse_trace(file: BinaryIO) -> Trace:
    """Return the trace in the lines of a file.

    :raises TraceError: see `load_trace`; names the line.
    """
    rows = _rows(file)
    head_number, head = next(rows, (1, []))
    for name in _COLUMNS:
        if (found := head.count(name)) != 1:
            raise TraceError(
                f"line {head_number}: it has {found or 'no'} column {name}; expected the names of"
                f" the columns, separated by semicolons, each of {', '.join(_COLUMNS)} once"
            )
    time_at, total_at, charger_at = (head.index(name) for name in _COLUMNS)
    starts_s: list[float] = []
    current_a: list[float] = []
    begin = last = None
    marks: set[str] = set()
    for number, row in rows:
        try:
            if len(row) != len(head):
                raise TraceError(f"{len(row)} cells; expected {len(head)}, as there are columns")
            moment = _moment(row[time_at])
            other_w = _watts(_TOTAL, row[total_at], marks) - _watts(
                _CHARGER, row[charger_at], marks
            )
            other_a = round(max(0.0, other_w) / NOMINAL_V, 3)
            if other_a > MOST_A:
                raise TraceError(
                    f"other loads of {other_a:g} A on one phase; expected at most {MOST_A:g} A"
                )
            _check_order(last, moment)
        except TraceError as error:
            raise TraceError(f"line {number}: {error}") from error
        begin = begin or moment
        if moment != last and (not current_a or other_a != current_a[-1]):
            starts_s.append((moment - begin).total_seconds())
            current_a.append(other_a)
        last = moment
    if begin is None or last is None:
        raise TraceError(f"line {head_number + 1}: it has no rows; expected one for each second")
    length_s = (last - begin).total_seconds() + 1.0
    return Trace(starts_s=starts_s, current_a=current_a, length_s=length_s)


class Player:
    """Plays a trace from now on, in a loop, until it is stopped."""

    def __init__(self, bus: Bus, trace: Trace, switch: Callable[[float], None]) -> None:
        """Play; `switch` gets the current of L1 [A] at each of its changes, the first at once."""
        self._bus = bus
        self._trace = trace
        self._switch = switch
        self._began_s = bus.clock.now_s()
        self._index = 0
        self._timer: Timer = bus.at(self._began_s, self._play)

    def stop(self) -> None:
        """Stop; the other loads keep their present current."""
        self._timer.cancel()

    def _play(self) -> None:
        trace = self._trace
        self._switch(trace.current_a[self._index])
        self._index += 1
        if self._index == len(trace.starts_s):
            self._index = 0
            self._began_s += trace.length_s
        self._timer = self._bus.at(self._began_s + trace.starts_s[self._index], self._play)


def _rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each line that is not empty.

    :raises TraceError: a line is no text, too long, or has a quotation mark without its second.
    """
    for number in count(1):
        line = file.readline(_MOST_BYTES)
        if not line:
            return
        try:
            if len(line) == _MOST_BYTES:
                raise TraceError(f"expected less than {_MOST_BYTES} bytes in a line")
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if text:
                cells = next(csv.reader((text,), delimiter=";", strict=True))
                yield number, [cell.strip() for cell in cells]
        except UnicodeDecodeError as error:
            raise TraceError(f"line {number}: its text is not UTF-8; expected that") from error
        except (csv.Error, TraceError) as error:
            raise TraceError(f"line {number}: {error}; expected a CSV file") from error


def _moment(text: str) -> datetime:
    try:
        # The recording's zone is unknown, and only differences count.
        return datetime.strptime(text, _TIME_FORM).replace(tzinfo=UTC)
    except ValueError as error:
        raise TraceError(f"{_TIME} is {text!r}; expected a time as 31/12/2023 23:59:59") from error


def _watts(name: str, text: str, marks: set[str]) -> float:
    """Return a power [W]; `marks` collects the decimal marks of the file: there may be one."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise TraceError(f"{name} is {text!r}; expected a number of watts")
    if found[1]:
        marks.add(found[1])
    if len(marks) > 1:
        raise TraceError(
            f"{name} is {text!r}; expected decimal points or decimal commas in all lines, not both"
        )
    return float(text.replace(",", "."))


def _check_order(last: datetime | None, moment: datetime) -> None:
    """Refuse a time before that of the last row, and one too long after it.

    :raises TraceError: see the texts.
    """
    if last is None:
        return
    gap_s = (moment - last).total_seconds()
    if gap_s < 0.0:
        raise TraceError(
            f"its time is {-gap_s:g} s before that of the row above; expected rising times, and so"
            " no hour twice, as at the end of summer time"
        )
    if gap_s > LONGEST_GAP_S:
        raise TraceError(
            f"its time is {gap_s:g} s after that of the row above; expected at most"
            f" {LONGEST_GAP_S:g} s"
        )

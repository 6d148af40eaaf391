"""A recorded house as a list of steps of its other loads, played in a loop."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bus import Bus, DriverError, Timer
from nodes.plant.mains import NOMINAL_V

_TIME, _TOTAL, _CHARGER = "TimeStamp", "Live_Power", "EVSE_Current_power"
_TIME_FORM = "%d/%m/%Y %H:%M:%S"


class Trace(Struct, frozen=True, kw_only=True):
    """Other loads on L1 over time: each current applies from its start to the next."""

    starts_s: Sequence[float]  # from the recording's beginning, rising from 0
    current_a: Sequence[float]
    length_s: float


def load_trace(path: str, parameter: str) -> Trace:
    """Return the trace of a recording: semicolons, decimal points, one row a second.

    Other loads are the total at the connection minus the charger's power, at least 0.

    :raises DriverError: the file is not such a recording; names the parameter.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return parse_trace(csv.DictReader(file, delimiter=";", restval=""))
    except (OSError, KeyError, ValueError, csv.Error) as error:
        match error:
            case OSError():
                why = error.strerror or str(error)
            case KeyError():
                why = f"it has no column {error}"
            case _:
                why = str(error)
        raise DriverError(
            f"{path!r} cannot be played: {why}; expected a CSV file with the columns"
            f" {_TIME} ({_TIME_FORM}), {_TOTAL} and {_CHARGER}, separated by semicolons",
            parameter,
        ) from error


def parse_trace(rows: Iterable[dict[str, str]]) -> Trace:
    """Return the trace in rows that a CSV reader gives.

    :raises KeyError: a column is missing.
    :raises ValueError: there is no row, or a cell has another form.
    """
    starts_s: list[float] = []
    current_a: list[float] = []
    begin: datetime | None = None
    now_s = 0.0
    for row in rows:
        # The recording's zone is unknown, and only differences count.
        moment = datetime.strptime(row[_TIME], _TIME_FORM).replace(tzinfo=UTC)
        begin = begin or moment
        now_s = (moment - begin).total_seconds()
        other_w = max(0.0, float(row[_TOTAL]) - float(row[_CHARGER]))
        other_a = round(other_w / NOMINAL_V, 3)
        if current_a and (other_a == current_a[-1] or now_s <= starts_s[-1]):
            continue
        starts_s.append(now_s)
        current_a.append(other_a)
    if not starts_s:
        raise ValueError("it has no rows")
    return Trace(starts_s=starts_s, current_a=current_a, length_s=now_s + 1.0)


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

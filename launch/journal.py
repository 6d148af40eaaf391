"""The log of a graph: the supervisor writes the lines of all nodes, without blocking.

Repeated lines are summed up, see `launch.repeats`.
"""

import contextlib
import math
import os
from collections.abc import Callable, Iterator

from bus import Timer
from bus.run import ZmqBus
from launch.children import LogReader, log_pipe
from launch.log import LogWriter
from launch.repeats import LogEntry, Repeats

FLUSH_PERIOD_S = 0.05  # while the process that reads the log is slow
STDERR = 2


class Journal:
    """Writes to stderr. It holds lines back until `let_out`, since the start may still fail."""

    def __init__(self, bus: ZmqBus, name: str, least_level: str) -> None:
        """Hold lines back; `name` is the origin of the supervisor's own lines."""
        self._bus = bus
        self._name = name
        self._log = LogWriter(STDERR, least_level)
        self._log.hold_back()
        self._flushes = False  # a flush is due
        self._repeats = Repeats()
        self._alarm: Timer | None = None  # the next sum of repeated lines
        self._alarm_s = math.inf

    def write(self, level: str, text: str) -> None:
        """Write a line of the supervisor."""
        self._write(self._name, level, text)

    def line_of(self, origin: str) -> Callable[[str, str], None]:
        """Return a function that writes a line of a node, from level and text."""
        return lambda level, text: self._write(origin, level, text)

    def let_out(self) -> None:
        """Write the lines that were held back, and from now on each line at once."""
        self._log.let_out()

    def close(self) -> None:
        """Write the rest, as far as possible without blocking."""
        clock = self._bus.clock
        self._put(self._repeats.end(clock.utc_ns(), clock.now_s()))
        self._log.close()

    @contextlib.contextmanager
    def of_everything(self) -> Iterator[None]:
        """Write this process's own output on stderr to the log as well."""
        stderr = os.dup(STDERR)
        reading, writing = log_pipe()
        reader = LogReader(self._bus, reading, self.line_of(self._name))
        os.dup2(writing, STDERR)
        os.close(writing)
        try:
            yield
        finally:
            os.dup2(stderr, STDERR)
            os.close(stderr)
            reader.close()

    def _write(self, origin: str, level: str, text: str) -> None:
        clock = self._bus.clock
        line = LogEntry(clock.utc_ns(), level, origin, text)
        self._put(self._repeats.take(line, clock.now_s()))
        self._set_alarm()

    def _sum_up(self) -> None:
        clock = self._bus.clock
        self._alarm_s = math.inf
        self._put(self._repeats.due(clock.utc_ns(), clock.now_s()))
        self._set_alarm()

    def _set_alarm(self) -> None:
        due_s = self._repeats.due_s
        if due_s == self._alarm_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_s = due_s
        self._alarm = self._bus.at(due_s, self._sum_up) if due_s < math.inf else None

    def _put(self, lines: list[LogEntry]) -> None:
        for line in lines:
            self._log.write(*line)
        self._flush_later()

    def _flush_later(self) -> None:
        if self._log.has_more and not self._flushes:
            self._flushes = True
            self._bus.at(self._bus.clock.now_s() + FLUSH_PERIOD_S, self._flush)

    def _flush(self) -> None:
        self._flushes = False
        self._log.flush()
        self._flush_later()

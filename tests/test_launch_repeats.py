"""Repeated lines of the log: the first at once, then counts."""

import re
from pathlib import Path
from typing import cast

import pytest

from bus.memory import MemoryGraph
from bus.run import ZmqBus
from launch.journal import Journal
from launch.log import line_of
from launch.repeats import FORGET_S, MOST_KINDS, WINDOWS_S, LogEntry, Repeats

DAY_S = 86_400
UTC_NS = 1_767_225_600_000_000_000
LOST = "Home Grid Meter: 10.0.0.6:502 unit 1 ({} ms): no answer"
BACK = "Home Grid Meter: 10.0.0.6:502 unit 1 ({} ms): answers again after {} failed polls"


class Log:
    """The lines that are written, under a clock that a test moves."""

    def __init__(self) -> None:
        self.repeats = Repeats()
        self.now_s = 100.0
        self.lines: list[str] = []
        self.bytes = 0

    @property
    def utc_ns(self) -> int:
        return UTC_NS + int(self.now_s * 1e9)

    def say(self, text: str, level: str = "warning", origin: str = "meter") -> None:
        self._put(self.repeats.take(LogEntry(self.utc_ns, level, origin, text), self.now_s))

    def advance(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.repeats.due_s <= end_s:
            self.now_s = max(self.now_s, self.repeats.due_s)
            self._put(self.repeats.due(self.utc_ns, self.now_s))
        self.now_s = end_s

    def _put(self, lines: list[LogEntry]) -> None:
        self.lines += [line.text for line in lines]
        self.bytes += sum(len(line_of(*line)) + 1 for line in lines)


@pytest.mark.req("LOG-1")
def test_a_device_that_is_lost_and_back_all_day_writes_little() -> None:
    log = Log()
    for second in range(DAY_S):
        if second % 2:
            log.say(BACK.format(9 + second % 7, 1 + second % 3), "info")
        else:
            log.say(LOST.format(9 + second % 7))
        log.advance(1.0)
    assert log.lines[:2] == [LOST.format(9), BACK.format(10, 2)]
    assert len(log.lines) < 80
    assert log.bytes < 20_000
    assert sum(_count(line) for line in log.lines) > DAY_S - 2 * WINDOWS_S[-1]


def _count(line: str) -> int:
    """Return how many lines a line stands for."""
    if "(once more" in line:
        return 1
    words = line.split()
    return int(words[words.index("times") - 1].lstrip("(")) if "times" in words else 1


@pytest.mark.parametrize("period_s", [0.1, 1.0, 3.0, 11.0, 70.0, 599.0])
def test_lines_that_repeat_in_any_period_are_summed_up(period_s: float) -> None:
    log, count = Log(), min(20_000, int(DAY_S / period_s))
    for _ in range(count):
        log.say(LOST.format(3))
        log.advance(period_s)
    assert len(log.lines) <= 6 + count * period_s / WINDOWS_S[-1]


def test_what_repeats_seldom_is_written_each_time_at_once() -> None:
    log = Log()
    for _ in range(5):
        log.say("a card: Authorised")
        log.advance(FORGET_S)
    assert log.lines == ["a card: Authorised"] * 5


def test_a_second_line_is_written_a_second_later_with_its_time() -> None:
    log = Log()
    log.say("a card: Authorised")
    log.advance(5.0)
    log.say("a card: Authorised")
    log.advance(WINDOWS_S[0] - 0.1)
    assert len(log.lines) == 1
    log.advance(0.2)
    assert log.lines[1] == "a card: Authorised (once more, at 00:01:45.000)"


def test_numbers_alone_make_no_other_line_and_all_else_does() -> None:
    log = Log()
    log.say("pid 12 died")
    log.say("pid 345 died")
    assert log.lines == ["pid 12 died"]
    log.say("pid 12 died", origin="launch")
    log.say("pid 12 died", level="error")
    log.say("pid 12 has died")
    assert log.lines[1:] == ["pid 12 died", "pid 12 died", "pid 12 has died"]


def test_debug_lines_are_written_as_they_are() -> None:
    log = Log()
    for _ in range(5):
        log.say("polled", "debug")
    assert log.lines == ["polled"] * 5


def test_many_kinds_of_lines_need_bounded_memory_and_lose_no_count() -> None:
    log = Log()
    for kind in range(3 * MOST_KINDS):
        word = "".join(chr(ord("a") + int(digit)) for digit in str(kind))
        log.say(word)
        log.say(word)
    log._put(log.repeats.end(log.utc_ns, log.now_s))
    assert len(log.lines) == 6 * MOST_KINDS
    assert len(log.repeats._kinds) == MOST_KINDS


def test_the_journal_of_a_graph_sums_up_what_its_nodes_repeat(
    capfd: pytest.CaptureFixture[str],
) -> None:
    graph = MemoryGraph(seed=1, state_dir=Path("/nowhere"))
    bus = graph.bus("launch")
    journal = Journal(cast(ZmqBus, bus), "launch", "info")
    journal.let_out()
    write = journal.line_of("meter")
    for _ in range(600):
        write("warning", LOST.format(4))
        write("info", BACK.format(4, 1))
        graph.advance(1.0)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split(None, 4)[4] for line in lines[:2]] == [LOST.format(4), BACK.format(4, 1)]
    assert len(lines) == 8  # at once, and after 1, 10 and 60 s
    assert re.search(r"\(6\d times more in 60 s, last at 00:01:1\d\.000\)", lines[-1])
    journal.write("info", "stopping")
    journal.close()
    graph.close()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "times more in " in lines[1]

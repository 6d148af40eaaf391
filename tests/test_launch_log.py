"""The supervisor's log: its lines, and that it never waits for a reader."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.log import MOST_WAITING_BYTES, LineSplitter, LogWriter, line_of

AT_NS = 1_767_225_600_007_999_999  # 2026-01-01 00:00:00.007 UTC


@pytest.mark.req("LOG-1")
def test_a_line_has_date_and_time_to_the_millisecond_level_origin_and_text() -> None:
    assert (
        line_of(AT_NS, "warning", "pilot", "between the windows")
        == "2026-01-01 00:00:00.007 warning pilot        between the windows"
    )


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"<6>ready\n"], [("info", "ready")]),
        ([b"<3>a\n<4>b\n<7>c\n"], [("error", "a"), ("warning", "b"), ("debug", "c")]),
        ([b"<6>re", b"ady", b"\n"], [("info", "ready")]),
        # from elsewhere in the process: a traceback, a warning of the interpreter
        ([b"Traceback\n\n  x\n"], [("warning", "Traceback"), ("warning", "  x")]),
        ([b"<9>x\n"], [("warning", "<9>x")]),
        ([b"<6>\xff\n"], [("info", "\\xff")]),
        ([b"<6>cut off"], [("info", "cut off")]),
        ([b"<6>" + b"x" * 9000 + b"\n"], [("info", "x" * 4096)]),
        ([b"x" * 5000, b"y\n"], [("warning", "x" * 4096), ("warning", "y")]),
    ],
)
def test_lines_are_cut_out_of_whatever_comes(
    pieces: list[bytes], lines: list[tuple[str, str]]
) -> None:
    cutter = LineSplitter()
    found = [line for piece in pieces for line in cutter.feed(piece)]
    assert found + cutter.end() == lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def read_all(fd: int, writer: LogWriter) -> bytes:
    data = b""
    while True:
        try:
            data += os.read(fd, 1 << 20)
        except BlockingIOError:
            if not writer.has_more:
                return data
        writer.flush()


def test_a_slow_reader_gets_all_lines_later(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LogWriter(writing)
    for number in range(2000):
        writer.write(AT_NS, "info", "pilot", f"{number} {'x' * 100}")
    assert writer.has_more
    assert os.get_blocking(writing)  # others share that descriptor
    lines = read_all(reading, writer).decode().splitlines()
    assert [int(line.split()[4]) for line in lines] == list(range(2000))


def test_lines_that_are_not_read_are_dropped_and_counted(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LogWriter(writing)
    for _ in range(400):
        writer.write(AT_NS, "info", "pilot", "x" * 4000)
    kept = len(read_all(reading, writer).splitlines())
    assert kept * 4000 <= MOST_WAITING_BYTES + 65536
    writer.write(AT_NS, "info", "pilot", "and on")
    lost, last = read_all(reading, writer).decode().splitlines()
    assert f"{400 - kept} lines are lost here" in lost
    assert last.endswith("and on")


def test_lines_below_the_least_level_are_left_out(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LogWriter(writing, "warning")
    for level in ("debug", "info", "warning", "error"):
        writer.write(AT_NS, level, "pilot", "said")
    lines = read_all(reading, writer).decode().splitlines()
    assert [line.split()[2] for line in lines] == ["warning", "error"]


def test_a_closed_pipe_raises_no_error() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing)
    os.close(reading)
    writer.write(AT_NS, "info", "pilot", "to nobody")
    assert not writer.has_more
    os.close(writing)


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        file.write(b"before\n")
        file.flush()
        LogWriter(file.fileno()).write(AT_NS, "info", "pilot", "after")
    assert (tmp_path / "log").read_text().splitlines()[0] == "before"
    assert (tmp_path / "log").read_text().endswith("after\n")


def test_held_back_lines_are_written_in_order_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as stream:
        log = LogWriter(stream.fileno())
        log.hold_back()
        log.write(0, "info", "led", "first")
        log.write(0, "debug", "led", "second")
        log.write(0, "warning", "led", "at once")
        assert path.read_text().splitlines()[0].endswith("at once")
        log.let_out()
        log.write(0, "info", "led", "third")
        words = [line.rsplit(maxsplit=1)[-1] for line in path.read_text().splitlines()]
        assert words == ["once", "first", "second", "third"]
        log.hold_back()
        log.write(0, "info", "led", "never")
        log.close()
    assert "never" not in path.read_text()

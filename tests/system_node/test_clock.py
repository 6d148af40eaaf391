"""The clock of the box, as a person sets it to that of a browser."""

import os
from datetime import UTC, datetime

import pytest

from bus import Call, ClockSetError, Status
from bus.boot import set_utc_of_machine
from bus.run import SystemClock
from msgs.methods import RESTART_BOX
from msgs.requests import ReasonArguments
from nodes.system.machine import EARLIEST, LATEST, RefusedError, utc_of
from tests.system_node.conftest import Box


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("text", "utc_ns"),
    [
        ("2026-11-30 15:30", ns("2026-11-30 15:30")),
        ("2026-11-30T15:30:05Z", ns("2026-11-30 15:30:05")),
        ("2026-11-30T15:30:05.25Z", ns("2026-11-30 15:30:05") + 250_000_000),
        ("2028-02-29 00:00:00", ns("2028-02-29 00:00")),
        ("2026-01-01 00:00", ns("2026-01-01 00:00")),
        ("2045-12-31 23:59:59", ns("2045-12-31 23:59:59")),
    ],
)
def test_a_time_is_read(text: str, utc_ns: int) -> None:
    assert utc_of(text) == utc_ns
    assert EARLIEST.timestamp() <= utc_ns / 1e9 < LATEST.timestamp()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # no such time
        ("2027-02-29 00:00", "expected a time that there is"),
        ("2026-13-01 00:00", "expected a time that there is"),
        ("2026-11-30 25:00", "expected a time that there is"),
        ("2026-11-30 15:30:61", "expected a time that there is"),
        ("0000-01-01 00:00", "expected a time that there is"),
        # not of a running box
        ("1970-01-01 00:00", "expected a time from 2026-01-01 to before 2046-01-01"),
        ("2025-12-31 23:59:59", "expected a time from 2026-01-01"),
        ("2046-01-01 00:00", "to before 2046-01-01"),
        ("9999-12-31 23:59", "to before 2046-01-01"),
    ],
)
def test_a_time_that_no_box_has_is_refused(box: Box, text: str, words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        utc_of(text)
    assert words in refused.value.problems["utc"]
    before_ns = box.graph.clock.utc_ns()
    answer = box.ask("set_clock", {"utc": text})
    assert (answer.status, set(answer.problems)) == (Status.REFUSED, {"utc"})
    assert box.graph.clock.utc_ns() - before_ns < 10**9
    assert box.restarts == []


@pytest.mark.parametrize(
    "text", ["", "now", "2026-11-30", "30.11.2026 15:30", "2026-11-30 15:30+01:00"]
)
def test_what_is_no_time_is_no_argument(box: Box, text: str) -> None:
    assert box.ask("set_clock", {"utc": text}).status is Status.BAD_ARGUMENTS


@pytest.mark.req("WEB-9")
def test_the_clock_is_set_and_the_box_restarts(box: Box) -> None:
    now_s = box.graph.clock.now_s()
    assert box.ask("set_clock", {"utc": "2030-06-01 12:00"}).status is Status.OK
    passed_ns = box.graph.clock.utc_ns() - ns("2030-06-01 12:00")
    assert 0 <= passed_ns <= round((box.graph.clock.now_s() - now_s) * 1e9)
    assert box.graph.clock.is_utc_set()
    assert box.restarts == ["the clock was set (asked by web)"]
    assert box.ask("set_clock", {"utc": "2030-06-01 12:00"}, caller="pilot").status is not Status.OK


def test_a_box_that_launch_does_not_restart_says_so_and_can_be_asked_again(new_box: Box) -> None:
    answers = [lambda call: call.refuse("not now"), lambda call: call.ok(None)]

    def answer_restart(call: Call[ReasonArguments, None]) -> None:
        answers.pop(0)(call)

    new_box.graph.kill("launch")
    new_box.start_launch(answer_restart)
    new_box.start()
    refused = new_box.ask("set_clock", {"utc": "2030-06-01 12:00"})
    assert refused.status is Status.REFUSED
    assert "launch does not restart the box" in refused.reason
    assert new_box.ask("set_clock", {"utc": "2030-06-01 12:00"}).status is Status.OK


def test_the_clock_stays_while_a_restart_is_under_way(new_box: Box) -> None:
    asked: list[Call[ReasonArguments, None]] = []
    new_box.graph.kill("launch")
    new_box.start_launch(asked.append)
    new_box.start()
    new_box.peers["web"].request(RESTART_BOX, ReasonArguments(reason=""), lambda _: None)
    new_box.graph.advance(0.5)
    before_ns = new_box.graph.clock.utc_ns()
    assert new_box.ask("set_clock", {"utc": "2030-06-01 12:00"}).status is Status.NOT_READY
    assert new_box.graph.clock.utc_ns() - before_ns < 10**9


def test_a_graph_of_processes_never_sets_the_clock_of_its_machine() -> None:
    with pytest.raises(ClockSetError, match="the clock of this machine"):
        SystemClock().set_utc(SystemClock.utc_ns())


def test_a_process_that_may_not_set_the_clock_of_the_machine_says_so() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        words = "it was set"
        try:
            if os.geteuid() == 0:
                os.setuid(65534)  # nobody has no capabilities
            set_utc_of_machine(SystemClock.utc_ns())
        except ClockSetError as error:
            words = str(error)
        finally:
            os.write(writing, words.encode())
            os._exit(0)
    os.waitpid(child, 0)
    words = os.read(reading, 1000).decode()
    os.close(reading)
    os.close(writing)
    assert "expected CAP_SYS_TIME" in words or words == "a time server sets it already"

"""When a meter is polled, what is published of it, and what is logged."""

import math

import msgspec
import pytest

from msgs.meter import NO_LINE, MeterReading
from nodes.meter.chip import ChipSample
from nodes.meter.machine import (
    LONGEST_RETRY_S,
    BoxInputs,
    BoxState,
    Config,
    Inputs,
    Outputs,
    PollOutcome,
    State,
    step,
    step_box,
)
from nodes.modbus_map.codec import Values
from tests.builders import line_values, meter_reading

CONFIG = Config(poll_s=1.0, source="Home", place="10.0.0.6:502 unit 4", meter="tq@10.0.0.6:502/4")
LINE = line_values(6.0, imported_wh=1000.0, exported_wh=10.0)
VALUES = Values(lines=(LINE, LINE, LINE), power_w=4140.0, imported_wh=3000.0, exported_wh=30.0)


def good(began_s: float, ended_s: float) -> PollOutcome:
    return PollOutcome(values=VALUES, began_ns=round(began_s * 1e9), ended_ns=round(ended_s * 1e9))


def bad(began_s: float, ended_s: float, error: str = "connection refused") -> PollOutcome:
    return PollOutcome(
        values=None, error=error, began_ns=round(began_s * 1e9), ended_ns=round(ended_s * 1e9)
    )


class Polls:
    """A meter under a clock: each poll is answered some time later."""

    def __init__(self, config: Config = CONFIG) -> None:
        self.config = config
        self.state = State()
        self.now_s = 1000.0
        self.began_s: list[float] = []
        self.log: list[tuple[str, str]] = []

    def poll(self, ok: bool, duration_s: float = 0.036) -> MeterReading:
        """Wait for the next poll, let it end, and return what is published."""
        self.now_s = max(self.now_s, self.state.next_poll_s)
        self.state, outputs = step(self.config, self.state, Inputs(now_s=self.now_s))
        assert outputs.begins_poll
        self.began_s.append(self.now_s)
        self.now_s += duration_s
        outcome = (good if ok else bad)(self.began_s[-1], self.now_s)
        self.state, outputs = step(
            self.config, self.state, Inputs(now_s=self.now_s, outcome=outcome)
        )
        assert outputs.reading is not None
        assert outputs.due_s == self.state.next_poll_s
        self.log += outputs.log
        return outputs.reading

    @property
    def gaps_s(self) -> list[float]:
        return [
            round(later - earlier, 6)
            for earlier, later in zip(self.began_s, self.began_s[1:], strict=False)
        ]


def test_polls_keep_their_grid_however_long_each_takes() -> None:
    polls = Polls()
    for duration_s in (0.036, 0.5, 0.9, 0.036, 0.036):
        polls.poll(True, duration_s)
    assert polls.gaps_s == [1.0] * 4


def test_a_poll_longer_than_its_period_is_followed_at_once_and_never_overlapped() -> None:
    polls = Polls()
    for duration_s in (1.4, 1.4, 0.036, 0.036):
        polls.poll(True, duration_s)
    assert polls.gaps_s == [1.4, 1.4, 1.0]


def test_nothing_begins_while_a_poll_is_under_way() -> None:
    state, outputs = step(CONFIG, State(), Inputs(now_s=1000.0))
    assert outputs == Outputs(begins_poll=True)
    assert step(CONFIG, state, Inputs(now_s=1005.0)) == (state, Outputs())


def test_nothing_begins_before_it_is_due() -> None:
    state = State(next_poll_s=1001.0)
    assert step(CONFIG, state, Inputs(now_s=1000.5)) == (state, Outputs(due_s=1001.0))


@pytest.mark.req("MET-5")
def test_a_good_poll_is_published_with_all_values_and_the_middle_of_its_time() -> None:
    reading = Polls().poll(True, 0.2)
    assert reading == meter_reading(
        lines=VALUES.lines,
        power_w=4140.0,
        source="Home",
        sampled_ns=1_000_100_000_000,
        imported_wh=3000.0,
        exported_wh=30.0,
        poll_s=1.0,
        meter="tq@10.0.0.6:502/4",
    )


@pytest.mark.req("MET-3")
def test_a_failed_poll_is_published_with_values_and_time_of_the_last_good_one() -> None:
    polls = Polls()
    before = polls.poll(True)
    for _ in range(3):
        after = polls.poll(False)
        assert (after.online, after.error) == (False, "connection refused")
        assert (after.lines, after.power_w) == (before.lines, before.power_w)
        assert after.sampled_ns == before.sampled_ns
    back = polls.poll(True)
    assert (back.online, back.error) == (True, "")
    assert back.sampled_ns > before.sampled_ns


def test_a_meter_that_was_never_read_has_no_values_and_no_time() -> None:
    reading = Polls().poll(False)
    assert (reading.online, reading.sampled_ns) == (False, 0)
    assert reading.lines == (NO_LINE, NO_LINE, NO_LINE)


def test_a_lost_meter_is_polled_less_and_less_often_down_to_a_limit() -> None:
    polls = Polls()
    for _ in range(8):
        polls.poll(False)
    assert polls.gaps_s == [1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert LONGEST_RETRY_S < 10.0  # the failed polls in between keep "lost" fresh


def test_a_slow_poll_is_not_made_faster_by_failing() -> None:
    polls = Polls(Config(poll_s=30.0, source="Home", place="there", meter=""))
    for _ in range(3):
        polls.poll(False)
    assert polls.gaps_s == [30.0, 30.0]


@pytest.mark.req("LOG-1")
def test_a_poll_is_logged_with_host_port_unit_and_duration() -> None:
    polls = Polls()
    for ok in (True, True, False, False, False, True, True):
        polls.poll(ok)
    assert polls.log == [
        ("info", "Home: 10.0.0.6:502 unit 4 (36 ms)"),
        ("debug", "Home: 10.0.0.6:502 unit 4 (36 ms)"),
        ("warning", "Home: 10.0.0.6:502 unit 4 (36 ms): connection refused"),
        ("debug", "Home: 10.0.0.6:502 unit 4 (36 ms): connection refused"),
        ("debug", "Home: 10.0.0.6:502 unit 4 (36 ms): connection refused"),
        ("info", "Home: 10.0.0.6:502 unit 4 (36 ms): answers again after 3 failed polls"),
        ("debug", "Home: 10.0.0.6:502 unit 4 (36 ms)"),
    ]


def test_the_reading_of_the_box_has_the_values_of_its_chip_and_their_time() -> None:
    sample = ChipSample(lines=(LINE, LINE, LINE), sampled_ns=5)
    state, outputs = step_box(BoxState(), BoxInputs(now_s=10.0, sample=sample), 0.2)
    reading = outputs.reading
    assert (state.misses, outputs.log, outputs.due_s) == (0, (), 10.0)
    assert reading is not None
    assert (reading.power_w, reading.imported_wh) == (4140.0, 3000.0)
    assert (reading.online, reading.sampled_ns, reading.poll_s) == (True, 5, 0.2)


def test_a_chip_that_cannot_be_read_is_silence_and_one_line_in_the_log() -> None:
    sample = ChipSample(lines=(LINE, LINE, LINE), sampled_ns=5)
    state = BoxState()
    lines: list[tuple[str, str]] = []
    for read in (None, None, sample, None, None, None, None, None, sample, sample):
        state, outputs = step_box(state, BoxInputs(now_s=10.0, sample=read), 0.2)
        assert (outputs.reading is None) == (read is None)
        lines += outputs.log
    assert outputs.due_s == 10.0
    state, outputs = step_box(BoxState(misses=4), BoxInputs(now_s=10.0, sample=None), 0.2)
    assert (state, outputs.due_s) == (BoxState(misses=4), math.inf)
    assert lines == [
        ("error", "the meter chip cannot be read"),
        ("info", "the meter chip can be read again"),
    ]


@pytest.mark.req("MET-3")
@pytest.mark.parametrize("length", [400, 401, 5000])
def test_an_error_of_any_length_reaches_the_readers(length: int) -> None:
    """It names up to three adapters, or the models of a SunSpec meter: both may have long names."""
    state = State(is_polling=True)
    outcome = bad(1.0, 2.0, "no meter " + "x" * (length - 9))
    _, outputs = step(CONFIG, state, Inputs(now_s=2.0, outcome=outcome))
    assert outputs.reading is not None
    received = msgspec.msgpack.decode(msgspec.msgpack.encode(outputs.reading), type=MeterReading)
    assert received.error.startswith("no meter x")

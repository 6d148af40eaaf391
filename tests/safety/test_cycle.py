"""Safety's own cycle: which gap between two looks means what."""

import pytest

from bus.moment import Moment
from nodes.safety.cycle import Cycle, Lateness, is_driven_in_time, is_read_in_time, watch

NOW_S = 1000.0
FEW = Cycle(late_at_s=(NOW_S - 9.0, NOW_S - 5.0))
MANY = Cycle(late_at_s=(NOW_S - 9.9, NOW_S - 5.0, NOW_S - 1.0))
LAPSED = Cycle(late_at_s=(NOW_S - 10.0, NOW_S - 5.0, NOW_S - 1.0))


@pytest.mark.parametrize(
    ("since_s", "cycle", "is_closed", "lateness"),
    [
        # closed
        (0.01, MANY, True, Lateness.IN_TIME),
        (0.02, MANY, True, Lateness.IN_TIME),
        (0.0201, Cycle(), True, Lateness.LATE),
        (0.1, Cycle(), True, Lateness.LATE),
        (0.1001, Cycle(), True, Lateness.TOO_LATE),
        (0.5, Cycle(), True, Lateness.TOO_LATE),
        (0.5001, Cycle(), True, Lateness.STALLED),
        (0.03, FEW, True, Lateness.LATE),  # the third within 10 s
        (0.03, MANY, True, Lateness.TOO_LATE),  # the fourth
        (0.03, LAPSED, True, Lateness.LATE),  # the fourth within a little more
        # open: looks may be 25 ms apart, and nothing can be opened
        (0.1, MANY, False, Lateness.IN_TIME),
        (0.1001, Cycle(), False, Lateness.TOO_LATE),
        (0.5001, Cycle(), False, Lateness.STALLED),
    ],
)
def test_what_a_gap_means(
    since_s: float, cycle: Cycle, is_closed: bool, lateness: Lateness
) -> None:
    after, found = watch(cycle, Moment(NOW_S), since_s, is_closed=is_closed)
    assert found is lateness
    assert (after is not cycle) is (is_closed and since_s > 0.02)


def test_a_cycle_in_time_has_no_deadline() -> None:
    moment = Moment(NOW_S)
    watch(MANY, moment, 0.01, is_closed=True)
    assert moment.due_s == float("inf")


def test_no_more_late_looks_are_remembered_than_are_judged() -> None:
    cycle = Cycle()
    for number in range(20):
        cycle, _ = watch(cycle, Moment(NOW_S + number), 0.03, is_closed=True)
    assert cycle.late_at_s == (NOW_S + 17, NOW_S + 18, NOW_S + 19)


@pytest.mark.parametrize(
    ("began_s", "ended_s", "is_recent"),
    [
        (NOW_S, NOW_S, True),
        (NOW_S, NOW_S + 0.04, True),
        (0.0, 0.05, True),
        (0.0, 0.0501, False),
        (NOW_S, NOW_S + 0.06, False),
    ],
)
def test_a_reading_that_takes_longer_than_50_ms_is_not_recent(
    began_s: float, ended_s: float, is_recent: bool
) -> None:
    assert is_read_in_time(began_s, ended_s) is is_recent


@pytest.mark.parametrize(
    ("looked_s", "now_s", "may_drive"),
    [
        (NOW_S, NOW_S, True),
        (NOW_S, NOW_S + 0.09, True),
        (0.0, 0.1, True),
        (0.0, 0.1001, False),
        (NOW_S, NOW_S + 0.11, False),
    ],
)
def test_a_look_drives_the_coil_for_100_ms_at_most(
    looked_s: float, now_s: float, may_drive: bool
) -> None:
    assert is_driven_in_time(looked_s, now_s) is may_drive

"""The pace of the house meter is learned from its readings."""

from collections.abc import Iterable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nodes.load_manager.meter_pace import MOST_PERIOD_S, MeterPace, note
from tests.builders import meter_reading


def after(
    values_a: Iterable[float], poll_s: float = 1.0, pace: MeterPace | None = None
) -> MeterPace:
    """Return the pace after these readings, one each poll."""
    pace = MeterPace() if pace is None else pace
    for number, value_a in enumerate(values_a):
        pace = note(pace, meter_reading(value_a, 1000.0 + number * poll_s, poll_s=poll_s))
    return pace


@pytest.mark.parametrize("poll_s", [0.5, 1.0, 5.0, 20.0])
def test_a_meter_that_changes_with_each_poll_has_the_period_of_its_polls(poll_s: float) -> None:
    pace = after([float(number) for number in range(20)], poll_s)
    assert (pace.period_s, pace.is_slow, pace.is_fresh) == (poll_s, False, True)
    assert pace.age_s(2000.0) == 0.0


def test_a_p1_port_that_sends_each_10_s_is_known_after_four_telegrams() -> None:
    values_a = [float(number // 10) for number in range(100)]
    assert after(values_a[:21]).period_s == 1.0
    pace = after(values_a)
    assert (pace.period_s, pace.is_slow) == (11.0, True)  # within a poll
    fresh = [after(values_a[:count]).is_fresh for count in range(60, 90)]
    assert sum(fresh) == 3
    assert pace.age_s(1099.0) == 10.0


def test_a_quiet_house_is_no_slow_meter_once_the_vehicle_changes_its_current() -> None:
    quiet = [float(number // 60) for number in range(600)]  # a step each minute
    assert after(quiet).period_s == MOST_PERIOD_S
    ramp = [*quiet, 20.0, 21.0, 22.0, 23.0]
    assert after(ramp).period_s == 1.0


def test_values_that_never_change_are_a_quiet_house() -> None:
    pace = after([5.0] * 600)
    assert (pace.period_s, pace.is_fresh) == (1.0, True)


@settings(max_examples=50)
@given(
    st.integers(2, 25),
    st.lists(st.booleans(), min_size=80, max_size=120),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_of_a_meter_that_renews_its_values_at_times_no_more_readings_are_fresh_than_renewals(
    polls: int, changes: list[bool], poll_s: float
) -> None:
    """A renewal may bring the same values again; then it is seen at the latest a poll later."""
    assume((polls + 1) * poll_s <= MOST_PERIOD_S)
    value_a, values_a = 1.0, []
    for number in range(len(changes)):
        if number % polls == 0 and changes[number // polls]:
            value_a += 1.0
        values_a.append(value_a)
    pace, fresh = MeterPace(), 0
    for number, value_a in enumerate(values_a):
        pace = note(pace, meter_reading(value_a, 1000.0 + number * poll_s, poll_s=poll_s))
        if pace.is_slow:
            fresh += pace.is_fresh
            assert poll_s < pace.period_s <= MOST_PERIOD_S
        else:
            assert pace.is_fresh
    assert fresh <= len(values_a) // polls + 1

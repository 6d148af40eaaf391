"""A limit falls at once and rises when it has lasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.load_manager.ramp import Ramp, begin, cap, floor_offer, follow, reset_pauses


def run(ramp: Ramp, left_a: float, seconds: int, from_s: float = 0.0) -> Ramp:
    for number in range(seconds):
        ramp = follow(ramp, left_a, left_a, is_certain=True, now_s=from_s + number)
    return ramp


@pytest.mark.parametrize(
    ("limit_a", "offer_a"),
    [
        (16.0, 16.0),
        (16.0 - 1e-9, 16.0),
        (15.99, 15.9),
        (6.0, 6.0),
        (5.99, 0.0),
        (0.0, 0.0),
        (-3.0, 0.0),
        (0.1 + 0.2 + 5.7, 6.0),
    ],
)
def test_an_offer_is_a_tenth_of_an_ampere_or_nothing(limit_a: float, offer_a: float) -> None:
    assert floor_offer(limit_a) == offer_a


def test_it_falls_at_once_and_by_any_amount() -> None:
    assert run(Ramp(value_a=16.0), 15.95, 1).value_a == 15.9
    assert run(Ramp(value_a=16.0), 7.0, 1).value_a == 7.0
    assert run(Ramp(value_a=16.0), 5.9, 1).value_a == 0.0


def test_it_rises_after_ten_seconds_to_the_least_of_them() -> None:
    ramp = run(Ramp(value_a=8.0), 14.0, 5)
    ramp = run(ramp, 12.0, 5, from_s=5.0)
    assert ramp.value_a == 8.0
    assert run(ramp, 14.0, 1, from_s=10.0).value_a == 12.0


def test_less_than_half_an_ampere_is_not_worth_a_change() -> None:
    assert run(Ramp(value_a=8.0), 8.4, 1000).value_a == 8.0
    assert run(Ramp(value_a=8.0), 8.5, 11).value_a == 8.5


def test_a_dip_in_between_restarts_the_ten_seconds() -> None:
    ramp = run(Ramp(value_a=8.0), 14.0, 10)
    ramp = run(ramp, 8.2, 1, from_s=10.0)
    assert run(ramp, 14.0, 10, from_s=11.0).value_a == 8.0
    assert run(ramp, 14.0, 11, from_s=11.0).value_a == 14.0


def test_a_pause_ends_after_half_a_minute_with_some_to_spare() -> None:
    assert run(Ramp(value_a=0.0), 6.4, 1000).value_a == 0.0
    assert run(Ramp(value_a=0.0), 6.5, 30).value_a == 0.0
    assert run(Ramp(value_a=0.0), 6.5, 31).value_a == 6.5


def pause_and_resume(ramp: Ramp, from_s: float) -> tuple[Ramp, int]:
    """Return the ramp after one pause, and how long enough had to be left."""
    ramp = run(ramp, -2.0, 5, from_s)
    for seconds in range(2000):
        ramp = run(ramp, 16.0, 1, from_s + 5.0 + seconds)
        if ramp.value_a > 0.0:
            return ramp, seconds
    raise AssertionError("it never resumes")


def test_pauses_within_an_hour_wait_twice_as_long_each_and_ten_minutes_at_most() -> None:
    ramp, waited, now_s = Ramp(value_a=16.0), [], 0.0
    for _ in range(7):
        ramp, wait_s = pause_and_resume(ramp, now_s)
        waited.append(wait_s)
        now_s += 3000.0
    assert waited == [30, 60, 120, 240, 480, 600, 600]
    _, wait_s = pause_and_resume(ramp, now_s + 3600.0)
    assert wait_s == 30
    _, wait_s = pause_and_resume(reset_pauses(ramp), now_s)
    assert wait_s == 30


def test_a_reading_that_is_not_certain_raises_nothing_and_pauses_nothing() -> None:
    ramp = Ramp(value_a=16.0)
    assert follow(ramp, 2.0, 2.0, is_certain=False, now_s=0.0).value_a == 6.0
    assert follow(ramp, 8.0, 8.0, is_certain=False, now_s=0.0).value_a == 8.0
    paused = Ramp(value_a=0.0)
    assert follow(paused, 2.0, 2.0, is_certain=False, now_s=0.0).value_a == 0.0
    for number in range(100):
        paused = follow(paused, 20.0, 20.0, is_certain=False, now_s=float(number))
    assert paused.value_a == 0.0


def test_a_lag_of_the_meter_lowers_nothing() -> None:
    assert follow(Ramp(value_a=8.0), 2.0, 8.0, is_certain=True, now_s=0.0).value_a == 8.0


def test_it_begins_with_the_present_offer_where_there_is_one() -> None:
    assert begin(20.0, offered_a=0.0).value_a == 20.0
    assert begin(20.0, offered_a=10.0).value_a == 10.0
    assert begin(8.0, offered_a=10.0).value_a == 8.0
    assert begin(2.0, offered_a=10.0).value_a == 0.0
    assert begin(20.0, offered_a=0.0, is_paused=True).value_a == 0.0


@given(
    st.lists(st.tuples(st.floats(-60.0, 60.0), st.floats(0.0, 20.0), st.booleans()), max_size=60),
    st.floats(-60.0, 60.0),
)
def test_it_is_never_above_what_is_left_for_certain(
    readings: list[tuple[float, float, bool]], first_a: float
) -> None:
    ramp = begin(first_a, 0.0)
    for number, (left_a, lag_a, is_certain) in enumerate(readings):
        before = ramp
        ramp = follow(ramp, left_a, left_a + lag_a, is_certain=is_certain, now_s=5.0 * number)
        assert ramp.value_a == 0.0 or ramp.value_a >= 6.0
        assert ramp.value_a <= max(left_a + lag_a, 0.0 if is_certain else 6.0) + 1e-6
        if ramp.value_a > before.value_a:
            assert ramp.value_a <= left_a + 1e-6
            assert ramp.value_a >= min(before.value_a + 0.4, 6.0)
        assert cap(ramp, 10.0).value_a <= 10.0

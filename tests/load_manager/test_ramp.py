"""A limit falls at once and rises when it has lasted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.moment import Moment
from nodes.load_manager.ramp import (
    Ramp,
    begin,
    cap,
    floor_offer,
    follow,
    is_unread,
    reset_pauses,
)


def read(
    ramp: Ramp, left_a: float, at_s: float = 0.0, most_left_a: float | None = None, **how: Any
) -> Ramp:
    """Return the ramp after a reading that arrives 0.1 s after it was taken."""
    return follow(
        ramp,
        left_a,
        left_a if most_left_a is None else most_left_a,
        now_s=at_s + 0.1,
        read_s=at_s,
        **{"is_certain": True, **how},
    )


def run(ramp: Ramp, left_a: float, seconds: int, from_s: float = 0.0) -> Ramp:
    for number in range(seconds):
        ramp = read(ramp, left_a, from_s + number)
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
    assert run(Ramp(value_a=16.0), 5.9, 1).value_a == 6.0


def test_a_short_peak_lowers_to_6_a_and_pauses_nothing() -> None:
    ramp = run(Ramp(value_a=16.0), -11.0, 2)
    assert ramp.value_a == 6.0
    ramp = run(ramp, 14.0, 1, from_s=2.0)
    assert (ramp.value_a, ramp.is_lacking, ramp.pauses) == (6.0, False, 0)
    quiet = run(ramp, 6.2, 10, from_s=3.0)
    assert run(quiet, -11.0, 5, from_s=13.0).value_a == 6.0  # a peak of its own


def test_peaks_that_come_again_within_10_s_pause() -> None:
    ramp = Ramp(value_a=16.0)
    for number in range(3):
        ramp = run(ramp, -5.0, 3, from_s=4.0 * number)
        ramp = run(ramp, 13.0, 1, from_s=4.0 * number + 3.0)
    assert (ramp.value_a, ramp.pauses) == (0.0, 1)


def test_a_lack_that_a_reading_5_s_later_still_shows_pauses() -> None:
    ramp = run(Ramp(value_a=16.0), 5.9, 5)
    assert ramp.value_a == 6.0
    assert read(ramp, 5.9, 4.9).value_a == 6.0
    paused = read(ramp, 5.9, 5.0)
    assert (paused.value_a, paused.pauses) == (0.0, 1)


def test_far_too_much_or_an_open_contactor_pauses_at_once() -> None:
    assert read(Ramp(value_a=16.0), -26.0, is_at_once=True).value_a == 0.0
    assert read(Ramp(value_a=16.0), -26.0, is_at_once=True, is_certain=False).value_a == 6.0


@pytest.mark.parametrize(("readings", "last_s"), [(1, 0.0), (3, 2.0)])
def test_a_lack_of_which_no_reading_follows_within_10_s_has_to_pause(
    readings: int, last_s: float
) -> None:
    ramp = run(Ramp(value_a=16.0), 3.0, readings)
    assert not is_unread(ramp, Moment(last_s + 9.9))
    assert is_unread(ramp, Moment(last_s + 10.0))
    assert not is_unread(run(ramp, 8.0, 1, from_s=3.0), Moment(1000.0))
    early = Moment(last_s + 1.0)
    assert not is_unread(ramp, early)
    assert early.due_s == last_s + 10.0


def test_a_peak_that_the_budget_carries_has_to_pause_when_no_reading_follows() -> None:
    ramp = read(Ramp(value_a=16.0), 3.0, 50.0, carried_a=6.2)
    assert not is_unread(ramp, Moment(59.9))
    assert is_unread(ramp, Moment(60.0))


def test_the_budget_ends_no_pause() -> None:
    ramp = read(Ramp(value_a=0.0, pauses=1), -3.0, 50.0, carried_a=8.0)
    assert ramp.value_a == 0.0


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
    paused = Ramp(value_a=0.0, pauses=1)
    assert run(paused, 6.4, 1000).value_a == 0.0
    assert run(paused, 6.5, 30).value_a == 0.0
    assert run(paused, 6.5, 31).value_a == 6.5


def test_before_the_first_charge_it_waits_no_longer_than_before_a_raise() -> None:
    waiting = read(Ramp(value_a=16.0), 2.0, is_charging=False)
    assert (waiting.value_a, waiting.pauses) == (0.0, 0)
    assert run(waiting, 6.5, 10, 1.0).value_a == 0.0
    assert run(waiting, 6.5, 11, 1.0).value_a == 6.5


def test_the_third_pause_within_half_an_hour_waits_until_the_load_has_stayed_away() -> None:
    ramp, now_s = Ramp(value_a=16.0), 0.0
    for wait_s in (30, 60, 600):
        ramp = run(ramp, -2.0, 6, now_s)
        assert (ramp.value_a, ramp.is_pulsing) == (0.0, wait_s == 600)
        ramp = run(ramp, 16.0, wait_s, now_s + 6.0)
        assert ramp.value_a == 0.0
        now_s += wait_s + 6.0
        ramp = run(ramp, 16.0, 1, now_s)
        assert (ramp.value_a, ramp.is_pulsing) == (16.0, False)
        now_s += 1.0


def test_a_wait_that_is_broken_off_counts_as_a_pause_of_a_load_that_pulses() -> None:
    ramp = run(Ramp(value_a=16.0), -2.0, 6)
    for number in range(2):
        ramp = run(ramp, 16.0, 25, 6.0 + 30.0 * number)
        assert not ramp.is_pulsing
        ramp = run(ramp, 3.0, 5, 31.0 + 30.0 * number)
    assert (ramp.is_pulsing, ramp.pauses) == (True, 1)
    assert run(ramp, 16.0, 600, 100.0).value_a == 0.0


def test_after_three_peaks_in_ten_minutes_it_stays_at_6_a_for_two_minutes() -> None:
    ramp = Ramp(value_a=16.0)
    for number in range(3):
        ramp = run(ramp, 3.0, 2, 60.0 * number)
        ramp = run(ramp, 16.0, 58, 60.0 * number + 2.0)
        assert ramp.value_a == (6.0 if number == 2 else 16.0)
    assert run(ramp, 16.0, 62, 180.0).value_a == 6.0
    ramp = run(ramp, 16.0, 64, 180.0)
    assert (ramp.value_a, ramp.has_peaks) == (16.0, False)


def test_a_peak_that_the_budget_carries_pauses_nothing_however_long() -> None:
    ramp = Ramp(value_a=16.0)
    for number in range(60):
        ramp = read(ramp, 3.0, float(number), carried_a=6.2)
        assert (ramp.value_a, ramp.is_carried, ramp.pauses) == (6.0, True, 0)
    for number in range(60, 66):
        ramp = read(ramp, 3.0, float(number), carried_a=5.9)
    assert (ramp.value_a, ramp.pauses) == (0.0, 1)


def test_only_a_fresh_reading_confirms_a_lack_or_counts_for_a_raise() -> None:
    ramp = read(Ramp(value_a=16.0), 3.0)
    for number in range(1, 12):
        ramp = read(ramp, 3.0, float(number), is_fresh=False)
        assert ramp.value_a == 6.0
    assert read(ramp, 3.0, 11.0).value_a == 0.0
    assert read(ramp, 3.0, 12.0, is_fresh=False).value_a == 0.0  # not for longer than that
    ramp = Ramp(value_a=8.0)
    for number in range(40):
        assert ramp.value_a == 8.0
        assert ramp.rises_s(10.0) in (None, 20.1)
        ramp = read(ramp, 16.0, float(number), is_fresh=number % 10 == 0)
        if number == 20:
            break
    assert ramp.value_a == 16.0


def pause_and_resume(ramp: Ramp, from_s: float) -> tuple[Ramp, int]:
    """Return the ramp after one pause, and how long enough had to be left."""
    ramp = run(ramp, -2.0, 6, from_s)
    for seconds in range(2000):
        ramp = run(ramp, 16.0, 1, from_s + 6.0 + seconds)
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
    assert read(ramp, 8.0, is_certain=False).value_a == 8.0
    low = read(ramp, 2.0, is_certain=False)
    assert low.value_a == 6.0
    assert read(low, 2.0, 100.0, is_certain=False).value_a == 6.0
    paused = Ramp(value_a=0.0)
    assert read(paused, 2.0, is_certain=False).value_a == 0.0
    for number in range(100):
        paused = read(paused, 20.0, number, is_certain=False)
    assert paused.value_a == 0.0


def test_a_lag_of_the_meter_lowers_nothing() -> None:
    assert read(Ramp(value_a=8.0), 2.0, most_left_a=8.0).value_a == 8.0


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
    lacks_since = None
    for number, (left_a, lag_a, is_certain) in enumerate(readings):
        before = ramp
        most_left_a = left_a + lag_a
        ramp = read(ramp, left_a, 5.0 * number, most_left_a, is_certain=is_certain)
        lacks_since = None if most_left_a >= 6.0 else lacks_since
        is_confirmed = is_certain and lacks_since is not None  # by a reading 5 s later
        if most_left_a < 6.0 and lacks_since is None:
            lacks_since = number
        assert ramp.value_a == 0.0 or ramp.value_a >= 6.0
        assert ramp.value_a <= max(most_left_a, 0.0 if is_confirmed else 6.0) + 1e-6
        if ramp.value_a > before.value_a:
            assert ramp.value_a <= left_a + 1e-6
            assert ramp.value_a >= min(before.value_a + 0.4, 6.0)
        assert cap(ramp, 10.0).value_a <= 10.0

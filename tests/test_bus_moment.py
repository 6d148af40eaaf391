"""A moment knows the next time at which a machine would answer otherwise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.moment import Moment

TIMES = st.floats(min_value=0.0, max_value=1e6)


def test_without_a_question_there_is_no_deadline() -> None:
    assert Moment(5.0).due_s == math.inf


@given(TIMES, st.lists(TIMES, max_size=8))
def test_the_deadline_is_the_earliest_time_still_to_come(
    now_s: float, asked_s: list[float]
) -> None:
    moment = Moment(now_s)
    answers = [moment.reached(when_s) for when_s in asked_s]
    assert answers == [now_s >= when_s for when_s in asked_s]
    assert moment.due_s == min((each for each in asked_s if each > now_s), default=math.inf)


@given(TIMES, st.lists(TIMES, max_size=8))
def test_at_its_deadline_at_least_one_answer_is_another(now_s: float, asked_s: list[float]) -> None:
    moment = Moment(now_s)
    before = [moment.reached(when_s) for when_s in asked_s]
    if moment.due_s < math.inf:
        later = Moment(moment.due_s)
        assert [later.reached(when_s) for when_s in asked_s] != before


def test_a_time_that_has_just_come_is_not_over_and_asks_for_the_next_look() -> None:
    moment = Moment(5.0)
    assert not moment.passed(5.0)
    assert moment.due_s == 5.0
    assert moment.passed(4.9)
    assert not Moment(5.0).passed(6.0)


def test_again_asks_for_the_next_look() -> None:
    moment = Moment(5.0)
    assert not moment.reached(9.0)
    moment.again()
    assert moment.due_s == 5.0


def test_wake_at_asks_for_a_step_at_the_earliest_time_to_come() -> None:
    moment = Moment(5.0)
    moment.wake_at(9.0)
    moment.wake_at(7.0)
    moment.wake_at(8.0)
    assert moment.due_s == 7.0


@pytest.mark.parametrize("when_s", [4.0, 5.0, math.inf, math.nan])
def test_wake_at_a_time_that_is_not_to_come_asks_for_nothing(when_s: float) -> None:
    moment = Moment(5.0)
    moment.wake_at(when_s)
    assert moment.due_s == math.inf


def test_nan_is_never_reached() -> None:
    moment = Moment(5.0)
    assert not moment.reached(math.nan)
    assert moment.due_s == math.inf

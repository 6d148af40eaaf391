"""The fuse's thermal budget: 1.13 times its current at most, and no warmer than at its current."""

import math
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.load_manager.thermal_budget import WINDOW_S, ThermalBudget, carry
from tests.load_manager.site import FUSE_A, Car, Currents, Moment, Site

OVER_PERCENT = 13.0
MOST_A = 1.13 * FUSE_A
# A poll of 1 s, the 5 s after which a lack is no peak, and the 5 s that a vehicle may take.
REACTION_S = 12


def after(loads_a: Iterable[float], step_s: float = 1.0) -> ThermalBudget:
    """Return the budget after these currents on L1, the first one before the first step."""
    budget = ThermalBudget(fuse_a=FUSE_A)
    for number, load_a in enumerate(loads_a):
        budget = carry(budget, 1000.0 + number * step_s, (load_a, 0.0, FUSE_A))
    return budget


def test_a_new_budget_allows_the_rated_current_and_no_more() -> None:
    for budget in (ThermalBudget(fuse_a=FUSE_A), after([0.0])):
        assert budget.held_a(0, OVER_PERCENT, 1.0) == FUSE_A
        assert budget.planned_a(0) == FUSE_A


def test_what_was_not_used_is_held_for_a_while_and_never_beyond_the_most() -> None:
    budget = after([10.0] * 600)
    assert budget.held_a(0, OVER_PERCENT, 1.0) == MOST_A
    assert budget.held_a(0, 5.0, 1.0) == 1.05 * FUSE_A
    assert budget.held_a(2, OVER_PERCENT, 1.0) == FUSE_A  # of another phase
    assert budget.planned_a(0) == FUSE_A


def test_an_excess_is_made_up_within_the_window_and_the_plan_is_lower_meanwhile() -> None:
    budget = after([10.0] * 600 + [MOST_A] * 120)
    assert 20.0 < budget.planned_a(0) < FUSE_A
    # what it plans holds: ten minutes at that current are no breach
    planned_a = budget.planned_a(0)
    loads = [10.0] * 600 + [MOST_A] * 120 + [planned_a] * 600
    for end in range(700, len(loads)):
        squares = [load_a**2 for load_a in loads[end - 600 : end]]
        assert sum(squares) <= 600 * FUSE_A**2 * (1.0 + 2e-3)
    assert after(loads[-700:]).planned_a(0) == pytest.approx(FUSE_A, abs=0.5)


def test_a_budget_that_is_used_up_holds_the_rated_current_or_less() -> None:
    budget = after([FUSE_A] * 600 + [MOST_A] * 60)
    assert budget.held_a(0, OVER_PERCENT, 1.0) < FUSE_A


def test_a_gap_of_readings_earns_nothing() -> None:
    budget = ThermalBudget(fuse_a=FUSE_A)
    for at_s in (0.0, 300.0, 590.0):
        budget = carry(budget, at_s, (2.0, 2.0, 2.0))
    assert budget.held_a(0, OVER_PERCENT, 1.0) == FUSE_A


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.0, 60.0), st.integers(1, 300)), min_size=1, max_size=20),
    st.integers(1, 600),
)
def test_it_agrees_with_a_sum_over_each_second(
    loads: list[tuple[float, int]], seconds: int
) -> None:
    """Before the first reading the rated current; between two readings the larger one."""
    loads_a = [load_a for load_a, count in loads for _ in range(count)]
    squares = [FUSE_A**2] * int(WINDOW_S)
    squares += [max(one, other) ** 2 for one, other in pairwise(loads_a)]
    kept_a2s = sum(squares[len(squares) - int(WINDOW_S) + seconds :])
    left_a2 = (WINDOW_S * FUSE_A**2 - kept_a2s) / seconds
    budget = after(loads_a)
    assert budget.steady_a(0, seconds) == pytest.approx(math.sqrt(max(left_a2, 0.0)), abs=1e-3)
    assert len(budget.loads) <= WINDOW_S + 3


def breaches(moments: list[Moment]) -> tuple[int, int]:
    """Return for how many seconds in a row each rule was broken while the vehicle drew current.

    Beyond the most: while the other loads had not risen within the reaction time, which is what the
    arbiter cannot know. Beyond the mean square: while they left it the time to react.
    """
    squares = [FUSE_A**2] * int(WINDOW_S)
    total_a2 = sum(squares)
    longest_most = longest_mean = most = mean = 0
    others_a = [moment.others_a[0] for moment in moments]
    for number, moment in enumerate(moments):
        total_a = max(others_a[number], 0.0) + moment.drawn_a[0]
        squares.append(total_a**2)
        total_a2 += squares[-1] - squares[-1 - int(WINDOW_S)]
        draws = moment.drawn_a[0] > 0.5
        known_a = min(others_a[max(number - REACTION_S, 0) : number + 1])
        is_beyond = max(known_a, 0.0) + moment.drawn_a[0] > MOST_A + 1e-6
        most = most + 1 if draws and is_beyond else 0
        mean = mean + 1 if draws and total_a2 > WINDOW_S * FUSE_A**2 + 1e-3 else 0
        longest_most, longest_mean = max(longest_most, most), max(longest_mean, mean)
    return longest_most, longest_mean


@pytest.mark.req("MET-1")
def test_a_load_that_stays_uses_the_budget_up_and_then_pauses() -> None:
    site = Site(Car(up_a_s=0.0), fuse_budget_percent=OVER_PERCENT)
    moments = list(site.run([(10.0, 1.0, 1.0)] * 600))
    site.car.up_a_s = 5.0
    moments += site.run([(21.5, 1.0, 1.0)] * 700)
    limits_a = [moment.offer.limit_a for moment in moments[600:]]
    assert 400 < limits_a.index(0.0) < 500  # 8 minutes, by what was not used before
    assert limits_a[-1] == 0.0
    assert breaches(moments) == (0, 0)


HOUSE = st.one_of(st.floats(0.0, 32.0), st.floats(18.0, 22.3))  # the latter needs the budget


@pytest.mark.req("MET-1")
@pytest.mark.timeout(400)
@settings(max_examples=6)
@given(
    st.lists(st.tuples(HOUSE, st.integers(5, 90)), min_size=4, max_size=12),
    st.floats(0.2, 3.0),
)
def test_whatever_the_house_does_no_rule_is_broken_beyond_the_reaction_time(
    loads: list[tuple[float, int]], delay_s: float
) -> None:
    site = Site(Car(delay_s=delay_s), fuse_budget_percent=OVER_PERCENT)
    currents: list[Currents] = [
        (load_a, 1.0, 1.0) for load_a, seconds in loads for _ in range(seconds)
    ]
    longest_most, longest_mean = breaches(list(site.run(currents)))
    assert longest_most <= REACTION_S
    assert longest_mean <= REACTION_S


@pytest.mark.proof
@pytest.mark.timeout(400)
@settings(max_examples=60)
@given(
    st.lists(st.tuples(HOUSE, st.integers(5, 300)), min_size=6, max_size=20),
    st.floats(0.2, 3.0),
    st.sampled_from([0.4, 1.0, 2.0]),
)
def test_in_many_houses_no_rule_is_broken_beyond_the_reaction_time(
    loads: list[tuple[float, int]], delay_s: float, poll_s: float
) -> None:
    site = Site(Car(delay_s=delay_s), fuse_budget_percent=OVER_PERCENT, poll_s=poll_s)
    polls = [
        (load_a, 1.0, 1.0) for load_a, seconds in loads for _ in range(round(seconds / poll_s))
    ]
    moments = list(site.run(polls))
    each_s = [moments[int(second / poll_s)] for second in range(int(len(moments) * poll_s))]
    longest_most, longest_mean = breaches(each_s)
    assert longest_most <= REACTION_S + 2 * math.ceil(poll_s)
    assert longest_mean <= REACTION_S + 2 * math.ceil(poll_s)

"""The plan of a departure wish, against the optimum of a mixed-integer program."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from portal.planner import PlanWish, PricePlan, PriceSlot, plan

pytestmark = pytest.mark.req("DCS-4")

NOW = 1_700_000_000
QUARTER_S = 900
TOLERANCE_WH = 0.01


def quarters(prices: Sequence[float], begin: int = NOW) -> list[PriceSlot]:
    """Return slots of a quarter of an hour."""
    return [
        PriceSlot(
            begin_utc_s=begin + number * QUARTER_S,
            end_utc_s=begin + (number + 1) * QUARTER_S,
            price_per_kwh=price,
        )
        for number, price in enumerate(prices)
    ]


def wish(energy_wh: float, slots: int, phases: int = 3, most_a: float = 32.0) -> PlanWish:
    """Return a wish with a departure at the end of the slots."""
    return PlanWish(
        energy_wh=energy_wh,
        departure_utc_s=NOW + slots * QUARTER_S,
        phases=phases,
        most_a=most_a,
    )


def least_cost(prices: Sequence[float], of: PlanWish) -> float:
    """Return the cost of the optimum: in each slot one current, 0 or at least 6 A."""
    # Not above: each worker collects this file, and one of them solves.
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    count = len(prices)
    wh_per_a = of.volts * of.phases * QUARTER_S / 3600
    cost = [price * wh_per_a / 1000 for price in prices] + [0.0] * count
    on, current = np.eye(count), np.eye(count)
    result = milp(
        cost,
        constraints=[
            LinearConstraint(np.hstack([current, -6.0 * on]), lb=0.0),
            LinearConstraint(np.hstack([current, -of.most_a * on]), ub=0.0),
            LinearConstraint(np.array([[wh_per_a] * count + [0.0] * count]), lb=of.energy_wh),
        ],
        integrality=[0] * count + [1] * count,
        bounds=Bounds(0.0, [of.most_a] * count + [1.0] * count),
    )
    assert result.success, result.message
    return float(result.fun)


def charge(found: PricePlan, of: PlanWish, prices: Sequence[float]) -> tuple[float, float]:
    """Follow the steps of a plan second by second; return energy [Wh] and cost."""
    ends = [each.start_s for each in found.steps[1:]] + [found.duration_s]
    energy_wh = cost = 0.0
    for step, end_s in zip(found.steps, ends, strict=True):
        for second in range(step.start_s, end_s):
            gained_wh = 230.0 * of.phases * step.limit_a / 3600
            energy_wh += gained_wh
            cost += gained_wh / 1000 * prices[second // QUARTER_S]
    return energy_wh, cost


def check_form(found: PricePlan, of: PlanWish) -> None:
    """Check what a box expects of a profile."""
    assert found.begin_utc_s + found.duration_s == of.departure_utc_s
    assert [each.start_s for each in found.steps] == sorted({each.start_s for each in found.steps})
    assert found.steps[0].start_s == 0
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert before.limit_a != after.limit_a
    for step in found.steps:
        assert step.limit_a == 0.0 or 6.0 <= step.limit_a <= of.most_a
        assert math.isclose(step.limit_a * 10, round(step.limit_a * 10), abs_tol=1e-9)


@settings(max_examples=60)
@given(
    prices=st.lists(st.integers(1, 60).map(lambda cents: cents / 100), min_size=4, max_size=48),
    share=st.floats(0.02, 0.99),
    phases=st.sampled_from([1, 3]),
    most_a=st.sampled_from([10.0, 16.0, 32.0]),
)
def test_the_cost_is_within_a_hundredth_of_the_optimum_and_the_energy_is_in(
    prices: list[float], share: float, phases: int, most_a: float
) -> None:
    of = wish(0.0, len(prices), phases, most_a)
    possible_wh = 230.0 * phases * most_a * len(prices) * QUARTER_S / 3600
    # Not less than a slot at 6 A: below it the optimum has to charge more than is wanted.
    least_wh = 230.0 * phases * 6.0 * QUARTER_S / 3600
    of = PlanWish(
        energy_wh=max(possible_wh * share, least_wh),
        departure_utc_s=of.departure_utc_s,
        phases=phases,
        most_a=most_a,
    )
    found = plan(quarters(prices), of, NOW)
    check_form(found, of)
    energy_wh, cost = charge(found, of, prices)
    assert found.is_enough
    assert energy_wh >= of.energy_wh - TOLERANCE_WH
    assert energy_wh == pytest.approx(found.energy_wh, abs=TOLERANCE_WH)
    assert cost == pytest.approx(found.cost, abs=1e-6)
    # A tenth of an ampere over the last slot, at the highest price, is rounded up.
    rounded = 230.0 * phases * 0.1 * QUARTER_S / 3600 / 1000 * max(prices)
    assert cost <= least_cost(prices, of) * 1.01 + rounded


NIGHT = [
    *[0.34, 0.34, 0.33, 0.33, 0.31, 0.31, 0.30, 0.30, 0.28, 0.27, 0.26, 0.26],  # 18:00 to 21:00
    *[0.25, 0.25, 0.24, 0.24, 0.22, 0.22, 0.21, 0.20, 0.18, 0.18, 0.17, 0.17],  # to 00:00
    *[0.16, 0.15, 0.14, 0.14, 0.12, 0.11, 0.11, 0.12, 0.12, 0.13, 0.14, 0.15],  # to 03:00
    *[0.16, 0.17, 0.19, 0.20, 0.22, 0.25, 0.27, 0.29, 0.30, 0.33, 0.35, 0.36],  # to 06:00
]


@pytest.mark.parametrize("energy_wh", [5000.0, 20_000.0, 40_000.0, 100_000.0])
@pytest.mark.parametrize("phases", [1, 3])
def test_a_night_of_prices(energy_wh: float, phases: int) -> None:
    of = wish(energy_wh * phases / 3, len(NIGHT), phases)
    found = plan(quarters(NIGHT), of, NOW)
    check_form(found, of)
    energy_wh, cost = charge(found, of, NIGHT)
    assert energy_wh >= of.energy_wh - TOLERANCE_WH
    assert cost <= least_cost(NIGHT, of) * 1.01
    cheapest = found.steps[[each.limit_a > 0.0 for each in found.steps].index(True)]
    assert cheapest.start_s >= 0


def test_the_cheapest_time_is_used_first_and_of_equal_ones_the_earliest() -> None:
    found = plan(quarters([0.3, 0.1, 0.2, 0.1]), wish(1840.0, 4), NOW)
    # 32 A on three phases are 5520 Wh a quarter: 1840 Wh are a third of one, at 10.7 A.
    assert [(each.start_s, each.limit_a) for each in found.steps] == [
        (0, 0.0),
        (900, 10.7),
        (1800, 0.0),
    ]


def test_the_last_slot_is_used_shorter_where_6_a_would_be_too_much() -> None:
    found = plan(quarters([0.3, 0.1]), wish(517.5, 2), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [
        (0, 0.0),
        (900, 6.0),
        (1350, 0.0),
    ]
    assert found.energy_wh == pytest.approx(517.5)


def test_without_enough_time_all_that_is_possible_is_charged() -> None:
    found = plan(quarters([0.3, 0.1]), wish(50_000.0, 2), NOW)
    assert not found.is_enough
    assert [(each.start_s, each.limit_a) for each in found.steps] == [(0, 32.0)]
    assert found.energy_wh == pytest.approx(11_040.0)


def test_time_without_a_price_is_the_last_that_is_used() -> None:
    found = plan(quarters([0.9]), wish(5520.0, 2), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [(0, 32.0), (900, 0.0)]
    found = plan(quarters([0.9]), wish(11_040.0, 2), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [(0, 32.0)]
    assert found.is_enough


def test_a_plan_begins_amid_a_slot() -> None:
    found = plan(quarters([0.1, 0.2], begin=NOW - 600), wish(1840.0, 1), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [(0, 32.0), (300, 0.0)]


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf])
def test_a_price_that_is_no_number_is_not_known(price: float) -> None:
    found = plan(quarters([price, 0.5]), wish(5520.0, 2), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [(0, 0.0), (900, 32.0)]


@pytest.mark.parametrize("energy_wh", [0.0, -5.0])
def test_nothing_wanted_is_nothing_charged(energy_wh: float) -> None:
    found = plan(quarters([0.1]), wish(energy_wh, 1), NOW)
    assert [each.limit_a for each in found.steps] == [0.0]
    assert (found.energy_wh, found.cost, found.is_enough) == (0.0, 0.0, True)


def test_a_departure_that_is_past_has_no_plan() -> None:
    found = plan(quarters([0.1]), wish(1000.0, 0), NOW)
    assert (found.steps, found.duration_s, found.is_enough) == ((), 0, False)


def test_a_vehicle_that_takes_less_than_it_is_offered_gets_more_time() -> None:
    of = wish(5520.0, 2)
    # At 207 V a quarter at 32 A has 4968 Wh; the rest of 552 Wh is a ninth of another one, at 6 A.
    found = plan(quarters([0.3, 0.1]), replace(of, volts=207.0), NOW)
    assert [(each.start_s, each.limit_a) for each in found.steps] == [
        (0, 6.0),
        (534, 0.0),
        (900, 32.0),
    ]
    assert found.is_enough


def test_a_box_below_6_a_charges_nothing() -> None:
    found = plan(quarters([0.1]), wish(1000.0, 1, most_a=5.9), NOW)
    assert [each.limit_a for each in found.steps] == [0.0]
    assert not found.is_enough

"""The current follows the temperature: reduced after 5 s, raised each 30 s, else at rest."""

import itertools
import random
from collections.abc import Iterable, Iterator

import pytest

from bus.moment import Moment
from nodes.plant import thermal
from nodes.safety.heat import COLD, Derating, limit_of_temperature, update
from nodes.safety.pace import (
    HYSTERESIS_K,
    LOWER_AFTER_S,
    MARGIN_K,
    NO_PACE,
    RAISE_AFTER_S,
    RETURN_S,
    STEP_K,
    Pace,
    follow,
    hold_raise,
)

FULL_A = 32.0


def at(celsius: float) -> Pace:
    return Pace(celsius=celsius, is_known=True)


def followed(pace: Pace, *readings: tuple[float, float]) -> Pace:
    """Return the pace after readings [s, degC]."""
    for now_s, celsius in readings:
        pace = follow(pace, celsius, Moment(now_s))
    return pace


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize(
    ("celsius", "expected_c"),
    [(20.0, 70.0), (70.0, 70.0), (74.2, 74.2), (80.0, 80.0), (95.0, 80.0)],
)
def test_the_first_reading_after_a_start_counts_at_once(celsius: float, expected_c: float) -> None:
    assert followed(NO_PACE, (0.0, celsius)) == at(expected_c)


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize(
    ("readings", "expected_c"),
    [
        (((0.0, 72.5), (4.99, 72.5)), 72.0),
        (((0.0, 72.5), (5.0, 72.5)), 72.5),
        (((0.0, 72.49), (100.0, 72.49)), 72.0),  # less than a step
        (((0.0, 72.6), (2.0, 74.0), (5.0, 73.0)), 73.0),  # to the present reading
        (((0.0, 90.0), (5.0, 90.0)), 80.0),
        # A short return below the step is noise, a longer one begins the 5 s again.
        (((0.0, 73.0), (3.0, 72.0), (3.99, 73.0), (5.0, 73.0)), 73.0),
        (((0.0, 73.0), (3.0, 72.0), (4.0, 72.0), (5.0, 73.0), (9.99, 73.0)), 72.0),
        (((0.0, 73.0), (3.0, 72.0), (4.0, 72.0), (5.0, 73.0), (10.0, 73.0)), 73.0),
        # Alternating each second is hotter all the time, and counts at the next hotter reading.
        (((0.0, 76.0), (1.0, 72.0), (1.9, 76.0), (3.0, 72.0), (3.9, 76.0), (5.0, 72.0)), 72.0),
        (((0.0, 76.0), (1.0, 72.0), (1.9, 76.0), (3.0, 72.0), (3.9, 76.0), (5.1, 76.0)), 76.0),
    ],
)
def test_a_reading_that_is_a_step_hotter_for_5_s_reduces_the_current(
    readings: tuple[tuple[float, float], ...], expected_c: float
) -> None:
    assert followed(at(72.0), *readings).celsius == expected_c


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize(
    ("readings", "expected_c"),
    [
        (((0.0, 73.0), (29.99, 73.0)), 76.0),
        (((0.0, 73.0), (30.0, 73.0)), 75.5),
        (((0.0, 73.01), (300.0, 73.01)), 76.0),  # not cool enough
        (((0.0, 72.0), (10.0, 71.0), (30.0, 70.0)), 74.5),  # the hottest of the 30 s counts
        (((0.0, 60.0), (30.0, 60.0)), 70.0),  # full current
        (((0.0, 72.0), (29.0, 73.5), (30.0, 72.0), (59.9, 72.0)), 76.0),  # 30 s begin again
        (((0.0, 72.0), (29.0, 73.5), (30.0, 72.0), (60.0, 72.0)), 74.5),
    ],
)
def test_readings_that_are_cooler_for_30_s_raise_the_current(
    readings: tuple[tuple[float, float], ...], expected_c: float
) -> None:
    assert followed(at(76.0), *readings).celsius == expected_c


def test_after_a_change_nothing_of_the_readings_before_is_remembered() -> None:
    assert followed(at(72.0), (0.0, 73.0), (5.0, 73.0)) == at(73.0)
    assert followed(at(76.0), (0.0, 73.0), (30.0, 73.0)) == at(75.5)


def test_at_full_current_nothing_is_raised_and_nothing_changes() -> None:
    pace = at(70.0)
    assert followed(pace, (0.0, 20.0), (100.0, 20.0)) is pace


def test_the_same_temperature_changes_nothing() -> None:
    pace = at(75.0)
    assert followed(pace, (0.0, 75.0), (100.0, 74.0)) is pace


def test_what_is_not_known_raises_nothing() -> None:
    pace = followed(at(76.0), (0.0, 60.0), (29.0, 60.0))
    assert hold_raise(pace) == at(76.0)
    assert followed(hold_raise(pace), (30.0, 60.0), (59.9, 60.0)).celsius == 76.0
    hotter = followed(at(72.0), (0.0, 75.0))
    assert hold_raise(hotter) is hotter  # and it forgets no heat


# --- whole traces of temperatures -----------------------------------------------------------------


def limits_of(trace: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float, float, bool]]:
    """Yield time [s], limit [A], temperature [degC] and whether it is too hot for each reading."""
    derating = COLD
    for now_s, celsius in trace:
        derating, felt_c = update(derating, Moment(now_s), celsius, -40.0, is_switched_off=False)
        yield now_s, limit_a(derating), felt_c, derating.is_hot


def limit_a(derating: Derating) -> float:
    return limit_of_temperature(FULL_A, derating.pace.celsius, derating.is_hot)


def random_trace(seed: int, hours: float = 1.0) -> Iterator[tuple[float, float]]:
    """Yield readings of a body between 60 and 83 degC, with noise, flicker and quick changes."""
    chance = random.Random(seed)
    step_s = chance.choice((0.01, 0.025, 0.1))
    noise_k = chance.choice((0.0, 0.1, 0.3))
    now_s, celsius, end_s = 0.0, chance.uniform(60.0, 76.0), hours * 3600.0
    while now_s < end_s:
        goal_c, by_k_s = chance.uniform(60.0, 83.0), chance.choice((0.005, 0.05, 0.5, 2.0))
        flicker_k, beat_s = chance.choice((0.0, 0.0, 1.0, 5.0)), chance.choice((0.05, 0.4, 1.5))
        for _ in range(round(chance.choice((5.0, 60.0, 300.0)) / step_s)):
            now_s = round(now_s + step_s, 6)
            celsius += max(-by_k_s * step_s, min(by_k_s * step_s, goal_c - celsius))
            shown_c = celsius + chance.gauss(0.0, noise_k) if noise_k else celsius
            if flicker_k and now_s % (2.0 * beat_s) < beat_s:
                shown_c += flicker_k
            yield now_s, shown_c


@pytest.mark.req("CHG-5", "LED-5")
@pytest.mark.parametrize("seed", range(3))
def test_no_trace_changes_the_offer_more_often_than_the_rule(seed: int) -> None:
    check(random_trace(seed, hours=0.15))


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 140))
def test_no_long_trace_changes_the_offer_more_often_than_the_rule(seed: int) -> None:
    check(random_trace(seed, hours=1.0))


def check(trace: Iterator[tuple[float, float]]) -> None:
    """Check the rule, and that no heat is overlooked."""
    before_a, changed_s, raised_s = FULL_A, -1e9, -1e9
    was_hot = False
    hot_since_s: dict[float, float] = {}  # by temperature: all readings hotter since [s]
    for number, (now_s, now_a, celsius, is_hot) in enumerate(limits_of(trace)):
        for mark_c in (71.0, 73.0, 75.0, 77.0, 79.0):
            if celsius < mark_c:
                hot_since_s.pop(mark_c, None)
            elif now_s - hot_since_s.setdefault(mark_c, now_s) > LOWER_AFTER_S + 0.2:
                assert now_a <= limit_of_temperature(FULL_A, mark_c - STEP_K, False) + 0.11
        if is_hot:
            assert now_a == 0.0  # at once
        elif number and now_a != before_a:
            is_raise = now_a > before_a
            assert now_s - raised_s >= RAISE_AFTER_S - 1e-6 or not is_raise
            assert now_s - changed_s >= LOWER_AFTER_S - 1e-6
            assert is_raise or was_hot or before_a - now_a >= 1.2  # a step, rounded to 0.1 A
            raised_s = now_s if is_raise else raised_s
        if now_a != before_a:
            changed_s = now_s
        before_a, was_hot = now_a, is_hot


def charged(ambient_c: float, full_a: float, noise_k: float, hours: float) -> list[float]:
    """Return when the offer changed [s]: a charge whose current warms the box as plant has it."""
    chance = random.Random(1)
    heat, derating = thermal.at_rest(ambient_c), COLD
    changes_s: list[float] = []
    offered_a, step_s = full_a, 0.5
    for number in range(round(hours * 3600.0 / step_s)):
        current_a = max(0.0, offered_a - 0.3)
        heat = thermal.warm(heat, ambient_c, (current_a, current_a, current_a), False, step_s)
        derating, _ = update(
            derating,
            Moment(number * step_s),
            heat.terminal_c + chance.gauss(0.0, noise_k),
            heat.board_c + chance.gauss(0.0, noise_k),
            is_switched_off=False,
        )
        limit_a = limit_of_temperature(full_a, derating.pace.celsius, derating.is_hot)
        if limit_a != offered_a:
            changes_s.append(number * step_s)
        offered_a = limit_a
    return changes_s


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize("noise_k", [0.0, 0.15])
@pytest.mark.parametrize("full_a", [10.0, 32.0])
@pytest.mark.parametrize("ambient_c", [35.0, 50.0])
def test_the_offer_of_a_hot_box_comes_to_rest(
    ambient_c: float, full_a: float, noise_k: float
) -> None:
    changes_s = charged(ambient_c, full_a, noise_k, hours=3.0)
    assert len(changes_s) <= 20
    assert len([at_s for at_s in changes_s if at_s > 2.0 * 3600.0]) <= 1


@pytest.mark.proof
@pytest.mark.parametrize("ambient_c", range(20, 61, 2))
@pytest.mark.parametrize("full_a", [10.0, 13.0, 16.0, 20.0, 25.0, 32.0])
def test_the_offer_comes_to_rest_at_every_ambient_temperature(
    ambient_c: float, full_a: float
) -> None:
    for noise_k in (0.0, 0.05, 0.15):
        changes_s = charged(ambient_c, full_a, noise_k, hours=6.0)
        assert len(changes_s) <= 25, noise_k
        assert len([at_s for at_s in changes_s if at_s > 4.0 * 3600.0]) <= 2, noise_k


@pytest.mark.req("CHG-5")
def test_two_changes_of_a_hot_charge_are_five_seconds_apart() -> None:
    changes_s = charged(50.0, FULL_A, 0.15, hours=1.0)
    assert changes_s
    assert all(after - before >= LOWER_AFTER_S for before, after in itertools.pairwise(changes_s))


def test_a_raise_is_a_step_at_least_and_less_than_what_was_cooler() -> None:
    assert HYSTERESIS_K - MARGIN_K >= STEP_K
    assert RETURN_S < LOWER_AFTER_S < RAISE_AFTER_S

"""Durations of rounds: percentiles of all, and the exact longest."""

import random

import pytest

from bus.measure import LoopTimes


def taken(*rounds_ms: float) -> tuple[float, float, float]:
    times = LoopTimes()
    for round_ms in rounds_ms:
        times.add(round(round_ms * 1e6))
    return times.take()


def test_the_longest_round_is_exact_wherever_it_falls() -> None:
    for before in (0, 511, 512, 5000):
        assert taken(*[0.05] * before, 12.345678, *[0.05] * 99)[2] == 12.346


def test_the_rounds_at_the_end_of_a_busy_period_count_as_those_at_its_beginning() -> None:
    p50_ms, p99_ms, _ = taken(*[0.05] * 3000, *[2.0] * 7000)
    assert p50_ms == pytest.approx(2.0, rel=0.04)
    assert p99_ms == pytest.approx(2.0, rel=0.04)
    assert taken(*[0.05] * 7000, *[2.0] * 3000)[0] == pytest.approx(0.05, rel=0.04)


def test_percentiles_are_never_too_long_and_at_most_three_percent_too_short() -> None:
    chance = random.Random(1)
    for _ in range(200):
        rounds = [int(10 ** chance.uniform(0.0, 11.0)) for _ in range(chance.randint(1, 2000))]
        times = LoopTimes()
        for duration_ns in rounds:
            times.add(duration_ns)
        p50_ms, p99_ms, max_ms = times.take()
        last = len(rounds) - 1
        rounds.sort()
        for shown_ms, true_ns in ((p50_ms, rounds[last // 2]), (p99_ms, rounds[last * 99 // 100])):
            assert -0.0006 <= true_ns / 1e6 - shown_ms <= 0.0006 + true_ns / 1e6 / 32
        assert max_ms == round(rounds[-1] / 1e6, 3)


def test_taking_resets_and_no_round_is_zero() -> None:
    times = LoopTimes()
    assert times.take() == (0.0, 0.0, 0.0)
    times.add(1 << 25)
    assert times.take() == (33.554, 33.554, 33.554)
    assert times.take() == (0.0, 0.0, 0.0)

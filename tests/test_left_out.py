"""What the rounds of a whole box leave out changes nothing: not what is sent, not what is read."""

from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.lives.left_out import difference
from tests.lives.scripts import Script, random_life, scripts

SHORT_S, LONG_S = 60.0, 120.0  # of virtual time
MANY = range(1000, 1200)
WORKERS = 2


@pytest.mark.parametrize("seed", range(6))
def test_a_random_life_is_the_same_with_looks_left_out(seed: int) -> None:
    assert of_random_life(seed, SHORT_S) is None


def of_random_life(seed: int, length_s: float) -> str | None:
    """Return the first difference in a life; the repeats are sent in two lives of four."""
    return difference(random_life(seed, length_s), repeats=seed // 2 % 2 == 0)


def of_long_life(seed: int) -> str | None:
    return of_random_life(seed, LONG_S)


def of_script(script: Script) -> str | None:
    return difference(script, repeats=True) or difference(script, repeats=False)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_two_hundred_random_lives_are_the_same_with_looks_left_out() -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(zip(MANY, pool.map(of_long_life, MANY), strict=True))
    assert {seed: told for seed, told in found.items() if told is not None} == {}


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_recorded_lives_are_the_same_with_looks_left_out() -> None:
    lives = scripts()
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(zip([life.name for life in lives], pool.map(of_script, lives), strict=True))
    assert {name: told for name, told in found.items() if told is not None} == {}

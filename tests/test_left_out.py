"""What the rounds of a whole box leave out changes nothing: not what is sent, not what is read."""

from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from bus.moment import Moment
from nodes.rfid.field import ReaderField, look
from tests.lives.left_out import difference, live
from tests.lives.scripts import Script, Step, random_life, scripts

SHORT_S, LONG_S = 60.0, 120.0  # of virtual time
MANY = range(1000, 1200)
WORKERS = 2


@pytest.mark.parametrize("seed", range(6))
def test_a_random_run_is_the_same_with_looks_left_out(seed: int) -> None:
    assert of_random_life(seed, SHORT_S) is None


STEPPED = {"pilot", "safety", "session", "meter", "load_manager", "rfid", "led"}


def test_each_machine_has_steps_that_may_be_left_out() -> None:
    """So that the check in every run covers all machines."""
    script = Script(name="still", settings=(), steps=(), length_s=10.0, absent=("plant",))
    assert live(script, repeats=False, leaves_out=False).spare.keys() == STEPPED


def test_a_time_that_the_rounds_do_not_know_of_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unnoted(sight: ReaderField, field: tuple[str, ...] | None, moment: Moment) -> Any:
        return look(sight, field, Moment(moment.now_s))

    monkeypatch.setattr("nodes.rfid.node.look", unnoted)
    held = Step(at_s=3.0, verb="card", words={"color": "red"})
    script = Script(name="card", settings=(), steps=(held,), length_s=8.0)
    with pytest.raises(AssertionError, match=r"has changed rfid\._field"):
        live(script, repeats=False, leaves_out=False)


def of_random_life(seed: int, length_s: float) -> str | None:
    """Return the first difference in a run; the repeats are sent in two runs of four."""
    return difference(random_life(seed, length_s), repeats=seed // 2 % 2 == 0)


def of_long_life(seed: int) -> str | None:
    return of_random_life(seed, LONG_S)


def of_script(script: Script) -> str | None:
    return difference(script, repeats=True) or difference(script, repeats=False)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_two_hundred_random_runs_are_the_same_with_looks_left_out() -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(zip(MANY, pool.map(of_long_life, MANY), strict=True))
    assert {seed: told for seed, told in found.items() if told is not None} == {}


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_recorded_runs_are_the_same_with_looks_left_out() -> None:
    lives = scripts()
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(zip([life.name for life in lives], pool.map(of_script, lives), strict=True))
    assert {name: told for name, told in found.items() if told is not None} == {}

"""What the rounds of a whole box leave out changes nothing: not what is sent, not what is read."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bus.moment import Moment
from nodes.rfid.field import ReaderField, look
from tests.runs.left_out import difference, observe
from tests.runs.scripts import Script, Step, random_run, scripts

LENGTH_S = 60.0  # of virtual time
MANY = (1, 3, 4, 5, *range(1000, 1196))
WORKERS = 2


@pytest.mark.parametrize("seed", [0, 2])  # with repeats, and without
def test_a_random_run_is_the_same_with_looks_left_out(seed: int) -> None:
    assert of_random_run(seed) is None


OWNERS = (
    "factory.solar.enabled=true",
    "factory.solar.grid_share_percent=60",
    "factory.unbalance.enabled=true",
    "factory.time_zone=UTC",
    "factory.schedule.enabled=true",
    'factory.schedule.hours=["mon-sun 00:00-00:01 8 A", "mon-sun 00:01-24:00"]',
)


def test_the_claims_of_the_owner_are_the_same_with_looks_left_out() -> None:
    script = random_run(1, 90.0)
    limited = Step(
        at_s=40.0,
        verb="ask",
        words={"node": "session", "method": "energy_limit", "arguments": {"energy_wh": 100.0}},
    )
    sunny = Step(at_s=1.0, verb="act", words={"method": "sun", "arguments": {"power_w": 6000.0}})
    steps = sorted([sunny, *script.steps, limited], key=lambda step: step.at_s)
    script = replace(script, settings=(*script.settings, *OWNERS), steps=tuple(steps))
    assert difference(script, repeats=True) is None


STEPPED = {"pilot", "safety", "session", "meter", "load_manager", "rfid", "led", "smart_home"}


def test_each_machine_has_steps_that_may_be_left_out() -> None:
    """So that the check in every run covers all machines."""
    script = Script(name="still", settings=(), steps=(), length_s=10.0, absent=("plant",))
    assert observe(script, repeats=False, leaves_out=False).spare.keys() == STEPPED


def test_a_time_that_the_rounds_do_not_know_of_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unnoted(reader: ReaderField, field: tuple[str, ...] | None, moment: Moment) -> Any:
        return look(reader, field, Moment(moment.now_s))

    monkeypatch.setattr("nodes.rfid.node.look", unnoted)
    presented = Step(at_s=3.0, verb="card", words={"color": "red"})
    script = Script(name="card", settings=(), steps=(presented,), length_s=8.0)
    with pytest.raises(AssertionError, match=r"has changed rfid\._field"):
        observe(script, repeats=False, leaves_out=False)


def of_random_run(seed: int) -> str | None:
    """Return the first difference in a run; the repeats are sent in two runs of four."""
    return difference(random_run(seed, LENGTH_S), repeats=seed // 2 % 2 == 0)


def of_script(script: Script) -> str | None:
    return difference(script, repeats=True) or difference(script, repeats=False)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_two_hundred_random_runs_are_the_same_with_looks_left_out() -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(zip(MANY, pool.map(of_random_run, MANY), strict=True))
    assert {seed: first for seed, first in found.items() if first is not None} == {}


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_recorded_runs_are_the_same_with_looks_left_out() -> None:
    recorded = scripts()
    with ProcessPoolExecutor(WORKERS) as pool:
        found = dict(
            zip([script.name for script in recorded], pool.map(of_script, recorded), strict=True)
        )
    assert {name: first for name, first in found.items() if first is not None} == {}

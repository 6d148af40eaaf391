"""A short soak breaks nothing, is repeated by its seed, and prints its result."""

import json

import pytest
from click.testing import CliRunner

from cli.main import main
from verifier.box import BoxRun, Violation
from verifier.report import SoakResult, replay, to_object, to_text
from verifier.soak import VISITS_A_BOX, soak

SEED = 42


def test_a_short_soak_breaks_nothing_and_is_repeated_by_its_seed() -> None:
    first, again = soak(3, SEED), soak(3, SEED)
    assert [run.violations for run in first.runs] == [()]
    assert first.visits == 3
    assert first.counts == again.counts
    assert first.virtual_s == again.virtual_s
    assert [run.stored for run in first.runs] == [run.stored for run in again.runs]
    assert soak(1, SEED + 1).virtual_s != soak(1, SEED).virtual_s


def run(seed: int, visits: int, *violations: Violation) -> BoxRun:
    return BoxRun(
        seed=seed,
        visits=visits,
        stored=visits,
        virtual_s=100.0 * visits,
        real_s=1.0,
        counts={"kills": 1, "charges": 2},
        violations=violations,
    )


BREACH = Violation(
    invariant="vehicle",
    detail="for 0.100 s; 0.06 s are allowed",
    seed=8,
    visit=3,
    at_s=12.5,
    timeline=("12.4 world: pulled",),
)


def test_a_soak_has_as_many_boxes_as_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[tuple[int, int]] = []

    def run_box(seed: int, visits: int) -> BoxRun:
        boxes.append((seed, visits))
        return run(seed, visits)

    monkeypatch.setattr("verifier.soak.run_box", run_box)
    assert soak(2 * VISITS_A_BOX + 5, 100).visits == 2 * VISITS_A_BOX + 5
    assert boxes == [(100, VISITS_A_BOX), (101, VISITS_A_BOX), (102, 5)]


def test_a_breach_is_printed_with_the_command_that_repeats_it() -> None:
    result = SoakResult(seed=7, runs=(run(7, 20), run(8, 20, BREACH)), real_s=2.0)
    text = "\n".join(to_text(result))
    assert "BROKEN: vehicle" in text
    assert "wallbox soak --sessions 3 --seed 8" in text
    assert "12.4 world: pulled" in text
    written = to_object(result)
    assert written["ok"] is False
    assert written["ratio"] == 2000.0
    assert written["counts"] == {"charges": 4, "kills": 2}
    assert written["violations"][0]["replay"] == replay(BREACH)


def test_the_verb_prints_one_object_and_fails_with_a_breach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("verifier.soak.run_box", lambda seed, visits: run(seed, visits))
    unbroken = CliRunner().invoke(main, ["soak", "--sessions", "5", "--seed", "8", "--json"])
    assert unbroken.exit_code == 0
    assert json.loads(unbroken.stdout)["ok"] is True
    monkeypatch.setattr("verifier.soak.run_box", lambda seed, visits: run(seed, visits, BREACH))
    broken = CliRunner().invoke(main, ["soak", "--sessions", "5", "--seed", "8", "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["violations"][0]["seed"] == 8

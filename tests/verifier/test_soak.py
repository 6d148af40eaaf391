"""A short soak holds, is the same for the same seed, and tells what it has seen."""

import json

import pytest
from click.testing import CliRunner

from cli.main import main
from verifier.box import Life, Violation
from verifier.report import Result, replay, to_object, to_words
from verifier.run import SESSIONS_A_BOX, soak

SEED = 42


def test_a_short_soak_holds_and_its_seed_is_its_life() -> None:
    first, again = soak(3, SEED), soak(3, SEED)
    assert [life.violations for life in first.lives] == [()]
    assert first.sessions == 3
    assert first.counts == again.counts
    assert first.virtual_s == again.virtual_s
    assert [life.stored for life in first.lives] == [life.stored for life in again.lives]
    assert soak(1, SEED + 1).virtual_s != soak(1, SEED).virtual_s


def life(seed: int, sessions: int, *violations: Violation) -> Life:
    return Life(
        seed=seed,
        sessions=sessions,
        stored=sessions,
        virtual_s=100.0 * sessions,
        real_s=1.0,
        counts={"kills": 1, "charges": 2},
        latched="",
        violations=violations,
    )


BREACH = Violation(
    invariant="vehicle",
    detail="for 0.100 s; 0.06 s are allowed",
    seed=8,
    session=3,
    at_s=12.5,
    timeline=("12.4 world: pulled",),
)


def test_a_life_that_ends_early_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    lived: list[tuple[int, int]] = []

    def live(seed: int, sessions: int) -> Life:
        lived.append((seed, sessions))
        return life(seed, min(sessions, 15))

    monkeypatch.setattr("verifier.run.live", live)
    result = soak(2 * SESSIONS_A_BOX + 5, 100)
    assert result.sessions >= 2 * SESSIONS_A_BOX + 5
    assert [seed for seed, _ in lived] == list(range(100, 100 + len(lived)))
    assert lived[:3] == [(100, SESSIONS_A_BOX), (101, SESSIONS_A_BOX), (102, 5)]


def test_a_breach_is_told_with_what_shows_it_again() -> None:
    result = Result(seed=7, lives=(life(7, 20), life(8, 20, BREACH)), real_s=2.0)
    told = "\n".join(to_words(result))
    assert "BROKEN: vehicle" in told
    assert "wallbox soak --sessions 3 --seed 8" in told
    assert "12.4 world: pulled" in told
    written = to_object(result)
    assert written["ok"] is False
    assert written["ratio"] == 2000.0
    assert written["counts"] == {"charges": 4, "kills": 2}
    assert written["violations"][0]["replay"] == replay(BREACH)


def test_the_verb_prints_one_object_and_fails_with_a_breach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("verifier.run.live", lambda seed, sessions: life(seed, sessions))
    held = CliRunner().invoke(main, ["soak", "--sessions", "5", "--seed", "8", "--json"])
    assert held.exit_code == 0
    assert json.loads(held.stdout)["ok"] is True
    monkeypatch.setattr("verifier.run.live", lambda seed, sessions: life(seed, sessions, BREACH))
    broken = CliRunner().invoke(main, ["soak", "--sessions", "5", "--seed", "8", "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["violations"][0]["seed"] == 8

"""`make pythons`: what counts as a failure, and that the README names what is tested."""

from pathlib import Path

import pytest

from tests.pythons.run import NAMED, Result, exit_code, try_version

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_readme_names_the_versions_that_are_tested() -> None:
    *first, last = NAMED
    assert f"Tested with Python {', '.join(first)} and {last}" in README.replace("\n", " ")


@pytest.mark.parametrize(
    ("version", "fails", "result", "code"),
    [
        ("3.12", "", Result.PASSED, 0),
        ("3.12", "interpreter", Result.NOT_INSTALLED, 0),
        ("3.12", "setup", Result.NO_SETUP, 1),
        ("3.12", "check", Result.NO_CHECK, 1),
        ("3.12", "fast", Result.NO_TESTS, 1),
        ("3.12", "check fast", Result.NEITHER, 1),
        # Not in the README: it may lack wheels, but if they are there it has to pass.
        ("3.14", "", Result.PASSED, 0),
        ("3.14", "setup", Result.NO_SETUP, 0),
        ("3.14", "fast", Result.NO_TESTS, 1),
    ],
)
def test_a_version_that_is_installed_has_to_pass(
    version: str, fails: str, result: Result, code: int
) -> None:
    made: list[str] = []

    def make(target: str, of: str) -> bool:
        assert of == version
        made.append(target)
        return target not in fails.split()

    outcome = try_version(version, make)
    assert outcome.result is result
    assert exit_code([outcome]) == code
    passed = try_version("3.11", lambda target, of: True)
    assert exit_code([outcome, passed]) == code
    if fails == "check":
        assert made == ["interpreter", "setup", "check", "fast"]


def test_a_line_says_version_result_and_time() -> None:
    passed = try_version("3.13", lambda target, of: True)
    assert str(passed) == "Python 3.13  passed, 0 min 00 s"
    missing = try_version("3.13", lambda target, of: False)
    assert str(missing) == "Python 3.13  not installed"

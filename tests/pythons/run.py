"""Run the checks and the fast tests on each version of Python: `make pythons`.

Each version has an environment of its own, which stays: `.venv-3.12`. What was printed is in
`.venv-3.12.log`. A version that is not installed is no failure, nor is one that the README does not
name if what we depend on cannot be installed there.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]

NAMED = ("3.11", "3.12", "3.13")  # in the README
ALSO = ("3.14",)

Make = Callable[[str, str], bool]
"""Makes a target with a version; returns whether it succeeded."""


class Result(StrEnum):
    PASSED = "passed"
    NOT_INSTALLED = "not installed"
    NO_SETUP = "its environment cannot be set up"
    NO_CHECK = "the checks failed"
    NO_TESTS = "the fast tests failed"
    NEITHER = "the checks and the fast tests failed"


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one version."""

    version: str
    result: Result
    took_s: float

    @property
    def is_failure(self) -> bool:
        if self.result is Result.NO_SETUP:
            return self.version in NAMED
        return self.result not in (Result.PASSED, Result.NOT_INSTALLED)

    def __str__(self) -> str:
        took = f"{self.took_s // 60:.0f} min {self.took_s % 60:02.0f} s"
        is_run = self.result is not Result.NOT_INSTALLED
        return f"Python {self.version:5} {self.result}" + (f", {took}" if is_run else "")


def try_version(version: str, make: Make) -> Outcome:
    """Set up the version's environment, then check and test in it."""
    began_s = time.monotonic()
    result = _result(version, make)
    return Outcome(version=version, result=result, took_s=time.monotonic() - began_s)


def _result(version: str, make: Make) -> Result:
    if not make("interpreter", version):
        return Result.NOT_INSTALLED
    if not make("setup", version):
        return Result.NO_SETUP
    match make("check", version), make("fast", version):
        case True, True:
            return Result.PASSED
        case True, False:
            return Result.NO_TESTS
        case False, True:
            return Result.NO_CHECK
        case _:
            return Result.NEITHER


def exit_code(outcomes: Sequence[Outcome]) -> int:
    return int(any(outcome.is_failure for outcome in outcomes))


def log_of(version: str) -> Path:
    return ROOT / f".venv-{version}.log"


def _make(target: str, version: str) -> bool:
    """Make a target, as somebody would who types it; what it prints goes into the log."""
    command = ("make", "-s", target, f"PYTHON=python{version}", f"VENV=.venv-{version}")
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    if target == "interpreter":
        found = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True)
        return bool(found.stdout.strip())
    with log_of(version).open("wb" if target == "setup" else "ab") as log:
        log.write(b"--- make %s\n" % target.encode())
        log.flush()
        made = subprocess.run(
            command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    return made.returncode == 0


def main() -> int:
    """Try all versions, one after the other, and print the result of each."""
    outcomes = []
    for version in (*NAMED, *ALSO):
        outcome = try_version(version, _make)
        outcomes.append(outcome)
        print(outcome, flush=True)
        if outcome.is_failure:
            print(f"    see {log_of(version).relative_to(ROOT)}", flush=True)
    return exit_code(outcomes)


if __name__ == "__main__":
    sys.exit(main())

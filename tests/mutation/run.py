"""Change the machines in small ways, and check that a test fails after each change.

Run `make mutants`; `python tests/mutation/run.py 'nodes.safety.reasons.*'` runs only the mutants of
these names, on the files of the run before. mutmut makes the changes and runs the tests;
pyproject.toml says what is changed and which tests run. A change after which no test fails needs a
test, or a reason in accepted.toml; a reason that matches no such change has to be removed.
"""

# ruff: noqa: E402 - the root has to come before this folder.

import fnmatch
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

import libcst
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import read_functions_from_index
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutation.survivors import Accepted, Mutation, entry_of, match, mutation_of

WORK = ROOT / "mutants"
# A mutant that hangs counts as noticed; mutmut calls a mutant that it had to kill "segfault".
NOTICED = {"killed", "timeout", "segfault"}


class Tried(Struct, frozen=True, kw_only=True):
    """One mutant and its result."""

    name: str  # of mutmut
    file: str
    function: str
    status: str
    took_s: float


class Reasons(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file accepted.toml."""

    accepted: tuple[Accepted, ...] = ()


def main(names: Sequence[str]) -> int:
    """Run, print what has to be done, and return the exit code."""
    os.chdir(ROOT)
    reasons = msgspec.toml.decode(
        (ROOT / "tests/mutation/accepted.toml").read_bytes(), type=Reasons
    ).accepted
    if not names:
        shutil.rmtree(WORK, ignore_errors=True)  # the results of older tests may be outdated
    started_s = time.monotonic()
    _run(names)
    tried = [mutant for mutant in _results() if _is_meant(mutant.name, names)]
    _print_table(tried)
    print(f"{len(tried)} mutants in {time.monotonic() - started_s:.0f} s\n")

    functions = {(mutant.file, mutant.function) for mutant in tried}
    matched = match(
        [_mutation(mutant) for mutant in tried if mutant.status not in NOTICED],
        [entry for entry in reasons if not names or (entry.file, entry.function) in functions],
    )
    if matched.unexplained:
        print(f"No test fails after these {len(matched.unexplained)}, and they have no reason:\n")
        print("\n\n".join(entry_of(mutation) for mutation in matched.unexplained), end="\n\n")
    if matched.stale:
        print(f"These {len(matched.stale)} reasons match no surviving mutant:\n")
        print("\n\n".join(entry_of(entry.mutation) for entry in matched.stale), end="\n\n")
    return 1 if matched.unexplained or matched.stale else 0


def _run(names: Sequence[str]) -> None:
    mutmut = Path(sys.executable).with_name("mutmut")
    if subprocess.run([mutmut, "run", *names], check=False).returncode != 0:
        raise SystemExit("mutmut has failed")


def _results() -> Iterator[Tried]:
    """Yield all mutants that mutmut knows, file by file."""
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        for name, exit_code in data.exit_code_by_key.items():
            function, of_class = orig_function_and_class_names_from_key(name)
            yield Tried(
                name=name,
                file=str(path),
                function=f"{of_class}.{function}" if of_class else function,
                status=status_by_exit_code[exit_code],
                took_s=data.durations_by_key.get(name, 0.0),
            )


def _is_meant(name: str, names: Sequence[str]) -> bool:
    return not names or any(fnmatch.fnmatch(name, pattern) for pattern in names)


def _mutation(mutant: Tried) -> Mutation:
    """Return the change of a mutant."""
    functions = read_functions_from_index(mutant.name, mutant.file)
    if functions is None:
        raise SystemExit(f"mutmut has no source of {mutant.name}")
    before, after = (libcst.Module([function]).code.strip("\n") for function in functions)
    return mutation_of(mutant.file, mutant.function, before, after)


def _print_table(tried: Sequence[Tried]) -> None:
    print(f"\n{'':32} mutants  noticed  survive  of the time")
    for file in sorted({mutant.file for mutant in tried}):
        here = [mutant for mutant in tried if mutant.file == file]
        noticed = sum(mutant.status in NOTICED for mutant in here)
        took_s = sum(mutant.took_s for mutant in here)
        print(f"{file:32} {len(here):7}  {noticed:7}  {len(here) - noticed:7}  {took_s:9.0f} s")
    print(", ".join(f"{status}: {n}" for status, n in Counter(m.status for m in tried).items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

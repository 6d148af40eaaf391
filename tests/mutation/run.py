"""Change the machines in every small way, and ask of each change that a test notices it.

Run `make mutants`; `python tests/mutation/run.py 'nodes.safety.why.*'` tries the mutants of these
names only, on what is left of the run before. mutmut makes the changes and runs the tests; what is
changed and which tests run stands in pyproject.toml. A change that no test notices needs a test,
or a reason in accepted.toml; a reason that excuses nothing any more has to go.
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

from tests.mutation.survivors import Accepted, Mutation, entry_of, judge, mutation_of

WORK = ROOT / "mutants"
# A mutant that hangs has been noticed; a segfault is how mutmut calls one that it had to kill.
NOTICED = {"killed", "timeout", "segfault"}


class Tried(Struct, frozen=True, kw_only=True):
    """One mutant and what became of it."""

    name: str  # as mutmut says it
    file: str
    function: str
    status: str
    took_s: float


class Reasons(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of what is accepted."""

    accepted: tuple[Accepted, ...] = ()


def main(names: Sequence[str]) -> int:
    """Run, print what has to be done, and return the exit code."""
    os.chdir(ROOT)
    reasons = msgspec.toml.decode(
        (ROOT / "tests/mutation/accepted.toml").read_bytes(), type=Reasons
    ).accepted
    if not names:
        shutil.rmtree(WORK, ignore_errors=True)  # verdicts of other tests may not stand
    started_s = time.monotonic()
    _run(names)
    tried = [mutant for mutant in _results() if _is_meant(mutant.name, names)]
    _print_table(tried)
    print(f"{len(tried)} mutants in {time.monotonic() - started_s:.0f} s\n")

    functions = {(mutant.file, mutant.function) for mutant in tried}
    verdict = judge(
        [_mutation(mutant) for mutant in tried if mutant.status not in NOTICED],
        [entry for entry in reasons if not names or (entry.file, entry.function) in functions],
    )
    if verdict.unexplained:
        print(f"No test notices these {len(verdict.unexplained)}, and no reason is written:\n")
        print("\n\n".join(entry_of(mutation) for mutation in verdict.unexplained), end="\n\n")
    if verdict.stale:
        print(f"These {len(verdict.stale)} reasons excuse nothing that survives:\n")
        print("\n\n".join(entry_of(entry.mutation) for entry in verdict.stale), end="\n\n")
    return 1 if verdict.unexplained or verdict.stale else 0


def _run(names: Sequence[str]) -> None:
    mutmut = Path(sys.executable).with_name("mutmut")
    if subprocess.run([mutmut, "run", *names], check=False).returncode != 0:
        raise SystemExit("mutmut has not come to its end")


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
    """Return what was changed."""
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

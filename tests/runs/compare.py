"""Compare the recorded runs of a commit with those of the working tree.

    make runs BASE=COMMIT          # or: python tests/runs/compare.py COMMIT [NAME...]

Both are recorded now, each by its own code, and compared message by message: topic, time within
20 ms, body. A difference that tests/runs/wanted.toml does not name is printed; then the exit code
is 1.
"""

# ruff: noqa: E402 - run as a file, it finds the packages beside its own folder.

import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    sys.path[0] = str(ROOT)

import msgspec

from tests.runs.differences import Difference, Wanted, differences
from tests.runs.record import read_run

FOLDERS = ("tests/runs", "tests/lives")  # the second: of commits before its new name
SHOWN = 3  # of one run, topic and path
MOST_CHARACTERS = 160  # of a value


def wanted_since(base: str) -> tuple[Wanted, ...]:
    """Return the wanted differences that the base does not have yet."""
    folder = next(each for each in FOLDERS if _git("ls-tree", "-d", base, each))
    known = _wanted(_git("show", f"{base}:{folder}/wanted.toml"))
    now = _wanted((ROOT / FOLDERS[0] / "wanted.toml").read_text())
    return tuple(each for each in now if each not in known)


def compare(base: str, names: list[str]) -> int:
    """Record and compare; print what is not wanted. Return how much that is."""
    wanted = wanted_since(base)
    used: Counter[Wanted] = Counter()
    found: list[Difference] = []
    with tempfile.TemporaryDirectory(prefix="wallbox-runs-") as folder:
        old, new, tree = Path(folder, "old"), Path(folder, "new"), ROOT.parent / f".runs-{base}"
        _git("worktree", "add", "--detach", "--force", str(tree), base)
        try:
            runs = [_record(tree, old, names), _record(ROOT, new, names)]
            codes = [run.wait() for run in runs]
            if any(codes):
                raise SystemExit("a recording failed")
        finally:
            _git("worktree", "remove", "--force", str(tree))
        count = 0
        for path in sorted(new.iterdir()):
            count += 1
            before = read_run(old / path.name) if (old / path.name).exists() else []
            run = path.name.removesuffix(".jsonl.gz")
            for difference in differences(run, before, read_run(path)):
                cause = next((each for each in wanted if each.covers(difference)), None)
                if cause is None:
                    found.append(difference)
                else:
                    used[cause] += 1
    _report(found)
    for each in wanted:
        print(f"wanted {used[each]:6d} x {each.run} {each.topic} {each.path}: {each.why}")
    print(f"{count} runs, {len(found)} differences that are not wanted")
    return len(found)


def _report(found: list[Difference]) -> None:
    seen: Counter[tuple[str, str, str]] = Counter()
    for each in found:
        key = (each.run, each.topic, each.path)
        seen[key] += 1
        if seen[key] <= SHOWN:
            print(f"{each.run} {each.at_s:.3f} s {each.topic} {each.path or '(message)'}")
            print(f"    before {str(each.before)[:MOST_CHARACTERS]}")
            print(f"    after  {str(each.after)[:MOST_CHARACTERS]}")
    for (run, topic, path), number in seen.items():
        if number > SHOWN:
            print(f"{run} {topic} {path or '(message)'}: {number} in all")


def _record(tree: Path, folder: Path, names: list[str]) -> "subprocess.Popen[bytes]":
    recorder = next(path for each in FOLDERS if (path := tree / each / "record.py").exists())
    return subprocess.Popen([sys.executable, str(recorder), str(folder), *names], cwd=tree)


def _wanted(text: str) -> tuple[Wanted, ...]:
    return msgspec.convert(tomllib.loads(text).get("wanted", []), tuple[Wanted, ...])


def _git(*words: str) -> str:
    run = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout


if __name__ == "__main__":
    sys.exit(min(compare(sys.argv[1], sys.argv[2:]), 1))

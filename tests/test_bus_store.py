"""Files survive any end of their writer, and name their errors."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.store import (
    MOST_SET_ASIDE,
    StoreError,
    read_file,
    replace_file,
    set_aside,
)
from tests.disk import NOWHERE

KILLS = 20


# --- files ------------------------------------------------------------------------------------


def test_what_was_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.json"
    assert read_file(path) is None
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert read_file(path) == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["note.json"]


def test_a_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    replace_file(path, b"x")
    assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}


def test_an_interrupted_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "note"
    replace_file(path, b"old")
    (tmp_path / "note.new").write_bytes(b"half of the ne")
    assert read_file(path) == b"old"
    replace_file(path, b"new")
    assert read_file(path) == b"new"


def test_the_file_before_gets_another_name_if_it_is_asked_for(tmp_path: Path) -> None:
    path, other = tmp_path / "note", tmp_path / "other"
    replace_file(path, b"one", other)
    assert not other.exists()
    for content, before in ((b"two", b"one"), (b"three", b"two")):
        replace_file(path, content, other)
        assert (read_file(path), read_file(other)) == (content, before)
    assert {entry.name for entry in tmp_path.iterdir()} == {"note", "other"}


def test_files_set_aside_are_limited_and_the_oldest_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "note"
    for number in range(5):
        path.write_text(str(number))
        os.utime(set_aside(path), ns=(number, number))
    kept = sorted(entry.read_text() for entry in tmp_path.iterdir())
    assert kept == ["2", "3", "4"]
    assert len(kept) == MOST_SET_ASIDE


@pytest.mark.parametrize(
    "act",
    [
        lambda path: replace_file(path, b"x"),
        lambda path: set_aside(path),
    ],
)
@pytest.mark.parametrize("directory", [NOWHERE, Path("/dev/null")])
def test_a_place_that_cannot_be_written_is_named_in_the_error(
    act: Callable[[Path], object], directory: Path
) -> None:
    with pytest.raises(StoreError, match=str(directory)):
        act(directory / "wallbox-note")


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=str(tmp_path)):
        read_file(tmp_path)


# --- power cuts -------------------------------------------------------------------------------

FILE_WRITER = """
import hashlib, sys
from pathlib import Path
from bus.store import replace_file
path, number = Path(sys.argv[1]), int(sys.argv[2])
while True:
    number += 1
    body = str(number).encode() * 20_000
    replace_file(path, hashlib.sha256(body).hexdigest().encode() + b" " + body)
    print(number, flush=True)
"""


def run_until_killed(script: str, arguments: list[str], chance: random.Random) -> int:
    """Let a writer write, kill it at a random instant, return the last number it vouched for."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    ) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(chance.randint(1, 30))]
        for _ in range(chance.randint(0, 20_000)):  # so that the kill falls anywhere in a write
            pass
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    return max(int(line) for line in lines if line.endswith(b"\n"))


def test_a_kill_at_any_instant_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "content"
    chance = random.Random(1)
    number = 0
    for _ in range(KILLS):
        vouched = run_until_killed(FILE_WRITER, [str(path), str(number)], chance)
        content = read_file(path)
        assert content is not None
        checksum, body = content.split(b" ")
        assert hashlib.sha256(body).hexdigest().encode() == checksum
        number = int(body[: len(body) // 20_000])
        assert number in (vouched, vouched + 1)

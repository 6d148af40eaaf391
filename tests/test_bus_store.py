"""Files and databases survive any end of their writer, and name their errors."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.database import open_database
from bus.store import (
    MOST_SET_ASIDE,
    StoreError,
    read_file,
    replace_file,
    set_aside,
)

KILLS = 20
TABLE = "CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT NOT NULL)"
NOWHERE = Path("/proc/self")  # a directory in which not even root can make a file


def no_words(text: str) -> None:
    pytest.fail(f"unexpected: {text}")


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
    open_database(tmp_path / "notes.sqlite", [TABLE], no_words).close()
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
        lambda path: open_database(path, [TABLE], no_words),
        lambda path: set_aside(path),
    ],
)
@pytest.mark.parametrize("directory", [NOWHERE, Path("/dev/null")])
def test_a_place_that_cannot_be_written_is_named_in_words(
    act: Callable[[Path], object], directory: Path
) -> None:
    with pytest.raises(StoreError, match=str(directory)):
        act(directory / "wallbox-note")


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=str(tmp_path)):
        read_file(tmp_path)


# --- databases --------------------------------------------------------------------------------


def fill(path: Path, rows: int = 500) -> None:
    database = open_database(path, [TABLE], no_words)
    database.execute("BEGIN")
    database.executemany("INSERT INTO notes (text) VALUES (?)", [("x" * 100,)] * rows)
    database.execute("COMMIT")
    database.close()


def test_a_database_commits_to_the_disk_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "notes.sqlite"
    fill(path)
    database = open_database(path, [TABLE], no_words)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert database.execute("SELECT count(*) FROM notes").fetchone() == (500,)
    database.close()


def test_an_old_database_is_migrated_and_a_newer_one_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    fill(path, rows=1)
    second = "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'"
    newer = open_database(path, [TABLE, second], no_words)
    assert newer.execute("SELECT colour FROM notes").fetchone() == ("blue",)
    newer.close()
    older = open_database(path, [TABLE], no_words)
    older.execute("INSERT INTO notes (text) VALUES ('y')")
    assert older.execute("SELECT count(*) FROM notes").fetchone() == (2,)
    assert older.execute("PRAGMA user_version").fetchone() == (2,)
    older.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    fill(path, rows=1)
    with pytest.raises(StoreError, match=r"notes\.sqlite"):
        open_database(path, [TABLE, "CREATE TABLE more (a); CREATE TABLE notes (b)"], no_words)
    database = open_database(path, [TABLE], no_words)
    assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    database.close()


def overwrite_middle(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(2, 12):
            file.seek(page * 4096)
            file.write(b"\xa5" * 512)


@pytest.mark.parametrize(
    "damage",
    [
        overwrite_middle,
        lambda path: path.write_bytes(b"this was never a database" * 1000),
        lambda path: os.truncate(path, 4096 * 3 + 17),
    ],
    ids=["pages", "header", "cut off"],
)
def test_a_damaged_database_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "notes.sqlite"
    fill(path)
    damage(path)
    broken = path.read_bytes()
    words: list[str] = []
    database = open_database(path, [TABLE], words.append)
    assert database.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    database.close()
    assert (tmp_path / "notes.sqlite.broken-1").read_bytes() == broken
    assert len(words) == 1
    assert str(path) in words[0]
    assert "notes.sqlite.broken-1" in words[0]


def test_the_log_of_a_damaged_database_does_not_reach_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    fill(path)
    living = sqlite3.connect(path)
    living.execute("INSERT INTO notes (text) VALUES ('only in the log')")
    living.commit()
    log = (tmp_path / "notes.sqlite-wal").read_bytes()
    assert log
    living.close()
    path.write_bytes(b"this was never a database" * 1000)
    (tmp_path / "notes.sqlite-wal").write_bytes(log)
    words: list[str] = []
    database = open_database(path, [TABLE], words.append)
    assert database.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    database.close()
    assert [entry.name for entry in tmp_path.iterdir() if "wal" in entry.name] == []
    assert len(words) == 1


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

DATABASE_WRITER = """
import sys
from pathlib import Path
from bus.database import open_database
database = open_database(Path(sys.argv[1]), [sys.argv[3]], sys.exit)
number = int(sys.argv[2])
while True:
    number += 1
    database.execute("BEGIN")
    database.execute("INSERT INTO notes VALUES (?, 'first')", (2 * number,))
    database.execute("INSERT INTO notes VALUES (?, 'second')", (2 * number + 1,))
    database.execute("COMMIT")
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


def test_a_kill_at_any_instant_loses_no_committed_row_and_halves_no_transaction(
    tmp_path: Path,
) -> None:
    path = tmp_path / "notes.sqlite"
    chance = random.Random(2)
    number = 0
    for _ in range(KILLS):
        vouched = run_until_killed(DATABASE_WRITER, [str(path), str(number), TABLE], chance)
        database = open_database(path, [TABLE], no_words)
        numbers = [row[0] for row in database.execute("SELECT number FROM notes ORDER BY number")]
        database.close()
        number = numbers[-1] // 2
        assert numbers == list(range(2, 2 * number + 2))
        assert number in (vouched, vouched + 1)

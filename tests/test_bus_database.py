"""Databases survive any end of their writer, damage and foreign files, and name their errors."""

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.database import open_database as open_of_bus
from bus.store import StoreError, remove
from tests.disk import NOWHERE
from tests.test_bus_store import KILLS, run_until_killed

TABLE = "CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT NOT NULL)"


def no_words(text: str) -> None:
    pytest.fail(f"unexpected: {text}")


def open_database(
    path: Path, migrations: list[str], warn: Callable[[str], None]
) -> sqlite3.Connection:
    return open_of_bus(path, migrations, warn, table="notes")


def notes(path: Path, warn: Callable[[str], None] = no_words) -> list[str]:
    """Return what the database has, as its owner opens it."""
    database = open_database(path, [TABLE], warn)
    rows = [row[0] for row in database.execute("SELECT text FROM notes ORDER BY number")]
    database.close()
    return rows


def note(path: Path, *texts: str) -> None:
    database = open_database(path, [TABLE], no_words)
    database.executemany("INSERT INTO notes (text) VALUES (?)", [(text,) for text in texts])
    database.close()


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
    assert not (tmp_path / "notes.sqlite-wal.broken-1").exists()
    assert len(words) == 1
    assert str(path) in words[0]
    assert "notes.sqlite.broken-1" in words[0]


def left_log(path: Path, *texts: str) -> bytes:
    """Write notes and end as a killed process does: what was written is in the log alone."""
    note(path, *texts)
    living = sqlite3.connect(path, isolation_level=None)
    living.execute("PRAGMA wal_autocheckpoint = 0")
    living.execute("INSERT INTO notes (text) VALUES ('in the log')")
    content, log = path.read_bytes(), path.with_name(path.name + "-wal").read_bytes()
    living.close()
    path.write_bytes(content)
    path.with_name(path.name + "-wal").write_bytes(log)
    return log


def test_what_a_killed_process_has_left_in_the_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    assert left_log(path, "one")
    assert notes(path) == ["one", "in the log"]
    assert notes(path) == ["one", "in the log"]


def test_a_damaged_database_and_its_log_are_set_aside_as_they_were_found(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    log = left_log(path, "one")
    path.write_bytes(b"this was never a database" * 1000)
    words: list[str] = []
    assert notes(path, words.append) == []
    assert (tmp_path / "notes.sqlite.broken-1").read_bytes().startswith(b"this was never")
    assert (tmp_path / "notes.sqlite-wal.broken-1").read_bytes() == log
    assert len(words) == 1
    assert "notes.sqlite.broken-1 and notes.sqlite-wal.broken-1" in words[0]
    assert notes(path) == []


def test_the_log_of_another_database_changes_nothing_and_all_is_kept(tmp_path: Path) -> None:
    path, other = tmp_path / "notes.sqlite", tmp_path / "other" / "notes.sqlite"
    note(path, "own")
    content = path.read_bytes()
    other.parent.mkdir()
    open_database(other, [TABLE], no_words).close()
    living = sqlite3.connect(other, isolation_level=None)
    living.execute("PRAGMA wal_autocheckpoint = 0")
    living.execute("INSERT INTO notes (text) VALUES ('theirs')")
    living.execute("PRAGMA user_version = 1")  # the first page as well
    log = (tmp_path / "other" / "notes.sqlite-wal").read_bytes()
    (tmp_path / "notes.sqlite-wal").write_bytes(log)
    living.close()
    words: list[str] = []
    assert notes(path, words.append) == []
    assert len(words) == 1
    assert "another database" in words[0]
    assert (tmp_path / "notes.sqlite.broken-1").read_bytes() == content
    assert (tmp_path / "notes.sqlite-wal.broken-1").read_bytes() == log
    assert notes(path) == []


@pytest.mark.parametrize("table", ["notes", "others"])
def test_another_database_in_its_place_is_set_aside(tmp_path: Path, table: str) -> None:
    path = tmp_path / "notes.sqlite"
    note(path, "own")
    path.unlink()
    foreign = sqlite3.connect(path)
    foreign.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    foreign.execute("PRAGMA user_version = 1")
    foreign.commit()
    foreign.close()
    words: list[str] = []
    assert notes(path, words.append) == []
    assert len(words) == 1
    assert "has the content of another database; it is kept as notes.sqlite.broken-1" in words[0]


def test_a_database_of_before_it_had_a_number_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    note(path, "own")
    old = sqlite3.connect(path)
    old.execute("PRAGMA application_id = 0")
    old.close()
    (tmp_path / "notes.sqlite.begun").unlink()
    assert notes(path) == ["own"]
    assert int((tmp_path / "notes.sqlite.begun").read_text()) > 0


@pytest.mark.parametrize("content", [None, b"", b"x", b"\0" * 10])
def test_a_damaged_mark_costs_no_note(tmp_path: Path, content: bytes | None) -> None:
    path, mark = tmp_path / "notes.sqlite", tmp_path / "notes.sqlite.begun"
    note(path, "own")
    before = mark.read_bytes()
    remove(mark)
    if content is not None:
        mark.write_bytes(content)
    assert notes(path) == ["own"]
    assert mark.read_bytes() == before


def test_an_empty_database_is_reported_once_it_had_content(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    path.touch()
    assert notes(path) == []  # a power cut in the first start
    note(path, "own")
    for why in ("is missing", "is empty"):
        path.unlink()
        if why == "is empty":
            path.touch()
        words: list[str] = []
        assert notes(path, words.append) == []
        assert words == [f"{path} {why}; a new one is begun"]


def test_the_log_of_a_database_that_is_gone_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    log = left_log(path, "one")
    os.truncate(path, 0)
    words: list[str] = []
    assert notes(path, words.append) == []
    assert (tmp_path / "notes.sqlite-wal.broken-1").read_bytes() == log
    assert len(words) == 1


@pytest.mark.parametrize("name", ["notes.sqlite", "notes.sqlite-wal", "notes.sqlite-shm"])
def test_a_directory_in_place_of_a_database_or_beside_it_is_set_aside(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "notes.sqlite"
    note(path, "own")
    remove(tmp_path / name)
    (tmp_path / name).mkdir()
    (tmp_path / name / "note").write_text("x")
    words: list[str] = []
    rows = notes(path, words.append)
    assert rows == (["own"] if name.endswith("-shm") else [])
    assert (tmp_path / f"{name}.broken-1" / "note").exists()
    assert len(words) == 1


def test_a_database_without_a_directory_is_named_in_the_error() -> None:
    for directory in (NOWHERE, Path("/dev/null")):
        with pytest.raises(StoreError, match=str(directory)):
            open_database(directory / "notes.sqlite", [TABLE], no_words)


def test_a_database_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    note(tmp_path / "notes.sqlite", "own")
    assert {entry.stat().st_mode & 0o777 for entry in tmp_path.iterdir()} == {0o600}


# --- power cuts -------------------------------------------------------------------------------

DATABASE_WRITER = """
import sys
from pathlib import Path
from bus.database import open_database
database = open_database(Path(sys.argv[1]), [sys.argv[3]], sys.exit, table="notes")
number = int(sys.argv[2])
while True:
    number += 1
    database.execute("BEGIN")
    database.execute("INSERT INTO notes VALUES (?, 'first')", (2 * number,))
    database.execute("INSERT INTO notes VALUES (?, 'second')", (2 * number + 1,))
    database.execute("COMMIT")
    print(number, flush=True)
"""


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

"""Why something is not stored, for a person: what the disk does, without a path or a number."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bus.database import open_database
from bus.disk import Refusal, refuse
from bus.slots import Slots
from bus.store import StoreError, read_file, replace_file, set_aside
from bus.write_behind import WriteResult, write_result

PATH = "/var/lib/wallbox/sessions.sqlite"
ANY = "the disk of the box does not work"


def of(cause: Exception | None, text: str = f"{PATH}: it does not work") -> StoreError:
    """Return the error of a store with its cause, as `raise ... from` makes it."""
    error = StoreError(text)
    error.__cause__ = cause
    return error


def is_plain(words: str) -> bool:
    """Return whether a text has neither a path, nor a number, nor the system's own words."""
    systems = {os.strerror(number) for number in errno.errorcode}
    return not any(
        each in words for each in ("/", "Errno", "sqlite", "\\", "[", "'", *systems)
    ) and not any(each.isdigit() for each in words)


@pytest.mark.parametrize("number", sorted(errno.errorcode), ids=errno.errorcode.get)
def test_each_error_of_the_system_is_said_without_its_inside(number: int) -> None:
    error = of(OSError(number, os.strerror(number), PATH))
    assert is_plain(error.plain), error.plain
    assert error.plain.startswith(("the disk of the box ", "the box ", "a stored file "))
    assert of(error).plain == error.plain  # a store that stands on another one


@pytest.mark.parametrize(
    "name", sorted(each for each in dir(sqlite3) if each.startswith("SQLITE_IOERR"))
)
def test_each_error_of_reading_or_writing_a_database_is_one_of_the_disk(name: str) -> None:
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorcode = getattr(sqlite3, name)
    assert of(cause).plain == of(OSError(errno.EIO, "")).plain


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk of the box is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk of the box is full"),
        (OSError(errno.EROFS, "Read-only file system"), "the disk of the box is read-only"),
        (OSError(errno.EACCES, "Permission denied"), "the disk of the box is read-only"),
        (OSError(errno.EMFILE, "Too many open files"), "the box has too much to do"),
        (OSError(errno.EIO, "Input/output error"), ANY),
        (OSError("without a number"), ANY),
        (ValueError("of a library"), ANY),
        (None, "a stored file is damaged or missing"),
    ],
)
def test_a_cause_has_its_words(cause: Exception | None, words: str) -> None:
    assert of(cause).plain == words


def test_a_database_that_refuses_has_the_words_of_its_disk(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE a (b TEXT)")
        database.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.Error) as full:
            database.execute("INSERT INTO a VALUES (?)", ["x" * 100_000])
        database.execute("PRAGMA query_only = 1")
        with pytest.raises(sqlite3.Error) as read_only:
            database.execute("INSERT INTO a VALUES ('x')")
    assert of(full.value).plain == "the disk of the box is full"
    assert of(read_only.value).plain == "the disk of the box is read-only"
    path.write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(path)) as database, pytest.raises(sqlite3.Error) as damaged:
        database.execute("SELECT * FROM a")
    assert of(damaged.value).plain == "a stored file is damaged or missing"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal.ALL, "the disk of the box is read-only"),
        (Refusal.NEW_BLOCKS, "the disk of the box is full"),
    ],
)
def test_every_store_says_why_its_disk_refuses(
    tmp_path: Path, refusal: Refusal, words: str
) -> None:
    refuse(tmp_path, refusal)
    try:
        for work in (
            lambda: replace_file(tmp_path / "file", b""),
            lambda: Slots(tmp_path / "slots").write(b""),
            lambda: open_database(tmp_path / "new.sqlite", (), print, table="a"),
        ):
            with pytest.raises(StoreError) as caught:
                work()
            assert caught.value.plain == words
            assert str(tmp_path) in str(caught.value)  # for the log
    finally:
        refuse(tmp_path, None)


def test_what_cannot_be_read_or_set_aside_has_its_words(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    for work in (
        lambda: read_file(tmp_path / "directory"),
        lambda: set_aside(tmp_path / "nothing"),
    ):
        with pytest.raises(StoreError) as caught:
            work()
        assert caught.value.plain == "a stored file is damaged or missing"


def test_a_result_has_the_words_for_a_person_and_the_error_for_the_log() -> None:
    error = of(OSError(errno.ENOSPC, "No space left on device"), f"{PATH} cannot be written: full")
    assert write_result(error) == WriteResult(
        problem="the disk of the box is full", detail=f"{PATH} cannot be written: full"
    )

"""Every session is in the store once, the newest ones are kept, and a broken one is reported."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bus.database import open_database
from bus.store import StoreError
from msgs.session import EndReason, SessionRecord
from nodes.session.entry import Entry
from nodes.session.records import COLUMNS, MIGRATIONS, SessionStore
from tests.builders import session_record
from tests.disk import NOWHERE

RECORD = session_record(session_id="a", start_energy_wh=1000.5, token="04a1b2c3")


def entry(number: int, seated: bool = True, **changes: object) -> Entry:
    record = msgspec.structs.replace(RECORD, session_id=f"id-{number}", **changes)
    return Entry(record=record, seated=seated, seen_utc_ns=number, run=7)


def no_words(text: str) -> None:
    pytest.fail(f"unexpected: {text}")


def test_what_is_saved_is_found_again_by_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    store = SessionStore(path, no_words)
    assert store.newest() is None
    assert store.records(20) == ()
    store.save(entry(1))
    store.close()
    store = SessionStore(path, no_words)
    assert store.newest() == entry(1)
    ended = entry(1, seated=False, ended_utc_ns=20, energy_wh=7.25, end_reason=EndReason.UNPLUGGED)
    store.save(ended)
    assert store.newest() == ended
    assert store.records(20) == (ended.record,)
    store.close()


def test_each_field_of_an_entry_has_one_column() -> None:
    fields = [*SessionRecord.__struct_fields__, *Entry.__struct_fields__]
    fields.remove("record")
    assert sorted(each.field for each in COLUMNS) == sorted(fields)


def test_the_columns_are_those_of_the_boxes_in_the_field(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    store = SessionStore(path, no_words)
    assert store.newest() is None
    store.close()
    database = open_database(path, MIGRATIONS, no_words, table="sessions")
    found = database.execute("PRAGMA table_info(sessions)").fetchall()
    database.close()
    assert [tuple(row[1:]) for row in found] == [
        ("number", "INTEGER", 0, None, 1),
        ("session_id", "TEXT", 1, None, 0),
        ("started_utc_ns", "INTEGER", 1, None, 0),
        ("ended_utc_ns", "INTEGER", 1, None, 0),
        ("start_energy_wh", "REAL", 1, None, 0),
        ("energy_wh", "REAL", 1, None, 0),
        ("end_reason", "TEXT", 1, None, 0),
        ("token", "TEXT", 1, None, 0),
        ("seated", "INTEGER", 1, None, 0),
        ("seen_utc_ns", "INTEGER", 1, None, 0),
        ("life", "INTEGER", 1, "0", 0),
        ("plugged_since_utc_ns", "INTEGER", 1, "0", 0),
        ("lapses_utc_ns", "INTEGER", 1, "0", 0),
        ("duration_s", "REAL", 0, "NULL", 0),
        ("is_start_utc_set", "INTEGER", 1, "0", 0),
        ("is_end_utc_set", "INTEGER", 1, "0", 0),
        ("seen_ns", "INTEGER", 1, "0", 0),
        ("seen_boot", "TEXT", 1, "''", 0),
        ("is_seen_utc_set", "INTEGER", 1, "0", 0),
        ("seen_duration_s", "REAL", 0, "NULL", 0),
        ("lapses_ns", "INTEGER", 1, "0", 0),
    ]


def test_records_come_newest_first_in_pages(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions.sqlite", no_words)
    for number in range(10):
        store.save(entry(number, started_utc_ns=100 - number))  # UTC may jump
    assert [record.session_id for record in store.records(3)] == ["id-9", "id-8", "id-7"]
    assert [record.session_id for record in store.records(2, "id-7")] == ["id-6", "id-5"]
    assert store.records(5, "never heard of") == ()
    store.close()


def test_the_store_has_a_cap_and_the_oldest_makes_room(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "sessions.sqlite", no_words, most=5)
    for number in range(12):
        store.save(entry(number))
        store.save(entry(number, seated=False))
    assert [record.session_id for record in store.records(100)] == [
        f"id-{number}" for number in range(11, 6, -1)
    ]
    store.close()


def test_an_end_reason_of_a_newer_version_does_not_keep_the_node_from_starting(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sessions.sqlite"
    store = SessionStore(path, no_words)
    store.save(entry(1, ended_utc_ns=5, end_reason=EndReason.FAULT))
    store.close()
    database = open_database(path, MIGRATIONS, no_words, table="sessions")
    database.execute("UPDATE sessions SET end_reason = 'abducted'")
    database.close()
    store = SessionStore(path, no_words)
    newest = store.newest()
    assert newest is not None
    assert newest.record.end_reason is EndReason.STOPPED
    store.close()


def test_a_store_of_a_version_without_runs_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    database = open_database(path, MIGRATIONS[:1], no_words, table="sessions")
    database.execute("INSERT INTO sessions VALUES (1, 'a', 10, 0, 5.0, 2.0, '', '', 1, 11)")
    database.close()
    store = SessionStore(path, no_words)
    newest = store.newest()
    assert newest is not None
    assert (newest.run, newest.record.energy_wh) == (0, 2.0)
    store.close()


@pytest.mark.req("RFID-4")
def test_a_session_of_a_version_without_deadlines_counts_as_started(tmp_path: Path) -> None:
    path = tmp_path / "sessions.sqlite"
    database = open_database(path, MIGRATIONS[:3], no_words, table="sessions")
    database.execute(
        "INSERT INTO sessions VALUES (1, 'a', 10, 0, 5.0, 2.0, '', '04A1', 1, 11, 7, 0)"
    )
    database.close()
    store = SessionStore(path, no_words)
    newest = store.newest()
    assert newest is not None
    assert (newest.record.token, newest.lapses_utc_ns) == ("04A1", 0)
    store.save(replace(newest, lapses_utc_ns=99))
    assert store.newest() == replace(newest, lapses_utc_ns=99)
    store.close()


def test_a_store_that_fails_says_which_and_why() -> None:
    path = NOWHERE / "sessions.sqlite"
    store = SessionStore(path, no_words)
    for act in (lambda: store.save(entry(1)), store.newest, store.prove, lambda: store.records(1)):
        with pytest.raises(StoreError, match=str(path)):
            act()

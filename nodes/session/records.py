"""The session store: each session once, the newest ten thousand. Blocks on the disk."""

import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import asdict

from bus.database import open_database
from bus.store import StoreError, Warn
from msgs.session import EndReason, SessionRecord
from nodes.session.entry import Entry

MOST_SESSIONS = 10_000  # assumed: ten years of three a day, about 2 MB


class Column(NamedTuple):
    """One column: a field of the record or of the entry."""

    field: str
    kind: str
    name: str = ""  # in the database, if it differs from the field


COLUMNS = (
    Column("session_id", "TEXT NOT NULL UNIQUE"),
    Column("started_utc_ns", "INTEGER NOT NULL"),
    Column("ended_utc_ns", "INTEGER NOT NULL"),
    Column("start_energy_wh", "REAL NOT NULL"),
    Column("energy_wh", "REAL NOT NULL"),
    Column("end_reason", "TEXT NOT NULL"),  # "": none
    Column("token", "TEXT NOT NULL"),
    Column("seated", "INTEGER NOT NULL"),
    Column("seen_utc_ns", "INTEGER NOT NULL"),
    # Migrations only add columns, so that an older program can still read the file: the name stays.
    Column("run", "INTEGER NOT NULL DEFAULT 0", name="life"),
    Column("plugged_since_utc_ns", "INTEGER NOT NULL DEFAULT 0"),
    Column("lapses_utc_ns", "INTEGER NOT NULL DEFAULT 0"),
)
"""The columns of a session, in their order. A new one is the last, with a default."""

CREATED = 9  # columns of the first version; each later one has its own migration

_NAMES = tuple(each.name or each.field for each in COLUMNS)
_FIELDS = ", ".join(_NAMES)
_DECLARED = tuple(f"{name} {each.kind}" for name, each in zip(_NAMES, COLUMNS, strict=True))

MIGRATIONS = (
    f"CREATE TABLE sessions (number INTEGER PRIMARY KEY, {', '.join(_DECLARED[:CREATED])})",
    *(f"ALTER TABLE sessions ADD COLUMN {text}" for text in _DECLARED[CREATED:]),
)
_SAVE = f"""
    INSERT INTO sessions ({_FIELDS}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (session_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}
"""


class SessionStore:
    """The records of all sessions. One thread at a time."""

    def __init__(self, path: Path, warn: Warn, most: int = MOST_SESSIONS) -> None:
        """Open the store, or create it.

        :raises StoreError: it can neither be opened nor created.
        """
        self._path = path
        self._most = most
        self._database = open_database(path, MIGRATIONS, warn)

    def newest(self) -> Entry | None:
        """Return the entry of the newest session; None if there is none.

        :raises StoreError: it cannot be read.
        """
        rows = self._select("ORDER BY number DESC LIMIT 1", ())
        return rows[0] if rows else None

    def save(self, entry: Entry) -> None:
        """Replace its session's entry; on return it is on the disk.

        :raises StoreError: it is not stored.
        """
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute(_SAVE, _row(entry))
                self._database.execute(
                    "DELETE FROM sessions WHERE number <= (SELECT max(number) FROM sessions) - ?",
                    (self._most,),
                )
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def records(self, limit: int, before: str = "") -> tuple[SessionRecord, ...]:
        """Return the newest records first, of all sessions or of those before one of them.

        :raises StoreError: they cannot be read.
        """
        if before:
            entries = self._select(
                "WHERE number < (SELECT number FROM sessions WHERE session_id = ?) "
                "ORDER BY number DESC LIMIT ?",
                (before, limit),
            )
        else:
            entries = self._select("ORDER BY number DESC LIMIT ?", (limit,))
        return tuple(entry.record for entry in entries)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _select(self, clause: str, values: tuple[object, ...]) -> list[Entry]:
        try:
            rows = self._database.execute(f"SELECT {_FIELDS} FROM sessions {clause}", values)
            return [_entry(row) for row in rows]
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error


def _row(entry: Entry) -> tuple[object, ...]:
    values = asdict(entry.record) | asdict(entry)
    values["end_reason"] = entry.record.end_reason or ""
    return tuple(values[each.field] for each in COLUMNS)


def _entry(row: tuple[Any, ...]) -> Entry:
    values = {each.field: value for each, value in zip(COLUMNS, row, strict=True)}
    values["end_reason"] = _reason(values["end_reason"])
    values["seated"] = bool(values["seated"])
    record = SessionRecord(**{each: values.pop(each) for each in SessionRecord.__struct_fields__})
    return Entry(record=record, **values)


def _reason(word: str) -> EndReason | None:
    if not word:
        return None
    try:
        return EndReason(word)
    except ValueError:  # written by a newer version, before a downgrade
        return EndReason.STOPPED

"""The session store: each session once, the newest ten thousand. Blocks on the disk."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict

from bus.database import open_database
from bus.disk import check_write
from bus.store import UNREADABLE, StoreError, Warn
from msgs.session import EndReason, SessionRecord
from nodes.session.entry import Entry

MOST_CHECKED = 100  # of the newest sessions, when the store is opened
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
    Column("duration_s", "REAL DEFAULT NULL"),  # NULL: it runs, or is of an older version
    Column("is_start_utc_set", "INTEGER NOT NULL DEFAULT 0"),
    Column("is_end_utc_set", "INTEGER NOT NULL DEFAULT 0"),
    Column("seen_ns", "INTEGER NOT NULL DEFAULT 0"),
    Column("seen_boot", "TEXT NOT NULL DEFAULT ''"),
    Column("is_seen_utc_set", "INTEGER NOT NULL DEFAULT 0"),
    Column("seen_duration_s", "REAL DEFAULT NULL"),
    Column("lapses_ns", "INTEGER NOT NULL DEFAULT 0"),
)
"""The columns of a session, in their order. A new one is the last, with a default."""

FLAGS = ("seated", "is_start_utc_set", "is_end_utc_set", "is_seen_utc_set")  # 0 or 1

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


# Of sessions that the node does not know: the store could not be opened when it started.
_END = """
    UPDATE sessions SET ended_utc_ns = max(seen_utc_ns, started_utc_ns), seated = 0,
        is_end_utc_set = is_seen_utc_set, duration_s = seen_duration_s,
        end_reason = CASE end_reason WHEN '' THEN 'power_loss' ELSE end_reason END
    WHERE ended_utc_ns = 0
"""


class SessionStore:
    """The records of all sessions, opened or created by the first use. One thread at a time.

    A node begins with `newest`. If that fails, it knows no session that runs: a store that is
    opened later has none that runs.
    """

    def __init__(self, path: Path, warn: Warn, most: int = MOST_SESSIONS) -> None:
        self._path = path
        self._warn = warn
        self._most = most
        self._connection: sqlite3.Connection | None = None

    def newest(self) -> Entry | None:
        """Return the entry of the newest session; None if there is none.

        :raises StoreError: it cannot be read.
        """
        self._database(is_start=True)
        rows = self._select("ORDER BY number DESC LIMIT 1", ())
        return rows[0] if rows else None

    def save(self, entry: Entry) -> None:
        """Replace its session's entry; on return it is on the disk.

        :raises StoreError: it is not stored.
        """
        database = self._database()
        try:
            check_write(self._path)
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.execute(_SAVE, _row(entry))
                database.execute(
                    "DELETE FROM sessions WHERE number <= (SELECT max(number) FROM sessions) - ?",
                    (self._most,),
                )
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: {error}") from error
        self._empty_log()

    def prove(self) -> None:
        """Write to the disk without a change, to find out whether it takes a session.

        :raises StoreError: it does not.
        """
        database = self._database()
        try:
            check_write(self._path)
            version = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute(f"PRAGMA user_version = {version}")  # writes, also the same number
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: {error}") from error
        self._empty_log()

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
        """Close the database, if it is open."""
        if self._connection is not None:
            self._connection.close()

    def _database(self, *, is_start: bool = False) -> sqlite3.Connection:
        """Return the database; open it if it could not be opened before.

        :raises StoreError: it can neither be opened nor created.
        """
        if self._connection is not None:
            return self._connection
        database = open_database(self._path, MIGRATIONS, self._warn, table="sessions", check=_check)
        try:
            if not is_start:
                database.execute(_END)
        except sqlite3.Error as error:
            database.close()
            raise StoreError(f"{self._path}: {error}") from error
        self._connection = database
        return database

    def _empty_log(self) -> None:
        """Move what is in the log to the database: nothing is then in the log alone.

        Half a log would be taken for one of a power cut, and its last sessions for not written.
        """
        with suppress(sqlite3.Error):  # it is on the disk
            self._database().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _select(self, clause: str, values: tuple[object, ...]) -> list[Entry]:
        try:
            rows = self._database().execute(f"SELECT {_FIELDS} FROM sessions {clause}", values)
            return [_entry(row) for row in rows]
        except (*UNREADABLE, sqlite3.Error) as error:
            raise StoreError(f"{self._path}: {error}") from error


def _row(entry: Entry) -> tuple[object, ...]:
    values = asdict(entry.record) | asdict(entry)
    values["end_reason"] = entry.record.end_reason or ""
    return tuple(values[each.field] for each in COLUMNS)


def _entry(row: tuple[Any, ...]) -> Entry:
    values = {each.field: value for each, value in zip(COLUMNS, row, strict=True)}
    values["end_reason"] = _reason(values["end_reason"])
    for each in FLAGS:
        values[each] = bool(values[each])
    record = SessionRecord(**{each: values.pop(each) for each in SessionRecord.__struct_fields__})
    entry = Entry(record=record, **values)
    return msgspec.convert(msgspec.to_builtins(entry), Entry)  # SQLite keeps any type


def _check(database: sqlite3.Connection) -> None:
    """Read the newest rows; one that cannot be understood raises."""
    for row in database.execute(
        f"SELECT {_FIELDS} FROM sessions ORDER BY number DESC LIMIT {MOST_CHECKED}"
    ):
        _entry(row)


def _reason(word: str) -> EndReason | None:
    if not word:
        return None
    try:
        return EndReason(word)
    except ValueError:  # written by a newer version, before a downgrade
        return EndReason.STOPPED

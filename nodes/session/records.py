"""The session store: each session once, the newest ten thousand. Blocks on the disk."""

import sqlite3
from pathlib import Path

from bus.store import StoreError, Warn, open_database
from msgs.session import EndReason, SessionRecord
from nodes.session.entry import Entry

MOST_SESSIONS = 10_000  # assumed: ten years of three a day, about 2 MB

# The column `life` is an entry's `run`: migrations only add, so that an older program can read on.
MIGRATIONS = (
    """
    CREATE TABLE sessions (
        number INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL UNIQUE,
        started_utc_ns INTEGER NOT NULL,
        ended_utc_ns INTEGER NOT NULL,
        start_energy_wh REAL NOT NULL,
        energy_wh REAL NOT NULL,
        end_reason TEXT NOT NULL,
        token TEXT NOT NULL,
        seated INTEGER NOT NULL,
        seen_utc_ns INTEGER NOT NULL
    )
    """,
    "ALTER TABLE sessions ADD COLUMN life INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN plugged_since_utc_ns INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN lapses_utc_ns INTEGER NOT NULL DEFAULT 0",
)

_SAVE = """
    INSERT INTO sessions (session_id, started_utc_ns, ended_utc_ns, start_energy_wh, energy_wh,
                          end_reason, token, seated, seen_utc_ns, life,
                          plugged_since_utc_ns, lapses_utc_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (session_id) DO UPDATE SET
        ended_utc_ns = excluded.ended_utc_ns, start_energy_wh = excluded.start_energy_wh,
        energy_wh = excluded.energy_wh, end_reason = excluded.end_reason,
        token = excluded.token, seated = excluded.seated, seen_utc_ns = excluded.seen_utc_ns,
        life = excluded.life, plugged_since_utc_ns = excluded.plugged_since_utc_ns,
        lapses_utc_ns = excluded.lapses_utc_ns
"""

_FIELDS = """session_id, started_utc_ns, ended_utc_ns, start_energy_wh, energy_wh, end_reason,
             token, seated, seen_utc_ns, life, plugged_since_utc_ns, lapses_utc_ns"""


class SessionStore:
    """The records of all sessions. One thread at a time."""

    def __init__(self, path: Path, warn: Warn, most: int = MOST_SESSIONS) -> None:
        """Open the store, or begin it.

        :raises StoreError: it can neither be opened nor begun.
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
        record = entry.record
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.execute(
                    _SAVE,
                    (
                        record.session_id,
                        record.started_utc_ns,
                        record.ended_utc_ns,
                        record.start_energy_wh,
                        record.energy_wh,
                        record.end_reason or "",
                        record.token,
                        entry.seated,
                        entry.seen_utc_ns,
                        entry.run,
                        entry.plugged_since_utc_ns,
                        entry.lapses_utc_ns,
                    ),
                )
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
            return [_entry(*row) for row in rows]
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error


def _entry(
    session_id: str,
    started_utc_ns: int,
    ended_utc_ns: int,
    start_energy_wh: float,
    energy_wh: float,
    end_reason: str,
    token: str,
    seated: int,
    seen_utc_ns: int,
    run: int,
    plugged_since_utc_ns: int,
    lapses_utc_ns: int,
) -> Entry:
    record = SessionRecord(
        session_id=session_id,
        started_utc_ns=started_utc_ns,
        ended_utc_ns=ended_utc_ns,
        start_energy_wh=start_energy_wh,
        energy_wh=energy_wh,
        end_reason=_reason(end_reason),
        token=token,
    )
    return Entry(
        record=record,
        seated=bool(seated),
        plugged_since_utc_ns=plugged_since_utc_ns,
        seen_utc_ns=seen_utc_ns,
        run=run,
        lapses_utc_ns=lapses_utc_ns,
    )


def _reason(word: str) -> EndReason | None:
    if not word:
        return None
    try:
        return EndReason(word)
    except ValueError:  # written by a newer version, before a downgrade
        return EndReason.STOPPED

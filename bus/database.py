"""SQLite databases that survive power cuts and damage.

A database that cannot be read is renamed, never deleted, and reported by `warn` in a sentence. It
has one writer. These functions block on the disk: a node calls them in `Bus.offload`.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bus.store import FILE_MODE, StoreError, Warn, set_aside, sync_directory

BUSY_TIMEOUT_S = 5.0  # assumed: longer than any reader of the project locks a database
JOURNAL_LIMIT_BYTES = 1_000_000  # size to which SQLite truncates its write-ahead log


def open_database(path: Path, migrations: Sequence[str], warn: Warn) -> sqlite3.Connection:
    """Open a database that survives power cuts: committed data is on the disk.

    `migrations[n]` is the script from version n to n + 1, in one transaction. Migrations only add
    (tables, columns with defaults), so that an older program can use a newer database after an
    update is undone. A damaged database is renamed, and a new one is made. The connection is in
    autocommit mode and may be used from one thread at a time.

    :raises StoreError: a read-only directory, a full disk, and the like.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _open(path, migrations)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = set_aside(path)  # its log is in it: SQLite merges it when it closes
            warn(f"{path} is damaged ({error}); it is kept as {aside.name}, a new one is begun")
            return _open(path, migrations)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the database {path} cannot be opened: {error}") from error


def _open(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        path.chmod(FILE_MODE)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
        result = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if result != "ok":
            raise _Damaged(result)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(migrations[version:], start=version + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
            )
        sync_directory(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


class _Damaged(sqlite3.DatabaseError):
    """Raised when the integrity check has found an error."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the content is damaged, as opposed to an error of directory or disk."""
    if isinstance(error, _Damaged):
        return True
    primary_code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    return primary_code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

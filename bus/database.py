"""SQLite databases that survive power cuts and damage.

`<file>.begun` has the number that the database has as its `application_id`: content of another
database, also that of a foreign write-ahead log, is damage. What is damaged is renamed as it was
found, never deleted, and reported by `warn` in a sentence; then a new database is begun. A database
has one writer. These functions block on the disk: a node calls them in `Bus.offload`.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from bus.disk import check_write
from bus.store import (
    FILE_MODE,
    PASSING,
    UNREADABLE,
    StoreError,
    Warn,
    is_begun,
    mark_begun,
    mark_of,
    read_file,
    remove,
    set_aside,
    sync_directory,
)

BUSY_TIMEOUT_S = 5.0  # assumed: longer than any reader of the project locks a database
JOURNAL_LIMIT_BYTES = 1_000_000  # size to which SQLite truncates its write-ahead log

LOG, INDEX = "-wal", "-shm"  # endings of the files beside a database


Check = Callable[[sqlite3.Connection], None]


def open_database(
    path: Path,
    migrations: Sequence[str],
    warn: Warn,
    *,
    table: str,
    check: Check = lambda _: None,
) -> sqlite3.Connection:
    """Open a database that survives power cuts: committed data is on the disk.

    `migrations[n]` is the script from version n to n + 1, in one transaction. Migrations only add
    (tables, columns with defaults), so that an older program can use a newer database after an
    update is undone. A damaged database is renamed, and a new one is made. The connection is in
    autocommit mode and may be used from one thread at a time.

    :param table: which each version of the database has; one without it is another database.
    :param check: reads the rows that matter, and raises one of UNREADABLE, or an error of SQLite,
        if they cannot be understood.
    :raises StoreError: a read-only directory, a full disk, and the like.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        index = path.with_name(path.name + INDEX)
        why = _why_unreadable(index)
        if why is not None:
            warn(f"{index} cannot be read: {why}; it is kept as {set_aside(index).name}")
        damage = _damage(path, table)
        if damage is None:
            try:
                return _open(path, migrations, check)
            except _DamagedError as error:
                damage = f"is damaged ({error})"
        _put_aside(path, damage, warn)
        return _open(path, migrations, check)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the database {path} cannot be opened: {error}") from error


def _damage(path: Path, table: str) -> str | None:
    """Return why a database, with its log, cannot be used as it is; None if it can.

    It is read without a change: SQLite would merge a foreign log into it.
    """
    log = path.with_name(path.name + LOG)
    for each, name in ((log, "has a log that cannot be read"), (path, "cannot be read")):
        why = _why_unreadable(each)
        if why is not None:
            return f"{name}: {why}"
    if not path.exists() or path.stat().st_size == 0:
        what = "is empty" if path.exists() else "is missing"
        return what if is_begun(path) or log.exists() else None
    connection = sqlite3.connect(_read_only(path), uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        return _judge(connection, path, table)
    except UnicodeDecodeError as error:  # in a name, or in SQLite's own report
        return f"is damaged ({error})"
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return f"is damaged ({error})"
        raise
    finally:
        connection.close()


def _why_unreadable(path: Path) -> str | None:
    """Return why a file cannot be read; None if it can, or is not there."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in PASSING:
            raise
        return error.strerror or str(error)
    return None


def _judge(connection: sqlite3.Connection, path: Path, table: str) -> str | None:
    result = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if result != "ok":
        return f"is damaged ({result})"
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = {row[0] for row in rows}
    if not tables:
        return "is empty" if is_begun(path) else None
    number = _number_of(path)
    if table not in tables or number not in (None, _id(connection)):
        return "has the content of another database"
    return None


class _DamagedError(Exception):
    """Raised when rows cannot be understood."""


def _open(path: Path, migrations: Sequence[str], check: Check) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        check_write(path)
        path.chmod(FILE_MODE)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, script in enumerate(migrations[version:], start=version + 1):
            connection.executescript(
                f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;"
            )
        _check(connection, check)
        _mark(connection, path)
        sync_directory(path.parent)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, check: Check) -> None:
    try:
        check(connection)
    except (*UNREADABLE, sqlite3.DatabaseError) as error:
        raise _DamagedError(error) from error


def _mark(connection: sqlite3.Connection, path: Path) -> None:
    """Give a new database its number, and note it beside the database."""
    number = _id(connection)
    if number == 0:
        number = int.from_bytes(os.urandom(4)) >> 1 | 1
        connection.execute(f"PRAGMA application_id = {number}")
    if _number_of(path) != number:
        mark_begun(path, b"%d\n" % number)


def _id(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _number_of(path: Path) -> int | None:
    """Return the number that is noted beside a database; None if there is none."""
    try:
        return int(read_file(mark_of(path)) or b"")
    except (StoreError, ValueError):
        return None


def _put_aside(path: Path, damage: str, warn: Warn) -> None:
    """Set a database and its log aside as they are; its mark is that of the next one."""
    names = []
    for each in (path, path.with_name(path.name + LOG)):
        if os.path.lexists(each) and (each.is_dir() or each.lstat().st_size > 0):
            names.append(set_aside(each).name)
    for each in (path, *(path.with_name(path.name + end) for end in (LOG, INDEX)), mark_of(path)):
        remove(each)
    kept = f"it is kept as {' and '.join(names)}, " if names else ""
    warn(f"{path} {damage}; {kept}a new one is begun")


def _read_only(path: Path) -> str:
    """Return the URI that opens a database for reading alone."""
    name = str(path)
    for character in "%?#":
        name = name.replace(character, f"%{ord(character):02x}")
    return f"file:{name}?mode=ro"


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the content is damaged, as opposed to an error of directory or disk."""
    primary_code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    return primary_code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

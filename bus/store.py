"""Stored state: files that are replaced atomically, and SQLite databases that survive power cuts.

A power cut or `kill -9` at any instant leaves the old content or the new one, never a mixture.
A file that cannot be read is renamed, never deleted, and reported by `warn` in a sentence. Each
file has one writer. These functions block on the disk: a node calls them in `Bus.offload`.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from bus.wire import UNREADABLE as UNREADABLE  # for nodes that decode files

Warn = Callable[[str], None]

FILE_MODE = 0o600  # only the box's own user reads stored files
MOST_SET_ASIDE = 3  # of one file; the oldest is overwritten
BUSY_TIMEOUT_S = 5.0  # assumed: longer than any reader of the project locks a database
JOURNAL_LIMIT_BYTES = 1_000_000  # size to which SQLite truncates its write-ahead log


class StoreError(Exception):
    """Raised when a file cannot be written or read; says which path, and why."""


def replace_file(path: Path, content: bytes, previous: Path | None = None) -> None:
    """Replace a file atomically: after a power cut it has the old or the new content.

    When this returns, the new content is on the disk.

    :param previous: another name in the same directory, which the old file gets.
    :raises StoreError: a read-only directory, a full disk, and the like.
    """
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        with open(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        if previous is not None:
            _link(path, previous)
        os.replace(new, path)
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error


def _link(path: Path, name: Path) -> None:
    """Give a file, if it exists, a second name, and replace the file of that name."""
    new = name.with_name(name.name + ".new")
    new.unlink(missing_ok=True)  # of a write that was interrupted
    with suppress(FileNotFoundError):
        os.link(path, new)
        os.replace(new, name)


def read_file(path: Path) -> bytes | None:
    """Return a file's content, or None if there is no such file.

    :raises StoreError: it exists and cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def set_aside(path: Path) -> Path:
    """Rename a file in its directory, and return the new path; at most three are kept.

    :raises StoreError: it cannot be renamed.
    """
    names = [path.with_name(f"{path.name}.broken-{n}") for n in range(1, MOST_SET_ASIDE + 1)]
    try:
        aside = next((name for name in names if not name.exists()), None)
        if aside is None:
            aside = min(names, key=lambda name: name.stat().st_mtime_ns)
        os.replace(path, aside)
        os.utime(aside)  # its age counts from now on
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be set aside: {error.strerror or error}") from error
    return aside


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
        _sync_directory(path.parent)
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


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

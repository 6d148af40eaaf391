"""Stored state: files that are replaced atomically.

A power cut or `kill -9` at any instant leaves the old content or the new one, never a mixture.
A file that cannot be read is renamed, never deleted, and reported by `warn` in a sentence. Each
file has one writer. These functions block on the disk: a node calls them in `Bus.offload`.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bus.wire import UNREADABLE as UNREADABLE  # for nodes that decode files

Warn = Callable[[str], None]

FILE_MODE = 0o600  # only the box's own user reads stored files
MOST_SET_ASIDE = 3  # of one file; the oldest is overwritten


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
        sync_directory(path.parent)
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
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be set aside: {error.strerror or error}") from error
    return aside


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

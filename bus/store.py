"""Stored state: files that are replaced atomically.

A power cut or `kill -9` at any instant leaves the old content or the new one, never a mixture.
A file that cannot be read is renamed, never deleted, and reported by `warn` in a sentence. Each
file has one writer. These functions block on the disk: a node calls them in `Bus.offload`.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bus.disk import check_write
from bus.disk_words import plain_words
from bus.wire import UNREADABLE as UNREADABLE  # for nodes that decode files

Warn = Callable[[str], None]

FILE_MODE = 0o600  # only the box's own user reads stored files
MOST_SET_ASIDE = 3  # of one file; the oldest is replaced
BEGUN = ".begun"

# Errors of the process, not of the file: its content is not known, and it stays in place.
PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class StoreError(Exception):
    """Raised when a file cannot be written or read; says which path, and why, for the log."""

    @property
    def plain(self) -> str:
        """Return why, for a person."""
        return plain_words(self)


def replace_file(path: Path, content: bytes, previous: Path | None = None) -> None:
    """Replace a file atomically: after a power cut it has the old or the new content.

    When this returns, the new content is on the disk. A directory in place of the file is set
    aside.

    :param previous: another name in the same directory, which the old file gets.
    :raises StoreError: a read-only directory, a full disk, and the like.
    """
    new = path.with_name(path.name + ".new")
    try:
        check_write(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        for each in (new, path, previous):
            if each is not None and each.is_dir():
                set_aside(each)
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
    if new.is_dir():
        set_aside(new)
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


def is_begun(path: Path) -> bool:
    """Return whether a file or database was stored once; see `mark_begun`."""
    return os.path.lexists(mark_of(path))


def mark_begun(path: Path, content: bytes = b"") -> None:
    """Note beside a file that it was stored once, so that its loss is known as a loss.

    :raises StoreError: as `replace_file`.
    """
    mark = mark_of(path)
    if content or not os.path.lexists(mark):
        replace_file(mark, content)


def mark_of(path: Path) -> Path:
    """Return the path of the mark beside a file; see `mark_begun`."""
    return path.with_name(path.name + BEGUN)


def set_aside(path: Path) -> Path:
    """Rename a file or directory in its directory, and return the new path; three are kept.

    :raises StoreError: it cannot be renamed.
    """
    names = [path.with_name(f"{path.name}.broken-{n}") for n in range(1, MOST_SET_ASIDE + 1)]
    try:
        check_write(path, in_place=True)
        aside = next((name for name in names if not os.path.lexists(name)), None)
        if aside is None:
            aside = min(names, key=lambda name: name.lstat().st_mtime_ns)
            remove(aside)
        os.replace(path, aside)
        os.utime(aside, follow_symlinks=False)  # its age counts from now on
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be set aside: {error.strerror or error}") from error
    return aside


def remove(path: Path) -> None:
    """Delete a file, or a directory with its content, if it is there."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for each in path.iterdir():
        remove(each)
    path.rmdir()


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""Two generations of a small file, so that damage to one of them loses little and permits nothing.

`<file>` holds the newest value and `<file>.previous` an earlier one, both as JSON with a checksum.
A change that revokes or lowers is written to both before it counts as stored, the previous
generation first: the previous one never permits more than the newest. Every other change moves the
newest generation to the previous place. So after damage to the newest generation the latest
additions are lost, but nothing that was revoked is valid again.

These functions block on the disk: a node calls them in `Bus.offload`, or at its start.
"""

import errno
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from bus.store import UNREADABLE, StoreError, Warn, read_file, replace_file, set_aside
from msgs.patterns import plain
from msgs.stored import Stored

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

CHECKSUM = "checksum"  # the last field of a file: CRC-32 of the rest as compact JSON
PREVIOUS = ".previous"
MISSING = "is missing"


class StoredValue(Struct, Generic[T], frozen=True, kw_only=True):
    """The value in the files, and which generation it is from."""

    value: T | None = None  # None: no file was ever written, or none can be read
    stored: Stored = Stored.CURRENT
    damage: str | None = None  # why the newest generation cannot be used, for a person
    content: bytes | None = None  # of the newest generation, even if damaged


def previous_of(path: Path) -> Path:
    """Return the path of the previous generation of a file."""
    return path.with_name(path.name + PREVIOUS)


def keep(path: Path, value: Any, *, lowers: bool) -> None:
    """Store a value; when this returns, it is on the disk, and in both generations if it lowers.

    :param value: a Struct or a dict.
    :param lowers: it revokes or lowers something, or the stored value is not known.
    :raises StoreError: as `replace_file`; the stored value is unchanged.
    """
    content, previous = encode(value), previous_of(path)
    if not lowers:
        replace_file(path, content, previous)
        return
    # Without a previous generation the newest is written first: a power cut then leaves it alone.
    both = (previous, path) if previous.exists() else (path, previous)
    for generation in both:
        replace_file(generation, content)


def recall(path: Path, kind: type[T], warn: Warn) -> StoredValue[T]:
    """Return the stored value, and repair a missing or damaged previous generation.

    A damaged newest generation is set aside and not replaced, so that the next start detects as
    well that the value has not been set again.

    :raises StoreError: a file exists and access is refused.
    """
    decode = decoder(kind)
    found = look(path, decode)
    if found.stored is Stored.CURRENT:
        if found.content is not None:
            _mend_previous(path, found.content, decode, warn)
        return found
    is_lost = found.stored is Stored.LOST
    warn(f"{path} {found.damage}; {'all is lost' if is_lost else 'the one before it is used'}")
    _put_aside(path, warn)
    if is_lost:
        _put_aside(previous_of(path), warn)
    return found


def look(path: Path, decode: Callable[[bytes], T]) -> StoredValue[T]:
    """Return the stored value, without changes on the disk.

    A missing file counts as damaged if there is a previous generation, or one that was set aside:
    only deleting all of them restores the initial state.

    :raises StoreError: a file exists and access is refused.
    """
    content, value, damage = _judge(path, decode)
    if value is not None:
        return StoredValue(value=value, content=content)
    _, previous, previous_damage = _judge(previous_of(path), decode)
    if previous is not None:
        return StoredValue(value=previous, stored=Stored.PREVIOUS, damage=damage, content=content)
    was_stored = content is not None or previous_damage != MISSING or damage != MISSING
    if was_stored or _was_set_aside(path):
        return StoredValue(stored=Stored.LOST, damage=damage, content=content)
    return StoredValue()


def read_kept(path: Path, kind: type[S]) -> S | None:
    """Return the Struct in a file, or None if there never was one; a damaged file stays in place.

    For values that must not be made again automatically, and for files of other nodes.

    :raises StoreError: neither generation can be read.
    """
    found = look(path, decoder(kind))
    if found.stored is Stored.LOST:
        raise StoreError(f"{path} {found.damage}")
    return found.value


def encode(value: Any) -> bytes:
    """Return a value as indented JSON with its checksum."""
    tree = msgspec.json.decode(msgspec.json.encode(value), type=dict[str, Any])
    tree[CHECKSUM] = _checksum(tree)
    return msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Return a function that decodes a file; it raises one of UNREADABLE for a damaged one.

    A file without a checksum was written by hand, and counts if it can be decoded.
    """

    def decode(content: bytes) -> T:
        return msgspec.json.decode(without_checksum(content), type=kind)

    return decode


def without_checksum(content: bytes) -> bytes:
    """Return a file's JSON without the checksum that `encode` added.

    :raises msgspec.MsgspecError: a wrong checksum, or not a JSON object; see UNREADABLE.
    """
    tree = msgspec.json.decode(content, type=dict[str, Any])
    checksum = tree.pop(CHECKSUM, None)
    if checksum is not None and checksum != _checksum(tree):
        raise msgspec.ValidationError("the checksum does not match")
    return msgspec.json.encode(tree)


def _judge(path: Path, decode: Callable[[bytes], T]) -> tuple[bytes | None, T | None, str]:
    """Return a generation's content, its value, and why it has none."""
    try:
        content = read_file(path)
    except StoreError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno == errno.EIO:  # a bad sector
            return None, None, f"cannot be read: {cause.strerror}"
        raise
    if content is None:
        return None, None, MISSING
    try:
        return content, decode(content), ""
    except UNREADABLE as error:
        return content, None, f"cannot be understood: {plain(error)}"


def _mend_previous(
    path: Path, content: bytes, decode: Callable[[bytes], object], warn: Warn
) -> None:
    """Write a previous generation, if there is none, for a file whose newest one is valid.

    If both names are one file, as after a power cut between the two renames of a write, there is
    none.
    """
    previous = previous_of(path)
    _, value, damage = _judge(previous, decode)
    if value is not None and not previous.samefile(path):
        return
    if value is None and damage != MISSING:
        warn(f"{previous} {damage}; the newest one is valid")
        _put_aside(previous, warn)
    try:
        replace_file(previous, content)
    except StoreError as error:
        warn(str(error))


def _was_set_aside(path: Path) -> bool:
    """Return whether a generation of a file was set aside.

    Path.glob would compile a regular expression, which costs memory.
    """
    try:
        names = os.listdir(path.parent)
    except OSError:
        return False
    return any(name.startswith(path.name) and ".broken-" in name for name in names)


def _put_aside(path: Path, warn: Warn) -> None:
    """Set a damaged file aside; if that fails, it counts as damaged at the next start again."""
    if not path.exists():
        return
    try:
        aside = set_aside(path)
    except StoreError as error:
        warn(str(error))
    else:
        warn(f"{path} is kept as {aside.name}")


def _checksum(tree: dict[str, Any]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(tree)):08x}"

"""Two generations of a small file, so that damage to one of them loses little and allows nothing.

`<file>` holds the newest value and `<file>.previous` one before it, both as JSON with a checksum.
A change that revokes or lowers is in both when it counts as stored, the previous generation first:
at no instant does the previous one allow more than the newest. Every other change moves the newest
generation to the previous place. So a damaged newest generation costs what was last added, and
brings nothing back that was revoked.

All of this waits for a disk: a node calls it from `Bus.offload`, or at its start.
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
from msgs.stored import Stored

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

CHECKSUM = "checksum"  # the last field of a file: CRC-32 of the rest as compact JSON
PREVIOUS = ".previous"
MISSING = "is missing"


class StoredValue(Struct, Generic[T], frozen=True, kw_only=True):
    """What the files hold."""

    value: T | None = None  # None: nothing was ever written, or nothing of it can be read
    stored: Stored = Stored.CURRENT
    damage: str | None = None  # why the newest generation cannot be used, for a person
    content: bytes | None = None  # of the newest generation, whatever it holds


def previous_of(path: Path) -> Path:
    """Return where the previous generation of a file is."""
    return path.with_name(path.name + PREVIOUS)


def keep(path: Path, value: Any, *, lowers: bool) -> None:
    """Store a value; when this returns, it is on the disk, and in both generations if it lowers.

    :param value: a Struct or a dict.
    :param lowers: it revokes or lowers something, or what was stored before is not known.
    :raises StoreError: as `replace_file`; what was stored before is still there.
    """
    content, previous = encode(value), previous_of(path)
    if not lowers:
        replace_file(path, content, previous)
        return
    # Where no previous generation allows anything, a power cut leaves the newest one alone.
    both = (previous, path) if previous.exists() else (path, previous)
    for generation in both:
        replace_file(generation, content)


def recall(path: Path, kind: type[T], warn: Warn) -> StoredValue[T]:
    """Return what is stored, and mend what one of the generations has lost.

    A damaged newest generation is set aside and not replaced, so that the next start knows as well
    that nobody has set the value anew.

    :raises StoreError: a file is there and may not be read.
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
    """Return what is stored, and change nothing.

    A file that is missing beside a previous generation, or beside one that was set aside, is
    damage: who deletes both and those begins anew.

    :raises StoreError: a file is there and may not be read.
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
    """Return the Struct in a file, or None if there never was one; what is broken stays in place.

    For what must never be begun anew by itself, and for files of other nodes.

    :raises StoreError: neither generation can be read.
    """
    found = look(path, decoder(kind))
    if found.stored is Stored.LOST:
        raise StoreError(f"{path} {found.damage}")
    return found.value


def encode(value: Any) -> bytes:
    """Return a value as JSON that a person can read, with its checksum."""
    tree = msgspec.json.decode(msgspec.json.encode(value), type=dict[str, Any])
    tree[CHECKSUM] = _checksum(tree)
    return msgspec.json.format(msgspec.json.encode(tree), indent=2) + b"\n"


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Return what decodes a file; it raises one of UNREADABLE for a damaged one.

    A file without a checksum was written by hand, and counts if it can be decoded.
    """

    def decode(content: bytes) -> T:
        return msgspec.json.decode(without_checksum(content), type=kind)

    return decode


def without_checksum(content: bytes) -> bytes:
    """Return a file's JSON as it was before `encode` added the checksum.

    :raises msgspec.MsgspecError: it does not match, or this is no JSON object; see UNREADABLE.
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
        return content, None, f"cannot be understood: {error}"


def _mend_previous(
    path: Path, content: bytes, decode: Callable[[bytes], object], warn: Warn
) -> None:
    """Give a file whose newest generation is sound a previous one, if there is none.

    Two names of one file are none: a power cut between the two renames of a write leaves them.
    """
    previous = previous_of(path)
    _, value, damage = _judge(previous, decode)
    if value is not None and not previous.samefile(path):
        return
    if value is None and damage != MISSING:
        warn(f"{previous} {damage}; the newest one is sound")
        _put_aside(previous, warn)
    try:
        replace_file(previous, content)
    except StoreError as error:
        warn(str(error))


def _was_set_aside(path: Path) -> bool:
    """Return whether a generation of a file was set aside. Path.glob would compile a pattern."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return False
    return any(name.startswith(path.name) and ".broken-" in name for name in names)


def _put_aside(path: Path, warn: Warn) -> None:
    """Set a damaged file aside; one that stays where it is counts as damaged at the next start."""
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

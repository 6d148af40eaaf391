"""Two generations of a small file, so that damage to one of them loses little and permits nothing.

`<file>` holds the newest value and `<file>.previous` an earlier one, both as JSON with the name of
the file and a checksum. A change that revokes or lowers is written to both before it counts as
stored, the previous generation first: the previous one never permits more than the newest. Every
other change moves the newest generation to the previous place. So after damage to the newest
generation the latest additions are lost, but nothing that was revoked is valid again.

Content without a checksum, or of another file, is damage, and so is a file that cannot be read, or
a directory in its place. `<file>.begun` shows that the file was stored once: without it, two
missing generations would be taken for a new box.

These functions block on the disk: a node calls them in `Bus.offload`, or at its start.
"""

import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from bus.store import (
    PASSING,
    UNREADABLE,
    StoreError,
    Warn,
    is_begun,
    mark_begun,
    mark_of,
    read_file,
    remove,
    replace_file,
    set_aside,
)
from msgs.patterns import plain
from msgs.stored import Stored

T = TypeVar("T")
S = TypeVar("S", bound=Struct)

FILE = "file"  # a field of each file: its name; a file of an older version does not have it
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


def write_generations(path: Path, value: Any, *, lowers: bool) -> None:
    """Write the newest generation of a value, and the previous one as well if it lowers.

    When this returns it is on the disk. Else the newest generation moves to the previous place.

    :param value: a Struct or a dict.
    :param lowers: it revokes or lowers something, or the stored value is not known.
    :raises StoreError: as `replace_file`; the stored value is unchanged.
    """
    content, previous = encode(value, path.name), previous_of(path)
    if not lowers:
        replace_file(path, content, previous)
    else:
        # Without a previous one the newest is written first: a power cut then leaves it alone.
        both = (previous, path) if previous.exists() else (path, previous)
        for generation in both:
            replace_file(generation, content)
    with suppress(StoreError):  # the value is stored; the mark is made by the next write or start
        mark_begun(path)


def write_generations_or_spare(path: Path, spare: Path, value: Any) -> None:
    """Write both generations of a value, in a spare place while its own place refuses them.

    The spare has to outlive the process; it may be lost with a restart of the machine.

    :raises StoreError: both places refuse it.
    """
    if any(os.path.lexists(each) for each in _generations(spare)):
        write_generations(
            spare, value, lowers=True
        )  # it is newer than the file: first the same in both
    try:
        write_generations(path, value, lowers=True)
    except StoreError as error:
        try:
            write_generations(spare, value, lowers=True)
        except StoreError:
            raise error from None
    else:
        with suppress(OSError):  # else it stays the same as the file
            for each in _generations(spare):
                remove(each)


def read_spare_or_newest_valid(
    path: Path, spare: Path, decode: Callable[[bytes], T]
) -> StoredValue[T]:
    """Return the value in a spare place, which is newer, else that in its own place.

    Of each place as `read_newest_valid`.
    """
    found = read_newest_valid(spare, decode)
    if found.value is None and found.stored is Stored.CURRENT:
        return read_newest_valid(path, decode)
    return found


def _generations(path: Path) -> tuple[Path, ...]:
    return path, previous_of(path), mark_of(path)


def try_to_write_generations(path: Path, value: Any, warn: Warn, *, lowers: bool) -> None:
    """Write a value at a start, which goes on if it cannot be written; see `write_generations`."""
    try:
        write_generations(path, value, lowers=lowers)
    except StoreError as error:
        warn(f"{error}; it is not stored")


def read_and_repair(path: Path, kind: type[T], warn: Warn) -> StoredValue[T]:
    """Return the value of the newest valid generation; repair a missing or damaged previous one.

    A damaged newest generation is set aside and not replaced, so that the next start detects as
    well that the value has not been set again.

    :raises StoreError: an error of the process itself, see `bus.store.PASSING`.
    """
    decode = decoder(kind)
    found = read_newest_valid(path, decode)
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


def read_newest_valid(path: Path, decode: Callable[[bytes], T]) -> StoredValue[T]:
    """Return the value of the newest valid generation, without changes on the disk.

    A missing file counts as damaged if it was stored once: only deleting `<file>` and all
    `<file>.*` restores the initial state.

    :raises StoreError: an error of the process itself, see `bus.store.PASSING`.
    """
    content, value, damage = _judge(path, path.name, decode)
    if value is not None:
        return StoredValue(value=value, content=content)
    _, previous, previous_damage = _judge(previous_of(path), path.name, decode)
    if previous is not None:
        return StoredValue(value=previous, stored=Stored.PREVIOUS, damage=damage, content=content)
    was_stored = previous_damage != MISSING or damage != MISSING
    if was_stored or is_begun(path) or _was_set_aside(path):
        return StoredValue(stored=Stored.LOST, damage=damage, content=content)
    return StoredValue()


def read_valid_or_raise(path: Path, kind: type[S]) -> S | None:
    """Return the Struct of the newest valid generation, or None if there never was one.

    A damaged file stays in place.

    For values that must not be made again automatically, and for files of other nodes.

    :raises StoreError: neither generation can be read.
    """
    found = read_newest_valid(path, decoder(kind))
    if found.stored is Stored.LOST:
        raise StoreError(f"{path} {found.damage}")
    return found.value


def encode(value: Any, name: str) -> bytes:
    """Return a value as indented JSON with the name of its file and its checksum."""
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    tree[FILE] = name
    tree[CHECKSUM] = _checksum(tree)
    return msgspec.json.format(msgspec.json.encode(tree)) + b"\n"


def examine(*kinds: type) -> None:
    """Have msgspec find out what it needs to know about the types of stored files.

    It keeps this with a type. A module calls this when it is imported: then it is in the memory
    that the processes share, and each node has 0.1 to 0.3 MB less for itself.
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Return a function that decodes the value of a file; it raises one of UNREADABLE."""

    def decode(content: bytes) -> T:
        return msgspec.json.decode(content, type=kind)

    return decode


def value_of(content: bytes, name: str) -> bytes:
    """Return the value in a file, as JSON without the fields that `encode` added.

    :raises msgspec.MsgspecError: no JSON object, no checksum or a wrong one, or the content of
        another file; see UNREADABLE.
    """
    tree = msgspec.json.decode(content, type=dict[str, Any])
    checksum = tree.pop(CHECKSUM, None)
    if checksum is None:
        raise msgspec.ValidationError("it has no checksum")
    if checksum != _checksum(tree):
        raise msgspec.ValidationError("the checksum does not match")
    if tree.pop(FILE, name) != name:
        raise msgspec.ValidationError("it is the content of another file")
    return msgspec.json.encode(tree)


def _judge(
    path: Path, name: str, decode: Callable[[bytes], T]
) -> tuple[bytes | None, T | None, str]:
    """Return a generation's content, its value, and why it has none.

    :param name: of the file, as it is in both generations.
    """
    try:
        content = read_file(path)
    except StoreError as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno in PASSING:
            raise
        return None, None, f"cannot be read: {cause.strerror}"
    if content is None:
        return None, None, MISSING
    try:
        return content, decode(value_of(content, name)), ""
    except UNREADABLE as error:
        return content, None, f"cannot be understood: {plain(error)}"


def _mend_previous(
    path: Path, content: bytes, decode: Callable[[bytes], object], warn: Warn
) -> None:
    """Write what is missing beside a newest generation that is valid: the previous one, the mark.

    If both names are one file, as after a power cut between the two renames of a write, there is
    no previous one.
    """
    previous = previous_of(path)
    _, value, damage = _judge(previous, path.name, decode)
    is_there = value is not None and not previous.samefile(path)
    if value is None and damage != MISSING:
        warn(f"{previous} {damage}; the newest one is valid")
        _put_aside(previous, warn)
    try:
        if not is_there:
            replace_file(previous, content)
        mark_begun(path)
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
    if not os.path.lexists(path):
        return
    try:
        aside = set_aside(path)
    except StoreError as error:
        warn(str(error))
    else:
        warn(f"{path} is kept as {aside.name}")


def _checksum(tree: dict[str, Any]) -> str:
    return f"{zlib.crc32(msgspec.json.encode(tree)):08x}"

"""Ten kinds of damage to the stored files of a box, and which files there are."""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from bus.generations import PREVIOUS, encode, previous_of, value_of
from bus.store import BEGUN, UNREADABLE, remove

DATABASE_FILES = ("", "-wal", BEGUN)


def files_of(store: str) -> tuple[str, ...]:
    """Return the names of the files of a store."""
    if store.endswith(".sqlite"):
        return tuple(store + end for end in DATABASE_FILES)
    if not store.endswith(".json"):  # two slots in one file
        return store, store + BEGUN
    return store, store + PREVIOUS, store + BEGUN


def empty(path: Path, chance: Random) -> None:
    """Leave 0 bytes, as a file system without a journal does."""
    path.write_bytes(b"")


def halve(path: Path, chance: Random) -> None:
    """Cut a file in half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def garble(path: Path, chance: Random) -> None:
    """Replace the content by noise of the same length."""
    path.write_bytes(chance.randbytes(path.stat().st_size))


def flip(path: Path, chance: Random) -> None:
    """Flip up to eight bits."""
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 8) if content else 0):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def replace_by_directory(path: Path, chance: Random) -> None:
    """Put a directory in place of a file."""
    path.unlink()
    path.mkdir()
    (path / "note").write_text("x")


def hide(path: Path, chance: Random) -> None:
    """Make a file unreadable, for root as well: a link to itself."""
    path.unlink()
    path.symlink_to(path.name)


def age(path: Path, chance: Random) -> None:
    """Write a file as a version does that knows other fields; what has no fields stays."""
    name = path.name.removesuffix(PREVIOUS)
    if not name.endswith(".json"):
        return
    try:
        tree = msgspec.json.decode(value_of(path.read_bytes(), name))
    except UNREADABLE:  # an earlier damage
        return
    tree["of another version"] = 1
    path.write_bytes(encode(tree, name))


def swap(path: Path, chance: Random) -> None:
    """Exchange the generations of a file, or a database and its log."""
    base = path.with_name(path.name.removesuffix(PREVIOUS).removesuffix("-wal"))
    other = base.with_name(base.name + "-wal") if base.suffix == ".sqlite" else previous_of(base)
    kept = {each: each.read_bytes() if each.is_file() else None for each in (base, other)}
    for each, content in zip((other, base), kept.values(), strict=True):
        remove(each)
        if content is not None:
            each.write_bytes(content)


def lose(path: Path, chance: Random) -> None:
    """Delete a file."""
    path.unlink()


def replace_by_another(path: Path, chance: Random) -> None:
    """Put the content of another stored file in place, or what a person has typed."""
    others = sorted(each for each in path.parent.iterdir() if each.is_file() and each != path)
    content = chance.choice([each.read_bytes() for each in others] + [b"{}", b'{"a": 1}\n'])
    path.write_bytes(content)


DAMAGES: tuple[Callable[[Path, Random], None], ...] = (
    empty, halve, garble, flip, replace_by_directory, hide, age, swap, lose, replace_by_another,
)  # fmt: skip


def damage(path: Path, kind: Callable[[Path, Random], None], chance: Random) -> None:
    """Damage a file, if an earlier damage has left it a file."""
    if path.is_file():
        kind(path, chance)


def copy(template: Path, to: Path) -> Path:
    """Copy the stored files of a box."""
    shutil.copytree(template, to, symlinks=True)
    return to

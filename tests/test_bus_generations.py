"""Two generations of a file: whatever is cut, damaged or full, nothing revoked comes back."""

import itertools
import os
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.generations import (
    StoredValue,
    decoder,
    encode,
    previous_of,
    read_and_repair,
    read_newest_valid,
    read_spare_or_newest_valid,
    read_valid_or_raise,
    try_to_write_generations,
    value_of,
    write_generations,
    write_generations_or_spare,
)
from bus.store import MOST_SET_ASIDE, UNREADABLE, StoreError, is_begun
from msgs.stored import Stored
from tests.disk import ChangingDirectory

NAME = "limit.json"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A value that may be lowered: what is lower allows less."""

    limit_a: int
    note: str = "ü"


def at(limit_a: int) -> Limit:
    return Limit(limit_a=limit_a)


def quiet(text: str) -> None:
    """Drop warnings."""


def change(path: Path, before_a: int, after_a: int) -> None:
    write_generations(path, at(after_a), lowers=after_a < before_a)


def found(path: Path) -> StoredValue[Limit]:
    """Look, recall, and look again: to recall changes neither the value nor how it is known."""
    first = read_newest_valid(path, decoder(Limit))
    second = read_and_repair(path, Limit, quiet)
    third = read_newest_valid(path, decoder(Limit))
    for later in (second, third):
        assert (later.value, later.stored) == (first.value, first.stored)
    return first


def limit_of(path: Path) -> int:
    value = found(path).value
    assert value is not None
    return value.limit_a


# --- what a file holds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        at(16),
        {},
        {"main_fuse_a": 16.0, "many": [1e22, -0.0, 2**60], "deep": {"checksum": "x", "ü": None}},
    ],
)
def test_what_is_encoded_is_decoded_and_a_person_can_read_it(value: Any) -> None:
    content = encode(value, NAME)
    assert decoder(type(value))(value_of(content, NAME)) == value
    assert content.count(b"\n") > 1
    assert {"file", "checksum"} <= msgspec.json.decode(content).keys()


def test_every_byte_that_is_damaged_is_noticed_or_changes_nothing() -> None:
    value = {"main_fuse_a": 16.0, "authorization": {"required": True}, "name": "ab"}
    content = encode(value, NAME)
    decode = decoder(dict[str, Any])
    unnoticed = 0
    for index, bit in itertools.product(range(len(content)), range(8)):
        damaged = bytearray(content)
        damaged[index] ^= 1 << bit
        try:
            assert decode(value_of(bytes(damaged), NAME)) == value
            unnoticed += 1
        except UNREADABLE:
            continue
    assert unnoticed < 8 * len(content) / 4  # blanks


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", ""),  # the decoder has texts of its own
        (b"{", ""),
        (b"[]", ""),
        (b"null", ""),
        (b"\0" * 100, ""),
        (b'{"a": "\xff"}', ""),
        (b"{}", "it has no checksum"),  # by hand
        (b'{"limit_a": 63}', "it has no checksum"),
        (b'{"limit_a": 63, "checksum": "00000000"}', "the checksum does not match"),
        (encode(at(63), "another.json"), "it is the content of another file"),
    ],
)
def test_content_that_was_not_written_as_this_file_is_damage_with_its_cause(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    path.write_bytes(content)
    after = found(path)
    assert (after.value, after.stored) == (at(16), Stored.PREVIOUS)
    assert after.content == content
    assert after.damage is not None
    assert after.damage.startswith("cannot be understood: ")
    assert after.damage.endswith(cause)


def test_a_file_of_an_older_or_a_later_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    later = encode({"limit_a": 16, "of a later version": 1}, NAME)
    path.write_bytes(later)
    assert found(path) == StoredValue(value=at(16), content=later)
    older = msgspec.json.decode(encode({"limit_a": 16}, NAME))
    del older["file"], older["checksum"]
    older["checksum"] = f"{zlib.crc32(msgspec.json.encode(older)):08x}"
    path.write_bytes(msgspec.json.encode(older))
    assert found(path) == StoredValue(value=at(16), content=path.read_bytes())


# --- which generation -------------------------------------------------------------------------


def test_nothing_was_stored_where_there_is_no_file(tmp_path: Path) -> None:
    assert found(tmp_path / "deep" / "limit.json") == StoredValue()


def test_a_change_that_raises_keeps_the_value_before_it(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(10), lowers=True)
    change(path, 10, 16)
    change(path, 16, 20)
    assert limit_of(path) == 20
    path.unlink()
    assert found(path).stored is Stored.PREVIOUS
    assert limit_of(path) == 16


def test_a_change_that_lowers_is_in_both_generations(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(32), lowers=True)
    change(path, 32, 16)
    path.write_bytes(b"{")
    assert limit_of(path) == 16


def test_a_damaged_newest_is_set_aside_and_reported_until_it_is_set_again(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(16), lowers=True)
    path.write_bytes(b"{")
    lines: list[str] = []
    for _ in range(3):
        assert read_and_repair(path, Limit, lines.append).stored is Stored.PREVIOUS
    assert (tmp_path / "limit.json.broken-1").read_bytes() == b"{"
    assert "limit.json cannot be understood: " in lines[0]
    assert lines[0].endswith("; the one before it is used")
    assert "limit.json.broken-1" in lines[1]
    assert len(lines) == 4
    write_generations(path, at(10), lowers=True)
    assert found(path).stored is Stored.CURRENT


def test_a_lost_value_stays_lost_until_it_is_set_again(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(16), lowers=True)
    path.write_bytes(b"{")
    previous_of(path).write_bytes(b"")
    assert read_newest_valid(path, decoder(Limit)).content == b"{"
    lines: list[str] = []
    for _ in range(3):
        assert read_and_repair(path, Limit, lines.append).stored is Stored.LOST
    assert lines[0].endswith("; all is lost")
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["limit.json.begun", "limit.json.broken-1", "limit.json.previous.broken-1"]
    write_generations(path, at(10), lowers=True)
    assert found(path) == StoredValue(value=at(10), content=path.read_bytes())


@pytest.mark.parametrize("content", [None, b"{", b'{"limit_a": "x"}'])
def test_a_valid_newest_gets_a_previous_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(16), lowers=True)
    previous_of(path).unlink()
    if content is not None:
        previous_of(path).write_bytes(content)
    assert limit_of(path) == 16
    path.unlink()
    assert limit_of(path) == 16


def test_a_damaged_previous_one_is_set_aside_and_reported_and_a_missing_one_is_not(
    tmp_path: Path,
) -> None:
    path, lines = tmp_path / NAME, list[str]()
    previous = previous_of(path)
    write_generations(path, at(16), lowers=True)
    previous.unlink()
    read_and_repair(path, Limit, lines.append)
    assert lines == []
    previous.write_bytes(b"{")
    read_and_repair(path, Limit, lines.append)
    damage, kept = lines
    assert damage.startswith(f"{previous} cannot be understood: ")
    assert damage.endswith("; the newest one is valid")
    assert kept.startswith(f"{previous} is kept as ")
    aside = tmp_path / kept.removeprefix(f"{previous} is kept as ")
    assert aside.read_bytes() == b"{"


def test_two_names_of_one_file_are_made_two_files(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(16), lowers=True)
    previous_of(path).unlink()
    os.link(path, previous_of(path))
    found(path)
    assert not path.samefile(previous_of(path))


def test_a_reader_that_is_not_the_writer_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"
    assert read_valid_or_raise(path, Limit) is None
    write_generations(path, at(16), lowers=True)
    path.write_bytes(b"{")
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    assert read_valid_or_raise(path, Limit) == at(16)
    previous_of(path).write_bytes(b"{")
    with pytest.raises(StoreError, match=r"limit\.json cannot be understood: "):
        read_valid_or_raise(path, Limit)
    assert before.keys() == set(tmp_path.iterdir())


def test_two_generations_that_are_missing_are_lost_and_not_a_new_box(tmp_path: Path) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    for each in (path, previous_of(path)):
        each.unlink()
    for _ in range(2):
        assert found(path) == StoredValue(stored=Stored.LOST, damage="is missing")
    for each in tmp_path.iterdir():
        each.unlink()
    assert found(path) == StoredValue()


@pytest.mark.parametrize("which", [0, 1])
def test_a_damaged_generation_alone_is_lost_also_without_the_mark(
    tmp_path: Path, which: int
) -> None:
    path = tmp_path / NAME
    (path, previous_of(path))[which].write_bytes(b"{")
    assert read_newest_valid(path, decoder(Limit)).stored is Stored.LOST


def test_the_mark_of_a_stored_file_is_made_again_by_a_start(tmp_path: Path) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    (tmp_path / "limit.json.begun").unlink()
    assert limit_of(path) == 16
    assert is_begun(path)


REFUSALS = [(5, "Input/output error"), (13, "Permission denied"), (40, "Too many levels")]


@pytest.mark.parametrize(("number", "text"), REFUSALS)
def test_a_file_that_cannot_be_read_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    with monkeypatch.context() as patch:
        refuse_to_read(patch, path, OSError(number, text))
        bad = read_newest_valid(path, decoder(Limit))
        assert (bad.value, bad.stored) == (at(16), Stored.PREVIOUS)
        assert bad.damage == f"cannot be read: {text}"
        read_and_repair(path, Limit, quiet)
    assert (tmp_path / "limit.json.broken-1").exists()


@pytest.mark.parametrize("number", [12, 23, 24])
def test_an_error_of_the_process_itself_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    with monkeypatch.context() as patch:
        refuse_to_read(patch, path, OSError(number, "Too many open files"))
        with pytest.raises(StoreError, match="Too many open files"):
            read_and_repair(path, Limit, quiet)
    assert limit_of(path) == 16


def refuse_to_read(patch: pytest.MonkeyPatch, path: Path, error: OSError) -> None:
    def read_bytes(self: Path) -> bytes:
        if self == path:
            raise error
        return original(self)

    original = Path.read_bytes
    patch.setattr(Path, "read_bytes", read_bytes)


def fill(directory: Path) -> None:
    """Make a directory that has something in it."""
    (directory / "deep").mkdir(parents=True)
    (directory / "deep" / "note").write_text("x")


@pytest.mark.parametrize("which", [0, 1])
def test_a_directory_in_place_of_a_generation_is_damage_and_set_aside(
    tmp_path: Path, which: int
) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    taken = (path, previous_of(path))[which]
    taken.unlink()
    fill(taken)
    assert limit_of(path) == 16
    assert (tmp_path / f"{taken.name}.broken-1" / "deep" / "note").exists()
    write_generations(path, at(10), lowers=True)
    assert found(path).stored is Stored.CURRENT


def test_directories_in_place_of_both_generations_are_a_lost_value(tmp_path: Path) -> None:
    path = tmp_path / NAME
    fill(path)
    fill(previous_of(path))
    for _ in range(2):
        assert found(path).stored is Stored.LOST
    write_generations(path, at(10), lowers=True)
    assert found(path).value == at(10)


@pytest.mark.parametrize("name", [NAME, "limit.json.previous", "limit.json.new",
                                  "limit.json.previous.new"])  # fmt: skip
def test_a_directory_that_appears_in_the_way_of_a_write_is_set_aside(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / NAME
    write_generations(path, at(16), lowers=True)
    (tmp_path / name).unlink(missing_ok=True)
    fill(tmp_path / name)
    write_generations(path, at(20), lowers=False)
    write_generations(path, at(10), lowers=True)
    assert limit_of(path) == 10
    assert (tmp_path / f"{name}.broken-1").is_dir()


def test_of_what_is_set_aside_the_newest_three_are_kept_whatever_they_are(tmp_path: Path) -> None:
    path = tmp_path / NAME
    for number in range(3 * MOST_SET_ASIDE):
        write_generations(path, at(16), lowers=True)
        path.unlink()
        if number % 2:
            fill(path)
        else:
            path.write_bytes(b"{")
        assert limit_of(path) == 16
    names = [each.name for each in tmp_path.iterdir() if ".broken-" in each.name]
    assert len(names) == MOST_SET_ASIDE


# --- a disk that refuses ----------------------------------------------------------------------


def test_a_read_only_folder_is_read_and_its_errors_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "limit.json"
    write_generations(path, at(16), lowers=True)
    path.write_bytes(b"{")

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("open", "replace", "link"):
        monkeypatch.setattr(f"bus.store.os.{name}", refused)
    lines: list[str] = []
    assert read_and_repair(path, Limit, lines.append).value == at(16)
    assert "Read-only file system" in lines[-1]
    with pytest.raises(StoreError, match="Read-only file system"):
        write_generations(path, at(10), lowers=True)
    lines.clear()
    try_to_write_generations(path, at(10), lines.append, lowers=True)
    assert lines == [f"{previous_of(path)} cannot be written: Read-only file system; "
                     "it is not stored"]  # fmt: skip


def test_a_previous_one_that_cannot_be_written_is_reported_and_the_newest_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lines = tmp_path / NAME, list[str]()
    write_generations(path, at(16), lowers=True)
    previous_of(path).unlink()

    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("bus.store.os.open", refused)
    assert read_and_repair(path, Limit, lines.append).value == at(16)
    assert lines == [f"{previous_of(path)} cannot be written: Read-only file system"]


# --- a spare place ----------------------------------------------------------------------------


def test_a_value_is_in_the_spare_place_only_while_its_own_refuses_it(tmp_path: Path) -> None:
    directory, spare = ChangingDirectory(tmp_path), tmp_path / "run" / NAME
    path, decode = directory.path / NAME, decoder(Limit)
    assert read_spare_or_newest_valid(path, spare, decode) == StoredValue()
    write_generations_or_spare(path, spare, at(32))
    assert not spare.parent.exists()
    directory.refuse()
    for limit_a in (16, 10):
        write_generations_or_spare(path, spare, at(limit_a))
        assert read_spare_or_newest_valid(path, spare, decode).value == at(limit_a)
    directory.accept()
    assert limit_of(path) == 32
    assert read_spare_or_newest_valid(path, spare, decode).value == at(10)
    write_generations_or_spare(path, spare, at(20))
    assert (limit_of(path), list(spare.parent.iterdir())) == (20, [])
    assert read_spare_or_newest_valid(path, spare, decode).value == at(20)


def both(path: Path) -> set[int]:
    """Return the values in both generations of a file."""
    contents = (each.read_bytes() for each in (path, previous_of(path)))
    return {decoder(Limit)(value_of(content, path.name)).limit_a for content in contents}


def test_each_place_has_a_value_in_both_generations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, spare = ChangingDirectory(tmp_path), tmp_path / "run" / NAME
    path = directory.path / NAME
    for limit_a in (32, 16):
        write_generations_or_spare(path, spare, at(limit_a))
        assert both(path) == {limit_a}
    directory.refuse()
    for limit_a in (20, 10):
        write_generations_or_spare(path, spare, at(limit_a))
        assert both(spare) == {limit_a}
    directory.accept()

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("bus.generations.remove", refused)  # the spare stays: it is the same
    write_generations_or_spare(path, spare, at(8))
    assert both(path) == both(spare) == {8}


def test_a_value_that_both_places_refuse_is_not_stored(tmp_path: Path) -> None:
    directory = ChangingDirectory(tmp_path)
    directory.refuse()
    with pytest.raises(StoreError, match=str(directory.path)):
        write_generations_or_spare(directory.path / NAME, Path("/proc/self") / NAME, at(16))


def test_damage_to_the_spare_place_is_a_lost_value(tmp_path: Path) -> None:
    directory, spare = ChangingDirectory(tmp_path), tmp_path / "run" / NAME
    directory.refuse()
    write_generations_or_spare(directory.path / NAME, spare, at(16))
    for each in (spare, previous_of(spare)):
        each.write_bytes(b"{")
    directory.accept()
    write_generations(directory.path / NAME, at(32), lowers=True)
    found = read_spare_or_newest_valid(directory.path / NAME, spare, decoder(Limit))
    assert (found.value, found.stored) == (None, Stored.LOST)


def test_a_cut_at_any_step_leaves_the_value_before_or_the_new_one(tmp_path: Path) -> None:
    for number in itertools.count():
        home = tmp_path / f"{number}"
        directory, spare = ChangingDirectory(home), home / "run" / NAME
        path, decode = directory.path / NAME, decoder(Limit)
        write_generations_or_spare(path, spare, at(32))
        directory.refuse()
        write_generations_or_spare(path, spare, at(16))
        directory.accept()
        try:
            with failing(number, Cut):
                write_generations_or_spare(path, spare, at(10))
        except Cut:
            assert read_spare_or_newest_valid(path, spare, decode).value in (at(16), at(10))
        else:
            assert read_spare_or_newest_valid(path, spare, decode).value == at(10)
            break
    assert number > 12


# --- power cuts and damage --------------------------------------------------------------------

OPERATIONS = ("open", "fsync", "link", "replace")


class Cut(BaseException):
    """The power is gone."""


@contextmanager
def failing(number: int, error: Callable[[], BaseException]) -> Iterator[None]:
    """Have an operation on the files fail, and those after it; a file that is cut is half."""
    left = [number]

    def fails(original: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any, **others: Any) -> Any:
            if left[0] == 0:
                if original is os_fsync and os.path.isfile(f"/proc/self/fd/{arguments[0]}"):
                    os.truncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                raise error()
            left[0] -= 1
            return original(*arguments, **others)

        return act

    os_fsync = os.fsync
    with pytest.MonkeyPatch.context() as patch:
        for name in OPERATIONS:
            patch.setattr(f"bus.store.os.{name}", fails(getattr(os, name)))
        yield


def write_until(path: Path, before_a: int, after_a: int, number: int, error: OSError | Cut) -> bool:
    """Change a limit with an operation that fails; return whether the change is answered."""
    try:
        with failing(number, lambda: error):
            change(path, before_a, after_a)
    except (Cut, StoreError):
        return False
    return True


def nothing(path: Path) -> None:
    """Leave a file as it is."""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    index = random.Random(len(content)).randrange(len(content))
    while chr(content[index]) not in "0123456789{}":
        index = (index + 1) % len(content)
    content[index] ^= 0x04
    path.write_bytes(bytes(content))


def zero(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def delete(path: Path) -> None:
    path.unlink()


def replace_by_directory(path: Path) -> None:
    path.unlink()
    fill(path)


def replace_by_another_file(path: Path) -> None:
    path.write_bytes(encode(at(63), "another.json"))


def write_by_hand(path: Path) -> None:
    path.write_bytes(b'{"limit_a": 63}')


DAMAGE = [nothing, flip, zero, halve, delete]
MORE_DAMAGE = [*DAMAGE, empty, replace_by_directory, replace_by_another_file, write_by_hand]
NO_SPACE = OSError(28, "No space left on device")
CHANGES = [(32, 16), (16, 32), (16, 16)]


def prepare(path: Path, before_a: int) -> None:
    """Store a limit, with another one as the generation before it."""
    write_generations(path, at(before_a - 1), lowers=True)
    write_generations(path, at(before_a), lowers=False)


@pytest.mark.parametrize("error", [Cut(), NO_SPACE])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(("before_a", "after_a"), CHANGES)
def test_no_cut_and_no_damage_brings_back_what_was_lowered(
    tmp_path: Path,
    error: OSError | Cut,
    damage: Callable[[Path], None],
    which: int,
    before_a: int,
    after_a: int,
) -> None:
    for number in itertools.count():
        path = tmp_path / f"{number}" / "limit.json"
        prepare(path, before_a)
        is_answered = write_until(path, before_a, after_a, number, error)
        shown_a = limit_of(path)  # by the next start, which ends the state of one file of two names
        assert shown_a in ((after_a,) if is_answered else (before_a, after_a))
        damage((path, previous_of(path))[which])
        after = found(path)
        assert after.value is not None
        assert after.value.limit_a <= shown_a
        is_newest = damage is nothing or which == 1
        assert after.stored is (Stored.CURRENT if is_newest else Stored.PREVIOUS)
        assert not is_newest or after.value.limit_a == shown_a
        if is_answered:
            break
    assert number >= 4


@pytest.mark.parametrize("damages", list(itertools.product(MORE_DAMAGE[1:], repeat=2)))
def test_both_damaged_is_known_as_lost(
    tmp_path: Path, damages: tuple[Callable[[Path], None], Callable[[Path], None]]
) -> None:
    path = tmp_path / "limit.json"
    prepare(path, 16)
    for damage, each in zip(damages, (path, previous_of(path)), strict=True):
        damage(each)
    assert (found(path).value, found(path).stored) == (None, Stored.LOST)


def test_a_cut_of_the_first_write_ever_leaves_nothing_or_all(tmp_path: Path) -> None:
    for number in itertools.count():
        path = tmp_path / f"{number}" / "limit.json"
        try:
            with failing(number, Cut):
                write_generations(path, at(16), lowers=True)
        except Cut:
            assert found(path).stored is Stored.CURRENT
            assert found(path).value in (None, at(16))
        else:
            break
    assert number >= 8


@pytest.mark.parametrize("seed", range(30))
def test_changes_cuts_and_single_damages_in_any_order_allow_no_more_than_was_answered(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    path = tmp_path / "limit.json"
    write_generations(path, at(32), lowers=True)
    known_a = 32
    for _ in range(60):
        after_a = chance.randint(6, 63)
        if write_until(path, known_a, after_a, chance.randint(0, 24), Cut()):
            known_a = after_a
        else:  # a restart
            shown_a = limit_of(path)
            assert shown_a in (known_a, after_a)
            known_a = shown_a
        if chance.random() < 0.3:
            limit_of(path)  # a restart
            chance.choice(DAMAGE)(chance.choice([path, previous_of(path)]))
            after = found(path)
            assert after.value is not None
            assert after.value.limit_a <= known_a
            known_a = after.value.limit_a
            if after.stored is Stored.PREVIOUS:  # set again to the same value
                write_generations(path, at(known_a), lowers=True)

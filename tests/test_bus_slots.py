"""A record in two slots: damage, power cuts, a full disk."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from bus.disk import Refusal, refuse
from bus.slots import MOST_BYTES, SLOT_BYTES, SLOTS, Slots
from bus.store import StoreError
from tests.damages import hide, replace_by_directory
from tests.disk import NOWHERE

TOO_LARGE = "record cannot be written: File too large"
OLD, NEW = b"the record: old", b"the record: new"
# A slot with the record OLD in the first write of a file, as versions before have written it.
SLOT_OF_OLD = bytes.fromhex("0100000000000000 0f000000 25f7124f") + OLD


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record"


def write(path: Path, *records: bytes, **options: bool) -> None:
    with closing(Slots(path)) as slots:
        for record in records:
            slots.write(record, **options)


def newest(path: Path) -> bytes | None:
    with closing(Slots(path)) as slots:
        return slots.newest()


@contextmanager
def files_of_at_most(most_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_file_has_no_record(path: Path) -> None:
    assert newest(path) is None
    assert path.stat().st_size == SLOTS * SLOT_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_folders_of_a_new_file_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "newer" / "record"
    write(path, NEW)
    assert newest(path) == NEW


def test_a_file_that_another_version_has_written_is_read(path: Path) -> None:
    write(path, OLD)
    assert path.read_bytes() == (bytes(SLOT_BYTES) + SLOT_OF_OLD).ljust(SLOTS * SLOT_BYTES, b"\0")
    path.write_bytes(SLOT_OF_OLD)
    assert newest(path) == OLD


def test_a_record_that_is_too_large_for_a_slot_is_refused(path: Path) -> None:
    with pytest.raises(AssertionError, match=r"^a record fits into a slot$"):
        write(path, b"x" * (MOST_BYTES + 1))


def test_the_newest_record_counts_whoever_opens_the_file(path: Path) -> None:
    for number in range(5):
        record = b"%d" % number * (number + 1)
        write(path, record)  # opened for each, and not read before
        assert newest(path) == record
    write(path, b"x" * MOST_BYTES, b"")
    assert newest(path) == b""
    assert path.stat().st_size == SLOTS * SLOT_BYTES


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("kept_bytes", [0, 1, 8, 15, 16, 20, 30])
def test_a_power_cut_in_a_write_leaves_the_record_before(
    path: Path, count: int, kept_bytes: int
) -> None:
    write(path, *[OLD] * (count - 1))
    before = path.read_bytes()
    write(path, NEW)
    after = path.read_bytes()
    changed = [i for i in range(len(after)) if after[i] != before[i]]
    cut = changed[0] // SLOT_BYTES * SLOT_BYTES + kept_bytes
    path.write_bytes(after[:cut] + before[cut:])
    assert newest(path) == OLD
    write(path, b"the next one")
    assert newest(path) == b"the next one"


@pytest.mark.parametrize("slot", range(SLOTS))
def test_after_damage_to_one_slot_a_revoked_record_does_not_come_back(
    path: Path, slot: int
) -> None:
    write(path, OLD)
    write(path, NEW, revokes=True)
    content = bytearray(path.read_bytes())
    content[slot * SLOT_BYTES + 20] ^= 1
    path.write_bytes(content)
    assert newest(path) == NEW


def test_a_record_that_revokes_nothing_is_written_to_one_slot(path: Path) -> None:
    write(path, OLD, NEW)
    content = path.read_bytes()
    assert (content.count(OLD), content.count(NEW)) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 10_000, b"\0" * 10_000])
def test_foreign_content_is_no_record_and_is_overwritten(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert newest(path) is None
    write(path, NEW)
    assert newest(path) == NEW


def test_half_a_file_keeps_its_valid_slot(path: Path) -> None:
    write(path, OLD, NEW)  # in the second slot, then in the first
    path.write_bytes(path.read_bytes()[:SLOT_BYTES])
    assert newest(path) == NEW
    assert path.stat().st_size == SLOTS * SLOT_BYTES  # a full disk takes the next record


@pytest.mark.parametrize(("left_bytes", "record"), [(0, None), (15, None), (16, b"")])
def test_a_file_that_is_cut_while_it_is_open_has_what_is_left(
    path: Path, left_bytes: int, record: bytes | None
) -> None:
    with closing(Slots(path)) as slots:
        slots.write(b"")  # in the second slot
        os.truncate(path, SLOT_BYTES + left_bytes)
        assert slots.newest() == record


def test_a_whole_file_is_opened_without_a_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, OLD)

    def refused(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    for name in ("pwrite", "fsync"):
        monkeypatch.setattr(f"bus.slots.os.{name}", refused)
    assert newest(path) == OLD


def test_a_full_disk_takes_a_record_for_which_there_is_a_file(path: Path) -> None:
    with closing(Slots(path)) as slots:
        slots.newest()
        refuse(path.parent, Refusal.NEW_BLOCKS)
        try:
            with files_of_at_most(SLOTS * SLOT_BYTES):
                for record in (OLD, b"x" * MOST_BYTES, NEW):
                    slots.write(record, revokes=True)
        finally:
            refuse(path.parent, None)
    assert newest(path) == NEW


def test_a_disk_that_takes_half_a_new_file_is_full(path: Path) -> None:
    with (
        files_of_at_most(SLOT_BYTES),
        pytest.raises(StoreError, match="record cannot be written: No space left") as caught,
    ):
        write(path, NEW)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    write(path, NEW)
    assert newest(path) == NEW


def test_a_file_that_can_neither_be_read_nor_made_is_an_error() -> None:
    with pytest.raises(StoreError, match="record cannot be read: No such file"):
        newest(NOWHERE / "record")


def test_after_an_error_the_file_is_opened_again(path: Path) -> None:
    with closing(Slots(path)) as slots:
        slots.write(OLD)
        assert slots._fd is not None
        os.close(slots._fd)  # now each use of it fails, and its end as well
        with pytest.raises(StoreError, match="record cannot be written: Bad file descriptor"):
            slots.write(NEW)
        assert slots.newest() == OLD
        slots.write(NEW)
    assert newest(path) == NEW


def test_a_disk_that_takes_nothing_is_an_error_and_loses_nothing(path: Path) -> None:
    with closing(Slots(path)) as slots:
        slots.write(OLD)
        with files_of_at_most(0), pytest.raises(StoreError, match=TOO_LARGE):
            slots.write(NEW)
        assert slots.newest() == OLD
        slots.write(NEW)
    assert newest(path) == NEW


@pytest.mark.parametrize("kind", [replace_by_directory, hide])
def test_what_is_no_file_in_its_place_is_set_aside(
    path: Path, kind: Callable[[Path, Random], None]
) -> None:
    write(path, OLD)
    kind(path, Random(1))
    assert newest(path) is None
    assert path.stat().st_mode & 0o777 == 0o600
    write(path, NEW)
    assert newest(path) == NEW
    assert path.with_name(f"{path.name}.broken-1").lstat()

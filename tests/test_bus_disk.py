"""A disk that refuses, as a run under virtual time has it: the errors of a real one."""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bus.database import open_database
from bus.disk import Refusal, check_write, refuse
from bus.slots import Slots
from bus.store import StoreError, read_file, replace_file, set_aside
from nodes.session.entry import Entry
from nodes.session.records import SessionStore
from tests.builders import session_record

NEW, OLD = b"new", b"old"


def entry(session_id: str) -> Entry:
    record = session_record(session_id=session_id)
    return Entry(record=record, seated=True, seen_utc_ns=1, run=7)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    refuse(tmp_path, None)


def _replace(directory: Path) -> None:
    replace_file(directory / "file", NEW)


def _overwrite(directory: Path) -> None:
    Slots(directory / "slots").write(NEW)


def _begin_slots(directory: Path) -> None:
    Slots(directory / "other").write(NEW)


def _set_aside(directory: Path) -> None:
    set_aside(directory / "file")


def _open(directory: Path) -> None:
    open_database(directory / "new.sqlite", (), print, table="a").close()


@pytest.mark.parametrize("work", [_replace, _overwrite, _begin_slots, _set_aside, _open])
@pytest.mark.parametrize("refusal", Refusal)
def test_a_disk_refuses_what_a_real_one_would(
    directory: Path, refusal: Refusal, work: Callable[[Path], None]
) -> None:
    replace_file(directory / "file", OLD)
    Slots(directory / "slots").write(OLD)
    refuse(directory, refusal)
    # A full disk takes what needs no new block.
    if refusal is Refusal.NEW_BLOCKS and work in (_overwrite, _set_aside):
        work(directory)
    else:
        with pytest.raises(StoreError):
            work(directory)
        assert read_file(directory / "file") == OLD
    refuse(directory, None)
    _replace(directory)
    _overwrite(directory)
    assert read_file(directory / "file") == NEW


def test_a_read_only_disk_refuses_to_open_for_writing(directory: Path) -> None:
    Slots(directory / "slots").write(OLD)
    refuse(directory, Refusal.NEW_BLOCKS)
    assert Slots(directory / "slots").newest() == OLD
    refuse(directory, Refusal.ALL)
    with pytest.raises(StoreError):
        Slots(directory / "slots").newest()


@pytest.mark.parametrize("refusal", Refusal)
def test_an_open_store_of_sessions_is_refused_and_goes_on_afterwards(
    directory: Path, refusal: Refusal
) -> None:
    store = SessionStore(directory / "sessions.sqlite", print)
    store.save(entry("a"))
    refuse(directory, refusal)
    with pytest.raises(StoreError, match=r"sessions\.sqlite"):
        store.save(entry("b"))
    with pytest.raises(StoreError, match=r"sessions\.sqlite"):
        store.prove()
    assert [each.session_id for each in store.records(10)] == ["a"]
    refuse(directory, None)
    store.prove()
    store.save(entry("b"))
    assert [each.session_id for each in store.records(10)] == ["b", "a"]
    store.close()


def test_only_the_directory_that_was_named_refuses(directory: Path) -> None:
    refuse(directory, Refusal.ALL)
    check_write(directory / "other" / "file")
    with pytest.raises(OSError, match="Read-only") as caught:
        check_write(directory / "file")
    assert caught.value.errno == errno.EROFS

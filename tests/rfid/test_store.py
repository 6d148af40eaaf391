"""Where the list is kept, and what it is at the first start."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.generations import decoder, encode, previous_of, value_of, write_generations
from bus.store import StoreError, mark_of
from msgs.label import LABEL_FILE
from msgs.rfid import CardList
from msgs.stored import Stored
from nodes.rfid.cards import Cards, with_user
from nodes.rfid.store import CARDS_FILE, load, save
from tests.disk import full_disk
from tests.rfid.conftest import CARDS, LABEL, NEW


class Disk:
    """A state directory with a label, and what was logged about it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / CARDS_FILE
        self.lines: list[tuple[str, str]] = []
        write_generations(directory / LABEL_FILE, LABEL, lowers=True)

    def load(self) -> Cards:
        return self.find()[0]

    def find(self) -> tuple[Cards, Stored]:
        return load(self.directory, lambda level, text: self.lines.append((level, text)))

    @property
    def previous(self) -> Path:
        return previous_of(self.file)

    def stored(self) -> Cards:
        return msgspec.json.decode(self.file.read_bytes(), type=CardList).cards


def remove_label(disk: Disk) -> None:
    label = disk.directory / LABEL_FILE
    for each in (label, previous_of(label), mark_of(label)):
        each.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.mark.req("RFID-1")
def test_the_first_start_takes_the_cards_of_the_label_and_stores_them(disk: Disk) -> None:
    assert disk.load() == CARDS
    assert disk.stored() == CARDS
    remove_label(disk)
    assert disk.load() == CARDS
    assert disk.lines == []


@pytest.mark.req("PAN-3")
def test_a_list_that_was_erased_stays_empty(disk: Disk) -> None:
    disk.load()
    save(disk.directory, (), lowers=True)
    assert disk.load() == () == disk.load()
    assert disk.lines == []


DAMAGED = [b"", b"{", b'{"cards": 7}', b"\xff\x00", b'{"cards": []}', encode(LABEL, LABEL_FILE)]


@pytest.mark.parametrize("content", DAMAGED)
def test_of_a_damaged_list_the_one_before_it_counts_until_one_is_stored(
    disk: Disk, content: bytes
) -> None:
    disk.load()
    save(disk.directory, with_user(CARDS, NEW), lowers=False)
    disk.file.write_bytes(content)
    for _ in range(2):
        assert disk.find() == (CARDS, Stored.PREVIOUS)
    assert {level for level, _ in disk.lines} == {"error"}
    save(disk.directory, CARDS, lowers=True)
    assert disk.find() == (CARDS, Stored.CURRENT)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_list_of_which_nothing_is_known_is_empty_until_one_is_stored(
    disk: Disk, content: bytes
) -> None:
    disk.load()
    disk.file.write_bytes(content)
    disk.previous.write_bytes(content)
    for _ in range(2):
        assert disk.find() == ((), Stored.LOST)
    assert {level for level, _ in disk.lines} == {"error"}
    assert "new master" in disk.lines[-1][1]
    save(disk.directory, (), lowers=True)
    assert disk.find() == ((), Stored.CURRENT)


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("content", DAMAGED)
def test_no_erased_card_comes_back_from_either_generation(disk: Disk, content: bytes) -> None:
    disk.load()
    save(disk.directory, (), lowers=True)
    disk.previous.write_bytes(content)
    assert disk.find() == ((), Stored.CURRENT)
    disk.file.write_bytes(content)
    assert disk.find() == ((), Stored.PREVIOUS)
    disk.previous.write_bytes(content)
    assert disk.find() == ((), Stored.LOST)


@pytest.mark.req("RFID-1")
def test_a_list_that_is_gone_is_not_that_of_the_label_again(disk: Disk) -> None:
    disk.load()
    save(disk.directory, (), lowers=True)
    disk.file.unlink()
    disk.previous.unlink()
    for _ in range(2):
        assert disk.find() == ((), Stored.LOST)


def test_a_new_box_whose_disk_is_full_has_the_cards_of_its_label_and_says_so(disk: Disk) -> None:
    with full_disk():
        assert disk.find() == (CARDS, Stored.CURRENT)
    assert [level for level, _ in disk.lines] == ["error"]
    assert "it is not stored" in disk.lines[0][1]
    assert disk.load() == CARDS == disk.stored()


def test_a_directory_in_place_of_the_list_is_damage(disk: Disk) -> None:
    disk.load()
    for file, known in ((disk.file, (CARDS, Stored.PREVIOUS)), (disk.previous, ((), Stored.LOST))):
        file.unlink()
        file.mkdir()
        assert disk.find() == known


def test_a_list_of_a_newer_version_is_read(disk: Disk) -> None:
    disk.load()
    newer = decoder(dict[str, Any])(value_of(disk.file.read_bytes(), CARDS_FILE))
    newer["version"] = 2
    newer["cards"][0]["expires"] = "2030"
    disk.file.write_bytes(encode(newer, CARDS_FILE))
    assert disk.load() == CARDS


def test_a_box_without_a_label_has_no_card_until_it_has_one(disk: Disk) -> None:
    remove_label(disk)
    assert disk.load() == ()
    assert [level for level, _ in disk.lines] == ["warning"]
    assert not disk.file.exists()
    write_generations(disk.directory / LABEL_FILE, LABEL, lowers=True)
    assert disk.load() == CARDS


def test_a_label_that_cannot_be_read_stops_the_start_and_is_left_alone(disk: Disk) -> None:
    label = disk.directory / LABEL_FILE
    for each in (label, previous_of(label)):
        each.write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"label\.json cannot be understood"):
        disk.load()
    assert label.read_bytes() == b"{}"
    assert not disk.file.exists()

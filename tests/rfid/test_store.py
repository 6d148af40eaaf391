"""Where the list is kept, and what it is at the first start."""

from pathlib import Path

import msgspec
import pytest

from bus.store import StoreError, write_struct
from msgs.label import LABEL_FILE
from msgs.rfid import CardList
from nodes.rfid.cards import Cards
from nodes.rfid.store import CARDS_FILE, load, save
from tests.rfid.conftest import CARDS, LABEL


class Disk:
    """A state directory with a label, and what was logged about it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / CARDS_FILE
        self.lines: list[tuple[str, str]] = []
        write_struct(directory / LABEL_FILE, LABEL)

    def load(self) -> Cards:
        return load(self.directory, lambda level, text: self.lines.append((level, text)))

    def stored(self) -> Cards:
        return msgspec.json.decode(self.file.read_bytes(), type=CardList).cards


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.mark.req("RFID-1")
def test_the_first_start_takes_the_cards_of_the_label_and_stores_them(disk: Disk) -> None:
    assert disk.load() == CARDS
    assert disk.stored() == CARDS
    (disk.directory / LABEL_FILE).unlink()
    assert disk.load() == CARDS
    assert disk.lines == []


@pytest.mark.req("PAN-3")
def test_a_list_that_was_erased_stays_empty(disk: Disk) -> None:
    disk.load()
    save(disk.directory, ())
    assert disk.load() == () == disk.load()
    assert disk.lines == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"cards": 7}', b"\xff\x00"])
def test_a_damaged_list_is_empty_at_this_start_and_each_later_one(
    disk: Disk, content: bytes
) -> None:
    disk.load()
    disk.file.write_bytes(content)
    assert disk.load() == ()
    assert {level for level, _ in disk.lines} == {"error"}
    assert "new master" in disk.lines[-1][1]
    assert disk.load() == () == disk.stored()


def test_power_lost_while_a_damaged_list_is_set_aside_brings_no_supplied_card_back(
    disk: Disk,
) -> None:
    disk.load()
    disk.file.write_bytes(b"{")
    disk.load()
    disk.file.unlink()  # as if the empty list had never been written
    assert disk.load() == ()


def test_a_list_of_a_newer_version_is_read(disk: Disk) -> None:
    disk.load()
    newer = msgspec.json.decode(disk.file.read_bytes())
    newer["version"] = 2
    newer["cards"][0]["expires"] = "2030"
    disk.file.write_bytes(msgspec.json.encode(newer))
    assert disk.load() == CARDS


def test_a_box_without_a_label_has_no_card_until_it_has_one(disk: Disk) -> None:
    (disk.directory / LABEL_FILE).unlink()
    assert disk.load() == ()
    assert [level for level, _ in disk.lines] == ["warning"]
    assert not disk.file.exists()
    write_struct(disk.directory / LABEL_FILE, LABEL)
    assert disk.load() == CARDS


def test_a_label_that_cannot_be_read_stops_the_start_and_is_left_alone(disk: Disk) -> None:
    label = disk.directory / LABEL_FILE
    label.write_bytes(b"{}")
    with pytest.raises(StoreError, match=r"label\.json cannot be understood"):
        disk.load()
    assert label.read_bytes() == b"{}"
    assert not disk.file.exists()

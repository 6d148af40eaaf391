"""The stored list of cards: two generations of cards.json. All calls block on the disk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bus.generations import (
    examine,
    read_and_repair,
    read_valid_or_raise,
    try_to_write_generations,
    write_generations,
)
from msgs.label import LABEL_FILE, Label
from msgs.rfid import CardList
from msgs.stored import Stored
from nodes.rfid.cards import Cards, supplied

CARDS_FILE = "cards.json"

Log = Callable[[str, str], None]  # level, text


examine(CardList, Label)


def load(directory: Path, log: Log) -> tuple[Cards, Stored]:
    """Return the list of cards; at the first start of a box that of the label, stored (RFID-1).

    A stored list is never replaced by the label's, even if it is empty or unreadable: a card that
    was stolen and erased would authorise again. If the newest generation is damaged the previous
    one counts; it has no erased card. If none can be read, the list is empty, no card authorises,
    and the window for a new master opens (RFID-9; assumed) at each start until a list is stored.
    A box without a label is not provisioned yet: its list is empty until it is.

    :raises StoreError: the label cannot be read.
    """
    path, warn = directory / CARDS_FILE, partial(log, "error")
    found = read_and_repair(path, CardList, warn)
    if found.value is not None:
        return found.value.cards, found.stored
    if found.stored is Stored.LOST:
        log("error", f"{path} is lost: the list is empty; a new master can be taught")
        return (), Stored.LOST
    label = read_valid_or_raise(
        directory / LABEL_FILE, Label
    )  # system's file: only system sets it aside
    if label is None:
        log("warning", f"there is no {directory / LABEL_FILE}: no card is stored")
        return (), Stored.CURRENT
    cards = supplied(label.rfid)
    try_to_write_generations(path, CardList(cards=cards), warn, lowers=True)
    return cards, Stored.CURRENT


def save(directory: Path, cards: Cards, *, lowers: bool) -> None:
    """Replace the list; on return the new one is on the disk.

    :param lowers: see `bus.generations.write_generations`.
    :raises StoreError: it cannot be written.
    """
    write_generations(directory / CARDS_FILE, CardList(cards=cards), lowers=lowers)

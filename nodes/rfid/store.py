"""Where the list of cards is kept: cards.json in the state directory. It waits for a disk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bus.store import read_kept, read_struct, write_struct
from msgs.label import LABEL_FILE, Label
from msgs.rfid import CardList
from nodes.rfid.cards import Cards, supplied

CARDS_FILE = "cards.json"

Log = Callable[[str, str], None]  # level, text


def load(directory: Path, log: Log) -> Cards:
    """Return the list of cards; at the first start ever that of the label, stored at once (RFID-1).

    A list that exists is never replaced by the label's, also when it is empty, and also when it
    cannot be read any more: a card that was stolen and erased would open the box again. Then the
    list is empty, nobody is authorised, and the window for a new master opens (RFID-9; ours).
    A box without a label is not provisioned yet: its list is empty until it is.

    :raises StoreError: the list, or the label, is there and cannot be read; the list cannot be
        written.
    """
    path = directory / CARDS_FILE
    kept = read_struct(path, CardList, partial(log, "error"))
    if kept is not None:
        return kept.cards
    if any(directory.glob(f"{CARDS_FILE}.broken-*")):
        log("error", f"{path} is lost: no card is stored any more; a new master can be taught")
        save(directory, ())
        return ()
    label = read_kept(directory / LABEL_FILE, Label)  # system's own: not ours to set aside
    if label is None:
        log("warning", f"there is no {directory / LABEL_FILE}: no card is stored")
        return ()
    cards = supplied(label.rfid)
    save(directory, cards)
    return cards


def save(directory: Path, cards: Cards) -> None:
    """Replace the list. When this returns, the new one is on the disk.

    :raises StoreError: it cannot be written.
    """
    write_struct(directory / CARDS_FILE, CardList(cards=cards))

"""The label's files, made only at the first start of a box."""

from pathlib import Path

from bus import PlaceError
from bus.generations import (
    examine,
    read_and_repair,
    read_valid_or_raise,
    try_to_write_generations,
    write_generations,
)
from bus.store import StoreError, Warn
from msgs.label import LABEL_FILE, Label
from msgs.stored import Stored
from nodes.system.provision import Randomness, provision

examine(Label)


def own_label(state_dir: Path, randomness: Randomness, warn: Warn) -> Label:
    """Return the label of the box that a state directory belongs to; make that of a new box.

    After a power cut there is no label, and the next start makes another, or there is the whole
    one. It is stored twice; a damaged copy is set aside and replaced by the other, if the disk
    takes it. If neither can be read, no new one is made: it would not match what is printed on the
    box.

    :raises PlaceError: it can neither be read nor made.
    """
    path = state_dir / LABEL_FILE
    try:
        label = read_valid_or_raise(path, Label)
        if label is None:
            label = provision(randomness)
            write_generations(path, label, lowers=True)
        elif read_and_repair(path, Label, warn).stored is Stored.PREVIOUS:
            try_to_write_generations(path, label, warn, lowers=True)
    except StoreError as error:
        raise PlaceError(
            f"the label: {error}; expected the file of the first start (or a copy of it), or "
            "none in a new box, which makes its own"
        ) from error
    return label

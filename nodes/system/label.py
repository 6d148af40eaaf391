"""The label's files: made at the first start of a box, and never again."""

from pathlib import Path

from bus import PlaceError
from bus.generations import keep, read_kept, recall
from bus.store import StoreError, Tell
from msgs.label import LABEL_FILE, Label
from msgs.stored import Stored
from nodes.system.provision import Randomness, provision


def own_label(state_dir: Path, randomness: Randomness, tell: Tell) -> Label:
    """Return the label of the box that a state directory belongs to; a new box gets its own.

    A power cut leaves no label, and the next start makes another, or the whole one. It is stored
    twice; a damaged one is set aside and replaced by the other. If neither can be understood, none
    is made anew: what is printed on the box would be false.

    :raises PlaceError: it can neither be read nor made.
    """
    path = state_dir / LABEL_FILE
    try:
        label = read_kept(path, Label)
        if label is None:
            label = provision(randomness)
            keep(path, label, lowers=True)
        elif recall(path, Label, tell).stored is Stored.PREVIOUS:
            keep(path, label, lowers=True)
    except StoreError as error:
        raise PlaceError(
            f"the label: {error}; expected the file as it was made at the first start (a copy of "
            "it will do), or none in a new box, which makes its own"
        ) from error
    return label

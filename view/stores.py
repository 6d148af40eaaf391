"""Stored files that are damaged, and a disk that takes nothing, as text. Pure."""

from msgs.stored import Stored
from view.silence import NodeTrouble
from view.snapshot import Snapshot

SETTINGS = {
    Stored.PREVIOUS: "the newest settings cannot be read, and those before them apply; check them, "
    "and save one to confirm them",
    Stored.LOST: "the settings cannot be read: a card is required, the house meter counts as lost, "
    "and 6 A at most are offered; set them again",
}
CARDS = {
    Stored.PREVIOUS: "the newest list of cards cannot be read, and the one before it applies: the "
    "card stored last may be missing; store or rename a card to confirm the list",
    Stored.LOST: "the list of cards cannot be read, so no card is in it; restart the box and "
    "present the new master card within 60 s",
}
ACCOUNT = "The stored password cannot be read, so none is right: use the recovery key on the label."


def stores(snapshot: Snapshot) -> tuple[NodeTrouble, ...]:
    """Return what was lost of the stored files, and what is not stored now."""
    settings, rfid = snapshot.settings.message, snapshot.rfid.fresh
    session = snapshot.session.fresh
    words = {
        snapshot.settings.node: "" if settings is None else SETTINGS.get(settings.stored, ""),
        snapshot.rfid.node: "" if rfid is None else CARDS.get(rfid.stored, ""),
        snapshot.session.node: (
            f"sessions are not recorded: {session.unrecorded}"
            if session is not None and session.unrecorded
            else ""
        ),
    }
    return tuple(NodeTrouble(node=node, words=each) for node, each in words.items() if each)

"""Damaged files, a disk that takes nothing, and what the safety record warns of, as text. Pure."""

from msgs.session import SessionStatus
from msgs.settings import Settings
from msgs.stored import Stored
from msgs.topics import SAFETY_EVIDENCE
from view.safety_record import record_warnings
from view.silence import NodeTrouble
from view.snapshot import Snapshot

PREVIOUS_SETTINGS = (
    "the newest settings cannot be read, and those before them apply; check them, and save one to "
    "confirm them"
)
UNTIL_SET = {
    "authorization.required": "a card is required",
    "monitoring.enabled": "the house meter counts as lost",
    "main_fuse_a": "the main fuse counts as one of 6 A",
    "external_input.limit_a": "the charge pauses while the contact at the external input is open",
}
"""What holds while a setting is lost, by its key."""
CARDS = {
    Stored.PREVIOUS: "the newest list of cards cannot be read, and the one before it applies: the "
    "card stored last may be missing; store or rename a card to confirm the list",
    Stored.LOST: "the list of cards cannot be read, so no card is in it; restart the box and "
    "present the new master card within 60 s",
}
RETRIED = (
    "The box tries again every few seconds; if it stays so, restart the box, and then call the "
    "service"
)
ACCOUNT = "The stored password cannot be read, so none is right: use the recovery key on the label."


def settings_words(settings: Settings) -> str:
    """Return what is to be known about stored settings that could not be read; "": nothing."""
    match settings.stored:
        case Stored.CURRENT:
            return ""
        case Stored.PREVIOUS:
            return PREVIOUS_SETTINGS
        case Stored.LOST:
            until = [each for key, each in UNTIL_SET.items() if key in settings.lost]
            meanwhile = f"; until then {', '.join(until)}" if until else ""
            return f"the stored settings could not be read; set each of them again{meanwhile}"


def unrecorded_words(session: SessionStatus) -> str:
    """Return what follows while no session is stored, and what to do; "": they are."""
    if not session.unrecorded:
        return ""
    follows = (
        "no car is charged until they are"
        if session.authorization_required
        else "cars are charged, and what they take is not in the list of sessions"
    )
    return f"charges are not recorded: {session.unrecorded}; {follows}. {RETRIED}"


def stores(snapshot: Snapshot) -> tuple[NodeTrouble, ...]:
    """Return what was lost of the stored files, what is not stored now, and what wears out."""
    settings, rfid = snapshot.settings.message, snapshot.rfid.fresh
    session = snapshot.session.fresh
    words = {
        snapshot.settings.node: "" if settings is None else settings_words(settings),
        snapshot.rfid.node: "" if rfid is None else CARDS.get(rfid.stored, ""),
        snapshot.session.node: "" if session is None else unrecorded_words(session),
    }
    record = snapshot.record.message
    warned = () if record is None else record_warnings(record)
    return (
        *(NodeTrouble(node=node, words=each) for node, each in words.items() if each),
        *(NodeTrouble(node=SAFETY_EVIDENCE.writer, words=each) for each in warned),
    )

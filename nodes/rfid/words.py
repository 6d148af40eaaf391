"""The texts for a person: of outcomes and refusals. Pure. Nothing is decided by them."""

from bus import Answer
from msgs.session import Authorized
from nodes.rfid.cards import MOST_CARDS
from nodes.rfid.outcome import Outcome, Refused, Result

MOST_TEXT = 400  # msgs.units.Text

OUTCOMES: dict[Result, str] = {
    Result.NONE: "",
    Result.RELEASED: "Authorised: plug the vehicle in.",
    Result.STARTED: "Authorised: the vehicle may charge.",
    Result.LOGGED_OFF: "Logged off.",
    Result.NOT_LISTED: "This card is not in the list.",
    Result.MASTER_AWAITED: "There is no master card: the first card held within 60 s becomes it.",
    Result.MASTER_MISSED: "There is no master card; the next start waits for one again.",
    Result.MASTER_HELD: "Hold a new card within 5 s to store it; without one the master "
    "authorises.",
    Result.NEW_HELD: "Hold the master again within 5 s to store the new card.",
    Result.TOO_LATE: "The master was not held again in time; nothing was stored.",
    Result.OTHER_CARD: "This is not the master that began; nothing was stored.",
    Result.KNOWN: "This card is stored already; nothing was stored.",
    Result.LIST_FULL: f"The list is full: {MOST_CARDS} cards are stored; nothing was stored.",
    Result.RANDOM_UID: "This card has another number each time; nothing was stored.",
    Result.PLUG_UNKNOWN: "It is not known whether a vehicle is plugged in; nothing was stored.",
    Result.PLUGGED: "Unplug the vehicle first; nothing was stored.",
    Result.READER_SILENT: "The card reader does not answer; nothing was stored.",
    Result.BUSY: "The card before is still being judged; hold this one again.",
    Result.UNREADABLE: "This card cannot be read.",
    Result.SEVERAL: "Hold one card at a time.",
    Result.STORING: "The list of cards is being stored.",
    Result.MASTER_STORED: "This is the master card now.",
    Result.ERASED: "Every card is erased, the master included.",
}


def detail(outcome: Outcome) -> str:
    """Return what became of the last card, or of the list."""
    match outcome.result:
        case Result.NOT_AUTHORISED:
            text = outcome.said
        case Result.NOT_STORED:
            text = f"Nothing was stored: {outcome.said}"
        case Result.USER_STORED:
            text = f"Stored: {outcome.name}."
        case Result.RENAMED:
            text = f"Card {outcome.uid} is called {outcome.name}."
        case _:
            text = OUTCOMES[outcome.result]
    return text[:MOST_TEXT]


def answered(answer: Answer[Authorized]) -> str:
    """Return why session has not authorised."""
    return answer.reason or f"Not authorised: {answer.status}."


def refusal(refused: Refused, uid: str) -> str:
    """Return why a request does not change the list; `uid`: of the card that it names."""
    match refused:
        case Refused.UNKNOWN:
            return f"There is no card {uid.upper()!r} in the list."
        case Refused.NAME:
            return "A name has at least one letter, and no control characters."
        case Refused.BUSY:
            return "Other changes of the list wait for the disk; ask again."

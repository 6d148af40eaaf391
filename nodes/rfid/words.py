"""The texts for persons: of results and refusals. Pure. No decision uses them."""

from bus import Answer
from msgs.card import short_name
from msgs.dcs import CardDecision
from msgs.session import Authorized
from msgs.units import MOST_TEXT
from nodes.rfid.cards import MOST_CARDS
from nodes.rfid.outcome import CardOutcome, CardResult, Naming, Refused

SERVICE_REFUSES = "The charging service refuses this card."

OUTCOMES: dict[CardResult, str] = {
    CardResult.NONE: "",
    CardResult.RELEASED: "Authorised: plug the vehicle in.",
    CardResult.STARTED: "Authorised: the vehicle may charge.",
    CardResult.LOGGED_OFF: "Logged off.",
    CardResult.SERVICE_ASKED: "The charging service is being asked.",
    CardResult.NOT_LISTED: "This card is not in the list.",
    CardResult.MASTER_AWAITED: "There is no master card: the first card presented within 60 s "
    "becomes it.",
    CardResult.MASTER_BLOCKED: "There is no master card: unplug the vehicle; then the first card "
    "presented within 60 s becomes it.",
    CardResult.MASTER_MISSED: "There is no master card; the next start waits for one again.",
    CardResult.MASTER_PRESENTED: "Present a new card within 5 s to store it; without one the "
    "master authorises.",
    CardResult.NEW_PRESENTED: "Present the master again within 5 s to store the new card.",
    CardResult.TOO_LATE: "The master was not presented again in time; nothing was stored.",
    CardResult.OTHER_CARD: "This is not the master that began; nothing was stored.",
    CardResult.KNOWN: "This card is stored already; nothing was stored.",
    CardResult.LIST_FULL: f"The list is full: {MOST_CARDS} cards are stored; nothing was stored.",
    CardResult.RANDOM_UID: "This card changes its number each time; nothing was stored.",
    CardResult.PLUG_UNKNOWN: "It is not known whether a vehicle is plugged in; nothing was stored.",
    CardResult.PLUGGED: "Unplug the vehicle first; nothing was stored.",
    CardResult.READER_SILENT: "The card reader does not answer; nothing was stored.",
    CardResult.BUSY: "The previous card is still being processed; present this one again.",
    CardResult.UNREADABLE: "This card cannot be read.",
    CardResult.SEVERAL: "Present one card at a time.",
    CardResult.STORING: "The list of cards is being stored.",
    CardResult.MASTER_STORED: "This is the master card now.",
    CardResult.ERASED: "Every card is erased, the master included.",
}


def detail(outcome: CardOutcome) -> str:
    """Return the result of the last card, or of a change of the list."""
    match outcome.result:
        case CardResult.NOT_AUTHORISED:
            text = outcome.said
        case CardResult.NOT_STORED:
            text = f"Nothing was stored: {outcome.said}"
        case CardResult.USER_STORED:
            text = f"Stored: {outcome.name}."
        case CardResult.RENAMED:
            text = f"{short_name(outcome.uid)} is called {outcome.name}."
        case CardResult.REMOVED:
            text = f"{outcome.name or short_name(outcome.uid)} is removed from the list."
        case _:
            text = OUTCOMES[outcome.result]
    return text[:MOST_TEXT]


def not_authorised(answer: Answer[Authorized] | Answer[CardDecision]) -> str:
    """Return why session or dcs has not authorised."""
    return answer.reason or f"Not authorised: {answer.status}."


def naming(named: Naming, detail: str) -> str:
    """Return why a card that a controller has named does not authorise."""
    match named:
        case Naming.NOT_LISTED:
            return "The card is not in the list."
        case Naming.TEACHING:
            return "Cards are being taught: try again."
        case Naming.BUSY:
            return "Another card is being processed: try again."
        case _:
            return detail or "The card is not authorised."


def refusal(refused: Refused, uid: str) -> str:
    """Return why a request does not change the list; `uid`: of the card that it names."""
    match refused:
        case Refused.UNKNOWN:
            return f"There is no card {uid.upper()!r} in the list."
        case Refused.MASTER:
            return "The master card is erased by the service key only, with every other card."
        case Refused.NAME:
            return "A name has at least one letter or sign, and no characters that cannot be seen."
        case Refused.RENAMED:
            return "The card has been renamed meanwhile. Look at its name, and rename it again."
        case Refused.BUSY:
            return "Other changes of the list wait for the disk; ask again."

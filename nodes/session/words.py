"""The texts for persons: of the state, of refusals, for the log. Pure.

No decision uses them.
"""

from datetime import UTC, datetime

from msgs.load_manager import LoadOffer
from msgs.method import TOOL_PREFIX
from msgs.requests import WishArguments
from msgs.rfid import RfidMode
from msgs.safety import SafetyStatus
from msgs.state_reason import StateReason, Wait
from msgs.units import MOST_TEXT
from nodes.session import start_deadline
from nodes.session.reasons import CardAnswer, CardRefusal, EndRefusal, NotCharged, Over, Resumption
from nodes.session.states import StateInputs
from nodes.session.suspension import Suspension

NOT_KNOWN = "It is not known yet whether a card is needed: nothing is heard from system."
NO_METER = "Nothing is heard from the box's own meter: a session cannot begin."

WISH_LOST = "the stored wish cannot be read; this limit is valid until the next wish"

NOT_CHARGED: dict[NotCharged, str] = {
    NotCharged.NO_MAINS: "The box has no mains.",
    NotCharged.COMMISSIONING: "Commissioning (DSW2.8): vehicles are not charged.",
    NotCharged.SHOWROOM: "Showroom mode: vehicles are not charged.",
}

WAITS: dict[Wait, str] = {
    Wait.STOP: "The wallbox is being stopped.",
    Wait.SETTINGS: NOT_KNOWN,
    Wait.CARD: "Authorisation is required: present a card to the reader.",
    Wait.PLUG: f"Authorised; plug the vehicle in within {start_deadline.LAPSE_S:.0f} s.",
    Wait.METER: NO_METER,
    Wait.END: "The session is being ended.",
    Wait.PLUG_OUT: "The plug is out.",
    Wait.PLUG_UNSEEN: "It is not known yet whether the vehicle is still plugged in.",
    Wait.CLOCK: "It is not known yet how long the box had no mains.",
    Wait.DISK: "The session is being stored.",
}

CALLERS = {"web": "the page", "dcs": "the charging service"}

REFUSALS: dict[CardRefusal, str] = {
    CardRefusal.CARD_NEEDED: "A card is required: present it to the reader.",
    CardRefusal.RUNS: "A session is running.",
    CardRefusal.NOT_PLUGGED: "No vehicle is plugged in.",
    CardRefusal.SWITCHED_OFF: "No card is needed: authorisation is switched off.",
    CardRefusal.OTHER_RELEASED: "Another card has authorised; it can log off, or its "
    "authorisation lapses.",
    CardRefusal.OTHER_BEGAN: "Another card has begun the session; only that card ends it.",
    CardRefusal.PLUG_BEGAN: "The session began without a card; no card ends it.",
    CardRefusal.ENDING: "The session is being ended.",
    CardRefusal.ENDED_BY_FAULT: "The charge was ended by a fault; unplug the vehicle to begin "
    "again.",
    CardRefusal.NOT_STORED: "The box cannot store sessions: no card authorises until it can.",
    CardRefusal.STOP: "The wallbox is being stopped; present the card again later.",
    CardRefusal.SESSION_UNKNOWN: "It is not known yet whether the session goes on; ask again.",
    CardRefusal.SETTINGS_UNKNOWN: NOT_KNOWN,
    CardRefusal.SAFETY_SILENT: "Nothing is heard from safety; present the card again.",
    CardRefusal.PLUG_UNKNOWN: "It is not known yet whether a vehicle is plugged in; present "
    "the card again.",
    CardRefusal.METER_SILENT: NO_METER,
}

END_REFUSALS: dict[EndRefusal, str] = {
    EndRefusal.UNKNOWN: "It is not known yet whether the session goes on; ask again.",
    EndRefusal.NONE_RUNS: "No session is running.",
}

# The states of a session that starts again, until energy flows.
_RENEWED = frozenset(
    {
        StateReason.WAKING,
        StateReason.SELF_TEST,
        StateReason.VEHICLE,
        StateReason.OFFER_HELD,
        StateReason.OFFER_SILENT,
    }
)

_OVER = {
    Resumption.STOPPED: "the box was stopped in order since, or session was away too long",
    Resumption.TOO_OLD: "the box had no mains for too long",
    Resumption.UNKNOWN: "it is not known for how long the box had no mains",
    Resumption.REFUSED: "it cannot be stored again",
}

_LEARNING = {  # what the next card is for
    RfidMode.NEW_CARD: "The master card was presented: present the new card within 5 s.",
    RfidMode.CONFIRM: "Present the master card again within 5 s, to store the new card.",
    RfidMode.MASTER: "There is no master card: the first card presented becomes it.",
    RfidMode.READY: "",
}
_LEARNING_PLUGGED = (
    "There is no master card: unplug the vehicle; then the first card presented becomes it."
)


def refusal(answer: CardAnswer) -> str:
    """Return why a card changes nothing; "" if it changes something."""
    match answer.refusal:
        case None:
            return ""
        case CardRefusal.NOT_CHARGED:
            if answer.not_charged is None or answer.not_charged is NotCharged.FAULT:
                return f"A fault is raised ({', '.join(answer.codes)}): vehicles are not charged."
            return NOT_CHARGED[answer.not_charged]
        case _:
            return REFUSALS[answer.refusal]


def reason(because: StateReason, inputs: StateInputs) -> str:
    """Return why the wallbox is in its state.

    The card of a session that starts again without being presented again is named first.
    """
    text = _reason(because, inputs)
    if inputs.renews and inputs.card_name and because in _RENEWED:
        text = f"The session goes on, authorised by {inputs.card_name}. {text}"
    return text[:MOST_TEXT]


def how_long(asked: WishArguments) -> str:
    """Return how long the app's wish holds."""
    if asked.until_replaced:
        return "until it is replaced"
    if asked.until_utc_ns is not None:
        until = datetime.fromtimestamp(asked.until_utc_ns / 1e9, UTC)
        return f"until {until:%Y-%m-%d %H:%M:%S} UTC"
    if asked.for_s is not None:
        return f"for {asked.for_s:g} s"
    return "for one charge"


def asker(name: str) -> str:
    """Return who has asked, by the name on the bus."""
    return "the command line" if name.startswith(TOOL_PREFIX) else CALLERS.get(name, name)


def recording(problem: str | None) -> str:
    """Return the log line of a disk that takes no session any more, or takes them again."""
    return "sessions are recorded again" if problem is None else f"not recorded: {problem}"


def end_not_stored(problem: str) -> str:
    """Return the answer to a request whose end of a session is not on the disk."""
    return f"The charge is stopped, but this could not be stored: {problem}"[:MOST_TEXT]


def not_stored(problem: str) -> str:
    """Return the answer to a request whose session is not on the disk."""
    return f"The session could not be stored: {problem}"[:MOST_TEXT]


def not_read(problem: str) -> str:
    """Return the answer to a request for stored sessions that cannot be read."""
    return f"The sessions cannot be read: {problem}."


def over(ended: Over) -> str:
    """Return the log line of a session that does not go on."""
    return f"session {ended.session_id} does not go on: {_OVER[ended.why]}"


def _reason(because: StateReason, inputs: StateInputs) -> str:
    match because:
        case StateReason.SAFETY_SILENT:
            return "Nothing is heard from safety: no current."
        case StateReason.NO_MAINS:
            goes_on = " The session goes on when they are back, if the vehicle is still plugged in."
            return f"The box has no mains.{goes_on if inputs.runs else ''}"
        case StateReason.FAULTS:
            return _faults(inputs.safety)
        case StateReason.COMMISSIONING:
            return NOT_CHARGED[NotCharged.COMMISSIONING]
        case StateReason.PILOT_SILENT:
            return "Nothing is heard from pilot: no current."
        case StateReason.NOT_STORED:
            return f"No vehicle is charged, as sessions cannot be stored: {inputs.problem}"
        case StateReason.LEARNING:
            is_blocked = inputs.rfid_mode is RfidMode.MASTER and inputs.plugged
            return _LEARNING_PLUGGED if is_blocked else _LEARNING[inputs.rfid_mode]
        case StateReason.EXPECTED:
            return _wait(inputs.expects, inputs.problem)
        case StateReason.READY:
            return "Ready; no vehicle is plugged in."
        case StateReason.SHOWROOM:
            return NOT_CHARGED[NotCharged.SHOWROOM]
        case StateReason.UNPROVEN:
            return f"No current: {_of_safety(inputs.safety, 'the contactor is not proven open')}."
        case StateReason.PILOT_LINE:
            cp_state = None if inputs.safety is None else inputs.safety.cp_state
            why = f"the control pilot is in state {cp_state}"
            return f"No current: {_of_safety(inputs.safety, why)}."
        case StateReason.LOGGED_OFF | StateReason.STOPPED | StateReason.ENDED_BY_FAULT:
            return "" if inputs.suspension is None else _suspended(inputs.suspension, inputs)
        case StateReason.WAITING:
            return _wait(inputs.waiting_for, inputs.problem)
        case StateReason.WAKING:
            return "The vehicle is being woken."
        case StateReason.OFFER_SILENT:
            return "Nothing is heard from load_manager: no current."
        case StateReason.OFFER_HELD:
            return _of_offer(inputs.offer, "Paused")
        case StateReason.SELF_TEST:
            return "Self-test; then the vehicle may start."
        case StateReason.VEHICLE:
            why = _of_safety(inputs.safety, "the vehicle does not ask for energy")
            return f"Not charging: {why}."
        case StateReason.REDUCED:
            return _of_offer(inputs.offer, "Reduced")
        case StateReason.CHARGING:
            offered_a = 0.0 if inputs.safety is None else inputs.safety.offered_a
            return _of_offer(inputs.offer, f"Up to {offered_a:.1f} A,")


def _wait(wait: Wait | None, problem: str) -> str:
    if wait is None:
        return ""
    if wait is Wait.DISK_REFUSES:
        return f"The session cannot be stored: {problem}"
    return WAITS[wait]


def _suspended(suspension: Suspension, inputs: StateInputs) -> str:
    """Return why this plug-in is not charged any more, and how to begin again."""
    if suspension.by_fault:
        return REFUSALS[CardRefusal.ENDED_BY_FAULT]
    by = f" ({suspension.because})" if suspension.because else ""
    if inputs.is_card_required and inputs.rfid_mode is RfidMode.MASTER:  # no card is stored
        begins = "unplug the vehicle to begin again"
    elif inputs.is_card_required:
        begins = "present a card, or unplug the vehicle, to begin again"
    else:
        begins = "start it again on the page or in the app, or unplug the vehicle"
    return f"The charge was stopped{by}; {begins}."


def _faults(safety: SafetyStatus | None) -> str:
    if safety is None:
        return ""
    words = [f"Fault {code}." for code in safety.faults]
    for record in safety.records:
        words += [f"{record.detail[:1].upper()}{record.detail[1:]}.", record.remedy]
    return " ".join(words)


def _of_safety(safety: SafetyStatus | None, else_words: str) -> str:
    return (safety.detail if safety is not None else "") or else_words


def _of_offer(offer: LoadOffer | None, else_words: str) -> str:
    if offer is None:
        return else_words
    return offer.detail or f"{else_words} by {offer.reason}."

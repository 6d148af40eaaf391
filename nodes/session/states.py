"""The wallbox's state, in the manual's nine words, from the nodes' facts (STA-1, STA-3).

One pure function, and the reason in plain words. What silence of a node means for current is
decided by pilot and safety; here it is only named.
"""

from msgspec import Struct

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.pilot import MIN_OFFER_A, CpState
from msgs.rfid import RfidMode
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import WallboxState
from nodes.session.faults import is_latched, is_passing

MOST_CHARACTERS = 400  # of msgs.units.Text

_LEARNING = {  # what the next card is for
    RfidMode.NEW_CARD: "The master card was held: hold the new card to the box within 5 s.",
    RfidMode.CONFIRM: "Hold the master card to the box again within 5 s, to store the new card.",
    RfidMode.MASTER: "There is no master card: the first card held to the box becomes it.",
}


class Facts(Struct, frozen=True, kw_only=True):
    """What the nodes say now. None: silent beyond its hold."""

    safety: SafetyStatus | None
    hears_pilot: bool
    is_waking: bool = False  # pilot wakes a vehicle that sleeps, through F and x1
    offer: LoadOffer | None
    plugged: bool
    authorized: bool
    held: str  # why this plug-in is not charged any more; "" if it may be
    waiting_for: str  # what a permission waits for; "" if for nothing
    expects: str = ""  # of a person, before a vehicle is plugged in
    runs: bool = False  # a session does
    is_blind: bool = False  # safety has proven nothing for too long, and a vehicle is plugged in
    rfid_mode: RfidMode = RfidMode.READY  # else cards are being learned (RFID-8, RFID-9)


def wallbox_state(facts: Facts) -> tuple[WallboxState, str]:
    """Return the state and why it is so; the first that applies."""
    state, reason = _state(facts)
    return state, reason[:MOST_CHARACTERS]


def _state(facts: Facts) -> tuple[WallboxState, str]:
    safety = facts.safety
    if safety is None:
        return WallboxState.RECOVER_FROM_ERROR, "Nothing is heard from safety: no current."
    if not safety.has_mains and not is_latched(safety):
        return WallboxState.RECOVER_FROM_ERROR, _dark_words(facts)
    if safety.faults:
        state = (
            WallboxState.RECOVER_FROM_ERROR
            if is_passing(safety)
            else WallboxState.UNRECOVERABLE_ERROR
        )
        return state, _fault_words(safety)
    if safety.commissioning:
        return WallboxState.SERVICE_MODE, "Commissioning (DSW2.8): vehicles are not charged."
    if not facts.hears_pilot:
        return WallboxState.RECOVER_FROM_ERROR, "Nothing is heard from pilot: no current."
    if facts.rfid_mode is not RfidMode.READY and not facts.runs:
        # While a session runs, a vehicle is what people look for; a box without cards charges too.
        return WallboxState.TOKEN_PROGRAMMING_MODE, _LEARNING[facts.rfid_mode]
    if not facts.plugged:
        expects = "" if safety.showroom else facts.expects
        return WallboxState.IDLE, expects or "Ready; no vehicle is plugged in."
    if safety.showroom:
        return WallboxState.READY_FOR_CHARGING, "Showroom mode: vehicles are not charged."
    if facts.is_blind:
        return WallboxState.RECOVER_FROM_ERROR, _no_current(safety, "safety proves nothing")
    if facts.runs and not facts.is_waking and safety.cp_state in (CpState.E, CpState.F):
        why = f"the control pilot is in state {safety.cp_state}"
        return WallboxState.RECOVER_FROM_ERROR, _no_current(safety, why)
    if facts.held:
        return WallboxState.SUSPENDED, facts.held
    if not facts.authorized:
        return WallboxState.READY_FOR_CHARGING, facts.waiting_for
    if facts.is_waking:
        return WallboxState.READY_FOR_CHARGING, "The vehicle is being woken."
    return _of_permitted(safety, facts.offer)


def _of_permitted(safety: SafetyStatus, offer: LoadOffer | None) -> tuple[WallboxState, str]:
    """Return the state of a car that is plugged in, authorised, and without a fault."""
    if offer is None:
        return WallboxState.SUSPENDED, "Nothing is heard from load_manager: no current."
    if offer.limit_a < MIN_OFFER_A:
        return WallboxState.SUSPENDED, offer.detail or f"Held by {offer.reason}."
    if (
        safety.contactor is not Contactor.CLOSED
        or safety.cp_state not in (CpState.C, CpState.D)
        or safety.offered_a < MIN_OFFER_A
    ):
        if safety.phase is SafetyPhase.SELF_TEST:
            return WallboxState.READY_FOR_CHARGING, "Self-test; then the vehicle may start."
        why = safety.detail or "the vehicle does not ask for energy"
        return WallboxState.READY_FOR_CHARGING, f"Not charging: {why}."
    is_derated = safety.limit_a < safety.installation_limit_a
    if is_derated or offer.house_meter is HouseMeter.LOST:
        return WallboxState.DEGRADED, offer.detail or f"Reduced by {offer.reason}."
    return (
        WallboxState.CHARGING,
        offer.detail or f"Up to {safety.offered_a:.1f} A, by {offer.reason}.",
    )


def _no_current(safety: SafetyStatus, why: str) -> str:
    return f"No current: {safety.detail or why}."


def _dark_words(facts: Facts) -> str:
    goes_on = " The session goes on when they are back, if the vehicle is still plugged in."
    return f"The box has no mains.{goes_on if facts.runs else ''}"


def _fault_words(safety: SafetyStatus) -> str:
    words = [f"Fault {code}." for code in safety.faults]
    for record in safety.records:
        words += [f"{record.detail[:1].upper()}{record.detail[1:]}.", record.remedy]
    return " ".join(words)

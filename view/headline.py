"""The state of the box as one headline for the person who wants to charge. Pure.

The newest truth comes first: what may be dangerous, what is silent, the mains, then the faults, and
then what session says. Nothing is invited that is not possible now.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer, amount_words
from msgs.pilot import CpState
from msgs.rfid import RfidMode, RfidStatus
from msgs.safety import FaultCode, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.state_reason import StateReason, Wait
from view.faults import faults, has_latched
from view.limits import source_name
from view.meters import online
from view.silence import silence
from view.snapshot import Snapshot

CHARGED_WH = 100.0  # assumed: in this session; a car that takes less has only tried


class HeadlineKind(StrEnum):
    """What a headline is about; each kind has its own colour and sign."""

    READY = "ready"  # nothing is needed, or the vehicle decides
    ACTION = "action"  # a person is needed
    WORKING = "working"  # the box is doing something for a moment
    CHARGING = "charging"
    PAUSED = "paused"
    REDUCED = "reduced"  # charging with less, as something is wrong
    FAULT = "fault"


class Headline(Struct, frozen=True, kw_only=True):
    """A headline, and what stands below it."""

    words: str  # without a full stop
    kind: HeadlineKind
    more: str = ""  # the reason, where nothing else on the page shows it
    detail: str = ""  # for the service: an error of the system


def _of(kind: HeadlineKind, words: str) -> Headline:
    return Headline(words=words, kind=kind)


_READY, _ACTION, _WORKING = HeadlineKind.READY, HeadlineKind.ACTION, HeadlineKind.WORKING
_PAUSED, _FAULT = HeadlineKind.PAUSED, HeadlineKind.FAULT

NO_SAFETY = _of(_FAULT, "The protection of the box does not answer")
NO_SESSION = _of(_FAULT, "The charge control does not answer")
NO_MAINS = _of(_FAULT, "The box has no mains")
SHOWROOM = _of(_PAUSED, "Showroom: cars are not charged")
SERVICE = _of(_PAUSED, "Service mode: cars are not charged")
STARTING = _of(_WORKING, "Starting")
STOPPING = _of(_WORKING, "Stopping")
AWAITED = _of(_READY, "Waiting for the car")
FULL = _of(_READY, "The car is full, or does not want to charge")
NO_READER = _of(_FAULT, "The card reader does not answer")
PRESENT_CARD = _of(_ACTION, "Present a card to the reader")
MASTER_WANTED = _of(_ACTION, "Present the card to become the master")
MASTER_BLOCKED = _of(_ACTION, "There is no master card: unplug the car")

_REASONS: dict[StateReason, Headline] = {
    StateReason.SAFETY_SILENT: NO_SAFETY,
    StateReason.NO_MAINS: NO_MAINS,
    StateReason.FAULTS: _of(_FAULT, "Stopped by a fault"),
    StateReason.COMMISSIONING: SERVICE,
    StateReason.PILOT_SILENT: _of(_FAULT, "The control of the car's signal does not answer"),
    StateReason.NOT_STORED: _of(_FAULT, "Locked: charges cannot be recorded"),
    StateReason.READY: _of(_READY, "Ready: plug the car in"),
    StateReason.SHOWROOM: SHOWROOM,
    StateReason.UNPROVEN: _of(_FAULT, "The contactor is not proven open"),
    StateReason.PILOT_LINE: _of(_FAULT, "No signal between box and car"),
    StateReason.LOGGED_OFF: _of(_PAUSED, "Stopped by the card"),
    StateReason.STOPPED: _of(_PAUSED, "Stopped"),
    StateReason.ENDED_BY_FAULT: _of(_FAULT, "Ended by a fault: unplug the car"),
    StateReason.WAKING: _of(_WORKING, "Waking the car"),
    StateReason.OFFER_SILENT: _of(_FAULT, "Paused: the load management does not answer"),
    StateReason.SELF_TEST: _of(_WORKING, "Self-test"),
    StateReason.CHARGING: _of(HeadlineKind.CHARGING, "Charging"),
}
"""The headlines that need no other fact."""

_WAITS: dict[Wait, Headline] = {
    Wait.STOP: _of(_WORKING, "The box is being stopped"),
    Wait.SETTINGS: _of(_WORKING, "Starting: the settings are not known yet"),
    Wait.PLUG: _of(_ACTION, "Plug the car in"),
    Wait.METER: _of(_FAULT, "The meter of the box does not answer"),
    Wait.END: STOPPING,
    Wait.PLUG_OUT: _of(_WORKING, "The plug is out"),
    Wait.PLUG_UNSEEN: _of(_WORKING, "Looking for the plug"),
    Wait.CLOCK: _of(_WORKING, "Waiting for the clock"),
    Wait.DISK_REFUSES: _of(_FAULT, "Locked: the charge cannot be recorded"),
    Wait.DISK: STARTING,
}

_NOT_RECORDED = (
    "The box cannot store what a car takes, so it does not charge. It tries again every few "
    "seconds. If that does not help, restart the box; if it stays, call the service."
)

_NO_ANSWER = (
    "No car is charged until it does. The box starts the part again by itself; if that does not "
    "help, restart the box, and call the service if it stays."
)
_PLAIN: tuple[tuple[Headline, str], ...] = (
    (_REASONS[StateReason.NOT_STORED], _NOT_RECORDED),
    (_WAITS[Wait.DISK_REFUSES], _NOT_RECORDED),
    (NO_SAFETY, _NO_ANSWER),
    (NO_SESSION, _NO_ANSWER),
    (NO_READER, _NO_ANSWER),
    (_REASONS[StateReason.PILOT_SILENT], _NO_ANSWER),
    (_REASONS[StateReason.OFFER_SILENT], _NO_ANSWER),
    (_WAITS[Wait.METER], _NO_ANSWER),
    (
        _REASONS[StateReason.UNPROVEN],
        "Do not touch plug or cable while this is shown: they may carry mains voltage. If it "
        "stays, switch off the mains of the box at its breaker, and call the service.",
    ),
    (
        _REASONS[StateReason.PILOT_LINE],
        "Pull the plug, and put it in again until it locks. If that does not help, try another "
        "cable; if it stays, call the service.",
    ),
)
"""What to do, for headlines whose reason has words of the box's inside: these are the detail."""

_NEWS_OF_HEADLINE: tuple[tuple[Headline, str], ...] = (
    (SHOWROOM, ""),
    (FULL, ""),
    (MASTER_WANTED, "There is no master card yet."),
    (MASTER_BLOCKED, "After that the first card that is presented becomes it."),
)
_NEWS: dict[StateReason | Wait, str] = {
    StateReason.READY: "",
    StateReason.COMMISSIONING: "DIP switch DSW2.8 is on.",
    StateReason.SELF_TEST: "The protection against leakage is tested; after that the car may "
    "start.",
    StateReason.WAKING: "Its signal is interrupted for some seconds.",
    StateReason.ENDED_BY_FAULT: "A new charge begins when the plug is put in again.",
    Wait.CARD: "Nothing is charged without one.",
    Wait.STOP: "",
    Wait.END: "",
}
"""What stands below a headline where the reason in the words of session would repeat it."""

_LEARNING: dict[RfidMode, Headline] = {
    RfidMode.NEW_CARD: _of(_ACTION, "Present the new card"),
    RfidMode.CONFIRM: _of(_ACTION, "Present the master card again"),
    RfidMode.MASTER: MASTER_WANTED,
    RfidMode.READY: _of(_WORKING, "Cards are being learned"),
}

PAUSES: dict[str, str] = {
    "app": "Paused by hand",
    "dcs": "Paused by the charging service",
    "dip": "Paused: the protection of the box does not answer",
    "energy_limit": "Paused: the energy limit is reached",
    "external_input": "Paused by the contact at the external input",
    "fuse": "Paused: the house needs the current",
    "meter_lost": "Paused: the house meter is lost",
    "meter_proof": "Paused: the house meter is being checked",
    "phase_search": "Paused: the phases are being measured",
    "rest": "Paused for a rest after several pauses",
    "schedule": "Paused by the schedule",
    "smart_home": "Paused by the smart home",
    "solar": "Paused: too little sun",
    "start": "Starting: not all limits are known yet",
    "temperature": "Paused: the box is too hot",
    "unbalance": "Paused: the phases are unequally loaded",
}
"""The headlines of an offer of 0 A, by the source of the limit."""

_OF_STATE: dict[WallboxState, HeadlineKind] = {
    WallboxState.IDLE: _READY,
    WallboxState.READY_FOR_CHARGING: _READY,
    WallboxState.CHARGING: HeadlineKind.CHARGING,
    WallboxState.SUSPENDED: _PAUSED,
    WallboxState.RECOVER_FROM_ERROR: _FAULT,
    WallboxState.TOKEN_PROGRAMMING_MODE: _ACTION,
    WallboxState.UNRECOVERABLE_ERROR: _FAULT,
    WallboxState.SERVICE_MODE: _PAUSED,
    WallboxState.DEGRADED: HeadlineKind.REDUCED,
}
"""For a session that gives no reason: the manual's word is the headline."""


def headline(snapshot: Snapshot) -> Headline:
    """Return the headline of what the sources have said."""
    shown, session = _headline(snapshot), snapshot.session.fresh
    more = _more(snapshot)
    plain = next((words for each, words in _PLAIN if each == shown), "")
    if not plain:
        return replace(shown, more=_news(shown, more, snapshot))
    error = "" if session is None else session.unrecorded
    return replace(shown, more=plain, detail=error or more)


def _more(snapshot: Snapshot) -> str:
    """Return the reason of the state; "" where the faults or the limit show it."""
    session, safety = snapshot.session.fresh, snapshot.safety.fresh
    if safety is None:
        return silence(snapshot, snapshot.safety)
    if session is None:
        return silence(snapshot, snapshot.session)
    if safety.faults or session.because is StateReason.CHARGING:
        return ""
    return session.reason


def _news(shown: Headline, more: str, snapshot: Snapshot) -> str:
    """Return what the reason says beyond the headline."""
    session, safety = snapshot.session.fresh, snapshot.safety.fresh
    if not more or session is None or safety is None:
        return more
    for each, words in _NEWS_OF_HEADLINE:
        if each == shown:
            return words
    match session.because:
        case StateReason.EXPECTED | StateReason.WAITING if session.waits_for in _NEWS:
            return _NEWS[session.waits_for]
        case StateReason.REDUCED if not _is_house_lost(snapshot.offer.fresh):
            return _warm(safety.temperature_c)
        case because if because in _NEWS:
            return _NEWS[because]
        case _:
            return more.removeprefix(f"{shown.words}.").lstrip()


def _warm(temperature_c: float) -> str:
    return (
        f"{temperature_c:.0f} °C are measured in the box. The full current is back when it has "
        "cooled down."
    )


def _is_house_lost(offer: LoadOffer | None) -> bool:
    return offer is not None and offer.house_meter is HouseMeter.LOST


def _headline(snapshot: Snapshot) -> Headline:
    session, safety = snapshot.session.fresh, snapshot.safety.fresh
    if safety is None:
        return NO_SAFETY
    if has_latched(safety):
        return _of_faults(snapshot)
    if not safety.has_mains:
        return NO_MAINS
    if session is None:
        return NO_SESSION
    if safety.faults:
        return _of_faults(snapshot)
    if safety.commissioning:
        return SERVICE
    if session.because is None:
        return _of(_OF_STATE[session.state], session.state.value)
    return _of_reason(session.because, session, safety, snapshot)


def _of_faults(snapshot: Snapshot) -> Headline:
    first = faults(snapshot)[0]
    is_hot = first.code is FaultCode.TOO_HOT
    return _of(_PAUSED if is_hot else _FAULT, first.title)


def _of_reason(
    because: StateReason, session: SessionStatus, safety: SafetyStatus, snapshot: Snapshot
) -> Headline:
    match because:
        case StateReason.LEARNING:
            return _learning(session, snapshot.rfid.fresh)
        case StateReason.EXPECTED | StateReason.WAITING:
            return _waiting(session.waits_for, safety, snapshot)
        case StateReason.READY if safety.showroom:
            return SHOWROOM
        case StateReason.OFFER_HELD:
            return _held(snapshot.offer.fresh)
        case StateReason.VEHICLE:
            return _vehicle(safety, session, is_metered=online(snapshot.box) is not None)
        case StateReason.REDUCED:
            return _reduced(safety, snapshot.offer.fresh)
        case _:
            return _REASONS[because]


def _waiting(wait: Wait | None, safety: SafetyStatus, snapshot: Snapshot) -> Headline:
    if safety.showroom:
        return SHOWROOM
    if wait is Wait.CARD:
        return _card(snapshot.rfid.fresh)
    return STARTING if wait is None else _WAITS[wait]


def _card(rfid: RfidStatus | None) -> Headline:
    """Return the invitation to present a card, if the reader can read one."""
    if rfid is None:
        return NO_READER
    if not rfid.works:
        return NO_READER
    return PRESENT_CARD


def _learning(session: SessionStatus, rfid: RfidStatus | None) -> Headline:
    mode = RfidMode.READY if rfid is None else rfid.mode
    if mode is RfidMode.MASTER and session.plugged:
        return MASTER_BLOCKED
    return _LEARNING[mode]


def _held(offer: LoadOffer | None) -> Headline:
    if offer is None:
        return _REASONS[StateReason.OFFER_SILENT]
    words = PAUSES.get(offer.reason, f"Paused by {source_name(offer.reason)}")
    return _of(_WORKING if offer.reason == "start" else _PAUSED, words)


def _vehicle(safety: SafetyStatus, session: SessionStatus, *, is_metered: bool) -> Headline:
    """Return what a vehicle is waited for, or what the box does before."""
    if safety.starts_in_s is not None:
        return _of(_WORKING, "Starting in a moment: the mains are back")
    match safety.phase:
        case SafetyPhase.SELF_TEST:
            return _REASONS[StateReason.SELF_TEST]
        case SafetyPhase.STOPPING | SafetyPhase.OPENING:
            return STOPPING
        case SafetyPhase.CLOSING | SafetyPhase.CLOSED | SafetyPhase.START | SafetyPhase.FAULT:
            return STARTING
        case SafetyPhase.IDLE | SafetyPhase.READY:
            is_asked = safety.cp_state in (CpState.C, CpState.D)
            is_offered = safety.offered_a > 0.0
            if is_asked and not is_metered:
                return _WAITS[Wait.METER]
            if is_asked or not is_offered:
                return STARTING
            has_charged = session.session_id != "" and session.energy_wh >= CHARGED_WH
            return FULL if has_charged else AWAITED


def _reduced(safety: SafetyStatus, offer: LoadOffer | None) -> Headline:
    """Return what is wrong, with the amount that it leaves where no other limit is lower."""
    if _is_house_lost(offer):
        words, decides = "House meter lost", offer is not None and offer.reason == "meter_lost"
    else:
        words = "The box is warm"
        decides = offer is None or offer.reason == "temperature" or offer.limit_a > safety.offered_a
    amount = f": {amount_words(safety.offered_a)}" if decides else ""
    return _of(HeadlineKind.REDUCED, f"{words}{amount}")

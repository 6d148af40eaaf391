"""Contactor, vehicle, authorisation and session as text. Pure."""

from msgs.pilot import PLUGGED, STATE_F_PERCENT, X1_PERCENT, CpState, PilotStatus
from msgs.safety import Contactor
from msgs.session import SessionStatus
from msgs.state_reason import Wait
from view.silence import age, silence
from view.snapshot import Snapshot

CONTACTORS = {
    Contactor.OPEN: "open, as proven",
    Contactor.CLOSED: "closed, as proven",
    Contactor.WELDED: "welded, it does not open",
}
CP_STATES = {
    CpState.A: "no vehicle",
    CpState.B: "vehicle connected",
    CpState.C: "vehicle ready",
    CpState.D: "vehicle ready, asks for ventilation",
    CpState.E: "pilot shorted, or no power",
    CpState.F: "box not available",
}


def contactor_words(snapshot: Snapshot) -> str:
    """Return the proven state of the contactor."""
    safety = snapshot.safety.fresh
    return silence(snapshot, snapshot.safety) if safety is None else CONTACTORS[safety.contactor]


def contactor_why(snapshot: Snapshot) -> str:
    """Return the phase of safety and its reason; "" if they add nothing, or safety is silent."""
    safety = snapshot.safety.fresh
    if safety is None:
        return ""
    phase = "" if safety.phase.value == safety.contactor else safety.phase.replace("_", "-")
    # Each fault is shown on its own.
    return ": ".join(filter(None, (phase, "" if safety.records else safety.detail)))


def opened_words(snapshot: Snapshot) -> str:
    """Return why the contactor opened last, and how long ago; "": not since safety's start."""
    safety = snapshot.safety.fresh
    if safety is None:
        return silence(snapshot, snapshot.safety)
    why = safety.opened.removeprefix("the contactor has opened: ")
    if not why or safety.opened_ns is None:
        return why
    return f"{why} ({age(max(0.0, snapshot.now_s - safety.opened_ns / 1e9))} ago)"


def is_plugged(snapshot: Snapshot) -> bool:
    """Return whether a vehicle is plugged in: by session, or by safety while session is silent."""
    session, safety = snapshot.session.fresh, snapshot.safety.fresh
    if session is not None:
        return session.plugged
    return safety is not None and safety.cp_state in PLUGGED


def plugged_words(is_plugged: bool) -> str:
    """Return whether a vehicle is plugged in."""
    return "plugged in" if is_plugged else "not plugged in"


def cp_words(cp_state: CpState) -> str:
    """Return a CP state with its meaning."""
    return f"{cp_state}, {CP_STATES[cp_state]}"


def offered_words(offered_a: float) -> str:
    """Return the current that is offered to the vehicle."""
    return f"{offered_a:.1f} A" if offered_a > 0.0 else "nothing"


def duty_words(pilot: PilotStatus) -> str:
    """Return the duty cycle, and the current that it offers."""
    offers = f"offers {offered_words(pilot.offered_a)}"
    if pilot.duty_percent == X1_PERCENT:
        return f"no PWM, {offers}"
    if pilot.duty_percent == STATE_F_PERCENT:
        return f"steady -12 V, {offers}"
    return f"duty {pilot.duty_percent:.1f} % {offers}"


def card_name(snapshot: Snapshot) -> str:
    """Return the name of the card that has authorised; "" if none has, or it is not known."""
    session, rfid = snapshot.session.fresh, snapshot.rfid.fresh
    if session is None or rfid is None or session.token != rfid.authorised_uid:
        return ""
    return rfid.authorised_name


def authorisation_words(session: SessionStatus, by: str = "") -> str:
    """Return whether the charge is authorised. A card is asked for only where one may be presented.

    :param by: the name of the card; "" if there is none, or it is not known.
    """
    if by:
        return f"given by {by}"
    if session.waits_for is Wait.SETTINGS:
        return "not known yet whether it is needed"
    if not session.authorization_required and not session.token:
        return "not needed"
    if session.authorized:
        return "given"
    is_invited = session.because is None or session.waits_for is Wait.CARD
    return "present a card to the reading area" if is_invited else "not given"


def lasted_s(snapshot: Snapshot) -> float | None:
    """Return the duration of the session [s]; None without one, or if it is not known."""
    session = snapshot.session.fresh
    if session is None or not session.session_id or session.started_ns is None:
        return None
    return max(0.0, snapshot.now_s - session.started_ns / 1e9)


def energy_of(session: SessionStatus | None) -> str:
    """Return to which session the energy belongs."""
    is_last = session is not None and not session.session_id and session.energy_wh > 0.0
    return "last session" if is_last else "this session"

"""Contactor, vehicle, authorisation and session in words. Pure."""

from msgs.pilot import STATE_F_PERCENT, X1_PERCENT, CpState, PilotStatus
from msgs.safety import Contactor
from msgs.session import SessionStatus
from view.facts import Facts
from view.silence import silence

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


def contactor_words(facts: Facts) -> str:
    """Return the contactor as proven."""
    safety = facts.safety.fresh
    return silence(facts, facts.safety) if safety is None else CONTACTORS[safety.contactor]


def contactor_why(facts: Facts) -> str:
    """Return where safety stands and why; "" if the contactor says it all, or nobody does."""
    safety = facts.safety.fresh
    if safety is None:
        return ""
    phase = "" if safety.phase.value == safety.contactor else safety.phase.replace("_", "-")
    # Faults are told one by one.
    return ": ".join(filter(None, (phase, "" if safety.records else safety.detail)))


def plugged_words(is_plugged: bool) -> str:
    """Return whether a vehicle is plugged in."""
    return "plugged in" if is_plugged else "not plugged in"


def cp_words(cp_state: CpState) -> str:
    """Return a state of the control pilot."""
    return f"{cp_state}, {CP_STATES[cp_state]}"


def offered_words(offered_a: float) -> str:
    """Return the current that is offered to the vehicle."""
    return f"{offered_a:.1f} A" if offered_a > 0.0 else "nothing"


def duty_words(pilot: PilotStatus) -> str:
    """Return what the box says to the vehicle by its pilot."""
    offers = f"offers {offered_words(pilot.offered_a)}"
    if pilot.duty_percent == X1_PERCENT:
        return f"no PWM, {offers}"
    if pilot.duty_percent == STATE_F_PERCENT:
        return f"steady -12 V, {offers}"
    return f"duty {pilot.duty_percent:.1f} % {offers}"


def authorisation_words(session: SessionStatus, by: str = "") -> str:
    """Return how the authorisation stands.

    :param by: who has given it; "" if nobody has, or that is not known.
    """
    if by:
        return f"given by {by}"
    if not session.authorization_required and not session.token:
        return "not needed"
    if session.authorized:
        return "given"
    return "hold a card to the reading area"


def lasted_s(facts: Facts) -> float | None:
    """Return how long the session runs [s]; None if none does."""
    session = facts.session.fresh
    if session is None or not session.session_id or not session.started_utc_ns:
        return None
    return max(0.0, (facts.utc_ns - session.started_utc_ns) / 1e9)


def energy_of(session: SessionStatus | None) -> str:
    """Return whose energy the session's figure is."""
    is_last = session is not None and not session.session_id and session.energy_wh > 0.0
    return "last session" if is_last else "this session"

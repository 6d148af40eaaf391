"""What a card does: it releases, begins and logs off; and how an authorisation lapses. Pure.

    nothing plugged     the card releases: the next plug-in within 60 s begins with it (CHG-1)
    plugged             the card begins the session; a stop by somebody is lifted by that wish, the
                        end by a latched fault is not
    released, running   the same card logs off (CHG-2); another one changes nothing (RFID-4, RFID-5)

Whether a token is known is not judged here, and a master card is a token like any other (RFID-10).
"""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A
from msgs.safety import SafetyPhase
from msgs.session import Action, EndReason, SessionRecord
from nodes.session import term as terms
from nodes.session.ending import withdraw
from nodes.session.faults import why_not_charged
from nodes.session.hold import after_stop
from nodes.session.reasons import Refusal, Verdict, Wait
from nodes.session.state import (
    Inputs,
    State,
    is_permitted,
    keep_record,
)
from nodes.session.term import Release, Term

# Safety tests each vehicle after its authorisation. Behind these phases the test has passed.
_TESTED = frozenset(
    {SafetyPhase.READY, SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING}
)
# Assumed: by then safety has heard that the permission before this one is gone, and has said so
# (its round, 25 ms, and its 0.1 s). A self-test takes longer, so nothing is seen late.
STALE_S = 0.5


def expected(state: State, required: bool | None) -> Wait | None:
    """Return what is expected of a person where no session runs; None if nothing is."""
    if state.session is not None or required is False:
        return None
    if required is None:
        return Wait.SETTINGS
    if state.release is None:
        return Wait.CARD
    return None if state.plugged else Wait.PLUG


def lapse(state: State, inputs: Inputs, required: bool | None, moment: Moment) -> State:
    """End the authorisation whose charge was not started in time; note the one that was."""
    release, session, term = state.release, state.session, state.term
    if release is not None and (
        required is False or inputs.stop is not None or moment.reached(release.term.until_s)
    ):
        state = replace(state, release=None)
    if session is None or term is None or session.end_reason is not None:
        return state
    if state.dark_since_utc_ns is not None:  # the plug is waited for, however long
        return state
    if _is_started(state, inputs, term, moment):
        return keep_record(replace(state, term=None), session, inputs.utc_ns)
    if inputs.safety is not None and inputs.safety.starts_in_s is not None:
        waited = terms.after_wait(term, inputs.safety.starts_in_s, moment, inputs.utc_ns)
        if waited is not term:
            return keep_record(replace(state, term=waited), session, inputs.utc_ns)
    if moment.reached(term.until_s):
        return withdraw(state, session, inputs, EndReason.LAPSED)
    return state


def _is_started(state: State, inputs: Inputs, term: Term, moment: Moment) -> bool:
    """Return whether all that the box does is done: the vehicle may start, or a plan holds it."""
    safety, offer = inputs.safety, inputs.offer
    if safety is None or offer is None or not is_permitted(state):
        return False
    is_stale = not moment.reached(term.until_s - terms.LAPSE_S + STALE_S)
    if is_stale or safety.phase not in _TESTED:
        return False
    return safety.offered_a >= MIN_OFFER_A or offer.limit_a < MIN_OFFER_A


def hold_card(
    state: State, inputs: Inputs, token: str, required: bool | None
) -> tuple[State, Verdict]:
    """Return what follows from a card that was held to the box, and its answer."""
    if inputs.stop is not None:
        return state, Verdict(refusal=Refusal.STOP)
    if state.found is not None:
        return state, Verdict(refusal=Refusal.SESSION_UNKNOWN)
    if state.session is not None:
        return _in_session(state, state.session, inputs, token, required)
    if required is None:
        return state, Verdict(refusal=Refusal.SETTINGS_UNKNOWN)
    if not required:
        return state, Verdict(refusal=Refusal.SWITCHED_OFF)
    if state.release is not None:
        if token != state.release.token:
            return state, Verdict(refusal=Refusal.OTHER_RELEASED)
        return replace(state, release=None), Verdict(action=Action.LOGGED_OFF)
    verdict = _why_not(state, inputs)
    if verdict is not None:
        return state, verdict
    term = terms.whole(inputs.now_s, inputs.utc_ns)
    state = replace(state, release=Release(token=token, term=term), hold=None)
    return state, Verdict(action=Action.STARTED if state.plugged else Action.RELEASED)


def _in_session(
    state: State, session: SessionRecord, inputs: Inputs, token: str, required: bool | None
) -> tuple[State, Verdict]:
    """Return what a card does while a session runs: only the one that began it does anything."""
    if session.end_reason is not None:
        return state, Verdict(refusal=Refusal.ENDING)
    if token == session.token:
        state = replace(state, hold=after_stop("logged off by the card"))
        state = withdraw(state, session, inputs, EndReason.STOPPED)
        return state, Verdict(action=Action.LOGGED_OFF)
    if required is False:
        return state, Verdict(refusal=Refusal.SWITCHED_OFF)
    if not session.token:
        return state, Verdict(refusal=Refusal.PLUG_BEGAN)
    return state, Verdict(refusal=Refusal.OTHER_BEGAN)


def _why_not(state: State, inputs: Inputs) -> Verdict | None:
    """Return why a card can begin nothing now; None if it can. What begins a session is here."""
    safety = inputs.safety
    if safety is None:
        return Verdict(refusal=Refusal.SAFETY_SILENT)
    not_charged = why_not_charged(safety)
    if not_charged is not None:
        return Verdict(refusal=Refusal.NOT_CHARGED, not_charged=not_charged, codes=safety.faults)
    if state.hold is not None and state.hold.by_fault:
        return Verdict(refusal=Refusal.ENDED_BY_FAULT)
    is_known = safety.cp_state is not None and state.out_since_s is None
    if not is_known or (state.plugged and not state.is_seen):
        return Verdict(refusal=Refusal.PLUG_UNKNOWN)
    if inputs.counter_wh is None:
        return Verdict(refusal=Refusal.METER_SILENT)
    return None

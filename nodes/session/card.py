"""From a card to a charge, in the order of this file. Pure.

    present_card   a card that rfid or the service knows is presented. It authorises the vehicle
                   that is plugged in, or that is plugged in within 60 s (CHG-1). The same card
                   logs off (CHG-2); another one changes nothing (RFID-4, RFID-5)
    begin_session  authorised by a card, or by the plug alone where no card is required: with the
                   plug seated a session begins, and its record goes to the disk
    is_authorized  from the card on, until it logs off, lapses, or the session is being ended
    is_permitted   the record is on the disk and the plug is seated: current may be offered. A
                   session without a card is permitted as well if the disk refuses its record

    lapse          ends an authorisation whose charge was not started in time
    start          the app begins again after a stop, where no card is required (APP-1)

A new authorisation ends the suspension of a stop, not that of a latched fault. Whether a token is
known is decided elsewhere; a master card is a token like any other (RFID-10).
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import MIN_OFFER_A
from msgs.requests import StopReason
from msgs.safety import SafetyPhase
from msgs.session import Action, EndReason, SessionRecord
from msgs.state_reason import Wait
from nodes.session import start_deadline
from nodes.session.faults import why_not_charged
from nodes.session.reasons import CardAnswer, CardRefusal
from nodes.session.running import withdraw
from nodes.session.start_deadline import Authorization, StartDeadline
from nodes.session.state import Inputs, Running, State, is_stored, keep_record
from nodes.session.suspension import after_log_off

# Safety tests the monitor after each authorisation; in these phases the test has passed.
_TESTED = frozenset(
    {SafetyPhase.READY, SafetyPhase.CLOSING, SafetyPhase.CLOSED, SafetyPhase.STOPPING}
)
# Assumed: for this time after an authorisation safety/status may still be that of the previous
# permission (one round, 25 ms, and its period, 0.1 s). A self-test takes longer, so this wait
# delays nothing.
STALE_S = 0.5


def present_card(state: State, inputs: Inputs, token: str) -> tuple[State, CardAnswer]:
    """Return the state after a card was presented, and the answer to it."""
    if inputs.stop is not None:
        return state, CardAnswer(refusal=CardRefusal.STOP)
    if state.found is not None:
        return state, CardAnswer(refusal=CardRefusal.SESSION_UNKNOWN)
    if state.running.session is not None:
        return _present_in_session(state, state.running.session, inputs, token)
    if inputs.required is None:
        return state, CardAnswer(refusal=CardRefusal.SETTINGS_UNKNOWN)
    if not inputs.required:
        return state, CardAnswer(refusal=CardRefusal.SWITCHED_OFF)
    if state.authorization is not None:
        if token != state.authorization.token:
            return state, CardAnswer(refusal=CardRefusal.OTHER_RELEASED)
        return replace(state, authorization=None), CardAnswer(action=Action.LOGGED_OFF)
    if state.store.problem is not None:
        return state, CardAnswer(refusal=CardRefusal.NOT_STORED)
    refused = _why_not(state, inputs)
    if refused is not None:
        return state, refused
    deadline = start_deadline.whole(inputs.now_s, inputs.utc_ns)
    authorization = Authorization(token=token, deadline=deadline)
    state = replace(state, authorization=authorization, suspension=None)
    return state, CardAnswer(action=Action.STARTED if state.plug.is_in else Action.RELEASED)


def _present_in_session(
    state: State, session: SessionRecord, inputs: Inputs, token: str
) -> tuple[State, CardAnswer]:
    """Return the same while a session runs: only the card that began it has an effect."""
    if session.end_reason is not None:
        return state, CardAnswer(refusal=CardRefusal.ENDING)
    if token == session.token:
        state = replace(state, suspension=after_log_off())
        state = withdraw(state, session, inputs, EndReason.STOPPED)
        return state, CardAnswer(action=Action.LOGGED_OFF, ends=session.session_id)
    if inputs.required is False:
        return state, CardAnswer(refusal=CardRefusal.SWITCHED_OFF)
    if not session.token:
        return state, CardAnswer(refusal=CardRefusal.PLUG_BEGAN)
    return state, CardAnswer(refusal=CardRefusal.OTHER_BEGAN)


def start(state: State, inputs: Inputs) -> tuple[State, CardAnswer]:
    """Return the state after the app has asked to begin again, and the answer (APP-1).

    It takes back a stop where no card is required; it never authorises.
    """
    if inputs.stop is not None:
        return state, CardAnswer(refusal=CardRefusal.STOP)
    if state.found is not None:
        return state, CardAnswer(refusal=CardRefusal.SESSION_UNKNOWN)
    session = state.running.session
    if session is not None:
        is_ending = session.end_reason is not None
        return state, CardAnswer(refusal=CardRefusal.ENDING if is_ending else CardRefusal.RUNS)
    if inputs.required is not False:
        is_known = inputs.required is not None
        refusal = CardRefusal.CARD_NEEDED if is_known else CardRefusal.SETTINGS_UNKNOWN
        return state, CardAnswer(refusal=refusal)
    refused = _why_not(state, inputs)
    if refused is not None:
        return state, refused
    if not state.plug.is_in:
        return state, CardAnswer(refusal=CardRefusal.NOT_PLUGGED)
    return replace(state, suspension=None), CardAnswer(action=Action.STARTED)


def _why_not(state: State, inputs: Inputs) -> CardAnswer | None:
    """Return why neither a card nor the app can begin a session now; None if one can."""
    safety = inputs.safety
    if safety is None:
        return CardAnswer(refusal=CardRefusal.SAFETY_SILENT)
    not_charged = why_not_charged(safety)
    if not_charged is not None:
        return CardAnswer(
            refusal=CardRefusal.NOT_CHARGED, not_charged=not_charged, codes=safety.faults
        )
    if state.suspension is not None and state.suspension.by_fault:
        return CardAnswer(refusal=CardRefusal.ENDED_BY_FAULT)
    is_known = safety.cp_state is not None and state.plug.out_since_s is None
    if not is_known or (state.plug.is_in and not state.plug.is_seen):
        return CardAnswer(refusal=CardRefusal.PLUG_UNKNOWN)
    if inputs.counter_wh is None:
        return CardAnswer(refusal=CardRefusal.METER_SILENT)
    return None


def begin_session(state: State, inputs: Inputs) -> State:
    """Begin a session for a vehicle that is plugged in and authorised, by a card or by its plug."""
    authorization, now_wh = state.authorization, inputs.counter_wh
    is_wanted = state.plug.is_seated and state.suspension is None and inputs.stop is None
    if state.running.session is not None or not is_wanted or now_wh is None:
        return state
    if inputs.safety is None or why_not_charged(inputs.safety) is not None:
        return state
    if authorization is None and inputs.required is not False:
        return state
    token, deadline = "", None
    if authorization is not None:
        token = authorization.token
        deadline = start_deadline.at_start(authorization.deadline, inputs.now_s, inputs.utc_ns)
    session = SessionRecord(
        session_id=f"{_stamp(inputs.utc_ns)}-{inputs.id_end}",
        started_utc_ns=inputs.utc_ns,
        ended_utc_ns=0,
        start_energy_wh=now_wh,
        energy_wh=0.0,
        end_reason=None,
        token=token,
        is_start_utc_set=inputs.is_utc_set,
    )
    running = Running(session=session, deadline=deadline, began_s=inputs.now_s)
    state = replace(
        state,
        authorization=None,
        running=running,
    )
    return keep_record(state, session, inputs)


def is_authorized(state: State, inputs: Inputs) -> bool:
    """Return whether a session may begin or go on: a card has authorised, or none is required."""
    session = state.running.session
    if session is not None:
        return session.end_reason is None
    if state.authorization is not None:
        return True
    is_shutdown = inputs.stop is StopReason.SHUTDOWN
    return inputs.required is False and state.suspension is None and not is_shutdown


def is_permitted(state: State) -> bool:
    """Return whether current may be offered in the session that runs."""
    session = state.running.session
    if session is None or session.end_reason is not None:
        return False
    # Without a card there is nothing that a restart could bring back.
    is_unrecorded = not session.token and state.store.problem is not None
    is_recorded = is_unrecorded or is_stored(state, session)
    return is_recorded and state.plug.is_seated  # the next plug may be another vehicle's


def lapse(state: State, inputs: Inputs, moment: Moment) -> State:
    """End an authorisation whose charge was not started in time; record a start."""
    state = _follow_clock(state, inputs)
    authorization, running = state.authorization, state.running
    session, deadline = running.session, running.deadline
    if authorization is not None and (
        inputs.required is False
        or inputs.stop is not None
        or moment.reached(authorization.deadline.until_s)
    ):
        state = replace(state, authorization=None)
    if session is None or deadline is None or session.end_reason is not None:
        return state
    if running.interrupted is not None:  # waits for the plug without limit
        return state
    if _is_started(state, inputs, deadline, moment):
        running = replace(running, deadline=None)
        return keep_record(replace(state, running=running), session, inputs)
    if inputs.safety is not None and inputs.safety.starts_in_s is not None:
        wait_s = inputs.safety.starts_in_s
        later = start_deadline.after_wait(deadline, wait_s, moment, inputs.utc_ns)
        if later is not deadline:
            running = replace(running, deadline=later)
            return keep_record(replace(state, running=running), session, inputs)
    if moment.reached(deadline.until_s):
        return withdraw(state, session, inputs, EndReason.LAPSED)
    return state


def _follow_clock(state: State, inputs: Inputs) -> State:
    """Convert the deadlines to UTC again if that was set."""
    authorization, running = state.authorization, state.running
    if authorization is not None:
        deadline = start_deadline.by_clock(authorization.deadline, inputs.now_s, inputs.utc_ns)
        if deadline is not authorization.deadline:
            state = replace(state, authorization=replace(authorization, deadline=deadline))
    if running.deadline is not None:
        deadline = start_deadline.by_clock(running.deadline, inputs.now_s, inputs.utc_ns)
        if deadline is not running.deadline:
            state = replace(state, running=replace(running, deadline=deadline))
    return state


def _is_started(state: State, inputs: Inputs, deadline: StartDeadline, moment: Moment) -> bool:
    """Return whether the box has done its part: the vehicle may start, or a plan holds it back."""
    safety, offer = inputs.safety, inputs.offer
    if safety is None or offer is None or not is_permitted(state):
        return False
    is_stale = not moment.reached(deadline.until_s - start_deadline.LAPSE_S + STALE_S)
    if is_stale or safety.phase not in _TESTED:
        return False
    return safety.offered_a >= MIN_OFFER_A or offer.limit_a < MIN_OFFER_A


def expected(state: State, required: bool | None) -> Wait | None:
    """Return what a person has to do while no session runs; None: nothing."""
    if state.running.session is not None or required is False:
        return None
    if required is None:
        return Wait.SETTINGS
    if state.authorization is None:
        return Wait.CARD
    return None if state.plug.is_in else Wait.PLUG


def _stamp(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns / 1e9, UTC).strftime("%Y%m%d-%H%M%S")

"""The step of session: plug, running session, card, what is published. Pure.

See the package for the contract, and `card.py` for what a card does. Pilot and safety decide what
silence means for current, load_manager how much flows. What has to be stored leaves as
`Outputs.write`, one entry at a time, and is answered by `Inputs.written`; a permission waits for
that, and the answer to a request that ends a session. Signs leave as `Outputs.sign`.
"""

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import hand_out, hand_out_proof, replaces_all, retry
from msgs.card import short_name
from msgs.requests import StopReason
from msgs.safety import SafetyPhase
from msgs.session import SessionStatus
from msgs.state_reason import Wait
from nodes.session import card, words
from nodes.session.energy import counted
from nodes.session.entry import replaces
from nodes.session.interruption import interruption
from nodes.session.reasons import CardAnswer, EndRefusal
from nodes.session.revival import hear_run
from nodes.session.running import (
    OPEN_S,
    end_lost,
    ending,
    follow_plug,
    forget,
    note_renewal,
    sign_session,
)
from nodes.session.state import Inputs, Outputs, State
from nodes.session.states import StateInputs, waits_for, wallbox_state

LEAVE_S = {  # below the supervisor's limit; assumed: a slower disk never answers
    StopReason.RESTART: 2.0,
    StopReason.SIGNAL: 2.0,
    StopReason.SHUTDOWN: OPEN_S + 0.8,
}
UNPROVEN_S = 3.0  # assumed: a start proves the contactor open much sooner


def refusal_to_end(state: State) -> EndRefusal | None:
    """Return why a session cannot be ended now; None if it can."""
    if state.found is not None:
        return EndRefusal.UNKNOWN
    return None if state.running.session is not None else EndRefusal.NONE_RUNS


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state and the outputs."""
    before, moment = state, Moment(inputs.now_s)
    if inputs.written is not None:
        store = retry(state.store, inputs.written, inputs.now_s, replaces)
        state = replace(state, store=store)
    if inputs.signed is not None:
        signs = retry(state.signs, inputs.signed, inputs.now_s, replaces_all)
        state = replace(state, signs=signs)
    state = hear_run(state, inputs, moment)
    over = None
    if state.found is None:
        state = _count(state, inputs)  # before anything can end the session
        state, over = forget(state, inputs, moment)
        state = follow_plug(state, inputs, moment)
        state = end_lost(state, inputs)
        state = ending(state, inputs, moment)
        state = card.lapse(state, inputs, moment)
    answer = CardAnswer()
    if inputs.card is not None:
        state, answer = card.present_card(state, inputs, inputs.card)
    if inputs.starts:
        state, answer = card.start(state, inputs)
    if state.found is None:
        state = card.begin_session(state, inputs)
        state = note_renewal(sign_session(state, inputs, moment), inputs)
    state = _note_unproven(state, inputs)
    store, write = hand_out(state.store, moment)
    store, proves = hand_out_proof(store, moment)
    signs, sign = hand_out(state.signs, moment)
    state, done = _stopping(replace(state, store=store, signs=signs), inputs, moment)
    status = _status(state, inputs, moment)
    interrupted = None
    if status is not None:
        interrupted = interruption(state.wallbox, status.state, status.because, inputs.safety)
        state = replace(state, has_published=True, wallbox=status.state)
    return state, Outputs(
        status=status,
        write=write,
        proves=proves,
        sign=sign,
        over=over,
        interrupted=interrupted,
        done=done,
        answer=answer,
        due_s=moment.due_s if state == before else inputs.now_s,
    )


def _count(state: State, inputs: Inputs) -> State:
    """Count the energy of the session that runs."""
    session, counter_wh = state.running.session, inputs.counter_wh
    if session is None or counter_wh is None:
        return state
    running = replace(state.running, session=counted(session, counter_wh))
    return replace(state, running=running)


def _note_unproven(state: State, inputs: Inputs) -> State:
    """Record since when the contactor is not proven open while a vehicle is plugged in."""
    safety = inputs.safety
    is_proving = safety is not None and safety.has_mains and safety.phase is SafetyPhase.START
    if not (state.plug.is_in and is_proving):
        return replace(state, unproven_since_s=None)
    if state.unproven_since_s is None:
        return replace(state, unproven_since_s=inputs.now_s)
    return state


def _stopping(state: State, inputs: Inputs, moment: Moment) -> tuple[State, bool]:
    """Return whether a stop that was asked for is complete: all stored, or no time left."""
    if inputs.stop is None:
        return state, False
    is_shutdown = inputs.stop is StopReason.SHUTDOWN
    stop_by_s = inputs.now_s + LEAVE_S[inputs.stop]
    if state.stop_by_s is not None:
        stop_by_s = min(stop_by_s, state.stop_by_s)  # a signal shortens a shutdown
    is_running = state.running.session is not None or state.found is not None
    is_complete = state.store.is_idle and not (is_shutdown and is_running)
    return replace(state, stop_by_s=stop_by_s), is_complete or moment.reached(stop_by_s)


def _status(state: State, inputs: Inputs, moment: Moment) -> SessionStatus | None:
    """Return the status; None before the inputs are heard for the first time."""
    is_heard = state.found is None and _is_heard(inputs)
    if not state.has_published and not is_heard and not moment.reached(state.hear_by_s):
        return None
    session, authorization = state.running.session, state.authorization
    required = inputs.required
    permitted = card.is_permitted(state)
    unproven_since_s, began_s = state.unproven_since_s, state.running.began_s
    seen = StateInputs(
        safety=inputs.safety,
        hears_pilot=inputs.pilot is not None,
        is_waking=inputs.pilot is not None and inputs.pilot.waking,
        offer=inputs.offer,
        plugged=state.plug.is_in,
        permitted=permitted,
        suspension=state.suspension,
        is_card_required=required is True,
        waiting_for=_missing(state, inputs),
        problem=state.store.problem or "",
        expects=card.expected(state, required),
        runs=session is not None,
        is_unproven=unproven_since_s is not None and moment.reached(unproven_since_s + UNPROVEN_S),
        rfid_mode=inputs.rfid_mode,
        renews=state.running.renews or state.running.interrupted is not None,
        card_name=_card_name(state, inputs),
    )
    wallbox, because = wallbox_state(seen)
    token = session.token if session else authorization.token if authorization else ""
    deadline = authorization.deadline if authorization else state.running.deadline
    return SessionStatus(
        state=wallbox,
        plugged=state.plug.is_in,
        authorized=card.is_authorized(state, inputs),
        permitted=permitted,
        session_id=session.session_id if session else "",
        energy_wh=round(session.energy_wh if session else state.energy.last_wh, 1),
        reason=words.reason(because, seen),
        started_utc_ns=session.started_utc_ns if session else 0,
        started_ns=None if began_s is None else round(began_s * 1e9),
        authorization_required=required is not False,  # not known yet: counts as required
        token=token,
        released=authorization is not None,
        lapses_utc_ns=deadline.until_utc_ns if deadline else 0,
        unrecorded=state.store.problem or "",
        because=because,
        waits_for=waits_for(because, seen),
    )


def _card_name(state: State, inputs: Inputs) -> str:
    """Return the name of the card that began the session that runs, or a short one; "": none."""
    session, named = state.running.session, inputs.named
    if session is None:
        return ""
    name = named.name if named.token == session.token else ""
    return name or (short_name(session.token) if session.token else "")


def _is_heard(inputs: Inputs) -> bool:
    is_plug_known = inputs.safety is not None and inputs.safety.cp_state is not None
    return is_plug_known and inputs.pilot is not None and inputs.offer is not None


def _missing(state: State, inputs: Inputs) -> Wait:
    """Return what the permission of a plugged vehicle would wait for."""
    session = state.running.session
    if inputs.stop is StopReason.SHUTDOWN:
        return Wait.STOP
    if session is None:
        expected = card.expected(state, inputs.required)
        if expected is not None:
            return expected
        if inputs.counter_wh is None:
            return Wait.METER
    elif session.end_reason is not None:
        return Wait.END
    elif state.plug.out_since_s is not None:
        return Wait.PLUG_OUT
    elif not state.plug.is_seen:
        return Wait.PLUG_UNSEEN
    elif state.running.pending is not None:
        return Wait.CLOCK
    return Wait.DISK if state.store.problem is None else Wait.DISK_REFUSES

"""The life of a session: plugged, permitted, ended, stored. Pure; see the package for the contract.

Not responsible for what silence means for current (pilot, safety) nor for how much (load_manager).
What must be on the disk leaves as `Outputs.write`, one entry at a time, and comes back as
`Inputs.written`; a permission waits for that.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import hand_out, retry
from msgs.requests import StopReason
from msgs.safety import SafetyPhase
from msgs.session import SessionRecord, SessionStatus
from nodes.session import card, words
from nodes.session.ending import OPEN_S, ending
from nodes.session.energy import CHECKPOINT_S, CHECKPOINT_WH, with_energy
from nodes.session.entry import replaces
from nodes.session.faults import why_not_charged
from nodes.session.plug import after_plug
from nodes.session.reasons import EndRefusal, Leap, Verdict, Wait
from nodes.session.revival import end_lost, hear_life
from nodes.session.state import (
    Inputs,
    Outputs,
    State,
    is_permitted,
    is_stored,
    keep_record,
)
from nodes.session.states import Facts, wallbox_state
from nodes.session.term import at_start

LEAVE_S = {  # within the supervisor's patience; assumed: a disk that takes longer never answers
    StopReason.RESTART: 2.0,
    StopReason.SIGNAL: 2.0,
    StopReason.SHUTDOWN: OPEN_S + 0.8,
}
BLIND_S = 3.0  # assumed: a box that starts has proven its contactor open long before


def refusal_to_end(state: State) -> EndRefusal | None:
    """Return why a session cannot be ended now; None if it can."""
    if state.found is not None:
        return EndRefusal.UNKNOWN
    return None if state.session is not None else EndRefusal.NONE_RUNS


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and what is to be published, stored and finished now."""
    before, moment = state, Moment(inputs.now_s)
    if inputs.written is not None:
        store = retry(state.store, inputs.written, inputs.now_s, replaces)
        state = replace(state, store=store)
    state = hear_life(state, inputs, moment)
    required = inputs.required
    leaps: list[Leap | None] = []
    if state.found is None:
        state, leap = with_energy(state, inputs)  # before anything can end it
        state = after_plug(state, inputs, moment)
        state, lost_leap = end_lost(state, inputs)
        leaps += [lost_leap, leap]
        state = ending(state, inputs, moment)
        state = card.lapse(state, inputs, required, moment)
    state, verdict = _hear_card(state, inputs, required)
    if state.found is None:
        state = _beginning(state, inputs, required)
        state = _checkpoint(state, inputs, moment)
    state = _blindness(state, inputs)
    store, write = hand_out(state.store, moment)
    state, done = _stopping(replace(state, store=store), inputs, moment)
    status = _status(state, inputs, required, moment)
    if status is not None:
        state = replace(state, has_spoken=True)
    return state, Outputs(
        status=status,
        write=write,
        done=done,
        leaps=tuple(leap for leap in leaps if leap is not None),
        verdict=verdict,
        due_s=moment.due_s if state == before else inputs.now_s,
    )


def _hear_card(state: State, inputs: Inputs, required: bool | None) -> tuple[State, Verdict]:
    """Answer the card that is held to the box at this instant, if any."""
    if inputs.card is None:
        return state, Verdict()
    return card.hold_card(state, inputs, inputs.card, required)


def _beginning(state: State, inputs: Inputs, required: bool | None) -> State:
    """Begin a session for a car that is plugged in and authorised, by a card or by its plug."""
    now_wh = inputs.counter_wh
    is_plugged = state.plugged and state.is_seen and state.out_since_s is None
    is_wanted = is_plugged and state.hold is None and inputs.stop is None
    if state.session is not None or not is_wanted or now_wh is None:
        return state
    if inputs.safety is None or why_not_charged(inputs.safety) is not None:
        return state
    release = state.release
    if release is None and required is not False:
        return state
    record = SessionRecord(
        session_id=f"{_stamp(inputs.utc_ns)}-{inputs.id_end}",
        started_utc_ns=inputs.utc_ns,
        ended_utc_ns=0,
        start_energy_wh=now_wh,
        energy_wh=0.0,
        end_reason=None,
        token="" if release is None else release.token,
    )
    state = replace(
        state,
        session=record,
        release=None,
        term=release and at_start(release.term, inputs.now_s, inputs.utc_ns),
        last=None,
        checkpoint_s=inputs.now_s + CHECKPOINT_S,
        is_jump_told=False,
    )
    return keep_record(state, record, inputs.utc_ns)


def _checkpoint(state: State, inputs: Inputs, moment: Moment) -> State:
    """Bring a running session's record up to date: now and then, and before the node leaves."""
    session, stored = state.session, state.store.stored
    if session is None or stored is None or not is_stored(state, session):
        return state
    is_leaving = inputs.stop is not None and state.stop_by_s is None
    if not is_leaving and not moment.reached(state.checkpoint_s):
        return state
    state = replace(state, checkpoint_s=inputs.now_s + CHECKPOINT_S)
    if not is_leaving and session.energy_wh - stored.record.energy_wh < CHECKPOINT_WH:
        return state
    return keep_record(state, session, inputs.utc_ns)


def _blindness(state: State, inputs: Inputs) -> State:
    """Note since when safety has proven nothing although a vehicle is plugged in."""
    safety = inputs.safety
    is_proving = safety is not None and safety.has_mains and safety.phase is SafetyPhase.START
    if not (state.plugged and is_proving):
        return replace(state, blind_since_s=None)
    if state.blind_since_s is None:
        return replace(state, blind_since_s=inputs.now_s)
    return state


def _stopping(state: State, inputs: Inputs, moment: Moment) -> tuple[State, bool]:
    """Return whether a stop that was asked for is complete: all stored, or no time left."""
    if inputs.stop is None:
        return state, False
    is_shutdown = inputs.stop is StopReason.SHUTDOWN
    stop_by_s = inputs.now_s + LEAVE_S[inputs.stop]
    if state.stop_by_s is not None:
        stop_by_s = min(stop_by_s, state.stop_by_s)  # a signal hurries a shutdown
    is_running = state.session is not None or state.found is not None
    is_complete = state.store.is_idle and not (is_shutdown and is_running)
    return replace(state, stop_by_s=stop_by_s), is_complete or moment.reached(stop_by_s)


def _status(
    state: State, inputs: Inputs, required: bool | None, moment: Moment
) -> SessionStatus | None:
    """Return the status; None before the facts are heard for the first time."""
    is_heard = state.found is None and _is_heard(inputs)
    if not state.has_spoken and not is_heard and not moment.reached(state.hear_by_s):
        return None
    session, release = state.session, state.release
    authorized = is_permitted(state)
    needs_card = required is not False  # what is not known yet counts as required
    facts = Facts(
        safety=inputs.safety,
        hears_pilot=inputs.pilot is not None,
        is_waking=inputs.pilot is not None and inputs.pilot.waking,
        offer=inputs.offer,
        plugged=state.plugged,
        authorized=authorized,
        hold=state.hold,
        is_card_required=required is True,
        waiting_for=_missing(state, inputs, required),
        problem=state.store.problem or "",
        expects=card.expected(state, required),
        runs=session is not None,
        is_blind=state.blind_since_s is not None and moment.reached(state.blind_since_s + BLIND_S),
        rfid_mode=inputs.rfid_mode,
    )
    wallbox, because = wallbox_state(facts)
    token = session.token if session else release.token if release else ""
    term = release.term if release else state.term
    return SessionStatus(
        state=wallbox,
        plugged=state.plugged,
        authorized=authorized,
        session_id=session.session_id if session else "",
        energy_wh=round(session.energy_wh if session else state.last_wh, 1),
        reason=words.reason(because, facts),
        started_utc_ns=session.started_utc_ns if session else 0,
        authorization_required=needs_card,
        token=token,
        released=release is not None,
        lapses_utc_ns=term.until_utc_ns if term else 0,
    )


def _stamp(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns / 1e9, UTC).strftime("%Y%m%d-%H%M%S")


def _is_heard(inputs: Inputs) -> bool:
    is_plug_known = inputs.safety is not None and inputs.safety.cp_state is not None
    return is_plug_known and inputs.pilot is not None and inputs.offer is not None


def _missing(state: State, inputs: Inputs, required: bool | None) -> Wait:
    """Return what the permission of a plugged car would wait for."""
    if inputs.stop is StopReason.SHUTDOWN:
        return Wait.STOP
    if state.session is None:
        expected = card.expected(state, required)
        if expected is not None:
            return expected
        if inputs.counter_wh is None:
            return Wait.METER
    elif state.session.end_reason is not None:
        return Wait.END
    elif state.out_since_s is not None:
        return Wait.PLUG_OUT
    elif not state.is_seen:
        return Wait.PLUG_UNSEEN
    return Wait.DISK if state.store.problem is None else Wait.DISK_REFUSES

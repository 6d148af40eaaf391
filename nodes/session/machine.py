"""The life of a session: plugged, permitted, ended, stored. Pure; see the package for the contract.

Not responsible for what silence means for current (pilot, safety) nor for how much (load_manager).
What must be on the disk leaves as `Outputs.write`, one entry at a time, and comes back as
`Inputs.written`; a permission waits for that.
"""

import math

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import CpState, PilotStatus
from msgs.requests import StopReason
from msgs.safety import Contactor, SafetyStatus
from msgs.session import EndReason, SessionRecord, SessionStatus
from nodes.session.ledger import Entry, Ledger, Written, accept, hand_out, keep
from nodes.session.states import Facts, wallbox_state

PERIOD_S = 1.0  # session/status
SLACK_S = 0.05  # a tick that comes a little early is not let pass
HEAR_S = 1.4  # the first word waits for facts so long: within half of its readers' hold of 3 s
UNPLUGGED_S = 0.3  # assumed: state A for so long is no bounce, and no hand changes plugs so fast
OPEN_S = 7.0  # safety opens 6 s after x1 at the latest, and says so within 0.1 s
LEAVE_S = {  # within the supervisor's patience; assumed: a disk that takes longer never answers
    StopReason.RESTART: 2.0,
    StopReason.SIGNAL: 2.0,
    StopReason.SHUTDOWN: OPEN_S + 0.8,
}
CHECKPOINT_S = 300.0  # energy of a running session: 288 pages of 4 kB a day, of 10 MB allowed
CHECKPOINT_WH = 1.0  # and only if it has grown
RECOUNT_WH = 10.0  # assumed: a counter that falls by more has begun anew; by less, it is noise

PLUGGED = (CpState.B, CpState.C, CpState.D)


class Config(Struct, frozen=True, kw_only=True):
    """What is set for this box."""

    authorization: bool  # a car needs more than its plug (RFID-6)


class Inputs(Struct, frozen=True, kw_only=True):
    """What is known at this instant; None: silent beyond its hold."""

    now_s: float
    utc_ns: int
    pilot: PilotStatus | None
    safety: SafetyStatus | None
    offer: LoadOffer | None
    box: MeterReading | None
    next_id: str  # for a session that begins at this instant
    end: str | None = None  # somebody asks to end the session, and why
    stop: StopReason | None = None  # the node is being stopped
    written: Written | None = None


class State(Struct, frozen=True, kw_only=True):
    """What is remembered from one instant to the next."""

    hear_by_s: float  # nothing is said before the facts are heard, or this passes
    plugged: bool = False
    is_seen: bool = False  # this incarnation has seen the plug itself
    out_since_s: float | None = None  # state A since
    session: SessionRecord | None = None  # the one that runs
    open_by_s: float | None = None  # it is being ended: the contactor is waited for until then
    last: SessionRecord | None = None  # the one before, while its plug is seated
    held: str = ""  # why this plug-in is not charged any more
    last_wh: float = 0.0  # energy shown while no session runs
    checkpoint_s: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    stop_by_s: float | None = None
    say_s: float = 0.0
    said: tuple[object, ...] = ()


class Outputs(Struct, frozen=True, kw_only=True):
    """What is to be done now."""

    status: SessionStatus | None = None  # to publish
    write: Entry | None = None  # to store; `Inputs.written` follows
    done: bool = False  # the stop is complete


def begin(last: Entry | None, first_incarnation: bool, now_s: float) -> State:
    """Return the state to start with, from the newest entry of the store.

    A session that was running goes on if only this node was away. In the first incarnation of a
    graph the whole box was: power was lost, and afterwards everything is judged afresh (PAN-5).
    """
    state = State(hear_by_s=now_s + HEAR_S)
    if last is None:
        return state
    record = last.record
    ledger = Ledger(stored=record)
    state = replace(state, plugged=last.seated, last_wh=record.energy_wh, ledger=ledger)
    if not record.ended_utc_ns:
        if record.end_reason is None and not first_incarnation:
            return replace(state, session=record, checkpoint_s=now_s + CHECKPOINT_S)
        record = msgspec.structs.replace(
            record,
            ended_utc_ns=last.seen_utc_ns,
            end_reason=record.end_reason or EndReason.POWER_LOSS,
        )
        state = replace(state, ledger=keep(ledger, replace(last, record=record)))
    if last.seated:
        held = _held("") if record.end_reason is EndReason.STOPPED else ""
        state = replace(state, last=record, held=held)
    return state


def refusal_to_end(state: State) -> str:
    """Return why a session cannot be ended now, for a person; "" if it can."""
    return "" if state.session is not None else "No session is running."


def step(config: Config, state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and what is to be said, stored and finished now."""
    if inputs.written is not None:
        state = replace(state, ledger=accept(state.ledger, inputs.written, inputs.now_s))
    state = _after_plug(state, inputs)
    state = _with_energy(state, inputs)
    state = _ending(state, inputs)
    state = _beginning(config, state, inputs)
    state = _checkpoint(state, inputs)
    ledger, write = hand_out(state.ledger, inputs.now_s)
    state, done = _stopping(replace(state, ledger=ledger), inputs)
    state, status = _say(config, state, inputs)
    return state, Outputs(status=status, write=write, done=done)


def _after_plug(state: State, inputs: Inputs) -> State:
    """Judge the plug by the pilot; silence, E and F say nothing about it."""
    cp_state = None if inputs.pilot is None else inputs.pilot.cp_state
    if cp_state in PLUGGED:
        return replace(state, plugged=True, is_seen=True, out_since_s=None)
    if cp_state is not CpState.A or not state.plugged:
        return replace(state, out_since_s=None)
    since_s = inputs.now_s if state.out_since_s is None else state.out_since_s
    if inputs.now_s - since_s < UNPLUGGED_S:
        return replace(state, out_since_s=since_s)
    if state.session is not None:
        reason = state.session.end_reason or EndReason.UNPLUGGED
        state = _end(state, state.session, inputs.utc_ns, reason)
    if state.last is not None:
        state = _keep(state, state.last, inputs.utc_ns, seated=False)
    return replace(state, plugged=False, out_since_s=None, last=None, held="")


def _with_energy(state: State, inputs: Inputs) -> State:
    """Count the session's energy by the box's meter; it never falls."""
    session, counter_wh = state.session, _counter_wh(inputs)
    if session is None or counter_wh is None:
        return state
    energy_wh = counter_wh - session.start_energy_wh
    if energy_wh >= session.energy_wh:
        session = msgspec.structs.replace(session, energy_wh=energy_wh)
    elif session.energy_wh - energy_wh > RECOUNT_WH:
        start_wh = counter_wh - session.energy_wh
        session = msgspec.structs.replace(session, start_energy_wh=start_wh)
    return replace(state, session=session)


def _ending(state: State, inputs: Inputs) -> State:
    """Withdraw the permission when asked, and end the session once the contactor is open."""
    session = state.session
    if session is None:
        return state
    if session.end_reason is None:
        if inputs.end is not None:
            return _withdraw(
                replace(state, held=_held(inputs.end)), session, inputs, EndReason.STOPPED
            )
        if inputs.stop is StopReason.SHUTDOWN:
            return _withdraw(state, session, inputs, EndReason.RESTART)
    if state.open_by_s is None or session.end_reason is None:
        return state
    is_open = inputs.safety is not None and inputs.safety.contactor is Contactor.OPEN
    if is_open or inputs.now_s >= state.open_by_s:
        return _end(state, session, inputs.utc_ns, session.end_reason)
    return state


def _withdraw(state: State, session: SessionRecord, inputs: Inputs, reason: EndReason) -> State:
    """Begin to end the session; its record says so at once, so that no restart revives it."""
    session = msgspec.structs.replace(session, end_reason=reason)
    state = replace(state, session=session, open_by_s=inputs.now_s + OPEN_S)
    return _keep(state, session, inputs.utc_ns)


def _end(state: State, session: SessionRecord, utc_ns: int, reason: EndReason) -> State:
    ended_utc_ns = max(utc_ns, session.started_utc_ns)  # UTC may have been set back
    record = msgspec.structs.replace(session, ended_utc_ns=ended_utc_ns, end_reason=reason)
    state = replace(state, session=None, open_by_s=None, last=record, last_wh=record.energy_wh)
    return _keep(state, record, utc_ns)


def _beginning(config: Config, state: State, inputs: Inputs) -> State:
    """Begin a session for a car that is plugged in and authorised."""
    counter_wh = _counter_wh(inputs)
    is_plugged = state.plugged and state.is_seen and state.out_since_s is None
    is_wanted = is_plugged and not state.held and inputs.stop is None
    if state.session is not None or not is_wanted or config.authorization or counter_wh is None:
        return state
    record = SessionRecord(
        session_id=inputs.next_id,
        started_utc_ns=inputs.utc_ns,
        ended_utc_ns=0,
        start_energy_wh=counter_wh,
        energy_wh=0.0,
        end_reason=None,
    )
    state = replace(state, session=record, last=None, checkpoint_s=inputs.now_s + CHECKPOINT_S)
    return _keep(state, record, inputs.utc_ns)


def _checkpoint(state: State, inputs: Inputs) -> State:
    """Bring a running session's record up to date: now and then, and before the node leaves."""
    session, stored = state.session, state.ledger.stored
    if session is None or stored is None or not state.ledger.has(session):
        return state
    is_leaving = inputs.stop is not None and state.stop_by_s is None
    if not is_leaving and inputs.now_s < state.checkpoint_s:
        return state
    state = replace(state, checkpoint_s=inputs.now_s + CHECKPOINT_S)
    if not is_leaving and session.energy_wh - stored.energy_wh < CHECKPOINT_WH:
        return state
    return _keep(state, session, inputs.utc_ns)


def _stopping(state: State, inputs: Inputs) -> tuple[State, bool]:
    """Return whether a stop that was asked for is complete: all stored, or no time left."""
    if inputs.stop is None:
        return state, False
    is_shutdown = inputs.stop is StopReason.SHUTDOWN
    stop_by_s = inputs.now_s + LEAVE_S[inputs.stop]
    if state.stop_by_s is not None:
        stop_by_s = min(stop_by_s, state.stop_by_s)  # a signal hurries a shutdown
    is_complete = state.ledger.is_stored and not (is_shutdown and state.session is not None)
    return replace(state, stop_by_s=stop_by_s), is_complete or inputs.now_s >= stop_by_s


def _say(config: Config, state: State, inputs: Inputs) -> tuple[State, SessionStatus | None]:
    """Return the status when it is due: every second, and when anything but the energy changes.

    The reason may carry amounts that move with every reading, so it goes with the second as well.
    """
    is_heard = None not in (inputs.pilot, inputs.safety, inputs.offer)
    if not state.said and not is_heard and inputs.now_s < state.hear_by_s:
        return state, None
    session = state.session
    authorized = (
        session is not None
        and session.end_reason is None
        and state.ledger.has(session)
        and state.is_seen
    )
    wallbox, reason = wallbox_state(
        Facts(
            pilot=inputs.pilot,
            safety=inputs.safety,
            offer=inputs.offer,
            plugged=state.plugged,
            authorized=authorized,
            held=state.held,
            waiting_for=_missing(config, state, inputs),
        )
    )
    said = (wallbox, state.plugged, authorized, session and session.session_id)
    if said == state.said and inputs.now_s < state.say_s:
        return state, None
    status = SessionStatus(
        state=wallbox,
        plugged=state.plugged,
        authorized=authorized,
        session_id=session.session_id if session else "",
        energy_wh=round(session.energy_wh if session else state.last_wh, 1),
        reason=reason,
        started_utc_ns=session.started_utc_ns if session else 0,
        authorization_required=config.authorization,
    )
    return replace(state, said=said, say_s=inputs.now_s + PERIOD_S - SLACK_S), status


def _missing(config: Config, state: State, inputs: Inputs) -> str:
    """Return what the permission of a plugged car would wait for."""
    if inputs.stop is StopReason.SHUTDOWN:
        return "The wallbox is being stopped."
    if state.session is None:
        if config.authorization:
            return "Authorisation is required."
        if _counter_wh(inputs) is None:
            return "Nothing is heard from the box's own meter: a session cannot begin."
    if state.ledger.problem:
        return f"The session cannot be stored: {state.ledger.problem}"
    return "The session is being stored."


def _counter_wh(inputs: Inputs) -> float | None:
    box = inputs.box
    if box is None or not box.online or not math.isfinite(box.imported_wh):
        return None
    return box.imported_wh


def _held(because: str) -> str:
    by = f" ({because})" if because else ""
    return f"The charge was stopped{by}; unplug the vehicle to begin again."


def _keep(state: State, record: SessionRecord, utc_ns: int, seated: bool = True) -> State:
    entry = Entry(record=record, seated=seated, seen_utc_ns=utc_ns)
    return replace(state, ledger=keep(state.ledger, entry))

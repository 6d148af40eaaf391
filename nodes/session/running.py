"""The session that runs: interrupted, resumed, ended. Pure.

    ended by a request,     the permission is withdrawn and the end reason recorded at once; it ends
    a fault, a shutdown     when the contactor is open and the counter is known
    plug out                it ends at once
    mains lost              it is interrupted. Plug seen in again: it goes on, if that may be
                            (`resumption`). Plug out, or too late: it ends with that loss, once the
                            counter is known

The box's register of energy has what flowed between the last sign and a loss of power. So a record
that ends is marked at once and ended when the register is known.
"""

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import queue, replaces_all
from msgs.pilot import PLUGGED
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import EndReason, SessionRecord
from nodes.session import start_deadline
from nodes.session.duration import SET_NS, LastSeen, began_s, lasted_s, seen_of
from nodes.session.energy import counted
from nodes.session.entry import Entry
from nodes.session.faults import is_latched
from nodes.session.plug import Unplugged, follow
from nodes.session.reasons import Over, Resumption
from nodes.session.resumption import is_too_long, resumption
from nodes.session.sign import SIGN_S, Sign
from nodes.session.state import (
    Inputs,
    Running,
    State,
    entry_of,
    is_stored,
    keep_entry,
    keep_record,
    seen_now,
    why_not_kept,
)
from nodes.session.suspension import after_fault, after_stop, lift

OPEN_S = 7.0  # safety opens 6 s after X1 at the latest, and publishes it within 0.1 s


def follow_plug(state: State, inputs: Inputs, moment: Moment) -> State:
    """Follow the plug: end a session whose plug is out, resume one that was interrupted."""
    safety = inputs.safety
    state = _note_interruption(state, inputs)
    plug, unplugged = follow(state.plug, safety, inputs.pilot, moment)
    if unplugged is not None:
        state = unplug(state, inputs, unplugged)
    state = replace(state, plug=plug)
    if safety is None or safety.cp_state not in PLUGGED or not plug.is_seated:
        return state
    return _resume(state, inputs, moment) if safety.has_mains else state


def unplug(state: State, inputs: Inputs, unplugged: Unplugged) -> State:
    """End session and suspension of a plug that is out."""
    running = state.running
    session = running.session
    if session is not None:
        if session.end_reason is not None:
            state = end(state, session, inputs, session.end_reason)
        elif running.interrupted is not None:
            state = lose(state, session, running.interrupted)
        else:
            reason = EndReason.FAULT if unplugged.fault_held else EndReason.UNPLUGGED
            state = end(state, session, inputs, reason)
    last = state.running.last
    if last is not None:
        state = keep_record(state, last, inputs, seated=False)
    # If it may be the same vehicle, a stopped charge stays stopped.
    suspension = None if unplugged.is_certain else state.suspension
    return replace(state, running=replace(state.running, last=None), suspension=suspension)


def ending(state: State, inputs: Inputs, moment: Moment) -> State:
    """Withdraw a permission that is over; end the session once the contactor is open.

    The counter has to be known as well, so that the record has all that flowed.
    """
    state = replace(state, suspension=lift(state.suspension, inputs.safety, state.run))
    session, open_by_s = state.running.session, state.running.open_by_s
    if session is None:
        return state
    if session.end_reason is None:
        if inputs.safety is not None and is_latched(inputs.safety):
            state = replace(state, suspension=after_fault(state.run))
            return withdraw(state, session, inputs, EndReason.FAULT)
        if inputs.end is not None:
            state = replace(state, suspension=after_stop(inputs.end))
            return withdraw(state, session, inputs, EndReason.STOPPED)
        if inputs.stop is StopReason.SHUTDOWN:
            return withdraw(state, session, inputs, EndReason.RESTART)
    if open_by_s is None or session.end_reason is None:
        return state
    is_open = inputs.safety is not None and inputs.safety.contactor is Contactor.OPEN
    is_counted = inputs.counter_wh is not None
    if (is_open and is_counted) or moment.reached(open_by_s):
        return end(state, session, inputs, session.end_reason)
    return state


def withdraw(state: State, session: SessionRecord, inputs: Inputs, reason: EndReason) -> State:
    """Begin to end the session; the record has the reason at once, so no restart resumes it."""
    session = replace(session, end_reason=reason)
    running = replace(
        state.running, session=session, deadline=None, open_by_s=inputs.now_s + OPEN_S
    )
    return keep_record(replace(state, running=running), session, inputs)


def end(state: State, session: SessionRecord, inputs: Inputs, reason: EndReason) -> State:
    """Record the end of the session that runs: now, or when mains were lost in its ending."""
    running = state.running
    seen = running.interrupted or seen_now(running.began_s, inputs)
    record = _ended(replace(session, end_reason=reason), seen)
    state = _without_session(state, record, last=record)
    return keep_record(state, record, inputs)


def _ended(record: SessionRecord, seen: LastSeen) -> SessionRecord:
    """Return a record whose session has ended when it was last seen to run."""
    return replace(
        record,
        ended_utc_ns=max(seen.utc_ns, record.started_utc_ns),  # UTC may have been set back
        is_end_utc_set=seen.is_utc_set,
        duration_s=seen.duration_s,
    )


def forget(state: State, inputs: Inputs, moment: Moment) -> tuple[State, Over | None]:
    """End an interrupted session that may not go on.

    Return also what is to be logged.
    """
    running = state.running
    session, interrupted = running.session, running.interrupted
    if session is None or session.end_reason is not None:
        return state, None
    why = Resumption.ALLOWED
    if running.resumed is not None:
        interrupted = running.resumed
        if is_stored(state, session):
            return replace(state, running=replace(running, resumed=None)), None
        if why_not_kept(state) is not None:
            why = Resumption.REFUSED
    elif running.pending is not None:
        why = resumption(running.pending, state, inputs, moment)
    elif is_too_long(running.interrupted_s, moment):
        why = Resumption.TOO_OLD
    if interrupted is None or why in (Resumption.ALLOWED, Resumption.AWAITED):
        return state, None
    reason = EndReason.RESTART if why is Resumption.STOPPED else EndReason.POWER_LOSS
    state = lose(state, session, interrupted, reason)
    return state, Over(session_id=session.session_id, why=why)


def lose(
    state: State,
    session: SessionRecord,
    interrupted: LastSeen,
    reason: EndReason = EndReason.POWER_LOSS,
) -> State:
    """Mark the session that runs as ended when it was interrupted."""
    record = replace(session, end_reason=reason)
    lost = entry_of(record, interrupted, seated=False, plugged_since_utc_ns=state.plug.since_utc_ns)
    state = replace(_without_session(state, record, last=state.running.last), lost=lost)
    return keep_entry(state, lost)


def end_lost(state: State, inputs: Inputs) -> State:
    """End the session that a loss of power has ended, once the register is known."""
    lost, counter_wh = state.lost, inputs.counter_wh
    if lost is None or counter_wh is None:
        return state
    record = _ended(counted(lost.record, counter_wh), seen_of(lost))
    energy = replace(state.energy, last_wh=record.energy_wh)
    return keep_entry(replace(state, lost=None, energy=energy), replace(lost, record=record))


def sign_session(state: State, inputs: Inputs, moment: Moment) -> State:
    """Store the sign of the session that runs: each minute, and before the node ends.

    Without mains, or while nobody sees the plug, there is none. The record is brought up to date
    when the node ends in order.
    """
    running, session = state.running, state.running.session
    if session is None or session.end_reason is not None or not is_stored(state, session):
        return state
    is_leaving = inputs.stop is not None and state.stop_by_s is None
    if is_leaving:
        state = keep_record(state, session, inputs)
    is_due = is_leaving or moment.reached(running.sign_s) or _is_clock_set(state, inputs)
    if not is_due or not _is_seen(state, inputs):
        return state
    sign = Sign(
        session_id=session.session_id,
        series=state.series,
        boot=inputs.boot,
        now_ns=round(inputs.now_s * 1e9),
        utc_ns=inputs.utc_ns,
        is_utc_set=inputs.is_utc_set,
        duration_s=lasted_s(running.began_s, inputs.now_s),
        start_energy_wh=session.start_energy_wh,
        energy_wh=session.energy_wh,
    )
    running = replace(running, signed_s=inputs.now_s, sign_s=inputs.now_s + SIGN_S)
    signs = queue(state.signs, sign, replaces_all)
    return replace(state, running=running, signs=signs)


def _is_seen(state: State, inputs: Inputs) -> bool:
    """Return whether the plug of the session is seen in now, by a box that has mains."""
    safety = inputs.safety
    is_in = safety is not None and safety.has_mains and safety.cp_state in PLUGGED
    return is_in and state.plug.is_seated and state.running.interrupted is None


def _is_clock_set(state: State, inputs: Inputs) -> bool:
    """Return whether UTC was set since the last sign, which has to have the UTC of this boot."""
    sign = state.signs.newest
    if sign is None:
        return False
    ahead_ns = inputs.utc_ns - round(inputs.now_s * 1e9)
    is_jump = abs(ahead_ns - (sign.utc_ns - sign.now_ns)) > SET_NS
    return is_jump or sign.is_utc_set is not inputs.is_utc_set


def note_renewal(state: State, inputs: Inputs) -> State:
    """Record whether the session that runs starts again: a wake-up, in which nobody sees the plug.

    It ends with the next closed contactor.
    """
    running, pilot, safety = state.running, inputs.pilot, inputs.safety
    if running.session is None:
        return state
    is_waking = pilot is not None and pilot.waking
    is_closed = safety is not None and safety.contactor is Contactor.CLOSED
    if is_waking and not running.renews:
        return replace(state, running=replace(running, renews=True))
    if is_closed and running.renews and not is_waking:
        return replace(state, running=replace(running, renews=False))
    return state


def _note_interruption(state: State, inputs: Inputs) -> State:
    """Record since when the running session has had no mains."""
    safety, running = inputs.safety, state.running
    is_new = running.session is not None and running.interrupted is None
    if safety is None or safety.has_mains or not is_new:
        return state
    signed_s = running.signed_s or inputs.now_s
    interrupted = seen_now(running.began_s, inputs)
    running = replace(running, interrupted=interrupted, interrupted_s=signed_s)
    return replace(state, running=running)


def _resume(state: State, inputs: Inputs, moment: Moment) -> State:
    """Resume the interrupted session: its plug is still seated.

    From here on the record is of this run of the graph. A charge that was not started yet has its
    full time again, because the box proves and tests everything again.
    """
    running, session = state.running, state.running.session
    if session is None or running.interrupted is None or session.end_reason is not None:
        return state
    began = running.began_s
    if running.pending is not None:
        why = resumption(running.pending, state, inputs, moment)
        if why is not Resumption.ALLOWED:
            return state
        began = began_of(running.pending.entry, state, inputs)
    deadline = running.deadline and start_deadline.whole(inputs.now_s, inputs.utc_ns)
    running = replace(
        running,
        began_s=began,
        interrupted=None,
        interrupted_s=None,
        resumed=None if running.pending is None else running.interrupted,
        pending=None,
        renews=True,
        deadline=deadline,
        sign_s=inputs.now_s,
    )
    return keep_record(replace(state, running=running), session, inputs)


def began_of(entry: Entry, state: State, inputs: Inputs) -> float | None:
    """Return when a stored session that goes on began [s], see `Running`."""
    is_same_run = 0 != state.run == entry.run
    return began_s(
        entry,
        now_s=inputs.now_s,
        utc_ns=inputs.utc_ns,
        is_utc_set=inputs.is_utc_set,
        is_same_boot=is_same_run or (bool(inputs.boot) and entry.seen_boot == inputs.boot),
    )


def _without_session(state: State, record: SessionRecord, last: SessionRecord | None) -> State:
    """Return the state in which the session of this record does not run any more."""
    running = Running(last=last)
    energy = replace(state.energy, last_wh=record.energy_wh)
    return replace(state, running=running, energy=energy)

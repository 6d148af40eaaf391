"""How a session ends: permission withdrawn, contactor waited for, the end recorded. Pure."""

import msgspec
from msgspec.structs import replace

from bus.moment import Moment
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import EndReason, SessionRecord
from nodes.session.faults import is_latched
from nodes.session.hold import after_fault, after_stop, lift
from nodes.session.state import Inputs, State, keep_record

OPEN_S = 7.0  # safety opens 6 s after x1 at the latest, and says so within 0.1 s


def ending(state: State, inputs: Inputs, moment: Moment) -> State:
    """Withdraw the permission where it is over; end the session once the contactor is open.

    The counter must be heard as well, so that all that flowed is in the record.
    """
    state = replace(state, hold=lift(state.hold, inputs.safety, state.life))
    session = state.session
    if session is None:
        return state
    if session.end_reason is None:
        if inputs.safety is not None and is_latched(inputs.safety):
            hold = after_fault(state.life)
            return withdraw(replace(state, hold=hold), session, inputs, EndReason.FAULT)
        if inputs.end is not None:
            hold = after_stop(inputs.end)
            return withdraw(replace(state, hold=hold), session, inputs, EndReason.STOPPED)
        if inputs.stop is StopReason.SHUTDOWN:
            return withdraw(state, session, inputs, EndReason.RESTART)
    if state.open_by_s is None or session.end_reason is None:
        return state
    is_open = inputs.safety is not None and inputs.safety.contactor is Contactor.OPEN
    is_counted = inputs.counter_wh is not None
    if (is_open and is_counted) or moment.reached(state.open_by_s):
        return end(state, session, inputs.utc_ns, session.end_reason)
    return state


def withdraw(state: State, session: SessionRecord, inputs: Inputs, reason: EndReason) -> State:
    """Begin to end the session; its record says so at once, so that no restart revives it."""
    session = msgspec.structs.replace(session, end_reason=reason)
    state = replace(state, session=session, term=None, open_by_s=inputs.now_s + OPEN_S)
    return keep_record(state, session, inputs.utc_ns)


def end(state: State, session: SessionRecord, utc_ns: int, reason: EndReason) -> State:
    """Record the end of the session that runs."""
    ended_utc_ns = max(utc_ns, session.started_utc_ns)  # UTC may have been set back
    record = msgspec.structs.replace(session, ended_utc_ns=ended_utc_ns, end_reason=reason)
    state = replace(
        state,
        session=None,
        term=None,
        open_by_s=None,
        dark_since_utc_ns=None,
        last=record,
        last_wh=record.energy_wh,
    )
    return keep_record(state, record, utc_ns)

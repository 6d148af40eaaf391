"""Which plug is in, and what ends with it. Pure.

It is in by the word of safety, and out by that of safety or pilot. Silence, E and F say nothing
about it, and a box without mains shows nothing else: a plug that was out before stays so.
"""

from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import PLUGGED, UNPLUGGED_S, CpState
from msgs.safety import SafetyStatus
from msgs.session import EndReason
from nodes.session.ending import end
from nodes.session.faults import needs_somebody
from nodes.session.revival import lose
from nodes.session.state import Inputs, State, keep_record
from nodes.session.term import whole

OUT_OF_SIGHT_S = 0.5  # UNPLUGGED_S, and a round of 0.2 s by which the plug is seen too late


def after_plug(state: State, inputs: Inputs, moment: Moment) -> State:
    """Judge the plug, and end what ends with it."""
    safety, pilot = inputs.safety, inputs.pilot
    state = _without_mains(state, inputs)
    by_safety = None if safety is None else safety.cp_state
    by_pilot = None if pilot is None else pilot.cp_state
    if CpState.A not in (by_safety, by_pilot):
        if safety is not None and state.out_since_s is None:
            # With the plug the fault goes as well: what counts is what held before.
            state = replace(state, fault_holds=needs_somebody(safety))
        if safety is None or by_safety not in PLUGGED:
            return replace(state, is_lost_sight=state.out_since_s is not None)
        return _plug(state, inputs, safety, moment)
    if not state.plugged:
        return replace(state, out_since_s=None)
    since_s = inputs.now_s if state.out_since_s is None else state.out_since_s
    if not moment.reached(since_s + UNPLUGGED_S):
        return replace(state, out_since_s=since_s)
    return unplug(state, inputs)


def _without_mains(state: State, inputs: Inputs) -> State:
    """Note since when the running session has had no mains."""
    safety = inputs.safety
    is_new = state.session is not None and state.dark_since_utc_ns is None
    if safety is None or safety.has_mains or not is_new:
        return state
    return replace(state, dark_since_utc_ns=inputs.utc_ns)


def _plug(state: State, inputs: Inputs, safety: SafetyStatus, moment: Moment) -> State:
    """Take the plug that is in; another one, if safety saw it go in since.

    A safety that has started anew and found it in tells nothing of that.
    """
    since_utc_ns = safety.plugged_since_utc_ns or state.plugged_since_utc_ns
    if state.plugged and since_utc_ns != state.plugged_since_utc_ns:
        state = unplug(state, inputs)
    elif (
        state.is_lost_sight
        and state.out_since_s is not None
        and moment.reached(state.out_since_s + OUT_OF_SIGHT_S)
    ):
        # Out, then out of sight: another vehicle, perhaps. A charge that was stopped stays so.
        state = replace(unplug(state, inputs), hold=state.hold)
    state = replace(
        state,
        plugged=True,
        plugged_since_utc_ns=since_utc_ns,
        is_seen=True,
        out_since_s=None,
        is_lost_sight=False,
    )
    return _resume(state, inputs) if safety.has_mains else state


def _resume(state: State, inputs: Inputs) -> State:
    """Go on with the session that mains were lost in: its plug is still seated.

    From here on the record is of this life of the graph again. A charge that was not started yet
    has its whole term: the box proves and tests everything anew.
    """
    session = state.session
    if session is None or state.dark_since_utc_ns is None:
        return state
    term = None if state.term is None else whole(inputs.now_s, inputs.utc_ns)
    state = replace(state, dark_since_utc_ns=None, term=term)
    return keep_record(state, session, inputs.utc_ns)


def unplug(state: State, inputs: Inputs) -> State:
    """End what has to do with the plug that is out."""
    session = state.session
    if session is not None:
        if session.end_reason is not None:
            state = end(state, session, inputs.utc_ns, session.end_reason)
        elif state.dark_since_utc_ns is not None:
            state = lose(state, session, state.dark_since_utc_ns)
        else:
            reason = EndReason.FAULT if state.fault_holds else EndReason.UNPLUGGED
            state = end(state, session, inputs.utc_ns, reason)
    if state.last is not None:
        state = keep_record(state, state.last, inputs.utc_ns, seated=False)
    return replace(
        state,
        plugged=False,
        unplugs=state.unplugs + 1,
        plugged_since_utc_ns=0,
        fault_holds=False,
        out_since_s=None,
        is_lost_sight=False,
        last=None,
        hold=None,
    )

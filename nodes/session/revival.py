"""What happens to the stored session when the node starts. Pure.

    ended                     nothing; if it was stopped, or ended by a latched fault, and is still
                              plugged in, its plug-in stays without permission
    being ended               (an `end_reason` without an end) the ending goes on: what a request,
                              a fault or a shutdown (PAN-5) has ended is not resumed
    ran, same run             only this node was restarted: it goes on with its permission; a charge
                              that was not started yet has the rest of its time (RFID-4)
    ran, another run          power was lost: it waits, without limit, until the plug is known. If
                              safety has seen it seated all the time, it goes on with its card; out,
                              or put in since, it ends with that loss

A run is that of the graph, known by the time at which its supervisor started. A run that does not
become known in time counts as another one; for a seated plug it makes no difference. Mains lost and
back while this node runs are the same as another run (`running`).
"""

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind
from msgs.session import EndReason
from nodes.session import start_deadline
from nodes.session.energy import SessionEnergy
from nodes.session.entry import Entry
from nodes.session.plug import Plug
from nodes.session.running import OPEN_S, lose
from nodes.session.state import Inputs, Running, State, keep_record
from nodes.session.suspension import after_fault, after_stop

HEAR_S = 1.4  # the first status waits this long for inputs: less than half of its hold of 3 s


def begin(last: Entry | None, now_s: float, utc_ns: int) -> State:
    """Return the state to start with, from the newest entry of the store."""
    state = State(hear_by_s=now_s + HEAR_S)
    if last is None:
        return state
    record = last.record
    state = replace(
        state,
        plug=Plug(is_in=last.seated, since_utc_ns=last.plugged_since_utc_ns),
        energy=SessionEnergy(last_wh=record.energy_wh),
        store=WriteBehind(stored=last),
    )
    if last.seated and record.end_reason is EndReason.STOPPED:
        state = replace(state, suspension=after_stop(""))
    if last.seated and record.end_reason is EndReason.FAULT:
        state = replace(state, suspension=after_fault(last.run))
    if record.ended_utc_ns:
        return replace(state, running=Running(last=record)) if last.seated else state
    if record.end_reason is None:
        return replace(state, found=last)
    if record.end_reason is EndReason.POWER_LOSS:
        return replace(state, lost=replace(last, seated=False))
    return replace(state, running=Running(session=record, open_by_s=now_s + OPEN_S))


def hear_run(state: State, inputs: Inputs, moment: Moment) -> State:
    """Take the graph's run, and decide by it on the session that was found running."""
    if inputs.run and not state.run:
        state = replace(state, run=inputs.run)
        if state.running.session is not None:  # it began before the run was known
            state = keep_record(state, state.running.session, inputs.utc_ns)
    found = state.found
    if found is None or (not state.run and not moment.reached(state.hear_by_s)):
        return state
    running = replace(
        state.running,
        session=found.record,
        deadline=start_deadline.found(found.lapses_utc_ns, inputs.now_s, inputs.utc_ns),
        checkpoint_s=inputs.now_s,
    )
    state = replace(state, found=None, running=running)
    if state.run and found.run == state.run:
        return state
    if not found.seated:
        return lose(state, found.record, found.seen_utc_ns)
    running = replace(running, interrupted_utc_ns=found.seen_utc_ns)
    return replace(state, running=running)

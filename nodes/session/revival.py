"""What becomes of the session that the store holds when the node starts. Pure.

    ended                     nothing; stopped, or ended by a latched fault, and still plugged in,
                              its plug-in stays without permission
    being ended               it goes on being ended (an `end_reason` without an end): what
                              somebody, a fault or a shutdown (PAN-5) has ended is not resumed
    ran, same life            only this node was away: it goes on, permission and all, and a charge
                              that was not started yet has what is left of its term (RFID-4)
    ran, another life         power was lost: it waits for the first word about its plug, however
                              long. Seated all the time, as far as safety knows, it goes on with
                              its card; out, or put in since, it ends with that loss

A life is that of the graph, by the instant at which its supervisor started. A life that does not
become known in time is another one; for a plug that is seated it makes no difference. Mains that
are lost and come back while this node lives are the same as another life (`plug`).

What flowed between the last checkpoint and a loss of power is in the meter's own counter, if that
is kept without power. So a record that ends is marked at once and ended when the counter is heard.
A counter below the session's start has begun anew and tells nothing; the checkpoint counts.
"""

import msgspec
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind
from msgs.session import EndReason, SessionRecord
from nodes.session import term as terms
from nodes.session.ending import OPEN_S
from nodes.session.energy import away_s, most_wh
from nodes.session.entry import Entry
from nodes.session.hold import after_fault, after_stop
from nodes.session.reasons import Leap
from nodes.session.state import Inputs, State, keep_entry, keep_record

HEAR_S = 1.4  # the first word waits for facts so long: within half of its readers' hold of 3 s


def begin(last: Entry | None, now_s: float, utc_ns: int) -> State:
    """Return the state to start with, from the newest entry of the store."""
    state = State(hear_by_s=now_s + HEAR_S)
    if last is None:
        return state
    record = last.record
    state = replace(
        state,
        plugged=last.seated,
        plugged_since_utc_ns=last.plugged_since_utc_ns,
        last_wh=record.energy_wh,
        store=WriteBehind(stored=last),
        uncounted_since_s=now_s - away_s(utc_ns, last.seen_utc_ns),
    )
    if last.seated and record.end_reason is EndReason.STOPPED:
        state = replace(state, hold=after_stop(""))
    if last.seated and record.end_reason is EndReason.FAULT:
        state = replace(state, hold=after_fault(last.life))
    if record.ended_utc_ns:
        return replace(state, last=record) if last.seated else state
    if record.end_reason is None:
        return replace(state, found=last)
    if record.end_reason is EndReason.POWER_LOSS:
        return replace(state, lost=replace(last, seated=False))
    return replace(state, session=record, open_by_s=now_s + OPEN_S)


def hear_life(state: State, inputs: Inputs, moment: Moment) -> State:
    """Take the graph's life, and judge by it the session that was found running."""
    if inputs.life and not state.life:
        state = replace(state, life=inputs.life)
        if state.session is not None:  # it began before the life was known
            state = keep_record(state, state.session, inputs.utc_ns)
    found = state.found
    if found is None or (not state.life and not moment.reached(state.hear_by_s)):
        return state
    term = terms.found(found.lapses_utc_ns, inputs.now_s, inputs.utc_ns)
    state = replace(state, found=None, session=found.record, term=term, checkpoint_s=inputs.now_s)
    if state.life and found.life == state.life:
        return state
    if not found.seated:
        return lose(state, found.record, found.seen_utc_ns)
    return replace(state, dark_since_utc_ns=found.seen_utc_ns)


def lose(state: State, session: SessionRecord, dark_since_utc_ns: int) -> State:
    """Have the session that runs ended by the loss of power in which its plug went out."""
    record = msgspec.structs.replace(session, end_reason=EndReason.POWER_LOSS)
    lost = Entry(
        record=record,
        seated=False,
        plugged_since_utc_ns=state.plugged_since_utc_ns,
        seen_utc_ns=dark_since_utc_ns,
    )
    state = replace(
        state,
        session=None,
        term=None,
        dark_since_utc_ns=None,
        lost=lost,
        last_wh=record.energy_wh,
    )
    return keep_entry(state, lost)


def end_lost(state: State, inputs: Inputs) -> tuple[State, Leap | None]:
    """End the session that a loss of power has ended, once the counter is heard.

    Return what is to be logged, too.
    """
    lost, now_wh = state.lost, inputs.counter_wh
    if lost is None or now_wh is None:
        return state, None
    record = lost.record
    grown_wh = now_wh - record.start_energy_wh - record.energy_wh
    can_wh = most_wh(away_s(inputs.utc_ns, lost.seen_utc_ns))
    if 0.0 <= grown_wh <= can_wh:
        record = msgspec.structs.replace(record, energy_wh=now_wh - record.start_energy_wh)
    ended_utc_ns = max(lost.seen_utc_ns, record.started_utc_ns)  # UTC may have been set back
    record = msgspec.structs.replace(record, ended_utc_ns=ended_utc_ns)
    state = replace(state, lost=None, last_wh=record.energy_wh)
    state = keep_entry(state, replace(lost, record=record))
    if grown_wh <= can_wh:
        return state, None
    return state, Leap(session_id=record.session_id, grown_wh=grown_wh, can_wh=can_wh, is_lost=True)

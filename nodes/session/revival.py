"""What happens to the stored session when the node starts. Pure.

    ended                     nothing; if it was stopped, or ended by a latched fault, and is still
                              plugged in, its plug-in stays without permission
    being ended               (an `end_reason` without an end) the ending goes on: what a request,
                              a fault or a shutdown (PAN-5) has ended is not resumed
    ran, same run             only this node was restarted: it goes on with its permission; a charge
                              that was not started yet has the rest of its time (RFID-4)
    ran, another run          power was lost, or the box was stopped while this node did not run: it
                              waits until the plug is known, and whether it may go on
                              (`resumption`).
                              If safety has seen the plug seated all the time, it goes on with its
                              card, once that is on the disk; out, or put in since, it ends with
                              that loss

A run is that of the graph, known by the time at which its supervisor started. A run that does not
become known in time counts as another one. Mains lost and back while this node runs are the same
as another run (`running`). The sign is newer than the record, and has an end that the store
of the records has not taken.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind
from msgs.session import EndReason, SessionRecord
from nodes.session import start_deadline
from nodes.session.duration import began_in_boot, seen_of
from nodes.session.energy import SessionEnergy
from nodes.session.entry import Entry
from nodes.session.plug import Plug
from nodes.session.reasons import Resumption
from nodes.session.resumption import DECIDE_S, resumption
from nodes.session.running import OPEN_S, began_of, lose
from nodes.session.sign import Sign
from nodes.session.state import Found, Inputs, Running, State, keep_record
from nodes.session.suspension import after_fault, after_log_off, after_stop

HEAR_S = 1.4  # the first status waits this long for inputs: less than half of its hold of 3 s


def begin(last: Entry | None, signs: Sequence[Sign], now_s: float, boot: str = "") -> State:
    """Return the state to start with, from the newest entry of the store and the stored signs.

    :param boot: of the machine; "": not known.
    """
    state = State(hear_by_s=now_s + HEAR_S, decide_by_s=now_s + DECIDE_S)
    if last is None:
        return state
    sign = _sign_of(last.record, signs)
    stored, last = last, _newer(last, sign)
    record = last.record
    state = replace(
        state,
        signs=WriteBehind(stored=sign),
        plug=Plug(is_in=last.seated, since_utc_ns=last.plugged_since_utc_ns),
        energy=SessionEnergy(last_wh=record.energy_wh),
        store=WriteBehind(stored=stored),
    )
    if last.seated and record.end_reason is EndReason.STOPPED:
        is_by_card = sign is not None and sign.by_card
        because = "" if sign is None else sign.because
        stop = after_log_off() if is_by_card else after_stop(because)
        state = replace(state, suspension=stop)
    if last.seated and record.end_reason is EndReason.FAULT:
        state = replace(state, suspension=after_fault(last.run))
    if record.ended_utc_ns:
        return replace(state, running=Running(last=record)) if last.seated else state
    if record.end_reason is None:
        return replace(state, found=Found(entry=last, sign=sign))
    if record.end_reason is EndReason.POWER_LOSS:
        return replace(state, lost=replace(last, seated=False))
    running = Running(session=record, open_by_s=now_s + OPEN_S)
    if boot and last.seen_boot == boot:
        return replace(state, running=replace(running, began_s=began_in_boot(last)))
    # The contactor has opened with the loss of power.
    return replace(state, running=replace(running, interrupted=seen_of(last)))


def hear_run(state: State, inputs: Inputs, moment: Moment) -> State:
    """Take the graph's run, and decide by it on the session that was found running."""
    if inputs.run and not state.run:
        state = replace(state, run=inputs.run)
        if state.running.session is not None:  # it began before the run was known
            state = keep_record(state, state.running.session, inputs)
    if inputs.series and inputs.series != state.series:
        running = replace(state.running, sign_s=inputs.now_s)
        state = replace(state, series=inputs.series, running=running)
    found = state.found
    if found is None or (not state.run and not moment.reached(state.hear_by_s)):
        return state
    entry = found.entry
    is_same_run = 0 != state.run == entry.run
    running = replace(
        state.running,
        session=entry.record,
        began_s=began_of(entry, state, inputs) if is_same_run else None,
        deadline=start_deadline.found(entry, inputs.now_s, inputs.utc_ns, is_same_boot=is_same_run),
        signed_s=0.0 if found.sign is None else found.sign.now_ns / 1e9,
        sign_s=inputs.now_s,
    )
    state = replace(state, found=None, running=running)
    if is_same_run and resumption(found, state, inputs, moment) is Resumption.ALLOWED:
        return state
    if not entry.seated:
        return lose(state, entry.record, seen_of(entry))
    running = replace(running, interrupted=seen_of(entry), pending=found, signed_s=0.0)
    store = replace(state.store, stored=None)  # before a permission the disk has to take it again
    return replace(state, running=running, store=store)


def _sign_of(record: SessionRecord, signs: Sequence[Sign]) -> Sign | None:
    """Return the sign of a session: one that has its end, else the first."""
    own = [sign for sign in signs if sign.session_id == record.session_id]
    return next((sign for sign in own if sign.end_reason is not None), own[0] if own else None)


def _newer(entry: Entry, sign: Sign | None) -> Entry:
    """Return an entry with what its sign knows better."""
    record = entry.record
    if sign is None or record.ended_utc_ns:
        return entry
    record = replace(record, end_reason=record.end_reason or sign.end_reason)
    if sign.energy_wh > record.energy_wh:
        start_wh, energy_wh = sign.start_energy_wh, sign.energy_wh
        record = replace(record, start_energy_wh=start_wh, energy_wh=energy_wh)
    if (sign.duration_s or 0.0) < (entry.seen_duration_s or 0.0):
        return replace(entry, record=record)
    return replace(
        entry,
        record=record,
        seen_utc_ns=sign.utc_ns,
        is_seen_utc_set=sign.is_utc_set,
        seen_ns=sign.now_ns,
        seen_boot=sign.boot,
        seen_duration_s=sign.duration_s,
    )

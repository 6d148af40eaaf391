"""The calls of this box: one open at a time, in order, until each is answered. Pure.

OCPP 1.6J, section 4.1.1: a call is sent only after the one before was answered, or has timed out.
Order: Boot, then tokens that a person waits for, then the queue of transactions, then the rest.

The queue has what must not be lost: the oldest message first, as events came (1.6, section 3.7.2).
A message leaves it with its answer alone. The service may refuse one (CALLERROR): it is tried
TransactionMessageAttempts times, TransactionMessageRetryInterval times the number of attempts
apart, and then dropped, since those behind it have to be delivered (section 3.7.1). One that is
not answered though the link is up is never dropped: after as many timeouts its transaction waits,
and others are delivered first. So does one that is open at MOST_CUTS ends of the connection in a
row: some services end it at a message that they do not like. Else a lost connection counts as no
attempt.
"""

import math

from msgspec.structs import replace

from nodes.dcs import clock
from nodes.dcs.box_asks import Asked, AskToken, Begun, Boot, Ended, Registration, Sampled
from nodes.dcs.events import MeterSample
from nodes.dcs.kept import Queued, Transaction
from nodes.dcs.state import CONNECTOR, PendingCall, Waiting
from nodes.dcs.store import is_stored
from nodes.dcs.turn import Turn
from nodes.dcs.variables import count_of, seconds_of

ANSWER_S = 30.0  # assumed; the time-out of the `ocpp` package
PARKED_S = 600.0  # assumed: until a transaction that the service does not answer is tried again
MOST_CUTS = 5  # assumed: in a row, at one transaction, a mobile network is not cut as often
MOST_QUEUED = 500  # assumed, as EVerest; then samples are dropped, and never a begin or an end


def send_next(turn: Turn) -> None:
    """Send the next call, if none is open."""
    outbox = turn.state.outbox
    if not turn.state.link.is_open or outbox.call is not None:
        return
    waiting = _next_waiting(turn)
    queued = _next_stored(turn) if turn.is_online else None
    is_person = waiting is not None and isinstance(waiting.asked, Boot | AskToken)
    if waiting is not None and (queued is None or is_person):
        rest = tuple(each for each in outbox.waiting if each is not waiting)
        turn.set(outbox=replace(outbox, waiting=rest))
        _send(turn, waiting.asked, key=waiting.key)
    elif queued is not None:
        _send(turn, asked_of(turn, queued), number=queued.number)


def _next_stored(turn: Turn) -> Queued | None:
    """Return the message of the queue that is sent next, once it is on the disk as it is sent.

    Else a node that is killed would send it again with another time, corrected by another clock,
    and the service would take it for another transaction.
    """
    queued = next_queued(turn)
    if queued is None:
        return None
    queued = _stamped(turn, queued)
    return queued if is_stored(turn.state.store, queued, turn.before) else None


def _next_waiting(turn: Turn) -> Waiting | None:
    """Return the call that is sent next; None: none may be sent."""
    waiting = turn.state.outbox.waiting
    if turn.state.registered.last is Registration.REJECTED:
        waiting = tuple(each for each in waiting if isinstance(each.asked, Boot))
    elif not turn.is_online:
        waiting = tuple(each for each in waiting if each.is_early)
    first = sorted(waiting, key=_rank)  # stable: of equal ones the oldest
    return first[0] if first else None


def _rank(waiting: Waiting) -> int:
    if isinstance(waiting.asked, Boot):
        return 0
    return 1 if isinstance(waiting.asked, AskToken) else 2


def next_queued(turn: Turn) -> Queued | None:
    """Return the message of the queue that is sent next; None: none, or it has to wait."""
    outbox, durable = turn.state.outbox, turn.durable
    parked = {session for session, until_s in outbox.parked if not turn.moment.reached(until_s)}
    for queued in durable.queue:
        if queued.session_id in parked:
            continue
        if not turn.moment.reached(outbox.head_s):
            return None
        return queued
    return None


def asked_of(turn: Turn, queued: Queued) -> Asked:
    """Return what is sent of a queued message, with the service's id of its transaction."""
    transaction = transaction_of(turn, queued.session_id)
    number = None if transaction is None else transaction.number
    match queued.asked:
        case Begun() as begun:
            return begun
        case Ended() as ended:
            return replace(ended, transaction=-1 if number is None else number)
        case MeterSample() as sample:
            return Sampled(connector=CONNECTOR, transaction=number, samples=(sample,))


def _stamped(turn: Turn, queued: Queued) -> Queued:
    """Give a message its time by the service's clock, once, and keep it.

    The messages of a transaction have one clock: an end is never before its begin.
    """
    if queued.is_stamped or turn.state.clock.ahead_ns is None:
        return queued
    stamp_ns = queued.asked.utc_ns
    if queued.box_ahead_ns is not None and queued.boot == turn.inputs.boot:
        corrected_ns = clock.corrected_ns(turn.state.clock, stamp_ns, queued.box_ahead_ns)
        if not queued.is_utc_set or abs(corrected_ns - stamp_ns) >= clock.JUMP_NS:
            stamp_ns = corrected_ns
    transaction = transaction_of(turn, queued.session_id)
    if isinstance(queued.asked, Begun) and transaction is not None:
        change_transaction(turn, replace(transaction, begun_utc_ns=stamp_ns))
    elif transaction is not None:
        stamp_ns = max(stamp_ns, transaction.begun_utc_ns)
    fixed = replace(queued, asked=replace(queued.asked, utc_ns=stamp_ns), is_stamped=True)
    _replace_queued(turn, fixed)
    return fixed


def _send(turn: Turn, asked: Asked, *, number: int = 0, key: str = "") -> None:
    outbox = turn.state.outbox
    message_id = f"{outbox.prefix}-{outbox.count}"
    call = PendingCall(
        message_id=message_id,
        asked=asked,
        due_s=turn.now_s + ANSWER_S,
        number=number,
        key=key,
    )
    turn.set(outbox=replace(outbox, call=call, count=outbox.count + 1))
    turn.call(message_id, asked)


def close_call(turn: Turn) -> PendingCall | None:
    """Return the open call, which has ended."""
    outbox = turn.state.outbox
    turn.set(outbox=replace(outbox, call=None))
    return outbox.call


def time_out(turn: Turn) -> PendingCall | None:
    """Return the open call if it was not answered in time; it is not open any more then."""
    call = turn.state.outbox.call
    if call is None or not turn.moment.reached(call.due_s):
        return None
    turn.log("warning", f"the service has not answered {type(call.asked).__name__}")
    close_call(turn)
    turn.unsent(call.asked)
    if call.number:
        _park_if_silent(turn, call)
    return call


def _park_if_silent(turn: Turn, call: PendingCall) -> None:
    turn.set(outbox=replace(turn.state.outbox, head_s=turn.now_s + ANSWER_S))
    _count_unanswered(turn, call, attempts(turn))


def cut(turn: Turn) -> None:
    """Note that the connection has ended; a message that was open was perhaps the reason."""
    call = turn.state.outbox.call
    if call is not None and call.number:
        _count_unanswered(turn, call, MOST_CUTS)


def _count_unanswered(turn: Turn, call: PendingCall, most: int) -> None:
    """Count a call without an answer; after some of one transaction in a row that one waits."""
    queued = queued_of(turn, call.number)
    if queued is None:
        return
    outbox, session = turn.state.outbox, queued.session_id
    silent = outbox.silent[1] + 1 if outbox.silent[0] == session else 1
    outbox = replace(outbox, silent=(session, silent))
    if silent >= most:
        now_s, until_s = turn.now_s, turn.now_s + PARKED_S
        others = tuple(each for each in outbox.parked if each[0] != session and each[1] > now_s)
        parked = (*others, (session, until_s))
        outbox = replace(outbox, parked=parked, silent=("", 0), head_s=now_s)
        turn.log("warning", f"the messages of session {session} wait {PARKED_S:g} s")
    turn.set(outbox=outbox)


def attempts(turn: Turn) -> int:
    """Return how often a message is tried that the service refuses."""
    return max(count_of(turn, "TransactionMessageAttempts"), 1)


def refused(turn: Turn, number: int, text: str, *, is_final: bool = False) -> Queued | None:
    """Note that the service has refused a queued message; return it if it is dropped.

    A sample is not tried again if the service does not have the message, or if the end of its
    transaction waits behind it: else each would hold back the end by some minutes.

    :param is_final: the service does not have the message
    """
    queued = queued_of(turn, number)
    if queued is None:
        return None
    tried = queued.attempts + 1
    what = f"{type(queued.asked).__name__} of session {queued.session_id}"
    is_sample = isinstance(queued.asked, MeterSample)
    is_late = is_sample and (is_final or _is_ended(turn, queued.session_id))
    if tried >= attempts(turn) or is_late:
        turn.log("error", f"the service has refused {what} {tried} times, it is dropped: {text}")
        acknowledged(turn, number)
        return queued
    wait_s = seconds_of(turn, "TransactionMessageRetryInterval") * tried
    turn.log("warning", f"the service has refused {what}, tried again in {wait_s:g} s: {text}")
    _replace_queued(turn, replace(queued, attempts=tried))
    turn.set(outbox=replace(turn.state.outbox, head_s=turn.now_s + wait_s))
    return None


def _is_ended(turn: Turn, session_id: str) -> bool:
    transaction = transaction_of(turn, session_id)
    return transaction is not None and transaction.is_ended


def acknowledged(turn: Turn, number: int) -> None:
    """Take a message out of the queue."""
    queue = tuple(each for each in turn.durable.queue if each.number != number)
    turn.keep(queue=queue)
    turn.set(outbox=replace(turn.state.outbox, silent=("", 0), head_s=-math.inf))


def enqueue(
    turn: Turn,
    session_id: str,
    asked: Begun | Ended | MeterSample,
    *,
    is_set: bool,
    is_present: bool,
) -> None:
    """Queue a message of a transaction.

    :param is_set: the clock was known to be set at its time.
    :param is_present: its time is of this boot, by the clock as it is set now.
    """
    inputs = turn.inputs
    marks, queue = turn.durable.marks, turn.durable.queue
    if len(queue) >= MOST_QUEUED:
        queue = _thinned(turn, queue)
    queued = Queued(
        number=marks.next_number,
        session_id=session_id,
        asked=asked,
        is_utc_set=is_set,
        is_stamped=isinstance(asked, MeterSample) and turn.state.clock.ahead_ns is not None,
        box_ahead_ns=inputs.utc_ns - round(inputs.now_s * 1e9) if is_present else None,
        boot=inputs.boot,
    )
    marks = replace(marks, next_number=marks.next_number + 1)
    turn.keep(queue=(*queue, queued), marks=marks)


def _thinned(turn: Turn, queue: tuple[Queued, ...]) -> tuple[Queued, ...]:
    """Return the queue without every second sample: begin and end of a charge are never dropped."""
    samples = [each for each in queue if isinstance(each.asked, MeterSample)]
    dropped = {each.number for each in samples[::2]}
    call = turn.state.outbox.call
    if call is not None:
        dropped.discard(call.number)
    if dropped:
        turn.log("warning", f"{len(queue)} messages are unsent: {len(dropped)} samples are dropped")
    return tuple(each for each in queue if each.number not in dropped)


def drop_of(turn: Turn, session_id: str) -> None:
    """Drop all messages of a transaction: the service has no id for it."""
    queue = tuple(each for each in turn.durable.queue if each.session_id != session_id)
    turn.keep(queue=queue)


def queued_of(turn: Turn, number: int) -> Queued | None:
    """Return a queued message by its number."""
    return next((each for each in turn.durable.queue if each.number == number), None)


def transaction_of(turn: Turn, session_id: str) -> Transaction | None:
    """Return the transaction of a session."""
    found = (each for each in turn.durable.transactions if each.session_id == session_id)
    return next(found, None)


def change_transaction(turn: Turn, changed: Transaction) -> None:
    """Replace a transaction by its new form, or add it."""
    others = turn.durable.transactions
    if any(each.session_id == changed.session_id for each in others):
        kept = tuple(changed if each.session_id == changed.session_id else each for each in others)
    else:
        kept = (*others, changed)
    turn.keep(transactions=kept)


def _replace_queued(turn: Turn, changed: Queued) -> None:
    queue = tuple(changed if each.number == changed.number else each for each in turn.durable.queue)
    turn.keep(queue=queue)


def forget_waiting(turn: Turn, key: str) -> None:
    """Drop a call that waits, by its key."""
    outbox = turn.state.outbox
    waiting = tuple(each for each in outbox.waiting if each.key != key)
    if len(waiting) < len(outbox.waiting):
        turn.set(outbox=replace(outbox, waiting=waiting))

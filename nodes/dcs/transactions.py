"""The transactions: what the store of sessions has, and the service does not know yet. Pure.

Session's store is the one source: a transaction is a session, and its begin and end are queued from
the record of the session, whenever this node sees it for the first time, also after it was down.
`Marks.session_id` is the newest session of which all is queued; all newer ones are compared with
the transactions that are kept. So nothing is lost and nothing queued twice, whatever is restarted.

A session that had ended before this box was used with a service for the first time is not reported.
"""

from msgspec.structs import replace

from bus import Status
from msgs.methods import END_SESSION, LIST_SESSIONS
from msgs.requests import Answer, ReasonArguments
from msgs.session import EndReason, SessionRecord, SessionsArguments
from nodes.dcs import outbox
from nodes.dcs.box_asks import Begun, BegunAnswer, Ended, EndedAnswer, StopCause
from nodes.dcs.events import MeterSample, TokenStatus
from nodes.dcs.kept import Queued, Transaction
from nodes.dcs.measurands import register_of
from nodes.dcs.profile_check import RunningTransaction
from nodes.dcs.profiles import end_transaction, install
from nodes.dcs.reservation import is_same_token
from nodes.dcs.state import CONNECTOR, SessionsLook
from nodes.dcs.turn import Turn
from nodes.dcs.variables import is_on

PAGE = 20  # records of one request
RETRY_S = 1.0  # assumed: session's disk takes a record within it
LACKS_S = 5.0  # as bus.write_behind.RETRY_S: a disk that refuses a record is tried again by then
REGISTER_S = 60.0  # assumed: the box's meter is read by then, or does not answer
NO_CARD = "NOCARD"  # assumed: the token of a session that needed none; 1.6 has to have one

SESSIONS, END = "sessions", "end"  # keys of requests

CAUSES: dict[EndReason | None, StopCause] = {
    EndReason.UNPLUGGED: StopCause.VEHICLE_LEFT,
    EndReason.STOPPED: StopCause.LOCAL,
    EndReason.RESTART: StopCause.REBOOT,
    EndReason.POWER_LOSS: StopCause.POWER_LOSS,
    EndReason.LAPSED: StopCause.OTHER,
    EndReason.FAULT: StopCause.OTHER,
    None: StopCause.OTHER,
}


def running(turn: Turn) -> Transaction | None:
    """Return the transaction of the session that runs; None: none, or it is not queued yet."""
    session = turn.inputs.session
    if session is None or not session.session_id:
        return None
    found = outbox.transaction_of(turn, session.session_id)
    return None if found is None or found.is_ended else found


def least_wh(turn: Turn) -> float:
    """Return what the register of a sample is at least, by what the service knows already."""
    transaction = running(turn)
    if transaction is None:
        return 0.0
    return max(transaction.begun_wh + int(turn.inputs.session_wh), transaction.sampled_wh)


def note_sample(turn: Turn, taken: MeterSample) -> None:
    """Note the register of a sample of the transaction that runs; it is stored with the sample."""
    transaction, sampled_wh = running(turn), register_of(taken)
    if transaction is not None and sampled_wh is not None:
        outbox.change_transaction(turn, replace(transaction, sampled_wh=sampled_wh))


def follow_sessions(turn: Turn) -> None:
    """Read the store of sessions if it may have something new."""
    session, look = turn.inputs.session, turn.state.look
    if session is None or not turn.is_synchronised:
        return
    if look.is_asked or not moment_has_come(turn):
        return
    is_open = any(
        not each.is_ended and each.session_id != session.session_id
        for each in turn.durable.transactions
    )
    if look.session_id == session.session_id and not is_open and not look.lacks:
        return
    _ask(turn, "")


def moment_has_come(turn: Turn) -> bool:
    """Return whether the store of sessions may be read now."""
    return turn.moment.reached(turn.state.look.retry_s)


def _ask(turn: Turn, before: str) -> None:
    turn.set(look=replace(turn.state.look, is_asked=True, found=turn.state.look.found))
    turn.request(LIST_SESSIONS, SessionsArguments(limit=PAGE, before=before), SESSIONS)


def take_page(turn: Turn, answer: Answer[tuple[SessionRecord, ...]]) -> None:
    """Take a page of the store of sessions; queue what is new once all of it is there."""
    look = replace(turn.state.look, is_asked=False)
    page = answer.result
    if answer.status is not Status.OK or page is None:
        turn.set(look=replace(look, found=(), retry_s=turn.now_s + RETRY_S))
        return
    found, mark = (*look.found, *page), turn.durable.marks.session_id
    known = [number for number, each in enumerate(found) if each.session_id == mark]
    are_open = {each.session_id for each in turn.durable.transactions if not each.is_ended}
    is_known = bool(known) and are_open <= {each.session_id for each in found}
    is_all = is_known or len(page) < PAGE or mark is None
    if not is_all:
        turn.set(look=replace(look, found=found))
        _ask(turn, page[-1].session_id)
        return
    fresh = found[: known[0]] if known else found
    session = turn.inputs.session
    session_id = "" if session is None else session.session_id
    look = _with_lacking(look, found, session_id)
    retry_s = LACKS_S if look.lacks and not session_id else RETRY_S
    turn.set(look=replace(look, found=(), session_id=session_id, retry_s=turn.now_s + retry_s))
    if mark is None:
        _begin_marks(turn, fresh)
        fresh = tuple(each for each in fresh if not each.ended_utc_ns)
    fresh_ids = {each.session_id for each in fresh}
    for record in reversed(found):
        is_fresh = record.session_id in fresh_ids
        if is_fresh or record.session_id in are_open:  # the latter: the queue was damaged
            _queue(turn, record)
        if is_fresh and record.ended_utc_ns:
            turn.keep(marks=replace(turn.durable.marks, session_id=record.session_id))
    _end_unknown(turn, found, session_id)
    turn.set(look=replace(turn.state.look, is_settled=True))


def _with_lacking(
    look: SessionsLook, found: tuple[SessionRecord, ...], session_id: str
) -> SessionsLook:
    """Note the newest session whose record is not in the store yet; then all before it are not."""
    stored = {each.session_id for each in found}
    newest = session_id or look.lacks
    return replace(look, lacks="" if newest in stored else newest)


def _end_unknown(turn: Turn, found: tuple[SessionRecord, ...], session_id: str) -> None:
    """End the transactions whose sessions are in the store no more: it was damaged.

    Their energy is what the register has grown by, so the end waits for it, but not for ever.
    """
    known = {each.session_id for each in found} | {session_id}
    lost = [
        each
        for each in turn.durable.transactions
        if not each.is_ended and each.session_id not in known
    ]
    since_s = turn.now_s if turn.state.look.lost_s is None else turn.state.look.lost_s
    waits = bool(lost) and turn.state.last_wh is None and turn.now_s < since_s + REGISTER_S
    turn.set(look=replace(turn.state.look, lost_s=since_s if waits else None))
    for each in () if waits else lost:
        turn.log("error", f"session {each.session_id} is not stored any more: its end is not known")
        utc_ns = turn.utc_ns
        record = SessionRecord(
            session_id=each.session_id,
            started_utc_ns=each.begun_utc_ns,
            ended_utc_ns=turn.inputs.utc_ns if utc_ns is None else utc_ns,
            start_energy_wh=each.begun_wh,
            energy_wh=max((turn.state.last_wh or 0.0) - each.begun_wh, 0.0),
            end_reason=None,
            is_end_utc_set=utc_ns is not None,
        )
        _ended(turn, record, each, is_present=True)


def _begin_marks(turn: Turn, found: tuple[SessionRecord, ...]) -> None:
    """Begin with the sessions that have not ended yet."""
    ended = next((each.session_id for each in found if each.ended_utc_ns), "")
    turn.keep(marks=replace(turn.durable.marks, session_id=ended))


def _queue(turn: Turn, record: SessionRecord) -> None:
    """Queue begin and end of a session, as far as they are not queued yet."""
    is_present = turn.state.look.is_settled
    transaction = outbox.transaction_of(turn, record.session_id)
    if transaction is None:
        transaction = _began(turn, record, is_present=is_present)
    elif _lacks_begin(turn, transaction):
        _queue_begin(turn, record, transaction, is_present=is_present)
    if record.ended_utc_ns and not transaction.is_ended:
        _ended(turn, record, transaction, is_present=is_present)


def _lacks_begin(turn: Turn, transaction: Transaction) -> bool:
    """Return whether a begin is neither acknowledged nor queued: the queue was damaged."""
    if transaction.number is not None or transaction.is_lost:
        return False
    return not any(
        each.session_id == transaction.session_id and isinstance(each.asked, Begun)
        for each in turn.durable.queue
    )


def _began(turn: Turn, record: SessionRecord, *, is_present: bool) -> Transaction:
    token = record.token or NO_CARD
    reservation = _use_reservation(turn, token)
    transaction = Transaction(
        session_id=record.session_id,
        token=token,
        reservation=reservation,
        begun_wh=round(record.start_energy_wh),
        begun_utc_ns=record.started_utc_ns,
    )
    outbox.change_transaction(turn, transaction)
    _queue_begin(turn, record, transaction, is_present=is_present)
    _use_remote(turn, record)
    return transaction


def _queue_begin(
    turn: Turn, record: SessionRecord, transaction: Transaction, *, is_present: bool
) -> None:
    begun = Begun(
        connector=CONNECTOR,
        token=transaction.token,
        meter_wh=transaction.begun_wh,
        utc_ns=transaction.begun_utc_ns,
        reservation=transaction.reservation,
    )
    outbox.enqueue(
        turn,
        record.session_id,
        begun,
        is_set=record.is_start_utc_set,
        is_present=is_present,
    )


def _use_reservation(turn: Turn, token: str) -> int | None:
    """Return the reservation that a token uses, which is over then; None: it uses none."""
    reserved = turn.durable.reservation
    users = () if reserved is None else (reserved.token, turn.durable.used_reservation)
    if reserved is None or not any(is_same_token(token, each) for each in users):
        return None
    turn.keep(reservation=None, used_reservation="")
    return reserved.reservation_id


def _use_remote(turn: Turn, record: SessionRecord) -> None:
    """End a remote start whose session has begun; its profile is that of the transaction."""
    remote = turn.state.remote
    if remote is None or remote.token != record.token:
        return
    turn.set(remote=None)
    utc_ns = turn.utc_ns
    if remote.profile is None or record.ended_utc_ns or utc_ns is None:
        return
    begun = RunningTransaction(begun_utc_s=utc_ns / 1e9)
    profiles, refusal = install(
        turn.durable.profiles, remote.profile, now_s=utc_ns / 1e9, running=begun
    )
    if refusal:
        turn.log("warning", f"the profile of the remote start is not installed: {refusal}")
    turn.keep(profiles=profiles)


def _ended(
    turn: Turn, record: SessionRecord, transaction: Transaction, *, is_present: bool
) -> None:
    """Queue the end of a session; a clock that was set back gives no end before the begin.

    Session moves a start down when the register has lost its last minute with the mains. The
    service has the start as it was, so the end moves up by as much; and what a sample has shown has
    flowed, though the record has lost it.
    """
    outbox.change_transaction(turn, replace(transaction, is_ended=True))
    now = running(turn)
    if now is None:
        turn.keep(profiles=end_transaction(turn.durable.profiles))
    if transaction.is_lost:
        _forget(turn, record.session_id)
        return
    moved_wh = transaction.begun_wh - round(record.start_energy_wh)
    ended = Ended(
        transaction=0,  # the service's id is added when it is sent
        meter_wh=max(
            round(record.start_energy_wh + record.energy_wh) + moved_wh, transaction.sampled_wh
        ),
        utc_ns=max(record.ended_utc_ns, record.started_utc_ns),
        cause=transaction.cause or CAUSES[record.end_reason],
        token=transaction.end_token,
        samples=turn.state.ended_samples[1]
        if turn.state.ended_samples[0] == record.session_id
        else (),
    )
    outbox.enqueue(
        turn,
        record.session_id,
        ended,
        is_set=record.is_end_utc_set,
        is_present=is_present,
    )


def take_begun(turn: Turn, number: int, answer: BegunAnswer) -> None:
    """Take the service's answer to the begin of a transaction: its id, and its judgement."""
    queued = outbox.queued_of(turn, number)
    outbox.acknowledged(turn, number)
    transaction = None if queued is None else outbox.transaction_of(turn, queued.session_id)
    if transaction is None:
        return
    info = answer.info
    is_refused = info.status is not TokenStatus.ACCEPTED
    outbox.change_transaction(
        turn,
        replace(
            transaction,
            number=answer.transaction,
            group=info.group,
            is_refused=is_refused,
        ),
    )
    if is_refused:
        turn.log("warning", f"the service does not accept {transaction.token}: {info.status}")
        _refuse(turn, transaction.session_id)


def _refuse(turn: Turn, session_id: str) -> None:
    """End a session whose token the service does not accept, or let it pause (case 12)."""
    transaction = running(turn)
    if transaction is None or transaction.session_id != session_id:
        return
    if is_on(turn, "StopTransactionOnInvalidId"):
        end(turn, transaction, StopCause.DEAUTHORIZED, "the charging service refuses this card")


def end(turn: Turn, transaction: Transaction, cause: StopCause, why: str) -> None:
    """End the session that runs."""
    outbox.change_transaction(turn, replace(transaction, cause=cause))
    turn.request(END_SESSION, ReasonArguments(reason=why), END)


def take_end(turn: Turn, answer: Answer[None]) -> None:
    """Take session's answer to the request to end."""
    if answer.status is Status.OK:
        return
    turn.log("warning", f"session has not ended the charge: {answer.reason or answer.status}")
    transaction = running(turn)
    if transaction is not None:
        outbox.change_transaction(turn, replace(transaction, cause=None))


def take_ended(turn: Turn, number: int, answer: EndedAnswer) -> None:
    """Take the service's acknowledgement of the end of a transaction."""
    queued = outbox.queued_of(turn, number)
    outbox.acknowledged(turn, number)
    if queued is not None:
        _forget(turn, queued.session_id)


def take_dropped(turn: Turn, queued: Queued) -> None:
    """Follow a message that the service has refused for good."""
    transaction = outbox.transaction_of(turn, queued.session_id)
    if isinstance(queued.asked, Ended):
        _forget(turn, queued.session_id)
    elif isinstance(queued.asked, Begun) and transaction is not None:
        outbox.drop_of(turn, queued.session_id)
        if transaction.is_ended:
            _forget(turn, queued.session_id)
        else:
            outbox.change_transaction(turn, replace(transaction, is_lost=True))


def _forget(turn: Turn, session_id: str) -> None:
    kept = tuple(each for each in turn.durable.transactions if each.session_id != session_id)
    turn.keep(transactions=kept)

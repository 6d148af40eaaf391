"""The machine of dcs: one step over its parts, in the order of `step`. Pure."""

from typing import Any

from bus.disk_words import not_changed
from msgs.dcs import DcsStatus, Link
from msgs.wish import NO_WISHES, Wishes
from nodes.dcs import (
    authorisation,
    availability,
    boot,
    charge_mode,
    outbox,
    pairing,
    plan,
    remote,
    reservations,
    sampling,
    status,
    transactions,
    words,
)
from nodes.dcs.box_asks import (
    AskToken,
    BeatAnswer,
    BegunAnswer,
    Boot,
    BootAnswer,
    EndedAnswer,
    Registration,
    TokenAnswer,
)
from nodes.dcs.clock import heard
from nodes.dcs.dialect import (
    ServiceAnswer,
    ServiceFailure,
    ServiceRequest,
    Unreadable,
    WrongRequest,
)
from nodes.dcs.events import VendorMessage
from nodes.dcs.kept import Durable
from nodes.dcs.requests import take_request
from nodes.dcs.state import Inputs, Outbox, Outputs, PendingCall, Replied, Sent, State
from nodes.dcs.store import begin_store, hand_out_rows, is_busy, note, take_result
from nodes.dcs.turn import Turn

WRONG_S, MOST_WRONG = 60.0, 5  # assumed: wrong frames that are logged in that time
STOP_S = 1.0
"""Assumed: until what waits for the disk is written when the node stops."""


def start(durable: Durable, prefix: str) -> State:
    """Return the state at a start.

    :param prefix: of the ids of this start's messages; no two starts have the same.
    """
    return State(durable=durable, outbox=Outbox(prefix=prefix), store=begin_store(durable))


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the state after a step, and what is to be done."""
    turn = Turn(state, inputs)
    if inputs.written is not None:
        turn.set(store=take_result(turn.state.store, inputs.written, inputs.now_s))
        _note_problem(turn, state)
    boot.follow_link(turn)
    if inputs.message is not None:
        _take_message(turn, inputs.message)
    if inputs.replied is not None:
        _take_replied(turn, inputs.replied)
    status.follow_plug(turn)
    transactions.follow_sessions(turn)
    plan.follow_profiles(turn)
    if inputs.card is not None:
        authorisation.take_card(turn, inputs.card)
    if inputs.is_pressed:
        _press(turn)
    if inputs.unpairs:
        pairing.unpair(turn)
    pairing.follow_offer(turn)
    remote.follow_start(turn)
    remote.follow_lapse(turn)
    availability.follow_availability(turn)
    reservations.follow_reservation(turn)
    sampling.follow_sampling(turn)
    call = outbox.time_out(turn)
    if call is not None:
        _failed(turn, call, "no answer", is_answered=False)
    authorisation.decide_late(turn)
    boot.register(turn)
    status.report(turn)
    charge_mode.report_choice(turn)
    remote.follow_reset(turn)
    if not (turn.state.held and is_busy(turn.state.store)):
        outbox.send_next(turn)
    return _finish(turn, state)


def _finish(turn: Turn, before: State) -> tuple[State, Outputs]:
    """Return the state and the outputs at the end of a step."""
    inputs = turn.inputs
    store = note(turn.state.store, before.durable, turn.durable, turn.now_s)
    store, write = hand_out_rows(store, turn.moment)
    turn.set(store=store)
    _answer_held(turn)
    _answer_unpaired(turn)
    if turn.state.reconnects and not turn.state.held:
        turn.set(reconnects=False)
        boot.reconnect(turn)
    done = False
    if inputs.stop is not None:
        by_s = turn.state.stop_by_s or inputs.now_s + STOP_S
        turn.set(stop_by_s=by_s)
        is_stored = not store.waiting and not store.writing
        done = is_stored or turn.moment.reached(by_s)
    is_used = inputs.service is not None
    outputs = Outputs(
        status=_status(turn) if is_used else None,
        wishes=_wishes(turn),
        due_s=turn.moment.due_s if turn.state == before else inputs.now_s,
        lines=tuple(turn.lines),
        connect=turn.connect,
        disconnects=turn.disconnects,
        pings=turn.pings,
        sends=tuple(turn.sends),
        requests=tuple(turn.requests),
        decisions=tuple(turn.decisions),
        unpaired=turn.unpaired,
        write=write,
        uses_jitter=turn.uses_jitter,
        done=done,
    )
    return turn.state, outputs


def _wishes(turn: Turn) -> Wishes | None:
    """Return the limits of the service if they are to be sent: changed, or again within their hold.

    A node that has just started, or does not hear session, lifts no limit: all stays as it was.
    """
    said = turn.state.wishes
    if turn.inputs.service is None:
        now: Wishes | None = NO_WISHES
    else:
        now = said if turn.inputs.session is None else charge_mode.wishes_of(turn)
    if now is None:
        return None
    has_hold = any(each.hold_s is not None for each in now.wishes)
    if now == said and not (has_hold and turn.moment.reached(turn.state.repeat_s)):
        return None
    turn.set(wishes=now, repeat_s=turn.now_s + plan.REPEAT_S)
    return now


def _answer_held(turn: Turn) -> None:
    """Send the answers whose changes are on the disk; if it refuses them, errors.

    They go before a call of this box, which a request may have triggered (case 25).
    """
    store, held = turn.state.store, turn.state.held
    if not held:
        return
    is_stored = not is_busy(store)
    if not is_stored and store.problem is None:
        return
    calls = tuple(turn.sends)
    turn.sends.clear()
    for each in held:
        if is_stored:
            turn.sends.append(
                Sent(message_id=each.request.message_id, request=each.request, reply=each.reply)
            )
        else:
            turn.refuse(each.request.message_id, words.INTERNAL, f"not stored: {store.problem}")
    turn.sends.extend(calls)
    turn.set(held=())


def _answer_unpaired(turn: Turn) -> None:
    """Answer that the pairing is ended once that is on the disk, or that the disk refuses it."""
    store = turn.state.store
    if not turn.state.unpairing or (is_busy(store) and store.problem is None):
        return
    turn.unpaired = "" if store.problem is None else not_changed(store.problem)
    turn.set(unpairing=False)


def _note_problem(turn: Turn, before: State) -> None:
    """Log that the disk begins or ends to refuse."""
    now, then = turn.state.store.problem, before.store.problem
    if (now is None) is not (then is None):
        text = (
            "what was not stored is stored"
            if now is None
            else f"not stored: {turn.state.store.detail or now}"
        )
        turn.log("info" if now is None else "error", text)


def _press(turn: Turn) -> None:
    """Take a press of the touch key: it confirms a pairing, or switches the charge mode."""
    if pairing.can_confirm(turn):
        pairing.confirm(turn)
    elif charge_mode.can_switch(turn):
        charge_mode.switch(turn)


# --- messages -------------------------------------------------------------------------------------


def _take_message(turn: Turn, message: Any) -> None:
    match message:
        case ServiceRequest():
            take_request(turn, message)
        case WrongRequest(message_id=message_id, fault=fault, text=text, action=action):
            _log_wrong(turn, f"{action or 'a request'} of the service is wrong: {text}")
            if turn.state.registered.last is not Registration.REJECTED:
                turn.refuse(message_id, fault, text)
        case Unreadable(text=text):
            _log_wrong(turn, f"a frame of the service is ignored: {text}")
        case ServiceAnswer(message_id=message_id) | ServiceFailure(message_id=message_id):
            call = turn.state.outbox.call
            if call is None or call.message_id != message_id:
                return  # late, or of nothing
            outbox.close_call(turn)
            if isinstance(message, ServiceFailure):
                is_final = message.is_final
                _failed(turn, call, message.text, is_answered=True, is_final=is_final)
            else:
                _answered(turn, call, message.answered)
        case _:
            pass


def _log_wrong(turn: Turn, text: str) -> None:
    """Log a wrong frame; of many in a minute only the first ones, and then their number."""
    since_s, count = turn.state.wrong
    if turn.now_s >= since_s + WRONG_S:
        if count > MOST_WRONG:
            turn.log("warning", f"{count - MOST_WRONG} more wrong frames of the service")
        since_s, count = turn.now_s, 0
    if count < MOST_WRONG:
        turn.log("warning", text)
    turn.set(wrong=(since_s, count + 1))


def _answered(turn: Turn, call: PendingCall, answer: Any) -> None:
    """Take the answer to a call of this box."""
    match answer:
        case BootAnswer():
            boot.booted(turn, answer)
        case BeatAnswer(utc_ns=utc_ns):
            turn.set(clock=heard(turn.state.clock, turn.now_s, utc_ns))
        case TokenAnswer():
            _take_token(turn, call.key, answer)
        case BegunAnswer():
            transactions.take_begun(turn, call.number, answer)
        case EndedAnswer():
            transactions.take_ended(turn, call.number, answer)
        case _ if call.number:
            outbox.acknowledged(turn, call.number)
        case _ if call.key == pairing.CONFIRM:
            pairing.take_confirmed(turn, answer)
        case _:
            pass


def _failed(
    turn: Turn, call: PendingCall, text: str, *, is_answered: bool, is_final: bool = False
) -> None:
    """Follow a call that the service has refused, or has not answered."""
    match call.asked:
        case Boot():
            turn.log("warning", f"the registration has failed: {text}")
            boot.not_booted(turn)
        case AskToken():
            _take_token(turn, call.key, None)
        case VendorMessage() if call.key == pairing.CONFIRM:
            pairing.take_confirmed(turn, None)
        case _ if call.number and is_answered:
            dropped = outbox.refused(turn, call.number, text, is_final=is_final)
            if dropped is not None:
                transactions.take_dropped(turn, dropped)
        case _ if is_answered:
            turn.log("warning", f"the service has refused {type(call.asked).__name__}: {text}")
        case _:
            pass


def _take_token(turn: Turn, key: str, answer: TokenAnswer | None) -> None:
    if key == remote.START:
        remote.take_token(turn, answer)
    else:
        authorisation.take_token(turn, key, answer)


def _take_replied(turn: Turn, replied: Replied) -> None:
    """Take another node's answer."""
    match replied.key:
        case transactions.SESSIONS:
            transactions.take_page(turn, replied.answer)
        case transactions.END:
            transactions.take_end(turn, replied.answer)
        case remote.START:
            remote.take_authorised(turn, replied.answer)
        case pairing.ENABLE:
            pairing.take_enabled(turn, replied.answer)
        case pairing.DISABLE:
            pairing.take_disabled(turn, replied.answer)
        case remote.RESUME:
            remote.take_resumed(turn, replied.answer)
        case remote.RESTART:
            remote.take_restart(turn, replied.answer)
        case _:
            pass


# --- the status -----------------------------------------------------------------------------------


def _status(turn: Turn) -> DcsStatus:
    link, service = turn.state.link, turn.inputs.service
    mode, waits = charge_mode.charge_mode(turn)
    is_signing_in = (
        turn.is_synchronised and not turn.is_online and (link.is_open or link.is_opening)
    )
    shown = Link.REACHABLE if link.is_open else Link.UNREACHABLE
    if turn.is_online:
        shown = Link.ONLINE
    return DcsStatus(
        link=shown,
        synchronised=turn.is_synchronised,
        mode=mode,
        signing_in=is_signing_in and turn.state.registered.last is not Registration.REJECTED,
        waits_for_plan=waits,
        can_confirm=pairing.can_confirm(turn),
        can_switch=charge_mode.can_switch(turn),
        detail=words.detail(turn),
        clock_set=turn.utc_ns is not None,
        plan=turn.state.plan.periods,
        service="" if service is None else service.url,
        unsent=len(turn.durable.queue),
    )

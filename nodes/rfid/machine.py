"""Decide on each card: authorised, refused, taught. Pure; see the package for the contract.

Cards come in as events of `nodes.rfid.field`. Requests to session and to the disk leave as
`Outputs.request_for` and `Outputs.write`, and are answered by `Inputs.answer` and `Inputs.written`.
"""

import math
from dataclasses import replace

from bus.moment import Moment
from bus.write_behind import WriteResult, hand_out, queue, settle
from msgs.card import CardColor, CardRole, Uid
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode, RfidStatus
from msgs.stored import Stored
from nodes.rfid import presenting, words
from nodes.rfid.asking import after_answer, after_decision, ask
from nodes.rfid.cards import (
    Cards,
    authorising,
    find,
    has_master,
    refusal_to_keep,
    refusal_to_teach,
    revokes,
    with_master,
    with_user,
)
from nodes.rfid.field import POLL_S, CardEvent, Unclear
from nodes.rfid.outcome import CardOutcome, CardResult, Naming
from nodes.rfid.showing import SHOWN_S, end_teaching, play, ready, refuse, without_indication
from nodes.rfid.state import Inputs, ListWrite, Outputs, SessionView, State

# A card is seen up to one poll after it was presented: the windows are longer by that.
TEACH_S = 5.0 + POLL_S  # RFID-8, RFID-10; since the previous card was seen
MASTER_S = 60.0 + POLL_S  # RFID-9; from the start of the node

_PROBLEMS = {Unclear.UNREADABLE: CardResult.UNREADABLE, Unclear.SEVERAL: CardResult.SEVERAL}


def start(cards: Cards, now_s: float, read_generation: Stored = Stored.CURRENT) -> State:
    """Return the first state: without a master the first card presented becomes it (RFID-9).

    Each start opens that window, a restart in place as well. It waits while a vehicle is plugged
    in.
    """
    if has_master(cards):
        return State(
            cards=cards, read_generation=read_generation, mode=RfidMode.READY, until_s=math.inf
        )
    return State(
        cards=cards,
        read_generation=read_generation,
        mode=RfidMode.MASTER,
        until_s=now_s + MASTER_S,
        outcome=CardOutcome(result=CardResult.MASTER_AWAITED),
    )


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state and the outputs."""
    before, state, moment = (
        state,
        replace(state, check_for=None, request_for=None),
        Moment(inputs.now_s),
    )
    if inputs.written is not None:
        state = _after_write(state, inputs.written, inputs.now_s)
    if inputs.decision is not None:
        state = after_decision(state, inputs.decision, inputs.now_s)
    if inputs.answer is not None:
        state = after_answer(state, inputs.answer, inputs.now_s)
    if inputs.change is not None:
        outcome = CardOutcome(result=CardResult.STORING)
        state = _store(replace(end_teaching(state), outcome=outcome), inputs.change)
    vehicle = inputs.vehicle
    state = replace(state, works=inputs.works, token="" if vehicle is None else vehicle.token)
    state = _hold_window(_interrupt(state, inputs), inputs)
    state = _expire(state, inputs, moment)
    if inputs.event is not None:
        state = _present(state, inputs.event, inputs)
    state = presenting.after(state)
    if inputs.named is not None:
        state = presenting.present(state, inputs.named, inputs)
    naming = state.naming
    if naming is not Naming.AWAITED:
        state = replace(state, naming=Naming.NONE)
    if moment.reached(state.shown_until_s):
        state = replace(state, indication=Indication.NONE, shown_until_s=math.inf)
    store, write = hand_out(state.store, moment)
    state = replace(state, store=store)
    return state, Outputs(
        status=_status(state),
        check_for=state.check_for,
        request_for=state.request_for,
        write=write,
        naming=naming,
        revokes=write is not None and _revokes(state, write),
        lines=_lines(before, state, inputs),
        due_s=moment.due_s if state == before else inputs.now_s,
    )


# --- what ends by itself --------------------------------------------------------------------------


def _interrupt(state: State, inputs: Inputs) -> State:
    """End teaching that cannot go on: a vehicle is plugged in, the reader is silent.

    If a vehicle is plugged in just after the master was presented, the master authorises (RFID-10).
    """
    if state.mode not in (RfidMode.NEW_CARD, RfidMode.CONFIRM):
        return state
    if not state.store.is_idle:
        return state
    vehicle = inputs.vehicle
    if state.mode is RfidMode.NEW_CARD and vehicle is not None and vehicle.plugged:
        return ask(state, state.master_uid, inputs)
    why = _why_no_teaching(vehicle) if inputs.works else CardResult.READER_SILENT
    return state if why is None else refuse(state, why, inputs.now_s)


def _hold_window(state: State, inputs: Inputs) -> State:
    """Let the window for a first master wait while a vehicle is plugged in (RFID-7).

    It begins when the reading area lights up (RFID-9), which is when the plug is out.
    """
    if state.mode is not RfidMode.MASTER or inputs.vehicle is None or not state.store.is_idle:
        return state
    is_held = state.until_s == math.inf
    if inputs.vehicle.plugged and not is_held:
        blocked = CardOutcome(result=CardResult.MASTER_BLOCKED)
        return replace(state, until_s=math.inf, outcome=blocked)
    if is_held and not inputs.vehicle.plugged:
        awaited = CardOutcome(result=CardResult.MASTER_AWAITED)
        return replace(state, until_s=inputs.now_s + MASTER_S, outcome=awaited)
    return state


def _expire(state: State, inputs: Inputs, moment: Moment) -> State:
    """Close the window of a mode when it is over."""
    if not moment.passed(state.until_s):
        return state
    now_s = moment.now_s
    match state.mode:
        case RfidMode.NEW_CARD:  # the master was meant to authorise (RFID-10)
            return ask(state, state.master_uid, inputs)
        case RfidMode.CONFIRM:
            return refuse(state, CardResult.TOO_LATE, now_s)
        case RfidMode.MASTER:
            return replace(ready(state), outcome=CardOutcome(result=CardResult.MASTER_MISSED))
        case RfidMode.READY:
            return state


# --- a card is presented --------------------------------------------------------------------------


def _present(state: State, event: CardEvent, inputs: Inputs) -> State:
    """Take the card that was presented."""
    now_s, uid = inputs.now_s, event.uid
    state = replace(state, last_uid=uid, accepted=None)
    if state.awaits_answer_for is not None or not state.store.is_idle:
        return refuse(state, CardResult.BUSY, now_s)
    if event.problem is not None:
        return refuse(state, _PROBLEMS[event.problem], now_s)
    match state.mode:
        case RfidMode.READY:
            return _present_ready(state, uid, inputs)
        case RfidMode.NEW_CARD:
            return _present_new(state, uid, now_s)
        case RfidMode.CONFIRM:
            return _present_again(state, uid, now_s)
        case RfidMode.MASTER:
            return _present_first(state, uid, inputs)


def _present_ready(state: State, uid: Uid, inputs: Inputs) -> State:
    """Ask whether a card authorises; one that is not in the list only where a service is in use.

    The master begins to teach instead, if no vehicle is plugged in and nothing is authorised.
    """
    card, vehicle = authorising(state.cards, uid), inputs.vehicle
    if card is None and not inputs.has_service:
        return refuse(state, CardResult.NOT_LISTED, inputs.now_s)
    is_master = card is not None and card.role is CardRole.MASTER
    is_in_use = vehicle is not None and vehicle.is_in_use
    if not is_master or is_in_use or _why_no_teaching(vehicle) is not None:
        return ask(state, uid, inputs)
    state = replace(
        without_indication(state),
        mode=RfidMode.NEW_CARD,
        until_s=inputs.now_s + TEACH_S,
        master_uid=uid,
        outcome=CardOutcome(result=CardResult.MASTER_PRESENTED),
    )
    return play(state, Tone.SINGLE)


def _present_new(state: State, uid: Uid, now_s: float) -> State:
    """Take the new card; the master has to confirm it."""
    refusal = refusal_to_teach(state.cards, uid)
    if refusal is not None:
        return refuse(state, refusal, now_s)
    state = replace(
        state,
        mode=RfidMode.CONFIRM,
        until_s=now_s + TEACH_S,
        new_uid=uid,
        indication=Indication.NEW_CARD,
        shown_until_s=math.inf,
        outcome=CardOutcome(result=CardResult.NEW_PRESENTED),
    )
    return play(state, Tone.SINGLE)


def _present_again(state: State, uid: Uid, now_s: float) -> State:
    """Store the new card when the master confirms it."""
    if uid != state.master_uid:
        return refuse(state, CardResult.OTHER_CARD, now_s)
    cards = with_user(state.cards, state.new_uid)
    outcome = CardOutcome(result=CardResult.USER_STORED, name=cards[-1].name)
    write = ListWrite(cards=cards, outcome=outcome, is_taught=True)
    return _store(replace(state, until_s=math.inf), write)


def _present_first(state: State, uid: Uid, inputs: Inputs) -> State:
    """Make the first card the master (RFID-9); a refused one leaves the window open."""
    refusal = refusal_to_keep(uid) or _why_no_teaching(inputs.vehicle)
    if refusal is not None:
        return refuse(state, refusal, inputs.now_s)
    outcome = CardOutcome(result=CardResult.MASTER_STORED)
    write = ListWrite(cards=with_master(state.cards, uid), outcome=outcome, is_taught=True)
    return _store(state, write)


def _why_no_teaching(vehicle: SessionView | None) -> CardResult | None:
    """Return why nothing can be taught now (RFID-7); None if it can."""
    if vehicle is None:
        return CardResult.PLUG_UNKNOWN
    return CardResult.PLUGGED if vehicle.plugged else None


# --- answers --------------------------------------------------------------------------------------


def _after_write(state: State, written: WriteResult, now_s: float) -> State:
    """Take the list that is stored now, or keep the previous one."""
    write, state = state.store.writing, replace(state, store=settle(state.store, written))
    if write is None:
        return state
    if written.problem is not None:
        if write.is_taught:
            return refuse(state, CardResult.NOT_STORED, now_s, said=written.problem)
        outcome = CardOutcome(result=CardResult.NOT_STORED, said=written.problem)
        return replace(state, outcome=outcome)
    state = replace(state, cards=write.cards, read_generation=Stored.CURRENT, outcome=write.outcome)
    if not write.is_taught:
        return state
    state = replace(
        ready(state), accepted=None, indication=Indication.STORED, shown_until_s=now_s + SHOWN_S
    )
    return play(state, Tone.SINGLE)


# --- common parts ---------------------------------------------------------------------------------


def _store(state: State, write: ListWrite) -> State:
    """Queue a list for the disk; it counts once it is stored."""
    return replace(state, store=queue(state.store, write))


def _revokes(state: State, write: ListWrite) -> bool:
    """Return whether a list takes a right from a card.

    True also if the stored list is not fully known.
    """
    return state.read_generation is not Stored.CURRENT or revokes(state.cards, write.cards)


# --- what is published and logged -----------------------------------------------------------------


def _status(state: State) -> RfidStatus:
    card = find(state.cards, state.last_uid)
    authorised = find(state.cards, state.token)
    return RfidStatus(
        mode=state.mode,
        last_uid=state.last_uid,
        accepted=state.accepted,
        indication=state.indication,
        tone=state.tone,
        tone_count=state.tone_count,
        works=state.works,
        cards=len(state.cards),
        has_master=has_master(state.cards),
        stored=state.read_generation,
        detail=words.detail(state.outcome),
        last_color=card.color if card else CardColor.NONE,
        last_name=card.name if card else "",
        authorised_uid=state.token,
        authorised_name=authorised.name if authorised else "",
    )


def _lines(before: State, state: State, inputs: Inputs) -> tuple[tuple[str, str], ...]:
    """Return the log lines: each card's result, and what does not work."""
    lines = []
    if before.works and not state.works:
        lines.append(("warning", "the card reader does not answer"))
    if state.works and not before.works:
        lines.append(("info", "the card reader answers"))
    if inputs.written is not None:
        problem = inputs.written.problem
        if problem is None and before.store.writing is not None:
            lines.append(("info", words.detail(before.store.writing.outcome)))
        else:
            lines.append(("error", f"not stored: {inputs.written.logged}"))
    elif state.tone_count != before.tone_count:
        card = find(state.cards, state.last_uid)
        name = card.name if card else state.last_uid
        lines.append(("info", f"{name or 'a card'}: {words.detail(state.outcome)}"))
    return tuple(lines)

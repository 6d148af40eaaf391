"""What becomes of a card: authorised, refused, taught. Pure; see the package for the contract.

Cards come in as events of `nodes.rfid.sight`. What is asked of session and of the disk leaves as
`Outputs.ask` and `Outputs.write`, and comes back as `Inputs.answer` and `Inputs.written`.
"""

import math
from dataclasses import replace

from bus import Answer
from bus.moment import Moment
from bus.write_behind import Written, hand_out, queue, settle
from msgs.card import CardColor, CardRole, Uid
from msgs.led import Tone
from msgs.rfid import Indication, RenameCard, RfidMode, RfidStatus
from msgs.session import Action, Authorized
from msgs.stored import Stored
from nodes.rfid import words
from nodes.rfid.cards import (
    Cards,
    find,
    has_master,
    lowers,
    refusal_to_keep,
    refusal_to_teach,
    verdict,
    with_master,
    with_name,
    with_user,
)
from nodes.rfid.outcome import NOTHING, Outcome, Refused, Result
from nodes.rfid.sight import POLL_S, Event, Unclear
from nodes.rfid.state import Inputs, Outputs, State, Vehicle, Write

# A card is seen up to one poll after it was held: so long a window stays open beyond its time.
TEACH_S = 5.0 + POLL_S  # RFID-8, RFID-10; from the moment the card before was seen
MASTER_S = 60.0 + POLL_S  # RFID-9; from the start of the node
SHOWN_S = 2.0  # RFID-3: accepted, refused; RFID-8: stored (ours)
MOST_WAITING = 7  # assumed; lists that wait for the one before them

_DONE = {
    Action.RELEASED: Result.RELEASED,
    Action.STARTED: Result.STARTED,
    Action.LOGGED_OFF: Result.LOGGED_OFF,
}
_PROBLEMS = {Unclear.UNREADABLE: Result.UNREADABLE, Unclear.SEVERAL: Result.SEVERAL}


def start(cards: Cards, now_s: float, known: Stored = Stored.CURRENT) -> State:
    """Return the state to start with: without a master the first card held becomes it (RFID-9).

    Each start opens that window, one in place as well.
    """
    if has_master(cards):
        return State(cards=cards, known=known, mode=RfidMode.READY, until_s=math.inf)
    return State(
        cards=cards,
        known=known,
        mode=RfidMode.MASTER,
        until_s=now_s + MASTER_S,
        outcome=Outcome(result=Result.MASTER_AWAITED),
    )


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and what is to be published, asked and stored now."""
    before, state, moment = state, replace(state, ask=None), Moment(inputs.now_s)
    if inputs.written is not None:
        state = _after_write(state, inputs.written, inputs.now_s)
    if inputs.answer is not None:
        state = _after_answer(state, inputs.answer, inputs.now_s)
    if inputs.change is not None:
        outcome = Outcome(result=Result.STORING)
        state = _store(replace(_end_teaching(state), outcome=outcome), inputs.change)
    state = replace(state, works=inputs.works)
    state = _interrupt(state, inputs)
    state = _expire(state, moment)
    if inputs.event is not None:
        state = _hold(state, inputs.event, inputs)
    if moment.reached(state.dark_s):
        state = replace(state, indication=Indication.NONE, dark_s=math.inf)
    store, write = hand_out(state.store, moment)
    state = replace(state, store=store)
    return state, Outputs(
        status=_status(state),
        ask=state.ask,
        write=write,
        lowers=write is not None and _lowers(state, write),
        lines=_lines(before, state, inputs),
        due_s=moment.due_s if state == before else inputs.now_s,
    )


# --- requests -------------------------------------------------------------------------------------


def erase(state: State) -> Write | Refused:
    """Return the empty list that is to be stored (PAN-3), or why not."""
    if len(state.store.waiting) >= MOST_WAITING:
        return Refused.BUSY
    return Write(cards=(), outcome=Outcome(result=Result.ERASED))


def rename(state: State, asked: RenameCard) -> Write | Refused:
    """Return the list with another name for a card, or why not."""
    uid, name = asked.uid.upper(), asked.name.strip()
    if find(state.cards, uid) is None:
        return Refused.UNKNOWN
    if not name or not name.isprintable():
        return Refused.NAME
    if not state.store.is_idle:
        return Refused.BUSY
    outcome = Outcome(result=Result.RENAMED, uid=uid, name=name)
    return Write(cards=with_name(state.cards, uid, name), outcome=outcome)


# --- what ends by itself --------------------------------------------------------------------------


def _interrupt(state: State, inputs: Inputs) -> State:
    """End teaching where it cannot go on: a vehicle is plugged in, the reader is silent.

    A master that was held just before its vehicle was plugged in was meant to authorise (RFID-10).
    """
    if state.mode not in (RfidMode.NEW_CARD, RfidMode.CONFIRM):
        return state
    if not state.store.is_idle:
        return state
    vehicle = inputs.vehicle
    if state.mode is RfidMode.NEW_CARD and vehicle is not None and vehicle.plugged:
        return _ask(state, state.master_uid)
    obstacle = _obstacle(vehicle) if inputs.works else Result.READER_SILENT
    return state if obstacle is None else _refuse(state, obstacle, inputs.now_s)


def _expire(state: State, moment: Moment) -> State:
    """Close the window of a mode when it is over."""
    if not moment.passed(state.until_s):
        return state
    now_s = moment.now_s
    match state.mode:
        case RfidMode.NEW_CARD:  # the master was meant to authorise (RFID-10)
            return _ask(state, state.master_uid)
        case RfidMode.CONFIRM:
            return _refuse(state, Result.TOO_LATE, now_s)
        case RfidMode.MASTER:
            return replace(_ready(state), outcome=Outcome(result=Result.MASTER_MISSED))
        case RfidMode.READY:
            return state


# --- a card is held -------------------------------------------------------------------------------


def _hold(state: State, event: Event, inputs: Inputs) -> State:
    """Judge what was held."""
    now_s, uid = inputs.now_s, event.uid
    state = replace(state, last_uid=uid, accepted=None)
    if state.asking is not None or not state.store.is_idle:
        return _refuse(state, Result.BUSY, now_s)
    if event.problem is not None:
        return _refuse(state, _PROBLEMS[event.problem], now_s)
    match state.mode:
        case RfidMode.READY:
            return _hold_ready(state, uid, inputs)
        case RfidMode.NEW_CARD:
            return _hold_new(state, uid, now_s)
        case RfidMode.CONFIRM:
            return _hold_again(state, uid, now_s)
        case RfidMode.MASTER:
            return _hold_first(state, uid, inputs)


def _hold_ready(state: State, uid: Uid, inputs: Inputs) -> State:
    """Let a card of the list authorise; the master teaches, where nothing is plugged or begun."""
    card, vehicle = verdict(state.cards, uid), inputs.vehicle
    if card is None:
        return _refuse(state, Result.NOT_LISTED, inputs.now_s)
    is_begun = vehicle is not None and vehicle.is_begun
    if card.role is not CardRole.MASTER or is_begun or _obstacle(vehicle) is not None:
        return _ask(state, uid)
    state = replace(
        _dark(state),
        mode=RfidMode.NEW_CARD,
        until_s=inputs.now_s + TEACH_S,
        master_uid=uid,
        outcome=Outcome(result=Result.MASTER_HELD),
    )
    return _play(state, Tone.SINGLE)


def _hold_new(state: State, uid: Uid, now_s: float) -> State:
    """Take the new card, to be confirmed."""
    refusal = refusal_to_teach(state.cards, uid)
    if refusal is not None:
        return _refuse(state, refusal, now_s)
    state = replace(
        state,
        mode=RfidMode.CONFIRM,
        until_s=now_s + TEACH_S,
        new_uid=uid,
        indication=Indication.NEW_CARD,
        dark_s=math.inf,
        outcome=Outcome(result=Result.NEW_HELD),
    )
    return _play(state, Tone.SINGLE)


def _hold_again(state: State, uid: Uid, now_s: float) -> State:
    """Store the new card when the master confirms it."""
    if uid != state.master_uid:
        return _refuse(state, Result.OTHER_CARD, now_s)
    cards = with_user(state.cards, state.new_uid)
    outcome = Outcome(result=Result.USER_STORED, name=cards[-1].name)
    write = Write(cards=cards, outcome=outcome, is_taught=True)
    return _store(replace(state, until_s=math.inf), write)


def _hold_first(state: State, uid: Uid, inputs: Inputs) -> State:
    """Make the first card the master (RFID-9); one that cannot be leaves the window open."""
    refusal = refusal_to_keep(uid) or _obstacle(inputs.vehicle)
    if refusal is not None:
        return _refuse(state, refusal, inputs.now_s)
    outcome = Outcome(result=Result.MASTER_STORED)
    write = Write(cards=with_master(state.cards, uid), outcome=outcome, is_taught=True)
    return _store(state, write)


def _obstacle(vehicle: Vehicle | None) -> Result | None:
    """Return why nothing can be taught now (RFID-7); None if it can."""
    if vehicle is None:
        return Result.PLUG_UNKNOWN
    return Result.PLUGGED if vehicle.plugged else None


# --- what has come back ---------------------------------------------------------------------------


def _after_write(state: State, written: Written, now_s: float) -> State:
    """Take the list that is on the disk now, or keep the one before."""
    write, state = state.store.writing, replace(state, store=settle(state.store, written))
    if write is None:
        return state
    if written.problem is not None:
        if write.is_taught:
            return _refuse(state, Result.NOT_STORED, now_s, said=written.problem)
        outcome = Outcome(result=Result.NOT_STORED, said=written.problem)
        return replace(state, outcome=outcome)
    state = replace(state, cards=write.cards, known=Stored.CURRENT, outcome=write.outcome)
    if not write.is_taught:
        return state
    state = replace(
        _ready(state), accepted=None, indication=Indication.STORED, dark_s=now_s + SHOWN_S
    )
    return _play(state, Tone.SINGLE)


def _after_answer(state: State, answer: Answer[Authorized], now_s: float) -> State:
    """Show what session has made of the card it was asked about."""
    state = replace(state, last_uid=state.asking or state.last_uid, asking=None)
    if answer.result is None:
        return _refuse(state, Result.NOT_AUTHORISED, now_s, said=words.answered(answer))
    state = replace(
        state,
        accepted=True,
        outcome=Outcome(result=_DONE[answer.result.action]),
        indication=Indication.ACCEPTED,
        dark_s=now_s + SHOWN_S,
    )
    return _play(state, Tone.RISING)


# --- what several do ------------------------------------------------------------------------------


def _ask(state: State, uid: Uid) -> State:
    """Ask session whether a card authorises."""
    return replace(
        _dark(_ready(state)), last_uid=uid, accepted=None, asking=uid, ask=uid, outcome=NOTHING
    )


def _store(state: State, write: Write) -> State:
    """Have a list stored; it counts when it is on the disk."""
    return replace(state, store=queue(state.store, write))


def _lowers(state: State, write: Write) -> bool:
    """Return whether a list takes something from a card; one that is not fully known may."""
    return state.known is not Stored.CURRENT or lowers(state.cards, write.cards)


def _refuse(state: State, why: Result, now_s: float, said: str = "") -> State:
    """Refuse what was held, and end teaching (RFID-3)."""
    state = replace(
        _end_teaching(state),
        accepted=False,
        outcome=Outcome(result=why, said=said),
        indication=Indication.REFUSED,
        dark_s=now_s + SHOWN_S,
    )
    return _play(state, Tone.FALLING)


def _end_teaching(state: State) -> State:
    """Go back to READY, but for the window of a first master."""
    if state.mode in (RfidMode.NEW_CARD, RfidMode.CONFIRM):
        return _dark(_ready(state))
    return state


def _ready(state: State) -> State:
    return replace(state, mode=RfidMode.READY, until_s=math.inf, master_uid="", new_uid="")


def _dark(state: State) -> State:
    return replace(state, indication=Indication.NONE, dark_s=math.inf)


def _play(state: State, tone: Tone) -> State:
    return replace(state, tone=tone, tone_count=state.tone_count + 1)


# --- what is said ---------------------------------------------------------------------------------


def _status(state: State) -> RfidStatus:
    card = find(state.cards, state.last_uid)
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
        stored=state.known,
        detail=words.detail(state.outcome),
        last_color=card.color if card else CardColor.NONE,
        last_name=card.name if card else "",
    )


def _lines(before: State, state: State, inputs: Inputs) -> tuple[tuple[str, str], ...]:
    """Return what the log is told: each card's end, and what does not work."""
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
            lines.append(("error", f"not stored: {problem}"))
    elif state.tone_count != before.tone_count:
        card = find(state.cards, state.last_uid)
        name = card.name if card else state.last_uid
        lines.append(("info", f"{name or 'a card'}: {words.detail(state.outcome)}"))
    return tuple(lines)

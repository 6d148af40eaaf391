"""What becomes of a card: authorised, refused, taught. Pure; see the package for the contract.

Cards come in as events of `nodes.rfid.sight`. What is asked of session and of the disk leaves as
`Outputs.ask` and `Outputs.write`, and comes back as `Inputs.answer` and `Inputs.written`.
"""

import math
from dataclasses import replace

from bus import Answer
from msgs.card import CardColor, CardRole, Uid
from msgs.led import Tone
from msgs.rfid import Indication, RenameCard, RfidMode, RfidStatus
from msgs.session import Action, Authorized, SessionStatus
from nodes.rfid.cards import (
    Cards,
    find,
    has_master,
    refusal_to_keep,
    refusal_to_teach,
    verdict,
    with_master,
    with_name,
    with_user,
)
from nodes.rfid.sight import POLL_S, Event
from nodes.rfid.state import Inputs, Outputs, State, Write, Written

# A card is seen up to one poll after it was held: so long a window stays open beyond its time.
TEACH_S = 5.0 + POLL_S  # RFID-8, RFID-10; from the moment the card before was seen
MASTER_S = 60.0 + POLL_S  # RFID-9; from the start of the node
SHOWN_S = 2.0  # RFID-3: accepted, refused; RFID-8: stored (ours)
PERIOD_S = 1.0  # rfid/status
MOST_WRITES = 8  # assumed; lists that wait for the disk
MOST_TEXT = 400  # msgs.units.Text

DONE = {
    Action.RELEASED: "Authorised: plug the vehicle in.",
    Action.STARTED: "Authorised: the vehicle may charge.",
    Action.LOGGED_OFF: "Logged off.",
}
BUSY = "The card before is still being judged; hold this one again."
STORING = "The list of cards is being stored."
SILENT = "The card reader does not answer; nothing was stored."


def start(cards: Cards, now_s: float) -> State:
    """Return the state to start with: without a master the first card held becomes it (RFID-9).

    Each start opens that window, one in place as well.
    """
    if has_master(cards):
        return State(cards=cards, mode=RfidMode.READY, until_s=math.inf)
    return State(
        cards=cards,
        mode=RfidMode.MASTER,
        until_s=now_s + MASTER_S,
        detail="There is no master card: the first card held within 60 s becomes it.",
    )


def step(state: State, inputs: Inputs) -> tuple[State, Outputs]:
    """Return the next state, and what is to be said, asked and stored now."""
    before, state = state, replace(state, ask="", write=None)
    if inputs.written is not None:
        state = _after_write(state, inputs.written, inputs.now_s)
    if inputs.answer is not None:
        state = _after_answer(state, inputs.answer, inputs.now_s)
    if inputs.change is not None:
        state = _store(replace(_end_teaching(state), detail=STORING), inputs.change)
    state = replace(state, works=inputs.works)
    state = _interrupt(state, inputs)
    state = _expire(state, inputs.now_s)
    if inputs.event is not None:
        state = _hold(state, inputs.event, inputs)
    if inputs.now_s >= state.dark_s:
        state = replace(state, indication=Indication.NONE, dark_s=math.inf)
    state, status = _say(state, inputs.now_s)
    lines = _lines(before, state, inputs)
    return state, Outputs(status=status, ask=state.ask, write=state.write, lines=lines)


# --- requests -------------------------------------------------------------------------------------


def erase(state: State) -> Write | str:
    """Return the empty list that is to be stored (PAN-3), or why not, for a person."""
    if len(state.writing) >= MOST_WRITES:
        return "Other changes of the list wait for the disk; ask again."
    return Write(cards=(), told="Every card is erased, the master included.")


def rename(state: State, asked: RenameCard) -> Write | str:
    """Return the list with another name for a card, or why not, for a person."""
    uid, name = asked.uid.upper(), asked.name.strip()
    if find(state.cards, uid) is None:
        return f"There is no card {uid!r} in the list."
    if not name or not name.isprintable():
        return "A name has at least one letter, and no control characters."
    if state.writing:
        return "Another change of the list waits for the disk; ask again."
    return Write(cards=with_name(state.cards, uid, name), told=f"Card {uid} is called {name}.")


# --- what ends by itself --------------------------------------------------------------------------


def _interrupt(state: State, inputs: Inputs) -> State:
    """End teaching where it cannot go on: a vehicle is plugged in, the reader is silent.

    A master that was held just before its vehicle was plugged in was meant to authorise (RFID-10).
    """
    if state.mode not in (RfidMode.NEW_CARD, RfidMode.CONFIRM) or state.writing:
        return state
    session = inputs.session
    if state.mode is RfidMode.NEW_CARD and session is not None and session.plugged:
        return _ask(state, state.master_uid)
    obstacle = _obstacle(session) if inputs.works else SILENT
    return _refuse(state, obstacle, inputs.now_s) if obstacle else state


def _expire(state: State, now_s: float) -> State:
    """Close the window of a mode when it is over."""
    if now_s <= state.until_s:
        return state
    match state.mode:
        case RfidMode.NEW_CARD:  # the master was meant to authorise (RFID-10)
            return _ask(state, state.master_uid)
        case RfidMode.CONFIRM:
            return _refuse(
                state, "The master was not held again in time; nothing was stored.", now_s
            )
        case RfidMode.MASTER:
            return replace(
                _ready(state), detail="There is no master card; the next start waits for one again."
            )
        case RfidMode.READY:
            return state


# --- a card is held -------------------------------------------------------------------------------


def _hold(state: State, event: Event, inputs: Inputs) -> State:
    """Judge what was held."""
    now_s, uid = inputs.now_s, event.uid
    state = replace(state, last_uid=uid, accepted=None)
    if state.asking or state.writing:
        return _refuse(state, BUSY, now_s)
    if event.problem:
        return _refuse(state, event.problem, now_s)
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
    card, session = verdict(state.cards, uid), inputs.session
    if card is None:
        return _refuse(state, "This card is not in the list.", inputs.now_s)
    is_begun = session is not None and (session.released or session.authorized)
    if card.role is not CardRole.MASTER or is_begun or _obstacle(session):
        return _ask(state, uid)
    state = replace(
        _dark(state),
        mode=RfidMode.NEW_CARD,
        until_s=inputs.now_s + TEACH_S,
        master_uid=uid,
        detail="Hold a new card within 5 s to store it; without one the master authorises.",
    )
    return _play(state, Tone.SINGLE)


def _hold_new(state: State, uid: Uid, now_s: float) -> State:
    """Take the new card, to be confirmed."""
    refusal = refusal_to_teach(state.cards, uid)
    if refusal:
        return _refuse(state, refusal, now_s)
    state = replace(
        state,
        mode=RfidMode.CONFIRM,
        until_s=now_s + TEACH_S,
        new_uid=uid,
        indication=Indication.NEW_CARD,
        dark_s=math.inf,
        detail="Hold the master again within 5 s to store the new card.",
    )
    return _play(state, Tone.SINGLE)


def _hold_again(state: State, uid: Uid, now_s: float) -> State:
    """Store the new card when the master confirms it."""
    if uid != state.master_uid:
        return _refuse(state, "This is not the master that began; nothing was stored.", now_s)
    cards = with_user(state.cards, state.new_uid)
    write = Write(cards=cards, told=f"Stored: {cards[-1].name}.", is_taught=True)
    return _store(replace(state, until_s=math.inf), write)


def _hold_first(state: State, uid: Uid, inputs: Inputs) -> State:
    """Make the first card the master (RFID-9); one that cannot be leaves the window open."""
    refusal = refusal_to_keep(uid) or _obstacle(inputs.session)
    if refusal:
        return _refuse(state, refusal, inputs.now_s)
    write = Write(
        cards=with_master(state.cards, uid), told="This is the master card now.", is_taught=True
    )
    return _store(state, write)


def _obstacle(session: SessionStatus | None) -> str:
    """Return why nothing can be taught now, for a person (RFID-7); "" if it can."""
    if session is None:
        return "It is not known whether a vehicle is plugged in; nothing was stored."
    return "Unplug the vehicle first; nothing was stored." if session.plugged else ""


# --- what has come back ---------------------------------------------------------------------------


def _after_write(state: State, written: Written, now_s: float) -> State:
    """Take the list that is on the disk now, or keep the one before."""
    write, writing = state.writing[0], state.writing[1:]
    state = replace(state, writing=writing)
    if written.problem:
        why = f"Nothing was stored: {written.problem}"[:MOST_TEXT]
        return _refuse(state, why, now_s) if write.is_taught else replace(state, detail=why)
    state = replace(state, cards=write.cards, detail=write.told)
    if not write.is_taught:
        return state
    state = replace(
        _ready(state), accepted=None, indication=Indication.STORED, dark_s=now_s + SHOWN_S
    )
    return _play(state, Tone.SINGLE)


def _after_answer(state: State, answer: Answer[Authorized], now_s: float) -> State:
    """Show what session has made of the card it was asked about."""
    state = replace(state, last_uid=state.asking, asking="")
    if answer.result is None:
        return _refuse(state, answer.reason or f"Not authorised: {answer.status}.", now_s)
    state = replace(
        state,
        accepted=True,
        detail=DONE[answer.result.action],
        indication=Indication.ACCEPTED,
        dark_s=now_s + SHOWN_S,
    )
    return _play(state, Tone.RISING)


# --- what several do ------------------------------------------------------------------------------


def _ask(state: State, uid: Uid) -> State:
    """Ask session whether a card authorises."""
    return replace(
        _dark(_ready(state)), last_uid=uid, accepted=None, asking=uid, ask=uid, detail=""
    )


def _store(state: State, write: Write) -> State:
    """Have a list stored; it counts when it is on the disk."""
    return replace(state, writing=(*state.writing, write), write=write)


def _refuse(state: State, why: str, now_s: float) -> State:
    """Refuse what was held, and end teaching (RFID-3)."""
    state = replace(
        _end_teaching(state),
        accepted=False,
        detail=why[:MOST_TEXT],
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


def _say(state: State, now_s: float) -> tuple[State, RfidStatus | None]:
    """Return the status when it is due: when it changes, and not later than after a second."""
    card = find(state.cards, state.last_uid)
    status = RfidStatus(
        mode=state.mode,
        last_uid=state.last_uid,
        accepted=state.accepted,
        indication=state.indication,
        tone=state.tone,
        tone_count=state.tone_count,
        works=state.works,
        cards=len(state.cards),
        has_master=has_master(state.cards),
        detail=state.detail,
        last_color=card.color if card else CardColor.NONE,
        last_name=card.name if card else "",
    )
    if status == state.said and now_s < state.say_s:
        return state, None
    return replace(state, said=status, say_s=now_s + PERIOD_S - POLL_S), status


def _lines(before: State, state: State, inputs: Inputs) -> tuple[tuple[str, str], ...]:
    """Return what the log is told: each card's end, and what does not work."""
    lines = []
    if before.works and not state.works:
        lines.append(("warning", "the card reader does not answer"))
    if state.works and not before.works:
        lines.append(("info", "the card reader answers"))
    if inputs.written is not None:
        problem, told = inputs.written.problem, before.writing[0].told
        lines.append(("error", f"not stored: {problem}") if problem else ("info", told))
    elif state.tone_count != before.tone_count:
        card = find(state.cards, state.last_uid)
        name = card.name if card else state.last_uid
        lines.append(("info", f"{name or 'a card'}: {state.detail}"))
    return tuple(lines)

"""Whether a card authorises: dcs is asked where a service is in use, then session. Pure."""

from dataclasses import replace

from bus import Answer
from msgs.card import Uid
from msgs.dcs import CardDecision, CardVerdict, CheckCard
from msgs.led import Tone
from msgs.rfid import Indication
from msgs.session import Action, Authorized
from nodes.rfid import words
from nodes.rfid.cards import authorising
from nodes.rfid.outcome import NOTHING, CardOutcome, CardResult
from nodes.rfid.showing import SHOWN_S, play, ready, refuse, without_indication
from nodes.rfid.state import Inputs, State

_DONE = {
    Action.RELEASED: CardResult.RELEASED,
    Action.STARTED: CardResult.STARTED,
    Action.LOGGED_OFF: CardResult.LOGGED_OFF,
}


def ask(state: State, uid: Uid, inputs: Inputs) -> State:
    """Ask whether a card authorises: the service where one is in use (RFID-11), then session.

    The card that has authorised logs off without the service.
    """
    state = replace(
        without_indication(ready(state)),
        last_uid=uid,
        accepted=None,
        awaits_answer_for=uid,
        outcome=NOTHING,
    )
    if not inputs.has_service or uid == state.token:
        return replace(state, request_for=uid)
    is_taught = authorising(state.cards, uid) is not None
    return replace(
        state,
        check_for=CheckCard(token=uid, is_taught=is_taught),
        outcome=CardOutcome(result=CardResult.SERVICE_ASKED),
    )


def after_decision(state: State, answer: Answer[CardDecision], now_s: float) -> State:
    """Ask session about a card that the service accepts; no answer of dcs is a refusal."""
    uid, decision = state.awaits_answer_for, answer.result
    if uid is None:
        return state
    if decision is None:
        said = words.not_authorised(answer)
        return _refuse_asked(state, uid, CardResult.NOT_AUTHORISED, now_s, said)
    match decision.verdict:
        case CardVerdict.ACCEPTED:
            return replace(state, request_for=decision.token or uid, outcome=NOTHING)
        case CardVerdict.REFUSED:
            said = decision.reason or words.SERVICE_REFUSES
            return _refuse_asked(state, uid, CardResult.NOT_AUTHORISED, now_s, said)
        case CardVerdict.NOT_ASKED if authorising(state.cards, uid) is None:
            return _refuse_asked(state, uid, CardResult.NOT_LISTED, now_s)
        case CardVerdict.NOT_ASKED:
            return replace(state, request_for=uid, outcome=NOTHING)


def _refuse_asked(state: State, uid: Uid, why: CardResult, now_s: float, said: str = "") -> State:
    return refuse(replace(state, last_uid=uid, awaits_answer_for=None), why, now_s, said=said)


def after_answer(state: State, answer: Answer[Authorized], now_s: float) -> State:
    """Show the answer of session."""
    state = replace(
        state, last_uid=state.awaits_answer_for or state.last_uid, awaits_answer_for=None
    )
    if answer.result is None:
        return refuse(state, CardResult.NOT_AUTHORISED, now_s, said=words.not_authorised(answer))
    state = replace(
        state,
        accepted=True,
        outcome=CardOutcome(result=_DONE[answer.result.action]),
        indication=Indication.ACCEPTED,
        shown_until_s=now_s + SHOWN_S,
    )
    return play(state, Tone.RISING)

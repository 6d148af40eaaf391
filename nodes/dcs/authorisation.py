"""Whether a card may charge: the service, its list, and the box's own cards (RFID-11). Pure.

no service in use       rfid decides by the box's own list
the card of the session it ends it: nobody is asked
online                  the service alone decides; with LocalPreAuthorize (off by default) an
                        entry of its list is accepted at once
not online, or the      an entry of the service's list decides, else a taught card is accepted,
service does not answer and an unknown one refused, unless AllowOfflineTxForUnknownId is on
"""

from msgspec.structs import replace

from msgs.dcs import CardDecision, CardVerdict
from nodes.dcs import outbox, transactions
from nodes.dcs.box_asks import AskToken, TokenAnswer
from nodes.dcs.events import TokenInfo, TokenStatus
from nodes.dcs.kept import Transaction
from nodes.dcs.reservation import admits, is_same_token
from nodes.dcs.state import CardCall, Waiting
from nodes.dcs.turn import Turn
from nodes.dcs.variables import is_on

WAIT_S = 8.0  # assumed: a person waits that long for the light of the reader
MOST_CARDS = 8  # that wait for the service
MOST_TOKENS = 100  # judgements that are remembered, for groups alone

UNAVAILABLE = "The charging service has taken this box out of use."
BLOCKED = "The charging service has blocked this card."
REFUSED = "The charging service refuses this card."
UNKNOWN = "The charging service cannot be reached, and this card is not known."
RESERVED = "This box is reserved for another card."
BUSY = "Too many cards wait for the charging service."


def key_of(number: int) -> str:
    """Return the key of the call for a card."""
    return f"card {number}"


def take_card(turn: Turn, card: CardCall) -> None:
    """Decide about a card, or ask the service."""
    session = turn.inputs.session
    if turn.inputs.service is None or not turn.is_synchronised:
        _decide(turn, card, CardVerdict.NOT_ASKED)
        return
    if session is not None and is_same_token(card.token, session.token):  # it logs off
        _accept(turn, replace(card, token=session.token))
        return
    refusal = _why_refused(turn, card)
    if refusal:
        _decide(turn, card, CardVerdict.REFUSED, refusal)
    elif _is_pre_authorised(turn, card.token) or not turn.is_online:
        _decide_here(turn, card)
    elif len(turn.state.cards) >= MOST_CARDS:
        _decide(turn, card, CardVerdict.REFUSED, BUSY)
    else:
        asked = replace(card, due_s=turn.now_s + WAIT_S)
        turn.set(cards=(*turn.state.cards, asked))
        turn.wait(Waiting(asked=AskToken(token=card.token), key=key_of(card.number)))


def _why_refused(turn: Turn, card: CardCall) -> str:
    """Return why a card cannot begin anything now, whoever knows it; "": it may."""
    session, availability = turn.inputs.session, turn.durable.availability
    if session is not None and session.session_id:
        return ""
    if not (availability.box and availability.connector):
        return UNAVAILABLE
    group = _group_of(turn, card.token)
    is_unknown = group == "" and turn.is_online  # the service's answer decides
    return "" if is_unknown or admits(turn.durable.reservation, card.token, group) else RESERVED


def decide_late(turn: Turn) -> None:
    """Decide about cards that the service has not answered for in time, or with a lost link."""
    for card in turn.state.cards:
        if turn.moment.reached(card.due_s) or not turn.is_online:
            _drop(turn, card)
            _decide_here(turn, card)


def take_token(turn: Turn, key: str, answer: TokenAnswer | None) -> None:
    """Take the service's judgement of a token; None: it has refused to judge (case 14)."""
    card = next((each for each in turn.state.cards if key_of(each.number) == key), None)
    if answer is not None and card is not None:
        _remember(turn, card.token, answer.info)
    if card is None:
        return
    _drop(turn, card)
    if answer is None:
        _decide_here(turn, card)
    elif answer.info.status is not TokenStatus.ACCEPTED:
        reason = BLOCKED if answer.info.status is TokenStatus.BLOCKED else REFUSED
        _decide(turn, card, CardVerdict.REFUSED, reason)
    else:
        _accept_of_group(turn, card)


def _drop(turn: Turn, card: CardCall) -> None:
    turn.set(cards=tuple(each for each in turn.state.cards if each is not card))
    outbox.forget_waiting(turn, key_of(card.number))


def _is_pre_authorised(turn: Turn, token: str) -> bool:
    if not is_on(turn, "LocalPreAuthorize") or not is_on(turn, "LocalAuthListEnabled"):
        return False
    info = turn.listed(token)
    return info is not None and info.status is TokenStatus.ACCEPTED


def _decide_here(turn: Turn, card: CardCall) -> None:
    """Decide without the service."""
    info = turn.listed(card.token) if is_on(turn, "LocalAuthListEnabled") else None
    if info is not None and info.status is not TokenStatus.ACCEPTED:
        _decide(turn, card, CardVerdict.REFUSED, BLOCKED)
        return
    is_known = card.is_taught or info is not None
    is_allowed = is_known and is_on(turn, "LocalAuthorizeOffline")
    if is_allowed or (not is_known and is_on(turn, "AllowOfflineTxForUnknownId")):
        _accept_of_group(turn, card)
    else:
        _decide(turn, card, CardVerdict.REFUSED, UNKNOWN)


def _accept_of_group(turn: Turn, card: CardCall) -> None:
    """Accept a card: for the session that runs only if it is of its group (case 13)."""
    transaction, group = transactions.running(turn), _group_of(turn, card.token)
    if transaction is None:
        if not admits(turn.durable.reservation, card.token, group):
            _decide(turn, card, CardVerdict.REFUSED, RESERVED)
            return
    elif transaction.group and is_same_token(group, transaction.group):
        _accept(turn, card, transaction)
        return
    _accept(turn, card)


def _accept(turn: Turn, card: CardCall, of: Transaction | None = None) -> None:
    """Accept a card; `of` is the transaction that it ends as one of its group."""
    transaction = of or transactions.running(turn)
    token = card.token
    if transaction is None:
        if turn.durable.reservation is not None:
            turn.keep(used_reservation=token)
    elif of is not None or transaction.token == token:
        outbox.change_transaction(turn, replace(transaction, end_token=token))
        token = transaction.token
    _decide(turn, card, CardVerdict.ACCEPTED, token=token)


def _decide(
    turn: Turn, card: CardCall, verdict: CardVerdict, reason: str = "", *, token: str = ""
) -> None:
    decision = CardDecision(verdict=verdict, token=token or card.token, reason=reason)
    turn.decisions.append((card.number, decision))
    if reason:
        turn.log("info", f"card {card.token}: {reason}")


def _group_of(turn: Turn, token: str) -> str:
    """Return the group of a token, as far as it is known; "": none."""
    listed = turn.listed(token)
    if listed is not None and listed.group:
        return listed.group
    judged = (info.group for each, info in turn.state.tokens if is_same_token(each, token))
    return next(judged, "")


def _remember(turn: Turn, token: str, info: TokenInfo) -> None:
    others = tuple(each for each in turn.state.tokens if not is_same_token(each[0], token))
    turn.set(tokens=(*others, (token, info))[-MOST_TOKENS:])

"""The changes of the list that a request asks for. Pure."""

from msgs.card import CardRole
from msgs.rfid import RemoveCard, RenameCard
from msgs.visible import is_name
from nodes.rfid.cards import find, with_name, without
from nodes.rfid.outcome import CardOutcome, CardResult, Refused
from nodes.rfid.state import ListWrite, State

MOST_WAITING = 7  # assumed; lists that wait for the disk


def erase(state: State) -> ListWrite | Refused:
    """Return the empty list that is to be stored (PAN-3), or why not."""
    if len(state.store.waiting) >= MOST_WAITING:
        return Refused.BUSY
    return ListWrite(cards=(), outcome=CardOutcome(result=CardResult.ERASED))


def rename(state: State, asked: RenameCard) -> ListWrite | Refused:
    """Return the list with another name for a card, or why not."""
    uid, name = asked.uid.upper(), asked.name.strip()
    card = find(state.cards, uid)
    if card is None:
        return Refused.UNKNOWN
    if asked.seen_name is not None and card.name not in (asked.seen_name, name):
        return Refused.RENAMED
    if not is_name(name):
        return Refused.NAME
    if not state.store.is_idle:
        return Refused.BUSY
    outcome = CardOutcome(result=CardResult.RENAMED, uid=uid, name=name)
    return ListWrite(cards=with_name(state.cards, uid, name), outcome=outcome)


def remove(state: State, asked: RemoveCard) -> ListWrite | Refused:
    """Return the list without a user's card, or why not."""
    uid = asked.uid.upper()
    card = find(state.cards, uid)
    if card is None:
        return Refused.UNKNOWN
    if card.role is CardRole.MASTER:
        return Refused.MASTER
    if not state.store.is_idle:
        return Refused.BUSY
    outcome = CardOutcome(result=CardResult.REMOVED, uid=uid, name=card.name)
    return ListWrite(cards=without(state.cards, uid), outcome=outcome)

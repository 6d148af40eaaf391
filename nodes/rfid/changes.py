"""The changes of the list that a request asks for. Pure."""

from msgs.rfid import RenameCard
from nodes.rfid.cards import find, with_name
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
    if find(state.cards, uid) is None:
        return Refused.UNKNOWN
    if not name or not name.isprintable():
        return Refused.NAME
    if not state.store.is_idle:
        return Refused.BUSY
    outcome = CardOutcome(result=CardResult.RENAMED, uid=uid, name=name)
    return ListWrite(cards=with_name(state.cards, uid, name), outcome=outcome)

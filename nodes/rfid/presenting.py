"""A card that a controller names, as if it was held to the reader: it never teaches. Pure.

Only a card of the list counts, and then the service is asked as for one at the reader (RFID-11).
The card that has authorised already is confirmed; it does not log off.
"""

from dataclasses import replace

from msgs.card import Uid, tag_of
from msgs.rfid import RfidMode
from nodes.rfid.asking import ask
from nodes.rfid.cards import Cards, authorising
from nodes.rfid.outcome import Naming
from nodes.rfid.state import Inputs, State


def present(state: State, tag: str, inputs: Inputs) -> State:
    """Ask whether a named card authorises; `State.naming` has the answer, or that it is awaited."""
    uid = _uid_of(state.cards, tag)
    if state.awaits_answer_for is not None or not state.store.is_idle:
        return replace(state, naming=Naming.BUSY)
    if state.mode is not RfidMode.READY:
        return replace(state, naming=Naming.TEACHING)
    if uid is None or authorising(state.cards, uid) is None:
        return replace(state, naming=Naming.NOT_LISTED)
    if uid == state.token:
        return replace(state, naming=Naming.ACCEPTED)
    return replace(ask(state, uid, inputs), naming=Naming.AWAITED)


def after(state: State) -> State:
    """Return the state once dcs or session has answered about a card that was named."""
    if state.naming is not Naming.AWAITED or state.awaits_answer_for is not None:
        return state
    return replace(state, naming=Naming.ACCEPTED if state.accepted else Naming.NOT_AUTHORISED)


def _uid_of(cards: Cards, tag: str) -> Uid | None:
    """Return the card of a tag; None: none, or several whose first eight bytes are the same."""
    found = [card.uid for card in cards if tag_of(card.uid) == tag]
    return found[0] if len(found) == 1 else None

"""The list of cards: which may authorise, which may be taught, how the list changes. Pure."""

import itertools

from msgspec.structs import replace

from msgs.card import Card, CardColor, CardRole, Uid, is_random
from msgs.label import LabelCard
from nodes.rfid.outcome import CardResult

MOST_CARDS = 100  # assumed: as many as the original boxes store (field.md)
MASTER_NAME = "Master card"

Cards = tuple[Card, ...]


def find(cards: Cards, uid: Uid) -> Card | None:
    """Return the stored card of this UID."""
    return next((card for card in cards if card.uid == uid), None)


def has_master(cards: Cards) -> bool:
    """Return whether a master is stored."""
    return any(card.role is CardRole.MASTER for card in cards)


def authorising(cards: Cards, uid: Uid) -> Card | None:
    """Return the card that may authorise; None: refused (RFID-11).

    Only the list in the box decides; no charging service is asked.
    """
    return find(cards, uid)


def refusal_to_teach(cards: Cards, uid: Uid) -> CardResult | None:
    """Return why a card cannot be stored as a user's; None if it can (RFID-8)."""
    if find(cards, uid):
        return CardResult.KNOWN
    if len(cards) >= MOST_CARDS:
        return CardResult.LIST_FULL
    return refusal_to_keep(uid)


def refusal_to_keep(uid: Uid) -> CardResult | None:
    """Return why a card cannot be recognised again; None if it can."""
    return CardResult.RANDOM_UID if is_random(uid) else None


def with_user(cards: Cards, uid: Uid) -> Cards:
    """Return the list with a new user's card, under the first free name."""
    names = {card.name for card in cards}
    numbers = itertools.count(len(cards) + 1)
    name = next(name for number in numbers if (name := f"Card {number}") not in names)
    return (*cards, Card(uid=uid, role=CardRole.USER, name=name))


def with_master(cards: Cards, uid: Uid) -> Cards:
    """Return a list that had no master with this card as the master (RFID-9)."""
    others = (card for card in cards if card.uid != uid)
    return (Card(uid=uid, role=CardRole.MASTER, name=MASTER_NAME), *others)


def with_name(cards: Cards, uid: Uid, name: str) -> Cards:
    """Return the list with another name for a card."""
    return tuple(replace(card, name=name) if card.uid == uid else card for card in cards)


def without(cards: Cards, uid: Uid) -> Cards:
    """Return the list without a card."""
    return tuple(card for card in cards if card.uid != uid)


def revokes(before: Cards, after: Cards) -> bool:
    """Return whether a change removes a card, or takes its role from it."""
    left = {(card.uid, card.role) for card in after}
    return any((card.uid, card.role) not in left for card in before)


def supplied(cards: tuple[LabelCard, ...]) -> Cards:
    """Return the list of a new box (RFID-1)."""
    return tuple(
        Card(uid=card.uid.upper(), role=card.role, color=card.color, name=_supplied_name(card))
        for card in cards
    )


def _supplied_name(card: LabelCard) -> str:
    if card.role is CardRole.MASTER:
        return MASTER_NAME
    return "Card" if card.color is CardColor.NONE else f"{card.color.capitalize()} card"

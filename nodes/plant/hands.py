"""What people hold to the front and press: cards in the reader's field, the two keys."""

import math
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

MOST_CARDS = 8  # a hand holds no more
TOUCH_S = 0.2  # assumed: a finger's touch


class HeldCard(NamedTuple):
    """One card in the field of the reader."""

    uid: str  # as it tells it
    until_s: float


class Hands(Struct, frozen=True, kw_only=True):
    """Cards held, and until when each key is pressed [s]; a key at rest has none."""

    cards: tuple[HeldCard, ...] = ()
    service_until_s: float | None = None
    touch_until_s: float | None = None

    @property
    def uids(self) -> tuple[str, ...]:
        """Return what the cards in the field tell, in the order in which they came."""
        return tuple(card.uid for card in self.cards)


IDLE = Hands()


def hold(hands: Hands, uids: tuple[str, ...], until_s: float) -> Hands:
    """Hold cards to the reader until a time [s]; one that is held already is held until then."""
    kept = tuple(card for card in hands.cards if card.uid not in uids)
    return replace(hands, cards=(*kept, *(HeldCard(uid, until_s) for uid in uids)))


def settle(hands: Hands, now_s: float) -> Hands:
    """Return what is still held and pressed; the same object means that nothing has changed."""
    if now_s < due_s(hands):
        return hands
    return Hands(
        cards=tuple(card for card in hands.cards if now_s < card.until_s),
        service_until_s=_still(hands.service_until_s, now_s),
        touch_until_s=_still(hands.touch_until_s, now_s),
    )


def due_s(hands: Hands) -> float:
    """Return when something is let go next [s]; infinity if nothing is held."""
    ends = [card.until_s for card in hands.cards]
    ends += [end for end in (hands.service_until_s, hands.touch_until_s) if end is not None]
    return min(ends, default=math.inf)


def changes(before: Hands, after: Hands) -> list[tuple[str, str]]:
    """Return what has happened between two moments, in the words of `msgs.plant.SimEvent`."""
    told = [("card", uid) for uid in after.uids if uid not in before.uids]
    told += [("card_gone", uid) for uid in before.uids if uid not in after.uids]
    for key, was, now in (
        ("service", before.service_until_s, after.service_until_s),
        ("touch", before.touch_until_s, after.touch_until_s),
    ):
        if (was is None) != (now is None):
            told.append(("key", f"{key} {'released' if now is None else 'pressed'}"))
    return told


def _still(until_s: float | None, now_s: float) -> float | None:
    return None if until_s is None or now_s >= until_s else until_s

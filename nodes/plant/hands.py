"""What people do at the front: cards in the field of the reader, and the two keys."""

import math
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from msgs.led import Key

MOST_CARDS = 8  # in the field at once: the limit of `SimCards.uids`
TOUCH_S = 0.2  # assumed: a finger's touch


class PresentedCard(NamedTuple):
    """One card in the field of the reader."""

    uid: str  # as the card sends it
    until_s: float


class Hands(Struct, frozen=True, kw_only=True):
    """The presented cards, and until when each key is pressed [s]; None: it is not pressed."""

    cards: tuple[PresentedCard, ...] = ()
    service_until_s: float | None = None
    touch_until_s: float | None = None

    @property
    def uids(self) -> tuple[str, ...]:
        """Return the UIDs of the cards in the field, in the order in which they came."""
        return tuple(card.uid for card in self.cards)

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the keys that are pressed."""
        released_s = {Key.SERVICE: self.service_until_s, Key.TOUCH: self.touch_until_s}
        return tuple(key for key, until_s in released_s.items() if until_s is not None)


IDLE = Hands()


def present(hands: Hands, uids: tuple[str, ...], until_s: float) -> Hands:
    """Present cards to the reader until a time [s], also those that are presented already."""
    kept = tuple(card for card in hands.cards if card.uid not in uids)
    return replace(hands, cards=(*kept, *(PresentedCard(uid, until_s) for uid in uids)))


def settle(hands: Hands, now_s: float) -> Hands:
    """Return what is still presented and pressed; the same object if nothing has changed."""
    if now_s < due_s(hands):
        return hands
    return Hands(
        cards=tuple(card for card in hands.cards if now_s < card.until_s),
        service_until_s=_still(hands.service_until_s, now_s),
        touch_until_s=_still(hands.touch_until_s, now_s),
    )


def due_s(hands: Hands) -> float:
    """Return when the next card is taken away or key released [s]; infinity: there is none."""
    ends = [card.until_s for card in hands.cards]
    ends += [end for end in (hands.service_until_s, hands.touch_until_s) if end is not None]
    return min(ends, default=math.inf)


def changes(before: Hands, after: Hands) -> list[tuple[str, str]]:
    """Return the events between two moments, named as in `msgs.plant.SimEvent`."""
    events = [("card", uid) for uid in after.uids if uid not in before.uids]
    events += [("card_gone", uid) for uid in before.uids if uid not in after.uids]
    for key, was, now in (
        ("service", before.service_until_s, after.service_until_s),
        ("touch", before.touch_until_s, after.touch_until_s),
    ):
        if (was is None) != (now is None):
            events.append(("key", f"{key} {'released' if now is None else 'pressed'}"))
    return events


def _still(until_s: float | None, now_s: float) -> float | None:
    return None if until_s is None or now_s >= until_s else until_s

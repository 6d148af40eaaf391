"""A card: the rules for its UID, its role and its colour.

A UID is written as hex digits, most significant byte first: 8, 14 or 20 digits for ISO 14443
(4, 7 or 10 bytes), 16 digits that begin with E0 for ISO 15693 (hardware.md 3.4).
"""

import re
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Name

MOST_UID_DIGITS = 20
SHOWN_DIGITS = 4

Uid = Annotated[str, Meta(max_length=MOST_UID_DIGITS)]

_HEX = re.compile(r"[0-9A-F]+")
_RANDOM_FIRST = "08"  # ISO 14443-3: a 4-byte UID with this first byte is random at each reading
_CASCADE = "88"  # ISO 14443-3: the cascade tag, never the first byte of a whole UID


class CardRole(StrEnum):
    """What a stored card may do."""

    MASTER = "master"  # adds other cards, and authorises (RFID-10)
    USER = "user"


class CardColor(StrEnum):
    """The colour of a card, as the supplied ones have it (RFID-1); learned ones have none."""

    WHITE = "white"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    NONE = "none"


class Card(Struct, frozen=True, kw_only=True):
    """One stored card."""

    uid: Uid
    role: CardRole
    color: CardColor = CardColor.NONE
    name: Name = ""


def short_name(token: str) -> str:
    """Return how a card without a name is shown: with the end of its UID, which is a secret.

    Who knows the UID can make a copy of the card.
    """
    return f"Card ...{token[-SHOWN_DIGITS:]}" if len(token) >= 2 * SHOWN_DIGITS else "Card"


def is_uid(text: str) -> bool:
    """Return whether a text is the UID of a card of ISO 14443 or ISO 15693, in capitals."""
    if not _HEX.fullmatch(text):
        return False
    if len(text) == 16:
        return text.startswith("E0")
    return len(text) in (8, 14, 20) and not (len(text) == 8 and text.startswith(_CASCADE))


def is_random(uid: str) -> bool:
    """Return whether a card makes another UID for each reading, so that it cannot be stored."""
    return len(uid) == 8 and uid.startswith(_RANDOM_FIRST)


TAG_DIGITS = 16  # KEBA's UDP guide, page 25: 8 bytes
NO_TAG = "0" * TAG_DIGITS


def tag_of(uid: Uid) -> str:
    """Return a UID as local controllers have it: 8 bytes, with zeros behind a shorter one.

    A token of a charging service that is no UID is none.
    """
    if not _HEX.fullmatch(uid.upper()):
        return NO_TAG
    return uid.upper()[:TAG_DIGITS].ljust(TAG_DIGITS, "0")

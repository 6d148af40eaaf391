"""What rfid says: the card that was held last, what became of it, and what is being learned."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.card import Card, CardColor, Uid
from msgs.led import Tone
from msgs.stored import Stored
from msgs.units import Count, Name, Text


class RfidMode(StrEnum):
    """What the next card means."""

    READY = "ready"  # an authorisation, or the master
    NEW_CARD = "new_card"  # the master was held: the new card within 5 s (RFID-8)
    CONFIRM = "confirm"  # the new card was held: the master again within 5 s (RFID-8)
    MASTER = "master"  # there is no master: the first card held becomes it (RFID-9)


class Indication(StrEnum):
    """What the RFID indicator tells about the card held last, for as long as it tells it."""

    NONE = "none"
    ACCEPTED = "accepted"  # green for 2 s (RFID-3)
    REFUSED = "refused"  # red for 2 s (RFID-3)
    NEW_CARD = "new_card"  # orange, until the master confirms or 5 s are over (RFID-8)
    STORED = "stored"  # white for 2 s (RFID-8)


class RfidStatus(Struct, frozen=True, kw_only=True):
    """The reader and the list of cards. Sent every second and on change.

    Silence means to led that the reader is not alive; nobody is authorised by it.
    """

    mode: RfidMode
    last_uid: Uid  # of the card held last; "" before the first
    accepted: bool | None  # what became of it; None: nothing yet, or a step of teaching
    indication: Indication = Indication.NONE
    tone: Tone = Tone.NONE  # the newest one, to be played once
    tone_count: Count = 0  # counts the tones: another number is another tone
    works: bool = True  # False: the reader does not answer
    cards: Count = 0  # stored, the master included
    has_master: bool = False
    detail: Text = ""  # what became of the last card, in plain words
    last_color: CardColor = CardColor.NONE
    last_name: Name = ""
    stored: Stored = (
        Stored.CURRENT
    )  # PREVIOUS: cards that were taught last may be missing; LOST: all


class CardList(Struct, frozen=True, kw_only=True):
    """Every stored card, in the order in which they were stored.

    Answer to request `cards`, and what stands in the file of the list.
    """

    cards: tuple[Card, ...]


class RenameCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `rename`: give a stored card another name."""

    uid: Uid
    name: Annotated[str, Meta(min_length=1, max_length=64)]

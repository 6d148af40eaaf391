"""Messages of rfid: the card presented last, its result, and the teaching of new cards."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.card import Card, CardColor, Uid
from msgs.led import Tone
from msgs.patterns import matching
from msgs.stored import Stored
from msgs.units import Count, Name, Text


class RfidMode(StrEnum):
    """How the next card is used."""

    READY = "ready"  # the card authorises; the master may begin to teach
    NEW_CARD = "new_card"  # the master was presented: the new card within 5 s (RFID-8)
    CONFIRM = "confirm"  # the new card was presented: the master again within 5 s (RFID-8)
    # No master is stored: the first card presented becomes it (RFID-9). While a vehicle is plugged
    # in, the window of 60 s waits for it to be unplugged.
    MASTER = "master"


class Indication(StrEnum):
    """What the RFID indicator shows about the card presented last, while it shows it."""

    NONE = "none"
    ACCEPTED = "accepted"  # green for 2 s (RFID-3)
    REFUSED = "refused"  # red for 2 s (RFID-3)
    NEW_CARD = "new_card"  # orange, until the master confirms or 5 s are over (RFID-8)
    STORED = "stored"  # white for 2 s (RFID-8)


class RfidStatus(Struct, frozen=True, kw_only=True):
    """The reader and the list of cards. Sent every second and on change.

    While rfid is silent, led switches the reader's lights off, and no card can authorise.
    """

    mode: RfidMode
    last_uid: Uid  # of the card presented last; "" before the first
    accepted: bool | None  # its result; None: none yet, or a step of teaching
    indication: Indication = Indication.NONE
    tone: Tone = Tone.NONE  # the newest one, to be played once
    tone_count: Count = 0  # number of tones; a change means a new tone
    works: bool = True  # False: the reader does not answer
    cards: Count = 0  # stored, the master included
    has_master: bool = False
    detail: Text = ""  # result of the last card, as text
    last_color: CardColor = CardColor.NONE
    last_name: Name = ""
    # The card of session/status.token, and its name if it is in the list; "" if there is none.
    authorised_uid: Name = ""
    authorised_name: Name = ""
    # PREVIOUS: the cards learned last may be missing; LOST: all cards.
    stored: Stored = Stored.CURRENT


class NamedCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `present`: a controller names a card of the list, as if it was held to the reader."""

    # Of its UID, with zeros behind it; of a UID of 10 bytes the first eight.
    tag: Annotated[str, matching(r"^[0-9A-F]{16}\Z", "16 hexadecimal digits", max_length=16)]


class CardList(Struct, frozen=True, kw_only=True):
    """Every stored card, in the order in which they were stored.

    Answer to request `cards`, and the content of the stored file.
    """

    cards: tuple[Card, ...]


class RenameCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `rename`: give a stored card another name."""

    uid: Uid
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    # The name that the person saw before: it is refused if the card has another one now.
    seen_name: Annotated[str, Meta(max_length=64)] | None = None


class RemoveCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Request `remove`: take a user's card out of the list."""

    uid: Uid

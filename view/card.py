"""The result of the card presented last, as a message of some seconds. Pure."""

from msgspec import Struct

from msgs.card import CardColor
from msgs.rfid import Indication, RfidStatus
from msgs.units import Count
from view.headline import HeadlineKind
from view.snapshot import Snapshot

_KINDS: dict[Indication, HeadlineKind | None] = {
    Indication.NONE: None,
    Indication.ACCEPTED: HeadlineKind.READY,
    Indication.REFUSED: HeadlineKind.FAULT,
    Indication.NEW_CARD: HeadlineKind.ACTION,
    Indication.STORED: HeadlineKind.READY,
}


class CardMessage(Struct, frozen=True, kw_only=True):
    """What a card has done, while the indicator of the reader shows it (RFID-3)."""

    number: Count  # another one is another card
    kind: HeadlineKind
    card: str  # its name or colour; "": neither is known
    words: str


def card_message(snapshot: Snapshot) -> CardMessage | None:
    """Return the result of the last card; None while the reader shows none."""
    rfid = snapshot.rfid.fresh
    kind = None if rfid is None else _KINDS[rfid.indication]
    if rfid is None or kind is None or not rfid.detail:
        return None
    return CardMessage(number=rfid.tone_count, kind=kind, card=card_of(rfid), words=rfid.detail)


def card_of(rfid: RfidStatus) -> str:
    """Return the name of the card presented last, or its colour; "": neither is known."""
    if rfid.last_name:
        return rfid.last_name
    return "" if rfid.last_color is CardColor.NONE else f"{rfid.last_color.capitalize()} card"

"""The card reader: which cards are in its field."""

from typing import Protocol

from bus import Driver


class CardReader(Driver, Protocol):
    """The reader of ISO 14443 and ISO 15693 (RFID-1)."""

    def poll(self) -> tuple[str, ...] | None:
        """Return the UIDs of the cards in the field; None: the reader does not answer.

        As hex digits, most significant byte first, as read: the caller checks them. A reader that
        polls its two standards in turn returns the newest result of each. Called every 0.15 s
        (hardware.md 3.4); takes 10 ms at most.
        """

    def shutdown(self) -> None:
        """Switch the field off."""

    def handover(self) -> None:
        """Leave the reader as it is, for the next incarnation."""

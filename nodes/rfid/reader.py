"""The card reader in its own words: which cards are in its field."""

from typing import Protocol

from bus import Driver


class Reader(Driver, Protocol):
    """The reader of ISO 14443 and ISO 15693 (RFID-1)."""

    def poll(self) -> tuple[str, ...] | None:
        """Return what the cards in the field tell of themselves now; None: no answer.

        UIDs as hex digits, most significant byte first, as they were read: the caller judges
        them. A reader that looks at its two standards in turns returns what its newest look at
        each has found. Called every 0.15 s (hardware.md 3.4); takes 10 ms at most.
        """

    def shutdown(self) -> None:
        """Switch the field off."""

    def handover(self) -> None:
        """Leave the reader as it is, for the next incarnation."""

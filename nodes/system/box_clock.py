"""The clock of the box: UTC, as a person or a time server sets it."""

from typing import Protocol

from bus import Driver


class BoxClock(Driver, Protocol):
    """The clock; it has no outputs, and no safe state."""

    def set_utc(self, utc_ns: int) -> None:
        """Set UTC [ns since 1970].

        :raises ClockSetError: it cannot be set; says why.
        """

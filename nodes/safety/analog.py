"""What safety measures with the box's analog-to-digital converter: one chip, one SPI transfer."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class AnalogReading(Struct, frozen=True, kw_only=True):
    """All channels of one moment."""

    high_v: float  # pilot: plateau of the positive half-wave; the steady level in X1 and F
    low_v: float  # pilot: plateau of the negative half-wave; equals high_v in X1 and F
    earth_ohm: float  # protective-earth loop
    terminal_c: float
    board_c: float


class Analog(Driver, Protocol):
    """The converter: pilot voltages, earth loop, temperatures."""

    def read(self) -> AnalogReading | None:
        """Return the newest values; None when there have been none for 50 ms."""

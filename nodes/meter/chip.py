"""The box's own meter chip, in physical units."""

from typing import Protocol

from msgspec import Struct

from bus import Driver
from msgs.meter import Line


class ChipSample(Struct, frozen=True, kw_only=True):
    """The values of the chip at one moment."""

    lines: tuple[Line, Line, Line]  # L1 first
    sampled_ns: int  # monotonic clock


class MeterChip(Driver, Protocol):
    """A three-phase meter chip between mains and contactor."""

    def read(self) -> ChipSample | None:
        """Return the newest sample; None while the chip cannot be read."""

"""The box's own meter chip, in physical units."""

from dataclasses import dataclass
from typing import Protocol

from bus import Driver
from msgs.meter import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the chip measured at one moment."""

    lines: tuple[Line, Line, Line]  # L1 first
    sampled_ns: int  # monotonic clock


class Chip(Driver, Protocol):
    """A three-phase meter chip between mains and contactor."""

    def read(self) -> Sample | None:
        """Return the newest sample; None while the chip cannot be read."""

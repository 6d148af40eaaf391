"""The box's meter chip as safety reads it; the node meter owns it and reads it too."""

from typing import Protocol

from msgspec import Struct

from bus import Driver

Phases = tuple[float, float, float]  # L1, L2, L3

HOLD_S = 0.5  # the newest values are no older


class ChipReading(Struct, frozen=True, kw_only=True):
    """The values of one moment."""

    currents_a: Phases
    voltages_v: Phases
    powers_w: Phases
    frequency_hz: float


class PowerChip(Driver, Protocol):
    """A three-phase meter chip between mains and contactor."""

    def read(self) -> ChipReading | None:
        """Return the newest values; None when there have been none for `HOLD_S`."""

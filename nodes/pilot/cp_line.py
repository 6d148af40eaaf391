"""The pilot line in physical units: two plateaus to read, one duty to set."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class CpLineReading(Struct, frozen=True, kw_only=True):
    """One reading of the line; all of it belongs to the same few milliseconds."""

    high_v: float  # plateau of the positive half-wave; the steady level in x1 and F
    low_v: float  # plateau of the negative half-wave; equals high_v in x1 and F
    duty_percent: float  # read back from the generator; 100: x1, 0: F


class CpLine(Driver, Protocol):
    """The generator of the pilot and its measurement.

    The generator is hardware: what was set goes on when this process ends.
    """

    def read(self) -> CpLineReading | None:
        """Return the line as it is now; None if it could not be measured."""

    def drive(self, duty_percent: float) -> None:
        """Set the duty [%]; 100 is steady +12 V (x1), 0 steady -12 V (F)."""

    def shutdown(self) -> None:
        """Leave the line in x1."""

    def handover(self) -> None:
        """Leave the generator as it is, for the next incarnation to adopt."""

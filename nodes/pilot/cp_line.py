"""The CP line in physical units: two plateaus to read, one duty to set."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class CpLineReading(Struct, frozen=True, kw_only=True):
    """One reading of the line; all values are from the same few milliseconds."""

    high_v: float  # plateau of the positive half-wave; the steady level in X1 and F
    low_v: float  # plateau of the negative half-wave; equals high_v in X1 and F
    duty_percent: float  # read back from the generator; 100: X1, 0: F


class CpLine(Driver, Protocol):
    """The PWM generator of the control pilot, and the measurement of its line.

    The generator is hardware: it keeps its duty when this process ends.
    """

    def read(self) -> CpLineReading | None:
        """Return a reading of the line; None if it could not be measured."""

    def drive(self, duty_percent: float) -> None:
        """Set the duty [%]; 100 is steady +12 V (X1), 0 steady -12 V (F)."""

    def shutdown(self) -> None:
        """Leave the line in X1."""

    def handover(self) -> None:
        """Leave the generator as it is, for the next incarnation to adopt."""

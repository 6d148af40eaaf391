"""The pilot's PWM generator as safety reads it back; pilot alone drives it."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class GeneratorReading(Struct, frozen=True, kw_only=True):
    """What the generator is set to."""

    duty_percent: float  # 100: X1, 0: F


class Generator(Driver, Protocol):
    """The registers of the generator, read only."""

    def read(self) -> GeneratorReading | None:
        """Return the newest values; None when there have been none for 50 ms."""

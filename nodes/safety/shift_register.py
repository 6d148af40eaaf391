"""The slow inputs behind the shift register: DIP switches, heat switch, external input."""

from typing import Protocol

from msgspec import Struct

from bus import Driver


class ShiftRegisterReading(Struct, frozen=True, kw_only=True):
    """All bits of one moment."""

    dip1: int  # DSW1 as a byte, switch .1 is the most significant bit
    dip2: int  # DSW2, in the same way as DSW1
    overtemperature: bool  # the over-temperature switch has opened, and the coil with it
    external_closed: bool  # the contact at the external input
    # The gates before the coil see a trip of the residual-current monitor. None: not measured.
    monitor_cuts: bool | None = None
    earth_ok: bool = True  # what monitors the protective earth beside the converter


class ShiftRegister(Driver, Protocol):
    """The shift register. The driver returns what it reads; `switches.py` takes the majority."""

    def read(self) -> ShiftRegisterReading | None:
        """Return the newest values; None when there have been none for 50 ms."""

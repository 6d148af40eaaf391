"""The clock of a simulated box: that of a graph under virtual time.

A graph of processes has the clock of the machine that it runs on, and never sets it.
"""

from msgspec import Struct

from bus import Bus
from nodes.system.box_clock import BoxClock


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimBoxClock(BoxClock):
    """See `nodes.system.box_clock.BoxClock`."""

    def __init__(self, bus: Bus) -> None:
        self._clock = bus.clock

    def set_utc(self, utc_ns: int) -> None:
        """See `nodes.system.box_clock.BoxClock.set_utc`."""
        self._clock.set_utc(utc_ns)


def open(bus: Bus, parameters: Parameters) -> BoxClock:
    """Open the clock of the simulated box."""
    return SimBoxClock(bus)

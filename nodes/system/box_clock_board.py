"""The clock of the machine, where no time server sets it."""

from msgspec import Struct

from bus import Bus
from bus.boot import set_utc_of_machine
from nodes.system.box_clock import BoxClock


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class BoardBoxClock(BoxClock):
    """See `nodes.system.box_clock.BoxClock`."""

    def set_utc(self, utc_ns: int) -> None:
        """See `nodes.system.box_clock.BoxClock.set_utc`."""
        set_utc_of_machine(utc_ns)


def open(bus: Bus, parameters: Parameters) -> BoxClock:
    """Open the clock of the machine."""
    return BoardBoxClock()

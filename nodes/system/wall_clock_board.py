"""The clock of the machine, where no time server sets it."""

from msgspec import Struct

from bus import Bus
from bus.boot import set_utc_of_machine
from nodes.system.wall_clock import WallClock


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class BoardWallClock(WallClock):
    """See `nodes.system.wall_clock.WallClock`."""

    def set_utc(self, utc_ns: int) -> None:
        """See `nodes.system.wall_clock.WallClock.set_utc`."""
        set_utc_of_machine(utc_ns)


def open(bus: Bus, parameters: Parameters) -> WallClock:
    """Open the clock of the machine."""
    return BoardWallClock()

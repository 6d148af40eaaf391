"""The shift register of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimCopper
from msgs.topics import SIM_COPPER
from nodes.safety.shift_register import ShiftRegister, ShiftRegisterReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimShiftRegister(ShiftRegister):
    """See `nodes.safety.shift_register.ShiftRegister`."""

    def __init__(self, bus: Bus) -> None:
        self._copper = bus.subscribe(SIM_COPPER)
        self._seen: SimCopper | None = None
        self._reading: ShiftRegisterReading | None = None

    def read(self) -> ShiftRegisterReading | None:
        """See `nodes.safety.shift_register.ShiftRegister.read`."""
        copper = self._copper.fresh()
        if copper is not self._seen:
            self._seen = copper
            self._reading = None
            if copper is not None:
                self._reading = ShiftRegisterReading(
                    dip1=copper.dip1,
                    dip2=copper.dip2,
                    overtemperature=copper.overtemperature,
                )
        return self._reading


def open(bus: Bus, parameters: Parameters) -> ShiftRegister:
    """Open the shift register of the simulated world."""
    return SimShiftRegister(bus)

"""The shift register of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimSignals
from msgs.topics import SIM_SIGNALS
from nodes.safety.shift_register import ShiftRegister, ShiftRegisterReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimShiftRegister(ShiftRegister):
    """See `nodes.safety.shift_register.ShiftRegister`."""

    def __init__(self, bus: Bus) -> None:
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: ShiftRegisterReading | None = None

    def read(self) -> ShiftRegisterReading | None:
        """See `nodes.safety.shift_register.ShiftRegister.read`."""
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None
            if signals is not None:
                self._reading = ShiftRegisterReading(
                    dip1=signals.dip1,
                    dip2=signals.dip2,
                    overtemperature=signals.overtemperature,
                    external_closed=signals.external_closed,
                )
        return self._reading


def open(bus: Bus, parameters: Parameters) -> ShiftRegister:
    """Open the shift register of the simulated world."""
    return SimShiftRegister(bus)

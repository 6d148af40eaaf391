"""The analog-to-digital converter of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimCopper
from msgs.topics import SIM_COPPER
from nodes.safety.analog import Analog, AnalogReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimAnalog(Analog):
    """See `nodes.safety.analog.Analog`."""

    def __init__(self, bus: Bus) -> None:
        self._copper = bus.subscribe(SIM_COPPER)
        self._seen: SimCopper | None = None
        self._reading: AnalogReading | None = None

    def read(self) -> AnalogReading | None:
        """See `nodes.safety.analog.Analog.read`."""
        copper = self._copper.fresh()
        if copper is not self._seen:
            self._seen = copper
            self._reading = None
            if copper is not None:
                self._reading = AnalogReading(
                    high_v=copper.high_v,
                    low_v=copper.low_v,
                    earth_ohm=copper.earth_ohm,
                    terminal_c=copper.terminal_c,
                    board_c=copper.board_c,
                )
        return self._reading


def open(bus: Bus, parameters: Parameters) -> Analog:
    """Open the analog-to-digital converter of the simulated world."""
    return SimAnalog(bus)

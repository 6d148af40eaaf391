"""The analog-to-digital converter of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimSignals
from msgs.topics import SIM_SIGNALS
from nodes.safety.analog import Analog, AnalogReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimAnalog(Analog):
    """See `nodes.safety.analog.Analog`."""

    def __init__(self, bus: Bus) -> None:
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: AnalogReading | None = None

    def read(self) -> AnalogReading | None:
        """See `nodes.safety.analog.Analog.read`."""
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None
            if signals is not None:
                self._reading = AnalogReading(
                    high_v=signals.high_v,
                    low_v=signals.low_v,
                    earth_ohm=signals.earth_ohm,
                    terminal_c=signals.terminal_c,
                    board_c=signals.board_c,
                )
        return self._reading


def open(bus: Bus, parameters: Parameters) -> Analog:
    """Open the analog-to-digital converter of the simulated world."""
    return SimAnalog(bus)

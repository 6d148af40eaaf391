"""The pilot's generator of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimSignals
from msgs.topics import SIM_SIGNALS
from nodes.safety.generator import Generator, GeneratorReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimGenerator(Generator):
    """See `nodes.safety.generator.Generator`."""

    def __init__(self, bus: Bus) -> None:
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: GeneratorReading | None = None

    def read(self) -> GeneratorReading | None:
        """See `nodes.safety.generator.Generator.read`."""
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None
            if signals is not None:
                self._reading = GeneratorReading(duty_percent=signals.duty_percent)
        return self._reading


def open(bus: Bus, parameters: Parameters) -> Generator:
    """Open the pilot's generator of the simulated world."""
    return SimGenerator(bus)

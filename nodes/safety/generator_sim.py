"""The pilot's generator of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimCopper
from msgs.topics import SIM_COPPER
from nodes.safety.generator import Generator, GeneratorReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimGenerator(Generator):
    """See `nodes.safety.generator.Generator`."""

    def __init__(self, bus: Bus) -> None:
        self._copper = bus.subscribe(SIM_COPPER)
        self._seen: SimCopper | None = None
        self._reading: GeneratorReading | None = None

    def read(self) -> GeneratorReading | None:
        """See `nodes.safety.generator.Generator.read`."""
        copper = self._copper.fresh()
        if copper is not self._seen:
            self._seen = copper
            self._reading = None
            if copper is not None:
                self._reading = GeneratorReading(duty_percent=copper.duty_percent)
        return self._reading


def open(bus: Bus, parameters: Parameters) -> Generator:
    """Open the pilot's generator of the simulated world."""
    return SimGenerator(bus)

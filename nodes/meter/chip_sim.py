"""The meter chip of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.topics import SIM_POWER
from nodes.meter.chip import ChipSample, MeterChip


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimMeterChip(MeterChip):
    """See `nodes.meter.chip.MeterChip`. It cannot be read after 0.5 s of silence."""

    def __init__(self, bus: Bus) -> None:
        self._power = bus.subscribe(SIM_POWER)

    def read(self) -> ChipSample | None:
        """See `nodes.meter.chip.MeterChip.read`."""
        power = self._power.fresh()
        stamp_s = self._power.stamp_s
        if power is None or stamp_s is None:
            return None
        return ChipSample(lines=power.lines, sampled_ns=round(stamp_s * 1e9))


def open(bus: Bus, parameters: Parameters) -> MeterChip:
    """Open the meter chip of the simulated world."""
    return SimMeterChip(bus)

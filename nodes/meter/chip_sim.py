"""The meter chip of the simulated world."""

from bus import Bus
from msgs.topics import SIM_POWER
from nodes.meter.chip import Sample


class SimChip:
    """See `nodes.meter.chip.Chip`. Power that is silent for 0.5 s cannot be read."""

    def __init__(self, bus: Bus) -> None:
        self._power = bus.subscribe(SIM_POWER)

    def read(self) -> Sample | None:
        """See `nodes.meter.chip.Chip.read`."""
        power = self._power.fresh()
        stamp_s = self._power.stamp_s
        if power is None or stamp_s is None:
            return None
        return Sample(lines=power.lines, sampled_ns=round(stamp_s * 1e9))

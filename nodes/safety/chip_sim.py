"""The meter chip of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimPower
from msgs.topics import SIM_POWER
from nodes.safety.chip import ChipReading, PowerChip


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimPowerChip(PowerChip):
    """See `nodes.safety.chip.PowerChip`."""

    def __init__(self, bus: Bus) -> None:
        self._power = bus.subscribe(SIM_POWER, uses=_reading)  # the counters are the meter's
        self._seen: SimPower | None = None
        self._reading: ChipReading | None = None

    def read(self) -> ChipReading | None:
        """See `nodes.safety.chip.PowerChip.read`."""
        power = self._power.fresh()
        if power is not self._seen:
            self._seen = power
            self._reading = None if power is None else _reading(power)
        return self._reading


def open(bus: Bus, parameters: Parameters) -> PowerChip:
    """Open the meter chip of the simulated world."""
    return SimPowerChip(bus)


def _reading(power: SimPower) -> ChipReading:
    first, second, third = power.lines
    return ChipReading(
        currents_a=(first.current_a, second.current_a, third.current_a),
        voltages_v=(first.voltage_v, second.voltage_v, third.voltage_v),
        powers_w=(first.power_w, second.power_w, third.power_w),
        frequency_hz=power.frequency_hz,
    )

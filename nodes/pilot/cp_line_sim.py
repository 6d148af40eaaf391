"""The CP line of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.pilot import X1_PERCENT, SimPilotDrive
from msgs.plant import SimSignals
from msgs.topics import SIM_PILOT_DRIVE, SIM_SIGNALS
from nodes.pilot.cp_line import CpLine, CpLineReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimCpLine(CpLine):
    """See `nodes.pilot.cp_line.CpLine`. Signals that are silent for 50 ms cannot be measured."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: CpLineReading | None = None
        self._duty_percent: float | None = None

    def read(self) -> CpLineReading | None:
        """See `nodes.pilot.cp_line.CpLine.read`."""
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None
            if signals is not None:
                self._reading = CpLineReading(
                    high_v=signals.high_v, low_v=signals.low_v, duty_percent=signals.duty_percent
                )
        return self._reading

    def drive(self, duty_percent: float) -> None:
        """See `nodes.pilot.cp_line.CpLine.drive`."""
        if duty_percent != self._duty_percent:
            self._duty_percent = duty_percent
            self._bus.publish(SIM_PILOT_DRIVE, SimPilotDrive(duty_percent=duty_percent))

    def shutdown(self) -> None:
        """See `nodes.pilot.cp_line.CpLine.shutdown`."""
        self.drive(X1_PERCENT)

    def handover(self) -> None:
        """See `nodes.pilot.cp_line.CpLine.handover`. The simulated generator keeps its duty."""


def open(bus: Bus, parameters: Parameters) -> CpLine:
    """Open the CP line of the simulated world."""
    return SimCpLine(bus)

"""The pilot line of the simulated world."""

from msgspec import Struct

from bus import Bus
from msgs.pilot import X1_PERCENT, SimPilotDrive
from msgs.plant import SimSignals
from msgs.topics import SIM_PILOT_DRIVE, SIM_SIGNALS
from nodes.pilot.line import Line, LineReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimLine(Line):
    """See `nodes.pilot.line.Line`. Signals that are silent for 50 ms cannot be measured."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: LineReading | None = None
        self._duty_percent: float | None = None

    def read(self) -> LineReading | None:
        """See `nodes.pilot.line.Line.read`."""
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None
            if signals is not None:
                self._reading = LineReading(
                    high_v=signals.high_v, low_v=signals.low_v, duty_percent=signals.duty_percent
                )
        return self._reading

    def drive(self, duty_percent: float) -> None:
        """See `nodes.pilot.line.Line.drive`."""
        if duty_percent != self._duty_percent:
            self._duty_percent = duty_percent
            self._bus.publish(SIM_PILOT_DRIVE, SimPilotDrive(duty_percent=duty_percent))

    def shutdown(self) -> None:
        """See `nodes.pilot.line.Line.shutdown`."""
        self.drive(X1_PERCENT)

    def handover(self) -> None:
        """See `nodes.pilot.line.Line.handover`. The simulated generator goes on by itself."""


def open(bus: Bus, parameters: Parameters) -> Line:
    """Open the pilot line of the simulated world."""
    return SimLine(bus)

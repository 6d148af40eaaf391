"""The lines of the simulated coil chain."""

from msgspec import Struct
from msgspec.structs import replace

from bus import Bus
from msgs.plant import SimSignals
from msgs.safety import SimContactorDrive
from msgs.topics import SIM_CONTACTOR_DRIVE, SIM_SIGNALS
from nodes.safety.coil import Coil, CoilReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimCoil(Coil):
    """See `nodes.safety.coil.Coil`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._signals = bus.subscribe(SIM_SIGNALS)
        self._seen: SimSignals | None = None
        self._reading: CoilReading | None = None
        self._sampled_ns = 0
        self._lines = SimContactorDrive(enable=False, feeds_watchdog=False, residual_test=False)

    def read(self) -> CoilReading | None:
        """See `nodes.safety.coil.Coil.read`."""
        self._sampled_ns = self._bus.clock.now_ns()
        signals = self._signals.fresh()
        if signals is not self._seen:
            self._seen = signals
            self._reading = None if signals is None else _reading(signals)
        return self._reading

    def drive(
        self, *, enable: bool, residual_test: bool, feeds_watchdog: bool, clear_reset: bool
    ) -> None:
        """See `nodes.safety.coil.Coil.drive`. The repeats of the message are the edges."""
        lines = replace(
            self._lines,
            enable=enable,
            feeds_watchdog=feeds_watchdog,
            residual_test=residual_test,
            clear_reset=clear_reset,
        )
        if lines != self._lines:
            self._lines = replace(lines, sampled_ns=self._sampled_ns)
        self._bus.say(SIM_CONTACTOR_DRIVE, self._lines)

    def shutdown(self) -> None:
        """See `nodes.safety.coil.Coil.shutdown`."""
        self.drive(enable=False, residual_test=False, feeds_watchdog=False, clear_reset=False)

    def handover(self) -> None:
        """See `nodes.safety.coil.Coil.handover`."""
        self.shutdown()


def open(bus: Bus, parameters: Parameters) -> Coil:
    """Open the lines of the simulated coil chain; see `nodes.safety.coil.Coil`."""
    coil = SimCoil(bus)
    coil.shutdown()
    return coil


def _reading(signals: SimSignals) -> CoilReading:
    return CoilReading(
        mirror_closed=signals.mirror_closed,
        load_voltage=signals.load_voltage,
        residual_ac=signals.residual_ac,
        residual_dc=signals.residual_dc,
        power_on_reset=signals.power_on_reset,
    )

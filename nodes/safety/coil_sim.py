"""The lines of the simulated coil chain."""

from msgspec import Struct

from bus import Bus
from msgs.plant import SimCopper
from msgs.safety import SimContactorDrive
from msgs.topics import SIM_CONTACTOR_DRIVE, SIM_COPPER
from nodes.safety.coil import Coil, CoilReading

REPEAT_S = 0.095  # published again each 0.1 s (a round may come a little early)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimCoil(Coil):
    """See `nodes.safety.coil.Coil`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._copper = bus.subscribe(SIM_COPPER)
        self._seen: SimCopper | None = None
        self._reading: CoilReading | None = None
        self._enable = False
        self._residual_test = False
        self._clear_reset = False
        self._edges = 0
        self._repeat_at_s = 0.0
        self._sampled_ns = 0

    def read(self) -> CoilReading | None:
        """See `nodes.safety.coil.Coil.read`."""
        self._sampled_ns = self._bus.clock.now_ns()
        copper = self._copper.fresh()
        if copper is not self._seen:
            self._seen = copper
            self._reading = None if copper is None else _reading(copper)
        return self._reading

    def drive(self, *, enable: bool, residual_test: bool, edge: bool, clear_reset: bool) -> None:
        """See `nodes.safety.coil.Coil.drive`."""
        lines = (enable, residual_test, clear_reset)
        is_news = edge or lines != (self._enable, self._residual_test, self._clear_reset)
        if not is_news and self._bus.clock.now_s() < self._repeat_at_s:
            return
        self._enable, self._residual_test, self._clear_reset = lines
        self._edges += edge
        self._send()

    def shutdown(self) -> None:
        """See `nodes.safety.coil.Coil.shutdown`."""
        self.drive(enable=False, residual_test=False, edge=False, clear_reset=False)

    def handover(self) -> None:
        """See `nodes.safety.coil.Coil.handover`."""
        self.shutdown()

    def _send(self) -> None:
        self._repeat_at_s = self._bus.clock.now_s() + REPEAT_S
        self._bus.publish(
            SIM_CONTACTOR_DRIVE,
            SimContactorDrive(
                enable=self._enable,
                watchdog_edges=self._edges,
                residual_test=self._residual_test,
                sampled_ns=self._sampled_ns,
                clear_reset=self._clear_reset,
            ),
        )


def open(bus: Bus, parameters: Parameters) -> Coil:
    """Open the lines of the simulated coil chain; see `nodes.safety.coil.Coil`."""
    coil = SimCoil(bus)
    coil.drive(enable=False, residual_test=False, edge=False, clear_reset=False)
    return coil


def _reading(copper: SimCopper) -> CoilReading:
    return CoilReading(
        mirror_closed=copper.mirror_closed,
        load_voltage=copper.load_voltage,
        residual_ac=copper.residual_ac,
        residual_dc=copper.residual_dc,
        power_on_reset=copper.power_on_reset,
    )

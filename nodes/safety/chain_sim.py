"""The coil chain and the sensors of the simulated world."""

from bus import Bus
from msgs.plant import SimCopper, SimPower
from msgs.safety import SimContactorDrive
from msgs.topics import SIM_CONTACTOR_DRIVE, SIM_COPPER, SIM_POWER
from nodes.safety.chain import ChainReading

REPEAT_S = 0.095  # said again each 0.1 s (a round may come a little early)


class SimChain:
    """See `nodes.safety.chain.Chain`. Silent copper (50 ms) is no reading at all."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._copper = bus.subscribe(SIM_COPPER)
        self._power = bus.subscribe(SIM_POWER)
        self._seen: tuple[SimCopper | None, SimPower | None] = (None, None)
        self._reading: ChainReading | None = None
        self._enable = False
        self._residual_test = False
        self._clear_reset = False
        self._edges = 0
        self._repeat_at_s = 0.0
        self._sampled_ns = 0

    def read(self) -> ChainReading | None:
        """See `nodes.safety.chain.Chain.read`."""
        self._sampled_ns = self._bus.clock.now_ns()
        copper = self._copper.fresh()
        power = self._power.fresh()
        if (copper, power) != self._seen:
            self._seen = (copper, power)
            self._reading = None if copper is None else _reading(copper, power)
        return self._reading

    def drive(self, *, enable: bool, residual_test: bool, edge: bool, clear_reset: bool) -> None:
        """See `nodes.safety.chain.Chain.drive`."""
        lines = (enable, residual_test, clear_reset)
        is_news = edge or lines != (self._enable, self._residual_test, self._clear_reset)
        if not is_news and self._bus.clock.now_s() < self._repeat_at_s:
            return
        self._enable, self._residual_test, self._clear_reset = lines
        self._edges += edge
        self._send()

    def shutdown(self) -> None:
        """See `nodes.safety.chain.Chain.shutdown`."""
        self.drive(enable=False, residual_test=False, edge=False, clear_reset=False)

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


def _reading(copper: SimCopper, power: SimPower | None) -> ChainReading:
    lines = None if power is None else power.lines
    return ChainReading(
        high_v=copper.high_v,
        low_v=copper.low_v,
        duty_percent=copper.duty_percent,
        mirror_closed=copper.mirror_closed,
        load_voltage=copper.load_voltage,
        residual_ac=copper.residual_ac,
        residual_dc=copper.residual_dc,
        earth_ohm=copper.earth_ohm,
        terminal_c=copper.terminal_c,
        board_c=copper.board_c,
        overtemperature=copper.overtemperature,
        dip1=copper.dip1,
        dip2=copper.dip2,
        power_on_reset=copper.power_on_reset,
        currents_a=(
            None if lines is None else (lines[0].current_a, lines[1].current_a, lines[2].current_a)
        ),
        voltages_v=(
            None if lines is None else (lines[0].voltage_v, lines[1].voltage_v, lines[2].voltage_v)
        ),
    )

"""One Modbus meter: its deadlines, its polls and its topic, wired to the machine."""

import math
from collections.abc import Callable

from bus import Bus, Timer
from msgs.meter import MeterReading
from msgs.settings import ExternalMeter, Grid
from nodes.meter.machine import Config, Inputs, PollOutcome, State, step
from nodes.meter.poller import Poller
from nodes.modbus_map.meter_map import MeterMap
from nodes.modbus_map.transport import Transport


class MeterLink:
    """Polls one meter until it is closed."""

    def __init__(
        self,
        bus: Bus,
        config: Config,
        meter: ExternalMeter,
        meter_map: MeterMap,
        grid: Grid,
        transport: Transport,
        publish: Callable[[MeterReading], None],
    ) -> None:
        self._bus = bus
        self._config = config
        self.meter = meter
        self.grid = grid
        self._poller = Poller(bus.clock, meter_map, meter.unit, grid, transport)
        self._publish = publish
        self._state = State()
        self._is_open = True
        self._timer: Timer = bus.at(bus.clock.now_s(), self._round)

    def close(self) -> None:
        """Stop polling; the result of a running poll is dropped."""
        self._is_open = False
        self._timer.cancel()

    def _round(self, outcome: PollOutcome | None = None) -> None:
        inputs = Inputs(now_s=self._bus.clock.now_s(), outcome=outcome)
        self._state, outputs = step(self._config, self._state, inputs)
        for level, text in outputs.log:
            self._bus.log(level, text)
        if outputs.reading is not None:
            self._publish(outputs.reading)
        if outputs.begins_poll:
            self._poller.poll(self._take)
        if outputs.due_s < math.inf:
            self._timer = self._bus.at(outputs.due_s, self._round)

    def _take(self, outcome: PollOutcome) -> None:
        if self._is_open:
            self._round(outcome)

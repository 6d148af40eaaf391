"""One Modbus meter: its deadlines, its transport and its topic, wired to the machine."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from bus import Bus, Timer
from msgs.meter import MeterReading
from msgs.settings import Grid, TcpMeter
from nodes.meter.machine import Config, Inputs, PollOutcome, State, step
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec, NotAvailableError
from nodes.modbus_map.meter_map import MeterMap
from nodes.modbus_map.transport import ReadError, Transport


class MeterLink:
    """Polls one meter until it is closed."""

    def __init__(
        self,
        bus: Bus,
        config: Config,
        meter: TcpMeter,
        meter_map: MeterMap,
        grid: Grid,
        transport: Transport,
        publish: Callable[[MeterReading], None],
    ) -> None:
        self._bus = bus
        self._config = config
        self.meter = meter
        self.grid = grid
        self._function = meter_map.function
        self._codec = Codec(meter_map, grid)
        self._blocks = plan_blocks(meter_map)
        self._transport = transport
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
            self._poll()
        if outputs.due_s < math.inf:
            self._timer = self._bus.at(outputs.due_s, self._round)

    def _poll(self) -> None:
        ended = partial(self._ended, self._bus.clock.now_ns())
        self._transport.read_all(self._function, self.meter.unit, self._blocks, ended)

    def _ended(self, began_ns: int, result: Mapping[int, int] | ReadError) -> None:
        if not self._is_open:
            return
        ended_ns = self._bus.clock.now_ns()
        values, error = None, ""
        if isinstance(result, ReadError):
            error = result.text
        else:
            try:
                values = self._codec.decode(result)
            except NotAvailableError as absent:
                error = str(absent)
        self._round(PollOutcome(values=values, error=error, began_ns=began_ns, ended_ns=ended_ns))

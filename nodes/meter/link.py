"""One Modbus meter: its deadlines, its transport and its topic, wired to the machine."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from bus import Bus, Timer
from msgs.meter import MeterReading
from msgs.settings import Grid, TcpMeter
from nodes.meter.machine import Config, Inputs, PollOutcome, State, step
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec, NotAvailableError, OtherMeterError, Values
from nodes.modbus_map.meter_map import MeterMap
from nodes.modbus_map.poll import find_model
from nodes.modbus_map.transport import ReadError, Transport


class Reader:
    """What a poll needs of a map with addresses."""

    def __init__(self, meter_map: MeterMap, grid: Grid) -> None:
        self.codec = Codec(meter_map, grid)
        self.blocks = plan_blocks(meter_map)


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
        self._meter_map = meter_map
        self._reader = None if meter_map.chain else Reader(meter_map, grid)
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
        began_ns = self._bus.clock.now_ns()
        if self._reader is None:
            found = partial(self._found, began_ns)
            find_model(self._transport, self._meter_map, self.meter.unit, found)
        else:
            self._read(self._reader, began_ns)

    def _found(self, began_ns: int, result: MeterMap | ReadError) -> None:
        """Read the model that was found, in the same poll."""
        if not self._is_open:
            return
        if isinstance(result, ReadError):
            self._end(began_ns, None, result.text)
            return
        self._reader = Reader(result, self.grid)
        self._read(self._reader, self._bus.clock.now_ns())

    def _read(self, reader: Reader, began_ns: int) -> None:
        function, unit = self._meter_map.function, self.meter.unit
        took = partial(self._took, reader, began_ns)
        self._transport.read_all(function, unit, reader.blocks, took)

    def _took(self, reader: Reader, began_ns: int, result: Mapping[int, int] | ReadError) -> None:
        if not self._is_open:
            return
        if isinstance(result, ReadError):
            self._forget_model()
            self._end(began_ns, None, result.text)
            return
        try:
            values = reader.codec.decode(result)
        except OtherMeterError as other:
            self._forget_model()
            self._end(began_ns, None, str(other))
        except NotAvailableError as absent:
            self._end(began_ns, None, str(absent))
        else:
            self._end(began_ns, values)

    def _forget_model(self) -> None:
        """Search the model again: behind the same address there may be another meter."""
        if self._meter_map.chain is not None:
            self._reader = None

    def _end(self, began_ns: int, values: Values | None, error: str = "") -> None:
        ended_ns = self._bus.clock.now_ns()
        self._round(PollOutcome(values=values, error=error, began_ns=began_ns, ended_ns=ended_ns))

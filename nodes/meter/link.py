"""One Modbus meter: its deadlines, its transport and its topic, wired to the machine."""

from collections.abc import Callable, Mapping
from functools import partial

from bus import Bus, Timer
from msgs.meter import MeterReading
from nodes.meter.machine import Config, Inputs, Outcome, State, step
from nodes.modbus_map.address import MeterAddress
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import NotAvailableError, decode
from nodes.modbus_map.poll import poll
from nodes.modbus_map.transport import ReadError, Transport


class MeterLink:
    """Polls one meter for as long as the node lives."""

    def __init__(
        self,
        bus: Bus,
        config: Config,
        address: MeterAddress,
        transport: Transport,
        publish: Callable[[MeterReading], None],
    ) -> None:
        self._bus = bus
        self._config = config
        self._address = address
        self._blocks = plan_blocks(address.meter_map)
        self._transport = transport
        self._publish = publish
        self._state = State()
        self._timer: Timer = bus.at(bus.clock.now_s(), self._round)

    def close(self) -> None:
        """Poll no more."""
        self._timer.cancel()

    def _round(self, outcome: Outcome | None = None) -> None:
        inputs = Inputs(now_s=self._bus.clock.now_s(), outcome=outcome)
        self._state, outputs = step(self._config, self._state, inputs)
        for level, text in outputs.log:
            self._bus.log(level, text)
        if outputs.reading is not None:
            self._publish(outputs.reading)
        if outputs.begins_poll:
            self._poll()
        if outputs.next_poll_s is not None:
            self._timer = self._bus.at(outputs.next_poll_s, self._round)

    def _poll(self) -> None:
        address = self._address
        ended = partial(self._ended, self._bus.clock.now_ns())
        poll(self._transport, address.meter_map.function, address.unit, self._blocks, ended)

    def _ended(self, began_ns: int, result: Mapping[int, int] | ReadError) -> None:
        ended_ns = self._bus.clock.now_ns()
        values, error = None, ""
        if isinstance(result, ReadError):
            error = result.text
        else:
            try:
                values = decode(self._address.meter_map, result)
            except NotAvailableError as absent:
                error = str(absent)
        self._round(Outcome(values=values, error=error, began_ns=began_ns, ended_ns=ended_ns))

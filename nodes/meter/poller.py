"""Polls of one Modbus meter: the model is found first, where its addresses are not known."""

from collections.abc import Callable, Mapping
from functools import partial

from bus import Clock
from msgs.settings import Grid
from nodes.meter.machine import PollOutcome
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec, NotAvailableError, OtherMeterError, Values
from nodes.modbus_map.meter_map import MeterMap
from nodes.modbus_map.poll import find_model
from nodes.modbus_map.transport import BlockReader, ReadError

Took = Callable[[PollOutcome], None]


class Reader:
    """What a poll needs of a map with addresses."""

    def __init__(self, meter_map: MeterMap, grid: Grid) -> None:
        self.codec = Codec(meter_map, grid)
        self.blocks = plan_blocks(meter_map)


class Poller:
    """Reads all values of one meter, over a transport that others may use as well."""

    def __init__(
        self, clock: Clock, meter_map: MeterMap, unit: int, grid: Grid, transport: BlockReader
    ) -> None:
        self._clock = clock
        self._meter_map = meter_map
        self._unit = unit
        self._grid = grid
        self._transport = transport
        self._reader = None if meter_map.chain else Reader(meter_map, grid)

    def poll(self, done: Took) -> None:
        """Begin a poll; `done` gets its outcome, once, after this call has returned.

        It may never run if the transport is closed meanwhile.
        """
        began_ns = self._clock.now_ns()
        if self._reader is None:
            found = partial(self._found, began_ns, done)
            find_model(self._transport, self._meter_map, self._unit, found)
        else:
            self._read(self._reader, began_ns, done)

    def _found(self, began_ns: int, done: Took, result: MeterMap | ReadError) -> None:
        """Read the model that was found, in the same poll."""
        if isinstance(result, ReadError):
            self._end(began_ns, done, None, result.text)
            return
        self._reader = Reader(result, self._grid)
        self._read(self._reader, self._clock.now_ns(), done)

    def _read(self, reader: Reader, began_ns: int, done: Took) -> None:
        took = partial(self._took, reader, began_ns, done)
        self._transport.read_all(self._meter_map.function, self._unit, reader.blocks, took)

    def _took(
        self, reader: Reader, began_ns: int, done: Took, result: Mapping[int, int] | ReadError
    ) -> None:
        if isinstance(result, ReadError):
            self._forget_model()
            self._end(began_ns, done, None, result.text)
            return
        try:
            values = reader.codec.decode(result)
        except OtherMeterError as other:
            self._forget_model()
            self._end(began_ns, done, None, str(other))
        except NotAvailableError as absent:
            self._end(began_ns, done, None, str(absent))
        else:
            self._end(began_ns, done, values)

    def _forget_model(self) -> None:
        """Search the model again: behind the same address there may be another meter."""
        if self._meter_map.chain is not None:
            self._reader = None

    def _end(self, began_ns: int, done: Took, values: Values | None, error: str = "") -> None:
        ended_ns = self._clock.now_ns()
        done(PollOutcome(values=values, error=error, began_ns=began_ns, ended_ns=ended_ns))

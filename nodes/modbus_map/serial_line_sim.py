"""The serial lines of the simulated world: it has none, as a machine without an adapter."""

from collections.abc import Sequence

from msgspec import Struct

from bus import Bus
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.serial_line import SerialModbus, SerialPlace
from nodes.modbus_map.transport import AllDone, Done, ReadError, Transport


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimSerialModbus(SerialModbus):
    """See `serial_line.SerialModbus`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def connect(self, place: SerialPlace) -> Transport:
        """See `serial_line.SerialModbus.connect`."""
        return NoTransport(self._bus, place.device)


class NoTransport:
    """See `transport.Transport`. Each read fails."""

    def __init__(self, bus: Bus, device: str) -> None:
        self._bus = bus
        self._result = ReadError(text=f"there is no {device}; no serial adapter is connected")

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """See `transport.BlockReader.read_all`."""
        self._bus.at(self._bus.clock.now_s(), lambda: done(self._result))

    def try_block(self, function: int, unit: int, block: Block, done: Done) -> None:
        """See `transport.Transport.try_block`."""
        self._bus.at(self._bus.clock.now_s(), lambda: done(self._result))

    def close(self) -> None:
        """See `transport.Transport.close`. Nothing is open."""


def open(bus: Bus, parameters: Parameters) -> SerialModbus:
    """Return the driver of a machine without serial lines."""
    return SimSerialModbus(bus)

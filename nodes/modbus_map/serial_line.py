"""Serial lines with Modbus meters: the Protocol of the drivers."""

from dataclasses import dataclass
from typing import Protocol

from bus import Driver
from msgs.meter_address import Framing
from nodes.modbus_map.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPlace:
    """A serial line, and how its characters are sent."""

    device: str  # the path of the adapter, as /dev/ttyUSB0
    baud: int
    framing: Framing


class SerialModbus(Driver, Protocol):
    """Makes transports to serial lines. `shutdown` and `handover` close every transport."""

    def connect(self, place: SerialPlace) -> Transport:
        """Return the transport to the meters of a serial line; it is opened at the first read."""

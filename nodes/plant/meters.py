"""The simulated meters' server: over real TCP, or on the bus where no socket may be opened."""

from typing import Protocol

from bus import Bus, DriverError
from nodes.modbus_map.bank import Banks


class MeterServer(Protocol):
    """The meters behind one port."""

    port: int

    def start(self) -> None:
        """Accept connections, from now on; harmless while it does.

        :raises DriverError: the port cannot be had.
        """

    def stop(self) -> None:
        """Refuse connections, and close those there are; harmless while it does."""


class BusMeterServer:
    """See `MeterServer`. There is nothing to open: the request `modbus_read` is always served."""

    def __init__(self, port: int) -> None:
        self.port = port

    def start(self) -> None:
        """See `MeterServer.start`."""

    def stop(self) -> None:
        """See `MeterServer.stop`."""


def open_meters(kind: str, bus: Bus, host: str, port: int, banks: Banks) -> MeterServer:
    """Start the meters' server.

    :raises DriverError: the kind is unknown, or the port cannot be had.
    """
    match kind:
        case "tcp":
            # Only who serves over TCP pays for importing pymodbus.
            from nodes.modbus_map.server_tcp import TcpServer

            return TcpServer(bus, host, port, ("house_host", "house_port"), banks)
        case "sim":
            return BusMeterServer(port)
        case _:
            raise DriverError(f"unknown modbus driver {kind!r} of plant; expected 'tcp' or 'sim'")

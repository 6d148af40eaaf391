"""Meters as Modbus servers: the seam between the simulated meters and the way they are reached."""

from typing import Protocol

from bus import Driver
from nodes.modbus_map.bank import Banks


class Server(Protocol):
    """The meters behind one port."""

    port: int

    def start(self) -> None:
        """Accept connections, from now on; harmless while it does.

        :raises DriverError: the port cannot be had.
        """

    def stop(self) -> None:
        """Refuse connections, and close those there are; harmless while it does."""


class Servers(Driver, Protocol):
    """What opens servers. `shutdown` and `handover` stop every one."""

    def serve(self, host: str, port: int, parameters: tuple[str, str], banks: Banks) -> Server:
        """Start a server; port 0 takes any free one. Errors name the parameters of host and port.

        :raises DriverError: the port cannot be had.
        """

"""Meters as Modbus servers: the Protocol of the drivers that serve the simulated meters."""

from typing import Protocol

from bus import Driver
from nodes.modbus_map.bank import Banks


class Server(Protocol):
    """The meters of one port."""

    port: int

    def start(self) -> None:
        """Accept connections; no effect if it already accepts them.

        :raises DriverError: the port cannot be opened.
        """

    def stop(self) -> None:
        """Refuse connections, and close the open ones; no effect if it already does."""


class Servers(Driver, Protocol):
    """Opens servers. `shutdown` and `handover` stop all of them."""

    def serve(self, host: str, port: int, parameters: tuple[str, str], banks: Banks) -> Server:
        """Start a server; port 0 takes any free one. Errors name the parameters of host and port.

        :raises DriverError: the port cannot be opened.
        """

"""Meters that are read by requests on the bus: the driver without sockets."""

from msgspec import Struct

from bus import Bus
from nodes.modbus_map.bank import Banks
from nodes.modbus_map.server import Server, Servers


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimServers(Servers):
    """See `server.Servers`."""

    def serve(self, host: str, port: int, parameters: tuple[str, str], banks: Banks) -> Server:
        """See `server.Servers.serve`."""
        return SimServer(port)


class SimServer:
    """See `server.Server`. Nothing is opened: plant always serves `modbus_read`."""

    def __init__(self, port: int) -> None:
        self.port = port

    def start(self) -> None:
        """See `server.Server.start`."""

    def stop(self) -> None:
        """See `server.Server.stop`."""


def open(bus: Bus, parameters: Parameters) -> Servers:
    """Return servers without sockets."""
    return SimServers()

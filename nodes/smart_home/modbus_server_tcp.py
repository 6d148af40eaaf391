"""Modbus TCP over a real socket, in the loop of an asyncio node.

What answers there (modbus_connections.py) is imported once the port is opened, beside the node: its
library is not in the memory of a box whose settings have the interface off.
"""

import errno
import importlib
import socket
from functools import partial
from typing import Any

from msgspec import Struct

from bus import Bus
from nodes.smart_home.modbus_server import ModbusHandler, ModbusServer

ANSWERING = "nodes.smart_home.modbus_connections"
_BACKLOG = 16


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class TcpModbusServer(ModbusServer):
    """See `modbus_server.ModbusServer`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listening: socket.socket | None = None
        self._connections: Any = None  # those of modbus_connections.py
        self.port = 0  # 0: closed

    def open(self, host: str, port: int, handler: ModbusHandler) -> str:
        """See `modbus_server.ModbusServer.open`. Clients wait in the kernel during the import."""
        self.close()
        try:
            listening = socket.create_server((host, port), backlog=_BACKLOG)
        except OSError as error:
            match error.errno:
                case errno.EADDRINUSE:
                    return f"TCP port {port} is in use by another program"
                case errno.EADDRNOTAVAIL:
                    return f"{host} is no address of this machine"
                case errno.EACCES:
                    return f"TCP port {port} may not be opened by this program"
                case _:
                    return f"TCP port {port} cannot be opened: {error.strerror or error}"
        self._listening = listening
        self.port = listening.getsockname()[1]
        work = partial(importlib.import_module, ANSWERING)
        self._bus.offload("modbus", work, partial(self._accept, listening, handler))
        return ""

    def close(self) -> None:
        """See `modbus_server.ModbusServer.close`."""
        if self._connections is not None:
            self._connections.close()
            self._connections = None
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.port = 0

    def shutdown(self) -> None:
        """Close the port."""
        self.close()

    def handover(self) -> None:
        """Close the port: the next incarnation opens its own."""
        self.close()

    def _accept(self, listening: socket.socket, handler: ModbusHandler, module: Any) -> None:
        if isinstance(module, Exception):
            raise module
        if listening is self._listening:
            self._connections = module.accept(self._bus, listening, handler)


def open(bus: Bus, parameters: Parameters) -> ModbusServer:
    """Return a server over a socket."""
    return TcpModbusServer(bus)

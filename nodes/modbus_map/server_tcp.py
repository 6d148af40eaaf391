"""A real Modbus TCP server by pymodbus, inside asyncio, that can be taken away and brought back."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bus import Bus, DriverError
from nodes.modbus_map.bank import ILLEGAL_FUNCTION, Banks, answer
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.server import Server, Servers

_BACKLOG = 16
_ANY_UNIT = 0  # pymodbus: the device for every unit that has none of its own

# What a client does wrong is answered to the client; it is no line in our log.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class TcpServers(Servers):
    """See `server.Servers`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._servers: list[TcpServer] = []

    def serve(self, host: str, port: int, parameters: tuple[str, str], banks: Banks) -> Server:
        """See `server.Servers.serve`."""
        server = TcpServer(self._bus, host, port, parameters, banks)
        self._servers.append(server)
        return server

    def shutdown(self) -> None:
        """Stop every server."""
        for server in self._servers:
            server.stop()

    def handover(self) -> None:
        """Stop every server: the next incarnation starts its own."""
        self.shutdown()


class TcpServer:
    """See `server.Server`. Meters behind one TCP port. Stopped, its port refuses connections."""

    def __init__(
        self, bus: Bus, host: str, port: int, parameters: tuple[str, str], banks: Banks
    ) -> None:
        """Listen; port 0 takes any free one. Errors name the parameters of host and port.

        :raises DriverError: the port cannot be had.
        """
        self._bus = bus
        self._host = host
        self._parameters = parameters
        self._banks = banks
        self._listening: socket.socket | None = None
        self._server: ModbusTcpServer | None = None
        self._starting: asyncio.Task[bool] | None = None
        self.port = port
        self.start()

    def start(self) -> None:
        """Listen, from now on; harmless while it listens.

        Connections wait in the kernel until the loop serves them, in the node's next callback.

        :raises DriverError: the port cannot be had.
        """
        if self._listening is not None:
            return
        self._listening = self._bind()
        self.port = self._listening.getsockname()[1]
        self._bus.at(self._bus.clock.now_s(), self._serve)

    def stop(self) -> None:
        """Close the port and every connection; harmless while it is closed."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _bind(self) -> socket.socket:
        try:
            return socket.create_server((self._host, self.port), backlog=_BACKLOG)
        except OSError as error:
            host_parameter, port_parameter = self._parameters
            why, parameter = f"cannot be opened: {error.strerror or error}", port_parameter
            match error.errno:
                case errno.EADDRINUSE:
                    why = "is in use by another process; choose another, 0 for any free one"
                case errno.EACCES:
                    why += "; expected one that may be used, as any from 1024 on"
                case _:
                    why += "; expected an address of this machine"
                    parameter = host_parameter
            raise DriverError(f"TCP port {self.port} on {self._host} {why}", parameter) from error

    def _serve(self) -> None:
        """Hand the listening socket to pymodbus."""
        if self._listening is None or self._server is not None:
            return
        loop = asyncio.get_running_loop()
        self._listening.setblocking(False)
        server = ModbusTcpServer(_devices(self._banks), address=(self._host, self.port))
        listening = self._listening
        # pymodbus binds by itself and hides why it cannot; ours is bound already.
        server.call_create = lambda: loop.create_server(
            server.handle_new_connection, sock=listening
        )
        self._server = server
        self._starting = loop.create_task(server.listen())


def open(bus: Bus, parameters: Parameters) -> Servers:
    """Return what opens Modbus TCP servers."""
    return TcpServers(bus)


def _devices(banks: Banks) -> list[SimDevice]:
    """Return one pymodbus device for each unit, and one that answers for all others."""
    end = max(
        block.address + block.count
        for bank in banks.values()
        for block in plan_blocks(bank.meter_map)
    )
    return [
        SimDevice(
            id=unit,
            simdata=SimData(address=0, count=end, datatype=DataType.REGISTERS),
            action=_action(banks, unit),
        )
        for unit in (_ANY_UNIT, *banks)
    ]


def _action(banks: Banks, unit: int) -> Callable[..., Any]:
    async def act(
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Put the answer where pymodbus takes it from; nothing can be written."""
        result = (
            ILLEGAL_FUNCTION
            if written is not None
            else answer(banks, unit, function, address, count)
        )
        if isinstance(result, int):
            return ExcCodes(result)
        registers[address - start : address - start + count] = result
        return None

    return act

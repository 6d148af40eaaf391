"""Simulated meters behind real Modbus TCP servers, which can be stopped and started again."""

import errno
import socket

from msgspec import Struct
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    ReadInputRegistersResponse,
)

from bus import Bus, DriverError
from nodes.modbus_map.bank import Banks, answer
from nodes.modbus_map.connections import BACKLOG, Connections
from nodes.modbus_map.exceptions import ILLEGAL_FUNCTION, ILLEGAL_VALUE
from nodes.modbus_map.frame import REQUESTS, ModbusFrame, pack, pack_exception
from nodes.modbus_map.server import Server, Servers

# Of one server; one more is closed at once. Each has a coroutine, of which a node may have 256
# (bus/coroutines.py), and all are answered in the node's loop. A client that never closes its
# connections loses them after IDLE_S.
MOST_CONNECTIONS = 32
IDLE_S = 120.0  # assumed: no client asks less often; also for a request that never ends
_ANSWERS = {3: ReadHoldingRegistersResponse, 4: ReadInputRegistersResponse}


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
    """See `server.Server`. The meters of one TCP port. Stopped, its port refuses connections."""

    def __init__(
        self, bus: Bus, host: str, port: int, parameters: tuple[str, str], banks: Banks
    ) -> None:
        """Listen; port 0 takes any free one. Errors name the parameters of host and port.

        :raises DriverError: the port cannot be opened.
        """
        self._bus = bus
        self._host = host
        self._parameters = parameters
        self._banks = banks
        self._connections: Connections | None = None
        self.port = port
        self.start()

    def start(self) -> None:
        """Listen; no effect while it listens already.

        Connections wait in the kernel until the loop serves them.

        :raises DriverError: the port cannot be opened.
        """
        if self._connections is None:
            listening = self._bind()
            self.port = listening.getsockname()[1]
            self._connections = Connections(
                self._bus, listening, self._answer, most=MOST_CONNECTIONS, idle_s=IDLE_S
            )

    def stop(self) -> None:
        """Close the port and every connection; no effect while it is closed already."""
        if self._connections is not None:
            self._connections.close()
            self._connections = None

    def _bind(self) -> socket.socket:
        try:
            return socket.create_server((self._host, self.port), backlog=BACKLOG)
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

    async def _answer(self, frame: ModbusFrame, client: str) -> bytes:
        return _answer(self._banks, frame)


def open(bus: Bus, parameters: Parameters) -> Servers:
    """Return the driver that opens Modbus TCP servers."""
    return TcpServers(bus)


def _answer(banks: Banks, frame: ModbusFrame) -> bytes:
    """Return the answer to a request; the meters have no writable registers."""
    function = frame.body[0]
    result: list[int] | int = ILLEGAL_FUNCTION
    if function in _ANSWERS:
        request = frame.decode(REQUESTS)
        result = ILLEGAL_VALUE
        if request is not None:
            result = answer(banks, frame.unit, function, [(request.address, request.count)])
    if isinstance(result, int):
        return pack_exception(frame, result)
    return pack(
        _ANSWERS[function](dev_id=frame.unit, transaction_id=frame.transaction, registers=result)
    )

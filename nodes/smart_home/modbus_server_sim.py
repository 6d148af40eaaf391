"""Modbus without sockets: to controllers in the same process, under the clock of the bus."""

from typing import Protocol

from msgspec import Struct

from bus import Bus
from nodes.smart_home.modbus_server import (
    ModbusHandler,
    ModbusReply,
    ModbusRequest,
    ModbusServer,
    Replying,
)

WAY_S = 0.002  # of a request from one end to the other


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimClients(Protocol):
    """The local network that the driver is in."""

    def join(self, server: "SimModbusServer") -> str:
        """Take a box. Return why it cannot join, "" if it can."""

    def leave(self) -> None:
        """Note that the box answers no more."""


CLIENTS: list[SimClients] = []
"""The network of this process: one at most."""


class SimModbusServer(ModbusServer):
    """See `modbus_server.ModbusServer`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._clients: SimClients | None = None
        self._handler: ModbusHandler | None = None

    def open(self, host: str, port: int, handler: ModbusHandler) -> str:
        """See `modbus_server.ModbusServer.open`."""
        self.close()
        if not CLIENTS:
            return ""
        problem = CLIENTS[0].join(self)
        if not problem:
            self._clients, self._handler = CLIENTS[0], handler
        return problem

    def close(self) -> None:
        """See `modbus_server.ModbusServer.close`."""
        if self._clients is not None:
            self._clients.leave()
            self._clients = self._handler = None

    def request(self, request: ModbusRequest, reply: Replying) -> None:
        """Take a request; without an answer the client is disconnected."""
        bus = self._bus

        def answer(answered: ModbusReply) -> None:
            bus.at(bus.clock.now_s() + WAY_S, lambda: reply(answered))

        def arrive() -> None:
            if self._handler is not None and self._handler.admits(request.client):
                self._handler.serve(request, answer)

        bus.at(bus.clock.now_s() + WAY_S, arrive)

    def shutdown(self) -> None:
        """Leave the network."""
        self.close()

    def handover(self) -> None:
        """Leave the network: the next incarnation joins by itself."""
        self.close()


def open(bus: Bus, parameters: Parameters) -> ModbusServer:
    """Return the server of the network of this process."""
    return SimModbusServer(bus)

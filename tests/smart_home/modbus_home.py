"""A simulated box with Modbus controllers in its network, under virtual time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodes.smart_home.modbus_server import ModbusReply, ModbusRequest
from nodes.smart_home.modbus_server_sim import CLIENTS, SimModbusServer
from tests.smart_home.home import CONTROLLER, Home, at_home

MODBUS = "smart_home.modbus=on"


class ModbusClients:
    """The clients: what was answered, in order."""

    def __init__(self) -> None:
        self.is_taken = False  # the port is in use
        self._server: SimModbusServer | None = None

    @property
    def has_box(self) -> bool:
        return self._server is not None

    def join(self, server: SimModbusServer) -> str:
        if self.is_taken:
            return "TCP port 502 is in use by another program"
        self._server = server
        return ""

    def leave(self) -> None:
        self._server = None

    def send(self, request: ModbusRequest) -> list[ModbusReply]:
        """Send a request; return a list that gets its answer."""
        replies: list[ModbusReply] = []
        if self._server is not None:
            self._server.request(request, replies.append)
        return replies

    def flood(self, request: ModbusRequest) -> list[ModbusReply]:
        """Send a request again at each answer; return a list that gets the answers."""
        replies: list[ModbusReply] = []

        def again(reply: ModbusReply) -> None:
            replies.append(reply)
            if self._server is not None:
                self._server.request(request, again)

        if self._server is not None:
            self._server.request(request, again)
        return replies


class ModbusHome:
    """The box, and one client after the other."""

    def __init__(self, home: Home, clients: ModbusClients) -> None:
        self.home, self.clients = home, clients

    def ask(
        self, function: int, address: int, value: int, client: str = CONTROLLER, **more: Any
    ) -> ModbusReply | None:
        """Send a request; return its answer, None if there is none within a moment."""
        request = ModbusRequest(
            client=client, function=function, address=address, value=value, **{"unit": 255, **more}
        )
        replies = self.clients.send(request)
        self.home.is_soon(lambda: replies != [], 1.0)
        return replies[0] if replies else None

    def read(self, address: int, **more: Any) -> int:
        reply = self.ask(3, address, 2, **more)
        assert reply is not None
        assert reply.exception == 0, (address, reply)
        high, low = reply.registers
        return high << 16 | low

    def write(self, address: int, value: int, **more: Any) -> None:
        """Write a register; it is confirmed."""
        assert self.ask(6, address, value, **more) == ModbusReply(), (address, value)

    def refused(self, address: int, value: int) -> int:
        """Write a register; return the exception."""
        reply = self.ask(6, address, value)
        assert reply is not None
        return reply.exception


@contextmanager
def at_clients() -> Iterator[ModbusClients]:
    """Give the clients of the next box; its network is gone afterwards."""
    clients = ModbusClients()
    CLIENTS[:] = [clients]
    try:
        yield clients
    finally:
        CLIENTS.clear()


@contextmanager
def at_modbus_home(
    state_dir: Path, *settings: str, card: bool = False, modbus: str = MODBUS
) -> Iterator[ModbusHome]:
    """Give a box; its network is gone afterwards."""
    with at_clients() as clients, at_home(state_dir, modbus, *settings, card=card) as home:
        yield ModbusHome(home, clients)

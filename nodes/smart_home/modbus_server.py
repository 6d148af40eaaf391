"""Modbus TCP of the local network: requests in, answers out."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from bus import Driver


class ModbusRequest(Struct, frozen=True, kw_only=True):
    """One request of a client."""

    client: str  # its address, IPv4
    unit: int
    function: int
    address: int = 0  # of functions 3 and 6
    value: int = 0  # function 3: how many registers; 6: what is written
    is_whole: bool = True  # False: its data do not fit its function


class ModbusReply(Struct, frozen=True, kw_only=True):
    """The answer: registers of a read, an exception, or neither for a write."""

    registers: tuple[int, ...] = ()
    exception: int = 0  # see `nodes.modbus_map.exceptions`; 0: none


WRITTEN = ModbusReply()

Replying = Callable[[ModbusReply], None]
"""Answers a request, once; no effect if the client has gone."""


class ModbusHandler(Protocol):
    """Who answers requests."""

    def admits(self, client: str) -> bool:
        """Return whether an address is answered; others are disconnected."""

    def serve(self, request: ModbusRequest, reply: Replying) -> None:
        """Answer a request, now or later."""


class ModbusServer(Driver, Protocol):
    """One port, which can be opened and closed."""

    def open(self, host: str, port: int, handler: ModbusHandler) -> str:
        """Accept clients from now on; return why that is not possible, "" if it is.

        Requests of one connection are answered in order, each before the next is read.

        :param host: an own address; "": each of them.
        """

    def close(self) -> None:
        """Accept no more, and disconnect all; no effect while it is closed."""

"""Datagrams of the local network, in and out."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from bus import Driver


class Datagram(Struct, frozen=True, kw_only=True):
    """One datagram."""

    content: bytes
    address: str  # of the other end, IPv4
    port: int


class Datagrams(Driver, Protocol):
    """One socket, which can be opened and closed."""

    def open(self, host: str, port: int, receive: Callable[[Datagram], None]) -> str:
        """Receive datagrams from now on; return why that is not possible, "" if it is.

        :param host: an own address; "": each of them.
        """

    def close(self) -> None:
        """Receive no more; no effect while it is closed."""

    def send(self, datagram: Datagram) -> None:
        """Send a datagram; one that cannot be sent is lost, as on the network."""

    def networks(self) -> tuple[str, ...]:
        """Return the networks of this machine, as "192.168.2.0/24"."""

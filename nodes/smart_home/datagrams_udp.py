"""Datagrams over a real socket, in the loop of an asyncio node."""

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from bus import Bus
from nodes.modbus_map.subnet import LOOPBACK, own_addresses
from nodes.smart_home.datagrams import Datagram, Datagrams

MOST_AT_ONCE = 64  # datagrams read in one callback of the loop
MOST_BYTES = 2048  # more of one is cut off, which no command needs


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    loopback: bool = False  # programs on this machine may send as well


class UdpDatagrams(Datagrams):
    """See `datagrams.Datagrams`."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._bus = bus
        self._has_loopback = parameters.loopback
        self._socket: socket.socket | None = None
        self._receive: Callable[[Datagram], None] = lambda _: None

    def open(self, host: str, port: int, receive: Callable[[Datagram], None]) -> str:
        """See `datagrams.Datagrams.open`."""
        self.close()
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.bind((host, port))
        except OSError as error:
            opened.close()
            if error.errno == errno.EADDRINUSE:
                return f"UDP port {port} is in use by another program"
            if error.errno == errno.EADDRNOTAVAIL:
                return f"{host} is no address of this machine"
            return f"UDP port {port} cannot be opened: {error.strerror}"
        self._socket, self._receive = opened, receive
        asyncio.get_running_loop().add_reader(opened, self._read)
        return ""

    def close(self) -> None:
        """See `datagrams.Datagrams.close`."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def send(self, datagram: Datagram) -> None:
        """See `datagrams.Datagrams.send`."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(datagram.content, (datagram.address, datagram.port))
        except OSError:  # no route, or a full buffer: lost
            return

    def networks(self) -> tuple[str, ...]:
        """See `datagrams.Datagrams.networks`."""
        try:
            own = own_addresses().networks
        except OSError:
            own = ()
        found = (*own, *LOOPBACK) if self._has_loopback else own
        return tuple(each for each in found if ":" not in each)

    def shutdown(self) -> None:
        """Close the socket."""
        self.close()

    def handover(self) -> None:
        """Close the socket: the next incarnation opens its own."""
        self.close()

    def _read(self) -> None:
        for _ in range(MOST_AT_ONCE):
            if self._socket is None:
                return
            try:
                content, (address, port) = self._socket.recvfrom(MOST_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an answer of before could not be delivered
                continue
            datagram = Datagram(content=content, address=address, port=port)
            # As a callback of the node: before those its subscriptions take what has arrived.
            self._bus.post(partial(self._take, datagram))

    def _take(self, datagram: Datagram) -> None:
        if self._socket is not None:
            self._receive(datagram)


def open(bus: Bus, parameters: Parameters) -> Datagrams:
    """Return datagrams over a socket."""
    return UdpDatagrams(bus, parameters)

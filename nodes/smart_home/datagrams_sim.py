"""Datagrams without sockets: to controllers in the same process, under the clock of the bus."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from bus import Bus
from nodes.smart_home.datagrams import Datagram, Datagrams

WAY_S = 0.002  # of a datagram from one end to the other
NETWORKS = ("192.168.2.0/24",)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimNetwork(Protocol):
    """The local network that the driver is in."""

    def join(self, deliver: Callable[[Datagram], None]) -> str:
        """Take a box; `deliver` gives it a datagram. Return why it cannot join, "" if it can."""

    def leave(self) -> None:
        """Note that the box receives no more."""

    def receive(self, datagram: Datagram) -> None:
        """Take a datagram of the box."""


NETWORK: list[SimNetwork] = []
"""The network of this process: one at most."""


class SimDatagrams(Datagrams):
    """See `datagrams.Datagrams`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._network: SimNetwork | None = None

    def open(self, host: str, port: int, receive: Callable[[Datagram], None]) -> str:
        """See `datagrams.Datagrams.open`."""
        self.close()
        if not NETWORK:
            return ""
        bus = self._bus

        def deliver(datagram: Datagram) -> None:
            bus.at(bus.clock.now_s() + WAY_S, lambda: receive(datagram))

        problem = NETWORK[0].join(deliver)
        if not problem:
            self._network = NETWORK[0]
        return problem

    def close(self) -> None:
        """See `datagrams.Datagrams.close`."""
        if self._network is not None:
            self._network.leave()
            self._network = None

    def send(self, datagram: Datagram) -> None:
        """See `datagrams.Datagrams.send`."""
        network, bus = self._network, self._bus
        if network is not None:
            bus.at(bus.clock.now_s() + WAY_S, lambda: network.receive(datagram))

    def networks(self) -> tuple[str, ...]:
        """See `datagrams.Datagrams.networks`."""
        return NETWORKS

    def shutdown(self) -> None:
        """Leave the network."""
        self.close()

    def handover(self) -> None:
        """Leave the network: the next incarnation joins by itself."""
        self.close()


def open(bus: Bus, parameters: Parameters) -> Datagrams:
    """Return datagrams of the network of this process."""
    return SimDatagrams(bus)

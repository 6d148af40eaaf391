"""A connection without sockets: to a host in the same process, under the clock of the bus."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from msgspec import Struct

from bus import Bus
from nodes.dcs.link import (
    Closed,
    CloseReason,
    Destination,
    LinkEvent,
    OneConnection,
    Opened,
    Ponged,
    Uplink,
    received,
)

WAY_S = 0.02  # of a frame from one end to the other


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimService(Protocol):
    """A service that the driver connects to."""

    def accept(
        self, connection: "SimConnection", destination: Destination, password: bytes
    ) -> CloseReason | None:
        """Take a connection; return why it is refused, None if it is taken."""

    def receive(self, connection: "SimConnection", text: str) -> None:
        """Take a frame of the box."""

    def end(self, connection: "SimConnection") -> None:
        """Note that the connection has ended."""


SERVICES: dict[str, SimService] = {}
"""The services that can be reached, by URL."""


class SimConnection:
    """One connection, as its service sees it."""

    def __init__(
        self, bus: Bus, service: SimService, on_event: Callable[[LinkEvent], None]
    ) -> None:
        self._bus, self._service, self._on_event = bus, service, on_event
        self.is_open = False
        self._is_cut = False
        self.is_dead = False  # frames are lost on their way, and nobody notices

    @property
    def now_s(self) -> float:
        """Return the time of the box [monotonic s]."""
        return self._bus.clock.now_s()

    @property
    def utc_ns(self) -> int:
        """Return UTC of the box [ns]."""
        return self._bus.clock.utc_ns()

    def send(self, text: str) -> None:
        """Send a frame to the box."""
        self._later(partial(self._report, received(text)))

    def cut(self, text: str = "cut") -> None:
        """End the connection, as the network does."""
        if self.is_open:
            self.is_open, self._is_cut = False, True
            self._service.end(self)
            event = Closed(reason=CloseReason.LOST, text=text)
            self._later(partial(self._on_event, event), is_checked=False)

    def put(self, text: str) -> None:
        """Carry a frame of the box to the service; it arrives also if the box closes after it."""

        def arrive() -> None:
            if not (self._is_cut or self.is_dead):
                self._service.receive(self, text)

        self._later(arrive, is_checked=False)

    def ping(self) -> None:
        """Answer a ping of the box."""
        self._later(partial(self._report, Ponged()))

    def open(self) -> None:
        """Report that the connection is open."""
        self.is_open = True
        self._report(Opened())

    def leave(self) -> None:
        """End the connection, as the box does: nothing is reported to it."""
        self._on_event = _ignore
        if self.is_open:
            self.is_open = False
            self._later(partial(self._service.end, self), is_checked=False)

    def _report(self, event: LinkEvent) -> None:
        self._on_event(event)

    def _later(self, action: Callable[[], None], *, is_checked: bool = True) -> None:
        def act() -> None:
            if not is_checked or (self.is_open and not self.is_dead):
                action()

        self._bus.at(self._bus.clock.now_s() + WAY_S, act)


def _ignore(_: LinkEvent) -> None:
    """Report nothing."""


class SimUplink(OneConnection[SimConnection]):
    """See `link.Uplink`."""

    def __init__(self, bus: Bus) -> None:
        super().__init__()
        self._bus = bus
        self._attempt = 0

    def open(
        self,
        destination: Destination,
        subprotocol: str,
        password: bytes,
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        """See `link.Uplink.open`."""
        self.close()
        attempt = partial(self._connect, self._attempt, destination, password, on_event)
        self._bus.at(self._bus.clock.now_s() + WAY_S, attempt)

    def _connect(
        self,
        attempt: int,
        destination: Destination,
        password: bytes,
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        if attempt != self._attempt:
            return  # closed meanwhile
        service = SERVICES.get(destination.url)
        if service is None:
            on_event(Closed(reason=CloseReason.UNREACHABLE, text="connection refused"))
            return
        connection = SimConnection(self._bus, service, on_event)
        refusal = service.accept(connection, destination, password)
        if refusal is not None:
            on_event(Closed(reason=refusal, text="refused by the service"))
            return
        self.connection = connection
        connection.open()

    def close(self) -> None:
        """See `link.Uplink.close`."""
        self._attempt += 1
        super().close()


def open(bus: Bus, parameters: Parameters) -> Uplink:
    """Return the driver."""
    return SimUplink(bus)

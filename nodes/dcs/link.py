"""The connection to a charging service that carries text frames: what drivers are, and share."""

from collections.abc import Callable
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from bus import Driver


class ProxyServer(Struct, frozen=True, kw_only=True):
    """An HTTP proxy between box and service."""

    host: str
    port: int
    user: str = ""


class Destination(Struct, frozen=True, kw_only=True):
    """Where to connect to, and as whom."""

    url: str  # "ws://" or "wss://"; the identity is appended as a path segment
    identity: str
    is_password_sent: bool = False  # HTTP basic authentication with the stored key
    is_tls_needed: bool = False  # a connection without it is refused
    proxy: ProxyServer | None = None


class Opened(Struct, frozen=True):
    """The connection is open: the service has accepted the subprotocol."""


class FrameReceived(Struct, frozen=True, kw_only=True):
    """A text frame of the service."""

    text: str


class LongFrame(Struct, frozen=True, kw_only=True):
    """A text frame of the service that is longer than this box reads."""

    head: str
    length: int  # characters


class Ponged(Struct, frozen=True):
    """The other end has answered a ping."""


class CloseReason(StrEnum):
    """Why there is no connection."""

    ASKED = "asked"  # this box has closed it
    LOST = "lost"  # it was open
    UNREACHABLE = "unreachable"  # no server: name, route, refused, no answer
    UNTRUSTED = "untrusted"  # TLS: the certificate, or the version
    DENIED = "denied"  # the server has answered, and does not take this box: 401, 403, 404
    PROXY = "proxy"  # the proxy does not let this box through
    SUBPROTOCOL = "subprotocol"  # the server does not speak this version


class Closed(Struct, frozen=True, kw_only=True):
    """The connection has ended, or could not be opened."""

    reason: CloseReason
    text: str = ""  # for a person


LinkEvent = Opened | FrameReceived | LongFrame | Ponged | Closed
"""What a link reports."""

MOST_FRAME = 65_536
"""Assumed: characters of a frame that is read; of a longer one only the head is.

The longest that is needed is a list of 256 tokens, about 40 kB.
"""

MOST_HEAD = 512  # assumed: characters that have the id of a message and its action

MOST_FRAME_BYTES = 2 * 1024 * 1024
"""Assumed: a longer frame of the service ends the connection, before it is in the memory."""


def received(text: str) -> FrameReceived | LongFrame:
    """Return the event of a text frame."""
    if len(text) <= MOST_FRAME:
        return FrameReceived(text=text)
    return LongFrame(head=text[:MOST_HEAD], length=len(text))


class Uplink(Driver, Protocol):
    """One connection at a time to a charging service.

    It reports what happens and decides nothing: when to connect again, and whether a silent
    connection is dead, is the node's to decide.
    """

    def open(
        self,
        destination: Destination,
        subprotocol: str,
        password: bytes,
        on_event: Callable[[LinkEvent], None],
    ) -> None:
        """Connect. `on_event` runs as a callback of the node, after this call has returned.

        After `Opened` come `FrameReceived`, `LongFrame` and `Ponged`, and `Closed` once at the end.
        A connection that is open already is closed without an event.
        """

    def send(self, text: str) -> None:
        """Send a text frame; no effect while the connection is not open."""

    def ping(self) -> None:
        """Ask the other end for a sign; `Ponged` follows if it is there."""

    def close(self) -> None:
        """Close the connection; no event follows, also if it is not open yet."""

    def shutdown(self) -> None:
        """Close the connection."""
        self.close()

    def handover(self) -> None:
        """Close the connection: the next incarnation opens its own."""
        self.close()


class LinkConnection(Protocol):
    """One connection of a driver."""

    def put(self, text: str) -> None:
        """Send a text frame."""

    def ping(self) -> None:
        """Ask the other end for a sign."""

    def leave(self) -> None:
        """End the connection after what was put; nothing is reported any more."""


C = TypeVar("C", bound=LinkConnection)


class OneConnection(Uplink, Generic[C]):
    """What all drivers share: the connection that they have, if any."""

    def __init__(self) -> None:
        self.connection: C | None = None

    def send(self, text: str) -> None:
        """See `Uplink.send`."""
        if self.connection is not None:
            self.connection.put(text)

    def ping(self) -> None:
        """See `Uplink.ping`."""
        if self.connection is not None:
            self.connection.ping()

    def close(self) -> None:
        """See `Uplink.close`."""
        if self.connection is not None:
            self.connection.leave()
            self.connection = None

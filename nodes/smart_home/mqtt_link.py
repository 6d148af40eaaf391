"""The connection to an MQTT broker: what drivers are."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from bus import Driver

PASSWORD_FILE = "smart_home-MqttPassword"
"""In the state directory, mode 0600: secrets are never on the bus."""

CA_FILE = "smart_home-mqtt-ca.pem"
"""In the state directory: authorities of a broker with a certificate of its own. An installer puts
it there; without it those of the system count."""


class MqttMessage(Struct, frozen=True, kw_only=True):
    """One message, in either direction."""

    topic: str
    payload: bytes
    is_retained: bool = False  # received: it was sent before this box has subscribed


class MqttBroker(Struct, frozen=True, kw_only=True):
    """Where to connect to, and as whom."""

    host: str
    port: int
    is_tls: bool
    user: str  # "": without user and password
    client_id: str
    will: MqttMessage  # published by the broker when this box is lost
    topics: tuple[str, ...]  # to be received


class MqttProblem(StrEnum):
    """Why there is no connection."""

    NAME = "name"  # the name of the broker is not known
    UNREACHABLE = "unreachable"  # no route, refused, no answer
    UNTRUSTED = "untrusted"  # TLS: the certificate
    NO_TLS = "no_tls"  # TLS is not spoken there, or in another version
    DENIED = "denied"  # the user name or the password
    FORBIDDEN = "forbidden"  # the broker does not let this user receive its topics
    NO_MQTT = "no_mqtt"  # something else answers there
    LOST = "lost"  # it was open
    PASSWORD = "password"  # the file of the password cannot be used


class MqttConnected(Struct, frozen=True):
    """The broker has accepted this box and its subscriptions."""


class MqttReceived(Struct, frozen=True, kw_only=True):
    """A message has come."""

    message: MqttMessage


class MqttClosed(Struct, frozen=True, kw_only=True):
    """The connection has ended, or could not be opened."""

    problem: MqttProblem
    text: str = ""  # for the service


MqttEvent = MqttConnected | MqttReceived | MqttClosed
"""What a link reports."""

MOST_PAYLOAD = 1024
"""Assumed: bytes of an order; of a longer one so many are handed on, and one more."""

MOST_UNSENT = 256
"""Assumed: messages; a broker that takes none is as good as lost."""


class MqttLink(Driver, Protocol):
    """One connection at a time to a broker. It reports what happens and decides nothing."""

    def open(self, broker: MqttBroker, on_event: Callable[[MqttEvent], None]) -> None:
        """Connect, without a session of before. `on_event` runs as a callback of the node.

        After `MqttConnected` come `MqttReceived`, and `MqttClosed` once at the end. A connection
        that is open already is closed without an event.
        """

    def publish(self, message: MqttMessage) -> None:
        """Send a message with QoS 1; no effect while the connection is not open.

        The broker keeps it for later subscribers if `is_retained` says so.
        """

    def close(
        self, last: tuple[MqttMessage, ...] = (), done: Callable[[], None] | None = None
    ) -> None:
        """Send the last messages and close the connection; no event follows.

        `done` runs when they are sent, or cannot be.
        """

    def shutdown(self) -> None:
        """Close the connection."""
        self.close()

    def handover(self) -> None:
        """Close the connection: the next incarnation opens its own."""
        self.close()

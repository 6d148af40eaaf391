"""The connection to a broker over TCP, with TLS. The file with the socket.

The library has a thread of its own for each connection, as its documents advise; what it reports is
handed to the node. It is imported with the first connection: a box without a broker does not load
it.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from bus import Bus
from bus.secret_file import SecretError, read_secret
from nodes.smart_home.mqtt_link import (
    CA_FILE,
    MOST_PAYLOAD,
    MOST_UNSENT,
    PASSWORD_FILE,
    MqttBroker,
    MqttClosed,
    MqttConnected,
    MqttEvent,
    MqttLink,
    MqttMessage,
    MqttProblem,
    MqttReceived,
)

if TYPE_CHECKING:
    from ssl import SSLContext

    from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
    from paho.mqtt.reasoncodes import ReasonCode

CONNECT_S = 10.0  # assumed: until the broker has accepted the TCP connection
KEEP_ALIVE_S = 20  # assumed; the will follows after 1.5 times this (MQTT 3.1.1, 3.1.2.10)
CLOSE_S = 1.0  # assumed: for each of the last messages
MOST_WAITING = 64  # assumed: messages that wait for the node; then the thread reads no more
# The library gives the codes of MQTT 5, table 3-1: bad user name or password, not authorised.
DENIED = (0x86, 0x87)
QUEUE_FULL = 15  # of the library, MQTT_ERR_QUEUE_SIZE


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class PahoMqttLink(MqttLink):
    """See `mqtt_link.MqttLink`. One thread for each connection, which a later one replaces."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connection: _BrokerConnection | None = None

    def open(self, broker: MqttBroker, on_event: Callable[[MqttEvent], None]) -> None:
        """See `mqtt_link.MqttLink.open`."""
        self.close()
        self._connection = _BrokerConnection(self._bus, broker, on_event)
        Thread(target=self._connection.begin, name="mqtt-connect", daemon=True).start()

    def publish(self, message: MqttMessage) -> None:
        """See `mqtt_link.MqttLink.publish`."""
        if self._connection is not None:
            self._connection.put(message)

    def close(
        self, last: tuple[MqttMessage, ...] = (), done: Callable[[], None] | None = None
    ) -> None:
        """See `mqtt_link.MqttLink.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.leave(last, done)
        elif done is not None:
            done()


class _NoBrokerError(Exception):
    """Raised when there is no connection; says why."""

    def __init__(self, problem: MqttProblem, text: str = "") -> None:
        super().__init__(text)
        self.problem = problem


class _BrokerConnection:
    """One connection, from the first packet to its end.

    `begin` has a thread of its own, for it waits for the network; then that of the library calls.
    """

    def __init__(self, bus: Bus, broker: MqttBroker, on_event: Callable[[MqttEvent], None]) -> None:
        self._bus, self._broker, self._on_event = bus, broker, on_event
        self._waiting = Semaphore(MOST_WAITING)
        # Of the node.
        self._client: Client | None = None  # once it is connected
        self._is_left = self._is_over = False
        # Of the threads.
        self._problem = MqttProblem.NO_MQTT  # of an end now

    # --- the node ------------------------------------------------------------------------------

    def put(self, message: MqttMessage) -> "MQTTMessageInfo | None":
        """Send a message after those before it; return what knows when it has arrived."""
        if self._client is None:
            return None
        sent = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.is_retained
        )
        if sent.rc == QUEUE_FULL:
            self._client.disconnect()
        return sent

    def leave(self, last: tuple[MqttMessage, ...], done: Callable[[], None] | None) -> None:
        """Send the last messages and close; nothing is reported any more."""
        self._is_left = True
        client, sent = self._client, [self.put(message) for message in last]
        if client is None:
            if done is not None:
                done()
            return
        end = partial(self._end, client, [each for each in sent if each is not None], done)
        Thread(target=end, name="mqtt-end", daemon=True).start()

    def _deliver(self, event: MqttEvent) -> None:
        if not self._is_left:
            self._on_event(event)

    def _on_open(self, client: "Client") -> None:
        self._client = client
        if self._is_left:
            client.disconnect()
        self._deliver(MqttConnected())

    def _on_message(self, message: MqttMessage) -> None:
        self._waiting.release()
        self._deliver(MqttReceived(message=message))

    def _on_end(self, problem: MqttProblem, text: str) -> None:
        if self._is_over:  # the library may report an end twice
            return
        self._is_over, self._client = True, None
        self._deliver(MqttClosed(problem=problem, text=text[:200]))

    # --- the threads ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Connect; the thread of the library then carries messages in both directions."""
        try:
            client = self._connect()
        except _NoBrokerError as error:
            self._report_end(error.problem, str(error))
        except Exception as error:
            self._report_end(self._problem, f"{type(error).__name__}: {error}")
        else:
            client.loop_start()

    def _end(
        self, client: "Client", sent: "list[MQTTMessageInfo]", done: Callable[[], None] | None
    ) -> None:
        """Disconnect once the last messages have arrived.

        A socket that is closed with unread answers resets the connection, and a broker may then
        drop what it has not read.
        """
        with suppress(RuntimeError, ValueError):  # they cannot be sent any more
            for each in sent:
                each.wait_for_publish(CLOSE_S)
        client.disconnect()
        if done is not None:
            self._bus.post(done)

    def _report_end(self, problem: MqttProblem, text: str) -> None:
        self._bus.post(partial(self._on_end, problem, text))

    def _connect(self) -> "Client":
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        broker, will, state_dir = self._broker, self._broker.will, self._bus.state_dir
        # A clean session: no order that was sent in an absence is carried out later.
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=True,
            reconnect_on_failure=False,
        )
        client.will_set(will.topic, will.payload, qos=1, retain=will.is_retained)
        if broker.user:
            client.username_pw_set(broker.user, _password(state_dir / PASSWORD_FILE))
        if broker.is_tls:
            client.tls_set_context(_context(state_dir / CA_FILE))
        client.max_inflight_messages_set(0)  # no limit of its own, so that the last are sent
        client.max_queued_messages_set(MOST_UNSENT)
        client.connect_timeout = CONNECT_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_received
        client.on_disconnect = self._on_disconnect
        try:
            client.connect(broker.host, broker.port, keepalive=KEEP_ALIVE_S)
        except OSError as error:
            raise _problem_of(error, is_tls=broker.is_tls) from error
        return client

    def _on_connect(
        self, client: "Client", _: Any, flags: Any, code: "ReasonCode", properties: Any
    ) -> None:
        if code.is_failure:
            is_denied = code.value in DENIED
            self._problem = MqttProblem.DENIED if is_denied else MqttProblem.NO_MQTT
            client.disconnect()
            return
        client.subscribe([(topic, 1) for topic in self._broker.topics])

    def _on_subscribe(
        self, client: "Client", _: Any, mid: int, codes: "list[ReasonCode]", properties: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            self._problem = MqttProblem.FORBIDDEN
            client.disconnect()
            return
        self._problem = MqttProblem.LOST
        self._bus.post(partial(self._on_open, client))

    def _on_disconnect(
        self, client: "Client", _: Any, flags: Any, code: "ReasonCode", properties: Any
    ) -> None:
        self._report_end(self._problem, str(code))

    def _on_received(self, client: "Client", _: Any, message: "MQTTMessage") -> None:
        self._waiting.acquire()  # so a flood fills no memory
        found = MqttMessage(
            topic=message.topic,
            payload=message.payload[: MOST_PAYLOAD + 1],
            is_retained=message.retain,
        )
        self._bus.post(partial(self._on_message, found))


def _problem_of(error: OSError, *, is_tls: bool) -> _NoBrokerError:
    """Return why there is no connection."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return _NoBrokerError(MqttProblem.UNTRUSTED, error.verify_message)
    if isinstance(error, socket.gaierror):
        return _NoBrokerError(MqttProblem.NAME, str(error))
    if isinstance(error, ssl.SSLError) or (is_tls and isinstance(error, ConnectionResetError)):
        return _NoBrokerError(MqttProblem.NO_TLS, str(error))
    return _NoBrokerError(MqttProblem.UNREACHABLE, str(error))


def _context(ca_file: Path) -> "SSLContext":
    """Return how the certificate of the broker is checked. Blocks on the disk."""
    import ssl

    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file.exists() else None)
    except OSError as error:
        text = f"{ca_file.name} cannot be used ({type(error).__name__})"
        raise _NoBrokerError(MqttProblem.UNTRUSTED, text) from error


def _password(path: Path) -> str:
    try:
        return read_secret(path)
    except SecretError as error:
        raise _NoBrokerError(MqttProblem.PASSWORD, str(error)) from error


def open(bus: Bus, parameters: Parameters) -> MqttLink:
    """Return the driver."""
    return PahoMqttLink(bus)

"""The MQTT interface: readings out, orders in. The decisions are in the pure files."""

import json
from collections.abc import Callable

from msgspec import Struct

from bus import Bus, Timer
from nodes.smart_home import mqtt_discovery, mqtt_orders, mqtt_readings, senders, words
from nodes.smart_home.mqtt_discovery import MqttIdentity
from nodes.smart_home.mqtt_link import (
    MqttBroker,
    MqttClosed,
    MqttConnected,
    MqttEvent,
    MqttLink,
    MqttMessage,
)
from nodes.smart_home.mqtt_orders import WrongOrder
from nodes.smart_home.mqtt_readings import AVAILABILITY, OFFLINE, ONLINE, RESULT, Published
from nodes.smart_home.orders import Outcome, StartOrder, StopOrder
from nodes.smart_home.senders import NO_SENDERS
from nodes.smart_home.snapshot import BoxSnapshot
from nodes.smart_home.state import OrderCall

LOOK_S = 0.5  # a changed value is sent within this
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0  # assumed: after a lost connection, doubled each time
STEADY_S = 30.0  # assumed: a connection that has held this long counts as one that works
SHOWN_AGAIN_S = 5.0  # assumed: Home Assistant starts less often
SENDER = "MQTT"  # the broker sends for all: one budget of orders, and of wrong cards


class MqttSettings(Struct, frozen=True, kw_only=True):
    """How the interface is used; equal ones change nothing."""

    url: str = ""  # "": it is off
    user: str = ""
    has_discovery: bool = True  # Home Assistant finds the box
    may_start: bool = False  # with a card
    revision: int = 0  # of the password; another one connects again


MQTT_OFF = MqttSettings()


def place_of(url: str) -> tuple[str, int, bool]:
    """Return host, port and whether TLS is used, of an address of the settings."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    is_tls = scheme == "mqtts"
    return host, int(port) if port else (8883 if is_tls else 1883), is_tls


class _MqttOrder(Struct, frozen=True, kw_only=True):
    """An order that is not answered yet."""

    name: str
    words: str
    is_with_card: bool


class MqttDesk:
    """One connection to a broker, while the settings name one."""

    def __init__(
        self,
        bus: Bus,
        link: MqttLink,
        identity: MqttIdentity,
        see: Callable[[], BoxSnapshot],
        order: Callable[[OrderCall], None],
        number: Callable[[], int],
    ) -> None:
        """`order` carries out an order; `answer` is called with its outcome later.

        :param number: gives the next number of an order.
        """
        self._bus, self._link, self._identity = bus, link, identity
        self._see, self._order, self._number = see, order, number
        self._settings = MQTT_OFF
        self._is_connected = False
        self._published: dict[str, Published] = {}
        self._open: dict[int, _MqttOrder] = {}
        self._senders = NO_SENDERS
        self._retry_s = FIRST_RETRY_S
        self._since_s = 0.0  # of the connection
        self._shown_s = 0.0  # to Home Assistant
        self._timer: Timer | None = None
        self._dropped = 0  # orders beyond the budget since the last one within it
        self.problem = ""  # why there is no connection

    def use(self, settings: MqttSettings) -> None:
        """Connect or disconnect, as the settings say."""
        if settings == self._settings:
            return
        before, self._settings = self._settings, settings
        was_discovered = before.url and before.has_discovery
        if before.url:
            is_known = was_discovered and (not settings.url or not settings.has_discovery)
            self._disconnect(forgets=bool(is_known))
        self._retry_s, self.problem = FIRST_RETRY_S, ""
        if settings.url:
            self.problem = words.CONNECTING
            self._connect()

    def stop(self, done: Callable[[], None]) -> None:
        """Say that the box is not there, and disconnect; then `done` runs."""
        if self._settings.url:
            self._disconnect(forgets=False, done=done)
        else:
            done()

    def answer(self, number: int, outcome: Outcome) -> None:
        """Publish what came of an order, and what it has changed."""
        opened = self._open.pop(number, None)
        if opened is None:
            return
        if outcome.is_wrong_card and opened.is_with_card:
            now_s = self._bus.clock.now_s()
            self._senders = senders.note_wrong_card(self._senders, SENDER, now_s)
        self._result(opened.name, opened.words, outcome.refusal)
        self._publish_due()

    # --- the connection ------------------------------------------------------------------------

    def _connect(self) -> None:
        identity, settings = self._identity, self._settings
        host, port, is_tls = place_of(settings.url)
        topics = [f"{identity.base}/{mqtt_orders.SET}/+"]
        if settings.has_discovery:
            topics.append(mqtt_discovery.BIRTH_TOPIC)
        broker = MqttBroker(
            host=host,
            port=port,
            is_tls=is_tls,
            user=settings.user,
            client_id=identity.id,
            will=self._availability(OFFLINE),
            topics=tuple(topics),
        )
        self._link.open(broker, self._on_event)

    def _disconnect(self, *, forgets: bool, done: Callable[[], None] | None = None) -> None:
        """Close; `forgets`: Home Assistant removes the box."""
        last = [self._availability(OFFLINE)] if self._is_connected else []
        if forgets and self._is_connected:
            last.append(self._retained(self._identity.discovery_topic, b""))
        self._stop_timer()
        self._is_connected = False
        self._link.close(tuple(last), done)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_event(self, event: MqttEvent) -> None:
        match event:
            case MqttConnected():
                self._on_connected()
            case MqttClosed():
                self._on_closed(event)
            case _:
                self._on_message(event.message)

    def _on_connected(self) -> None:
        bus, self._is_connected, self.problem = self._bus, True, ""
        self._since_s, self._published = bus.clock.now_s(), {}
        bus.log("info", f"MQTT: connected to {self._settings.url} as {self._identity.base}")
        if self._settings.has_discovery:
            self._discover()
        self._publish_due()
        self._link.publish(self._availability(ONLINE))
        self._stop_timer()
        self._timer = bus.every(LOOK_S, self._publish_due)

    def _on_closed(self, closed: MqttClosed) -> None:
        bus, now_s = self._bus, self._bus.clock.now_s()
        if self._is_connected and now_s >= self._since_s + STEADY_S:
            self._retry_s = FIRST_RETRY_S
        self._is_connected = False
        self._stop_timer()
        problem = words.mqtt_problem(closed, self._settings.url)
        if problem != self.problem:
            bus.log("warning", f"MQTT: {problem}{f' ({closed.text})' if closed.text else ''}")
        self.problem = problem
        # Drawn, so that the boxes of a house do not come back at the same instant.
        wait_s = self._retry_s * (0.5 + bus.random("retry").random())
        self._retry_s = min(self._retry_s * 2.0, LAST_RETRY_S)
        self._timer = bus.at(now_s + wait_s, self._retry)

    def _retry(self) -> None:
        self._timer = None
        if self._settings.url:
            self._connect()

    # --- out -----------------------------------------------------------------------------------

    def _publish_due(self) -> None:
        """Send the values that have changed."""
        if not self._is_connected:
            return
        now_s, base = self._bus.clock.now_s(), self._identity.base
        for name, text in mqtt_readings.due(self._see(), self._published, now_s):
            self._published[name] = Published(text=text, at_s=now_s)
            self._link.publish(self._retained(f"{base}/{name}", text.encode()))

    def _discover(self) -> None:
        self._shown_s = self._bus.clock.now_s()
        content = mqtt_discovery.config(self._identity)
        self._link.publish(self._retained(self._identity.discovery_topic, content))

    def _result(self, name: str, said: str, refusal: str) -> None:
        found = {"order": name, "words": said, "accepted": not refusal, "refusal": refusal}
        topic = f"{self._identity.base}/{RESULT}"
        self._link.publish(MqttMessage(topic=topic, payload=json.dumps(found).encode()))

    def _availability(self, text: str) -> MqttMessage:
        return self._retained(f"{self._identity.base}/{AVAILABILITY}", text.encode())

    def _retained(self, topic: str, payload: bytes) -> MqttMessage:
        return MqttMessage(topic=topic, payload=payload, is_retained=True)

    # --- in ------------------------------------------------------------------------------------

    def _on_message(self, message: MqttMessage) -> None:
        if message.topic == mqtt_discovery.BIRTH_TOPIC:
            if message.payload == mqtt_discovery.BIRTH and not message.is_retained:
                self._on_birth()
            return
        name = mqtt_orders.name_of(self._identity.base, message.topic)
        if name:
            self._take(name, message)

    def _on_birth(self) -> None:
        """Show the box, and all its values, to a Home Assistant that has started."""
        now_s = self._bus.clock.now_s()
        if now_s >= self._shown_s + SHOWN_AGAIN_S:
            self._discover()
            self._published = {}

    def _take(self, name: str, message: MqttMessage) -> None:
        now_s = self._bus.clock.now_s()
        self._senders, is_admitted = senders.admit(self._senders, SENDER, now_s, 1.0)
        if not is_admitted:
            self._drop()
            return
        self._dropped = 0
        order = mqtt_orders.parse(name, message)
        if isinstance(order, WrongOrder):
            payload = mqtt_orders.payload_words(name, message)
            refusal = words.expected(order.expected)
            self._result(name if name in mqtt_orders.NAMES else "", payload, refusal)
            self._bus.log("warning", words.refused(SENDER, f"{name[:40]!a} {payload}", refusal))
            return
        is_with_card = isinstance(order, StartOrder | StopOrder) and order.tag is not None
        said = words.order(order)
        if is_with_card and senders.is_blocked(self._senders, SENDER, now_s):
            self._result(name, said, words.BLOCKED)
            return
        number = self._number()
        self._open[number] = _MqttOrder(name=name, words=said, is_with_card=is_with_card)
        self._order(
            OrderCall(
                number=number,
                order=order,
                sender=SENDER,
                words=said,
                may_start=self._settings.may_start,
            )
        )

    def _drop(self) -> None:
        """Count an order beyond the budget; the first of a row is logged and answered."""
        self._dropped += 1
        if self._dropped == 1:
            self._bus.log("warning", f"MQTT: {words.TOO_FAST}")
            self._result("", "", words.TOO_FAST)

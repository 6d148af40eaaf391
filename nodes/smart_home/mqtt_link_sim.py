"""A broker without sockets: in the same process, under the clock of the bus."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from bus import Bus
from nodes.smart_home.mqtt_link import (
    MqttBroker,
    MqttClosed,
    MqttEvent,
    MqttLink,
    MqttMessage,
    MqttProblem,
)

WAY_S = 0.002  # of a message from one end to the other


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class SimBroker(Protocol):
    """The broker that the driver reaches."""

    def join(self, broker: MqttBroker, report: Callable[[MqttEvent], None]) -> MqttEvent:
        """Take a box, which gets its events by `report`; return the first of them."""

    def leave(self) -> None:
        """Note that the box has gone in order: the will is dropped."""

    def receive(self, message: MqttMessage) -> None:
        """Take a message of the box."""


BROKERS: list[SimBroker] = []
"""The broker of this process: one at most."""


class SimMqttLink(MqttLink):
    """See `mqtt_link.MqttLink`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._broker: SimBroker | None = None
        self._count = 0  # of connections

    def open(self, broker: MqttBroker, on_event: Callable[[MqttEvent], None]) -> None:
        """See `mqtt_link.MqttLink.open`."""
        self.close()
        number = self._count = self._count + 1

        def report(event: MqttEvent) -> None:
            self._later(lambda: self._deliver(number, event, on_event))

        if not BROKERS:
            report(MqttClosed(problem=MqttProblem.UNREACHABLE, text="there is no broker"))
            return
        first = BROKERS[0].join(broker, report)
        if not isinstance(first, MqttClosed):
            self._broker = BROKERS[0]
        report(first)

    def _deliver(
        self, number: int, event: MqttEvent, on_event: Callable[[MqttEvent], None]
    ) -> None:
        if number != self._count:
            return
        if isinstance(event, MqttClosed):
            self._broker = None
        on_event(event)

    def publish(self, message: MqttMessage) -> None:
        """See `mqtt_link.MqttLink.publish`."""
        broker = self._broker
        if broker is not None:
            self._later(lambda: broker.receive(message))

    def close(
        self, last: tuple[MqttMessage, ...] = (), done: Callable[[], None] | None = None
    ) -> None:
        """See `mqtt_link.MqttLink.close`."""
        self._count += 1
        broker, self._broker = self._broker, None
        if broker is not None:
            for message in last:
                broker.receive(message)
            broker.leave()
        if done is not None:
            done()

    def _later(self, action: Callable[[], None]) -> None:
        self._bus.at(self._bus.clock.now_s() + WAY_S, action)


def open(bus: Bus, parameters: Parameters) -> MqttLink:
    """Return a link to the broker of this process."""
    return SimMqttLink(bus)

"""A simulated box and an MQTT broker in its network, under virtual time."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodes.smart_home.mqtt_link import (
    MqttBroker,
    MqttClosed,
    MqttConnected,
    MqttEvent,
    MqttMessage,
    MqttProblem,
    MqttReceived,
)
from nodes.smart_home.mqtt_link_sim import BROKERS
from tests.smart_home.home import Home, at_home

URL = "mqtt://broker.local"


class Broker:
    """The broker, and all that was sent to it."""

    def __init__(self) -> None:
        self.problem: MqttProblem | None = None  # why it takes no box
        self.retained: dict[str, bytes] = {}
        self.sent: list[MqttMessage] = []
        self.joined: list[MqttBroker] = []
        self._report: Callable[[MqttEvent], None] | None = None

    @property
    def has_box(self) -> bool:
        return self._report is not None

    def join(self, broker: MqttBroker, report: Callable[[MqttEvent], None]) -> MqttEvent:
        if self.problem is not None:
            return MqttClosed(problem=self.problem)
        self._report = report
        self.joined.append(broker)
        return MqttConnected()

    def leave(self) -> None:
        self._report = None

    def receive(self, message: MqttMessage) -> None:
        self.sent.append(message)
        if message.is_retained:
            self.retained[message.topic] = message.payload

    def lose(self) -> None:
        """End the connection; the will is published."""
        report, self._report = self._report, None
        if report is not None:
            self.receive(self.joined[-1].will)
            report(MqttClosed(problem=MqttProblem.LOST))

    def send(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        if self._report is not None:
            message = MqttMessage(topic=topic, payload=payload, is_retained=is_retained)
            self._report(MqttReceived(message=message))


class MqttHome:
    """The box, and a controller at the broker."""

    def __init__(self, home: Home, broker: Broker) -> None:
        self.home, self.broker = home, broker

    @property
    def base(self) -> str:
        return self.broker.joined[-1].topics[0].removesuffix("/set/+")

    def read(self, name: str) -> str:
        """Return what was published on a topic."""
        return self.broker.retained[f"{self.base}/{name}"].decode()

    def say(
        self, name: str, payload: str | bytes, *, is_retained: bool = False, wait_s: float = 0.2
    ) -> list[dict[str, Any]]:
        """Send an order; return the results that were published since."""
        before = len(self.broker.sent)
        content = payload if isinstance(payload, bytes) else payload.encode()
        self.broker.send(f"{self.base}/set/{name}", content, is_retained=is_retained)
        self.home.advance(wait_s)
        return [
            json.loads(each.payload)
            for each in self.broker.sent[before:]
            if each.topic == f"{self.base}/result"
        ]

    def order(self, name: str, payload: str = "", wait_s: float = 0.2) -> None:
        """Send an order that is accepted."""
        (result,) = self.say(name, payload, wait_s=wait_s)
        assert (result["order"], result["accepted"], result["refusal"]) == (name, True, ""), result

    def refuse(self, name: str, payload: str | bytes = "", *, is_retained: bool = False) -> str:
        """Send an order that is refused; return why."""
        (result,) = self.say(name, payload, is_retained=is_retained)
        assert result["accepted"] is False, result
        refusal: str = result["refusal"]
        assert refusal
        return refusal


@contextmanager
def at_broker(
    state_dir: Path, *settings: str, card: bool = False, url: str = URL
) -> Iterator[MqttHome]:
    """Give a box that is connected; its network is gone afterwards.

    :param url: "": it is not connected yet.
    """
    broker = Broker()
    BROKERS[:] = [broker]
    try:
        given = (f"smart_home.mqtt_url={url}",) if url else ()
        with at_home(state_dir, *given, *settings, card=card) as home:
            if url:
                home.soon(lambda: broker.has_box)
                home.advance(1.0)
            yield MqttHome(home, broker)
    finally:
        BROKERS.clear()

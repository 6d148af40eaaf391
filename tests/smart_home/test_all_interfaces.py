"""All interfaces at once: no order of messages closes without a card or raises another limit.

One step is a message over UDP, Modbus or MQTT, with edge values, wrong ones and bytes of chance, an
act at the vehicle, or a node or the broker that goes and comes back.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from nodes.smart_home.modbus_registers import WRITABLE
from nodes.smart_home.modbus_server import ModbusRequest
from nodes.smart_home.mqtt_orders import NAMES
from tests.smart_home.home import CONTROLLER, OK, Home
from tests.smart_home.modbus_home import MODBUS, ModbusClients, at_clients
from tests.smart_home.mqtt_home import MqttHome, at_broker

LIMIT_A = 16.0  # of the DIP switches

UDP_WORDS = (
    "report 2", "curr 63000", "curr 6000", "curr 0", "currtime 63000 0", "currtime 63000 3",
    "currtime 0 1", "currtime 0 0", "ena 0", "ena 1", "setenergy 0", "setenergy 10",
    "failsafe 10 63000 0", "failsafe 10 63000 1", "failsafe 0 0 0", "start", "start 04AABBCC",
    "stop", "stop 04AABBCC", "unlock", "ena 9",
)  # fmt: skip
PAYLOADS = (
    "", "0", "1", "6", "16", "32", "63", "63.001", "5.999", "-1", "NaN", "1e400", "true", "false",
    "PRESS", "04AABBCC", '{"timeout_s": 10, "current_a": 63}', '{"timeout_s": 0, "current_a": 0}',
    '{"timeout_s": 10, "current_a": 63, "lasting": true}', "{", "\x00", "é",
)  # fmt: skip
VALUES = (0, 1, 10, 600, 5_999, 6_000, 63_000, 63_001, 65_535)


class Walk:
    """Messages by chance."""

    def __init__(self, mqtt: MqttHome, clients: ModbusClients, seed: int) -> None:
        self.mqtt, self.clients, self.chance = mqtt, clients, Random(seed)
        self._ways: list[Callable[[], None]] = [self._udp, self._modbus, self._mqtt]

    def step(self) -> None:
        chance, home = self.chance, self.mqtt.home
        for _ in range(chance.choice([1, 1, 1, 3])):
            chance.choice(self._ways)()
        if chance.random() < 0.03:
            self.mqtt.broker.lose()
        if chance.random() < 0.03:
            home.restart("smart_home")
        home.advance(chance.choice([0.05, 0.2, 1.0, 5.0]))

    def _udp(self) -> None:
        self.mqtt.home.say(self.chance.choice(UDP_WORDS), wait_s=0.0)

    def _modbus(self) -> None:
        chance = self.chance
        self.clients.send(
            ModbusRequest(
                client=CONTROLLER,
                unit=255,
                function=chance.choice([3, 6, 6, 6]),
                address=chance.choice(sorted(WRITABLE)),
                value=chance.choice([*VALUES, chance.randrange(65_536)]),
            )
        )

    def _mqtt(self) -> None:
        chance, broker = self.chance, self.mqtt.broker
        payload = chance.choice(PAYLOADS).encode()
        if chance.random() < 0.1:
            payload = chance.randbytes(chance.randrange(40))
        broker.send(
            f"{self.mqtt.base}/set/{chance.choice(NAMES)}",
            payload,
            is_retained=chance.random() < 0.1,
        )


@pytest.mark.req("APP-2", "MET-7")
@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(each, marks=pytest.mark.proof) for each in range(2, 60))]
)
def test_no_message_closes_without_a_card_or_raises_another_limit(
    tmp_path: Path, seed: int
) -> None:
    settings = (MODBUS, "smart_home.udp_start=on", "plant.dip_a=16")
    with at_clients() as clients, at_broker(tmp_path, *settings, card=True) as mqtt:
        home, walk = mqtt.home, Walk(mqtt, clients, seed)
        home.act("plug")
        home.act("ready")
        for _ in range(120):
            walk.step()
            assert home.contactor == "open"
            assert not home.said("session/status")["authorized"]
        home.act("tap", {"uid": home.uid})
        for _ in range(120):
            walk.step()
            assert home.offered_a <= LIMIT_A
        # Nothing is stuck: a controller that lifts all gets the current of the DIP switches.
        home.soon(lambda: mqtt.broker.has_box, 90.0)
        for text in ("failsafe 0 0 0", "setenergy 0", "curr 63000", "ena 1", "currtime 63000 0"):
            home.soon(partial(is_confirmed, home, text), 20.0)


def is_confirmed(home: Home, text: str) -> bool:
    return OK in home.say(text, wait_s=1.0)

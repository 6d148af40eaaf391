"""The MQTT interface at a real broker, Mosquitto: log-in, TLS, a broker that comes back."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bus import Bus
from nodes.smart_home import mqtt_desk, mqtt_link
from nodes.smart_home.mqtt_desk import MqttDesk, MqttSettings
from nodes.smart_home.mqtt_discovery import MqttIdentity
from nodes.smart_home.mqtt_link_paho import PahoMqttLink
from nodes.smart_home.orders import Enable, Outcome, SetCurrent
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState, PlugCode
from nodes.smart_home.state import OrderCall
from tests.certificates import self_signed
from tests.closing import at_end
from tests.modbus_map.peers import InLoop
from tests.mosquitto import PASSWORD, USER, Controller, Mosquitto

SEEN = BoxSnapshot(state=ChargeState.CHARGING, plug=PlugCode.VEHICLE, power_mw=11_000_123)
IDENTITY = MqttIdentity(id="wallbox_1a2b3c", firmware="1.0")
BASE = IDENTITY.base

LEFT_OPEN = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
"""paho closes the socket of a failed TLS handshake by forgetting it."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.kill()


class Rig:
    """The interface; orders are carried out by the test."""

    def __init__(self, bus: Bus, port: int, **settings: Any) -> None:
        self.calls: list[OrderCall] = []
        self.seen = SEEN
        self.bus = bus
        self.desk = MqttDesk(
            bus,
            PahoMqttLink(bus),
            IDENTITY,
            lambda: self.seen,
            self._on_order,
            lambda: len(self.calls) + 1,
        )
        at_end(lambda: self.desk.stop(lambda: None))
        self.settings = MqttSettings(
            **{"url": f"mqtt://127.0.0.1:{port}", "user": USER, **settings}
        )
        self.desk.use(self.settings)

    def _on_order(self, call: OrderCall) -> None:
        self.calls.append(call)
        self.desk.answer(call.number, Outcome())

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await asyncio.sleep(0.02)

    async def connected(self) -> None:
        await self.until(lambda: self.desk.problem == "")


def keep_password(bus: Bus, password: str = PASSWORD, mode: int = 0o600) -> None:
    path = bus.state_dir / mqtt_link.PASSWORD_FILE
    path.write_text(password)
    path.chmod(mode)


def controller(broker: Mosquitto) -> Controller:
    found = Controller(broker.port, BASE)
    at_end(found.close)
    return found


@pytest.mark.req("APP-2", "MET-7")
def test_readings_discovery_orders_and_the_end(
    loop_bus: Bus, in_loop: InLoop, broker: Mosquitto
) -> None:
    async def scenario() -> None:
        keep_password(loop_bus)
        rig = Rig(loop_bus, broker.port)
        await rig.connected()
        client = controller(broker)
        found = client.found
        await rig.until(lambda: {f"{BASE}/power_w", IDENTITY.discovery_topic} <= set(found))
        await rig.until(lambda: found.get(f"{BASE}/availability") == b"online")
        assert found[f"{BASE}/power_w"] == b"11000"
        assert "components" in json.loads(found[IDENTITY.discovery_topic])
        client.order("current_a", "10.5")
        client.order("enabled", "maybe")
        await rig.until(lambda: len(client.results) == 2)
        assert [each["accepted"] for each in client.results] == [True, False]
        assert client.results[1]["refusal"] == "expected true or false"
        assert [call.order for call in rig.calls] == [SetCurrent(current_ma=10_500)]
        stopped = asyncio.Event()
        rig.desk.stop(stopped.set)
        await asyncio.wait_for(stopped.wait(), 5.0)
        await rig.until(lambda: found[f"{BASE}/availability"] == b"offline")

    in_loop(scenario())


@pytest.mark.req("MET-7")
def test_a_broker_that_was_away_gets_all_again_and_no_order_of_the_time_between(
    loop_bus: Bus, in_loop: InLoop, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_desk, "FIRST_RETRY_S", 0.1)

    async def scenario() -> None:
        keep_password(loop_bus)
        rig = Rig(loop_bus, broker.port)
        await rig.connected()
        await asyncio.to_thread(broker.kill)
        await rig.until(lambda: "lost" in rig.desk.problem or "answer" in rig.desk.problem)
        await asyncio.to_thread(broker.start)
        client = controller(broker)
        # Before the box is back: one that the broker keeps, and one that it does not.
        client.order("current_a", "16", retain=True)
        client.order("enabled", "false")
        await rig.connected()
        await rig.until(lambda: len(client.results) == 1)
        assert "retain" in client.results[0]["refusal"]
        await rig.until(lambda: client.found.get(f"{BASE}/power_w") == b"11000")
        assert IDENTITY.discovery_topic in client.found
        client.order("enabled", "true")
        await rig.until(lambda: bool(rig.calls))
        assert [call.order for call in rig.calls] == [Enable(is_on=True)]

    in_loop(scenario())


@LEFT_OPEN
@pytest.mark.parametrize(
    ("password", "mode", "url", "problem"),
    [
        (PASSWORD, 0o644, "", "the stored password of the broker cannot be used: set it again"),
        ("wrong", 0o600, "", "the broker 127.0.0.1 refuses the user name or the password"),
        (PASSWORD, 0o600, "mqtts://127.0.0.1:{port}", "the broker {url} does not speak TLS there"),
        (PASSWORD, 0o600, "mqtt://127.0.0.1:1", "the broker {url} does not answer"),
        (
            PASSWORD,
            0o600,
            "mqtt://nowhere.invalid",
            "the name of the broker nowhere.invalid is not known",
        ),
    ],
)
def test_what_is_wrong_is_said(
    loop_bus: Bus,
    in_loop: InLoop,
    broker: Mosquitto,
    password: str,
    mode: int,
    url: str,
    problem: str,
) -> None:
    async def scenario() -> None:
        keep_password(loop_bus, password, mode)
        place = (url or "mqtt://127.0.0.1:{port}").format(port=broker.port)
        rig = Rig(loop_bus, broker.port, url=place)
        await rig.until(lambda: not rig.desk.problem.startswith("connecting"))
        assert rig.desk.problem == problem.format(url=place)

    in_loop(scenario())


def test_a_user_that_may_not_receive_orders_is_said(loop_bus: Bus, in_loop: InLoop) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept the connection and refuse the subscription (MQTT 3.1.1, 3.2 and 3.9)."""
        await reader.read(1024)
        writer.write(bytes.fromhex("20020000"))
        subscribe = await reader.read(1024)
        writer.write(b"\x90\x04" + subscribe[2:4] + b"\x80\x01")
        await reader.read(1024)
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        at_end(server.close)
        rig = Rig(loop_bus, server.sockets[0].getsockname()[1], user="")
        await rig.until(lambda: not rig.desk.problem.startswith("connecting"))
        assert rig.desk.problem == "the broker 127.0.0.1 does not let this user receive its orders"

    in_loop(scenario())


@LEFT_OPEN
def test_a_certificate_counts_once_its_authority_is_known(
    loop_bus: Bus, in_loop: InLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_desk, "FIRST_RETRY_S", 0.05)
    made, key = self_signed(tmp_path)
    broker = Mosquitto(tmp_path, tls=(made, key))
    broker.start()

    async def scenario() -> None:
        keep_password(loop_bus)
        rig = Rig(loop_bus, broker.port, url=f"mqtts://localhost:{broker.port}")
        await rig.until(lambda: "is not trusted" in rig.desk.problem)
        (loop_bus.state_dir / mqtt_link.CA_FILE).write_bytes(made.read_bytes())
        await rig.connected()
        rig.desk.use(MqttSettings())
        # Another name than the certificate's.
        rig.desk.use(MqttSettings(url=f"mqtts://127.0.0.1:{broker.port}", user=USER))
        await rig.until(lambda: "is not trusted" in rig.desk.problem)

    try:
        in_loop(scenario())
    finally:
        broker.kill()


def test_what_answers_and_is_no_broker_is_said(loop_bus: Bus, in_loop: InLoop) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        at_end(server.close)
        port = server.sockets[0].getsockname()[1]
        rig = Rig(loop_bus, port, user="")
        await rig.until(lambda: not rig.desk.problem.startswith("connecting"))
        assert rig.desk.problem == f"mqtt://127.0.0.1:{port} does not answer as an MQTT broker"

    in_loop(scenario())


def test_a_removed_address_takes_the_box_out_of_home_assistant(
    loop_bus: Bus, in_loop: InLoop, broker: Mosquitto
) -> None:
    async def scenario() -> None:
        keep_password(loop_bus)
        rig = Rig(loop_bus, broker.port)
        await rig.connected()
        client = controller(broker)
        topic = IDENTITY.discovery_topic
        await rig.until(lambda: bool(client.found.get(topic)))
        rig.desk.use(MqttSettings())
        await rig.until(lambda: client.found[topic] == b"")
        await rig.until(lambda: client.found[f"{BASE}/availability"] == b"offline")

    in_loop(scenario())

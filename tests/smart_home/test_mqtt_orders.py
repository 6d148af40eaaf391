"""Every order over MQTT with edges, wrong values and nonsense, by table; and what is published."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from nodes.smart_home.mqtt_desk import place_of
from nodes.smart_home.mqtt_discovery import MqttIdentity, config
from nodes.smart_home.mqtt_link import MOST_PAYLOAD, MqttMessage
from nodes.smart_home.mqtt_orders import NAMES, SET, WrongOrder, name_of, parse
from nodes.smart_home.mqtt_readings import (
    ENERGY_S,
    MEASURED_S,
    READINGS,
    STATES,
    Published,
    due,
)
from nodes.smart_home.orders import (
    Enable,
    LimitEnergy,
    Order,
    SetCurrent,
    SetFailsafe,
    StartOrder,
    StopOrder,
)
from nodes.smart_home.snapshot import BoxSnapshot, ChargeState, PlugCode
from tests.smart_home.home import CONTROLLER
from tests.smart_home.mqtt_home import URL, at_broker

IDENTITY = MqttIdentity(id="wallbox_1a2b3c", firmware="1.0")
DOCUMENT = Path(__file__).parents[2] / "docs" / "smart_home.md"
FAR = "999999999999999999999"


def parsed(name: str, payload: str | bytes, *, is_retained: bool = False) -> Order | WrongOrder:
    content = payload if isinstance(payload, bytes) else payload.encode()
    topic = f"{IDENTITY.base}/{SET}/{name}"
    assert name_of(IDENTITY.base, topic) == name
    return parse(name, MqttMessage(topic=topic, payload=content, is_retained=is_retained))


def failsafe(**fields: Any) -> str:
    return json.dumps({"timeout_s": 30, "current_a": 6, **fields})


@pytest.mark.req("APP-2")
@pytest.mark.parametrize(
    ("name", "payload", "order"),
    [
        ("current_a", "0", SetCurrent(current_ma=0)),
        ("current_a", "6", SetCurrent(current_ma=6000)),
        ("current_a", " 10.123\n", SetCurrent(current_ma=10_123)),
        ("current_a", "63", SetCurrent(current_ma=63_000)),
        ("enabled", "true", Enable(is_on=True)),
        ("enabled", "ON", Enable(is_on=True)),
        ("enabled", "1", Enable(is_on=True)),
        ("enabled", "False", Enable(is_on=False)),
        ("enabled", "off", Enable(is_on=False)),
        ("enabled", "0", Enable(is_on=False)),
        ("energy_limit_wh", "0", LimitEnergy(energy_dwh=0)),
        ("energy_limit_wh", "0.1", LimitEnergy(energy_dwh=1)),
        ("energy_limit_wh", "99999999.9", LimitEnergy(energy_dwh=999_999_999)),
        ("failsafe", failsafe(), SetFailsafe(timeout_s=30, current_ma=6000)),
        ("failsafe", failsafe(timeout_s=0), SetFailsafe(timeout_s=0, current_ma=6000)),
        ("failsafe", failsafe(timeout_s=10), SetFailsafe(timeout_s=10, current_ma=6000)),
        ("failsafe", failsafe(timeout_s=600), SetFailsafe(timeout_s=600, current_ma=6000)),
        (
            "failsafe",
            failsafe(current_a=0, lasting=True),
            SetFailsafe(timeout_s=30, current_ma=0, is_lasting=True),
        ),
        ("start", "", StartOrder()),
        ("start", "PRESS", StartOrder()),
        ("start", "2e6b2d20", StartOrder(tag="2E6B2D2000000000")),
        ("stop", "", StopOrder()),
        ("stop", "2E6B2D2000000000", StopOrder(tag="2E6B2D2000000000")),
    ],
)
def test_an_order(name: str, payload: str, order: Order) -> None:
    assert parsed(name, payload) == order
    refused = parsed(name, payload, is_retained=True)  # it may be old
    assert isinstance(refused, WrongOrder)
    assert "retain" in refused.expected


NO_NUMBERS = (
    "",
    " ",
    "-1",
    "+6",
    "6,5",
    "6 A",
    "1e1",
    "0x10",
    "NaN",
    "inf",
    "1e400",
    FAR,
    "٦",
    "½",
)
WRONG = {
    "current_a": (*NO_NUMBERS, "0.5", "1", "5.999", "63.001", "true", "[6]"),
    "enabled": ("", "yes", "2", "-1", "null", "tru", "true false"),
    "energy_limit_wh": (*NO_NUMBERS, "100000000", "true"),
    "failsafe": (
        "", "30 6 0", "[]", "null", "{}", "{", '{"timeout_s": 30}', failsafe(extra=1),
        failsafe(timeout_s=9), failsafe(timeout_s=601), failsafe(timeout_s=-1),
        failsafe(timeout_s="30"), failsafe(timeout_s=30.5), failsafe(timeout_s=True),
        failsafe(current_a=5), failsafe(current_a=64), failsafe(current_a=-6),
        failsafe(current_a=None), failsafe(current_a=float("nan")), failsafe(lasting=1),
        '{"timeout_s": 30, "current_a": 1e400}', "[" * 500,
    ),
    "start": ("card", "xyz", "2E6B2D20000000001", "-1"),
    "stop": ("card", "xyz", "2E6B2D20000000001", "-1"),
    "other": ("", "6"),
    "": ("6",),
}  # fmt: skip


@pytest.mark.req("APP-2")
@pytest.mark.parametrize(("name", "payload"), [(n, p) for n, all in WRONG.items() for p in all])
def test_a_wrong_order_says_what_was_expected(name: str, payload: str) -> None:
    refused = parse(name, MqttMessage(topic="", payload=payload.encode()))
    assert isinstance(refused, WrongOrder)
    assert refused.expected


@pytest.mark.parametrize("name", NAMES)
def test_nonsense_is_refused_and_breaks_nothing(name: str) -> None:
    chance = Random(name)
    alphabet = b'0169.-+eE"{}[]:, \x00\xff\x80atruefls'
    for _ in range(500):
        payload = bytes(chance.choice(alphabet) for _ in range(chance.randrange(60)))
        found = parsed(name, payload)
        if isinstance(found, SetCurrent):
            assert found.current_ma == 0 or 6000 <= found.current_ma <= 63_000
    for payload in (b"\xff\xfe", "6 Å".encode(), b"0" * (MOST_PAYLOAD + 1)):
        assert isinstance(parsed(name, payload), WrongOrder)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mqtt://broker.local", ("broker.local", 1883, False)),
        ("mqtts://192.168.2.5", ("192.168.2.5", 8883, True)),
        ("mqtt://b:1884", ("b", 1884, False)),
    ],
)
def test_an_address_has_host_port_and_tls(url: str, place: tuple[str, int, bool]) -> None:
    assert place_of(url) == place


# --- what is published ----------------------------------------------------------------------------


def test_a_value_is_sent_when_it_changes_and_a_measured_one_not_too_often() -> None:
    seen = BoxSnapshot(state=ChargeState.CHARGING, plug=PlugCode.VEHICLE, power_mw=1_000_000)
    first = dict(due(seen, {}, 100.0))
    assert set(first) == {each.name for each in READINGS}
    assert (first["status"], first["power_w"], first["temperature_c"]) == ("C", "1000", "None")
    published = {name: Published(text=text, at_s=100.0) for name, text in first.items()}
    assert due(seen, published, 1000.0) == ()
    moved = BoxSnapshot(
        state=ChargeState.SUSPENDED, plug=PlugCode.VEHICLE, power_mw=0, lifetime_dwh=99
    )
    assert set(dict(due(moved, published, 100.1))) == {"state", "status", "charging"}
    assert "power_w" in dict(due(moved, published, 100.0 + MEASURED_S))
    assert "energy_kwh" in dict(due(moved, published, 100.0 + ENERGY_S))


def test_every_state_has_its_letter() -> None:
    letters = {
        (state, plug): dict(due(BoxSnapshot(state=state, plug=plug), {}, 0.0))["status"]
        for state in ChargeState
        for plug in PlugCode
    }
    assert {letters[state, PlugCode.VEHICLE] for state in (ChargeState.CHARGING,)} == {"C"}
    assert letters[ChargeState.NOT_READY, PlugCode.NO_VEHICLE] == "A"
    assert letters[ChargeState.NOT_READY, PlugCode.VEHICLE] == "B"
    assert letters[ChargeState.SUSPENDED, PlugCode.VEHICLE] == "B"
    assert letters[ChargeState.ERROR, PlugCode.VEHICLE] == "F"
    assert set(STATES) == set(ChargeState)


# Home Assistant, integration "MQTT": a device's discovery message, and what each platform requires.
_TEXT = {"type": "string", "minLength": 1}
_TOPIC = {"type": "string", "pattern": "^[^#+\\x00]+$"}
_COMMON = {"name": _TEXT, "unique_id": _TEXT, "entity_category": {"enum": ["config", "diagnostic"]}}
_CLASSES = {
    "sensor": ["power", "energy", "current", "voltage", "temperature", "enum"],
    "binary_sensor": ["plug", "battery_charging", "problem"],
    "number": ["current"],
}
_UNITS = {"W", "kWh", "A", "V", "°C"}


def _platform(name: str, required: list[str], **properties: Any) -> Any:
    return {
        "if": {"properties": {"platform": {"const": name}}},
        "then": {
            "required": ["unique_id", "name", *required],
            "additionalProperties": False,
            "properties": {
                "platform": {"const": name},
                **_COMMON,
                **({"device_class": {"enum": _CLASSES[name]}} if name in _CLASSES else {}),
                **properties,
            },
        },
    }


SCHEMA = {
    "type": "object",
    "required": ["device", "origin", "components"],
    "additionalProperties": False,
    "properties": {
        "device": {
            "type": "object",
            "required": ["identifiers"],
            "additionalProperties": False,
            "properties": {
                "identifiers": {"type": "array", "minItems": 1, "items": _TEXT},
                **dict.fromkeys(("name", "model", "sw_version"), _TEXT),
            },
        },
        "origin": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": dict.fromkeys(("name", "sw_version", "support_url"), _TEXT),
        },
        "availability_topic": _TOPIC,
        "payload_available": _TEXT,
        "payload_not_available": _TEXT,
        "qos": {"enum": [0, 1, 2]},
        "components": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["platform"],
                "properties": {
                    "platform": {"enum": ["sensor", "binary_sensor", "number", "switch", "button"]}
                },
                "allOf": [
                    _platform(
                        "sensor",
                        ["state_topic"],
                        state_topic=_TOPIC,
                        unit_of_measurement={"enum": sorted(_UNITS)},
                        state_class={"enum": ["measurement", "total_increasing"]},
                        options={"type": "array", "items": _TEXT},
                    ),
                    _platform(
                        "binary_sensor",
                        ["state_topic"],
                        state_topic=_TOPIC,
                        payload_on=_TEXT,
                        payload_off=_TEXT,
                    ),
                    _platform(
                        "number",
                        ["command_topic"],
                        state_topic=_TOPIC,
                        command_topic=_TOPIC,
                        unit_of_measurement={"const": "A"},
                        min={"type": "number"},
                        max={"type": "number"},
                        step={"type": "number"},
                        mode={"enum": ["auto", "box", "slider"]},
                        value_template=_TEXT,
                    ),
                    _platform(
                        "switch",
                        ["command_topic"],
                        state_topic=_TOPIC,
                        command_topic=_TOPIC,
                        payload_on=_TEXT,
                        payload_off=_TEXT,
                    ),
                    _platform("button", ["command_topic"], command_topic=_TOPIC),
                ],
            },
        },
    },
}


@pytest.mark.req("MET-7")
def test_the_discovery_is_as_home_assistant_documents_it() -> None:
    content = json.loads(config(IDENTITY))
    jsonschema.validate(content, SCHEMA)
    assert re.fullmatch(r"homeassistant/device/[a-zA-Z0-9_-]+/config", IDENTITY.discovery_topic)
    components = content["components"]
    assert len({each["unique_id"] for each in components.values()}) == len(components)
    published = {f"{IDENTITY.base}/{each.name}" for each in READINGS}
    ordered = {f"{IDENTITY.base}/{SET}/{name}" for name in NAMES}
    for each in components.values():
        assert each.get("state_topic") in {None, *published}
        assert each.get("command_topic") in {None, *ordered}


def test_the_document_has_every_topic_and_its_meaning() -> None:
    text = DOCUMENT.read_text()
    for each in READINGS:
        assert f"| `{each.name}` | {each.meaning} |" in text.replace("\n", " "), each.name
    for name in NAMES:
        assert f"`set/{name}`" in text, name


# --- the box --------------------------------------------------------------------------------------


@pytest.mark.req("APP-2", "MET-7")
def test_orders_change_the_charge_and_read_back_at_once(tmp_path: Path) -> None:
    with at_broker(tmp_path) as mqtt:
        home = mqtt.home
        assert (mqtt.read("status"), mqtt.read("availability")) == ("A", "online")
        home.begin_charge()
        mqtt.order("current_a", "10")
        assert mqtt.read("current_a") == "10"
        home.soon(lambda: home.offered_a == 10.0)
        home.soon(lambda: mqtt.read("status") == "C" and float(mqtt.read("power_w")) > 6000.0)
        assert home.said("load/offer")["reason"] == "smart_home"
        mqtt.order("enabled", "false")
        assert mqtt.read("enabled") == "false"
        home.soon(lambda: home.offered_a == 0.0 and mqtt.read("status") == "B")
        mqtt.order("enabled", "true")
        home.soon(lambda: home.offered_a == 10.0)
        assert "5" not in mqtt.refuse("current_a", "5")
        assert home.said("smart_home/status")["last"]["sender"] == "MQTT"
        mqtt.order("energy_limit_wh", "100")
        home.soon(lambda: mqtt.read("state") == "suspended", 120.0)
        mqtt.order("stop")
        home.soon(lambda: home.state != "Charging")


@pytest.mark.req("APP-2")
def test_a_card_over_mqtt_counts_only_where_the_setting_allows_it(tmp_path: Path) -> None:
    with at_broker(tmp_path / "off", card=True) as mqtt:
        assert mqtt.refuse("start", mqtt.home.uid) == (
            "cards over the network are switched off in the settings"
        )
    with at_broker(tmp_path / "on", "smart_home.udp_start=on", card=True) as mqtt:
        home = mqtt.home
        home.act("plug")
        home.act("ready")
        assert "needed" in mqtt.refuse("start")
        for _ in range(3):
            assert "too many" not in mqtt.refuse("start", "0102030405060708")
        assert "too many wrong cards" in mqtt.refuse("start", home.uid)
        home.advance(61.0)
        mqtt.order("start", home.uid)
        home.soon(lambda: home.state == "Charging", 60.0)
        words = [each.payload for each in mqtt.broker.sent]
        assert not any(home.uid.encode() in each for each in words)


@pytest.mark.req("MET-7")
def test_a_failsafe_over_mqtt_counts_when_the_controller_is_silent(tmp_path: Path) -> None:
    with at_broker(tmp_path) as mqtt:
        home = mqtt.home
        home.begin_charge()
        mqtt.order("current_a", "16")
        mqtt.order("failsafe", failsafe(timeout_s=20))
        home.soon(lambda: home.offered_a == 16.0)
        home.advance(10.0)
        mqtt.order("current_a", "16")  # a word of the controller
        mqtt.broker.lose()  # the time goes on while the broker is away
        home.advance(19.0)
        assert home.offered_a == 16.0
        home.advance(1.5)
        assert home.offered_a == 6.0
        assert home.said("smart_home/status")["is_failsafe"]


@pytest.mark.req("MET-7")
def test_a_lost_broker_is_tried_again_more_and_more_slowly(tmp_path: Path) -> None:
    with at_broker(tmp_path) as mqtt:
        home, broker = mqtt.home, mqtt.broker
        before = len(broker.joined)
        broker.lose()
        assert broker.retained[f"{mqtt.base}/availability"] == b"offline"
        home.soon(lambda: len(broker.joined) == before + 1, 3.0)
        home.soon(lambda: mqtt.read("availability") == "online")
        broker.retained.clear()
        broker.lose()
        home.soon(lambda: len(broker.joined) == before + 2, 5.0)
        home.advance(1.0)
        assert {f"{mqtt.base}/{each.name}" for each in READINGS} <= set(broker.retained)
        assert "homeassistant/device" in " ".join(broker.retained)


def test_home_assistant_finds_the_box_again_when_it_starts(tmp_path: Path) -> None:
    with at_broker(tmp_path) as mqtt:
        mqtt.home.advance(5.0)
        mqtt.broker.retained.clear()
        mqtt.broker.send("homeassistant/status", b"offline")
        mqtt.home.advance(1.0)
        assert not mqtt.broker.retained
        mqtt.broker.send("homeassistant/status", b"online")
        mqtt.home.advance(1.0)
        assert any("homeassistant/device" in each for each in mqtt.broker.retained)
        assert f"{mqtt.base}/power_w" in mqtt.broker.retained
        before = len(mqtt.broker.sent)
        for _ in range(100):
            mqtt.broker.send("homeassistant/status", b"online")
        mqtt.home.advance(1.0)
        assert len(mqtt.broker.sent) - before < 5


def test_a_flood_is_dropped_and_the_box_goes_on(tmp_path: Path) -> None:
    with at_broker(tmp_path) as mqtt:
        before = len(mqtt.broker.sent)
        for _ in range(500):
            mqtt.broker.send(f"{mqtt.base}/set/current_a", b"7")
        mqtt.home.advance(0.2)
        results = [each for each in mqtt.broker.sent[before:] if each.topic.endswith("/result")]
        assert 20 <= len(results) <= 25
        assert b"too many orders" in b" ".join(each.payload for each in results)
        mqtt.home.advance(5.0)
        mqtt.order("current_a", "8")


@pytest.mark.req("MET-7")
def test_switched_off_the_box_says_so_and_disconnects(tmp_path: Path) -> None:
    with at_broker(tmp_path, url="") as mqtt:
        home, broker = mqtt.home, mqtt.broker
        home.ask("system", "set", {"changes": {"smart_home.mqtt_url": URL}})
        home.soon(lambda: broker.has_box)
        home.advance(1.0)
        home.ask("system", "set", {"changes": {"smart_home.mqtt_discovery": False}})
        home.advance(3.0)
        topic = f"homeassistant/device/{_id(mqtt.base)}/config"
        assert (broker.retained[topic], mqtt.read("availability")) == (b"", "online")
        home.ask("system", "set", {"changes": {"smart_home.mqtt_url": ""}})
        home.soon(lambda: not broker.has_box)
        assert mqtt.read("availability") == "offline"
        assert not home.said("smart_home/status")["has_mqtt"]


def _id(base: str) -> str:
    return base.replace("/", "_", 1)


def test_two_controllers_do_not_mix(tmp_path: Path) -> None:
    """The newest order counts, whoever has sent it."""
    with at_broker(tmp_path) as mqtt:
        mqtt.home.begin_charge()
        mqtt.order("current_a", "10")
        mqtt.home.order("curr 8000")
        mqtt.home.soon(lambda: mqtt.home.offered_a == 8.0)
        mqtt.home.advance(1.0)
        assert mqtt.read("current_a") == "8"
        assert mqtt.home.said("smart_home/status")["last"]["sender"] == CONTROLLER

"""The host of Node.js is strict: it notices each rule that a box breaks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.dcs.node_hosts import IS_MISSING, WHY_MISSING, NodeHost, node_host

pytestmark = [
    pytest.mark.req("DCS-7"),
    pytest.mark.system,
    pytest.mark.skipif(IS_MISSING, reason=WHY_MISSING),
]

BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}
START = {"connectorId": 1, "idTag": "AA", "meterStart": 100, "timestamp": "2026-01-01T00:00:00Z"}
STOP = {"transactionId": 1000, "meterStop": 200, "timestamp": "2026-01-01T01:00:00Z"}


class Box:
    """A box of a few lines, which breaks rules."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.count = 0

    def send(self, action: str, payload: object) -> None:
        self.count += 1
        self.connection.send(json.dumps([2, str(self.count), action, payload]))

    def receive(self) -> list[Any]:
        frame = json.loads(self.connection.recv(timeout=30))
        assert isinstance(frame, list)
        return frame

    def call(self, action: str, payload: object) -> Any:
        """Return the answer, or the code of the error."""
        self.send(action, payload)
        while (frame := self.receive())[1] != str(self.count):
            pass  # an error that answers a frame without an id
        return frame[2]


@pytest.fixture(scope="module")
def running_host() -> Iterator[NodeHost]:
    with node_host() as host:
        yield host


@pytest.fixture
def host(running_host: NodeHost) -> NodeHost:
    running_host.catch_up()
    running_host.seen.clear()
    return running_host


@pytest.fixture
def box(host: NodeHost) -> Iterator[Box]:
    with connect(f"ws://127.0.0.1:{host.port}/BOX", subprotocols=["ocpp1.6"]) as connection:  # type: ignore[list-item]
        box = Box(connection)
        assert box.call("BootNotification", BOOT)["status"] == "Accepted"
        yield box


def value(wh: int) -> dict[str, Any]:
    sampled = {"value": str(wh), "measurand": "Energy.Active.Import.Register"}
    return {"timestamp": "2026-01-01T00:30:00Z", "sampledValue": [sampled]}


def test_a_box_that_breaks_no_rule_has_no_violation(host: NodeHost, box: Box) -> None:
    assert (
        box.call(
            "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        )
        == {}
    )
    number = box.call("StartTransaction", START)["transactionId"]
    assert box.call("StartTransaction", START)["transactionId"] == number  # sent again
    assert (
        box.call(
            "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [value(150)]}
        )
        == {}
    )
    box.call("StopTransaction", STOP | {"transactionId": number})
    order = host.order(call="Reset", params={"type": "Soft"})
    frame = box.receive()
    assert frame[2:] == ["Reset", {"type": "Soft"}]
    box.connection.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
    assert host.result(order)["answer"] == {"status": "Accepted"}
    assert host.violations == []


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("BootNotification", {"chargePointVendor": "V"}),
        ("BootNotification", BOOT | {"chargePointModel": "M" * 21}),
        ("StatusNotification", {"connectorId": 1, "errorCode": "Fine", "status": "Available"}),
        ("StatusNotification", {"connectorId": 2, "errorCode": "NoError", "status": "Available"}),
        ("StartTransaction", START | {"meterStart": 100.5}),
        ("StartTransaction", START | {"timestamp": "yesterday"}),
        ("StopTransaction", STOP | {"transactionId": -1}),
        ("StopTransaction", STOP | {"meterStop": 99}),
        ("StopTransaction", STOP | {"timestamp": "2025-01-01T00:00:00Z"}),
        ("StopTransaction", STOP | {"reason": "Bored"}),
        ("MeterValues", {"connectorId": 1, "transactionId": 77, "meterValue": [value(150)]}),
        ("MeterValues", {"connectorId": 1, "transactionId": 1000, "meterValue": [value(50)]}),
        ("Reset", {"type": "Soft"}),
        ("Nonsense", {}),
    ],
)
def test_a_call_that_breaks_a_rule_is_a_violation(
    host: NodeHost, box: Box, action: str, payload: dict[str, Any]
) -> None:
    number = box.call("StartTransaction", START)["transactionId"]
    if payload.get("transactionId") == 1000:
        payload = payload | {"transactionId": number}
    assert host.violations == []
    box.call(action, payload)
    assert len(host.violations) >= 1


def test_a_call_before_the_box_is_accepted_is_a_violation(host: NodeHost, box: Box) -> None:
    host.result(host.order(answers={"BootNotification": {"status": "Pending"}}))
    assert box.call("BootNotification", BOOT)["status"] == "Pending"
    box.call("Heartbeat", {})
    assert host.violations == ["Heartbeat: the box is not accepted"]
    host.result(host.order(answers={"BootNotification": {"status": "Accepted"}}))


def test_two_calls_at_once_are_a_violation(host: NodeHost, box: Box) -> None:
    box.send("Heartbeat", {})
    box.send("Heartbeat", {})
    box.receive()
    box.receive()
    assert host.violations == ["Heartbeat: another call is open"]


@pytest.mark.parametrize("answer", [{"status": "Fine"}, {}, {"status": "Accepted", "more": 1}])
def test_an_answer_that_breaks_a_rule_is_a_violation(
    host: NodeHost, box: Box, answer: dict[str, Any]
) -> None:
    order = host.order(call="ClearCache")
    frame = box.receive()
    box.connection.send(json.dumps([3, frame[1], answer]))
    assert "error" in host.result(order)
    assert len(host.violations) == 1


@pytest.mark.parametrize("frame", ["{", "[]", "[2]", "5", '[2,"x","Heartbeat"]'])
def test_a_frame_that_is_no_message_is_a_violation(host: NodeHost, box: Box, frame: str) -> None:
    box.connection.send(frame)
    box.call("Heartbeat", {})
    assert len(host.violations) == 1


def test_orders_change_what_it_answers(host: NodeHost, box: Box) -> None:
    host.result(host.order(tokens={"BB": {"status": "Blocked", "parentIdTag": "P"}}))
    answer = box.call("Authorize", {"idTag": "BB"})
    assert answer == {"idTagInfo": {"status": "Blocked", "parentIdTag": "P"}}
    host.result(host.order(answers={"StopTransaction": {"error": "InternalError"}}))
    box.send("StopTransaction", STOP)
    assert box.receive()[2] == "InternalError"
    host.result(host.order(answers={"StopTransaction": {}}))
    host.result(host.order(mute=True))
    box.send("Heartbeat", {})
    assert host.wait_for("call", "Heartbeat")["answer"] is None
    host.result(host.order(mute=False, drop=True))
    host.wait_for("closed")

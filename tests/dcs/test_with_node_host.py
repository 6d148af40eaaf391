"""The whole simulated box against a service of another project: npm's ocpp-rpc, in strict mode."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from msgs.card import CardColor
from tests.dcs.bridge import HostedStation
from tests.dcs.host import FROM_BOX
from tests.dcs.node_hosts import IS_MISSING, WHY_MISSING, NodeHost, node_host

pytestmark = [
    pytest.mark.req("DCS-7"),
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(IS_MISSING, reason=WHY_MISSING),
]

CHARGES = 20
CARDS = (CardColor.RED, CardColor.GREEN, CardColor.BLUE, CardColor.WHITE)
TO_BOX = {
    "CancelReservation",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDiagnostics",
    "GetLocalListVersion",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
}


SECRET = "00112233445566778899AABBCCDDEEFF"


@pytest.fixture
def node() -> Iterator[NodeHost]:
    with node_host() as node:
        yield node


@pytest.fixture
def station(tmp_path: Path, node: NodeHost) -> Iterator[HostedStation]:
    station = HostedStation(tmp_path, node)
    yield station
    station.bridge.close()


def starts(station: HostedStation) -> list[dict[str, Any]]:
    return station.node.calls("StartTransaction")


def stops(station: HostedStation) -> list[dict[str, Any]]:
    return station.node.calls("StopTransaction")


def check_charges(station: HostedStation, count: int) -> None:
    """Check that each charge is there once, in order, and that none has lost energy."""
    begun, ended = starts(station), stops(station)
    assert len(begun) == len(ended) == count
    records = list(reversed(station.sessions()))[-count:]
    for start, stop, record in zip(begun, ended, records, strict=True):
        assert stop["params"]["transactionId"] == start["answer"]["transactionId"]
        assert start["params"]["idTag"] == record.token
        charged_wh = stop["params"]["meterStop"] - start["params"]["meterStart"]
        assert charged_wh == pytest.approx(record.energy_wh, abs=1.5)
    meters = [
        each["params"][name]
        for pair in zip(begun, ended, strict=True)
        for each, name in zip(pair, ("meterStart", "meterStop"), strict=True)
    ]
    assert meters == sorted(meters)


def test_twenty_charges_break_no_rule(station: HostedStation) -> None:
    station.ask_box("ChangeConfiguration", key="MeterValueSampleInterval", value="20")
    station.ask_box("ChangeConfiguration", key="StopTxnSampledData", value="Current.Import,Voltage")
    for number in range(CHARGES):
        if number % 3 == 2:
            token = f"REMOTE{number}"
            assert station.ask_box("RemoteStartTransaction", idTag=token, connectorId=1) == {
                "status": "Accepted"
            }
            station.act("plug")
            station.act("ready")
            station.soon(lambda: station.state == "Charging", 60.0)
        else:
            station.begin_charge(station.card(CARDS[number % len(CARDS)]))
        station.advance(30.0 + 2.0 * number)
        if number % 4 == 3:
            transaction = starts(station)[-1]["answer"]["transactionId"]
            assert station.ask_box("RemoteStopTransaction", transactionId=transaction) == {
                "status": "Accepted"
            }
            station.soon(lambda: not station.session_id, 60.0)
        station.end_charge()
        station.advance(5.0)
    check_charges(station, CHARGES)
    reasons = Counter(each["params"].get("reason", "Local") for each in stops(station))
    assert reasons == {"EVDisconnected": 15, "Remote": 5}
    assert len(station.node.calls("MeterValues")) >= CHARGES
    assert all(each["params"]["transactionData"] for each in stops(station)[-10:])
    assert station.node.violations == []


def test_every_action_is_used_from_either_side(station: HostedStation) -> None:
    ask = station.ask_box
    asked: set[str] = set()

    def expect(expected: object, action: str, **payload: Any) -> dict[str, Any]:
        asked.add(action)
        answer = ask(action, **payload)
        if isinstance(expected, str):
            assert answer.get("status", answer.get("error", "")).startswith(expected), answer
        return answer

    keys = expect(None, "GetConfiguration")["configurationKey"]
    assert {"HeartbeatInterval", "SupportedFeatureProfiles"} <= {each["key"] for each in keys}
    found = expect(None, "GetConfiguration", key=["Foo", "numberofconnectors"])
    assert found["unknownKey"] == ["Foo"]
    assert [each["value"] for each in found["configurationKey"]] == ["1"]
    expect("Accepted", "ChangeConfiguration", key="MeterValueSampleInterval", value="30")
    expect("Rejected", "ChangeConfiguration", key="MeterValueSampleInterval", value="-1")
    expect("NotSupported", "ChangeConfiguration", key="Foo", value="1")
    expect("Accepted", "ClearCache")
    expect("UnknownVendorId", "DataTransfer", vendorId="nobody", data="x")
    expect("NotSupported", "UnlockConnector", connectorId=1)
    expect("NotSupported", "GetDiagnostics", location="ftp://127.0.0.1/")
    expect(
        "NotSupported",
        "UpdateFirmware",
        location="ftp://127.0.0.1/x",
        retrieveDate="2026-01-01T00:00:00Z",
    )
    # The list of tokens.
    assert expect(None, "GetLocalListVersion") == {"listVersion": 0}
    entries = [{"idTag": "AA", "idTagInfo": {"status": "Accepted", "parentIdTag": "P"}}]
    expect(
        "Accepted",
        "SendLocalList",
        listVersion=3,
        updateType="Full",
        localAuthorizationList=entries,
    )
    assert expect(None, "GetLocalListVersion") == {"listVersion": 3}
    expect("VersionMismatch", "SendLocalList", listVersion=3, updateType="Differential")
    # Reports.
    for message in (
        "BootNotification",
        "Heartbeat",
        "StatusNotification",
        "MeterValues",
        "FirmwareStatusNotification",
        "DiagnosticsStatusNotification",
    ):
        before = len(station.node.calls(message))
        expect("Accepted", "TriggerMessage", requestedMessage=message)
        station.soon(lambda m=message, b=before: len(station.node.calls(m)) > b)  # type: ignore[misc]
    expect("Rejected", "TriggerMessage", requestedMessage="StatusNotification", connectorId=5)
    # A reservation.
    later = "2099-01-01T00:00:00Z"
    expect(
        "Accepted",
        "ReserveNow",
        connectorId=1,
        expiryDate=later,
        idTag="AA",
        reservationId=1,
    )
    expect("Occupied", "ReserveNow", connectorId=1, expiryDate=later, idTag="AA", reservationId=2)
    expect("Accepted", "CancelReservation", reservationId=1)
    expect("Rejected", "CancelReservation", reservationId=1)
    # Availability.
    expect("Accepted", "ChangeAvailability", connectorId=0, type="Inoperative")
    expect("Rejected", "RemoteStartTransaction", idTag="AA")
    expect("Accepted", "ChangeAvailability", connectorId=0, type="Operative")
    # A charge by the service, with a plan.
    expect("Accepted", "ChangeConfiguration", key="AuthorizeRemoteTxRequests", value="true")
    own = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.3}],
        },
    }
    expect("Rejected", "SetChargingProfile", connectorId=1, csChargingProfiles=own)
    expect("Accepted", "RemoteStartTransaction", idTag="AA", connectorId=1)
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)
    station.soon(lambda: len(starts(station)) == 1)
    transaction = starts(station)[0]["answer"]["transactionId"]
    own["transactionId"] = transaction
    expect("Accepted", "SetChargingProfile", connectorId=1, csChargingProfiles=own)
    station.soon(lambda: station.said("load/offer")["limit_a"] == pytest.approx(10.3))
    schedule = expect(
        "Accepted", "GetCompositeSchedule", connectorId=1, duration=600, chargingRateUnit="A"
    )["chargingSchedule"]
    assert [each["limit"] for each in schedule["chargingSchedulePeriod"]] == [10.3]
    assert schedule["duration"] == 600
    expect("Accepted", "ClearChargingProfile", id=1)
    expect("Unknown", "ClearChargingProfile", id=1)
    station.advance(120.0)
    expect("Rejected", "RemoteStopTransaction", transactionId=transaction + 1)
    expect("Accepted", "RemoteStopTransaction", transactionId=transaction)
    station.soon(lambda: len(stops(station)) == 1)
    station.end_charge()
    # A card, and a restart.
    station.begin_charge()
    station.advance(60.0)
    station.end_charge()
    station.soon(lambda: len(stops(station)) == 2)
    expect("Accepted", "Reset", type="Soft")
    station.soon(station.restart_if_asked)
    station.soon(lambda: len(station.node.calls("BootNotification")) == 3)
    station.advance(30.0)
    assert asked == TO_BOX
    assert {each["call"] for each in station.node.calls()} == FROM_BOX - {"DataTransfer"}
    check_charges(station, 2)
    assert station.node.violations == []


@pytest.mark.req("DCS-2")
def test_a_box_is_paired_with_a_service_of_another_project(tmp_path: Path, node: NodeHost) -> None:
    node.result(node.order(answers={"BootNotification": {"status": "Pending", "interval": 30}}))
    station = HostedStation(tmp_path, node, is_paired=False)
    offer = station.ask_box("DataTransfer", vendorId="wallbox.pairing", messageId="offer")
    assert offer == {"status": "Accepted"}
    node.result(node.order(answers={"DataTransfer": {"status": "Accepted"}}))
    station.soon(lambda: station.light("touch") == "white steady", 2.0)
    station.act("touch")
    station.soon(lambda: len(node.calls("DataTransfer")) == 1, 5.0)
    changed = station.ask_box("ChangeConfiguration", key="AuthorizationKey", value=SECRET)
    assert changed == {"status": "Accepted"}
    node.result(node.order(answers={"BootNotification": {"status": "Accepted"}}))
    station.soon(lambda: station.link == "Online", 60.0)
    assert station.dcs["synchronised"]
    passwords = [line["password"] for line in node.seen if "connected" in line]
    assert (passwords[0], passwords[-1]) == ("", SECRET.lower())
    assert node.violations == []
    station.bridge.close()

"""What the service asks of the box, in whole charges."""

from pathlib import Path
from typing import Any

import pytest

from tests.box import NO_CARD
from tests.dcs.station import Station

REMOTE = "REMOTE0001"  # no card of the box


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def number(station: Station) -> int:
    return list(station.host.charges.values())[-1].number


@pytest.mark.req("DCS-7")
def test_a_remote_start_and_stop(station: Station) -> None:
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Accepted"}
    station.soon(lambda: station.host.statuses[1][-1] == "Preparing", 5.0)
    assert station.ask_box("RemoteStartTransaction", idTag="OTHER") == {"status": "Rejected"}
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)
    (charge,) = station.host.charges.values()
    assert charge.token == REMOTE
    assert station.ask_box("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    stopped = station.ask_box("RemoteStopTransaction", transactionId=charge.number)
    assert stopped == {"status": "Accepted"}
    station.soon(lambda: charge.stop is not None, 30.0)
    assert charge.stop is not None
    assert charge.stop["reason"] == "Remote"
    assert station.host.statuses[1][-1] == "Finishing"
    station.end_charge()
    station.advance(1.0)
    assert station.host.statuses[1][-1] == "Available"
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_a_remote_start_without_a_vehicle_lapses(station: Station) -> None:
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Accepted"}
    station.advance(65.0)
    assert station.host.statuses[1][-2:] == ["Preparing", "Available"]
    assert station.host.charges == {}


@pytest.mark.req("DCS-7")
def test_a_remote_start_is_authorised_if_the_key_asks_for_it(station: Station) -> None:
    changed = station.ask_box("ChangeConfiguration", key="AuthorizeRemoteTxRequests", value="true")
    assert changed == {"status": "Accepted"}
    station.host.unknown = "Invalid"
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Accepted"}
    station.advance(5.0)
    assert station.host.named("Authorize") == [{"idTag": REMOTE}]
    assert not station.said("session/status")["released"]
    station.host.unknown = "Accepted"
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Accepted"}
    station.soon(lambda: station.said("session/status")["released"], 5.0)


@pytest.mark.req("DCS-7")
def test_a_profile_of_a_remote_start_is_that_of_its_transaction(station: Station) -> None:
    content: dict[str, Any] = {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
        },
    }
    wrong = content | {"chargingProfilePurpose": "TxDefaultProfile"}
    answer = station.ask_box("RemoteStartTransaction", idTag=REMOTE, chargingProfile=wrong)
    assert answer == {"status": "Rejected"}
    answer = station.ask_box("RemoteStartTransaction", idTag=REMOTE, chargingProfile=content)
    assert answer == {"status": "Accepted"}
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.said("pilot/status")["offered_a"] == 8.0, 60.0)
    assert station.dcs["mode"] == "intelligent"
    station.end_charge()
    station.advance(2.0)
    cleared = station.ask_box("ClearChargingProfile", id=7)
    assert cleared == {"status": "Unknown"}  # it has ended with its transaction


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
def test_a_reset_ends_the_charge_and_restarts_the_box(
    station: Station, kind: str, reason: str
) -> None:
    station.begin_charge()
    assert station.ask_box("Reset", type=kind) == {"status": "Accepted"}
    station.soon(station.restart_if_asked, 120.0)
    station.soon(lambda: station.link == "Online", 60.0)
    (charge,) = station.host.charges.values()
    station.soon(lambda: charge.stop is not None, 30.0)
    assert charge.stop is not None
    assert charge.stop["reason"] == reason
    assert charge.stops == 1
    assert [action for action, _ in station.host.calls].count("BootNotification") == 2
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_a_box_out_of_use_stays_so_over_a_restart(station: Station) -> None:
    station.begin_charge()
    asked = {"connectorId": 0, "type": "Inoperative"}
    assert station.ask_box("ChangeAvailability", **asked) == {"status": "Scheduled"}
    station.advance(5.0)
    assert station.host.statuses[1][-1] == "Charging"
    station.end_charge()
    station.soon(lambda: station.host.statuses[1][-1] == "Unavailable", 5.0)
    assert station.host.statuses[0][-1] == "Unavailable"
    station.crash("dcs")
    station.soon(lambda: station.link == "Online")
    station.advance(5.0)
    assert station.host.statuses[1][-1] == "Unavailable"
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Rejected"}
    asked = {"connectorId": 0, "type": "Operative"}
    assert station.ask_box("ChangeAvailability", **asked) == {"status": "Accepted"}
    station.soon(lambda: station.host.statuses[1][-1] == "Available", 5.0)
    assert station.ask_box("ChangeAvailability", connectorId=2, type="Operative") == {
        "status": "Rejected"
    }


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("BootNotification", "BootNotification"),
        ("Heartbeat", "Heartbeat"),
        ("StatusNotification", "StatusNotification"),
        ("MeterValues", "MeterValues"),
        ("FirmwareStatusNotification", "FirmwareStatusNotification"),
        ("DiagnosticsStatusNotification", "DiagnosticsStatusNotification"),
    ],
)
def test_each_report_is_sent_when_it_is_triggered(station: Station, kind: str, action: str) -> None:
    station.advance(5.0)
    station.host.calls.clear()
    assert station.ask_box("TriggerMessage", requestedMessage=kind) == {"status": "Accepted"}
    station.soon(lambda: station.host.named(action) != [], 10.0)
    wrong = station.ask_box("TriggerMessage", requestedMessage=kind, connectorId=2)
    assert wrong == {"status": "Rejected"}
    station.advance(5.0)
    assert station.link == "Online"
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_what_the_box_does_not_have_is_not_accepted(station: Station) -> None:
    assert station.ask_box("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
    vendor = station.ask_box("DataTransfer", vendorId="somebody")
    assert vendor == {"status": "UnknownVendorId"}
    for action, payload in (
        ("GetDiagnostics", {"location": "ftp://a/b"}),
        ("UpdateFirmware", {"location": "a", "retrieveDate": "2026-01-01T00:00:00Z"}),
        ("GetLog", {"log": {}, "logType": "SecurityLog", "requestId": 1}),
    ):
        assert station.send_box(action, payload).error == "NotSupported"
    assert station.send_box("Dance", {}).error == "NotImplemented"


@pytest.mark.req("DCS-7", "RFID-6")
def test_where_no_card_is_needed_a_remote_start_takes_a_stop_back(tmp_path: Path) -> None:
    station = Station(tmp_path, authorization=NO_CARD)
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Rejected"}
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)
    station.advance(1.0)
    first = number(station)
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Rejected"}
    stopped = station.ask_box("RemoteStopTransaction", transactionId=first)
    assert stopped == {"status": "Accepted"}
    station.soon(lambda: station.contactor == "open", 30.0)
    station.advance(5.0)
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Accepted"}
    station.soon(lambda: station.state == "Charging", 60.0)
    station.soon(lambda: number(station) != first, 5.0)
    assert {each.token for each in station.host.charges.values()} == {"NOCARD"}


@pytest.mark.req("DCS-7")
def test_a_box_out_of_use_gives_no_current_where_no_card_is_needed(tmp_path: Path) -> None:
    station = Station(tmp_path, authorization=NO_CARD)
    asked = {"connectorId": 1, "type": "Inoperative"}
    assert station.ask_box("ChangeAvailability", **asked) == {"status": "Accepted"}
    station.act("plug")
    station.act("ready")
    station.advance(90.0)
    assert station.contactor == "open"
    asked = {"connectorId": 1, "type": "Operative"}
    assert station.ask_box("ChangeAvailability", **asked)["status"] in ("Accepted", "Scheduled")
    station.soon(lambda: station.state == "Charging", 90.0)

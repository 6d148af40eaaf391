"""Profiles as services of the field write them, and absurd ones, through the whole box."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from nodes.dcs.clock import read
from tests.dcs.station import Station

pytestmark = pytest.mark.req("DCS-4", "DCS-7")

PROFILE: dict[str, Any] = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "startSchedule": "2026-01-01T00:00:00Z",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
    },
}
LIMIT = "chargingSchedule.chargingSchedulePeriod.0.limit"


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the profile with one value changed, or one key removed if the value is None."""
    content: Any = json.loads(json.dumps(PROFILE))
    place = content
    *names, last = path.split(".")
    for name in names:
        place = place[int(name)] if name.isdigit() else place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert isinstance(content, dict)
    return content


def send(station: Station, content: dict[str, Any], connector: int = 1) -> str:
    """Send a profile; return the status, the code of the error, or "ignored"."""
    payload = {"connectorId": connector, "csChargingProfiles": content}
    answer = station.host.send("SetChargingProfile", payload)
    station.is_soon(lambda: answer.payload is not None or answer.error is not None, 2.0)
    return answer.error or str((answer.payload or {"status": "ignored"})["status"])


def offered_a(station: Station) -> float:
    return float(station.said("pilot/status")["offered_a"])


ACCEPTED: list[tuple[str, Any]] = [
    # evcc: stack level 0 and 1, a begin a minute ago, 0 A to pause
    (LIMIT, 0),
    ("stackLevel", 1),
    ("chargingSchedule.startSchedule", "2025-12-31T23:59:00Z"),
    # Other ways to write a time: with an offset, with 7 digits, without a zone.
    ("chargingSchedule.startSchedule", "2026-01-01T01:00:00+01:00"),
    ("chargingSchedule.startSchedule", "2026-01-01T00:00:00.1234567Z"),
    ("chargingSchedule.startSchedule", "2026-01-01T00:00:00"),
    ("chargingSchedule.startSchedule", None),  # at the begin of the transaction
    # The least and the greatest time of .NET, for "no bound"
    ("validFrom", "0001-01-01T00:00:00Z"),
    ("validTo", "9999-12-31T23:59:59.9999999Z"),
    ("chargingSchedule.minChargingRate", 0),
    ("recurrencyKind", "Daily"),  # of an absolute profile: it has no meaning
    ("transactionId", 77),  # of a profile for each transaction, likewise
    (LIMIT, 1e6),
]

REFUSED: list[tuple[str, Any]] = [
    *((LIMIT, limit) for limit in (1e29, -1e308, 1e308, math.nan, math.inf, -1, 10.05, "10")),
    (LIMIT, 10**400),
    (LIMIT, 10**4200),
    (LIMIT, None),
    ("chargingSchedule.minChargingRate", -1e308),
    ("chargingSchedule.duration", 0),
    ("chargingSchedule.duration", -(10**30)),
    ("chargingSchedule.duration", 10**30),
    ("chargingSchedule.duration", 1.5),
    ("chargingSchedule.startSchedule", "0001-01-01T00:00:00Z"),
    ("chargingSchedule.startSchedule", "9999-12-31T23:59:59Z"),
    ("chargingSchedule.startSchedule", "0001-01-01T00:00:00+14:00"),
    ("chargingSchedule.startSchedule", "soon"),
    ("validTo", "0001-01-01T00:00:00Z"),
    ("validFrom", "9999-12-31T23:59:59-14:00"),
    ("stackLevel", 11),
    ("stackLevel", -1),
    ("stackLevel", 10**30),
    ("chargingSchedule.chargingSchedulePeriod", []),
    ("chargingSchedule.chargingSchedulePeriod", [{"startPeriod": 5, "limit": 8}] * 2),
    (
        "chargingSchedule.chargingSchedulePeriod",
        [{"startPeriod": at, "limit": 8 + at % 2} for at in range(101)],
    ),
    ("chargingSchedule.chargingSchedulePeriod.0.numberPhases", 4),
    ("chargingSchedule.chargingSchedulePeriod.0.startPeriod", -1),
    ("chargingProfilePurpose", "TxProfile"),  # no transaction runs
    ("chargingProfilePurpose", "ChargePointMaxProfile"),  # on connector 1
    ("chargingProfileKind", "Recurring"),  # without the recurrence
    ("chargingProfileKind", "Sometimes"),
    ("chargingSchedule.chargingRateUnit", "kW"),
]


def test_what_services_write_is_accepted(tmp_path: Path) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    for path, value in ACCEPTED:
        assert send(station, changed(path, value)) == "Accepted", (path, value)
        assert station.ask_box("ClearChargingProfile", id=1) == {"status": "Accepted"}


def test_what_is_absurd_is_refused_and_the_box_goes_on(tmp_path: Path) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    for path, value in REFUSED:
        is_json = not (isinstance(value, float) and not math.isfinite(value))
        expected = {
            "Rejected",
            "FormationViolation",
            "TypeConstraintViolation",
            "PropertyConstraintViolation",
            "OccurenceConstraintViolation",
        }
        found = send(station, changed(path, value))
        assert found in (expected if is_json else {"ignored"}), (path, value)
        assert station.ask_box("ClearChargingProfile", id=1) == {"status": "Unknown"}
    assert station.link == "Online"


def test_a_charge_goes_on_under_absurd_profiles(tmp_path: Path) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    assert send(station, PROFILE) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 30.0)
    for path, value in REFUSED:
        if path != "chargingProfilePurpose":
            assert send(station, changed(path, value)) != "Accepted"
    station.advance(10.0)
    assert (station.state, offered_a(station)) == ("Charging", 10.0)


def test_a_composite_schedule_is_shown_as_asked(tmp_path: Path) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    assert send(station, changed("chargingSchedule.minChargingRate", 6.5)) == "Accepted"

    def ask(**changes: Any) -> dict[str, Any]:
        asked = {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"} | changes
        return station.ask_box("GetCompositeSchedule", **asked)

    for connector in (0, 1):
        found = ask(connectorId=connector)
        assert found["connectorId"] == connector
        schedule = found["chargingSchedule"]
        assert found["scheduleStart"] == schedule["startSchedule"]
        assert schedule["duration"] == 600
        assert schedule["minChargingRate"] == 6.5
        assert schedule["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 10.0, "numberPhases": 3}
        ]
    in_watts = ask(chargingRateUnit="W")["chargingSchedule"]
    assert in_watts["chargingRateUnit"] == "W"
    assert in_watts["chargingSchedulePeriod"][0]["limit"] == 6900.0
    for wrong in ({"duration": 0}, {"duration": -5}, {"connectorId": 2}):
        assert ask(**wrong) == {"status": "Rejected"}
    assert station.host.violations == []


def test_a_card_whose_permission_ends_in_the_year_9999_is_accepted(tmp_path: Path) -> None:
    station = Station(tmp_path)
    forever = {"status": "Accepted", "expiryDate": "9999-12-31T23:59:59Z"}
    answer = station.ask_box(
        "SendLocalList",
        listVersion=1,
        updateType="Full",
        localAuthorizationList=[{"idTag": "AA", "idTagInfo": forever}],
    )
    assert answer == {"status": "Accepted"}
    station.host.tokens = {station.card_uid: forever}
    station.begin_charge()
    station.advance(20.0)
    assert station.state == "Charging"
    assert station.host.violations == []


@pytest.mark.parametrize("year", ["0001", "1970", "9999"])
def test_a_service_without_a_time_does_not_set_the_clock(tmp_path: Path, year: str) -> None:
    station = Station(tmp_path)
    now = read(f"{year}-06-01T00:00:00Z")
    assert now is not None
    station.host.ahead_s = now / 1e9 - station.utc_ns / 1e9
    station.ask_box("TriggerMessage", requestedMessage="Heartbeat")
    station.advance(5.0)
    station.ask_box("TriggerMessage", requestedMessage="StatusNotification", connectorId=1)
    station.advance(5.0)
    assert station.host.named("StatusNotification")[-1]["timestamp"].startswith("2026-01-01")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:00", 0.0),
        ("1970-01-01T00:00:00.25Z", 0.25),
        ("1969-12-31T23:59:59.75Z", -0.25),
        ("1970-01-01", 0.0),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200.0),
        ("9999-12-31T23:59:59-14:00", 253_402_351_199),
        ("soon", None),
        ("", None),
        ("1970-01-01T25:00:00Z", None),
        ("1970-13-01T00:00:00Z", None),
    ],
)
def test_a_time_is_read_as_iso_8601(text: str, seconds: float | int | None) -> None:
    assert read(text) == (None if seconds is None else int(seconds * 1_000_000_000))

"""Profiles of the service as current of the vehicle: intelligent, fast, and low until decided."""

import json
from pathlib import Path
from typing import Any

import pytest

from nodes.dcs.plan import HOLD_S, REPEAT_S
from tests.dcs.station import Station

WAIT_S = 60.0
START = "2026-01-01T00:00:00Z"  # of virtual time


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path, "load_manager.monitoring=false")


def profile(*periods: tuple[int, float], unit: str = "A", **changes: Any) -> dict[str, Any]:
    """Return a profile of each transaction, from the start of virtual time."""
    schedule = {
        "chargingRateUnit": unit,
        "startSchedule": START,
        "chargingSchedulePeriod": [{"startPeriod": at, "limit": limit} for at, limit in periods],
    }
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    } | changes


def install(station: Station, content: dict[str, Any], connector: int = 1) -> str:
    answer = station.ask_box(
        "SetChargingProfile", connectorId=connector, csChargingProfiles=content
    )
    return str(answer["status"])


def offered_a(station: Station) -> float:
    return float(station.said("pilot/status")["offered_a"])


@pytest.mark.req("CHG-4", "DCS-3", "DCS-4")
def test_without_a_plan_a_charge_begins_low_and_becomes_fast(station: Station) -> None:
    station.begin_charge()
    began_s = station.now_s
    assert station.dcs["waits_for_plan"]
    assert station.light("mode") == "white blink"
    while station.now_s < began_s + WAIT_S - 10.0:
        station.advance(1.0)
        assert offered_a(station) == 6.0
    station.soon(lambda: offered_a(station) == 32.0, 60.0)
    assert not station.dcs["waits_for_plan"]
    assert station.dcs["mode"] == "fast"
    station.soon(lambda: station.light("mode") == "green steady", 1.0)


@pytest.mark.req("CHG-4", "DCS-3", "DCS-4")
def test_a_plan_that_arrives_is_followed(station: Station) -> None:
    station.begin_charge()
    number = next(iter(station.host.charges.values())).number
    now = round(station.now_s - 1000.0)
    content = profile((0, 10.0), (now + 60, 16.0), (now + 120, 0.0), (now + 180, 20.0))
    content |= {"chargingProfilePurpose": "TxProfile", "transactionId": number}
    assert install(station, content) == "Accepted"
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    assert (station.dcs["mode"], station.dcs["waits_for_plan"]) == ("intelligent", False)
    assert station.light("mode") == "white steady"
    station.advance(65.0)
    assert offered_a(station) == 16.0
    station.soon(lambda: station.host.statuses[1][-1] == "SuspendedEVSE", 70.0)
    station.advance(5.0)
    assert offered_a(station) == 0.0
    station.soon(lambda: offered_a(station) == 20.0, 70.0)
    (charge,) = station.host.charges.values()
    assert charge.stop is None  # 0 A pauses, the transaction goes on
    station.end_charge()
    station.advance(5.0)
    assert charge.stop is not None
    assert station.host.violations == []
    assert station.said("dcs/wish")["wishes"] == []


@pytest.mark.req("DCS-5", "PAN-4")
def test_the_touch_key_switches_between_fast_and_the_plan(station: Station) -> None:
    assert install(station, profile((0, 10.0))) == "Accepted"
    assert not station.dcs["can_switch"]
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    station.soon(lambda: station.dcs["can_switch"], 5.0)
    station.soon(lambda: station.light("touch") == "white steady", 1.0)
    station.act("touch")
    station.soon(lambda: offered_a(station) == 32.0, 60.0)
    assert station.dcs["mode"] == "fast"
    station.crash("dcs")  # the choice of a person is kept
    station.soon(lambda: station.link == "Online")
    station.advance(30.0)
    assert (station.dcs["mode"], offered_a(station)) == ("fast", 32.0)
    station.act("touch")
    station.soon(lambda: offered_a(station) == 10.0, 60.0)
    assert station.dcs["mode"] == "intelligent"
    reported = ["fast", "fast", "intelligent"]  # once more after the restart
    station.soon(lambda: chosen(station) == reported, 5.0)
    station.host.go()
    station.advance(1.0)  # a key is pressed twice
    station.act("touch")
    station.host.come()
    station.soon(lambda: chosen(station)[3:] == ["fast"], 60.0)
    station.end_charge()
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    assert len(chosen(station)) == 4
    assert station.host.violations == []


@pytest.mark.req("DCS-4", "DCS-5")
def test_the_composite_schedule_is_what_limits_the_charge_that_a_person_has_made_fast(
    station: Station,
) -> None:
    assert install(station, profile((0, 10.0))) == "Accepted"
    own = profile((0, 20.0)) | {
        "chargingProfileId": 9,
        "chargingProfilePurpose": "ChargePointMaxProfile",
    }
    assert install(station, own, connector=0) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    assert composite_a(station) == 10.0
    station.act("touch")
    station.soon(lambda: offered_a(station) == 20.0, 60.0)
    assert composite_a(station) == 20.0
    station.act("touch")
    station.soon(lambda: offered_a(station) == 10.0, 60.0)
    assert composite_a(station) == 10.0


def composite_a(station: Station) -> float:
    """Return the limit at the begin of the composite schedule [A]."""
    answer = station.ask_box("GetCompositeSchedule", connectorId=1, duration=60)
    assert answer["status"] == "Accepted"
    return float(answer["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"])


def chosen(station: Station) -> list[str]:
    """Return the choices at the box as they were reported, in the charge that the service has."""
    (charge, *_) = station.host.charges.values()
    reported = station.host.named("DataTransfer")
    assert all(each["vendorId"] == "wallbox.charging" for each in reported)
    assert all(each["messageId"] == "mode" for each in reported)
    contents = [json.loads(each["data"]) for each in reported]
    assert {each["transactionId"] for each in contents} <= {charge.number}
    return [each["mode"] for each in contents]


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize(("phases", "limit_a"), [(3, 10.0), (1, 30.0)])
def test_a_limit_in_watts_is_converted_by_the_phases_of_the_vehicle(
    tmp_path: Path, phases: int, limit_a: float
) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false", f"plant.vehicle_phases={phases}")
    assert install(station, profile((0, 6900.0), unit="W")) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == limit_a, 30.0)
    station.advance(30.0)
    assert offered_a(station) == limit_a


@pytest.mark.req("DCS-4")
def test_the_limit_of_the_whole_box_counts_in_fast_mode_as_well(station: Station) -> None:
    content = profile((0, 13.0), chargingProfilePurpose="ChargePointMaxProfile")
    assert install(station, content, connector=0) == "Accepted"
    station.begin_charge()
    station.advance(WAIT_S + 30.0)
    assert (station.dcs["mode"], offered_a(station)) == ("fast", 13.0)


@pytest.mark.req("DCS-4")
def test_a_plan_goes_on_without_the_service_and_over_a_restart(station: Station) -> None:
    now = round(station.now_s - 1000.0)
    assert install(station, profile((0, 10.0), (now + 120, 14.0))) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    station.host.go()
    station.crash("dcs", dead_s=20.0)
    station.advance(10.0)
    assert offered_a(station) == 10.0
    station.soon(lambda: offered_a(station) == 14.0, 120.0)


@pytest.mark.req("DCS-4")
def test_a_clock_that_is_set_moves_the_plan(station: Station) -> None:
    assert install(station, profile((0, 10.0), (7200, 16.0))) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 5.0)
    station.host.ahead_s = 7200.0  # the service sets its clock ahead
    assert station.ask_box("TriggerMessage", requestedMessage="Heartbeat")["status"] == "Accepted"
    station.soon(lambda: offered_a(station) == 16.0, 30.0)


@pytest.mark.req("DCS-4")
def test_without_a_time_no_plan_is_in_force(tmp_path: Path) -> None:
    station = Station(tmp_path, "load_manager.monitoring=false")
    assert install(station, profile((0, 10.0))) == "Accepted"
    station.host.go()
    station.lose_power(100.0, is_utc_set=False)
    station.advance(10.0)
    assert not station.dcs["clock_set"]
    assert station.dcs["plan"] == []
    station.begin_charge()
    station.advance(WAIT_S + 30.0)
    assert offered_a(station) == 32.0
    station.host.ahead_s = 100_000.0  # of the box, whose clock is wrong by a day
    station.host.come()
    station.soon(lambda: offered_a(station) == 10.0, 600.0)
    assert station.dcs["clock_set"]


@pytest.mark.req("DCS-4", "DCS-8")
@pytest.mark.parametrize(
    ("purpose", "connector", "dead_a"),
    [
        pytest.param("TxDefaultProfile", 1, 6.0, id="a plan ends with the fallback"),
        pytest.param("ChargePointMaxProfile", 0, 0.0, id="a limit of the box is not raised"),
    ],
)
def test_a_pause_of_dcs_that_is_dead_for_good(
    station: Station, purpose: str, connector: int, dead_a: float
) -> None:
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 6.0, 5.0)
    content = profile((0, 0.0), chargingProfilePurpose=purpose)
    assert install(station, content, connector) == "Accepted"
    station.soon(lambda: offered_a(station) == 0.0, 5.0)
    station.advance(HOLD_S + REPEAT_S)
    assert offered_a(station) == 0.0  # it is said again
    station.kill("dcs")
    station.advance(HOLD_S - REPEAT_S - 1.0)
    assert offered_a(station) == 0.0
    station.advance(REPEAT_S + 30.0)
    assert offered_a(station) == dead_a
    station.start("dcs")
    station.soon(lambda: offered_a(station) == 0.0, 30.0)


@pytest.mark.req("CHG-4", "DCS-8")
def test_the_low_current_until_a_plan_ends_also_if_dcs_is_dead(station: Station) -> None:
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 6.0, 5.0)
    station.kill("dcs")
    station.advance(WAIT_S - 20.0)
    assert offered_a(station) == 6.0
    station.soon(lambda: offered_a(station) == 32.0, 60.0)

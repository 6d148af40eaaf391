"""What services of the field do against the rules, and what a box has to do all the same."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nodes.dcs.sampling import DAY_NS, until_aligned_s
from tests.box import NO_CARD
from tests.dcs.station import Station

pytestmark = pytest.mark.req("DCS-7")

S = 1_000_000_000


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path, "load_manager.monitoring=false")


def configure(station: Station, **values: str) -> None:
    for key, value in values.items():
        answer = station.ask_box("ChangeConfiguration", key=key, value=value)
        assert answer == {"status": "Accepted"}


def drive_in(station: Station) -> None:
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)


# --- transactions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["StartTransaction", "MeterValues", "StopTransaction"])
def test_a_message_at_which_the_service_ends_the_connection_blocks_no_others(
    station: Station, action: str
) -> None:
    host, poison = station.host, station.card_uid

    def cut(called: str, payload: dict[str, Any]) -> None:
        first = next(iter(host.charges.values()), None)
        number = None if first is None else first.number
        if called == action and (payload.get("idTag") == poison or number in payload.values()):
            host.cut()

    host.on_call = cut
    station.begin_charge(poison)
    station.advance(70.0)
    station.end_charge()
    host.tokens["OTHER"] = {"status": "Accepted"}
    station.advance(600.0)
    assert station.ask_box("RemoteStartTransaction", idTag="OTHER") == {"status": "Accepted"}
    drive_in(station)
    station.end_charge()
    station.soon(lambda: any(c.token == "OTHER" and c.stop for c in host.charges.values()), 300.0)
    assert station.dcs["unsent"] > 0  # it is not lost
    host.on_call = lambda called, payload: None
    station.soon(lambda: station.dcs["unsent"] == 0, 700.0)
    assert all(charge.stop is not None for charge in host.charges.values())


@pytest.mark.parametrize(
    "code", [pytest.param("NotImplemented", marks=pytest.mark.proof), "InternalError"]
)
def test_samples_that_the_service_refuses_do_not_hold_back_the_end(
    station: Station, code: str
) -> None:
    configure(station, MeterValueSampleInterval="5")
    station.host.fails = {"MeterValues": code}
    station.begin_charge()
    station.advance(300.0)
    station.end_charge()
    station.soon(lambda: station.host.named("StopTransaction") != [], 75.0)
    station.soon(lambda: station.dcs["unsent"] == 0, 5.0)


def test_samples_for_the_end_fit_in_one_frame(station: Station) -> None:
    every = "Current.Import,Power.Active.Import,Voltage,Power.Factor,Current.Offered,Power.Offered"
    configure(station, StopTxnSampledData=every, MeterValueSampleInterval="1",
              StopTxnAlignedData=every, ClockAlignedDataInterval="2",
              MeterValuesSampledData="", MeterValuesAlignedData="")  # fmt: skip
    frames: list[int] = []
    receive = station.host.receive

    def note(connection: Any, text: str) -> None:
        frames.append(len(text))
        receive(connection, text)

    station.host.receive = note  # type: ignore[method-assign]
    station.begin_charge()
    station.advance(200.0)
    station.end_charge()
    station.soon(lambda: station.host.named("StopTransaction") != [], 30.0)
    assert 2_000 < max(frames) < 40_000


@pytest.mark.parametrize("ahead_s", [7200.0, -7200.0])
def test_all_messages_of_a_transaction_have_the_time_of_the_service(
    station: Station, ahead_s: float
) -> None:
    """Some services say local time as if it was UTC."""
    station.host.ahead_s = ahead_s
    station.ask_box("TriggerMessage", requestedMessage="Heartbeat")
    station.advance(5.0)
    began_s = station.utc_ns / 1e9 + ahead_s
    station.begin_charge()
    station.advance(130.0)
    station.end_charge()
    station.soon(lambda: station.host.named("StopTransaction") != [], 30.0)
    (charge,) = station.host.charges.values()
    assert charge.stop is not None
    stamps = [charge.start, *(each["timestamp"] for each in charge.values)]
    stamps.append(charge.stop["timestamp"])
    assert len(stamps) == 4
    assert stamps == sorted(stamps)
    times = [datetime.fromisoformat(each).timestamp() - began_s for each in stamps]
    assert -5.0 <= times[0] <= 30.0
    assert times[-1] <= 180.0


# --- tokens ---------------------------------------------------------------------------------------


def test_the_case_of_a_token_does_not_count(station: Station) -> None:
    uid = station.card_uid
    assert uid.lower() != uid
    asked = {"idTag": uid.lower(), "connectorId": 1}
    assert station.ask_box("RemoteStartTransaction", **asked) == {"status": "Accepted"}
    drive_in(station)
    station.act("tap", {"uid": uid})
    station.soon(lambda: station.host.named("StopTransaction") != [], 30.0)
    (stop,) = station.host.named("StopTransaction")
    assert stop["reason"] == "Local"


def test_a_box_that_needs_no_card_is_not_reserved(tmp_path: Path) -> None:
    station = Station(tmp_path, authorization=NO_CARD)
    payload = {"connectorId": 1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": "A"}
    assert station.ask_box("ReserveNow", reservationId=1, **payload) == {"status": "Rejected"}


# --- reports --------------------------------------------------------------------------------------


def test_a_status_has_to_last_each_time(station: Station) -> None:
    station.advance(5.0)
    configure(station, MinimumStatusDuration="20")
    station.host.statuses[1].clear()
    for _ in range(4):  # each shorter than that
        station.act("plug")
        station.advance(10.0)
        station.act("unplug")
        station.advance(15.0)
    assert station.host.statuses[1] == []
    station.act("plug")
    station.advance(19.0)
    assert station.host.statuses[1] == []
    station.soon(lambda: station.host.statuses[1] == ["Preparing"], 5.0)


def test_a_report_is_promised_only_where_it_is_sent(station: Station) -> None:
    def trigger(**payload: Any) -> str:
        return str(station.ask_box("TriggerMessage", **payload)["status"])

    values = {"requestedMessage": "MeterValues"}
    assert trigger(**values, connectorId=0) == "Rejected"
    assert trigger(**values, connectorId=1) == "Accepted"
    assert trigger(**values) == "Accepted"
    configure(station, MeterValuesSampledData="")
    assert trigger(**values) == "Rejected"
    station.kill("session")
    station.advance(5.0)
    assert trigger(requestedMessage="StatusNotification") == "Rejected"


@pytest.mark.parametrize("interval", [-5, 0, 10**30, 10**400])
@pytest.mark.parametrize("registration", ["Pending", "Accepted"])
def test_an_absurd_interval_neither_floods_nor_ends_anything(
    tmp_path: Path, registration: str, interval: int
) -> None:
    station = Station(tmp_path, online=False)
    host = station.host
    host.registration, host.interval_s = registration, interval
    station.crash("dcs")
    station.soon(lambda: host.named("BootNotification") != [], 30.0)
    station.advance(2.0)
    host.calls.clear()
    station.advance(60.0)
    assert len(host.calls) <= 3
    host.registration, host.interval_s = "Accepted", 300
    station.ask_box("TriggerMessage", requestedMessage="BootNotification")
    station.soon(lambda: station.link == "Online", 5.0)


# --- instants of the clock ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at_s", "every_s", "next_s"),
    [
        (0, 900, 900),
        (1, 900, 900),
        (899.5, 900, 900),
        (899.9999, 900, 1800),  # the timer was early
        (900, 900, 1800),
        (86_399, 900, 86_400),
        (86_399.9999, 900, 87_300),
        # intervals that no day is a multiple of begin again at midnight
        (84_000, 7000, 86_400),
        (86_399, 7000, 86_400),
        (86_400, 7000, 93_400),
        (50_000, 50_000, 86_400),
        (0, 86_400, 86_400),
        (86_399.9999, 86_400, 172_800),
        (0.5, 1, 1),
    ],
)
def test_aligned_samples_begin_at_midnight_of_each_day(
    at_s: float, every_s: float, next_s: float
) -> None:
    for day in (0, 20_000):
        found_s = at_s + until_aligned_s(day * DAY_NS + round(at_s * 1e9), every_s)
        assert found_s == pytest.approx(next_s, abs=0.001)


def test_aligned_samples_follow_a_clock_that_is_set(station: Station) -> None:
    configure(station, ClockAlignedDataInterval="900", MeterValueSampleInterval="0")
    station.advance(60.0)
    station.host.ahead_s = 400.0
    station.ask_box("TriggerMessage", requestedMessage="Heartbeat")
    station.advance(1400.0)
    stamps = [
        value["timestamp"]
        for each in station.host.named("MeterValues")
        for value in each["meterValue"]
        if value["sampledValue"][0]["context"] == "Sample.Clock"
    ]
    assert stamps
    for stamp in stamps:
        minutes, seconds = int(stamp[14:16]), float(stamp[17:].rstrip("Z"))
        assert minutes % 15 == 0, stamps
        assert seconds < 3.0, stamps


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.req("DCS-4")
@pytest.mark.parametrize(("phases", "offered_a"), [(1, 13.0), (3, 0.0)])
def test_a_vehicle_of_one_phase_is_charged_by_a_limit_in_watts_for_one(
    tmp_path: Path, phases: int, offered_a: float
) -> None:
    """A limit that is too low for three phases, before the vehicle has shown that it uses one."""
    settings = ("load_manager.monitoring=false", f"plant.vehicle_phases={phases}")
    station = Station(tmp_path, *settings)
    period = {"startPeriod": 0, "limit": 2990.0, "numberPhases": 1}
    content = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [period]},
    }
    asked = {"connectorId": 1, "csChargingProfiles": content}
    assert station.ask_box("SetChargingProfile", **asked) == {"status": "Accepted"}
    station.begin_charge()
    station.advance(60.0)
    assert station.said("pilot/status")["offered_a"] == offered_a


# --- what does not take place ---------------------------------------------------------------------


def test_a_hard_reset_that_is_refused_leaves_no_reason_at_the_charge(station: Station) -> None:
    station.begin_charge()
    station.kill("system")
    assert station.ask_box("Reset", type="Hard") == {"status": "Accepted"}
    station.advance(30.0)
    station.start("system")
    station.end_charge()
    station.soon(lambda: station.host.named("StopTransaction") != [], 30.0)
    (stop,) = station.host.named("StopTransaction")
    assert stop["reason"] == "EVDisconnected"

"""The forty tricky cases of charge points, as far as they concern OCPP 1.6, through the whole box.

A case has its number in the name of its test. What OCPP 1.6 has but this box does not offer (38 and
39: firmware and logs) is answered so.
"""

import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from bus import Answer, Bus, Status
from msgs.dcs import CardDecision, CardVerdict, CheckCard
from msgs.method import Method
from msgs.methods import AUTHORIZE, CHECK_CARD
from msgs.session import Authorize
from nodes.dcs.outbox import MOST_QUEUED
from tests.box import AS_DELIVERED, Box
from tests.dcs.host import URL, Charge, Host
from tests.dcs.station import Station

pytestmark = pytest.mark.req("DCS-7")

REMOTE = "REMOTE0001"
START = "2026-01-01T00:00:00Z"  # of virtual time


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path, "load_manager.monitoring=false")


# --- what the cases have in common ----------------------------------------------------------------

READERS: WeakKeyDictionary[Station, Bus] = WeakKeyDictionary()


class Unregistered(Station):
    """A box whose service has not accepted it yet."""

    def __init__(self, state_dir: Path, registration: str, interval_s: int) -> None:
        self.host = Host(URL)
        self.host.registration, self.host.interval_s = registration, interval_s
        Box.__init__(
            self,
            state_dir,
            f"dcs.url={URL}",
            "load_manager.monitoring=false",
            authorization=AS_DELIVERED,
        )
        self.soon(lambda: self.host.calls != [], 30.0)


def configure(station: Station, key: str, value: str) -> str:
    return str(station.ask_box("ChangeConfiguration", key=key, value=value)["status"])


def value_of(station: Station, key: str) -> str:
    (found,) = station.ask_box("GetConfiguration", key=[key])["configurationKey"]
    return str(found["value"])


def rfid(station: Station) -> Bus:
    """Return the bus of a stand-in for rfid, which asks dcs and session."""
    if station not in READERS:
        station.kill("rfid")
        READERS[station] = station.join("rfid")
    return READERS[station]


def ask_as_rfid(station: Station, method: Method[Any, Any], arguments: Any) -> Answer[Any]:
    answers: list[Answer[Any]] = []
    rfid(station).request(method, arguments, answers.append)
    station.soon(lambda: answers != [], 20.0)
    return answers[0]


def decide(station: Station, token: str, *, is_taught: bool) -> CardDecision:
    arguments = CheckCard(token=token, is_taught=is_taught)
    answer = ask_as_rfid(station, CHECK_CARD, arguments)
    assert answer.status is Status.OK, answer
    assert isinstance(answer.result, CardDecision)
    return answer.result


def present(station: Station, token: str, *, is_taught: bool = False) -> bool:
    """Present a card: ask dcs, and session if dcs accepts it; return whether it had an effect."""
    decision = decide(station, token, is_taught=is_taught)
    if decision.verdict is not CardVerdict.ACCEPTED:
        return False
    return ask_as_rfid(station, AUTHORIZE, Authorize(token=decision.token)).status is Status.OK


def verdict(station: Station, token: str, *, is_taught: bool = False) -> str:
    """Return what dcs says of a card, which then goes away."""
    return str(decide(station, token, is_taught=is_taught).verdict)


def drive_in(station: Station) -> None:
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)


def charge_of(station: Station) -> Charge:
    """Return the newest transaction that the service has."""
    return list(station.host.charges.values())[-1]


def is_over(station: Station) -> bool:
    """Return whether the service has the end of the newest transaction."""
    return bool(station.host.charges) and charge_of(station).stop is not None


def reason(charge: Charge) -> str:
    assert charge.stop is not None
    return str(charge.stop.get("reason", "Local"))


def status(station: Station) -> str:
    return station.host.statuses[1][-1]


def offered_a(station: Station) -> float:
    return float(station.said("pilot/status")["offered_a"])


def actions(station: Station) -> list[str]:
    return [action for action, _ in station.host.calls]


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def profile(*periods: tuple[int, float], **changes: Any) -> dict[str, Any]:
    """Return a profile of each transaction; a period is (begin [s], limit [A])."""
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": at, "limit": limit} for at, limit in periods],
    }
    for key in ("startSchedule", "duration"):
        if key in changes:
            schedule[key] = changes.pop(key)
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    } | changes


def install(station: Station, content: dict[str, Any], connector: int = 1) -> str:
    answer = station.ask_box(
        "SetChargingProfile", connectorId=connector, csChargingProfiles=content
    )
    return str(answer["status"])


def now_of(station: Station, ahead_s: float = 0.0) -> str:
    """Return the time of the box, or one from now, as OCPP writes it."""
    now = time_of(START) + timedelta(seconds=station.utc_ns / 1e9 - time_of(START).timestamp())
    return (now + timedelta(seconds=ahead_s)).isoformat().replace("+00:00", "Z")


# --- registration and link ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval_s", "least_s"), [pytest.param(60, 60.0, marks=pytest.mark.proof), (0, 10.0)]
)
def test_case_01_a_rejected_box_waits_and_sends_nothing(
    tmp_path: Path, interval_s: int, least_s: float
) -> None:
    station = Unregistered(tmp_path, "Rejected", interval_s)
    host = station.host
    times: list[float] = []
    host.on_call = lambda action, payload: times.append(station.now_s)
    station.advance(600.0)
    assert set(actions(station)) == {"BootNotification"}
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert len(gaps) >= 3
    assert min(gaps[1:]) >= least_s
    assert host.violations == []


def test_case_02_a_pending_box_answers_and_does_not_act(tmp_path: Path) -> None:
    station = Unregistered(tmp_path, "Pending", 300)
    host = station.host
    assert value_of(station, "NumberOfConnectors") == "1"
    assert configure(station, "MeterValueSampleInterval", "30") == "Accepted"
    assert station.ask_box("RemoteStartTransaction", idTag=REMOTE) == {"status": "Rejected"}
    assert station.ask_box("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    assert not station.said("session/status")["released"]
    station.advance(30.0)
    assert actions(station) == ["BootNotification"]
    asked = station.ask_box("TriggerMessage", requestedMessage="BootNotification")
    assert asked == {"status": "Accepted"}
    station.soon(lambda: actions(station) == ["BootNotification"] * 2, 5.0)
    assert host.violations == []


def test_case_03_a_charge_before_the_box_is_accepted_is_sent_after_it(tmp_path: Path) -> None:
    station = Unregistered(tmp_path, "Pending", 60)
    host = station.host
    assert present(station, station.card_uid, is_taught=True)
    drive_in(station)
    station.advance(100.0)
    station.end_charge()
    assert host.charges == {}
    host.registration = "Accepted"
    station.soon(lambda: is_over(station), 120.0)
    sent = [each for each in actions(station) if "Transaction" in each or each == "MeterValues"]
    assert sent == ["StartTransaction", "MeterValues", "StopTransaction"]
    assert host.violations == []


@pytest.mark.parametrize("ahead_s", [-7200.0, 86_400.0])
def test_case_04_the_clock_follows_the_service_and_no_transaction_ends_before_it_begins(
    station: Station, ahead_s: float
) -> None:
    station.begin_charge()
    station.advance(30.0)
    station.host.ahead_s = ahead_s
    station.ask_box("TriggerMessage", requestedMessage="Heartbeat")
    station.advance(65.0)
    station.end_charge()
    station.soon(lambda: is_over(station), 30.0)
    charge = charge_of(station)
    assert charge.stop is not None
    assert time_of(charge.stop["timestamp"]) >= time_of(charge.start)
    assert station.host.violations == []
    station.advance(10.0)
    station.ask_box("TriggerMessage", requestedMessage="StatusNotification", connectorId=1)
    station.advance(5.0)
    stamp = station.host.named("StatusNotification")[-1]["timestamp"]
    expected = time_of(now_of(station, ahead_s))
    assert abs((time_of(stamp) - expected).total_seconds()) < 10.0


def test_case_05_a_dead_link_is_found_by_a_ping_and_no_message_is_lost(station: Station) -> None:
    station.begin_charge()
    assert configure(station, "WebSocketPingInterval", "20") == "Accepted"
    connection = station.host.connection
    assert connection is not None
    connection.is_dead = True
    station.end_charge()
    station.soon(lambda: station.link != "Online", 35.0)
    station.soon(lambda: station.link == "Online", 60.0)
    station.soon(lambda: is_over(station), 30.0)
    assert charge_of(station).stops == 1


def test_case_06_a_begin_is_sent_again_with_the_same_content(station: Station) -> None:
    host = station.host

    def lose(action: str, _: object) -> None:
        if action == "StartTransaction" and host.connections == 1:
            host.cut()

    host.on_call = lose
    station.begin_charge()
    station.soon(lambda: len(host.named("StartTransaction")) == 2, 60.0)
    first, second = host.named("StartTransaction")
    assert first == second
    assert len(host.charges) == 1


# --- transactions without the link ----------------------------------------------------------------


def charge_offline(station: Station) -> None:
    """Charge for five minutes while the service cannot be reached."""
    station.host.go()
    station.soon(lambda: station.link != "Online", 30.0)
    station.begin_charge()
    station.advance(300.0)
    station.end_charge()
    station.host.come()
    station.soon(lambda: station.link == "Online", 700.0)
    station.soon(lambda: is_over(station), 30.0)


def test_case_07_an_offline_transaction_is_sent_with_the_id_of_its_begin(station: Station) -> None:
    charge_offline(station)
    number = charge_of(station).number
    assert number > 0
    values = [each for each in station.host.named("MeterValues") if "transactionId" in each]
    assert {each["transactionId"] for each in values} == {number}
    (end,) = station.host.named("StopTransaction")
    assert end["transactionId"] == number


def test_case_08_begin_values_and_end_of_an_offline_transaction_come_in_order(
    station: Station,
) -> None:
    station.host.calls.clear()
    charge_offline(station)
    sent = [each for each in actions(station) if "Transaction" in each or each == "MeterValues"]
    assert sent[0] == "StartTransaction"
    assert set(sent[1:-1]) == {"MeterValues"}
    assert sent[-1] == "StopTransaction"
    assert reason(charge_of(station)) in ("Local", "EVDisconnected")
    assert station.host.violations == []


def test_case_09_a_loss_of_power_ends_a_transaction_once_at_its_time(station: Station) -> None:
    station.begin_charge()
    station.advance(120.0)
    lost_s = station.utc_ns / 1e9
    station.lose_power(5 * 3600.0)
    station.soon(lambda: is_over(station), 200.0)
    station.advance(120.0)
    charge = charge_of(station)
    assert charge.stop is not None
    assert (reason(charge), charge.stops) == ("PowerLoss", 1)
    assert time_of(charge.stop["timestamp"]).timestamp() - lost_s < 90.0
    register = [
        int(sampled["value"])
        for each in charge.values
        for sampled in each["sampledValue"]
        if sampled.get("measurand") == "Energy.Active.Import.Register"
    ]
    assert charge.stop["meterStop"] >= register[-1]


def test_case_10_an_end_that_is_refused_is_tried_and_dropped_and_the_next_is_sent(
    station: Station,
) -> None:
    assert configure(station, "TransactionMessageAttempts", "2") == "Accepted"
    assert configure(station, "TransactionMessageRetryInterval", "20") == "Accepted"
    host = station.host
    host.fails = {"StopTransaction": "InternalError"}
    times: list[float] = []

    def note(action: str, _: object) -> None:
        if action == "StopTransaction":
            times.append(station.now_s)

    host.on_call = note
    station.begin_charge()
    station.end_charge()
    station.advance(60.0)
    assert len(times) == 2
    assert times[1] - times[0] >= 20.0
    host.fails = {}
    station.begin_charge()
    station.end_charge()
    station.soon(lambda: is_over(station), 30.0)
    assert len(host.charges) == 2


def test_case_11_a_full_queue_drops_samples_and_neither_begin_nor_end(station: Station) -> None:
    assert configure(station, "MeterValueSampleInterval", "1") == "Accepted"
    station.host.go()
    station.soon(lambda: station.link != "Online", 30.0)
    station.begin_charge()
    station.advance(MOST_QUEUED + 10.0)
    station.end_charge()
    assert station.dcs["unsent"] <= MOST_QUEUED
    station.host.come()
    station.soon(lambda: station.link == "Online", 700.0)
    station.soon(lambda: is_over(station), 200.0)
    charge = charge_of(station)
    assert 100 <= len(charge.values) < MOST_QUEUED
    assert station.host.violations == []


# --- authorisation --------------------------------------------------------------------------------


@pytest.mark.parametrize("judgement", ["Invalid", "Blocked", "Expired", "ConcurrentTx"])
@pytest.mark.parametrize("stops", [True, False])
def test_case_12_a_begin_that_is_not_accepted_stops_or_pauses(
    station: Station, judgement: str, stops: bool
) -> None:
    assert configure(station, "StopTransactionOnInvalidId", str(stops).lower()) == "Accepted"
    station.host.on_call = lambda action, _: (
        station.host.tokens.update({station.card_uid: {"status": judgement}})
        if action == "StartTransaction"
        else None
    )
    station.act("tap", {"uid": station.card_uid})
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.host.charges != {}, 60.0)
    station.advance(60.0)
    assert station.contactor == "open"
    charge = charge_of(station)
    if stops:
        assert reason(charge) == "DeAuthorized"
    else:
        assert charge.stop is None
        assert status(station) == "SuspendedEVSE"
        assert offered_a(station) == 0.0
    station.end_charge()
    station.soon(lambda: is_over(station), 30.0)


def test_case_13_the_same_card_or_one_of_its_group_ends_the_charge(station: Station) -> None:
    station.host.tokens = {
        "AA": {"status": "Accepted", "parentIdTag": "P"},
        "BB": {"status": "Accepted", "parentIdTag": "P"},
        "CC": {"status": "Accepted", "parentIdTag": "Q"},
    }
    for ending in ("AA", "BB"):
        assert present(station, "AA")
        drive_in(station)
        station.soon(lambda: bool(station.host.charges) and charge_of(station).stop is None, 10.0)
        assert not present(station, "CC")
        assert station.session_id != ""
        assert present(station, ending)
        station.soon(lambda: is_over(station), 60.0)
        charge = charge_of(station)
        assert charge.stop is not None
        assert (reason(charge), charge.stop.get("idTag")) == ("Local", ending)
        station.end_charge()
        station.advance(5.0)


@pytest.mark.parametrize("failure", ["error", "silence"])
def test_case_14_a_question_without_an_answer_never_authorises_an_unknown_card(
    station: Station, failure: str
) -> None:
    if failure == "error":
        station.host.fails = {"Authorize": "InternalError"}
    else:
        station.host.mutes = {"Authorize"}
    assert verdict(station, "UNKNOWN") == "refused"
    assert verdict(station, station.card_uid, is_taught=True) == "accepted"  # as without the link


def send_list(station: Station, version: int, **tokens: str | None) -> str:
    entries = [
        {"idTag": token} | ({"idTagInfo": {"status": info}} if info else {})
        for token, info in tokens.items()
    ]
    answer = station.ask_box(
        "SendLocalList",
        listVersion=version,
        updateType="Full",
        localAuthorizationList=entries,
    )
    return str(answer["status"])


def test_case_15_a_card_that_the_list_blocks_is_refused(station: Station) -> None:
    assert send_list(station, 1, AA="Blocked", BB="Expired", CC="Accepted") == "Accepted"
    station.host.go()
    station.soon(lambda: station.link != "Online", 30.0)
    assert verdict(station, "AA", is_taught=True) == "refused"
    assert verdict(station, "BB") == "refused"
    assert verdict(station, "CC") == "accepted"


def test_case_16_a_listed_card_is_asked_about_unless_it_is_pre_authorised(
    station: Station,
) -> None:
    assert send_list(station, 1, AA="Accepted") == "Accepted"
    station.host.unknown = "Invalid"
    assert verdict(station, "AA") == "refused"
    assert station.host.named("Authorize") == [{"idTag": "AA"}]
    assert configure(station, "LocalPreAuthorize", "true") == "Accepted"
    assert present(station, "AA")
    assert len(station.host.named("Authorize")) == 1
    station.act("plug")
    station.act("ready")
    station.soon(lambda: len(station.host.charges) == 1, 60.0)
    station.soon(lambda: is_over(station), 60.0)  # the begin was not accepted
    assert reason(charge_of(station)) == "DeAuthorized"


@pytest.mark.parametrize("allows", [False, True])
def test_case_17_an_unknown_card_without_the_link(station: Station, allows: bool) -> None:
    assert configure(station, "AllowOfflineTxForUnknownId", str(allows).lower()) == "Accepted"
    station.host.go()
    station.soon(lambda: station.link != "Online", 30.0)
    assert verdict(station, "UNKNOWN") == ("accepted" if allows else "refused")


# --- remote start and stop ------------------------------------------------------------------------


def remote_start(station: Station, **payload: Any) -> str:
    answer = station.ask_box("RemoteStartTransaction", **({"idTag": REMOTE} | payload))
    return str(answer["status"])


def test_case_18_a_remote_start_without_a_vehicle_ends_by_itself(station: Station) -> None:
    assert configure(station, "ConnectionTimeOut", "20") == "Accepted"
    assert remote_start(station) == "Accepted"
    station.soon(lambda: status(station) == "Preparing", 5.0)
    begun_s = station.now_s
    station.soon(lambda: status(station) == "Available", 70.0)
    assert station.now_s - begun_s == pytest.approx(20.0, abs=3.0)
    assert station.host.charges == {}


@pytest.mark.parametrize("asks", [True, False])
def test_case_19_a_remote_start_is_authorised_only_if_the_key_says_so(
    station: Station, asks: bool
) -> None:
    assert configure(station, "AuthorizeRemoteTxRequests", str(asks).lower()) == "Accepted"
    station.host.calls.clear()
    station.host.unknown = "Invalid" if asks else "Accepted"
    assert remote_start(station) == "Accepted"
    station.advance(5.0)
    assert station.host.named("Authorize") == ([{"idTag": REMOTE}] if asks else [])
    assert station.said("session/status")["released"] is not asks


def test_case_20_a_remote_start_takes_only_a_profile_of_its_transaction(station: Station) -> None:
    own = profile((0, 8.0), chargingProfilePurpose="TxProfile")
    other = profile((0, 8.0))
    assert remote_start(station, chargingProfile=other) == "Rejected"
    assert remote_start(station, chargingProfile=own | {"transactionId": 5}) == "Rejected"
    assert remote_start(station, chargingProfile=own) == "Accepted"
    drive_in(station)
    station.soon(lambda: offered_a(station) == 8.0, 30.0)


def test_case_21_a_remote_start_is_rejected_where_it_cannot_act(station: Station) -> None:
    assert remote_start(station, connectorId=2) == "Rejected"
    assert remote_start(station, connectorId=0) == "Rejected"
    reserve(station, 1, token="AA")
    assert remote_start(station) == "Rejected"
    assert station.ask_box("CancelReservation", reservationId=1) == {"status": "Accepted"}
    station.ask_box("ChangeAvailability", connectorId=1, type="Inoperative")
    assert remote_start(station) == "Rejected"
    station.ask_box("ChangeAvailability", connectorId=1, type="Operative")
    assert remote_start(station) == "Accepted"  # without a connector: the only one
    drive_in(station)
    assert remote_start(station) == "Rejected"


def test_case_22_only_a_transaction_that_runs_is_stopped(station: Station) -> None:
    assert station.ask_box("RemoteStopTransaction", transactionId=1) == {"status": "Rejected"}
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    number = charge_of(station).number
    stop = {"transactionId": number + 1}
    assert station.ask_box("RemoteStopTransaction", **stop) == {"status": "Rejected"}
    stop = {"transactionId": number}
    assert station.ask_box("RemoteStopTransaction", **stop) == {"status": "Accepted"}
    station.soon(lambda: is_over(station), 30.0)
    assert reason(charge_of(station)) == "Remote"
    assert station.ask_box("RemoteStopTransaction", **stop) == {"status": "Rejected"}


# --- configuration, reports, availability, restart ------------------------------------------------


def test_case_23_known_and_unknown_keys(station: Station) -> None:
    found = station.ask_box("GetConfiguration", key=["numberofCONNECTORS", "Foo", "Bar"])
    assert [each["key"] for each in found["configurationKey"]] == ["NumberOfConnectors"]
    assert found["unknownKey"] == ["Foo", "Bar"]
    found = station.ask_box("GetConfiguration", key=[])
    assert len(found["configurationKey"]) > 30
    assert not found.get("unknownKey")
    assert found == station.ask_box("GetConfiguration")
    assert configure(station, "Foo", "1") == "NotSupported"
    assert configure(station, "NumberOfConnectors", "2") == "Rejected"
    assert configure(station, "meterVALUEsampleINTERVAL", "45") == "Accepted"
    assert value_of(station, "MeterValueSampleInterval") == "45"
    station.crash("dcs")
    station.advance(5.0)
    station.soon(lambda: station.link == "Online", 60.0)
    assert value_of(station, "MeterValueSampleInterval") == "45"


def test_case_24_an_interval_that_is_none_is_rejected_and_0_switches_off(station: Station) -> None:
    key = "MeterValueSampleInterval"
    for wrong in ("-1", "five", "1.5", ""):
        assert configure(station, key, wrong) == "Rejected"
        assert value_of(station, key) == "60"
    assert configure(station, key, "0") == "Accepted"
    station.begin_charge()
    station.advance(300.0)
    assert charge_of(station).values == []
    assert configure(station, key, "30") == "Accepted"
    station.advance(65.0)
    assert len(charge_of(station).values) == 2


def test_case_25_the_answer_to_a_trigger_comes_before_the_message(station: Station) -> None:
    station.advance(5.0)
    order: list[str] = []
    station.host.on_call = lambda action, _: order.append(action)
    answer = station.host.ask("TriggerMessage", requestedMessage="Heartbeat")
    station.soon(lambda: order != [] or answer.payload is not None, 5.0)
    assert (order, answer.payload) == ([], {"status": "Accepted"})
    station.soon(lambda: order == ["Heartbeat"], 5.0)
    # Also while the answer before waits for the disk.
    order.clear()
    station.host.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="50")
    answer = station.host.ask("TriggerMessage", requestedMessage="Heartbeat")
    station.soon(lambda: order != [] or answer.payload is not None, 5.0)
    assert (order, answer.payload) == ([], {"status": "Accepted"})
    station.soon(lambda: order == ["Heartbeat"], 5.0)
    wrong = station.ask_box("TriggerMessage", requestedMessage="StatusNotification", connectorId=9)
    assert wrong == {"status": "Rejected"}
    for message, sent in (
        ("FirmwareStatusNotification", {"status": "Idle"}),
        ("DiagnosticsStatusNotification", {"status": "Idle"}),
    ):
        station.ask_box("TriggerMessage", requestedMessage=message)
        station.soon(lambda m=message, s=sent: station.host.named(m) == [s], 5.0)  # type: ignore[misc]


def test_case_26_availability_waits_for_the_end_of_a_charge(station: Station) -> None:
    def change(connector: int, kind: str) -> str:
        answer = station.ask_box("ChangeAvailability", connectorId=connector, type=kind)
        return str(answer["status"])

    assert change(1, "Operative") == "Accepted"  # it is already
    station.begin_charge()
    assert change(0, "Inoperative") == "Scheduled"
    assert station.state == "Charging"
    station.end_charge()
    station.soon(lambda: status(station) == "Unavailable", 10.0)
    assert change(0, "Inoperative") == "Accepted"
    station.restart_all()
    station.soon(lambda: station.link == "Online", 60.0)
    station.soon(lambda: status(station) == "Unavailable", 10.0)
    assert change(0, "Operative") == "Accepted"
    station.soon(lambda: status(station) == "Available", 10.0)


@pytest.mark.parametrize(("kind", "why"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
def test_case_27_a_reset_ends_the_transaction_once(station: Station, kind: str, why: str) -> None:
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    assert station.ask_box("Reset", type=kind) == {"status": "Accepted"}
    station.soon(lambda: station._graph.restart_wanted is not None, 120.0)
    if kind == "Soft":
        assert charge_of(station).stop is not None  # sent before the restart
    assert station.restart_if_asked()
    station.soon(lambda: station.link == "Online", 60.0)
    station.soon(lambda: is_over(station), 30.0)
    station.advance(120.0)
    charge = charge_of(station)
    assert (reason(charge), charge.stops) == (why, 1)


# --- reservation and list -------------------------------------------------------------------------


def reserve(station: Station, number: int, token: str = "AA", **changes: Any) -> str:
    payload = {
        "connectorId": 1,
        "expiryDate": now_of(station, 600.0),
        "idTag": token,
        "reservationId": number,
    }
    return str(station.ask_box("ReserveNow", **(payload | changes))["status"])


def test_case_28_a_reservation_expires_is_replaced_cancelled_and_used(station: Station) -> None:
    assert reserve(station, 1, expiryDate=now_of(station, 60.0)) == "Accepted"
    station.soon(lambda: status(station) == "Reserved", 5.0)
    station.soon(lambda: status(station) == "Available", 65.0)
    assert reserve(station, 2) == "Accepted"
    assert reserve(station, 2, token="BB") == "Accepted"
    assert reserve(station, 3) == "Occupied"
    assert station.ask_box("CancelReservation", reservationId=3) == {"status": "Rejected"}
    assert present(station, "BB")
    station.soon(lambda: status(station) == "Preparing", 5.0)
    drive_in(station)
    station.soon(lambda: station.host.charges != {}, 10.0)
    (begin,) = station.host.named("StartTransaction")
    assert begin["reservationId"] == 2
    station.end_charge()
    station.advance(5.0)
    assert status(station) == "Available"


def test_case_29_a_reserved_connector_admits_the_card_and_its_group(station: Station) -> None:
    station.host.tokens = {
        "AA": {"status": "Accepted", "parentIdTag": "P"},
        "BB": {"status": "Accepted", "parentIdTag": "P"},
        "CC": {"status": "Accepted", "parentIdTag": "Q"},
    }
    assert reserve(station, 1, parentIdTag="P") == "Accepted"
    assert verdict(station, "CC") == "refused"
    assert verdict(station, "DD") == "refused"
    assert present(station, "BB")
    drive_in(station)
    station.soon(lambda: station.host.charges != {}, 10.0)
    (begin,) = station.host.named("StartTransaction")
    assert (begin["idTag"], begin["reservationId"]) == ("BB", 1)


def test_case_30_the_list_has_versions_and_refuses_what_is_wrong(station: Station) -> None:
    def version() -> int:
        return int(station.ask_box("GetLocalListVersion")["listVersion"])

    def change(number: int, *entries: dict[str, Any]) -> str:
        answer = station.ask_box(
            "SendLocalList",
            listVersion=number,
            updateType="Differential",
            localAuthorizationList=list(entries),
        )
        return str(answer["status"])

    accepted = {"idTagInfo": {"status": "Accepted"}}
    assert version() == 0
    assert send_list(station, 5, AA="Accepted", BB="Blocked") == "Accepted"
    assert version() == 5
    assert change(5, {"idTag": "CC"} | accepted) == "VersionMismatch"
    assert change(6, {"idTag": "CC"} | accepted, {"idTag": "CC"} | accepted) == "Failed"
    assert version() == 5
    assert change(6, {"idTag": "AA"}) == "Accepted"
    assert version() == 6
    assert send_list(station, 9) == "Accepted"
    assert version() == 0
    assert configure(station, "LocalAuthListEnabled", "false") == "Accepted"
    assert version() == -1
    assert send_list(station, 10, AA="Accepted") == "NotSupported"


# --- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Dance", {}, "NotImplemented"),
        ("GetDiagnostics", {"location": "ftp://a/b"}, "NotSupported"),
        ("Reset", {"type": 5}, "TypeConstraintViolation"),
        ("Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("Reset", {"type": "Soft", "more": 1}, "FormationViolation"),
        ("ChangeConfiguration", {"key": "k" * 51, "value": "1"}, "PropertyConstraintViolation"),
        ("Reset", [], "FormationViolation"),
    ],
)
def test_case_31_a_wrong_call_is_answered_with_the_right_code(
    station: Station, action: str, payload: Any, code: str
) -> None:
    answer = station.send_box(action, payload)
    codes = {code, {"FormationViolation": "OccurenceConstraintViolation"}.get(code, code)}
    assert answer.error in codes, answer
    connections = station.host.connections
    station.advance(5.0)
    assert station.link == "Online"
    assert station.host.connections == connections


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        "[]",
        "[2]",
        "{}",
        "5",
        "null",
        '[7,"x"]',
        '[3,"no such id",{}]',
        '[4,"no such id","InternalError","",{}]',
        '[2,5,"Reset",{"type":"Soft"}]',
        "[" * 3000,
    ],
)
def test_case_32_a_frame_that_is_no_message_is_ignored(station: Station, text: str) -> None:
    connection = station.host.connection
    assert connection is not None
    station.begin_charge()
    sent: list[str] = []
    receive = station.host.receive

    def note(of: Any, frame: str) -> None:
        if json.loads(frame)[0] != 2:
            sent.append(frame)
        else:
            receive(of, frame)

    station.host.receive = note  # type: ignore[assignment]
    connection.send(text)
    station.advance(5.0)
    assert sent == []
    assert (station.link, station.state) == ("Online", "Charging")


# --- charging profiles ----------------------------------------------------------------------------


def test_case_33_a_profile_of_a_transaction_needs_the_right_one(station: Station) -> None:
    own = profile((0, 8.0), chargingProfilePurpose="TxProfile")
    assert install(station, own) == "Rejected"
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    number = charge_of(station).number
    assert install(station, own | {"transactionId": number + 1}) == "Rejected"
    assert install(station, own | {"transactionId": number}, connector=0) == "Rejected"
    assert install(station, own | {"transactionId": number}) == "Accepted"
    station.soon(lambda: offered_a(station) == 8.0, 30.0)


def test_case_34_an_absolute_profile_that_began_in_the_past_is_in_force(station: Station) -> None:
    absolute = {"chargingProfileKind": "Absolute"}
    past = profile((0, 8.0), (3600, 12.0), startSchedule=now_of(station, -3630.0), **absolute)
    assert install(station, past) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 12.0, 30.0)


def test_case_34_b_an_absolute_profile_without_a_begin_counts_from_that_of_the_charge(
    station: Station,
) -> None:
    absolute = {"chargingProfileKind": "Absolute"}
    assert install(station, profile((0, 8.0), (60, 12.0), **absolute)) == "Accepted"
    cap = {"chargingProfilePurpose": "ChargePointMaxProfile", "chargingProfileId": 2} | absolute
    assert install(station, profile((0, 10.0), **cap), connector=0) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 8.0, 5.0)
    station.soon(lambda: offered_a(station) == 10.0, 60.0)


def test_case_35_a_relative_profile_counts_from_the_begin_of_the_transaction(
    station: Station,
) -> None:
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    begun_s = time_of(charge_of(station).start).timestamp()
    station.advance(120.0)
    own = profile((0, 8.0), (180, 12.0), chargingProfilePurpose="TxProfile")
    assert install(station, own) == "Accepted"
    station.soon(lambda: offered_a(station) == 8.0, 30.0)
    station.soon(lambda: offered_a(station) == 12.0, 120.0)
    assert station.utc_ns / 1e9 - begun_s == pytest.approx(180.0, abs=3.0)


def test_case_36_a_daily_profile_of_yesterday_still_applies(station: Station) -> None:
    daily = profile(
        (0, 8.0),
        (3600, 10.0),
        chargingProfileKind="Recurring",
        recurrencyKind="Daily",
        startSchedule=now_of(station, 7200.0),  # today's occurrence is still to come
    )
    assert install(station, daily) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 30.0)


def test_case_37_a_profile_is_cleared_by_its_id_within_seconds(station: Station) -> None:
    assert install(station, profile((0, 8.0))) == "Accepted"
    assert install(station, profile((0, 10.0), chargingProfileId=2, stackLevel=1)) == "Accepted"
    station.begin_charge()
    station.soon(lambda: offered_a(station) == 10.0, 30.0)

    def clear(**which: Any) -> str:
        return str(station.ask_box("ClearChargingProfile", **which)["status"])

    assert clear(id=9) == "Unknown"
    assert clear(id=2, stackLevel=0, connectorId=0) == "Accepted"  # the id counts alone
    station.soon(lambda: offered_a(station) == 8.0, 5.0)
    assert clear(chargingProfilePurpose="TxProfile") == "Unknown"
    assert clear() == "Accepted"
    station.soon(lambda: offered_a(station) == 32.0, 90.0)  # when no plan is awaited any more


# --- what this box does not offer, and floods -----------------------------------------------------


def test_case_38_an_update_of_the_firmware_is_not_accepted(station: Station) -> None:
    payload = {"location": "http://a/b", "retrieveDate": now_of(station, 60.0)}
    assert station.send_box("UpdateFirmware", payload).error == "NotSupported"
    station.advance(120.0)
    assert station.host.named("FirmwareStatusNotification") == []


def test_case_39_logs_are_not_uploaded_and_no_secret_is_shown(station: Station) -> None:
    assert station.send_box("GetDiagnostics", {"location": "ftp://a/b"}).error == "NotSupported"
    secret = "00112233445566778899AABBCCDDEEFF"
    assert configure(station, "AuthorizationKey", secret) == "Accepted"
    station.soon(lambda: station.host.connections == 2 and station.link == "Online", 60.0)
    assert station.host.password == bytes.fromhex(secret)
    shown = station.ask_box("GetConfiguration")
    (row,) = (each for each in shown["configurationKey"] if each["key"] == "AuthorizationKey")
    assert not row.get("value")
    assert not any(secret.lower() in line.lower() for line in station.lines)


def test_case_40_an_unplugged_vehicle_ends_the_transaction_and_a_flood_changes_nothing(
    station: Station,
) -> None:
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    host = station.host
    answers = [host.send("GetConfiguration", {"key": ["Foo"]}) for _ in range(300)]
    answers += [host.send("DataTransfer", {"vendorId": "x", "data": "y" * 60_000})]
    station.advance(20.0)
    assert station.state == "Charging"
    assert all(each.payload is not None or each.error is not None for each in answers)
    station.end_charge()
    station.soon(lambda: is_over(station), 30.0)
    assert reason(charge_of(station)) == "EVDisconnected"
    station.soon(lambda: status(station) == "Available", 10.0)


@pytest.mark.parametrize("length", [70_000, 1_000_000])
def test_case_40_b_a_frame_of_a_megabyte_is_answered_with_an_error_and_changes_nothing(
    station: Station, length: int
) -> None:
    station.begin_charge()
    station.soon(lambda: station.host.charges != {}, 10.0)
    before = station.host.connections
    for _ in range(20):
        answer = station.send_box("DataTransfer", {"vendorId": "x", "data": "y" * length})
        assert (answer.payload, answer.error) == (None, "GenericError")
    assert station.host.connections == before
    assert (station.link, station.state) == ("Online", "Charging")
    assert not any("yyyy" in line for line in station.lines)
    station.end_charge()
    station.soon(lambda: is_over(station), 60.0)


def test_no_text_of_the_service_begins_a_line_of_the_log(station: Station) -> None:
    text = "\x1b[2J\nsafety: all is well"
    station.send_box("DataTransfer", {"vendorId": "x", text: 1})
    station.send_box(text, {})
    station.host.fails = {"Heartbeat": text}
    station.ask_box("TriggerMessage", requestedMessage="Heartbeat")
    station.advance(5.0)
    assert sum("all is well" in line for line in station.lines) >= 2
    assert all(line.isprintable() for line in station.lines)

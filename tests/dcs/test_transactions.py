"""No transaction is lost, and none is there twice, whatever is interrupted."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from msgs.topics import DCS_STATUS
from nodes.dcs.kept import Queued
from nodes.dcs.link_sim import SimConnection
from tests.box import NO_CARD
from tests.dcs.host import Charge, registers
from tests.dcs.station import Station
from tests.refusing_disk import Disk, Refuses


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def check(station: Station) -> list[Charge]:
    """Compare what the service has with the sessions of the box; return the transactions."""
    station.soon(lambda: is_complete(station), 900.0)
    charges = list(station.host.charges.values())
    for charge, record in zip(charges, reversed(station.sessions()), strict=True):
        begun_wh = round(record.start_energy_wh)
        assert charge.meter_start >= begun_wh  # less: the register has lost its last minute
        if charge.stop is not None:
            ended_wh = round(record.start_energy_wh + record.energy_wh)
            ended_wh = max(charge.meter_start + ended_wh - begun_wh, *registers(charge), 0)
            assert charge.stop["meterStop"] == ended_wh
    assert station.host.violations == []
    return charges


def is_complete(station: Station) -> bool:
    """Return whether the service has begin and end of each session."""
    records = station.sessions()
    ended = [each for each in station.host.charges.values() if each.stop is not None]
    all_ended = [each for each in records if each.ended_utc_ns]
    return len(station.host.charges) == len(records) and len(ended) == len(all_ended)


def lose_sessions(state_dir: Path) -> None:
    """Delete the store of the sessions and their signs."""
    for path in state_dir.glob("session*"):
        path.unlink()


def reason(charge: Charge) -> Any:
    assert charge.stop is not None
    return charge.stop["reason"]


@pytest.mark.req("DCS-7")
def test_a_charge_without_the_link_is_sent_when_it_is_back(station: Station) -> None:
    station.host.go()
    station.soon(lambda: station.link == "Unreachable")
    station.begin_charge()
    station.advance(300.0)
    station.end_charge()
    began = station.sessions()[0].started_utc_ns
    station.advance(600.0)
    station.host.come()
    station.soon(lambda: station.link == "Online", 700.0)
    (charge,) = check(station)
    assert charge.start == "2026-01-01T00:00:02.337Z" or began
    assert (charge.starts, charge.stops) == (1, 1)
    assert len(charge.values) == 5  # each with its own time
    times = [each["timestamp"] for each in charge.values]
    assert times == sorted(times)
    assert charge.stop is not None
    assert times[-1] < charge.stop["timestamp"]


@pytest.mark.req("DCS-7")
def test_a_begin_whose_answer_is_lost_is_sent_again_as_it_was(station: Station) -> None:
    def cut(action: str, _: object) -> None:
        if action == "StartTransaction" and station.host.connections == 1:
            station.host.cut()

    station.host.on_call = cut
    station.begin_charge()
    station.advance(60.0)
    station.end_charge()
    (charge,) = check(station)
    assert charge.starts == 2


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("dead_s", [0.0, 60.0])
def test_dcs_that_is_killed_in_a_charge_loses_no_end(station: Station, dead_s: float) -> None:
    station.begin_charge()
    station.advance(30.0)
    station.kill("dcs")
    station.end_charge()
    station.advance(max(dead_s, DCS_STATUS.hold_s))  # rfid asks dcs about a card until then
    station.begin_charge()
    station.end_charge()
    station.advance(10.0)
    station.start("dcs")
    station.soon(lambda: station.link == "Online")
    assert [reason(each) for each in check(station)] == ["EVDisconnected"] * 2


@pytest.mark.req("DCS-7")
def test_a_power_cut_ends_the_transaction_once(station: Station) -> None:
    station.begin_charge()
    station.advance(60.0)
    station.lose_power(5 * 3600.0)  # too long for the session to go on
    station.soon(lambda: station.sessions()[0].ended_utc_ns > 0, 120.0)
    (charge,) = check(station)
    assert reason(charge) == "PowerLoss"
    assert (charge.starts, charge.stops) == (1, 1)


@pytest.mark.req("DCS-7")
def test_a_charge_that_goes_on_after_a_power_cut_stays_one_transaction(station: Station) -> None:
    station.begin_charge()
    station.advance(60.0)
    station.lose_power(600.0)
    station.soon(lambda: station.state == "Charging", 120.0)
    station.advance(60.0)
    station.end_charge()
    station.soon(lambda: station.link == "Online", 60.0)
    (charge,) = check(station)
    assert reason(charge) == "EVDisconnected"
    assert (charge.starts, charge.stops) == (1, 1)


@pytest.mark.req("DCS-7")
def test_a_message_that_the_service_refuses_does_not_block_the_others(station: Station) -> None:
    station.host.fails = {"StopTransaction": "InternalError"}
    station.begin_charge()
    station.end_charge()
    station.advance(200.0)  # three attempts
    assert station.dcs["unsent"] == 0
    sent = station.host.named("StopTransaction")
    assert len(sent) == 3
    assert all(each == sent[0] for each in sent)
    station.host.fails = {}
    station.begin_charge()
    station.end_charge()
    station.advance(10.0)
    assert [each.stop is None for each in station.host.charges.values()] == [True, False]


@pytest.mark.req("DCS-7")
def test_a_message_that_is_not_answered_is_not_lost(station: Station) -> None:
    station.host.mutes = {"StartTransaction"}
    station.begin_charge()
    station.end_charge()
    station.advance(600.0)
    assert station.dcs["unsent"] == 2
    station.host.mutes = set()
    (charge,) = check(station)
    assert charge.stops == 1


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("stops", [True, False])
def test_a_card_that_the_service_does_not_accept_gets_no_more_energy(
    station: Station, stops: bool
) -> None:
    if not stops:
        changed = station.ask_box(
            "ChangeConfiguration", key="StopTransactionOnInvalidId", value="false"
        )
        assert changed == {"status": "Accepted"}
    station.host.on_call = lambda action, _: block_at_start(station, action)
    station.act("tap", {"uid": station.card_uid})
    station.act("plug")
    station.act("ready")
    station.advance(60.0)
    assert station.contactor == "open"
    (charge,) = station.host.charges.values()
    if stops:
        assert reason(charge) == "DeAuthorized"
    else:
        assert charge.stop is None
        assert station.host.statuses[1][-1] == "SuspendedEVSE"
    station.end_charge()
    check(station)


def block_at_start(station: Station, action: str) -> None:
    """Accept the card when it is presented, and no more when the transaction begins."""
    if action == "StartTransaction":
        station.host.unknown = "Blocked"


@pytest.mark.req("DCS-7")
def test_a_box_whose_clock_is_not_set_corrects_the_times(station: Station) -> None:
    station.host.go()
    station.lose_power(100.0, is_utc_set=False)  # its clock is wrong by a day
    station.begin_charge()
    began_s = station.now_s
    station.advance(300.0)
    station.end_charge()
    station.host.come()
    station.host.ahead_s = 86_400.0
    station.soon(lambda: station.link == "Online", 700.0)
    station.advance(10.0)
    (charge,) = station.host.charges.values()
    assert charge.stop is not None
    assert charge.start.startswith("2026-01-01T00:01"), (charge.start, began_s)
    assert charge.stop["timestamp"].startswith("2026-01-01T00:0")
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_a_transaction_whose_session_is_lost_ends_all_the_same(
    station: Station, tmp_path: Path
) -> None:
    station.begin_charge()
    station.advance(130.0)
    station.lose_power(20_000.0, lambda: lose_sessions(tmp_path))
    station.act("unplug")
    station.soon(lambda: station.link == "Online", 60.0)
    (charge,) = station.host.charges.values()
    station.soon(lambda: charge.stop is not None, 60.0)
    assert reason(charge) == "Other"
    assert charge.stop is not None
    assert charge.stop["meterStop"] >= registers(charge)[-1] > 0
    station.soon(lambda: station.host.statuses[1][-1] == "Available", 10.0)
    assert station.host.violations == []


@pytest.mark.req("DCS-7")
def test_a_transaction_whose_session_and_meter_are_lost_ends_all_the_same(
    station: Station, tmp_path: Path
) -> None:
    station.begin_charge()
    station.advance(30.0)
    station.lose_power(20_000.0, lambda: lose_sessions(tmp_path), absent=["meter"])
    station.act("unplug")
    station.soon(lambda: station.link == "Online", 60.0)
    (charge,) = station.host.charges.values()
    station.soon(lambda: charge.stop is not None, 120.0)
    assert reason(charge) == "Other"


@pytest.mark.req("DCS-7")
def test_the_end_has_the_energy_though_the_register_has_lost_its_last_minute(
    station: Station,
) -> None:
    station.begin_charge()
    station.advance(50.0)
    station.end_charge()
    station.advance(5.0)
    station.begin_charge()
    station.advance(40.0)
    station.lose_power(10.0, meanwhile=lambda: station.restart("plant"))
    station.soon(lambda: bool(station.sessions()[0].ended_utc_ns), 120.0)
    _, charge = check(station)
    assert charge.stop is not None
    assert charge.meter_start > 0


@pytest.mark.req("DCS-7")
def test_a_damaged_database_loses_no_transaction(station: Station, tmp_path: Path) -> None:
    station.begin_charge()
    station.end_charge()  # the service has all of it
    station.advance(5.0)
    station.begin_charge()
    station.soon(lambda: len(station.host.charges) == 2)  # of this one its begin
    station.host.go()
    station.end_charge()
    station.begin_charge()
    station.end_charge()  # of this one nothing
    station.begin_charge()  # this one runs
    station.advance(5.0)
    station.kill("dcs")
    for name in ("dcs.sqlite", "dcs.sqlite-wal"):
        (tmp_path / name).write_bytes(b"damaged" * 1000)
    station.host.come()
    station.start("dcs")
    station.soon(lambda: station.link == "Online")
    station.crash("dcs")  # what was restored is in the new database
    station.end_charge()
    charges = check(station)
    assert [(charge.starts, charge.stops) for charge in charges] == [(1, 1)] * 4


@pytest.mark.req("DCS-7")
def test_a_begin_whose_time_is_corrected_is_stored_before_it_is_sent(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that is killed just then sends it again: with another time it would be another one."""
    stored_ms: list[set[int]] = []  # the times of the messages on the disk, at each begin

    def put(connection: SimConnection, text: str) -> None:
        if "StartTransaction" in text:
            with closing(sqlite3.connect(tmp_path / "dcs.sqlite")) as database:
                rows = database.execute("SELECT content FROM entries WHERE kind = 'message'")
                messages = [msgspec.json.decode(content, type=Queued) for (content,) in rows]
            stored_ms.append({each.asked.utc_ns // 1_000_000 for each in messages})
        carried(connection, text)

    carried = SimConnection.put
    monkeypatch.setattr(SimConnection, "put", put)
    station.host.go()
    station.lose_power(100.0, is_utc_set=False)
    station.begin_charge()
    station.host.ahead_s = 100_000.0  # of the box
    station.host.come()
    station.soon(lambda: bool(station.host.charges), 600.0)
    (charge,) = station.host.charges.values()
    assert round(datetime.fromisoformat(charge.start).timestamp() * 1e3) in stored_ms[0]


@pytest.mark.req("DCS-7")
def test_a_charge_that_the_disk_has_refused_is_reported_once_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_dir = tmp_path / "state"
    disk = Disk(monkeypatch, state_dir)
    station = Station(state_dir, authorization=NO_CARD)
    disk.refuses = Refuses.SESSIONS
    station.act("plug")
    station.act("ready")
    station.soon(lambda: station.state == "Charging", 60.0)
    station.advance(10.0)
    station.end_charge()
    station.advance(60.0)
    assert station.host.charges == {}
    disk.refuses = Refuses.NOTHING
    station.soon(lambda: bool(station.host.charges))
    (charge,) = check(station)
    assert (charge.token, charge.starts, charge.stops) == ("NOCARD", 1, 1)

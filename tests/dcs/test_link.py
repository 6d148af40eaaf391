"""The link: states, attempts, a dead one, the registration, and the time."""

from itertools import pairwise
from pathlib import Path

import pytest

from nodes.dcs.link import CloseReason
from tests.dcs.station import Station

NO_METER = {"monitoring.enabled": False, "house_meter.enabled": False}


@pytest.mark.req("DCS-1", "DCS-8")
def test_the_words_and_lights_of_the_link(tmp_path: Path) -> None:
    station = Station(tmp_path, online=False)
    station.host.go()
    station.crash("dcs")
    station.soon(lambda: station.link == "Unreachable")
    station.soon(lambda: station.light("network") == "orange steady", 60.0)
    station.host.mutes = {"BootNotification"}
    station.host.come()
    station.soon(lambda: station.light("network") == "green blink", 60.0)
    assert station.link == "Reachable"
    station.host.mutes = set()
    station.soon(lambda: station.light("network") == "green steady", 200.0)
    assert station.link == "Online"


@pytest.mark.req("DCS-8")
def test_without_a_service_the_node_is_silent(tmp_path: Path) -> None:
    from tests.box import AS_DELIVERED, Box

    box = Box(tmp_path, authorization=AS_DELIVERED)
    box.advance(10.0)
    assert "dcs/status" not in box._said
    assert box.light("network") == "off"
    box.ask("system", "set", {"changes": {"dcs.url": "ws://nobody.test", "dcs.enabled": True}})
    box.advance(5.0)
    assert box.said("dcs/status")["link"] == "Unreachable"
    box.ask("system", "set", {"changes": {"operating_mode": "fleet", **NO_METER}})
    box.advance(5.0)
    assert box.light("network") == "off"


@pytest.mark.req("DCS-1")
def test_attempts_are_rare_and_never_two_boxes_at_once(tmp_path: Path) -> None:
    station = Station(tmp_path, online=False)
    times: list[float] = []

    def refuse(*_: object) -> CloseReason:
        times.append(station.now_s)
        return CloseReason.UNREACHABLE

    station.host.accept = refuse  # type: ignore[method-assign, assignment]
    station.host.cut()
    station.advance(2400.0)
    gaps = [after - before for before, after in pairwise(times)]
    assert 10.0 <= gaps[0] <= 20.5  # the second failure in a row
    assert all(gap <= 601.0 for gap in gaps)
    assert min(gaps[5:]) >= 300.0
    assert len({round(gap / 10.0) for gap in gaps[5:]}) > 1  # by chance


@pytest.mark.req("DCS-1")
def test_a_link_that_is_up_but_dead_is_found(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.advance(10.0)
    connection = station.host.connection
    assert connection is not None
    connection.is_dead = True
    station.soon(lambda: station.link == "Unreachable", 75.0)
    station.soon(lambda: station.link == "Online", 30.0)
    assert station.host.connections == 2


@pytest.mark.req("DCS-1")
def test_a_box_that_is_rejected_waits_and_answers_nothing(tmp_path: Path) -> None:
    station = Station(tmp_path, online=False)
    host = station.host
    host.registration, host.interval_s = "Rejected", 60
    host.cut()
    station.crash("dcs")
    station.soon(lambda: len(host.named("BootNotification")) >= 2, 60.0)
    answer = host.send("GetConfiguration", {})
    station.advance(30.0)
    assert (answer.payload, answer.error) == (None, None)
    before = len(host.named("BootNotification"))
    station.advance(120.0)
    assert len(host.named("BootNotification")) == before + 2
    host.registration = "Accepted"
    station.soon(lambda: station.link == "Online", 70.0)


@pytest.mark.req("DCS-1")
def test_a_box_that_is_pending_answers_and_does_not_act(tmp_path: Path) -> None:
    station = Station(tmp_path, online=False)
    host = station.host
    host.registration, host.interval_s = "Pending", 600
    station.crash("dcs")
    station.soon(lambda: station.link == "Reachable", 60.0)
    station.advance(2.0)
    shown = station.ask_box("GetConfiguration", key=["HeartbeatInterval", "Nothing"])
    assert [each["key"] for each in shown["configurationKey"]] == ["HeartbeatInterval"]
    assert shown["unknownKey"] == ["Nothing"]
    assert station.ask_box("RemoteStartTransaction", idTag="A") == {"status": "Rejected"}
    host.registration = "Accepted"
    asked = station.ask_box("TriggerMessage", requestedMessage="BootNotification")
    assert asked == {"status": "Accepted"}
    station.soon(lambda: station.link == "Online", 5.0)
    assert host.violations == []


@pytest.mark.req("DCS-1")
def test_a_connection_that_comes_back_needs_no_boot(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.advance(5.0)
    station.host.cut()
    station.soon(lambda: station.link == "Unreachable")
    station.soon(lambda: station.link == "Online", 30.0)
    station.advance(5.0)
    assert len(station.host.named("BootNotification")) == 1


@pytest.mark.req("DCS-1")
@pytest.mark.parametrize("interval_s", [10, 300])
def test_the_box_beats_by_the_interval_of_the_service(tmp_path: Path, interval_s: int) -> None:
    station = Station(tmp_path, online=False)
    station.host.interval_s = interval_s
    station.crash("dcs")
    station.soon(lambda: station.link == "Online")
    station.host.calls.clear()
    station.advance(600.0)
    assert abs(len(station.host.named("Heartbeat")) - 600 / interval_s) <= 1


@pytest.mark.req("DCS-7")
def test_a_status_that_was_lost_with_the_link_is_sent_again(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.advance(5.0)

    def cut(action: str, _: object) -> None:
        if action == "StatusNotification":
            station.host.on_call = lambda action, payload: None
            station.host.statuses[1].clear()
            station.host.cut()  # before the answer, as if the call had never arrived

    station.host.on_call = cut
    station.act("plug")
    station.soon(lambda: station.link == "Unreachable")
    station.host.statuses[1].clear()
    station.soon(lambda: station.link == "Online", 60.0)
    station.advance(2.0)
    assert station.host.statuses[1] == ["Preparing"]

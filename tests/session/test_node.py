"""The session node on the bus in memory: permissions, requests, restarts, stops."""

from pathlib import Path

import msgspec
import pytest

from bus import Status
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import EndReason, WallboxState
from tests.session.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.mark.req("STA-1")
def test_the_state_is_published_every_second_and_when_it_changes(box: Box) -> None:
    box.graph.advance(1.0)
    assert box.now().state is WallboxState.IDLE
    before = len(box.heard)
    box.graph.advance(20.0)
    assert 19 <= len(box.heard) - before <= 21
    assert box.charge().state is WallboxState.CHARGING


def test_energy_alone_is_published_once_a_second(box: Box) -> None:
    box.charge()
    before, energy_wh = len(box.heard), box.now().energy_wh
    for _ in range(100):
        box.lifetime_wh += 0.1
        box.graph.advance(0.1)
    assert 9 <= len(box.heard) - before <= 11
    assert box.now().energy_wh - energy_wh == pytest.approx(10.0, abs=1.1)


def test_nothing_but_reads_of_memory_happens_while_idle(box: Box, tmp_path: Path) -> None:
    box.graph.advance(2.0)

    def written() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}

    before = written()
    box.graph.advance(3600.0)
    assert written() == before


@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SIGNAL, None])
def test_restarted_in_place_the_same_session_goes_on_without_a_no(
    box: Box, reason: StopReason | None
) -> None:
    before = box.charge()
    for _ in range(41):
        box.lifetime_wh += 3.0
        box.graph.advance(0.5)
    box.heard.clear()
    if reason is None:
        box.graph.kill("session")
    else:
        box.graph.stop("session", reason)
        box.graph.advance(0.1)
    box.lifetime_wh += 1.0
    box.start()
    box.graph.advance(1.0)
    assert [status.permitted for status in box.heard] == [True] * len(box.heard) != []
    after = box.now()
    assert after.session_id == before.session_id
    assert after.started_utc_ns == before.started_utc_ns
    assert after.energy_wh == 124.0
    assert after.state is WallboxState.CHARGING
    (record,) = box.records()
    assert record.start_energy_wh == 5000.0
    assert record.ended_utc_ns == 0


def test_a_restarted_node_is_valid_again_within_half_of_its_hold(box: Box) -> None:
    box.charge()
    box.graph.kill("session")
    box.heard.clear()
    box.start()
    box.graph.advance(1.5)
    assert box.heard


@pytest.mark.req("PAN-5")
def test_a_shutdown_ends_the_session_and_leaves_when_the_contactor_is_open(box: Box) -> None:
    before = box.charge()
    box.graph.stop("session", StopReason.SHUTDOWN)
    box.graph.advance(0.1)
    assert not box.now().permitted
    box.graph.advance(3.0)
    assert "session" in box.graph.running
    box.contactor = Contactor.OPEN
    box.graph.advance(0.5)
    assert "session" not in box.graph.running
    box.cp_state = CpState.A
    box.start()
    box.graph.advance(1.0)
    (record,) = box.records()
    assert record.session_id == before.session_id
    assert record.end_reason is EndReason.RESTART


@pytest.mark.parametrize("incarnation", [1, 2])  # the count may outlive the graph
def test_a_lost_power_ends_the_session_in_the_next_graph(tmp_path: Path, incarnation: int) -> None:
    box = Box(tmp_path)
    before = box.charge()
    after = Box(tmp_path, graph_run=2)
    if incarnation == 2:
        after.graph.kill("session")  # before it has stored a thing
        after.start()
    after.graph.advance(2.0)
    (record,) = after.records()
    assert record.session_id == before.session_id
    assert record.end_reason is EndReason.POWER_LOSS
    assert record.ended_utc_ns > 0


@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SHUTDOWN, None])
def test_however_it_ends_the_database_is_closed(
    box: Box, tmp_path: Path, reason: StopReason | None
) -> None:
    log = tmp_path / "sessions.sqlite-wal"  # SQLite removes it with the last connection
    box.charge()
    box.contactor = Contactor.OPEN
    assert log.exists()
    if reason is None:
        box.graph.kill("session")
    else:
        box.graph.stop("session", reason)
        box.graph.advance(1.0)
    assert "session" not in box.graph.running
    assert not log.exists()


def test_a_lost_count_of_incarnations_ends_no_session(box: Box) -> None:
    before = box.charge()
    box.graph.kill("session")
    box.graph.forget_incarnations("session")
    box.start()
    box.graph.advance(1.0)
    assert box.now().session_id == before.session_id
    assert box.now().permitted


@pytest.mark.req("CHG-2", "APP-1")
def test_the_app_ends_a_session_until_the_car_is_unplugged(box: Box) -> None:
    answer = box.ask("end")
    assert answer.status is Status.REFUSED
    assert answer.reason == "No session is running."
    box.charge()
    box.heard.clear()
    assert box.ask("end", {"reason": "the app"}).status is Status.OK
    assert not box.heard[0].permitted
    box.contactor = Contactor.OPEN
    box.graph.advance(60.0)
    assert not box.now().permitted
    assert "the app" in box.now().reason
    box.cp_state = CpState.A
    box.graph.advance(1.0)
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    assert box.now().permitted
    assert [record.end_reason for record in box.records()] == [None, EndReason.STOPPED]


def test_bad_arguments_are_refused_with_a_reason(box: Box) -> None:
    for method, arguments in (
        ("wish", {"limit_a": -1.0}),
        ("wish", {"limit_a": 64.0}),
        ("wish", {"limit": 10.0}),
        ("wish", {"limit_a": 10.0, "for_s": 0.0}),
        ("wish", {"limit_a": 10.0, "until_utc_ns": 2**63}),
        ("wish", {"limit_a": 10.0, "for_s": 60.0, "until_replaced": True}),
        ("sessions", {"limit": 0}),
        ("sessions", {"limit": 101}),
        ("end", {"reason": "x" * 401}),
    ):
        answer = box.ask(method, arguments)
        assert answer.status is Status.BAD_ARGUMENTS, (method, arguments)
        assert answer.reason


def test_a_broken_store_is_logged_and_charging_goes_on(box: Box, tmp_path: Path) -> None:
    box.charge()
    box.graph.kill("session")
    for path in tmp_path.glob("sessions.sqlite*"):
        path.write_bytes(b"\xa5" * 10_000)
    box.start()
    box.graph.advance(2.0)
    assert box.now().permitted
    assert any("sessions.sqlite" in line.text for line in box.graph.lines)


def test_a_list_of_a_hundred_sessions_fits_its_frame(box: Box) -> None:
    for _ in range(101):
        box.cp_state = CpState.B
        box.graph.advance(1.0)
        box.cp_state = CpState.A
        box.graph.advance(1.0)
    answer = box.ask("sessions", {"limit": 100})
    assert answer.result is not None
    assert len(answer.result) == 100
    assert len(msgspec.msgpack.encode(answer)) < 40_000

"""A session node whose store cannot be opened or written: it runs, and says so."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from bus import Status
from bus.store import StoreError
from msgs.pilot import CpState
from msgs.safety import Contactor
from msgs.session import EndReason, WallboxState
from nodes.session.records import SessionStore
from tests.closing import at_end, closed_at_end
from tests.disk import ChangingDirectory, full_disk
from tests.session.box import Box

CARD = "04A1B2C3"


def fill_the_disk() -> None:
    """Have the disk full until the test is over."""
    full = ExitStack()
    full.enter_context(full_disk())
    at_end(full.close)


def plug_in(box: Box) -> None:
    box.cp_state = CpState.B
    box.graph.advance(2.0)


def lines(box: Box, level: str) -> list[str]:
    return [line.text for line in box.graph.lines if (line.node, line.level) == ("session", level)]


@pytest.fixture
def directory(tmp_path: Path) -> ChangingDirectory:
    return ChangingDirectory(tmp_path)


@pytest.mark.req("RFID-6", "STA-1")
def test_with_a_card_required_a_disk_that_refuses_lets_nobody_charge(
    directory: ChangingDirectory,
) -> None:
    directory.refuse()
    box = Box(directory.path, required=True)
    box.graph.advance(2.0)
    assert box.now().state is WallboxState.UNRECOVERABLE_ERROR
    assert "sessions cannot be stored" in box.now().reason
    answer = box.hold(CARD)
    assert (answer.status, box.now().authorized) == (Status.REFUSED, False)
    assert "cannot store sessions" in answer.reason
    plug_in(box)
    assert box.hold(CARD).status is Status.REFUSED
    box.graph.advance(60.0)
    assert (box.now().permitted, box.now().session_id) == (False, "")
    assert box.now().state is WallboxState.UNRECOVERABLE_ERROR


@pytest.mark.req("RFID-6")
def test_without_a_card_a_disk_that_refuses_lets_everybody_charge_and_says_not_recorded(
    directory: ChangingDirectory,
) -> None:
    directory.refuse()
    box = Box(directory.path, required=False)
    plug_in(box)
    status = box.charge()
    assert (status.permitted, status.state) == (True, WallboxState.CHARGING)
    assert status.unrecorded == "the disk of the box is read-only"
    logged = [line for line in lines(box, "error") if line.startswith("not recorded: ")]
    assert any(str(directory.path) in line for line in logged)
    box.lifetime_wh += 3.0
    box.graph.advance(2.0)
    assert box.now().energy_wh == 3.0
    box.cp_state, box.contactor = CpState.A, Contactor.OPEN
    box.graph.advance(2.0)
    assert box.now().session_id == ""


@pytest.mark.parametrize("required", [False, True])
def test_a_disk_that_takes_sessions_again_is_noticed_without_a_restart(
    directory: ChangingDirectory, required: bool
) -> None:
    directory.refuse()
    box = Box(directory.path, required=required)
    plug_in(box)
    assert box.now().unrecorded
    directory.accept()
    box.graph.advance(6.0)
    assert box.now().unrecorded == ""
    assert lines(box, "info")[-1] == "sessions are recorded again"
    if required:
        assert box.hold(CARD).status is Status.OK
    assert box.charge().permitted
    (record,) = box.records()
    assert (record.session_id, record.ended_utc_ns) == (box.now().session_id, 0)


@pytest.mark.parametrize("required", [False, True])
def test_a_disk_that_is_full_at_the_start_is_known_before_the_first_session(
    tmp_path: Path, required: bool
) -> None:
    box = Box(tmp_path, required=required)
    box.graph.advance(2.0)
    box.graph.kill("session")
    fill_the_disk()
    box.start()
    box.graph.advance(2.0)
    assert box.now().unrecorded
    assert (box.now().state is WallboxState.UNRECOVERABLE_ERROR) == required
    plug_in(box)
    assert box.now().permitted is not required


def test_a_disk_that_refuses_in_a_charge_that_is_stored_ends_nothing(
    directory: ChangingDirectory,
) -> None:
    box = Box(directory.path, required=True)
    plug_in(box)
    assert box.hold(CARD).status is Status.OK
    status = box.charge()
    assert status.permitted
    with full_disk():
        for _ in range(200):
            box.lifetime_wh += 1.0
            box.graph.advance(0.5)
        assert (box.now().permitted, box.now().state) == (True, WallboxState.CHARGING)
        box.cp_state, box.contactor = CpState.A, Contactor.OPEN
        box.graph.advance(2.0)
        assert box.now().session_id == ""
        assert box.now().unrecorded  # the end of the session
    box.graph.advance(6.0)
    assert box.now().unrecorded == ""


def test_sessions_of_a_store_that_was_opened_late_do_not_run(directory: ChangingDirectory) -> None:
    box = Box(directory.path, required=False)
    plug_in(box)
    first = box.charge()
    box.graph.kill("session")
    directory.refuse()
    box.start()
    box.graph.advance(2.0)
    second = box.now()
    assert second.permitted
    assert second.session_id != first.session_id
    directory.accept()
    box.graph.advance(6.0)
    newest, oldest = box.records()
    assert (newest.session_id, newest.ended_utc_ns) == (second.session_id, 0)
    assert (oldest.session_id, oldest.end_reason) == (first.session_id, EndReason.POWER_LOSS)
    assert oldest.ended_utc_ns > 0


@pytest.mark.parametrize(
    "name", ["sessions.sqlite", "session-wish.json", "session-energy-limit.json"]
)
def test_a_directory_in_place_of_a_file_is_reported_and_the_node_goes_on(
    tmp_path: Path, name: str
) -> None:
    box = Box(tmp_path, required=True)
    box.graph.kill("session")
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    (tmp_path / name / "note").write_text("x")
    box.start()
    plug_in(box)
    assert box.hold(CARD).status is Status.OK
    assert box.charge().permitted
    assert (tmp_path / f"{name}.broken-1" / "note").exists()
    assert any(name in line.text for line in box.graph.lines)


def test_a_proof_writes_to_the_disk(tmp_path: Path) -> None:
    store = closed_at_end(SessionStore(tmp_path / "sessions.sqlite", pytest.fail))
    store.newest()
    before = (tmp_path / "sessions.sqlite").stat().st_mtime_ns
    store.prove()
    assert (tmp_path / "sessions.sqlite").stat().st_mtime_ns > before
    with full_disk(), pytest.raises(StoreError):
        store.prove()

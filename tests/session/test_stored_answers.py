"""Requests that end or begin a session are answered when the disk has it; a start by the app."""

from pathlib import Path

import pytest

from bus import Answer, Status
from bus.slots import Slots
from msgs.methods import AUTHORIZE, END_SESSION
from msgs.pilot import CpState
from msgs.requests import ReasonArguments
from msgs.safety import Contactor
from msgs.session import Action, Authorize, Authorized, EndReason, WallboxState
from nodes.session.reasons import CardRefusal
from nodes.session.records import SessionStore
from nodes.session.words import REFUSALS
from tests.disk import disk_is_full
from tests.session.box import Box

RED, BLUE = "04000001", "04000002"


def charging(state_dir: Path, required: bool = True) -> Box:
    """Return a box in which a session runs, begun by a card or by its plug."""
    box = Box(state_dir, required=required)
    box.graph.advance(2.0)
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    if required:
        assert box.hold(RED).result == Authorized(action=Action.STARTED)
    assert box.charge().permitted
    return box


# --- an end is stored before it is answered ----------------------------------------------------


@pytest.mark.req("CHG-2", "RFID-5")
@pytest.mark.parametrize("way", ["card", "app"])
def test_an_end_that_is_confirmed_is_not_undone_by_a_kill(tmp_path: Path, way: str) -> None:
    """Kill the node at every instant of the writes."""
    confirmed = []
    for number, delay_ms in enumerate(range(0, 60, 3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        box = charging(folder)
        answers: list[Answer[Authorized] | Answer[None]] = []
        if way == "card":
            rfid = box._readers["rfid"]
            rfid.request(AUTHORIZE, Authorize(token=RED), answers.append)
        else:
            box.tool.request(END_SESSION, ReasonArguments(reason="app"), answers.append)
        box.graph.advance(delay_ms / 1e3)
        box.graph.kill("session")
        box.graph.advance(0.1)
        is_confirmed = [answer.status for answer in answers] == [Status.OK]
        box.heard.clear()
        box.start()
        box.graph.advance(2.0)
        if is_confirmed:
            assert not any(status.permitted for status in box.heard), delay_ms
        confirmed.append(is_confirmed)
    assert True in confirmed
    assert False in confirmed


@pytest.mark.parametrize("way", ["card", "app"])
def test_the_permission_ends_before_the_answer(tmp_path: Path, way: str) -> None:
    box = charging(tmp_path)
    box.heard.clear()
    answer = box.hold(RED) if way == "card" else box.ask("end", {"reason": "app"})
    assert answer.status is Status.OK
    assert not box.heard[0].permitted


@pytest.mark.parametrize("way", ["card", "app"])
@pytest.mark.parametrize(
    ("store_works", "sign_works"), [(True, False), (False, True), (False, False)]
)
def test_one_place_that_takes_the_end_is_enough(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    store_works: bool,
    sign_works: bool,
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise disk_is_full(tmp_path)

    box = charging(tmp_path)
    if not store_works:
        monkeypatch.setattr(SessionStore, "save", refuse)
    if not sign_works:
        monkeypatch.setattr(Slots, "write", refuse)
    answer = box.hold(RED) if way == "card" else box.ask("end", {"reason": "app"})
    assert not box.now().permitted
    if store_works or sign_works:
        assert answer.status is Status.OK
    else:
        assert answer.status is Status.REFUSED
        assert answer.reason == (
            "The charge is stopped, but this could not be stored: the disk of the box is full"
        )


def test_a_card_that_logs_off_before_its_session_is_answered_at_once(tmp_path: Path) -> None:
    box = Box(tmp_path, required=True)
    box.graph.advance(2.0)
    assert box.hold(RED).result == Authorized(action=Action.RELEASED)
    assert box.hold(RED, seconds=0.001).result == Authorized(action=Action.LOGGED_OFF)


# --- the app starts ----------------------------------------------------------------------------


def stopped(state_dir: Path) -> Box:
    """Return a box in which the app has stopped a charge that needs no card."""
    box = charging(state_dir, required=False)
    assert box.ask("end", {"reason": "the app"}).status is Status.OK
    box.contactor, box.cp_state = Contactor.OPEN, CpState.B
    box.graph.advance(5.0)
    assert (box.now().state, box.now().permitted) == (WallboxState.SUSPENDED, False)
    assert "start it again on the page" in box.now().reason
    return box


@pytest.mark.req("APP-1")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_after_a_stop_the_app_starts_again_with_the_plug_seated(
    tmp_path: Path, is_restarted: bool
) -> None:
    box = stopped(tmp_path)
    if is_restarted:
        box.graph.kill("session")
        box.start()
        box.graph.advance(2.0)
        assert not box.now().permitted
    assert box.ask("start").status is Status.OK
    box.graph.kill("session")  # what was confirmed is stored
    box.start()
    box.graph.advance(2.0)
    assert box.now().permitted
    assert [record.end_reason for record in box.records()] == [None, EndReason.STOPPED]
    answer = box.ask("start")
    assert (answer.status, answer.reason) == (Status.REFUSED, "A session is running.")


@pytest.mark.req("APP-1", "RFID-6")
@pytest.mark.parametrize("is_stopped", [False, True])
def test_where_a_card_is_required_the_app_starts_nothing(tmp_path: Path, is_stopped: bool) -> None:
    if is_stopped:
        box = charging(tmp_path)
        assert box.ask("end").status is Status.OK
        box.contactor = Contactor.OPEN
    else:
        box = Box(tmp_path, required=True)
        box.cp_state = CpState.B
    box.graph.advance(2.0)
    answer = box.ask("start")
    assert answer.status is Status.REFUSED
    assert answer.reason == REFUSALS[CardRefusal.CARD_NEEDED]
    box.graph.advance(60.0)
    assert not box.now().permitted
    assert not box.now().authorized


@pytest.mark.req("APP-1")
def test_a_start_that_cannot_begin_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(tmp_path, required=None)
    box.graph.advance(2.0)
    assert box.ask("start").status is Status.NOT_READY
    box.require(False)
    box.graph.advance(1.0)
    answer = box.ask("start")
    assert (answer.status, answer.reason) == (Status.REFUSED, "No vehicle is plugged in.")
    box = stopped(tmp_path)

    def refuse(*arguments: object) -> None:
        raise disk_is_full(tmp_path)

    monkeypatch.setattr(SessionStore, "save", refuse)
    answer = box.ask("start")
    assert answer.status is Status.REFUSED
    assert answer.reason == "The session could not be stored: the disk of the box is full"

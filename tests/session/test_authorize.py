"""Cards at the session node on the bus in memory: request, settings, restarts, what is said."""

from pathlib import Path

import pytest

from bus import Status
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.rfid import RfidMode
from msgs.safety import Contactor, SafetyPhase
from msgs.session import EndReason, WallboxState
from msgs.state_reason import Wait
from msgs.topics import RFID_STATUS
from nodes.session.reasons import CardRefusal
from nodes.session.start_deadline import LAPSE_S
from nodes.session.words import REFUSALS, WAITS
from tests.builders import rfid_status
from tests.session.box import Box

REQUIRED, RELEASED, NOT_KNOWN = WAITS[Wait.CARD], WAITS[Wait.PLUG], WAITS[Wait.SETTINGS]
RED, BLUE, MASTER = "04000001", "E004010203040506", "04A1B2C3"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Return a box that needs cards, and has heard everything."""
    box = Box(tmp_path, required=True)
    box.graph.advance(2.0)
    return box


def action(box: Box, token: str, by: str = "rfid") -> str:
    answer = box.hold(token, by)
    assert answer.result is not None, answer
    return str(answer.result.action)


def refusal(box: Box, token: str, by: str = "rfid") -> str:
    answer = box.hold(token, by)
    assert answer.status is Status.REFUSED, answer
    return answer.reason


@pytest.mark.req("CHG-1", "RFID-6")
@pytest.mark.parametrize("is_card_first", [True, False])
@pytest.mark.parametrize("token", [RED, MASTER])
def test_card_and_plug_in_both_orders(box: Box, is_card_first: bool, token: str) -> None:
    if is_card_first:
        assert action(box, token) == "released"
        status = box.now()
        assert (status.released, status.permitted, status.token) == (True, False, token)
        assert (status.state, status.reason) == (WallboxState.IDLE, RELEASED)
        box.graph.advance(55.0)
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    if not is_card_first:
        assert (box.now().permitted, box.now().reason) == (False, REQUIRED)
        assert box.records() == []
        assert action(box, token) == "started"
        box.graph.advance(0.5)
    assert (box.now().permitted, box.now().released, box.now().token) == (True, False, token)
    (record,) = box.records()
    assert (record.token, record.end_reason) == (token, None)


@pytest.mark.req("RFID-4")
def test_a_release_lapses_and_the_plug_begins_nothing(box: Box) -> None:
    action(box, RED)
    lapses_utc_ns = box.now().lapses_utc_ns
    box.graph.advance(LAPSE_S - 0.5)
    assert box.now().released
    assert abs(lapses_utc_ns - box.graph.clock.utc_ns()) < 10**9
    box.graph.advance(1.0)
    assert (box.now().released, box.now().token, box.now().lapses_utc_ns) == (False, "", 0)
    box.cp_state = CpState.B
    box.graph.advance(10.0)
    assert not box.now().permitted
    assert box.records() == []


@pytest.mark.req("RFID-4", "RFID-5")
def test_another_card_does_nothing_at_any_stage(box: Box) -> None:
    action(box, RED)
    assert refusal(box, BLUE) == REFUSALS[CardRefusal.OTHER_RELEASED]
    box.phase = SafetyPhase.SELF_TEST
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    assert refusal(box, BLUE) == REFUSALS[CardRefusal.OTHER_BEGAN]
    box.phase = SafetyPhase.READY
    assert box.charge().state is WallboxState.CHARGING
    assert refusal(box, BLUE) == REFUSALS[CardRefusal.OTHER_BEGAN]
    assert (box.now().permitted, box.now().token) == (True, RED)
    (record,) = box.records()
    assert record.end_reason is None


@pytest.mark.req("CHG-2", "RFID-5")
def test_the_card_that_authorised_logs_off(box: Box) -> None:
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    action(box, RED)
    box.charge()
    box.heard.clear()
    assert action(box, RED) == "logged_off"
    assert not box.heard[0].permitted
    assert refusal(box, RED) == REFUSALS[CardRefusal.ENDING]
    box.contactor = Contactor.OPEN
    box.graph.advance(1.0)
    (record,) = box.records()
    assert record.end_reason is EndReason.STOPPED
    assert "logged off by the card" in box.now().reason
    box.graph.advance(600.0)
    assert not box.now().permitted
    assert action(box, BLUE) == "started"
    box.graph.advance(0.5)
    assert (box.now().permitted, box.now().token) == (True, BLUE)


@pytest.mark.req("RFID-4")
def test_a_self_test_that_never_passes_ends_with_the_lapse(box: Box) -> None:
    box.phase = SafetyPhase.SELF_TEST
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    action(box, RED)
    box.graph.advance(LAPSE_S - 0.5)
    assert box.now().permitted
    box.graph.advance(1.0)
    (record,) = box.records()
    assert (record.end_reason, record.token) == (EndReason.LAPSED, RED)
    assert (box.now().permitted, box.now().reason) == (False, REQUIRED)
    assert action(box, BLUE) == "started"


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize("is_graph_new", [False, True])
def test_a_charge_that_was_started_is_kept_over_restarts_and_power_cuts(
    box: Box, tmp_path: Path, is_graph_new: bool
) -> None:
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    action(box, RED)
    box.graph.advance(2.0)
    before = box.now()
    assert before.lapses_utc_ns == 0
    if is_graph_new:
        box = Box(tmp_path, graph_run=2, required=True)
        box.cp_state = CpState.B
    else:
        box.graph.kill("session")
        box.start()
    box.phase = SafetyPhase.SELF_TEST
    box.graph.advance(600.0)
    status = box.now()
    assert (status.session_id, status.token) == (before.session_id, RED)
    assert status.permitted
    assert action(box, RED) == "logged_off"


@pytest.mark.req("RFID-4")
def test_a_restart_prolongs_no_term(box: Box) -> None:
    box.phase = SafetyPhase.SELF_TEST
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    action(box, RED)
    for _ in range(3):
        box.graph.advance(15.0)
        box.graph.kill("session")
        box.start()
    box.graph.advance(14.0)
    assert box.now().permitted
    box.graph.advance(3.0)
    assert not box.now().permitted
    (record,) = box.records()
    assert record.end_reason is EndReason.LAPSED


@pytest.mark.req("PAN-5")
def test_after_a_shutdown_the_seated_vehicle_needs_a_new_card(box: Box, tmp_path: Path) -> None:
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    action(box, RED)
    box.charge()
    box.graph.stop("session", StopReason.SHUTDOWN)
    box.graph.advance(1.0)
    box.contactor = Contactor.OPEN
    box.graph.advance(1.0)
    after = Box(tmp_path, graph_run=2, required=True)
    after.cp_state = CpState.C
    after.graph.advance(60.0)
    assert (after.now().permitted, after.now().reason) == (False, REQUIRED)
    (record,) = after.records()
    assert record.end_reason is EndReason.RESTART
    assert action(after, RED) == "started"
    after.graph.advance(0.5)
    assert after.now().permitted


@pytest.mark.parametrize("by", ["web", "launch", "system", "led"])
def test_nobody_but_rfid_and_dcs_may_authorise(box: Box, by: str) -> None:
    box.cp_state = CpState.B
    box.graph.advance(1.0)
    answer = box.hold(RED, by)
    assert answer.status is Status.REFUSED
    assert not box.now().permitted
    assert action(box, RED, "dcs") == "started"


@pytest.mark.parametrize("token", ["", "x" * 65])
def test_a_token_is_a_short_text(box: Box, token: str) -> None:
    assert box.hold(token).status is Status.BAD_ARGUMENTS


@pytest.mark.req("RFID-6")
def test_the_setting_decides_and_the_launch_file_wins(tmp_path: Path) -> None:
    box = Box(tmp_path, required=None)
    box.cp_state = CpState.B
    box.graph.advance(60.0)
    assert (box.now().permitted, box.now().authorization_required) == (False, True)
    assert box.now().reason == NOT_KNOWN
    assert box.hold(RED).status is Status.NOT_READY
    box.require(False)
    box.graph.advance(1.0)
    before = box.now()
    assert (before.permitted, before.authorization_required) == (True, False)
    assert refusal(box, RED) == REFUSALS[CardRefusal.SWITCHED_OFF]
    box.require(True)
    box.graph.advance(60.0)
    assert box.now().permitted  # the session that runs is left alone
    assert box.now().session_id == before.session_id
    box.cp_state = CpState.A
    box.graph.advance(1.0)
    assert (box.now().state, box.now().reason) == (WallboxState.IDLE, REQUIRED)
    box.graph.stop("session", StopReason.RESTART)
    box.graph.advance(0.5)
    box.require(False)
    box.start()
    box.cp_state = CpState.B
    box.graph.advance(2.0)
    assert (box.now().permitted, box.now().authorization_required) == (True, False)


@pytest.mark.req("STA-1", "STA-3")
def test_while_cards_are_learned_the_state_says_so_until_the_reader_is_silent(box: Box) -> None:
    rfid = box.graph.bus("rfid")
    for mode in (RfidMode.NEW_CARD, RfidMode.CONFIRM, RfidMode.MASTER):
        rfid.publish(RFID_STATUS, rfid_status(mode=mode))
        box.graph.advance(0.3)
        assert box.now().state is WallboxState.TOKEN_PROGRAMMING_MODE
    box.graph.advance(4.0)
    assert (box.now().state, box.now().reason) == (WallboxState.IDLE, REQUIRED)

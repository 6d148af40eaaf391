"""Cards: who begins and who ends a session, in which order, and for how long (RFID-4 to RFID-10).

The setting is the one that system says; the node's own parameter has tests of its own.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.rfid import RfidMode
from msgs.safety import Contactor, FaultCode, SafetyPhase, SafetyStatus
from msgs.session import Action, EndReason, SessionStatus, WallboxState
from msgs.state_reason import Wait
from nodes.session.card import STALE_S
from nodes.session.reasons import CardRefusal, NotCharged
from nodes.session.revival import HEAR_S
from nodes.session.running import OPEN_S
from nodes.session.start_deadline import LAPSE_S, LATE_S
from nodes.session.words import WAITS
from tests.builders import load_offer
from tests.session.conftest import (
    NO_MAINS,
    OFFER,
    SAFETY,
    SILENT,
    UTC_NS,
    Scenario,
    Signals,
    box,
    pilot,
)

REQUIRED, RELEASED, NOT_KNOWN = WAITS[Wait.CARD], WAITS[Wait.PLUG], WAITS[Wait.SETTINGS]
MASTER, RED, BLUE = "04A1B2C3", "04000001", "E004010203040506"
OUT, SEATED = pilot(CpState.A), pilot(CpState.B)
NEW = pilot(CpState.B, UTC_NS)  # safety saw it go in
TESTED = replace(SAFETY, phase=SafetyPhase.READY, offered_a=16.0)
PAUSED = load_offer(0.0, "app", detail="The app pauses.")


def with_cards(plug: Any = OUT, **facts: Any) -> Scenario:
    """Return a scenario that needs cards, by the settings."""
    scenario = Scenario(required=None)
    scenario.facts |= {"required": True, "pilot": plug, **facts}
    scenario.run(2.0)
    return scenario


def begun(token: str = RED, **facts: Any) -> Scenario:
    """Return a scenario whose session a card has begun; what is left is the self-test."""
    scenario = with_cards(SEATED, **facts)
    assert scenario.hold(token).action is Action.STARTED
    assert scenario.run(0.2).permitted
    return scenario


def started(token: str = RED, **facts: Any) -> Scenario:
    """Return a scenario whose charge was started: from here on nothing lapses."""
    scenario = begun(token, safety=TESTED, **facts)
    assert scenario.run(1.0).lapses_utc_ns == 0
    return scenario


def nothing_changes(scenario: Scenario, token: str, refusal: CardRefusal) -> None:
    """Present a card that is refused, and check that nothing changes."""
    before = replace(scenario.run(0.1), energy_wh=0.0)
    verdict = scenario.hold(token)
    assert verdict.action is None
    assert verdict.refusal is refusal
    assert not verdict.is_early
    assert replace(scenario.run(1.1), energy_wh=0.0) == before


# --- both orders ------------------------------------------------------------------------------


@pytest.mark.req("CHG-1")
@pytest.mark.parametrize("after_s", [0.2, 30.0, 59.9])
def test_a_card_and_then_the_plug_begin_a_session(after_s: float) -> None:
    scenario = with_cards()
    verdict = scenario.hold(RED)
    assert verdict.action is Action.RELEASED
    status = scenario.said[-1]
    assert (status.released, status.token, status.authorized, status.permitted) == (
        True,
        RED,
        True,
        False,
    )
    assert (status.state, status.reason) == (WallboxState.IDLE, RELEASED)
    assert status.lapses_utc_ns == scenario.utc_ns + int(LAPSE_S * 1e9)
    assert scenario.disk == {}
    scenario.run(after_s - 0.1)
    status = scenario.run(0.1, pilot=SEATED)
    assert (status.released, status.token, status.permitted) == (False, RED, True)
    assert scenario.record().token == RED


@pytest.mark.req("CHG-1", "RFID-6")
def test_the_plug_and_then_a_card_begin_a_session() -> None:
    scenario = with_cards(SEATED)
    status = scenario.run(600.0)
    assert (status.permitted, status.authorization_required) == (False, True)
    assert (status.state, status.reason) == (WallboxState.READY_FOR_CHARGING, REQUIRED)
    assert scenario.disk == {}
    scenario.disk_works = False
    assert scenario.hold(RED).action is Action.STARTED
    status = scenario.run(10.0)
    assert not status.permitted  # before the card stands on the disk
    assert "the disk is full" in status.reason
    scenario.disk_works = True
    assert scenario.run(6.0).permitted
    assert scenario.record().token == RED


def granted(status: SessionStatus) -> tuple[bool, bool]:
    return status.authorized, status.permitted


@pytest.mark.req("CHG-1", "CHG-2")
def test_authorised_from_the_card_on_and_permitted_once_stored_and_seated() -> None:
    scenario = with_cards()
    assert granted(scenario.said[-1]) == (False, False)
    scenario.hold(RED)
    assert granted(scenario.said[-1]) == (True, False)
    scenario.disk_works = False
    assert granted(scenario.run(5.0, pilot=SEATED)) == (True, False)
    scenario.disk_works = True
    assert granted(scenario.run(6.0)) == (True, True)
    assert granted(scenario.run(0.2, pilot=pilot(CpState.A))) == (True, False)  # it may be a bounce
    assert granted(scenario.run(0.2, pilot=SEATED)) == (True, True)
    scenario.hold(RED)
    assert granted(scenario.said[-1]) == (False, False)
    assert granted(scenario.run(10.0)) == (False, False)


def test_what_logs_off_lapses_or_ends_is_not_authorised_any_more() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    scenario.hold(RED)
    assert not scenario.said[-1].authorized
    scenario.hold(RED)
    assert scenario.run(LAPSE_S - 0.2).authorized
    assert not scenario.run(0.4).authorized
    scenario = started()
    scenario.step(end="the app")
    assert not scenario.said[-1].authorized
    assert not scenario.run(10.0).authorized
    scenario = started()
    assert not scenario.run(0.2, safety=replace(SAFETY, faults=(FaultCode.RED,))).authorized


def test_where_no_card_is_required_all_but_an_ended_plug_in_is_authorised() -> None:
    scenario = with_cards()
    assert granted(scenario.run(1.0, required=False)) == (True, False)
    assert granted(scenario.run(1.0, pilot=SEATED)) == (True, True)
    scenario.step(end="the app")
    assert granted(scenario.run(10.0)) == (False, False)
    assert granted(scenario.run(1.0, pilot=pilot(CpState.A))) == (True, False)
    assert not scenario.run(1.0, required=None).authorized  # not known counts as required


@pytest.mark.parametrize("plug", [OUT, SEATED])
def test_where_no_card_is_required_a_restart_in_place_leaves_the_authorisation(
    plug: Signals,
) -> None:
    for reason, is_left in ((StopReason.RESTART, True), (StopReason.SHUTDOWN, False)):
        scenario = with_cards()
        scenario.run(1.0, required=False, pilot=plug)
        scenario.stop = reason
        assert scenario.run(1.0).authorized is is_left
        assert scenario.run(1.0).authorized is is_left


def test_what_is_expected_of_a_person_is_said() -> None:
    scenario = with_cards()
    assert (scenario.said[-1].state, scenario.said[-1].reason) == (WallboxState.IDLE, REQUIRED)
    assert scenario.run(1.0, required=False).reason == "Ready; no vehicle is plugged in."
    assert not scenario.said[-1].authorization_required


@pytest.mark.req("RFID-10")
@pytest.mark.parametrize("token", [MASTER, RED, BLUE])
def test_a_master_begins_and_ends_as_any_other_card(token: str) -> None:
    scenario = started(token)
    assert scenario.hold(token).action is Action.LOGGED_OFF
    assert scenario.record().end_reason is EndReason.STOPPED


# --- the release ------------------------------------------------------------------------------


@pytest.mark.req("RFID-4")
def test_a_release_lapses_after_60_s() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    assert scenario.run(59.9).released
    status = scenario.run(0.2)
    assert (status.released, status.token, status.lapses_utc_ns) == (False, "", 0)
    assert status.reason == REQUIRED
    assert not scenario.run(5.0, pilot=SEATED).permitted
    assert scenario.disk == {}


@pytest.mark.req("RFID-4", "RFID-5")
def test_during_a_release_the_same_card_logs_off_and_another_does_nothing() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    nothing_changes(scenario, BLUE, CardRefusal.OTHER_RELEASED)
    assert scenario.hold(RED).action is Action.LOGGED_OFF
    assert not scenario.said[-1].released
    assert not scenario.run(2.0, pilot=SEATED).permitted
    scenario.run(1.0, pilot=OUT)
    assert scenario.hold(BLUE).action is Action.RELEASED  # nobody has authorised any more


@pytest.mark.req("RFID-4")
def test_a_card_that_is_refused_prolongs_nothing() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    for _ in range(5):
        scenario.run(10.0)
        assert scenario.hold(BLUE).action is None
    assert scenario.run(9.9).released
    assert not scenario.run(0.2).released


def test_a_late_plug_leaves_the_box_the_time_for_its_test() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    scenario.run(59.0)
    status = scenario.run(0.2, pilot=SEATED)
    assert status.lapses_utc_ns >= scenario.utc_ns + int((LATE_S - 0.2) * 1e9)
    assert scenario.run(LATE_S - 0.4).permitted
    assert not scenario.run(0.4).permitted
    scenario = with_cards()
    scenario.hold(RED)
    until_utc_ns = scenario.said[-1].lapses_utc_ns
    scenario.run(20.0)
    assert scenario.run(0.2, pilot=SEATED).lapses_utc_ns == until_utc_ns


def test_a_release_waits_for_a_plug_in_that_cannot_begin_yet_and_for_one_that_bounces() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    status = scenario.run(1.0, pilot=SEATED, box=None)
    assert (status.released, status.permitted) == (True, False)
    assert status.reason == WAITS[Wait.METER]
    assert scenario.run(1.0, pilot=OUT).released
    assert scenario.run(1.0, pilot=SEATED, box=box(1000.0)).permitted


# --- the charge is started in time, or not ----------------------------------------------------


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize(
    "facts",
    [
        {},  # safety is idle: it cannot even test
        {"safety": replace(SAFETY, phase=SafetyPhase.SELF_TEST)},
        {"safety": replace(SAFETY, phase=SafetyPhase.START)},
        {"safety": replace(SAFETY, phase=SafetyPhase.FAULT, faults=(FaultCode.RESIDUAL_CURRENT,))},
        {"safety": replace(SAFETY, phase=SafetyPhase.FAULT), "offer": PAUSED},  # no test, no plan
        {"safety": replace(TESTED, offered_a=0.0)},  # pilot offers nothing of what it may
        {"safety": TESTED, "offer": None},
        {"safety": None},
        {"pilot": SILENT},
    ],
)
def test_a_charge_that_is_not_started_in_60_s_lapses_and_any_card_may_begin_again(
    facts: dict[str, Any],
) -> None:
    scenario = begun()
    before = scenario.record().session_id
    assert scenario.run(59.7, **facts).session_id == before
    status = scenario.run(0.4, box=box(1000.0))
    assert not status.permitted
    assert scenario.record().end_reason is EndReason.LAPSED
    status = scenario.run(OPEN_S + 0.2)
    assert scenario.record().ended_utc_ns > 0
    assert (status.session_id, status.token, status.lapses_utc_ns) == ("", "", 0)
    scenario.run(1.0, safety=SAFETY, pilot=SEATED, offer=OFFER)
    assert scenario.said[-1].state is WallboxState.READY_FOR_CHARGING
    assert scenario.said[-1].reason == REQUIRED
    assert scenario.hold(BLUE).action is Action.STARTED
    assert scenario.run(0.2).permitted


STARTED_BY: list[dict[str, Any]] = [
    {"safety": TESTED},
    {"safety": replace(TESTED, phase=SafetyPhase.CLOSING)},
    {"safety": replace(TESTED, phase=SafetyPhase.CLOSED, contactor=Contactor.CLOSED)},
    {"safety": replace(TESTED, offered_a=0.0), "offer": PAUSED},
    {"safety": replace(TESTED, phase=SafetyPhase.STOPPING, offered_a=0.0), "offer": PAUSED},
]


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize(
    ("facts", "after_s"),
    [
        *zip(STARTED_BY, (5.0, 59.5, 5.0, 59.5, 5.0), strict=True),
        *(
            pytest.param(facts, after_s, marks=pytest.mark.proof)
            for facts, after_s in zip(STARTED_BY, (59.5, 5.0, 59.5, 5.0, 59.5), strict=True)
        ),
    ],
)
def test_a_charge_that_was_started_never_lapses(facts: dict[str, Any], after_s: float) -> None:
    scenario = begun()
    scenario.run(after_s - 0.2)
    status = scenario.run(0.2, **facts)
    assert status.lapses_utc_ns == 0
    assert scenario.run(600.0, safety=SAFETY, offer=OFFER).permitted
    assert scenario.run(600.0, safety=TESTED, offer=PAUSED).permitted
    scenario = scenario.restarted()
    assert scenario.run(600.0, safety=SAFETY, offer=OFFER).permitted
    scenario = scenario.restarted(first=True)
    assert scenario.run(600.0).permitted
    assert scenario.said[-1].token == RED


@pytest.mark.req("RFID-4")
def test_a_status_of_safety_from_before_the_authorisation_starts_nothing() -> None:
    scenario = started()
    scenario.hold(RED)
    scenario.run(0.3)
    assert scenario.hold(RED).action is Action.STARTED  # and safety's last word is still READY
    assert scenario.run(STALE_S - 0.1).lapses_utc_ns > 0
    scenario.run(LAPSE_S, safety=replace(SAFETY, phase=SafetyPhase.SELF_TEST))
    assert scenario.said[-1].session_id == ""


@pytest.mark.req("RFID-4")
def test_what_is_not_on_the_disk_is_not_started() -> None:
    scenario = with_cards(SEATED, safety=TESTED)
    scenario.disk_works = False
    scenario.hold(RED)
    scenario.run(LAPSE_S + 0.2)
    scenario.disk_works = True
    scenario.run(6.0)
    assert not any(status.permitted for status in scenario.said)
    assert scenario.record().end_reason is EndReason.LAPSED


def test_with_the_session_its_term_ends() -> None:
    closed = replace(SAFETY, contactor=Contactor.CLOSED)
    for is_pulled in (True, False):
        scenario = begun()
        if is_pulled:
            scenario.run(1.0, pilot=OUT)
        else:
            scenario.run(1.0, safety=closed)
            scenario.hold(RED)
        assert scenario.said[-1].lapses_utc_ns == 0
        assert [entry.lapses_utc_ns for entry in scenario.disk.values()] == [0]


@pytest.mark.req("RFID-4")
def test_a_lapse_waits_for_the_contactor_as_every_end_does() -> None:
    scenario = begun(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    status = scenario.run(LAPSE_S + 0.2)
    assert (status.permitted, status.session_id) == (False, scenario.record().session_id)
    assert status.reason == WAITS[Wait.END]
    nothing_changes(scenario, BLUE, CardRefusal.ENDING)
    scenario.run(0.2, safety=SAFETY)
    assert scenario.record().ended_utc_ns > 0
    assert scenario.hold(BLUE).action is Action.STARTED


def test_a_session_without_a_card_has_no_term() -> None:
    scenario = with_cards(required=False)
    status = scenario.run(600.0, pilot=SEATED)
    assert (status.permitted, status.lapses_utc_ns, status.token) == (True, 0, "")


# --- logging off ------------------------------------------------------------------------------


@pytest.mark.req("CHG-2", "RFID-5", "STA-3")
def test_the_card_that_authorised_ends_the_session_as_a_stop_does() -> None:
    scenario = started()
    scenario.run(1.0, safety=replace(TESTED, phase=SafetyPhase.CLOSED, contactor=Contactor.CLOSED))
    assert scenario.hold(RED).action is Action.LOGGED_OFF
    status = scenario.said[-1]
    assert not status.permitted  # at once, while the contactor is still closed
    assert (scenario.record().end_reason, scenario.record().ended_utc_ns) == (EndReason.STOPPED, 0)
    nothing_changes(scenario, RED, CardRefusal.ENDING)
    nothing_changes(scenario, BLUE, CardRefusal.ENDING)
    status = scenario.run(0.2, safety=SAFETY)
    assert scenario.record().ended_utc_ns > 0
    assert (status.state, status.token) == (WallboxState.READY_FOR_CHARGING, "")  # STA-3
    assert "logged off by the card" in status.reason
    assert "present a card" in status.reason
    assert not scenario.run(600.0).permitted


@pytest.mark.req("RFID-5")
@pytest.mark.parametrize("is_started", [False, True])
def test_another_card_changes_nothing_in_a_session(is_started: bool) -> None:
    scenario = started() if is_started else begun()
    nothing_changes(scenario, BLUE, CardRefusal.OTHER_BEGAN)
    assert scenario.said[-1].token == RED
    assert scenario.hold(RED).action is Action.LOGGED_OFF


@pytest.mark.parametrize("by", ["card", "app", "restart"])
def test_a_stop_is_lifted_by_a_new_authorisation(by: str) -> None:
    scenario = started()
    before = scenario.said[-1].session_id
    if by == "card":
        scenario.hold(RED)
    else:
        scenario.step(end="app")
    scenario.run(1.0)
    if by == "restart":
        scenario = scenario.restarted()
        scenario.run(2.0)
    state = WallboxState.READY_FOR_CHARGING if by == "card" else WallboxState.SUSPENDED
    assert scenario.said[-1].state is state
    assert scenario.hold(BLUE).action is Action.STARTED
    status = scenario.run(0.2)
    assert status.permitted
    assert status.session_id != before
    assert scenario.stored(before).end_reason is EndReason.STOPPED
    assert status.state is WallboxState.READY_FOR_CHARGING
    scenario.run(1.0, pilot=OUT)
    assert all(entry.record.ended_utc_ns for entry in scenario.disk.values())


@pytest.mark.req("ERR-8007")
def test_the_end_by_a_latched_fault_is_not_lifted_by_a_card() -> None:
    scenario = started()
    scenario.run(1.0, safety=replace(SAFETY, faults=(FaultCode.SAFETY_CIRCUIT,)))
    nothing_changes(scenario, BLUE, CardRefusal.NOT_CHARGED)
    scenario.run(1.0, safety=SAFETY)
    nothing_changes(scenario, BLUE, CardRefusal.ENDED_BY_FAULT)


# --- what keeps a card from beginning ---------------------------------------------------------


@pytest.mark.parametrize("plug", [OUT, SEATED])
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"faults": (FaultCode.RED,)}, NotCharged.FAULT),
        ({"faults": (FaultCode.SAFETY_CIRCUIT,)}, NotCharged.FAULT),
        ({"commissioning": True}, NotCharged.COMMISSIONING),
        ({"showroom": True}, NotCharged.SHOWROOM),
        ({"has_mains": False}, NotCharged.NO_MAINS),
    ],
)
def test_where_nobody_is_charged_a_card_is_refused(
    plug: Any, changes: dict[str, Any], why: NotCharged
) -> None:
    scenario = with_cards(plug, safety=replace(SAFETY, **changes))
    nothing_changes(scenario, RED, CardRefusal.NOT_CHARGED)
    verdict = scenario.hold(RED)
    assert (verdict.not_charged, verdict.codes) == (why, changes.get("faults", ()))
    scenario.run(1.0, safety=SAFETY)
    assert scenario.disk == {}
    assert scenario.hold(RED).action in (Action.RELEASED, Action.STARTED)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"box": None}, CardRefusal.METER_SILENT),
        ({"box": None, "pilot": SEATED}, CardRefusal.METER_SILENT),
        ({"safety": None}, CardRefusal.SAFETY_SILENT),
        ({"pilot": SILENT}, CardRefusal.PLUG_UNKNOWN),
        ({"required": None}, CardRefusal.SETTINGS_UNKNOWN),
    ],
)
def test_what_cannot_be_judged_yet_may_be_asked_again(
    facts: dict[str, Any], refusal: CardRefusal
) -> None:
    scenario = with_cards(**facts)
    verdict = scenario.hold(RED)
    assert (verdict.action, verdict.refusal, verdict.is_early) == (None, refusal, True)
    assert not scenario.run(0.2).released
    scenario.run(1.0, box=box(1000.0), safety=SAFETY, pilot=OUT, required=True)
    assert scenario.hold(RED).action is Action.RELEASED


def test_a_plug_that_is_just_pulled_is_waited_for() -> None:
    scenario = with_cards(SEATED)
    scenario.run(0.1, pilot=OUT)
    assert scenario.hold(RED).refusal is CardRefusal.PLUG_UNKNOWN
    scenario.run(1.0)
    assert scenario.hold(RED).action is Action.RELEASED


def test_a_card_before_the_found_session_is_judged_has_to_wait() -> None:
    old = started()
    new = old.restarted()
    new.graph_run = 0
    assert new.hold(RED).refusal is CardRefusal.SESSION_UNKNOWN
    new.graph_run = old.graph_run
    assert new.run(0.2).permitted
    assert new.hold(RED).action is Action.LOGGED_OFF


@pytest.mark.parametrize("unseen", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_a_plug_in_that_is_not_seen_yet_has_to_wait(unseen: Signals) -> None:
    old = started()
    old.hold(RED)
    old.run(1.0)
    new = old.restarted()
    new.run(HEAR_S + 1.0, pilot=unseen)
    assert new.hold(BLUE).refusal is CardRefusal.PLUG_UNKNOWN
    new.run(0.2, pilot=SEATED)
    assert new.hold(BLUE).action is Action.STARTED


# --- the setting ------------------------------------------------------------------------------


@pytest.mark.req("RFID-6")
@pytest.mark.parametrize("plug", [OUT, SEATED])
def test_where_no_card_is_needed_a_card_is_refused_with_that_reason(plug: Any) -> None:
    scenario = with_cards(plug, required=False)
    nothing_changes(scenario, RED, CardRefusal.SWITCHED_OFF)
    assert scenario.run(1.0, pilot=SEATED).permitted


@pytest.mark.req("RFID-6")
def test_before_the_setting_is_known_nobody_new_begins_and_who_runs_goes_on() -> None:
    scenario = with_cards(SEATED, required=None)
    status = scenario.run(600.0)
    assert (status.permitted, status.authorization_required) == (False, True)
    assert status.reason == NOT_KNOWN
    assert scenario.disk == {}
    assert scenario.run(0.2, required=False).permitted
    assert scenario.run(60.0, required=None).permitted
    scenario = scenario.restarted()
    assert scenario.run(60.0).permitted
    assert scenario.said[-1].session_id == scenario.record().session_id
    scenario.run(1.0, pilot=OUT)
    assert scenario.said[-1].reason == NOT_KNOWN
    assert not scenario.run(1.0, pilot=SEATED).permitted


@pytest.mark.req("RFID-7")
def test_a_session_that_began_without_a_card_is_left_alone_when_one_becomes_required() -> None:
    scenario = with_cards(required=False)
    before = scenario.run(1.0, pilot=SEATED).session_id
    status = scenario.run(600.0, required=True)
    assert (status.session_id, status.permitted) == (before, True)
    nothing_changes(scenario, RED, CardRefusal.PLUG_BEGAN)
    scenario.run(1.0, pilot=OUT)
    assert not scenario.run(1.0, pilot=SEATED).permitted


@pytest.mark.req("RFID-7")
def test_a_session_that_a_card_began_is_left_alone_when_none_is_required_any_more() -> None:
    scenario = started()
    assert scenario.run(600.0, required=False).permitted
    nothing_changes(scenario, BLUE, CardRefusal.SWITCHED_OFF)
    assert scenario.hold(RED).action is Action.LOGGED_OFF
    status = scenario.run(60.0)
    assert not status.permitted
    assert "(logged off by the card); start it again on the page" in status.reason


def test_a_release_ends_with_the_need_of_a_card() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    assert not scenario.run(0.2, required=False).released
    status = scenario.run(1.0, pilot=SEATED)
    assert (status.permitted, status.token) == (True, "")


# --- restarts, mains, the next vehicle --------------------------------------------------------


def test_a_release_does_not_outlive_its_node() -> None:
    old = started()
    old.run(1.0, pilot=OUT)
    old.hold(BLUE)
    new = old.restarted()
    assert not new.run(2.0).released
    assert not new.run(2.0, pilot=SEATED).permitted
    assert new.hold(RED).action is Action.STARTED


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SIGNAL, None])
def test_restarted_in_place_a_charge_has_what_was_left_of_its_term(
    reason: StopReason | None,
) -> None:
    old = begun()
    until_utc_ns = old.said[-1].lapses_utc_ns
    old.run(29.8)
    if reason is not None:
        old.stop = reason
        old.step()
    new = old.restarted()
    status = new.run(10.0)
    assert (status.permitted, status.token) == (True, RED)
    assert status.lapses_utc_ns == until_utc_ns
    assert new.run(19.8).permitted
    new.run(0.4)
    assert new.record().end_reason is EndReason.LAPSED


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_a_clock_that_jumps_over_a_restart_gives_no_more_than_a_whole_term(jump_s: float) -> None:
    old = begun()
    (entry,) = old.disk.values()
    moved = entry.lapses_utc_ns - int(jump_s * 1e9)
    new = Scenario(replace(entry, lapses_utc_ns=moved), required=True, now_s=old.now_s)
    new.facts = dict(old.facts)
    new.run(LAPSE_S + 0.5)
    assert new.record().end_reason is EndReason.LAPSED


@pytest.mark.parametrize("is_dead", [False, True])
def test_after_a_loss_of_power_a_charge_that_was_not_started_has_its_whole_term(
    is_dead: bool,
) -> None:
    scenario = begun()
    before = scenario.record().session_id
    scenario.run(50.0)
    if is_dead:
        scenario = scenario.restarted(first=True)
    scenario.run(3600.0, **NO_MAINS)
    assert scenario.said[-1].session_id == before  # the plug is waited for, however long
    scenario.facts |= {"safety": SAFETY, "pilot": SEATED, "box": box(1000.0)}
    assert scenario.run(0.1).lapses_utc_ns == scenario.utc_ns + int(LAPSE_S * 1e9)
    status = scenario.run(LAPSE_S - 0.5)
    assert (status.session_id, status.token, status.permitted) == (before, RED, True)
    assert status.lapses_utc_ns > 0
    scenario.run(1.0)
    assert scenario.record().end_reason is EndReason.LAPSED


@pytest.mark.req("RFID-4")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_the_wait_by_which_not_all_boxes_start_at_once_loses_no_authorisation(
    is_restarted: bool,
) -> None:
    wait_s = 300.0
    scenario = begun(safety=replace(SAFETY, starts_in_s=wait_s))
    ends_s = scenario.now_s + wait_s
    until_utc_ns = scenario.said[-1].lapses_utc_ns
    assert until_utc_ns > scenario.utc_ns + int(wait_s * 1e9)
    while scenario.now_s < ends_s:
        left_s = ends_s - scenario.now_s
        assert scenario.run(min(1.0, left_s), safety=replace(SAFETY, starts_in_s=left_s)).permitted
        if is_restarted:
            scenario, is_restarted = scenario.restarted(), False
            until_utc_ns = 0
    if until_utc_ns:
        assert scenario.said[-1].lapses_utc_ns == until_utc_ns  # it moved once
    assert scenario.run(9.0, safety=replace(SAFETY, phase=SafetyPhase.SELF_TEST)).permitted
    scenario.run(LATE_S)
    assert scenario.record().end_reason is EndReason.LAPSED
    scenario = begun(safety=replace(SAFETY, starts_in_s=900.0))
    assert scenario.run(1000.0, safety=TESTED).permitted


def test_with_the_loss_of_power_that_ends_a_session_its_term_ends() -> None:
    scenario = begun()
    scenario.run(10.0, **NO_MAINS)
    scenario.facts |= {"safety": SAFETY, "pilot": OUT, "box": box(1000.0)}
    status = scenario.run(1.0)
    assert scenario.record().end_reason is EndReason.POWER_LOSS
    assert (status.token, status.lapses_utc_ns) == ("", 0)


@pytest.mark.parametrize("is_dead", [False, True])
def test_with_the_mains_a_session_resumes_with_its_card(is_dead: bool) -> None:
    scenario = started()
    before = scenario.record().session_id
    if is_dead:
        scenario = scenario.restarted(first=True)
    scenario.run(600.0, **NO_MAINS)
    scenario.facts |= {"safety": SAFETY, "pilot": SEATED, "box": box(1000.0)}
    status = scenario.run(600.0)
    assert (status.session_id, status.token, status.permitted) == (before, RED, True)
    nothing_changes(scenario, BLUE, CardRefusal.OTHER_BEGAN)
    assert scenario.hold(RED).action is Action.LOGGED_OFF


@pytest.mark.req("PAN-5")
@pytest.mark.parametrize("is_started", [False, True])
def test_after_a_shutdown_a_seated_plug_needs_a_new_authorisation(is_started: bool) -> None:
    old = started() if is_started else begun()
    old.stop = StopReason.SHUTDOWN
    old.run(1.0)
    assert old.done
    assert old.record().end_reason is EndReason.RESTART
    new = old.restarted(first=True)
    status = new.run(600.0, safety=SAFETY)
    assert (status.permitted, status.reason) == (False, REQUIRED)
    assert new.hold(RED).action is Action.STARTED
    assert new.run(0.2).permitted


@pytest.mark.req("PAN-5")
def test_a_card_during_a_shutdown_begins_nothing() -> None:
    scenario = with_cards()
    scenario.hold(RED)
    scenario.stop = StopReason.SHUTDOWN
    verdict = scenario.hold(BLUE)
    assert (verdict.refusal, verdict.is_early) == (CardRefusal.STOP, True)
    assert not scenario.said[-1].released
    scenario.run(1.0, pilot=SEATED)
    assert scenario.disk == {}


@pytest.mark.req("CHG-2")
@pytest.mark.parametrize("is_away", [False, True])
@pytest.mark.parametrize("is_started", [False, True])
def test_with_the_plug_the_authorisation_goes(is_started: bool, is_away: bool) -> None:
    scenario = started() if is_started else begun()
    before = scenario.record().session_id
    if is_away:  # the vehicle is changed while the node is dead
        scenario = scenario.restarted()
        scenario.run(2.0, pilot=NEW)
    else:
        scenario.run(1.0, pilot=OUT)
        scenario.run(1.0, pilot=SEATED)
    assert scenario.stored(before).end_reason is EndReason.UNPLUGGED
    assert (scenario.said[-1].permitted, scenario.said[-1].reason) == (False, REQUIRED)
    assert scenario.hold(BLUE).action is Action.STARTED
    assert scenario.run(0.2).token == BLUE


# --- learning ---------------------------------------------------------------------------------


@pytest.mark.req("STA-1", "STA-3")
@pytest.mark.parametrize("mode", [RfidMode.NEW_CARD, RfidMode.CONFIRM, RfidMode.MASTER])
def test_while_cards_are_learned_the_state_says_so(mode: RfidMode) -> None:
    scenario = with_cards()
    status = scenario.run(1.1, rfid_mode=mode)
    assert status.state is WallboxState.TOKEN_PROGRAMMING_MODE
    assert "card" in status.reason
    assert scenario.run(0.1, rfid_mode=RfidMode.READY).state is WallboxState.IDLE


@pytest.mark.req("STA-3")
def test_a_charge_without_cards_is_shown_though_a_master_is_awaited() -> None:
    closed = replace(
        TESTED, phase=SafetyPhase.CLOSED, contactor=Contactor.CLOSED, cp_state=CpState.C
    )
    scenario = with_cards(required=False, rfid_mode=RfidMode.MASTER)
    assert scenario.said[-1].state is WallboxState.TOKEN_PROGRAMMING_MODE
    status = scenario.run(2.0, pilot=pilot(CpState.C), safety=closed)
    assert status.state is WallboxState.CHARGING
    assert scenario.run(2.0, pilot=OUT).state is WallboxState.TOKEN_PROGRAMMING_MODE


# --- whatever happens -------------------------------------------------------------------------

FACTS = (
    "A",
    "B",
    "silent",
    "mains off",
    "mains on",
    "idle",
    "tested",
    "latched",
    "paused",
    "offered",
)
SETTING = ("on", "off", "unknown")
ACTS = ("red", "blue", "end", "wait", "kill", "lost", "shutdown")
EVENTS = st.sampled_from(FACTS + SETTING + ACTS)


def obey(scenario: Scenario, event: str) -> Scenario:
    """Let one thing happen; return the scenario that goes on."""
    facts = scenario.facts
    safety: SafetyStatus = facts["safety"]
    match event:
        case "A" | "B":
            facts["pilot"] = pilot(CpState(event))
        case "silent":
            facts["pilot"] = SILENT
        case "mains off" | "mains on":
            facts["safety"] = replace(safety, has_mains=event == "mains on")
        case "idle":
            facts["safety"] = SAFETY
        case "tested":
            facts["safety"] = TESTED
        case "latched":
            facts["safety"] = replace(SAFETY, faults=(FaultCode.SAFETY_CIRCUIT,))
        case "paused" | "offered":
            facts["offer"] = PAUSED if event == "paused" else OFFER
        case "on" | "off" | "unknown":
            facts["required"] = {"on": True, "off": False, "unknown": None}[event]
        case "wait":
            scenario.run(58.0)
        case "kill" | "lost" | "shutdown" if scenario.disk:
            if event == "shutdown":
                scenario.stop = StopReason.SHUTDOWN
                scenario.run(OPEN_S + 1.0)
            count = scenario.count
            scenario = scenario.restarted(first=event != "kill")
            scenario.count = count
        case _:
            pass
    return scenario


@settings(max_examples=200)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_only_a_card_that_was_presented_charges_where_one_is_required(
    events: list[str],
) -> None:
    scenario = with_cards()
    free: set[str] = set()  # sessions that were seen while no card was required
    released: dict[str, float] = {}  # card: when it was held last to any effect
    for event in events:
        heard = len(scenario.said)
        before = scenario.said[-1] if scenario.said else None
        if event in ("red", "blue"):
            verdict = scenario.hold(event)
            if verdict.action in (Action.RELEASED, Action.STARTED):
                assert scenario.facts["required"]
                released[event] = scenario.now_s
            if verdict.action is Action.LOGGED_OFF:
                assert before is not None
                assert before.token == event
                assert not scenario.said[-1].permitted
                assert not scenario.said[-1].released
        else:
            if event == "end":
                scenario.step(end="")
            was = scenario
            scenario = obey(scenario, event)
            heard = heard if was is scenario else 0
        newest = scenario.run(2.0)
        is_clear = scenario.facts["safety"].has_mains and scenario.facts["pilot"] == SEATED
        if newest.released or (newest.lapses_utc_ns and is_clear):
            assert (
                newest.lapses_utc_ns >= scenario.utc_ns - 1_200_000_000
            )  # said a second ago at most
        for status in scenario.said[heard:]:
            if not status.session_id:
                continue
            record = scenario.stored(status.session_id)
            if scenario.facts["required"] is False and not record.token:
                free.add(record.session_id)
            if status.permitted and record.session_id not in free:
                assert record.token in released
                began_s = (record.started_utc_ns - UTC_NS) / 1e9 + 100.0
                assert began_s - released[record.token] <= LAPSE_S

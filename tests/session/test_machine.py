"""A session: permitted after it is stored, stored exactly once, ended for a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from msgs.pilot import UNPLUGGED_S, CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.session import EndReason, WallboxState
from msgs.state_reason import Wait
from nodes.session.machine import LEAVE_S, UNPROVEN_S, refusal_to_end
from nodes.session.reasons import EndRefusal
from nodes.session.revival import HEAR_S
from nodes.session.running import OPEN_S
from nodes.session.sign import SIGN_S
from nodes.session.words import WAITS
from tests.session.conftest import SAFETY, SILENT, Scenario, Signals, box, pilot, plugged_in

# --- beginning --------------------------------------------------------------------------------


def test_a_plugged_car_begins_a_session_and_is_authorised() -> None:
    scenario = Scenario()
    status = scenario.run(1.0)
    assert (status.state, status.plugged, status.permitted) == (WallboxState.IDLE, False, False)
    status = scenario.run(1.0, pilot=pilot(CpState.B))
    assert status.permitted
    assert status.plugged
    assert status.session_id == scenario.record().session_id
    assert scenario.record().start_energy_wh == 1000.0
    assert scenario.record().ended_utc_ns == 0


def test_permission_is_published_only_after_the_start_is_on_the_disk() -> None:
    scenario = Scenario(required=True)
    scenario.run(1.0)
    scenario.disk_works = False
    scenario.run(1.0, pilot=pilot(CpState.B))
    scenario.hold("04A1")
    status = scenario.run(20.0)
    assert not any(one.permitted for one in scenario.said)
    assert "the disk is full" in status.reason
    assert status.state is WallboxState.UNRECOVERABLE_ERROR
    scenario.disk_works = True
    assert scenario.run(6.0).permitted
    assert len(scenario.disk) == 1


def test_a_session_without_a_card_is_permitted_though_the_disk_refuses_it() -> None:
    scenario = Scenario()
    scenario.run(1.0)
    scenario.disk_works = False
    status = scenario.run(20.0, pilot=pilot(CpState.B))
    assert (status.permitted, status.unrecorded) == (True, "the disk is full")
    assert scenario.disk == {}
    scenario.disk_works = True
    status = scenario.run(6.0)
    assert (status.permitted, status.unrecorded) == (True, "")
    assert scenario.record().session_id == status.session_id


def test_no_session_begins_without_the_box_meter() -> None:
    for silent in (None, box(5.0, online=False), box(float("nan"))):
        scenario = Scenario()
        status = scenario.run(3.0, pilot=pilot(CpState.B), box=silent)
        assert not status.permitted
        assert "meter" in status.reason
        assert scenario.disk == {}
        assert scenario.run(1.0, box=box(5.0)).permitted


@pytest.mark.req("RFID-6")
def test_a_plug_alone_does_not_authorise_where_authorisation_is_required() -> None:
    scenario = Scenario(required=True)
    status = scenario.run(3.0, pilot=pilot(CpState.B))
    assert not status.permitted
    assert status.authorization_required
    assert status.reason == WAITS[Wait.CARD]
    assert scenario.disk == {}


# --- ending -----------------------------------------------------------------------------------


@pytest.mark.req("CHG-2")
def test_unplugging_ends_the_session_and_it_is_stored_once() -> None:
    scenario = plugged_in()
    scenario.run(60.0, box=box(1500.0))
    status = scenario.run(1.0, pilot=pilot(CpState.A))
    assert (status.session_id, status.permitted, status.plugged) == ("", False, False)
    assert status.energy_wh == 500.0
    record = scenario.record()
    assert record.end_reason is EndReason.UNPLUGGED
    assert record.ended_utc_ns > record.started_utc_ns
    assert record.energy_wh == 500.0
    (entry,) = scenario.disk.values()
    assert not entry.seated


@pytest.mark.parametrize("cp", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_a_silent_or_shorted_pilot_is_no_unplugged_car(cp: Signals) -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    scenario.run(30.0, pilot=cp)
    status = scenario.run(1.0, pilot=pilot(CpState.B))
    assert status.session_id == before
    assert status.permitted


def test_a_bouncing_plug_ends_nothing() -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    for _ in range(5):
        scenario.run(UNPLUGGED_S - 0.1, pilot=pilot(CpState.A))
        scenario.run(0.1, pilot=pilot(CpState.B))
    assert scenario.said[-1].session_id == before
    assert len(scenario.disk) == 1


def test_a_plug_that_is_out_has_no_permission_for_the_next_one() -> None:
    scenario = plugged_in()
    assert scenario.said[-1].permitted
    status = scenario.run(0.1, pilot=pilot(CpState.A))
    assert (status.session_id != "", status.permitted) == (True, False)
    assert scenario.run(0.1, pilot=pilot(CpState.B)).permitted  # it has bounced


@pytest.mark.parametrize("cp", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_what_says_nothing_about_the_plug_gives_no_permission_back(cp: Signals) -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    scenario.run(0.2, pilot=pilot(CpState.A))
    assert not scenario.run(5.0, pilot=cp).permitted
    after = scenario.run(1.0, pilot=pilot(CpState.B))
    assert after.permitted
    assert after.session_id != before  # it may be another vehicle's


def test_a_bounce_at_the_pace_of_the_node_ends_nothing_and_lifts_no_stop() -> None:
    for is_stopped in (False, True):
        scenario = plugged_in()
        if is_stopped:
            scenario.step(end="enough")
            scenario.run(1.0, safety=replace(SAFETY, contactor=Contactor.OPEN))
        before = scenario.said[-1]
        for bounce in ("AAB", "AEB", "AB"):
            for state in bounce:
                scenario.facts["pilot"] = pilot(CpState(state))
                scenario.now_s += 0.2
                scenario.step()
        scenario.run(1.0, pilot=pilot(CpState.B))
        assert scenario.said[-1].session_id == before.session_id
        assert scenario.said[-1].permitted is not is_stopped


def test_a_stop_holds_after_a_plug_that_was_out_and_then_unknown() -> None:
    scenario = plugged_in()
    scenario.step(end="enough")
    scenario.run(0.2, pilot=pilot(CpState.A))
    scenario.run(2.0, pilot=SILENT)
    assert not scenario.run(2.0, pilot=pilot(CpState.B)).permitted


@pytest.mark.req("CHG-2")
def test_a_stopped_session_stays_without_permission_until_unplugged() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    assert refusal_to_end(scenario.state) is None
    scenario.step(end="app")
    assert not scenario.said[-1].permitted  # at once, while the contactor is still closed
    assert scenario.said[-1].state is WallboxState.SUSPENDED
    assert scenario.record().end_reason is EndReason.STOPPED
    assert scenario.record().ended_utc_ns == 0
    scenario.run(2.0, box=box(1003.0))  # the vehicle drops its load
    status = scenario.run(60.0, safety=SAFETY)
    assert not status.permitted
    assert "(app)" in status.reason
    assert status.energy_wh == 3.0
    assert scenario.record().ended_utc_ns > 0
    assert scenario.record().energy_wh == 3.0
    assert refusal_to_end(scenario.state) is EndRefusal.NONE_RUNS
    scenario.run(1.0, pilot=pilot(CpState.A))
    assert scenario.run(1.0, pilot=pilot(CpState.B)).permitted
    assert len(scenario.disk) == 2


def test_a_contactor_that_never_opens_keeps_no_session_from_ending() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.WELDED))
    scenario.step(end="app")
    scenario.run(OPEN_S - 0.2)
    assert scenario.record().ended_utc_ns == 0
    scenario.run(0.3)
    assert scenario.record().ended_utc_ns > 0


def test_each_plug_in_is_one_session() -> None:
    scenario = Scenario()
    for number in range(20):
        scenario.run(2.0, pilot=pilot(CpState.B), box=box(1000.0 * number))
        scenario.run(1.0, pilot=pilot(CpState.A))
    assert len(scenario.disk) == 20
    assert {entry.record.end_reason for entry in scenario.disk.values()} == {EndReason.UNPLUGGED}


# --- energy -----------------------------------------------------------------------------------


def test_energy_is_the_register_less_its_start_and_never_falls() -> None:
    scenario = plugged_in()
    assert scenario.run(1.0, box=box(1010.0)).energy_wh == 10.0
    assert scenario.run(1.1, box=box(1019.0)).energy_wh == 19.0
    assert scenario.run(1.1, box=None).energy_wh == 19.0
    assert scenario.run(1.1, box=box(1015.0)).energy_wh == 19.0  # meter has lost its last minute
    assert scenario.run(1.1, box=box(1020.0)).energy_wh == 24.0


def test_a_register_that_has_caught_up_with_a_frozen_chip_is_counted_at_once() -> None:
    scenario = plugged_in()
    scenario.run(600.0, box=box(1010.0))
    scenario.facts["box"] = box(4102.0)
    scenario.step()
    assert scenario.run(1.0).energy_wh == 3102.0


def test_running_energy_reaches_the_disk_with_each_sign_and_the_store_with_the_end() -> None:
    scenario = plugged_in()
    before = len(scenario.writes)
    for number in range(125):
        scenario.run(1.0, box=box(1000.0 + number))
    assert len(scenario.writes) == before
    assert scenario.sign is not None
    assert scenario.sign.energy_wh > 60.0
    scenario.run(1.0, pilot=pilot(CpState.A))
    assert scenario.record().energy_wh == 124.0


def test_what_flowed_while_the_meter_was_silent_is_counted() -> None:
    scenario = plugged_in()
    scenario.run(60.0, box=None)
    assert scenario.run(1.0, box=box(1440.0)).energy_wh == 440.0


def test_what_is_heard_in_the_round_that_ends_it_is_counted() -> None:
    scenario = plugged_in()
    scenario.facts["pilot"] = pilot(CpState.A)
    scenario.step()
    scenario.now_s += UNPLUGGED_S + 0.1
    scenario.facts["box"] = box(1005.0)
    scenario.step()
    assert scenario.record().end_reason is EndReason.UNPLUGGED
    assert scenario.record().energy_wh == 5.0


# --- restarts ---------------------------------------------------------------------------------


def test_after_a_restart_in_place_the_same_session_goes_on() -> None:
    old = plugged_in(box=box(1000.0))
    old.run(10.0, box=box(1200.0))
    old.stop = StopReason.RESTART
    old.step()
    assert old.done
    new = old.restarted()
    status = new.run(0.1, box=box(1201.0))
    assert new.said[0].permitted  # no "no" in between
    assert status.session_id == old.said[-1].session_id
    assert status.energy_wh == 201.0
    assert new.record().start_energy_wh == 1000.0
    new.run(1.0, pilot=pilot(CpState.A))
    assert new.record().end_reason is EndReason.UNPLUGGED


def test_a_restarted_node_permits_nothing_before_it_has_seen_the_plug() -> None:
    new = plugged_in().restarted()
    status = new.run(HEAR_S + 2.0, pilot=SILENT)
    assert not any(one.permitted for one in new.said)
    assert "pilot" in status.reason
    assert new.run(0.1, pilot=pilot(CpState.C)).permitted


def test_a_car_that_left_meanwhile_ends_the_session_with_the_last_known_energy() -> None:
    old = plugged_in()
    old.run(30.0, box=box(1200.0))
    old.run(SIGN_S + 1.0)
    new = old.restarted()
    status = new.run(1.0, pilot=pilot(CpState.A), box=None)
    assert not any(one.permitted for one in new.said)
    assert status.session_id == ""
    assert new.record().end_reason is EndReason.UNPLUGGED
    assert new.record().energy_wh == 200.0


def test_a_run_is_waited_for_and_an_end_meanwhile_is_not_refused_for_good() -> None:
    old = plugged_in()
    new = old.restarted()
    new.graph_run = 0
    for _ in range(10):
        new.now_s += 0.1
        new.step()
    assert new.said == []
    assert refusal_to_end(new.state) is EndRefusal.UNKNOWN
    new.graph_run = old.graph_run
    status = new.run(0.1)
    assert status.permitted
    assert status.session_id == old.said[-1].session_id


def test_a_run_that_is_heard_late_is_stored_with_the_session_that_runs() -> None:
    old = Scenario(graph_run=0)
    old.run(2.0, pilot=pilot(CpState.B))
    old.graph_run = 7
    old.run(0.2)
    new = old.restarted()
    assert new.run(1.0).session_id == old.said[-1].session_id


def test_a_session_that_was_being_ended_goes_on_ending_with_the_live_counter() -> None:
    old = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    old.run(30.0, box=box(1200.0))
    old.step(end="app")  # killed at once
    new = old.restarted()
    new.run(3.0, box=box(1206.0))
    assert new.record().ended_utc_ns == 0
    new.run(0.5, safety=SAFETY, box=None)
    assert new.record().ended_utc_ns == 0
    new.run(0.5, box=box(1206.5))
    assert new.record().ended_utc_ns > 0
    assert new.record().energy_wh == pytest.approx(206.5)
    assert not any(one.permitted for one in new.said)


@pytest.mark.parametrize("first", [True, False])
def test_a_stopped_session_is_not_revived_by_a_restart(first: bool) -> None:
    old = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    old.step(end="app")  # killed before the contactor is open
    new = old.restarted(first)
    status = new.run(10.0)
    assert not any(one.permitted for one in new.said)
    assert status.state is WallboxState.SUSPENDED
    assert new.record().end_reason is EndReason.STOPPED
    assert new.record().ended_utc_ns > 0
    again = new.restarted(first)  # and once more after it was stored as ended
    assert not again.run(10.0).permitted
    again.run(1.0, pilot=pilot(CpState.A))
    (entry,) = again.disk.values()
    assert not entry.seated
    assert Scenario(last=entry, graph_run=2).run(1.0, pilot=pilot(CpState.B)).permitted


@pytest.mark.req("PAN-5")
def test_a_shutdown_withdraws_permission_waits_for_the_contactor_and_stores() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.run(10.0, box=box(1100.0))
    scenario.stop = StopReason.SHUTDOWN
    scenario.step()
    assert not scenario.said[-1].permitted
    assert not scenario.done
    scenario.run(3.0, box=box(1103.0))
    assert not scenario.done
    scenario.run(0.1, safety=SAFETY)
    assert scenario.done
    assert scenario.record().end_reason is EndReason.RESTART
    assert scenario.record().energy_wh == 103.0
    assert scenario.restarted(first=False).run(1.0).session_id != scenario.record().session_id


def test_a_shutdown_waits_seven_seconds_for_the_contactor_at_most() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.stop = StopReason.SHUTDOWN
    scenario.run(OPEN_S - 0.1)
    assert not scenario.done
    scenario.run(0.3)
    assert scenario.done
    assert scenario.record().end_reason is EndReason.RESTART


def test_no_session_begins_while_the_box_is_stopped() -> None:
    scenario = Scenario()
    scenario.run(1.0)
    scenario.stop = StopReason.SHUTDOWN
    scenario.run(2.0, pilot=pilot(CpState.B))
    assert scenario.disk == {}
    assert scenario.done


def test_a_signal_stores_at_once_and_keeps_the_session() -> None:
    scenario = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    scenario.run(10.0, box=box(1050.0))
    scenario.stop = StopReason.SIGNAL
    scenario.step()
    assert scenario.done
    assert scenario.record().energy_wh == 50.0
    assert scenario.record().end_reason is None


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_full_disk_keeps_no_node_from_stopping(reason: StopReason) -> None:
    scenario = plugged_in()
    scenario.disk_works = False
    scenario.stop = reason
    scenario.run(LEAVE_S[reason] + 0.2)
    assert scenario.done


# --- first words ------------------------------------------------------------------------------


def test_the_first_status_waits_for_the_inputs_and_not_for_long() -> None:
    scenario = Scenario()
    scenario.facts = dict.fromkeys(scenario.facts)
    for _ in range(13):
        scenario.now_s += 0.1
        scenario.step()
    assert scenario.said == []
    status = scenario.run(0.2)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert not status.permitted


# --- a safety whose inputs are stale -------------------------------------------------------------


def test_a_safety_that_proves_nothing_while_a_car_is_plugged_in_is_an_error() -> None:
    stale = replace(SAFETY, phase=SafetyPhase.START, detail="its own sensors are silent")
    scenario = plugged_in(safety=stale)
    assert scenario.run(UNPROVEN_S - 1.2).state is WallboxState.READY_FOR_CHARGING
    status = scenario.run(0.5)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert status.reason == "No current: its own sensors are silent."
    assert scenario.run(0.3, safety=SAFETY).state is WallboxState.READY_FOR_CHARGING
    assert scenario.run(1.0, safety=stale).state is WallboxState.READY_FOR_CHARGING


def test_a_safety_that_starts_without_a_car_is_no_error() -> None:
    scenario = Scenario()
    status = scenario.run(30.0, safety=replace(SAFETY, phase=SafetyPhase.START))
    assert status.state is WallboxState.IDLE


# --- special modes ----------------------------------------------------------------------------


@pytest.mark.req("STA-2", "STA-4")
@pytest.mark.parametrize("mode", ["showroom", "commissioning"])
def test_no_session_begins_where_vehicles_are_not_charged(mode: str) -> None:
    scenario = plugged_in(safety=replace(SAFETY, **{mode: True}))
    assert not scenario.run(60.0).permitted
    assert scenario.disk == {}
    assert scenario.run(1.0, safety=SAFETY).permitted


def test_no_session_begins_while_safety_is_silent_or_the_box_has_no_mains() -> None:
    for safety in (None, replace(SAFETY, has_mains=False)):
        scenario = plugged_in(box=None)
        assert not scenario.run(5.0, safety=safety, box=box(1000.0)).permitted
        assert scenario.disk == {}
        assert scenario.run(1.0, safety=SAFETY).permitted


def test_a_vehicle_that_is_woken_stays_seated_and_is_no_error() -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    said = len(scenario.said)
    scenario.run(4.0, pilot=Signals(CpState.F, CpState.F, is_waking=True))
    scenario.run(4.0, pilot=Signals(CpState.B, CpState.B, is_waking=True))
    for status in scenario.said[said + 1 :]:
        assert (status.state, status.permitted) == (WallboxState.READY_FOR_CHARGING, True)
        assert status.plugged
        assert status.reason == "The vehicle is being woken."
    assert scenario.run(1.1, pilot=pilot(CpState.B)).session_id == before
    assert scenario.said[-1].reason != "The vehicle is being woken."


# --- whatever happens -------------------------------------------------------------------------

PLUG = ("A", "B", "C", "silent", "mains off", "mains on", "latched", "cleared")
NODE = ("end", "kill", "restart", "lost", "full", "free")
EVENTS = st.sampled_from(PLUG + NODE)


@settings(max_examples=150)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_each_session_is_stored_once_and_permitted_after_it_was(
    events: list[str],
) -> None:
    scenario = Scenario()
    scenario.run(1.0)
    counter_wh = 1000.0
    for event in events:
        counter_wh += 25.0
        scenario.facts["box"] = box(counter_wh)
        match event:
            case "A" | "B" | "C":
                scenario.facts["pilot"] = pilot(CpState(event))
            case "silent":
                scenario.facts["pilot"] = SILENT
            case "end" if refusal_to_end(scenario.state) is None:
                scenario.step(end="")
            case "mains off" | "mains on":
                scenario.facts["safety"] = replace(
                    scenario.facts["safety"], has_mains=event == "mains on"
                )
            case "latched" | "cleared":
                faults = (FaultCode.SAFETY_CIRCUIT,) if event == "latched" else ()
                scenario.facts["safety"] = replace(scenario.facts["safety"], faults=faults)
            case "full" | "free":
                scenario.disk_works = event == "free"
            case "kill" | "restart" | "lost":
                if event == "restart":
                    scenario.stop = StopReason.RESTART
                    scenario.step()
                newest = list(scenario.disk.values())[-1] if scenario.disk else None
                successor = Scenario(
                    last=newest,
                    graph_run=scenario.graph_run + (event == "lost"),
                    now_s=scenario.now_s,
                    sign=scenario.sign,
                )
                successor.facts = scenario.facts
                successor.disk, successor.disk_works = scenario.disk, scenario.disk_works
                successor.count = scenario.count
                scenario = successor
            case _:  # nothing to end
                pass
        scenario.run(2.0)
    scenario.disk_works = True
    scenario.facts["pilot"] = pilot(CpState.A)
    scenario.run(10.0)
    for entry in scenario.disk.values():
        assert entry.record.ended_utc_ns > 0
        assert entry.record.end_reason is not None
        assert entry.record.energy_wh >= 0.0


PLUGS = [  # when safety saw the plug go in, before and after: 0 if it was in at safety's start
    (7, 7, True),
    (7, 0, True),
    (0, 0, True),
    (7, 8, False),
    (0, 8, False),
]


@pytest.mark.parametrize(("before_ns", "after_ns", "is_same"), PLUGS)
@pytest.mark.parametrize("is_away", [False, True])
def test_a_vehicle_that_safety_saw_come_gets_a_session_of_its_own(
    before_ns: int, after_ns: int, is_same: bool, is_away: bool
) -> None:
    scenario = Scenario()
    scenario.run(2.0, pilot=pilot(CpState.C, before_ns))
    before = scenario.record()
    again = scenario.restarted() if is_away else scenario
    status = again.run(2.0, pilot=pilot(CpState.C, after_ns))
    assert status.permitted
    assert (status.session_id == before.session_id) is is_same
    if not is_same:
        old = again.disk[before.session_id].record
        assert old.end_reason is EndReason.UNPLUGGED
        assert old.ended_utc_ns


@pytest.mark.parametrize(("before_ns", "after_ns", "is_same"), PLUGS)
@pytest.mark.parametrize("first", [False, True])
def test_a_charge_that_was_stopped_stays_so_until_the_plug_has_been_out(
    before_ns: int, after_ns: int, is_same: bool, first: bool
) -> None:
    scenario = Scenario()
    scenario.run(2.0, pilot=pilot(CpState.C, before_ns))
    scenario.step(end="tests")
    scenario.run(10.0)
    again = scenario.restarted(first)
    status = again.run(3.0, pilot=pilot(CpState.C, after_ns))
    assert status.permitted is not is_same
    assert ("stopped" in status.reason) is is_same


@pytest.mark.parametrize(
    "meanwhile",
    [
        Signals(None, CpState.A),  # safety is dead
        Signals(CpState.C, CpState.A, 7),  # ... or frozen: its last word is fresh for a second
        Signals(CpState.A, None),
        Signals(CpState.A, CpState.C),
    ],
)
def test_one_witness_is_enough_for_a_plug_that_is_out(meanwhile: Signals) -> None:
    scenario = Scenario()
    before = scenario.run(2.0, pilot=pilot(CpState.C, 7)).session_id
    status = scenario.run(UNPLUGGED_S + 0.2, pilot=meanwhile)
    assert not status.plugged
    assert not status.session_id
    status = scenario.run(2.0, pilot=pilot(CpState.C, 7))
    assert status.session_id not in ("", before)

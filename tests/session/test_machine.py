"""The life of a session: permitted after it is stored, stored exactly once, ended for a reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from msgs.pilot import UNPLUGGED_S, CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode, SafetyPhase
from msgs.session import EndReason, WallboxState
from nodes.session.energy import CHECKPOINT_S
from nodes.session.machine import LEAVE_S, UNPROVEN_S, refusal_to_end
from nodes.session.reasons import EndRefusal, Wait
from nodes.session.revival import HEAR_S
from nodes.session.running import OPEN_S
from nodes.session.words import WAITS
from tests.session.conftest import SAFETY, SILENT, Copper, Life, box, pilot, plugged_in

# --- beginning --------------------------------------------------------------------------------


def test_a_plugged_car_begins_a_session_and_is_authorised() -> None:
    life = Life()
    status = life.run(1.0)
    assert (status.state, status.plugged, status.permitted) == (WallboxState.IDLE, False, False)
    status = life.run(1.0, pilot=pilot(CpState.B))
    assert status.permitted
    assert status.plugged
    assert status.session_id == life.record().session_id
    assert life.record().start_energy_wh == 1000.0
    assert life.record().ended_utc_ns == 0


def test_permission_is_published_only_after_the_start_is_on_the_disk() -> None:
    life = Life()
    life.run(1.0)
    life.disk_works = False
    status = life.run(20.0, pilot=pilot(CpState.B))
    assert not any(one.permitted for one in life.said)
    assert "the disk is full" in status.reason
    life.disk_works = True
    assert life.run(6.0).permitted
    assert len(life.disk) == 1


def test_no_session_begins_without_the_box_meter() -> None:
    for silent in (None, box(5.0, online=False), box(float("nan"))):
        life = Life()
        status = life.run(3.0, pilot=pilot(CpState.B), box=silent)
        assert not status.permitted
        assert "meter" in status.reason
        assert life.disk == {}
        assert life.run(1.0, box=box(5.0)).permitted


@pytest.mark.req("RFID-6")
def test_a_plug_alone_does_not_authorise_where_authorisation_is_required() -> None:
    life = Life(required=True)
    status = life.run(3.0, pilot=pilot(CpState.B))
    assert not status.permitted
    assert status.authorization_required
    assert status.reason == WAITS[Wait.CARD]
    assert life.disk == {}


# --- ending -----------------------------------------------------------------------------------


@pytest.mark.req("CHG-2")
def test_unplugging_ends_the_session_and_it_is_stored_once() -> None:
    life = plugged_in()
    life.run(60.0, box=box(1500.0))
    status = life.run(1.0, pilot=pilot(CpState.A))
    assert (status.session_id, status.permitted, status.plugged) == ("", False, False)
    assert status.energy_wh == 500.0
    record = life.record()
    assert record.end_reason is EndReason.UNPLUGGED
    assert record.ended_utc_ns > record.started_utc_ns
    assert record.energy_wh == 500.0
    (entry,) = life.disk.values()
    assert not entry.seated


@pytest.mark.parametrize("cp", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_a_silent_or_shorted_pilot_is_no_unplugged_car(cp: Copper) -> None:
    life = plugged_in()
    before = life.said[-1].session_id
    life.run(30.0, pilot=cp)
    status = life.run(1.0, pilot=pilot(CpState.B))
    assert status.session_id == before
    assert status.permitted


def test_a_bouncing_plug_ends_nothing() -> None:
    life = plugged_in()
    before = life.said[-1].session_id
    for _ in range(5):
        life.run(UNPLUGGED_S - 0.1, pilot=pilot(CpState.A))
        life.run(0.1, pilot=pilot(CpState.B))
    assert life.said[-1].session_id == before
    assert len(life.disk) == 1


def test_a_plug_that_is_out_has_no_permission_for_the_next_one() -> None:
    life = plugged_in()
    assert life.said[-1].permitted
    status = life.run(0.1, pilot=pilot(CpState.A))
    assert (status.session_id != "", status.permitted) == (True, False)
    assert life.run(0.1, pilot=pilot(CpState.B)).permitted  # it has bounced


@pytest.mark.parametrize("cp", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_what_says_nothing_about_the_plug_gives_no_permission_back(cp: Copper) -> None:
    life = plugged_in()
    before = life.said[-1].session_id
    life.run(0.2, pilot=pilot(CpState.A))
    assert not life.run(5.0, pilot=cp).permitted
    after = life.run(1.0, pilot=pilot(CpState.B))
    assert after.permitted
    assert after.session_id != before  # it may be another vehicle's


def test_a_bounce_at_the_pace_of_the_node_ends_nothing_and_lifts_no_stop() -> None:
    for is_stopped in (False, True):
        life = plugged_in()
        if is_stopped:
            life.step(end="enough")
            life.run(1.0, safety=replace(SAFETY, contactor=Contactor.OPEN))
        before = life.said[-1]
        for bounce in ("AAB", "AEB", "AB"):
            for state in bounce:
                life.facts["pilot"] = pilot(CpState(state))
                life.now_s += 0.2
                life.step()
        life.run(1.0, pilot=pilot(CpState.B))
        assert life.said[-1].session_id == before.session_id
        assert life.said[-1].permitted is not is_stopped


def test_a_stop_outlives_a_plug_that_was_out_and_then_out_of_sight() -> None:
    life = plugged_in()
    life.step(end="enough")
    life.run(0.2, pilot=pilot(CpState.A))
    life.run(2.0, pilot=SILENT)
    assert not life.run(2.0, pilot=pilot(CpState.B)).permitted


@pytest.mark.req("CHG-2")
def test_a_stopped_session_stays_without_permission_until_unplugged() -> None:
    life = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    assert refusal_to_end(life.state) is None
    life.step(end="app")
    assert not life.said[-1].permitted  # at once, while the contactor is still closed
    assert life.said[-1].state is WallboxState.SUSPENDED
    assert life.record().end_reason is EndReason.STOPPED
    assert life.record().ended_utc_ns == 0
    life.run(2.0, box=box(1003.0))  # the vehicle drops its load
    status = life.run(60.0, safety=SAFETY)
    assert not status.permitted
    assert "(app)" in status.reason
    assert status.energy_wh == 3.0
    assert life.record().ended_utc_ns > 0
    assert life.record().energy_wh == 3.0
    assert refusal_to_end(life.state) is EndRefusal.NONE_RUNS
    life.run(1.0, pilot=pilot(CpState.A))
    assert life.run(1.0, pilot=pilot(CpState.B)).permitted
    assert len(life.disk) == 2


def test_a_contactor_that_never_opens_keeps_no_session_from_ending() -> None:
    life = plugged_in(safety=replace(SAFETY, contactor=Contactor.WELDED))
    life.step(end="app")
    life.run(OPEN_S - 0.2)
    assert life.record().ended_utc_ns == 0
    life.run(0.3)
    assert life.record().ended_utc_ns > 0


def test_each_plug_in_is_one_session() -> None:
    life = Life()
    for number in range(20):
        life.run(2.0, pilot=pilot(CpState.B), box=box(1000.0 * number))
        life.run(1.0, pilot=pilot(CpState.A))
    assert len(life.disk) == 20
    assert {entry.record.end_reason for entry in life.disk.values()} == {EndReason.UNPLUGGED}


# --- energy -----------------------------------------------------------------------------------


def test_energy_is_the_counter_less_its_start_and_never_falls() -> None:
    life = plugged_in()
    assert life.run(1.0, box=box(1010.0)).energy_wh == 10.0
    assert life.run(1.1, box=box(1009.9)).energy_wh == 10.0  # noise
    assert life.run(1.1, box=box(1019.0)).energy_wh == 19.0
    assert life.run(1.1, box=None).energy_wh == 19.0
    assert life.run(1.1, box=box(0.0)).energy_wh == 19.0  # a counter that began anew
    assert life.run(1.1, box=box(5.0)).energy_wh == 24.0


def test_running_energy_reaches_the_disk_every_minute_and_only_if_it_grew() -> None:
    life = plugged_in()
    before = len(life.writes)
    life.run(125.0)
    assert len(life.writes) == before
    for number in range(125):
        life.run(1.0, box=box(1000.0 + number))
    assert len(life.writes) - before == 2
    assert life.record().energy_wh > 0.0


def test_more_than_can_flow_is_not_counted_and_told_once() -> None:
    life = plugged_in()
    life.facts["box"] = box(1_000_000.0)  # a leap of the counter, between two readings
    life.step()
    assert life.run(2.0).energy_wh == 0.0
    life.run(60.0, box=box(1_000_400.0))
    assert life.run(1.1).energy_wh == pytest.approx(400.0)
    life.facts["box"] = box(2_000_000.0)
    assert life.run(2.0).energy_wh == pytest.approx(400.0)
    (leap,) = life.leaps
    assert (round(leap.grown_wh), leap.is_lost) == (999_000, False)
    assert leap.session_id == life.said[-1].session_id


def test_what_flowed_while_the_meter_was_silent_is_counted() -> None:
    life = plugged_in()
    life.run(60.0, box=None)
    assert life.run(1.0, box=box(1440.0)).energy_wh == 440.0
    assert life.leaps == []


def test_what_is_heard_in_the_round_that_ends_it_is_counted() -> None:
    life = plugged_in()
    life.facts["pilot"] = pilot(CpState.A)
    life.step()
    life.now_s += UNPLUGGED_S + 0.1
    life.facts["box"] = box(1005.0)
    life.step()
    assert life.record().end_reason is EndReason.UNPLUGGED
    assert life.record().energy_wh == 5.0


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
    old.run(CHECKPOINT_S + 1.0)
    new = old.restarted()
    status = new.run(1.0, pilot=pilot(CpState.A), box=None)
    assert not any(one.permitted for one in new.said)
    assert status.session_id == ""
    assert new.record().end_reason is EndReason.UNPLUGGED
    assert new.record().energy_wh == 200.0


def test_a_life_is_waited_for_and_an_end_meanwhile_is_not_refused_for_good() -> None:
    old = plugged_in()
    new = old.restarted()
    new.life = 0
    for _ in range(10):
        new.now_s += 0.1
        new.step()
    assert new.said == []
    assert refusal_to_end(new.state) is EndRefusal.UNKNOWN
    new.life = old.life
    status = new.run(0.1)
    assert status.permitted
    assert status.session_id == old.said[-1].session_id


def test_a_life_that_is_heard_late_is_stored_with_the_session_that_runs() -> None:
    old = Life(life=0)
    old.run(2.0, pilot=pilot(CpState.B))
    old.life = 7
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
    assert Life(last=entry, life=2).run(1.0, pilot=pilot(CpState.B)).permitted


@pytest.mark.req("PAN-5")
def test_a_shutdown_withdraws_permission_waits_for_the_contactor_and_stores() -> None:
    life = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    life.run(10.0, box=box(1100.0))
    life.stop = StopReason.SHUTDOWN
    life.step()
    assert not life.said[-1].permitted
    assert not life.done
    life.run(3.0, box=box(1103.0))
    assert not life.done
    life.run(0.1, safety=SAFETY)
    assert life.done
    assert life.record().end_reason is EndReason.RESTART
    assert life.record().energy_wh == 103.0
    assert life.restarted(first=False).run(1.0).session_id != life.record().session_id


def test_a_shutdown_waits_seven_seconds_for_the_contactor_at_most() -> None:
    life = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    life.stop = StopReason.SHUTDOWN
    life.run(OPEN_S - 0.1)
    assert not life.done
    life.run(0.3)
    assert life.done
    assert life.record().end_reason is EndReason.RESTART


def test_no_session_begins_while_the_box_is_stopped() -> None:
    life = Life()
    life.run(1.0)
    life.stop = StopReason.SHUTDOWN
    life.run(2.0, pilot=pilot(CpState.B))
    assert life.disk == {}
    assert life.done


def test_a_signal_stores_at_once_and_keeps_the_session() -> None:
    life = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    life.run(10.0, box=box(1050.0))
    life.stop = StopReason.SIGNAL
    life.step()
    assert life.done
    assert life.record().energy_wh == 50.0
    assert life.record().end_reason is None


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_full_disk_keeps_no_node_from_stopping(reason: StopReason) -> None:
    life = plugged_in()
    life.disk_works = False
    life.stop = reason
    life.run(LEAVE_S[reason] + 0.2)
    assert life.done


# --- first words ------------------------------------------------------------------------------


def test_the_first_word_waits_for_the_facts_and_not_for_long() -> None:
    life = Life()
    life.facts = dict.fromkeys(life.facts)
    for _ in range(13):
        life.now_s += 0.1
        life.step()
    assert life.said == []
    status = life.run(0.2)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert not status.permitted


# --- a blind safety ---------------------------------------------------------------------------


def test_a_safety_that_proves_nothing_while_a_car_is_plugged_in_is_an_error() -> None:
    blind = replace(SAFETY, phase=SafetyPhase.START, detail="its own sensors are silent")
    life = plugged_in(safety=blind)
    assert life.run(UNPROVEN_S - 1.2).state is WallboxState.READY_FOR_CHARGING
    status = life.run(0.5)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert status.reason == "No current: its own sensors are silent."
    assert life.run(0.3, safety=SAFETY).state is WallboxState.READY_FOR_CHARGING
    assert life.run(1.0, safety=blind).state is WallboxState.READY_FOR_CHARGING


def test_a_safety_that_starts_without_a_car_is_no_error() -> None:
    life = Life()
    status = life.run(30.0, safety=replace(SAFETY, phase=SafetyPhase.START))
    assert status.state is WallboxState.IDLE


# --- special modes ----------------------------------------------------------------------------


@pytest.mark.req("STA-2", "STA-4")
@pytest.mark.parametrize("mode", ["showroom", "commissioning"])
def test_no_session_begins_where_vehicles_are_not_charged(mode: str) -> None:
    life = plugged_in(safety=replace(SAFETY, **{mode: True}))
    assert not life.run(60.0).permitted
    assert life.disk == {}
    assert life.run(1.0, safety=SAFETY).permitted


def test_no_session_begins_while_safety_is_silent_or_the_box_has_no_mains() -> None:
    for safety in (None, replace(SAFETY, has_mains=False)):
        life = plugged_in(box=None)
        assert not life.run(5.0, safety=safety, box=box(1000.0)).permitted
        assert life.disk == {}
        assert life.run(1.0, safety=SAFETY).permitted


def test_a_vehicle_that_is_woken_stays_seated_and_is_no_error() -> None:
    life = plugged_in()
    before = life.said[-1].session_id
    said = len(life.said)
    life.run(4.0, pilot=Copper(CpState.F, CpState.F, is_waking=True))
    life.run(4.0, pilot=Copper(CpState.B, CpState.B, is_waking=True))
    for status in life.said[said + 1 :]:
        assert (status.state, status.permitted) == (WallboxState.READY_FOR_CHARGING, True)
        assert status.plugged
        assert status.reason == "The vehicle is being woken."
    assert life.run(1.1, pilot=pilot(CpState.B)).session_id == before
    assert life.said[-1].reason != "The vehicle is being woken."


# --- whatever happens -------------------------------------------------------------------------

PLUG = ("A", "B", "C", "silent", "dark", "lit", "latched", "cleared")
NODE = ("end", "kill", "restart", "lost", "full", "free")
EVENTS = st.sampled_from(PLUG + NODE)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_each_session_is_stored_once_and_permitted_after_it_was(
    events: list[str],
) -> None:
    life = Life()
    life.run(1.0)
    counter_wh = 1000.0
    for event in events:
        counter_wh += 25.0
        life.facts["box"] = box(counter_wh)
        match event:
            case "A" | "B" | "C":
                life.facts["pilot"] = pilot(CpState(event))
            case "silent":
                life.facts["pilot"] = SILENT
            case "end" if refusal_to_end(life.state) is None:
                life.step(end="")
            case "dark" | "lit":
                life.facts["safety"] = replace(life.facts["safety"], has_mains=event == "lit")
            case "latched" | "cleared":
                faults = (FaultCode.SAFETY_CIRCUIT,) if event == "latched" else ()
                life.facts["safety"] = replace(life.facts["safety"], faults=faults)
            case "full" | "free":
                life.disk_works = event == "free"
            case "kill" | "restart" | "lost":
                if event == "restart":
                    life.stop = StopReason.RESTART
                    life.step()
                newest = list(life.disk.values())[-1] if life.disk else None
                successor = Life(last=newest, life=life.life + (event == "lost"), now_s=life.now_s)
                successor.facts = life.facts
                successor.disk, successor.disk_works = life.disk, life.disk_works
                successor.count = life.count
                life = successor
            case _:  # nothing to end
                pass
        life.run(2.0)
    life.disk_works = True
    life.facts["pilot"] = pilot(CpState.A)
    life.run(10.0)
    for entry in life.disk.values():
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
    life = Life()
    life.run(2.0, pilot=pilot(CpState.C, before_ns))
    before = life.record()
    again = life.restarted() if is_away else life
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
    life = Life()
    life.run(2.0, pilot=pilot(CpState.C, before_ns))
    life.step(end="tests")
    life.run(10.0)
    again = life.restarted(first)
    status = again.run(3.0, pilot=pilot(CpState.C, after_ns))
    assert status.permitted is not is_same
    assert ("stopped" in status.reason) is is_same


@pytest.mark.parametrize(
    "meanwhile",
    [
        Copper(None, CpState.A),  # safety is dead
        Copper(CpState.C, CpState.A, 7),  # ... or frozen: its last word is fresh for a second
        Copper(CpState.A, None),
        Copper(CpState.A, CpState.C),
    ],
)
def test_one_witness_is_enough_for_a_plug_that_is_out(meanwhile: Copper) -> None:
    life = Life()
    before = life.run(2.0, pilot=pilot(CpState.C, 7)).session_id
    status = life.run(UNPLUGGED_S + 0.2, pilot=meanwhile)
    assert not status.plugged
    assert not status.session_id
    status = life.run(2.0, pilot=pilot(CpState.C, 7))
    assert status.session_id not in ("", before)

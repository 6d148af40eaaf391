"""Mains that are lost and come back: the session resumes with its plug, or ends with the loss."""

import pytest
from msgspec.structs import replace

from msgs.pilot import UNPLUGGED_S, CpState
from msgs.requests import StopReason
from msgs.safety import Contactor
from msgs.session import EndReason, WallboxState
from msgs.state_reason import Wait
from nodes.session.entry import Entry
from nodes.session.plug import UNSEEN_S
from nodes.session.revival import HEAR_S
from nodes.session.running import OPEN_S
from nodes.session.sign import SIGN_S
from nodes.session.words import WAITS
from tests.builders import session_record
from tests.session.conftest import (
    NO_MAINS,
    SAFETY,
    SILENT,
    UTC_NS,
    Scenario,
    Signals,
    box,
    pilot,
    plugged_in,
    sign_of,
)

SEATED = pilot(CpState.B)
OUT = pilot(CpState.A)
NEW = pilot(CpState.B, UTC_NS)  # safety saw it go in


# --- the nodes live through it ----------------------------------------------------------------


def without_mains(seconds: float = 600.0) -> tuple[Scenario, str]:
    """Return a scenario whose mains are off, and the session that runs in it."""
    scenario = plugged_in()
    scenario.run(30.0, box=box(1200.0))
    before = scenario.said[-1].session_id
    scenario.run(seconds, **NO_MAINS)
    return scenario, before


def with_mains(scenario: Scenario, plug: Signals) -> None:
    """Give a scenario its mains back, and the plug as it is found."""
    scenario.facts |= {"safety": SAFETY, "pilot": plug}


def test_a_session_goes_on_while_the_box_has_no_mains() -> None:
    scenario, before = without_mains()
    status = scenario.said[-1]
    assert (status.session_id, status.permitted, status.plugged) == (before, True, True)
    assert status.state is WallboxState.RECOVER_FROM_ERROR
    assert status.reason.startswith("The box has no mains.")
    assert status.energy_wh == 200.0


@pytest.mark.parametrize(("counter_wh", "energy_wh"), [(1207.0, 207.0), (3.0, 200.0)])
def test_with_the_same_plug_the_session_resumes(counter_wh: float, energy_wh: float) -> None:
    scenario, before = without_mains()
    with_mains(scenario, SEATED)
    status = scenario.run(2.0)
    assert (status.session_id, status.permitted) == (before, True)
    assert status.state is WallboxState.READY_FOR_CHARGING
    scenario.facts["box"] = box(counter_wh)
    assert scenario.run(1.1).energy_wh == energy_wh
    # and from then on it is a session like any other
    scenario.run(60.0)
    scenario.run(1.0, pilot=OUT)
    assert scenario.record().end_reason is EndReason.UNPLUGGED
    assert scenario.record().energy_wh == energy_wh


def test_a_plug_that_is_out_when_mains_are_back_ends_the_session_with_the_loss_of_power() -> None:
    scenario, before = without_mains()
    off_utc_ns = scenario.utc_ns - 600 * 10**9
    with_mains(scenario, OUT)
    status = scenario.run(1.0)
    assert (status.session_id, status.plugged) == ("", False)
    assert scenario.record().end_reason is EndReason.POWER_LOSS
    assert scenario.record().ended_utc_ns == 0  # what flowed before is still in the meter
    assert scenario.run(1.0, box=box(1206.0)).energy_wh == 206.0
    assert scenario.record().energy_wh == 206.0
    assert 0 <= scenario.record().ended_utc_ns - off_utc_ns <= 2 * 10**8
    status = scenario.run(1.0, pilot=NEW)
    assert status.permitted
    assert status.session_id not in ("", before)


@pytest.mark.parametrize("first", [SILENT, pilot(CpState.E), pilot(CpState.F)])
def test_signals_that_do_not_show_the_plug_when_mains_are_back_resume_and_end_nothing(
    first: Signals,
) -> None:
    scenario, before = without_mains()
    with_mains(scenario, first)
    assert scenario.run(60.0).session_id == before
    scenario.run(1.0, pilot=OUT, box=box(1200.0))
    assert scenario.record().end_reason is EndReason.POWER_LOSS


def test_another_plug_when_mains_are_back_has_a_session_of_its_own() -> None:
    scenario, before = without_mains()
    with_mains(scenario, NEW)
    scenario.facts["box"] = box(1200.0)
    status = scenario.run(1.0)
    assert status.permitted
    assert status.session_id not in ("", before)
    assert scenario.stored(before).end_reason is EndReason.POWER_LOSS
    assert scenario.stored(before).ended_utc_ns > 0


def test_mains_that_are_lost_while_the_plug_is_going_out_count_too() -> None:
    scenario = plugged_in()
    scenario.run(UNPLUGGED_S - 0.1, pilot=OUT)
    scenario.run(5.0, **NO_MAINS)
    with_mains(scenario, OUT)
    scenario.run(1.0, box=box(1000.0))
    assert scenario.record().end_reason is EndReason.POWER_LOSS


def test_a_plug_that_is_seen_out_by_a_box_without_mains_counts_too() -> None:
    scenario = plugged_in()
    scenario.run(1.0, safety=replace(SAFETY, has_mains=False), pilot=OUT)
    assert scenario.record().end_reason is EndReason.POWER_LOSS


def test_a_plug_that_was_out_and_then_unknown_without_mains_is_another_one() -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    scenario.run(0.1, pilot=OUT)
    scenario.run(UNSEEN_S, **NO_MAINS)
    with_mains(scenario, SEATED)
    assert scenario.run(1.0, box=box(1000.0)).session_id not in ("", before)
    assert scenario.stored(before).end_reason is EndReason.POWER_LOSS


def test_a_charge_that_is_stopped_without_mains_does_not_resume() -> None:
    scenario, before = without_mains()
    scenario.step(end="app")
    assert not scenario.run(OPEN_S + 1.0).permitted
    with_mains(scenario, SEATED)
    status = scenario.run(60.0, box=box(1200.0))
    assert not status.permitted
    assert scenario.record().session_id == before
    assert scenario.record().end_reason is EndReason.STOPPED


@pytest.mark.parametrize(
    ("plug", "reason"), [(SEATED, None), (OUT, EndReason.POWER_LOSS), (NEW, EndReason.POWER_LOSS)]
)
def test_a_node_that_is_restarted_without_mains_goes_on_waiting_for_the_plug(
    plug: Signals, reason: EndReason | None
) -> None:
    scenario, before = without_mains()
    scenario.stop = StopReason.RESTART
    scenario.step()
    assert scenario.done
    scenario = scenario.restarted()
    with_mains(scenario, plug)
    scenario.run(2.0, box=box(1200.0))
    assert scenario.stored(before).end_reason is reason
    assert (scenario.said[-1].session_id == before) is (reason is None)


def test_a_box_whose_mains_flicker_keeps_its_session() -> None:
    scenario = plugged_in()
    before = scenario.said[-1].session_id
    for _ in range(20):
        scenario.run(0.3, **NO_MAINS)
        with_mains(scenario, SEATED)
        scenario.run(0.3)
    assert scenario.run(1.0, box=box(1000.0)).session_id == before
    assert len(scenario.disk) == 1


def test_a_box_that_had_no_mains_has_time_to_prove_its_contactor_again() -> None:
    scenario, _ = without_mains()
    with_mains(scenario, SEATED)
    status = scenario.run(1.0)
    assert status.state is WallboxState.READY_FOR_CHARGING


# --- the nodes died with it -------------------------------------------------------------------


def lost_power(last_wh: float = 1300.0) -> tuple[Scenario, str]:
    """Return the first incarnation after a loss of power, and the session that ran.

    Nothing of its energy is on the disk, and neither plug nor meter has been heard yet.
    """
    old = plugged_in()
    old.run(50.0, box=box(last_wh))
    assert old.record().energy_wh == 0.0
    new = old.restarted(first=True)
    new.facts |= {"box": None, "pilot": SILENT}
    return new, old.said[-1].session_id


def test_a_seated_plug_resumes_its_session_with_id_card_and_energy() -> None:
    old = plugged_in()
    (entry,) = old.disk.values()
    entry = replace(entry, record=replace(entry.record, token="04A1B2C3"))
    new = Scenario(last=entry, graph_run=2, now_s=old.now_s, sign=sign_of(entry, old))
    status = new.run(2.0, pilot=SEATED, box=box(1005.0))
    assert (status.session_id, status.permitted) == (entry.record.session_id, True)
    assert status.energy_wh == 5.0
    assert new.record() == replace(entry.record, energy_wh=5.0)  # its start and its card
    (entry,) = new.disk.values()
    assert (entry.run, entry.seated) == (2, True)


@pytest.mark.parametrize("state", [CpState.B, CpState.C, CpState.D])
def test_the_plug_is_waited_for_without_permission(state: CpState) -> None:
    new, before = lost_power()
    new.run(3600.0)
    new.run(60.0, pilot=pilot(CpState.E))
    new.run(60.0, **NO_MAINS)
    new.run(60.0, pilot=Signals(None, state))  # pilot alone is no witness for a plug that is in
    assert {(said.session_id, said.permitted) for said in new.said} == {(before, False)}
    status = new.run(0.1, safety=SAFETY, pilot=pilot(state))
    assert (status.session_id, status.permitted) == (before, True)


def test_what_is_waited_for_is_said() -> None:
    new, _ = lost_power()
    status = new.run(5.0, pilot=Signals(None, CpState.B))
    assert status.reason == WAITS[Wait.PLUG_UNSEEN]


@pytest.mark.parametrize(
    "plug", [OUT, Signals(None, CpState.A), Signals(CpState.B, CpState.A), NEW]
)
def test_a_plug_that_is_out_or_was_ends_the_session_with_the_loss_of_power(plug: Signals) -> None:
    new, before = lost_power()
    new.run(5.0, pilot=plug)
    (entry, *_) = new.disk.values()
    assert (entry.record.end_reason, entry.record.ended_utc_ns) == (EndReason.POWER_LOSS, 0)
    new.facts["box"] = box(1300.0)
    new.run(1.0)
    assert new.stored(before).energy_wh == pytest.approx(300.0)
    assert new.stored(before).ended_utc_ns > 0
    assert not new.disk[before].seated
    assert not any(said.permitted for said in new.said if said.session_id == before)
    assert (new.said[-1].session_id != "") is (plug is NEW)


def test_a_session_that_power_was_lost_in_ends_when_it_was_last_known() -> None:
    old = plugged_in()
    old.run(SIGN_S + 50.0, box=box(1300.0))
    assert old.sign is not None
    new = old.restarted(first=True)
    new.run(1.0, pilot=OUT)
    assert new.record().end_reason is EndReason.POWER_LOSS
    assert new.record().ended_utc_ns == old.sign.utc_ns
    assert new.record().energy_wh == 300.0


COUNTERS = [
    (1300.0, 300.0),  # what flowed before
    (900.0, 0.0),  # the last minute of the register is lost
]


@pytest.mark.parametrize(("counter_wh", "energy_wh"), COUNTERS)
@pytest.mark.parametrize("is_first_heard", [True, False])
def test_what_flowed_before_power_was_lost_is_in_the_meters_counter(
    counter_wh: float, energy_wh: float, is_first_heard: bool
) -> None:
    new, before = lost_power()
    if is_first_heard:  # before the plug is
        new.facts["box"] = box(counter_wh)
        new.run(5.0)
    new.run(5.0, pilot=OUT)
    new.facts["box"] = box(counter_wh)
    new.run(2.0)
    ended = new.stored(before)
    assert ended.ended_utc_ns == ended.started_utc_ns
    assert ended.energy_wh == pytest.approx(energy_wh)
    assert sum(write.record.ended_utc_ns > 0 for write in new.writes) == 1


@pytest.mark.parametrize(("counter_wh", "energy_wh"), COUNTERS)
@pytest.mark.parametrize("is_first_heard", [True, False])
def test_a_session_that_resumes_counts_on_from_there(
    counter_wh: float, energy_wh: float, is_first_heard: bool
) -> None:
    new, before = lost_power()
    if is_first_heard:
        new.facts["box"] = box(counter_wh)
        new.run(5.0)
    new.run(5.0, pilot=SEATED)
    new.facts["box"] = box(counter_wh)
    new.run(2.0)
    assert new.said[-1].energy_wh == pytest.approx(energy_wh)
    new.run(60.0, box=box(counter_wh + 100.0))
    new.run(1.0, pilot=OUT)
    assert new.stored(before).energy_wh == pytest.approx(energy_wh + 100.0)
    assert new.stored(before).end_reason is EndReason.UNPLUGGED


@pytest.mark.parametrize("plug", [SILENT, SEATED, OUT])
def test_a_second_loss_of_power_loses_nothing_more(plug: Signals) -> None:
    new, before = lost_power()
    new.run(5.0, pilot=plug)
    again = new.restarted(first=True)
    again.run(2.0, pilot=SILENT)
    again.facts["box"] = box(1300.0)
    again.run(1.0, pilot=OUT)
    assert again.stored(before).energy_wh == pytest.approx(300.0)
    assert again.stored(before).end_reason is EndReason.POWER_LOSS


@pytest.mark.parametrize(
    ("plug", "reason"), [(OUT, EndReason.UNPLUGGED), (NEW, EndReason.UNPLUGGED), (SEATED, None)]
)
def test_once_resumed_it_is_a_session_of_this_run_of_the_graph(
    plug: Signals, reason: EndReason | None
) -> None:
    new, before = lost_power()
    new.run(2.0, pilot=SEATED, box=box(1000.0))
    again = new.restarted()
    again.run(2.0, pilot=plug)
    assert again.stored(before).end_reason is reason


@pytest.mark.parametrize("run_heard", [2, 0])
def test_a_run_that_is_not_known_counts_as_another_one(run_heard: int) -> None:
    old = plugged_in()
    before = old.said[-1].session_id
    new = old.restarted()
    new.graph_run = run_heard
    status = new.run(HEAR_S + 1.0, pilot=OUT)
    assert not status.session_id
    assert new.stored(before).end_reason is EndReason.POWER_LOSS


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("stopped", ["app", "shutdown", "ended"])
@pytest.mark.req("PAN-5")
def test_what_was_being_ended_when_power_was_lost_is_not_resumed(stopped: str, first: bool) -> None:
    old = plugged_in(safety=replace(SAFETY, contactor=Contactor.CLOSED))
    before = old.said[-1].session_id
    if stopped == "app":
        old.step(end="app")
    else:
        old.stop = StopReason.SHUTDOWN
        old.step()
    if stopped == "ended":
        old.run(1.0, safety=SAFETY)
        assert old.done
    new = old.restarted(first)
    new.run(OPEN_S + 1.0, safety=SAFETY)
    reason = EndReason.STOPPED if stopped == "app" else EndReason.RESTART
    assert new.stored(before).end_reason is reason
    assert new.stored(before).ended_utc_ns > 0
    assert before not in {said.session_id for said in new.said if said.permitted}
    assert new.said[-1].permitted is (stopped != "app")  # without cards a shutdown holds nobody


def test_a_record_that_ran_without_a_plug_is_not_resumed() -> None:
    record = session_record(session_id="odd", started_utc_ns=UTC_NS)
    new = Scenario(last=Entry(record=record, seated=False, seen_utc_ns=UTC_NS, run=1), graph_run=2)
    assert new.run(1.0, pilot=SEATED).session_id not in ("", "odd")
    assert new.stored("odd").end_reason is EndReason.POWER_LOSS


def test_a_session_that_waits_for_its_plug_can_be_stopped() -> None:
    new, before = lost_power()
    new.run(5.0)
    new.step(end="app")
    new.run(OPEN_S + 1.0, pilot=SEATED, box=box(1300.0))
    assert not new.said[-1].permitted
    assert new.stored(before).end_reason is EndReason.STOPPED

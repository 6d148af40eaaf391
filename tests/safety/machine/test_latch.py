"""Latched faults hold over restarts until they are judged again (ERR-8007, ERR-RED, ERR-P)."""

import math
import random
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety.latch import Recalled, salvage
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import P, Rig, closed, idle, pilot, ready


def latched() -> Rig:
    """8007, on the disk, its cause gone."""
    rig = closed()
    rig.is_welded = True
    rig.vehicle, rig.offered_a = "B", 0.0
    rig.reading = {"load_voltage": False}  # a weld that the voltage does not show
    rig.run(1.0)
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)
    assert rig.disk
    assert rig.writes == 1
    rig.is_welded = False
    rig.run(0.1)
    rig.reading = {}
    return rig.run(1.0)


@pytest.mark.req("ERR-8007")
def test_8007_outlives_unplugging_and_any_number_of_restarts() -> None:
    rig = latched()
    since_utc_ns = rig.status.records[0].since_utc_ns
    rig.vehicle = "A"
    rig.run(60.0)
    for _ in range(3):
        rig.restart().run(5.0)
        assert rig.phase() is P.FAULT
        assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)
        assert rig.status.records[0].since_utc_ns == since_utc_ns
        assert rig.causes() == (Cause.NOT_PROVEN_OPEN,)
        assert rig.status.contactor is Contactor.OPEN  # as it is proven
        rig.fed.clear()
        rig.vehicle = "B" if rig.vehicle == "A" else "A"
        assert rig.run(30.0).phase() is P.FAULT
        assert not rig.fed
    assert rig.writes == 1


@pytest.mark.req("ERR-8007", "ERR-P")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_mains_off_and_on_and_a_proof_of_open_let_8007_go(is_restarted: bool) -> None:
    rig = latched()
    if is_restarted:  # the process died with the mains
        rig.restart()
        rig.is_reset = True
    else:
        rig.cut_mains(5.0)
    rig.run(0.5)
    assert rig.faults() == ()
    assert not rig.is_reset
    assert not rig.disk
    rig.until_phase(P.READY)
    assert rig.status.contactor is Contactor.OPEN
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    assert rig.run(0.1).status.contactor is Contactor.CLOSED
    assert not rig.state.proof.on_trial


@pytest.mark.req("ERR-8007", "ERR-P")
def test_mains_off_and_on_with_a_contactor_that_is_not_open_leaves_8007() -> None:
    rig = latched()
    rig.reading = {"mirror_closed": False}
    rig.cut_mains(5.0).run(3.0)
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)
    rig.reading = {}  # too late: the proof was due in time
    assert rig.run(60.0).faults() == (FaultCode.SAFETY_CIRCUIT,)
    assert rig.disk
    assert rig.restart().run(1.0).faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-8007")
def test_a_reset_from_before_the_latch_does_not_count() -> None:
    rig = Rig()
    rig.is_reset = True
    rig.run(0.5)
    assert not rig.is_reset  # taken back with the first rounds
    rig.vehicle = "B"
    rig.reading = {"currents_a": (2.0, 0.0, 0.0)}
    rig.run(1.5)
    rig.reading = {}
    assert rig.restart().run(5.0).faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-8007")
def test_before_the_disk_has_answered_nothing_is_tested_and_no_reset_is_taken_back() -> None:
    rig = latched().restart()
    rig.is_disk_slow = rig.is_reset = True
    rig.run(5.0)
    assert rig.phase() is P.START
    assert rig.is_reset
    assert not rig.status.permitted
    rig.is_disk_slow = False
    rig.run(0.1)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8007")
def test_a_slow_disk_keeps_nothing_from_opening() -> None:
    rig = closed()
    rig.is_disk_slow = True
    rig.inputs = {"pilot": pilot(CpState.C, 10.0)}
    rig.until(lambda: not rig.outputs.enable)
    assert rig.run(5.0).faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize(
    ("cause", "code", "within_s"),
    [
        ({"earth_ohm": 2000.0}, FaultCode.RED, 3.2),
        ({"residual_dc": True}, FaultCode.RESIDUAL_CURRENT, 0.1),
        ({"currents_a": (2.0, 0.0, 0.0)}, FaultCode.SAFETY_CIRCUIT, 0.1),
    ],
)
def test_after_mains_off_and_on_every_fault_is_judged_again(
    cause: dict[str, Any], code: FaultCode, within_s: float
) -> None:
    rig = ready()
    rig.reading = cause
    rig.run(2.3)
    assert rig.faults() == (code,)
    rig.cut_mains(1.0).run(2.5)
    assert rig.faults() == (code,)  # it is still there
    rig.reading = {}
    rig.cut_mains(1.0).run(within_s)
    assert rig.faults() == ()
    assert rig.status.retries == 0


@pytest.mark.req("ERR-8007")
def test_with_a_disk_that_takes_nothing_nothing_is_closed_and_the_reason_is_published() -> None:
    rig = Rig()
    rig.is_disk_full = True
    rig.vehicle, rig.offered_a = "C", 16.0
    assert rig.run(30.0).phase() is P.START
    assert "cannot be stored: disk full" in rig.status.detail
    rig.is_disk_full = False
    rig.until_phase(P.CLOSED, 15.0)


def test_a_disk_that_does_not_answer_is_named() -> None:
    rig = Rig()
    rig.is_disk_slow = True
    assert rig.run(2.0).says(Reason.DISK_UNHEARD)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SHUTDOWN])
def test_a_stop_waits_a_little_until_8007_is_on_the_disk(reason: StopReason) -> None:
    rig = closed()
    rig.is_disk_slow = True
    rig.inputs = {"pilot": pilot(CpState.C, 10.0)}
    rig.until(lambda: rig.state.faults.is_latched)
    rig.run(1.0)
    rig.inputs = {"stop": reason}
    rig.run(1.9)
    assert not rig.outputs.is_finished
    rig.is_disk_slow = False
    rig.run(0.05)
    assert rig.outputs.is_finished
    assert rig.disk


@pytest.mark.req("ERR-8007")
def test_a_stop_does_not_wait_for_ever_and_a_signal_not_at_all() -> None:
    for reason, wait_s in ((StopReason.SHUTDOWN, 2.0), (StopReason.SIGNAL, 0.0)):
        rig = closed()
        rig.is_disk_slow = True
        rig.inputs = {"pilot": pilot(CpState.C, 10.0)}
        rig.until(lambda rig=rig: rig.state.faults.is_latched)  # type: ignore[misc]
        rig.run(1.0)
        rig.inputs = {"stop": reason}
        assert not rig.run(wait_s).outputs.is_finished
        assert rig.tick().outputs.is_finished


@pytest.mark.req("ERR-8007", "ERR-RED")
@pytest.mark.parametrize(
    ("contacts", "code"),
    [
        ({"mirror_closed": False}, FaultCode.SAFETY_CIRCUIT),
        ({"load_voltage": True}, FaultCode.RED),
    ],
)
def test_a_flag_that_was_up_at_the_start_clears_nothing_that_was_seen_since(
    contacts: dict[str, Any], code: FaultCode
) -> None:
    rig = Rig()
    rig.is_disk_slow = rig.is_reset = True
    rig.reading = contacts
    rig.run(3.0)
    rig.is_disk_slow, rig.reading = False, {}
    assert code in rig.run(2.0).faults()
    assert rig.run(60.0).phase() is P.FAULT


@pytest.mark.req("ERR-8007")
def test_one_sample_of_the_flag_is_no_reset() -> None:
    rig = latched()
    for _ in range(20):
        rig.reading = {"power_on_reset": True}
        rig.run(0.02)
        rig.reading = {"power_on_reset": False}
        rig.run(0.02)
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-8007")
def test_a_flag_that_is_stuck_clears_nothing() -> None:
    rig = Rig()
    rig.reading = {"power_on_reset": True}
    rig.run(1.0)
    assert rig.outputs.clear_reset
    rig.reading = {"power_on_reset": True, "currents_a": (2.0, 0.0, 0.0)}
    rig.run(2.0)
    rig.reading = {"power_on_reset": True}
    assert rig.run(1.0).faults() == (FaultCode.SAFETY_CIRCUIT,)
    for _ in range(3):
        assert rig.restart().run(5.0).faults() == (FaultCode.SAFETY_CIRCUIT,)
    rig.reading = {}  # mended, and the mains cut
    rig.restart().run(0.2)
    rig.cut_mains(1.0).run(0.5)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8007")
def test_a_flag_that_is_stuck_clears_no_latch_whose_finding_is_not_known() -> None:
    rig = Rig()
    rig.reading = {"power_on_reset": True}
    old = b'{"latches": [{"since_utc_ns": 5, "detail": "2.0 A flow", "is_flag_up": true}]}'
    rig.restart(salvage(old, "of an older version", 7)).run(5.0)
    assert rig.causes() == (Cause.LATCH_UNREADABLE,)
    for _ in range(2):
        assert rig.restart().run(5.0).faults() == (FaultCode.SAFETY_CIRCUIT,)
    rig.reading = {}  # mended, and the mains cut
    rig.restart().run(0.2)
    rig.cut_mains(1.0).run(0.5)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8007")
def test_the_time_for_the_proof_passes_without_readings_as_well() -> None:
    rig = latched().restart()
    rig.is_reset = True
    rig.reading = {"mirror_closed": False}
    rig.run(0.1)
    rig.reading = {"mirror_closed": False, "high_v": math.nan}
    rig.run(6.0)
    rig.reading = {}
    assert rig.run(5.0).faults()[0] is FaultCode.SAFETY_CIRCUIT


@pytest.mark.req("ERR-P")
def test_mains_off_and_on_count_failed_self_tests_from_zero() -> None:
    rig = idle()
    rig.is_deaf = True
    rig.vehicle = "B"
    for _ in range(2):
        rig.until_phase(P.FAULT, 20.0)
        rig.until_phase(P.SELF_TEST, 40.0)
    assert rig.state.testing.failed == 2
    rig.cut_mains(1.0).run(0.5)
    assert rig.state.testing.failed == 0
    assert rig.status.retries == 0


@pytest.mark.req("ERR-P")
def test_the_proof_after_mains_off_and_on_may_take_a_predecessors_time() -> None:
    rig = latched()
    rig.reading = {"mirror_closed": False}
    rig.cut_mains(1.0).run(1.4)
    rig.reading = {}
    rig.run(0.1)
    assert rig.faults() == ()


@pytest.mark.req("ERR-P")
def test_after_a_reset_without_a_reading_of_no_mains_faults_are_judged_again_as_well() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until(lambda: rig.outputs.residual_test)
    rig.run(0.1)
    rig.is_reset = True
    rig.until(lambda: rig.state.reset.is_seen, 0.1)
    assert not rig.outputs.residual_test
    assert rig.until_phase(P.READY) > 4.0  # the late answer of the first, and all of the second
    assert rig.faults() == ()
    rig = closed()
    rig.is_reset = True
    rig.until_phase(P.START, 0.3)
    rig.until_phase(P.SELF_TEST, 0.1)


@pytest.mark.req("ERR-P", "ERR-8007")
def test_a_reset_ends_the_time_of_a_wrong_duty() -> None:
    rig = closed()
    rig.inputs = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=20.0)}
    rig.run(1.4)
    rig.is_reset = True
    rig.run(1.4)
    assert not rig.state.faults.is_latched
    assert rig.run(0.3).state.faults.is_latched


@pytest.mark.req("ERR-P")
def test_a_reset_from_before_the_start_clears_only_what_was_stored() -> None:
    rig = latched().restart()
    rig.is_disk_slow = rig.is_reset = True
    rig.reading = {"residual_dc": True}
    assert rig.run(1.0).faults() == (FaultCode.RESIDUAL_CURRENT,)
    rig.reading = {}
    rig.is_disk_slow = False
    assert rig.run(1.0).faults() == (FaultCode.RESIDUAL_CURRENT,)


@pytest.mark.req("ERR-P")
def test_a_reset_gives_the_proof_its_whole_time_again() -> None:
    rig = latched()
    rig.reading = {"mirror_closed": False}
    rig.run(1.0)
    rig.is_reset = True
    rig.run(1.4)
    rig.reading = {}
    assert rig.run(0.1).faults() == ()


# --- all red ------------------------------------------------------------------------------------


def all_red() -> Rig:
    """A weld, on the disk; then it comes loose."""
    rig = closed()
    rig.is_welded = True
    rig.vehicle, rig.offered_a, rig.draws_a = "B", 0.0, 0.0
    rig.run(0.5)
    assert rig.faults() == (FaultCode.RED,)
    assert [latch.code for latch in rig.disk] == [FaultCode.RED]
    rig.is_welded = False
    return rig.run(0.5)


def never_closes(rig: Rig, seconds: float) -> None:
    """The next vehicle asks for current, and gets none."""
    rig.vehicle, rig.offered_a = "C", 16.0
    for _ in range(round(seconds / 0.01)):
        assert not rig.tick().outputs.enable
        if rig.outputs.status is not None and rig.state.memory.is_recalled:
            assert rig.faults() == (FaultCode.RED,)
            assert not rig.status.permitted
    rig.vehicle, rig.offered_a = "A", 0.0
    rig.run(1.0)


@pytest.mark.req("ERR-RED")
def test_all_red_holds_over_crashes_and_restarts_of_nodes() -> None:
    rig = all_red()
    since_utc_ns = rig.status.records[0].since_utc_ns
    for _ in range(6):
        rig.restart()
        never_closes(rig, 5.0)
        assert rig.status.records[0].since_utc_ns == since_utc_ns
        assert rig.status.contactor is Contactor.OPEN  # as it is proven
    assert rig.writes == 1


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("seed", range(40))
def test_a_crash_at_any_instant_around_a_weld_forgets_no_all_red(seed: int) -> None:
    chance = random.Random(seed)
    rig = closed()
    rig.is_welded = True
    rig.vehicle, rig.offered_a, rig.draws_a = "B", 0.0, 0.0
    rig.run(round(chance.uniform(0.0, 1.0), 2))
    is_published = FaultCode.RED in rig.faults()
    for _ in range(chance.randrange(1, 4)):
        rig.restart().run(round(chance.uniform(0.0, 2.5), 2))
        is_published = is_published or FaultCode.RED in rig.faults()
    if not is_published:  # the weld is still there
        rig.until(lambda: FaultCode.RED in rig.faults(), 2.0)
    rig.is_welded = False
    rig.run(round(chance.uniform(0.0, 0.3), 2)).restart()
    never_closes(rig, 4.0)


@pytest.mark.req("ERR-RED")
def test_one_restart_that_a_person_asked_for_has_all_red_judged_again() -> None:
    rig = all_red()
    rig.asked = "1"
    rig.restart()
    assert rig.run(2.0).faults() == (FaultCode.RED,)  # until it is judged
    rig.run(1.5)
    assert (rig.faults(), rig.disk) == ((), ())
    rig.vehicle, rig.offered_a = "C", 16.0
    rig.until_phase(P.CLOSED)


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("after_s", [0.05, 0.3, 1.0, 2.9])
def test_a_crash_while_all_red_is_judged_again_has_it_judged_once_more(after_s: float) -> None:
    rig = all_red()
    rig.asked = "1"
    rig.restart().run(after_s).restart()
    assert rig.run(1.0).faults() == (FaultCode.RED,)
    assert rig.run(4.0).faults() == ()


@pytest.mark.req("ERR-RED")
def test_a_weld_that_is_still_there_takes_another_restart() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle, rig.offered_a, rig.draws_a = "B", 0.0, 0.0
    rig.run(1.0)
    rig.asked = "1"
    assert rig.restart().run(3.0).faults() == (FaultCode.RED,)
    rig.is_welded = False
    rig.run(0.5).restart()
    never_closes(rig, 5.0)
    rig.asked = "2"
    assert rig.restart().run(4.0).faults() == ()


@pytest.mark.req("ERR-RED")
def test_a_restart_from_before_all_red_is_none_for_it() -> None:
    rig = Rig()
    rig.asked = "1"
    rig.restart().run(0.5)
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    rig.offered_a, rig.vehicle, rig.is_welded = 16.0, "C", True
    rig.until_phase(P.CLOSED)
    rig.vehicle, rig.offered_a, rig.draws_a = "B", 0.0, 0.0
    rig.run(1.0)
    rig.is_welded = False
    rig.restart()
    never_closes(rig, 5.0)


@pytest.mark.req("ERR-RED", "ERR-8007")
def test_a_restart_that_was_asked_for_leaves_8007() -> None:
    rig = latched()
    rig.asked = "1"
    assert rig.restart().run(10.0).faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-RED", "ERR-8007")
def test_8007_and_all_red_are_kept_beside_each_other() -> None:
    rig = latched()
    rig.reading = {"load_voltage": True}
    both = (FaultCode.SAFETY_CIRCUIT, FaultCode.RED)
    assert rig.run(0.5).faults() == both
    rig.reading = {}
    assert rig.restart().run(5.0).faults() == both
    rig.asked = "1"
    assert rig.restart().run(5.0).faults() == (FaultCode.SAFETY_CIRCUIT,)
    rig.cut_mains(1.0).run(0.5)
    assert (rig.faults(), rig.disk) == ((), ())


@pytest.mark.req("ERR-RED", "ERR-P")
@pytest.mark.parametrize("is_restarted", [False, True])
def test_mains_off_and_on_have_all_red_judged_again(is_restarted: bool) -> None:
    rig = all_red()
    if is_restarted:  # the process died with the mains
        rig.restart()
        rig.is_reset = True
    else:
        rig.cut_mains(5.0)
    rig.run(0.5)
    assert rig.faults() == (FaultCode.RED,)
    rig.restart().run(0.5)  # the flag is cleared: the trial is over, and it was not passed
    assert rig.faults() == (FaultCode.RED,)
    rig.cut_mains(5.0).run(3.5)
    assert (rig.faults(), rig.disk) == ((), ())


@pytest.mark.req("ERR-RED")
def test_a_monitor_that_has_failed_five_times_is_all_red_until_a_restart_is_asked_for() -> None:
    rig = idle()
    rig.is_deaf = True
    rig.vehicle = "B"
    for _ in range(60):
        rig.lull(10.0)
        if FaultCode.RED in rig.faults():
            break
    assert FaultCode.RED in rig.faults()
    rig.is_deaf = False
    assert FaultCode.RED in rig.restart().run(5.0).faults()
    rig.asked = "1"
    rig.restart()
    rig.until_phase(P.READY, 8.0)
    assert rig.faults() == ()


@pytest.mark.req("ERR-RED")
def test_an_earth_that_is_still_missing_stays_all_red() -> None:
    rig = ready()
    rig.reading = {"earth_ohm": 2000.0}
    rig.run(4.0)
    assert rig.faults() == (FaultCode.RED,)
    rig.asked = "1"
    rig.restart()
    rig.run(0.5)
    for _ in range(1000):
        assert rig.tick().faults() == (FaultCode.RED,)
    rig.reading = {}
    assert rig.restart().run(10.0).faults() == (FaultCode.RED,)
    rig.asked = "2"
    assert rig.restart().run(4.0).faults() == ()


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize(("then", "now"), [(None, "1"), ("", None), (None, None)])
def test_a_restart_that_is_not_known_is_none(then: str | None, now: str | None) -> None:
    rig = all_red()
    rig.asked = now
    rig.restart(Recalled(latches=tuple(replace(latch, asked=then) for latch in rig.disk)))
    never_closes(rig, 5.0)

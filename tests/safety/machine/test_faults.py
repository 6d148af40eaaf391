"""Faults and their ends: what raises them, what clears them, what is tried again."""

import math
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import Contactor, FaultCode, SafetyPhase
from tests.safety.machine.rig import P, closed, idle, pilot, ready


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize("phase", [P.SELF_TEST, P.CLOSING, P.CLOSED, P.STOPPING])
def test_fault_1_is_a_plug_out_of_order_and_clears_when_it_is_seated_again(
    phase: SafetyPhase,
) -> None:
    rig = idle() if phase is P.SELF_TEST else ready() if phase is P.CLOSING else closed()
    if phase is P.STOPPING:
        rig.inputs = {"session": None}
    else:
        rig.vehicle, rig.offered_a = "C", 16.0
        rig.contact_delay_s = 0.1
    rig.until_phase(phase, 1.0)
    rig.vehicle, rig.offered_a = "A", 0.0
    rig.run(0.2)
    assert rig.faults() == (FaultCode.UNPLUGGED,)
    cause = Cause.PULLED_IN_TEST if phase is P.SELF_TEST else Cause.PULLED_IN_CHARGE
    assert rig.causes() == (cause,)
    assert rig.run(20.0).faults() == (FaultCode.UNPLUGGED,)
    rig.vehicle, rig.inputs = "B", {}
    assert rig.run(0.05).faults() == ()
    rig.until_phase(P.READY)


@pytest.mark.req("ERR-1")
def test_a_plug_pulled_after_the_vehicle_has_stopped_is_no_fault() -> None:
    rig = closed()
    rig.vehicle = "B"
    rig.run(0.05)
    rig.vehicle = "A"
    assert rig.run(1.0).faults() == ()
    assert rig.phase() is P.IDLE


@pytest.mark.req("ERR-5")
def test_fault_5_is_a_load_without_diode_and_clears_when_it_is_removed() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.reading = {"low_v": -6.0}
    rig.run(1.0)
    assert rig.faults() == (FaultCode.NO_VEHICLE,)
    assert not rig.status.permitted
    rig.offered_a, rig.reading = 0.0, {}
    assert rig.run(40.0).faults() == (FaultCode.NO_VEHICLE,)
    rig.vehicle = "A"
    assert rig.run(0.2).faults() != ()  # a bounce might be as long
    assert rig.run(0.3).faults() == ()


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize("vehicle", ["E", "between"])
def test_fault_8_clears_when_the_plug_is_seated_right(vehicle: str) -> None:
    rig = ready()
    rig.vehicle = vehicle
    assert rig.run(20.0).faults() == (FaultCode.PLUG_STATE,)
    rig.vehicle = "A"
    assert rig.run(0.2).faults() != ()  # a bounce might be as long
    assert rig.run(0.3).faults() == ()
    assert rig.phase() is P.IDLE


@pytest.mark.req("ERR-8", "ERR-R")
def test_fault_8_that_goes_by_itself_is_retried_after_its_delay() -> None:
    rig = closed()
    rig.vehicle = "E"
    rig.run(2.0)
    rig.vehicle = "C"
    rig.run(7.9)
    assert rig.faults() == (FaultCode.PLUG_STATE,)
    rig.until_phase(P.CLOSED, 5.0)
    assert rig.faults() == ()
    assert rig.status.retries == 1


@pytest.mark.req("ERR-8005", "ERR-R")
def test_a_trip_is_retried_after_its_delay_with_a_new_self_test() -> None:
    rig = closed()
    rig.reading = {"residual_dc": True}
    rig.tick()
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)
    assert rig.causes() == (Cause.RESIDUAL_DC,)
    assert rig.status.detail == rig.status.records[0].detail
    rig.run(0.3)
    rig.reading = {}
    assert rig.until_phase(P.SELF_TEST, 11.0) == pytest.approx(9.7, abs=0.1)
    rig.until_phase(P.CLOSED)
    assert rig.status.retries == 1


@pytest.mark.req("ERR-8005")
def test_an_output_active_for_ever_fails_its_self_tests_and_the_fifth_is_red() -> None:
    rig = closed()
    rig.reading = {"residual_ac": True}
    for delay_s in (10.0, 30.0, 60.0, 120.0, 300.0):
        rig.until_phase(P.FAULT)
        rig.lull(delay_s - 1.0)
        rig.until_phase(P.SELF_TEST)
    rig.until_phase(P.FAULT)
    assert rig.faults() == (FaultCode.RED,)
    assert rig.state.testing.failed == 5
    assert not rig.outputs.enable


@pytest.mark.req("ERR-3", "LED-5", "CHG-5")
def test_heat_pauses_and_charging_goes_on_by_itself_once_cooled() -> None:
    rig = closed()
    for terminal_c in (39.0, 48.0, 57.0, 66.0, 75.0):
        rig.reading = {"terminal_c": terminal_c}
        rig.run(1.01)
    assert rig.run(4.0).status.limit_a == 19.0
    assert rig.faults() == ()
    rig.reading = {"terminal_c": 81.0}
    rig.run(0.2)
    assert rig.faults() == (FaultCode.TOO_HOT,)
    assert rig.status.limit_a == 0.0
    rig.offered_a = 0.0  # the pilot follows
    rig.draws_a = 0.0
    rig.run(0.2)
    assert rig.phase() is P.FAULT
    rig.run(1.0)
    rig.reading = {"terminal_c": 72.0}
    rig.run(1.01)
    rig.reading = {"terminal_c": 66.0}
    assert rig.run(20.0).phase() is P.FAULT
    rig.reading = {"terminal_c": 64.0}
    rig.until_phase(P.READY, 45.0)  # and a minute after it was last too hot
    assert rig.status.retries == 0
    rig.offered_a = 16.0
    rig.until_phase(P.CLOSED)


def test_two_faults_are_both_published() -> None:
    rig = closed()
    rig.reading = {"residual_dc": True}
    rig.vehicle = "E"
    rig.run(0.1)
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT, FaultCode.PLUG_STATE)
    assert [record.code for record in rig.status.records] == list(rig.faults())


def test_a_fault_holds_while_inputs_are_stale() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle, rig.draws_a = "B", 0.0
    rig.until_phase(P.FAULT)
    rig.inputs = {"reading": None}
    rig.run(1.0)
    rig.inputs = {}
    assert rig.run(1.0).faults() == (FaultCode.RED,)
    assert rig.phase() is P.FAULT


@pytest.mark.req("ERR-P")
def test_no_mains_is_no_shorted_pilot() -> None:
    rig = closed()
    rig.vehicle = "E"
    rig.reading = {"voltages_v": (0.0, 0.0, 0.0), "mirror_closed": True, "load_voltage": False}
    rig.run(10.0)
    assert rig.phase() is P.START
    assert rig.faults() == ()
    rig.vehicle, rig.reading = "C", {}
    rig.until_phase(P.CLOSED)


@pytest.mark.req("ERR-8002", "ERR-R")
def test_mains_out_of_range_open_and_are_tried_again_when_they_are_stable() -> None:
    rig = closed()
    rig.reading = {"voltages_v": (150.0, 230.0, 230.0)}
    assert rig.until(lambda: not rig.outputs.enable) == pytest.approx(1.0, abs=0.05)
    rig.run(0.1)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    finding = rig.state.faults.records[0].finding
    assert (finding.cause, finding.voltages_v) == (Cause.MAINS_RANGE, (150.0, 230.0, 230.0))
    rig.run(60.0)
    assert rig.status.retries == 0
    assert rig.status.retry_in_s is None  # it waits for the mains, not for a time
    rig.reading = {"voltages_v": (165.0, 230.0, 275.0)}
    rig.run(29.9)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.until_phase(P.CLOSED)
    assert (rig.status.retries, rig.faults()) == (1, ())


@pytest.mark.req("ERR-8002")
def test_an_idle_box_judges_its_mains_too() -> None:
    rig = idle()
    rig.reading = {"voltages_v": (230.0, 290.0, 230.0)}
    rig.run(1.1)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.reading = {}
    rig.run(29.8)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.run(0.4)
    assert rig.faults() == ()
    assert rig.status.retries == 0  # nobody was charging


@pytest.mark.req("ERR-8002")
def test_an_idle_box_whose_chip_falls_silent_publishes_a_fault() -> None:
    rig = idle()
    rig.reading = {"voltages_v": None, "currents_a": None}
    rig.run(4.9)
    assert rig.faults() == ()
    rig.run(0.2)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("ERR-4003", "ERR-R")
def test_a_vehicle_that_draws_too_much_is_cut_off_and_tried_again() -> None:
    rig = closed()
    rig.draws_a = 18.2
    assert rig.until(lambda: not rig.outputs.enable) == pytest.approx(7.0, abs=0.05)
    rig.run(0.1)
    assert rig.faults() == (FaultCode.OVERCURRENT,)
    assert rig.status.retry_in_s == pytest.approx(10.0, abs=0.2)
    rig.draws_a = 15.0
    rig.until_phase(P.CLOSED, 20.0)
    assert rig.status.retries == 1


@pytest.mark.req("ERR-4003")
def test_four_times_too_much_is_cut_off_within_a_second() -> None:
    rig = closed()
    rig.run(5.0)
    rig.draws_a = 64.0
    assert rig.until(lambda: not rig.outputs.enable) == pytest.approx(1.0, abs=0.05)


@pytest.mark.req("ERR-8007")
def test_current_through_an_open_contactor_is_8007() -> None:
    rig = ready()
    rig.reading = {"currents_a": (0.0, 1.1, 0.0)}
    rig.run(0.9)
    assert rig.faults() == ()
    rig.run(0.2)
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)
    assert rig.status.contactor is Contactor.OPEN  # so mirror contact and voltage prove it
    rig.reading = {}
    rig.vehicle = "A"
    assert rig.lull(600.0).faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-R")
def test_a_bounce_of_the_plug_clears_no_fault_and_no_count() -> None:
    rig = closed()
    rig.draws_a = 18.2
    rig.until(lambda: not rig.outputs.enable)
    rig.run(0.1)
    rig.vehicle = "A"
    rig.run(0.06)
    rig.vehicle = "B"
    rig.run(1.0)
    assert rig.faults() == (FaultCode.OVERCURRENT,)
    rig.run(10.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)
    rig.vehicle = "A"
    rig.run(0.06)
    rig.vehicle = "B"
    assert rig.run(0.1).status.retries == 1


@pytest.mark.parametrize("nonsense", [None, {"high_v": math.nan}])
def test_a_vehicle_that_has_shown_b_may_be_unplugged_though_inputs_are_stale_then(
    nonsense: dict[str, Any] | None,
) -> None:
    rig = closed()
    rig.inputs = {"pilot": pilot(CpState.C, 16.0)}  # pilot sees it later
    rig.vehicle = "B"
    rig.until_phase(P.OPENING, 0.05)
    if nonsense is None:
        rig.inputs["reading"] = None
    else:
        rig.reading = nonsense
    rig.tick()
    rig.inputs, rig.reading, rig.vehicle = {}, {}, "A"
    for _ in range(20):
        assert FaultCode.UNPLUGGED not in rig.tick().faults()


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize(("opened_by", "is_fault"), [("B", False), ("between", True)])
def test_a_plug_is_pulled_while_charging_unless_the_vehicle_has_stopped_first(
    opened_by: str, is_fault: bool
) -> None:
    rig = closed()
    if opened_by == "B":
        rig.vehicle = "B"
        rig.until_phase(P.OPENING)
        rig.run(0.05)
    else:
        rig.inputs = {"pilot": pilot(CpState.A, 0.0)}  # pilot sees it first
        rig.until_phase(P.OPENING)
    rig.vehicle = "A"
    rig.run(0.08)
    assert (rig.faults() == (FaultCode.UNPLUGGED,)) is is_fault


@pytest.mark.req("ERR-1")
def test_a_plug_that_is_pulled_while_charging_is_fault_1_though_pilot_sees_it_later() -> None:
    rig = closed()
    rig.inputs = {"pilot": pilot(CpState.C, 16.0)}
    rig.vehicle = "A"
    rig.run(0.08)
    assert rig.causes() == (Cause.PULLED_IN_CHARGE,)


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize(("vehicle", "left"), [("B", 1), ("C", 0)])
def test_ten_minutes_of_charging_clear_the_count_and_ten_of_waiting_do_not(
    vehicle: str, left: int
) -> None:
    rig = closed()
    rig.reading = {"load_voltage": False, "mirror_closed": True}
    rig.run(0.15)
    assert rig.causes() == (Cause.DROPPED,)
    rig.reading = {}
    rig.offered_a, rig.vehicle = 0.0, "B"
    rig.until_phase(P.READY, 20.0)
    assert rig.status.retries == 1
    if vehicle == "C":
        rig.offered_a, rig.vehicle = 16.0, "C"
        rig.until_phase(P.CLOSED)
    assert rig.lull(610.0).status.retries == left

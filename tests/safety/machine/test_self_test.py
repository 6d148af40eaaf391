"""The monitor's self-test: when it begins, what it takes for an answer, what breaks it off."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety.machine import State
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import ROUND_S, P, Rig, closed, idle, meter, ready, session


@pytest.mark.req("CHG-1", "LED-2")
def test_plugging_in_while_authorised_begins_the_self_test_and_then_the_offer() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST, 0.05)
    assert not rig.status.permitted
    assert rig.until_phase(P.READY) == pytest.approx(2.2, abs=0.1)
    assert rig.status.permitted


@pytest.mark.req("CHG-1")
def test_authorising_after_plugging_in_begins_the_self_test() -> None:
    rig = idle()
    rig.inputs = {"session": session(permitted=False)}
    rig.vehicle = "C"
    assert rig.run(1.0).phase() is P.IDLE
    assert rig.says(Reason.NOT_PERMITTED)
    rig.inputs = {}
    assert rig.tick().phase() is P.SELF_TEST


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"session": None}, Reason.SESSION_SILENT),
        ({"session": session(permitted=False)}, Reason.NOT_PERMITTED),
        ({"meter": None}, Reason.METER_SILENT),
        ({"meter": meter(1.0, online=False)}, Reason.METER_SILENT),
        ({"stop": StopReason.SHUTDOWN}, Reason.STOP),
    ],
)
def test_without_leave_to_charge_no_self_test_begins_and_none_goes_on(
    inputs: dict[str, Any], reason: Reason
) -> None:
    rig = idle()
    rig.inputs = inputs
    rig.vehicle = "B"
    assert rig.run(1.0).phase() is P.IDLE
    assert rig.says(reason)
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.until(lambda: rig.outputs.residual_test)
    rig.inputs = inputs
    assert rig.tick().phase() is P.IDLE
    assert not rig.outputs.residual_test


def test_each_vehicle_has_a_self_test_of_its_own() -> None:
    rig = ready()
    rig.vehicle = "A"
    rig.run(0.05)
    assert rig.phase() is P.IDLE
    assert rig.faults() == ()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST, 0.05)


def test_a_withdrawn_authorisation_needs_another_self_test_and_a_silent_session_does_not() -> None:
    rig = ready()
    rig.inputs = {"session": None}
    assert rig.run(1.0).phase() is P.READY
    assert not rig.status.permitted
    rig.inputs = {}
    assert rig.tick().status.permitted
    rig.inputs = {"session": session(permitted=False)}
    assert rig.tick().phase() is P.IDLE
    rig.inputs = {}
    assert rig.tick().phase() is P.SELF_TEST


def pulsed() -> Rig:
    """In the middle of a self-test: the pulse is given, the monitor has not answered yet."""
    rig = idle()
    rig.vehicle = "B"
    rig.until(lambda: rig.outputs.residual_test)
    return rig


def lose_readings(rig: Rig) -> None:
    rig.inputs = {"reading": None}


def withdraw(rig: Rig) -> None:
    rig.inputs = {"session": session(permitted=False)}


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("break_off", [withdraw, lose_readings])
@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.25, 0.6, 1.0])
@pytest.mark.parametrize("lasts_s", [0.01, 0.1, 0.4, 3.0])
def test_the_answer_to_a_self_test_that_was_broken_off_is_no_trip(
    break_off: Callable[[Rig], None], after_s: float, lasts_s: float
) -> None:
    rig = pulsed().run(after_s)
    break_off(rig)
    rig.tick()
    faults = [rig.tick().state.faults.records for _ in range(round(lasts_s / ROUND_S))]
    rig.inputs = {}
    faults += [rig.tick().state.faults.records for _ in range(600)]
    raised = {record.code for records in faults for record in records}
    is_long_stale = break_off is lose_readings and lasts_s > 1.0
    assert raised == ({FaultCode.PLUG_STATE} if is_long_stale else set())
    rig.run(10.0 if is_long_stale else 0.0)
    assert rig.phase() is P.READY
    assert rig.status.retries == is_long_stale


@pytest.mark.req("ERR-8005", "ERR-1")
def test_a_plug_pulled_in_the_self_test_is_fault_1_alone() -> None:
    rig = pulsed()
    rig.vehicle = "A"
    for _ in range(300):
        assert {record.code for record in rig.tick().state.faults.records} <= {FaultCode.UNPLUGGED}
    assert rig.faults() == (FaultCode.UNPLUGGED,)


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("is_wanted", [True, False])
def test_an_output_active_beyond_the_late_answer_of_a_test_is_8005(is_wanted: bool) -> None:
    rig = pulsed()
    withdraw(rig)
    rig.tick()
    if is_wanted:
        rig.inputs = {}
    rig.reading = {"residual_dc": True}
    took_s = rig.until_phase(P.FAULT)
    assert took_s == pytest.approx(3.15 if is_wanted else 2.15, abs=0.03)
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)


@pytest.mark.req("ERR-8005")
def test_a_trip_is_no_late_answer_while_the_contactor_is_not_proven_open() -> None:
    rig = closed()
    rig.state = replace(
        rig.state, testing=replace(rig.state.testing, answers_until_s=rig.now_s + 2.0)
    )
    rig.reading = {"residual_ac": True}
    assert not rig.tick().outputs.enable
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("is_closed", [True, False])  # the hardware may have cut the coil already
def test_a_start_takes_an_active_output_for_a_trip(is_closed: bool) -> None:
    rig = closed()
    rig.state, rig.said = State(), []
    rig.reading = {
        "residual_dc": True,
        "mirror_closed": not is_closed,
        "load_voltage": is_closed,
    }
    rig.run(0.3)
    rig.reading = {}
    rig.run(2.0)
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize(
    ("reason", "takes_s"), [(StopReason.RESTART, 2.06), (StopReason.SHUTDOWN, 0.01)]
)
def test_a_restart_waits_for_the_late_answer_of_its_self_test_and_a_stop_does_not(
    reason: StopReason, takes_s: float
) -> None:
    rig = pulsed().run(0.1)
    rig.inputs = {"stop": reason}
    assert rig.until(lambda: rig.outputs.is_finished) == pytest.approx(takes_s, abs=0.03)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8005")
def test_a_self_test_takes_no_old_answer_for_its_own() -> None:
    rig = pulsed()
    rig.inputs = {"session": session(permitted=False)}
    rig.run(0.05)
    rig.inputs, rig.is_deaf = {}, True  # it answers the first pulse and nothing any more
    rig.reading = {"residual_ac": True, "residual_dc": True}
    rig.run(0.3)
    rig.reading = {}
    rig.until_phase(P.FAULT)
    assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)
    assert rig.causes() == (Cause.TEST_NO_ANSWER,)


@pytest.mark.req("ERR-8005", "ERR-R")
def test_a_monitor_that_does_not_answer_is_8005_retried_and_the_fifth_time_red() -> None:
    rig = idle()
    rig.is_deaf = True
    rig.vehicle = "B"
    for retry, delay_s in enumerate((10.0, 30.0, 60.0, 120.0)):
        rig.until_phase(P.FAULT)
        assert rig.faults() == (FaultCode.RESIDUAL_CURRENT,)
        assert rig.status.retries == retry
        assert rig.status.retry_in_s == pytest.approx(delay_s, abs=0.02)
        rig.lull(delay_s - 1.0)
        assert rig.until_phase(P.SELF_TEST) == pytest.approx(1.0, abs=0.02)
    rig.until_phase(P.FAULT)
    assert rig.faults() == (FaultCode.RED,)
    assert rig.status.retry_in_s is None
    assert rig.status.contactor is Contactor.OPEN


@pytest.mark.req("ERR-8005")
def test_a_monitor_output_that_stays_active_after_the_test_is_red() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until(lambda: rig.outputs.residual_test)
    rig.run(0.3)
    rig.reading = {"residual_dc": True}
    rig.until_phase(P.FAULT)
    assert rig.faults() == (FaultCode.RED,)
    rig.reading, rig.vehicle = {}, "A"
    assert rig.run(1.0).faults() == (FaultCode.RED,)


@pytest.mark.req("ERR-8005")
def test_a_monitor_that_passes_again_counts_its_failures_from_zero() -> None:
    rig = idle()
    rig.is_deaf = True
    rig.vehicle = "B"
    rig.until_phase(P.FAULT)
    assert rig.state.testing.failed == 1
    rig.is_deaf = False
    rig.until_phase(P.READY, 20.0)
    assert rig.state.testing.failed == 0
    assert rig.faults() == ()


@pytest.mark.req("CHG-1")
def test_a_self_test_is_good_for_a_day() -> None:
    rig = ready()
    rig.now_s += 86_400.0 - 10.0
    assert rig.run(0.1).phase() is P.READY
    rig.now_s += 10.0
    rig.tick()
    assert not rig.status.permitted
    rig.until_phase(P.SELF_TEST, 0.1)
    rig.until_phase(P.READY)


def test_a_charge_is_not_interrupted_by_the_age_of_its_self_test() -> None:
    rig = closed()
    rig.now_s += 90_000.0
    assert rig.run(1.0).phase() is P.CLOSED

"""Stale inputs: the contactor opens, and everything is proven again."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.safety import Contactor, FaultCode
from tests.safety.machine.rig import ROUND_S, P, Rig, closed, idle, ready


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize(
    "nonsense",
    [
        {"reading": {"high_v": math.nan}},
        {"reading": {"low_v": -14.05, "high_v": -14.05}},
        {"reading": {"duty_percent": math.nan}},
        {"reading": {"duty_percent": 400.0}},
        {"inputs": {"reading": None}},
    ],
)
@pytest.mark.parametrize("begin", [idle, ready, closed])
def test_sensors_with_impossible_values_for_a_second_are_a_fault(
    begin: Callable[[], Rig], nonsense: dict[str, Any]
) -> None:
    rig = begin()
    for part, value in nonsense.items():
        setattr(rig, part, value)
    rig.tick()
    assert not rig.outputs.enable
    rig.run(0.9)
    assert rig.status.faults == ()
    rig.run(0.2)
    assert rig.faults() == (FaultCode.PLUG_STATE,)
    assert not rig.status.permitted
    rig.reading, rig.inputs, rig.offered_a = {}, {}, 0.0
    rig.run(11.0)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8")
def test_sensors_that_come_and_go_are_a_fault_too() -> None:
    rig = ready()
    for number in range(120):
        rig.inputs = {"reading": None} if number % 3 == 0 else {}
        rig.tick()
    assert rig.faults() == (FaultCode.PLUG_STATE,)


@pytest.mark.req("ERR-RED", "ERR-8007")
@pytest.mark.parametrize(
    ("contacts", "code"),
    [
        ({"load_voltage": True}, FaultCode.RED),
        ({"mirror_closed": False}, FaultCode.SAFETY_CIRCUIT),
    ],
)
@pytest.mark.parametrize("pilot_line", [{"high_v": math.nan}, {"high_v": 7.5}])
def test_a_weld_is_seen_though_the_pilot_line_is_not(
    pilot_line: dict[str, Any], contacts: dict[str, Any], code: FaultCode
) -> None:
    rig = closed()
    rig.reading = {"mirror_closed": True, "load_voltage": False} | pilot_line | contacts
    rig.run(0.4)
    assert code in rig.faults()
    assert rig.status.contactor is Contactor.WELDED


@pytest.mark.req("ERR-RED")
def test_voltage_behind_an_open_contactor_is_not_no_mains() -> None:
    rig = closed()
    rig.is_welded = True
    rig.reading = {"high_v": 0.0, "low_v": 0.0, "voltages_v": (0.0, 0.0, 0.0)}
    rig.run(0.4)
    assert FaultCode.RED in rig.faults()


@pytest.mark.parametrize("voltages_v", [(0.0, 0.0, 0.0), None])
def test_where_there_may_be_no_mains_the_contacts_prove_nothing(
    voltages_v: tuple[float, float, float] | None,
) -> None:
    rig = ready()
    light = {"mirror_closed": False, "load_voltage": False}
    rig.reading = light | {"high_v": 0.0, "low_v": 0.0, "voltages_v": voltages_v}
    rig.run(0.9)
    assert rig.faults() == ()
    rig.reading = light
    rig.run(0.17)
    assert rig.faults() == ()  # the time for the proof begins with the mains
    assert FaultCode.SAFETY_CIRCUIT in rig.run(0.1).faults()


def test_without_mains_the_contacts_have_no_supply_and_prove_nothing() -> None:
    rig = closed()
    rig.reading = {"mirror_closed": False, "load_voltage": False}
    rig.cut_mains(60.0)
    assert rig.faults() == ()
    assert rig.status.contactor is Contactor.CLOSED  # as nothing else is proven


@pytest.mark.req("ERR-8")
def test_inputs_that_are_stale_three_times_in_a_minute_of_charging_are_a_fault() -> None:
    rig = closed()
    for number in range(3):
        rig.inputs = {"reading": None}
        rig.tick()
        rig.inputs = {}
        if number < 2:
            rig.until_phase(P.CLOSED)
            rig.run(5.0)
    rig.run(0.2)
    assert rig.faults() == (FaultCode.PLUG_STATE,)
    assert rig.run(5.0).phase() is P.FAULT
    rig.until_phase(P.CLOSED, 20.0)  # the retry, and three losses to come again
    rig.inputs = {"reading": None}
    rig.tick()
    rig.inputs = {}
    assert rig.run(1.0).faults() == ()


def test_inputs_that_are_stale_in_three_self_tests_within_a_minute_are_a_fault() -> None:
    rig = idle()
    rig.vehicle = "B"
    for _ in range(3):
        rig.until(lambda: rig.outputs.residual_test)
        assert rig.faults() == ()
        rig.inputs = {"reading": None}
        rig.tick()
        rig.inputs = {}
    assert rig.run(0.2).causes() == (Cause.SENSORS_SILENT,)
    assert rig.status.retry_in_s == 10.0


def test_inputs_that_are_stale_now_and_then_are_no_fault() -> None:
    rig = closed()
    for _ in range(4):
        rig.inputs = {"reading": None}
        rig.tick()
        rig.inputs = {}
        rig.until_phase(P.CLOSED)
        rig.lull(31.0)
        assert rig.faults() == ()


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("begin", "rounds"), [(Rig, 150), (closed, 21), (ready, 20)])
def test_contacts_that_prove_nothing_are_a_fault_in_time_though_the_pilot_is_nonsense(
    begin: Callable[[], Rig], rounds: int
) -> None:
    rig = begin()
    rig.reading = {"high_v": math.nan, "mirror_closed": False, "load_voltage": False}
    for _ in range(rounds - 1):
        assert not rig.tick().state.faults.is_latched
    rig.tick()
    assert rig.state.faults.is_latched
    assert rig.state.proof.is_welded
    record = rig.state.faults.records[-1]
    assert record.code is FaultCode.SAFETY_CIRCUIT
    assert record.since_utc_ns / 1e9 == pytest.approx(rig.now_s, abs=0.05)
    rig.reading = {}
    assert rig.run(5.0).status.contactor is Contactor.WELDED


def test_a_start_with_stale_inputs_still_waits_for_a_predecessors_contactor() -> None:
    rig = Rig()
    rig.inputs = {"reading": None}
    rig.run(0.5)
    rig.inputs, rig.reading = {}, {"mirror_closed": False, "load_voltage": True}
    rig.run(1.4)
    assert rig.faults() == ()
    rig.reading = {}
    assert rig.run(0.1).phase() is P.IDLE


@pytest.mark.req("ERR-8")
def test_sensors_that_fall_silent_as_the_mains_go_and_come_are_no_fault() -> None:
    rig = idle()
    rig.inputs = {"reading": None}
    rig.run(0.9)
    rig.inputs = {}
    rig.cut_mains(0.1)
    rig.inputs = {"reading": None}
    assert rig.run(0.9).faults() == ()
    assert rig.run(0.2).faults() == (FaultCode.PLUG_STATE,)


@pytest.mark.req("ERR-8")
def test_stale_inputs_are_published_with_text_and_time() -> None:
    rig = idle()
    rig.inputs = {"reading": None}
    begun_s = rig.now_s
    rig.run(1.0)
    assert rig.faults() == ()
    assert rig.tick().faults() == (FaultCode.PLUG_STATE,)
    record = rig.status.records[0]
    assert rig.causes() == (Cause.SENSORS_SILENT,)
    assert record.since_utc_ns / 1e9 == pytest.approx(begun_s + 1.01, abs=0.02)


@pytest.mark.parametrize(("apart_s", "is_fault"), [(29.99, True), (30.0, False)])
def test_three_interruptions_by_stale_inputs_within_a_minute_count_and_older_ones_do_not(
    apart_s: float, is_fault: bool
) -> None:
    rig = closed()
    first_s = math.ceil(rig.now_s) + 1.0  # whole seconds have exact differences
    for lost_s in (first_s, first_s + apart_s, first_s + 2.0 * apart_s):
        while rig.now_s < lost_s - 1.5 * ROUND_S:
            rig.tick()
        assert rig.phase() is P.CLOSED
        rig.inputs = {"reading": None}
        rig.tick()
        rig.inputs = {}
    assert (rig.run(0.2).faults() == (FaultCode.PLUG_STATE,)) is is_fault

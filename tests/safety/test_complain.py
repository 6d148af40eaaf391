"""What one round complains of: which code, which cause, and what comes first."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.complain import (
    Activity,
    Course,
    complain,
    cycle_late,
    not_open,
    stale_for_too_long,
)
from nodes.safety.evaluation import Stale
from nodes.safety.finding import Finding
from nodes.safety.selftest import SelfTestResult
from nodes.safety.supply import MainsFault
from tests.safety.evaluations import PLUGGED

F, C = FaultCode, Cause
OF_PILOT = (
    C.PILOT_SHORT,
    C.PILOT_MINUS,
    C.PILOT_UNDEFINED,
    C.NO_DIODE,
    C.DIODE_LOST,
    C.NEGATIVE_HALF,
)
QUIET = Course(
    phase=SafetyPhase.READY,
    is_energised=False,
    activity=None,
    has_shown_diode=False,
    result=None,
    failed_tests=0,
    is_unproven=False,
    is_unclosed=False,
    may_answer=False,
    set_percent=None,
)


def complaints(course: dict[str, Any], evaluation: dict[str, Any]) -> list[Finding]:
    """Return what a sound box complains of, but for these changes."""
    return list(complain(replace(QUIET, **course), replace(PLUGGED, **evaluation)))


def test_a_sound_box_complains_of_nothing() -> None:
    assert complaints({}, {}) == []


PLATEAUS = {"high_v": 6.0, "low_v": -12.0}  # of the sound box


@pytest.mark.parametrize(
    ("course", "evaluation", "code", "cause", "numbers"),
    [
        ({"is_unproven": True}, {"has_voltage": True}, F.RED, C.STILL_LIVE, {}),
        ({"is_unproven": True}, {}, F.SAFETY_CIRCUIT, C.NOT_PROVEN_OPEN, {}),
        (
            {},
            {"has_stray": True, "most_a": 1.2},
            F.SAFETY_CIRCUIT,
            C.STRAY_CURRENT,
            {"current_a": 1.2},
        ),
        (
            {"set_percent": 50.0},
            {},
            F.SAFETY_CIRCUIT,
            C.GENERATOR,
            {"set_percent": 50.0, "duty_percent": 26.7},
        ),
        (
            {"set_percent": 0.0},
            {},
            F.SAFETY_CIRCUIT,
            C.GENERATOR,
            {"set_percent": 0.0, "duty_percent": 26.7},
        ),
        ({}, {"has_earth": False, "is_earth_missing": True}, F.RED, C.EARTH, {}),
        (
            {"is_energised": True},
            {"has_earth": False, "is_earth_missing": True},
            F.RED,
            C.EARTH,
            {},
        ),
        ({"is_energised": True}, {"has_earth": False}, F.NOT_CLOSING, C.EARTH_DISTURBED, {}),
        ({}, {"residual_ac": True}, F.RESIDUAL_CURRENT, C.RESIDUAL_AC, {}),
        ({}, {"residual_dc": True}, F.RESIDUAL_CURRENT, C.RESIDUAL_DC, {}),
        (
            {},
            {"residual_ac": True, "residual_dc": True},
            F.RESIDUAL_CURRENT,
            C.RESIDUAL_BOTH,
            {},
        ),
        (
            {},
            {"has_excess": True, "most_a": 20.0},
            F.OVERCURRENT,
            C.OVERCURRENT,
            {"current_a": 20.0, "offered_a": 16.0},
        ),
        (
            {},
            {"mains": MainsFault.RANGE, "voltages_v": (150.0, 230.0, None)},
            F.MAINS_VOLTAGE,
            C.MAINS_RANGE,
            {"voltages_v": (150.0, 230.0, None)},
        ),
        ({}, {"mains": MainsFault.SILENT}, F.MAINS_VOLTAGE, C.CHIP_SILENT, {}),
        ({"activity": Activity.SELF_TEST}, {"cp": CpState.A}, F.UNPLUGGED, C.PULLED_IN_TEST, {}),
        ({"activity": Activity.CHARGE}, {"cp": CpState.A}, F.UNPLUGGED, C.PULLED_IN_CHARGE, {}),
        ({}, {"cp": CpState.E, "high_v": 0.04}, F.PLUG_STATE, C.PILOT_SHORT, {"high_v": 0.04}),
        ({}, {"is_minus": True, "high_v": -12.0}, F.PLUG_STATE, C.PILOT_MINUS, {"high_v": -12.0}),
        (
            {},
            {"is_undefined": True, "high_v": 7.5},
            F.PLUG_STATE,
            C.PILOT_UNDEFINED,
            {"high_v": 7.5},
        ),
        (
            {},
            {"has_diode": False, "is_mirrored": True, "low_v": -6.0},
            F.NO_VEHICLE,
            C.NO_DIODE,
            {"low_v": -6.0},
        ),
        (
            {"has_shown_diode": True},
            {"has_diode": False, "is_mirrored": True, "low_v": -6.0},
            F.NO_VEHICLE,
            C.DIODE_LOST,
            {"low_v": -6.0},
        ),
        ({}, {"has_diode": False, "low_v": -9.0}, F.PLUG_STATE, C.NEGATIVE_HALF, {"low_v": -9.0}),
        (
            {"has_shown_diode": True},
            {"has_diode": False, "low_v": -9.0},
            F.PLUG_STATE,
            C.NEGATIVE_HALF,
            {"low_v": -9.0},
        ),
        ({"is_unclosed": True}, {}, F.NOT_CLOSING, C.DROPPED, {}),
        (
            {},
            {"is_hot": True, "is_switched_off": True},
            F.TOO_HOT,
            C.SWITCH_OPEN,
            {"temperature_c": 30.0},
        ),
        (
            {},
            {"is_hot": True, "temperature_c": 149.0},
            F.TOO_HOT,
            C.TOO_HOT,
            {"temperature_c": 149.0},
        ),
        (
            {},
            {"is_hot": True, "temperature_c": 150.0},
            F.TOO_HOT,
            C.SENSOR_FAILED,
            {"temperature_c": 150.0},
        ),
    ],
)
def test_each_complaint_alone(
    course: dict[str, Any],
    evaluation: dict[str, Any],
    code: FaultCode,
    cause: Cause,
    numbers: dict[str, Any],
) -> None:
    if cause in OF_PILOT:
        numbers = PLATEAUS | numbers
    assert complaints(course, evaluation) == [Finding(code=code, cause=cause, **numbers)]


@pytest.mark.parametrize(
    ("course", "evaluation"),
    [
        ({}, {"cp": CpState.A}),  # nothing goes on that a plug could not be pulled from
        ({"activity": Activity.CHARGE}, {}),
        ({}, {"has_diode": None}),  # not proven either way
        ({"is_energised": True}, {}),
        ({}, {"has_earth": False}),  # nothing is offered meanwhile
        ({"may_answer": True}, {"residual_ac": True, "residual_dc": True}),
        ({}, {"is_switched_off": True}),  # heat counts when it has lasted
        ({"failed_tests": 5}, {}),
        ({"result": SelfTestResult.RUNNING, "failed_tests": 5}, {}),
        ({"result": SelfTestResult.PASSED, "failed_tests": 5}, {}),
        ({"result": SelfTestResult.RUNNING}, {"residual_ac": True}),  # the test asks for it
        ({"result": SelfTestResult.PASSED}, {"residual_dc": True}),
    ],
)
def test_what_is_nothing_to_complain_of(course: dict[str, Any], evaluation: dict[str, Any]) -> None:
    assert complaints(course, evaluation) == []


def test_the_most_serious_comes_first() -> None:
    found = complaints(
        {"is_unproven": True, "is_unclosed": True, "set_percent": 50.0},
        {
            "has_stray": True,
            "has_earth": False,
            "is_earth_missing": True,
            "residual_ac": True,
            "has_excess": True,
            "mains": MainsFault.SILENT,
            "cp": CpState.E,
            "is_hot": True,
        },
    )
    assert [finding.code for finding in found] == [
        F.SAFETY_CIRCUIT,
        F.SAFETY_CIRCUIT,
        F.SAFETY_CIRCUIT,
        F.RED,
        F.RESIDUAL_CURRENT,
        F.OVERCURRENT,
        F.MAINS_VOLTAGE,
        F.PLUG_STATE,
        F.NOT_CLOSING,
        F.TOO_HOT,
    ]


@pytest.mark.req("ERR-RED", "ERR-8007")
def test_an_open_contactor_that_is_not_proven_is_red_with_voltage_and_else_8007() -> None:
    assert not_open(True).code is F.RED
    assert not_open(False).code is F.SAFETY_CIRCUIT


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize(
    ("stale", "cause"),
    [
        (Stale.SILENT, C.SENSORS_SILENT),
        (Stale.NONSENSE, C.SENSORS_NONSENSE),
        (Stale.UNCLEAR, C.MAINS_UNCLEAR),
    ],
)
def test_inputs_that_are_stale_for_too_long_are_8(stale: Stale, cause: Cause) -> None:
    assert stale_for_too_long(stale, 0.01) == Finding(code=F.PLUG_STATE, cause=cause)


def test_a_late_cycle_is_no_fault_of_the_vehicle() -> None:
    late = Finding(code=F.NOT_CLOSING, cause=C.CYCLE_LATE, gap_s=0.1432)
    assert stale_for_too_long(Stale.LATE, 0.1432) == cycle_late(0.1432) == late


# --- the self-test -----------------------------------------------------------------------------


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (SelfTestResult.NOT_IDLE, C.TEST_NOT_IDLE),
        (SelfTestResult.NO_ANSWER, C.TEST_NO_ANSWER),
        (SelfTestResult.LATE, C.TEST_LATE),
    ],
)
@pytest.mark.parametrize(
    ("failed_tests", "code"),
    [(1, F.RESIDUAL_CURRENT), (4, F.RESIDUAL_CURRENT), (5, F.RED), (6, F.RED)],
)
def test_a_self_test_that_fails_the_fifth_time_is_red(
    result: SelfTestResult, cause: Cause, failed_tests: int, code: FaultCode
) -> None:
    found = complaints({"result": result, "failed_tests": failed_tests}, {"residual_ac": True})
    assert found == [Finding(code=code, cause=cause, failed_tests=failed_tests)]


@pytest.mark.req("ERR-8005")
def test_a_monitor_that_does_not_let_go_is_red_at_once() -> None:
    found = complaints({"result": SelfTestResult.STUCK, "failed_tests": 1}, {})
    assert found == [Finding(code=F.RED, cause=C.TEST_STUCK)]


# --- plug and contactor ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evaluation", "cause"),
    [
        ({"cp": CpState.E, "is_minus": True}, C.PILOT_SHORT),
        ({"is_minus": True, "is_undefined": True}, C.PILOT_MINUS),
        ({"is_undefined": True, "has_diode": False}, C.PILOT_UNDEFINED),
    ],
)
def test_the_plug_has_one_fault_at_a_time(evaluation: dict[str, Any], cause: Cause) -> None:
    (found,) = complaints({}, evaluation)
    assert found.cause is cause


@pytest.mark.req("ERR-8001")
@pytest.mark.parametrize(
    ("phase", "is_proven_open", "has_voltage", "cause"),
    [
        (SafetyPhase.CLOSING, True, False, C.DOES_NOT_CLOSE),
        (SafetyPhase.CLOSING, False, False, C.NO_LOAD_VOLTAGE),
        (SafetyPhase.CLOSING, False, True, C.MIRROR_OPEN),
        (SafetyPhase.CLOSED, True, False, C.DROPPED),
        (SafetyPhase.STOPPING, False, True, C.DROPPED),
    ],
)
def test_the_cause_of_an_unclosed_contactor_is_what_its_contacts_show(
    phase: SafetyPhase, is_proven_open: bool, has_voltage: bool, cause: Cause
) -> None:
    (found,) = complaints(
        {"phase": phase, "is_unclosed": True},
        {"is_proven_open": is_proven_open, "has_voltage": has_voltage},
    )
    assert found == Finding(code=F.NOT_CLOSING, cause=cause)

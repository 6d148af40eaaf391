"""What one round complains of: which code, in which words, and what comes first."""

from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState
from msgs.safety import FaultCode, SafetyPhase
from nodes.safety.complain import Complaint, Course, complain, not_open
from nodes.safety.selftest import Verdict
from tests.safety.facts import PLUGGED

F = FaultCode
QUIET = Course(
    phase=SafetyPhase.READY,
    activity="",
    verdict=None,
    failed_tests=0,
    is_unproven=False,
    is_unclosed=False,
    is_echo=False,
    told_percent=None,
)


def complaints(course: dict[str, Any], facts: dict[str, Any]) -> list[Complaint]:
    """Return what a sound box complains of, but for these changes."""
    return list(complain(replace(QUIET, **course), replace(PLUGGED, **facts)))


def test_a_sound_box_complains_of_nothing() -> None:
    assert complaints({}, {}) == []


@pytest.mark.parametrize(
    ("course", "facts", "code", "words"),
    [
        ({"is_unproven": True}, {"has_voltage": True}, F.RED, "voltage on the cable"),
        ({"is_unproven": True}, {}, F.SAFETY_CIRCUIT, "mirror contact"),
        ({}, {"stray": "1.2 A flow"}, F.SAFETY_CIRCUIT, "1.2 A flow"),
        ({"told_percent": 50.0}, {}, F.SAFETY_CIRCUIT, "told 50.0 % and gives 26.7 %"),
        ({"told_percent": 0.0}, {}, F.SAFETY_CIRCUIT, "told 0.0 %"),
        ({}, {"has_earth": False}, F.RED, "500 ohm"),
        ({}, {"residual_ac": True}, F.RESIDUAL_CURRENT, "tripped: 30 mA AC"),
        ({}, {"residual_dc": True}, F.RESIDUAL_CURRENT, "tripped: 6 mA DC"),
        (
            {},
            {"residual_ac": True, "residual_dc": True},
            F.RESIDUAL_CURRENT,
            "tripped: 30 mA AC and 6 mA DC",
        ),
        ({}, {"excess": "draws 20.0 A"}, F.OVERCURRENT, "draws 20.0 A"),
        ({}, {"mains": "150 V"}, F.MAINS_VOLTAGE, "150 V"),
        ({"activity": "while charging"}, {"cp": CpState.A}, F.UNPLUGGED, "pulled while charging"),
        ({}, {"cp": CpState.E, "high_v": 0.04}, F.PLUG_STATE, "shorted to earth: +0.0 V"),
        ({}, {"is_minus": True, "high_v": -12.0}, F.PLUG_STATE, "stuck at -12.0 V"),
        ({}, {"is_undefined": True, "high_v": 7.5}, F.PLUG_STATE, "+7.5 V, which is no state"),
        (
            {},
            {"has_diode": False, "is_mirrored": True, "low_v": -6.0},
            F.NO_VEHICLE,
            "+6.0 V and -6.0 V: this load has no vehicle's diode",
        ),
        (
            {},
            {"has_diode": False, "low_v": -9.0},
            F.PLUG_STATE,
            "+6.0 V and -9.0 V: the negative half is not -12 V",
        ),
        ({"is_unclosed": True}, {}, F.NOT_CLOSING, "dropped"),
        ({}, {"is_hot": True, "is_switched_off": True}, F.TOO_HOT, "switch has opened"),
        ({}, {"is_hot": True, "temperature_c": 81.4}, F.TOO_HOT, "81 degC; 80 are allowed"),
        ({}, {"is_hot": True, "temperature_c": 149.0}, F.TOO_HOT, "149 degC"),
        ({}, {"is_hot": True, "temperature_c": 150.0}, F.TOO_HOT, "sensor has failed"),
    ],
)
def test_each_complaint_alone(
    course: dict[str, Any], facts: dict[str, Any], code: FaultCode, words: str
) -> None:
    ((found, detail),) = complaints(course, facts)
    assert found is code
    assert words in detail


@pytest.mark.parametrize(
    ("course", "facts"),
    [
        ({}, {"cp": CpState.A}),  # nothing goes on that a plug could not be pulled from
        ({"activity": "while charging"}, {}),
        ({}, {"has_diode": None}),  # not proven either way
        ({"is_echo": True}, {"residual_ac": True, "residual_dc": True}),
        ({}, {"is_switched_off": True}),  # heat counts when it has lasted
        ({"failed_tests": 5}, {}),
        ({"verdict": Verdict.RUNNING, "failed_tests": 5}, {}),
        ({"verdict": Verdict.PASSED, "failed_tests": 5}, {}),
        ({"verdict": Verdict.RUNNING}, {"residual_ac": True}),  # the test asks for it
        ({"verdict": Verdict.PASSED}, {"residual_dc": True}),
    ],
)
def test_what_is_nothing_to_complain_of(course: dict[str, Any], facts: dict[str, Any]) -> None:
    assert complaints(course, facts) == []


def test_the_most_serious_comes_first() -> None:
    found = complaints(
        {"is_unproven": True, "is_unclosed": True, "told_percent": 50.0},
        {
            "stray": "stray",
            "has_earth": False,
            "residual_ac": True,
            "excess": "excess",
            "mains": "mains",
            "cp": CpState.E,
            "is_hot": True,
        },
    )
    assert [code for code, _ in found] == [
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
    assert not_open(True)[0] is F.RED
    assert not_open(False)[0] is F.SAFETY_CIRCUIT


# --- the self-test -----------------------------------------------------------------------------


@pytest.mark.req("ERR-8005")
@pytest.mark.parametrize("verdict", [Verdict.NOT_IDLE, Verdict.NO_ANSWER])
@pytest.mark.parametrize(
    ("failed_tests", "code"),
    [(1, F.RESIDUAL_CURRENT), (4, F.RESIDUAL_CURRENT), (5, F.RED), (6, F.RED)],
)
def test_a_self_test_that_fails_the_fifth_time_is_red(
    verdict: Verdict, failed_tests: int, code: FaultCode
) -> None:
    ((found, detail),) = complaints(
        {"verdict": verdict, "failed_tests": failed_tests}, {"residual_ac": True}
    )
    assert found is code
    assert verdict in detail
    assert (f"{failed_tests} times in a row" in detail) is (code is F.RED)


@pytest.mark.req("ERR-8005")
def test_a_monitor_that_does_not_let_go_is_red_at_once() -> None:
    ((found, detail),) = complaints({"verdict": Verdict.STUCK, "failed_tests": 1}, {})
    assert found is F.RED
    assert Verdict.STUCK in detail


# --- plug and contactor ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"cp": CpState.E, "is_minus": True}, "shorted"),
        ({"is_minus": True, "is_undefined": True}, "stuck"),
        ({"is_undefined": True, "has_diode": False}, "no state"),
    ],
)
def test_the_plug_has_one_fault_at_a_time(facts: dict[str, Any], words: str) -> None:
    ((_, detail),) = complaints({}, facts)
    assert words in detail


@pytest.mark.req("ERR-8001")
@pytest.mark.parametrize(
    ("phase", "is_proven_open", "has_voltage", "words"),
    [
        (SafetyPhase.CLOSING, True, False, "does not close"),
        (SafetyPhase.CLOSING, False, False, "no voltage behind it"),
        (SafetyPhase.CLOSING, False, True, "mirror says open"),
        (SafetyPhase.CLOSED, True, False, "by itself"),
        (SafetyPhase.STOPPING, False, True, "by itself"),
    ],
)
def test_a_contactor_that_is_not_closed_says_what_it_shows(
    phase: SafetyPhase, is_proven_open: bool, has_voltage: bool, words: str
) -> None:
    ((code, detail),) = complaints(
        {"phase": phase, "is_unclosed": True},
        {"is_proven_open": is_proven_open, "has_voltage": has_voltage},
    )
    assert code is F.NOT_CLOSING
    assert words in detail

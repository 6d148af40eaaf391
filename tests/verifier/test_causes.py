"""Each fault that safety raises needs a cause in the simulated world."""

import pytest
from msgspec.structs import replace

from msgs.plant import SimEvent, SimFault, SimSignals
from msgs.safety import FaultCode
from tests.verifier.conftest import SIGNALS
from verifier.causes import (
    CAUSES,
    CHIP_SILENT,
    HEAT,
    LATCHED,
    LATE_ANSWER,
    LATE_ANSWER_S,
    LEAST_S,
    LINGERS_S,
    OUT,
    SAFETY_STOPPED,
    STALE_INPUTS,
    Causes,
)


def happened(causes: Causes, what: str, detail: str, at_s: float) -> None:
    causes.take_event(SimEvent(what=what, at_ns=0, detail=detail), at_s)


def signals(terminal_c: float, overtemperature: bool = False) -> SimSignals:
    return replace(SIGNALS, terminal_c=terminal_c, overtemperature=overtemperature)


def test_every_fault_has_causes() -> None:
    assert set(CAUSES) == set(FaultCode)


def test_a_cause_of_the_box_is_not_confused_with_a_fault_of_the_world() -> None:
    of_the_box = (
        OUT,
        STALE_INPUTS,
        CHIP_SILENT,
        SAFETY_STOPPED,
        LATE_ANSWER,
        HEAT,
        *LATCHED.values(),
    )
    assert set(of_the_box).isdisjoint(SimFault)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (FaultCode.NO_VEHICLE, SimFault.NO_DIODE),
        (FaultCode.PLUG_STATE, SimFault.CP_SHORT),
        (FaultCode.NOT_CLOSING, SimFault.NO_CLOSE),
        (FaultCode.RESIDUAL_CURRENT, SimFault.RCM_DC),
        (FaultCode.SAFETY_CIRCUIT, SimFault.WELD),
        (FaultCode.RED, SimFault.PE_OPEN),
    ],
)
def test_a_fault_is_explained_while_its_cause_is_there_and_a_second_longer(
    code: FaultCode, name: SimFault
) -> None:
    causes = Causes()
    assert not causes.explain(code, 10.0)
    happened(causes, "fault", name, 10.0)
    assert causes.explain(code, 500.0)
    happened(causes, "clear", name, 500.0)
    happened(causes, "clear", name, 600.0)  # cleared already
    assert causes.explain(code, 500.0 + LINGERS_S)
    assert not causes.explain(code, 500.01 + LINGERS_S)


def test_the_plug_explains_fault_1_once_it_is_out() -> None:
    causes = Causes()
    happened(causes, "plugged", "", 10.0)
    assert not causes.explain(FaultCode.UNPLUGGED, 20.0)
    happened(causes, "pulled", "", 20.0)
    assert causes.explain(FaultCode.UNPLUGGED, 20.02)


@pytest.mark.parametrize("seen", [signals(80.1), signals(20.0, overtemperature=True)])
def test_heat_explains_fault_3(seen: SimSignals) -> None:
    causes = Causes()
    causes.take_signals(signals(80.0), 10.0)
    assert not causes.explain(FaultCode.TOO_HOT, 10.0)
    causes.take_signals(seen, 11.0)
    assert causes.explain(FaultCode.TOO_HOT, 99.0)


@pytest.mark.parametrize("are_inputs_stale", [False, True])
@pytest.mark.parametrize("is_chip_silent", [False, True])
def test_lost_readings_explain_the_faults_of_stale_inputs(
    are_inputs_stale: bool, is_chip_silent: bool
) -> None:
    causes = Causes()
    causes.take_own_inputs(
        are_inputs_stale=are_inputs_stale, is_chip_silent=is_chip_silent, now_s=10.0
    )
    assert causes.explain(FaultCode.PLUG_STATE, 99.0) is (are_inputs_stale or is_chip_silent)
    assert causes.explain(FaultCode.MAINS_VOLTAGE, 99.0) is is_chip_silent
    causes.take_own_inputs(are_inputs_stale=False, is_chip_silent=False, now_s=99.0)
    assert not causes.explain(FaultCode.PLUG_STATE, 100.1)
    assert not causes.explain(FaultCode.MAINS_VOLTAGE, 100.1)


@pytest.mark.parametrize(
    ("code", "other"),
    [
        (FaultCode.SAFETY_CIRCUIT, FaultCode.RED),
        (FaultCode.RED, FaultCode.SAFETY_CIRCUIT),
    ],
)
def test_a_latched_fault_that_was_raised_explains_itself_from_then_on(
    code: FaultCode, other: FaultCode
) -> None:
    causes = Causes()
    causes.take_fault(other)
    assert not causes.explain(code, 10.0)
    causes.take_fault(code)
    assert causes.explain(code, 1e6)


def test_a_safety_killed_in_its_self_test_explains_a_trip_until_the_test_is_over() -> None:
    causes = Causes()
    causes.take_broken_test(10.0, None)
    assert causes.explain(FaultCode.RESIDUAL_CURRENT, 10.0 + LATE_ANSWER_S + LINGERS_S)
    assert not causes.explain(FaultCode.RESIDUAL_CURRENT, 10.1 + LATE_ANSWER_S + LINGERS_S)


def test_a_test_line_left_on_explains_a_trip_until_the_next_safety_releases_it() -> None:
    causes = Causes()
    causes.take_broken_test(10.0, 50.0)
    assert causes.explain(FaultCode.RESIDUAL_CURRENT, 50.0 + LINGERS_S)
    assert not causes.explain(FaultCode.RESIDUAL_CURRENT, 50.1 + LINGERS_S)


def test_a_frozen_safety_explains_its_own_late_cycle() -> None:
    causes = Causes()
    assert not causes.explain(FaultCode.NOT_CLOSING, 10.0)
    causes.take_stopped(True, 10.0)
    assert causes.explain(FaultCode.NOT_CLOSING, 20.0)
    causes.take_stopped(False, 20.0)
    assert causes.explain(FaultCode.NOT_CLOSING, 20.9)
    assert not causes.explain(FaultCode.NOT_CLOSING, 21.1)


@pytest.mark.parametrize(
    ("code", "name", "least_s"),
    [(code, name, least_s) for (code, name), least_s in LEAST_S.items()],
)
def test_a_short_cause_does_not_explain_a_latched_fault(
    code: FaultCode, name: str, least_s: float
) -> None:
    causes = Causes()
    happened(causes, "fault", name, 10.0)
    happened(causes, "fault", name, 10.0 + 0.5 * least_s)  # it is there already
    assert not causes.explain(code, 9.9 + least_s)
    assert causes.explain(code, 10.0 + least_s)
    happened(causes, "clear", name, 9.9 + least_s)
    assert not causes.explain(code, 10.0 + least_s)

"""A fault that safety raises is explained by the world, or it is a false one."""

import pytest
from msgspec.structs import replace

from msgs.plant import SimEvent, SimFault, SimSignals
from msgs.safety import FaultCode
from tests.verifier.conftest import COPPER
from verifier.causes import CAUSES, LINGERS_S, ORPHAN_S, Causes


def happened(causes: Causes, what: str, detail: str, at_s: float) -> None:
    causes.happened(SimEvent(what=what, at_ns=0, detail=detail), at_s)


def signals(terminal_c: float, overtemperature: bool = False) -> SimSignals:
    return replace(COPPER, terminal_c=terminal_c, overtemperature=overtemperature)


def test_every_fault_has_causes() -> None:
    assert set(CAUSES) == set(FaultCode)


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
    happened(causes, "clear", name, 600.0)  # mended already
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
    causes.felt(signals(80.0), 10.0)
    assert not causes.explain(FaultCode.TOO_HOT, 10.0)
    causes.felt(seen, 11.0)
    assert causes.explain(FaultCode.TOO_HOT, 99.0)


@pytest.mark.parametrize("is_blind", [False, True])
@pytest.mark.parametrize("is_unmetered", [False, True])
def test_what_does_not_reach_safety_explains_that_it_is_blind(
    is_blind: bool, is_unmetered: bool
) -> None:
    causes = Causes()
    causes.saw(is_blind=is_blind, is_unmetered=is_unmetered, now_s=10.0)
    assert causes.explain(FaultCode.PLUG_STATE, 99.0) is (is_blind or is_unmetered)
    assert causes.explain(FaultCode.MAINS_VOLTAGE, 99.0) is is_unmetered
    causes.saw(is_blind=False, is_unmetered=False, now_s=99.0)
    assert not causes.explain(FaultCode.PLUG_STATE, 100.1)
    assert not causes.explain(FaultCode.MAINS_VOLTAGE, 100.1)


def test_8007_that_was_told_explains_itself_from_then_on() -> None:
    causes = Causes()
    causes.told(FaultCode.RED)
    assert not causes.explain(FaultCode.SAFETY_CIRCUIT, 10.0)
    causes.told(FaultCode.SAFETY_CIRCUIT)
    assert causes.explain(FaultCode.SAFETY_CIRCUIT, 1e6)


def test_a_safety_that_died_in_its_self_test_explains_a_trip_as_long_as_that_lasts() -> None:
    causes = Causes()
    causes.left_testing(10.0, None)
    assert causes.explain(FaultCode.RESIDUAL_CURRENT, 10.0 + ORPHAN_S + LINGERS_S)
    assert not causes.explain(FaultCode.RESIDUAL_CURRENT, 10.1 + ORPHAN_S + LINGERS_S)


def test_a_test_line_that_was_left_on_explains_a_trip_until_the_next_safety_takes_it_back() -> None:
    causes = Causes()
    causes.left_testing(10.0, 50.0)
    assert causes.explain(FaultCode.RESIDUAL_CURRENT, 50.0 + LINGERS_S)
    assert not causes.explain(FaultCode.RESIDUAL_CURRENT, 50.1 + LINGERS_S)


def test_a_safety_that_is_held_up_explains_its_own_late_cycle() -> None:
    causes = Causes()
    assert not causes.explain(FaultCode.NOT_CLOSING, 10.0)
    causes.slept(True, 10.0)
    assert causes.explain(FaultCode.NOT_CLOSING, 20.0)
    causes.slept(False, 20.0)
    assert causes.explain(FaultCode.NOT_CLOSING, 20.9)
    assert not causes.explain(FaultCode.NOT_CLOSING, 21.1)

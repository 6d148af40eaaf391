"""A fault that safety raises is explained by the world, or it is a false one."""

import pytest
from msgspec.structs import replace

from launch.soak.causes import CAUSES, LINGERS_S, ORPHAN_S, Causes
from msgs.plant import SimCopper, SimEvent, SimFault
from msgs.safety import FaultCode
from tests.soak.conftest import COPPER


def happened(causes: Causes, what: str, detail: str, at_s: float) -> None:
    causes.happened(SimEvent(what=what, at_ns=0, detail=detail), at_s)


def copper(terminal_c: float, overtemperature: bool = False) -> SimCopper:
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


@pytest.mark.parametrize("seen", [copper(80.1), copper(20.0, overtemperature=True)])
def test_heat_explains_fault_3(seen: SimCopper) -> None:
    causes = Causes()
    causes.felt(copper(80.0), True, 10.0)
    assert not causes.explain(FaultCode.TOO_HOT, 10.0)
    causes.felt(seen, True, 11.0)
    assert causes.explain(FaultCode.TOO_HOT, 99.0)


@pytest.mark.parametrize(
    ("power", "is_metered", "is_explained"),
    [("off", False, True), ("off", True, False), ("on", False, False)],
)
def test_a_dark_box_explains_fault_8_if_its_chip_is_silent(
    power: str, is_metered: bool, is_explained: bool
) -> None:
    causes = Causes()
    happened(causes, "power", power, 10.0)
    causes.felt(copper(20.0), is_metered, 11.0)
    assert causes.explain(FaultCode.PLUG_STATE, 12.0) is is_explained


def test_a_safety_that_died_in_its_self_test_explains_a_trip_as_long_as_that_lasts() -> None:
    causes = Causes()
    causes.died_testing(10.0)
    assert causes.explain(FaultCode.RESIDUAL_CURRENT, 10.0 + ORPHAN_S + LINGERS_S)
    assert not causes.explain(FaultCode.RESIDUAL_CURRENT, 10.1 + ORPHAN_S + LINGERS_S)

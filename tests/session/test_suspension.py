"""When a plug-in that was ended may be charged again though its plug was never out."""

import pytest
from msgspec.structs import replace

from msgs.safety import FaultCode, SafetyPhase
from nodes.session.suspension import after_fault, after_stop, lift
from tests.builders import safety_status

SAFETY = safety_status(permitted=False, temperature_c=30.0)
NO_MAINS = replace(SAFETY, has_mains=False, phase=SafetyPhase.START)
LATCHED = replace(SAFETY, faults=(FaultCode.SAFETY_CIRCUIT,), phase=SafetyPhase.FAULT)


def test_somebodys_stop_holds_whatever_the_mains_do() -> None:
    suspension = after_stop("the app")
    for status in (SAFETY, NO_MAINS, LATCHED):
        assert lift(suspension, status, 7) is suspension
    assert suspension.because == "the app"


@pytest.mark.req("ERR-P", "ERR-8007")
def test_the_hold_of_a_fault_ends_once_the_mains_were_off_and_the_fault_is_judged_away() -> None:
    suspension = lift(after_fault(7), NO_MAINS, 7)
    assert suspension is not None
    assert lift(suspension, LATCHED, 7) == suspension
    assert lift(suspension, replace(SAFETY, phase=SafetyPhase.START), 7) == suspension
    assert lift(suspension, None, 7) == suspension
    assert lift(suspension, SAFETY, 7) is None


@pytest.mark.req("ERR-8007")
def test_a_restart_of_safety_alone_lifts_nothing() -> None:
    suspension = after_fault(7)
    assert lift(suspension, SAFETY, 7) is suspension


@pytest.mark.parametrize(
    ("began", "run", "is_lifted"), [(7, 8, True), (7, 7, False), (7, 0, False), (0, 8, False)]
)
def test_another_run_of_the_graph_counts_as_mains_off_and_on_if_both_are_known(
    began: int, run: int, is_lifted: bool
) -> None:
    assert (lift(after_fault(began), SAFETY, run) is None) is is_lifted

"""A meter chip that repeats its values: 8002 in a charge, and no fault of anything else after."""

from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.safety import FaultCode, SafetyPhase
from tests.safety.machine.rig import P, Rig, closed, idle, ready

LAST: dict[str, Any] = {"currents_a": (15.7, 15.7, 15.7), "powers_w": (3600.0, 3600.0, 3600.0)}


@pytest.mark.req("ERR-8002")
def test_a_chip_that_freezes_in_a_charge_opens_after_5_s() -> None:
    rig = closed()
    rig.reading = dict(LAST)
    assert rig.until(lambda: not rig.outputs.enable, 6.0) == pytest.approx(5.0, abs=0.05)
    rig.run(0.1)
    assert (rig.faults(), rig.causes()) == ((FaultCode.MAINS_VOLTAGE,), (Cause.CHIP_SILENT,))


@pytest.mark.req("ERR-8002", "ERR-R")
def test_a_frozen_chip_holds_8002_with_the_plug_out_and_with_the_next_vehicle() -> None:
    rig = closed()
    rig.reading = dict(LAST)
    rig.run(6.0)
    for vehicle in ("B", "A", "B", "C", "A"):
        rig.vehicle = vehicle
        for _ in range(600):
            assert rig.tick().faults() == (FaultCode.MAINS_VOLTAGE,)
            assert not rig.outputs.enable
    assert len(rig.state.faults.raised) == 1  # not cleared and raised again
    rig.reading = {}  # it measures again
    rig.run(29.9)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.run(0.4)
    assert rig.faults() == ()
    rig.vehicle = "B"
    rig.until_phase(P.READY)


@pytest.mark.req("ERR-8002", "ERR-R")
def test_a_charge_goes_on_when_the_chip_measures_again() -> None:
    rig = closed()
    rig.reading = dict(LAST)
    rig.run(8.0)
    rig.reading = {}
    rig.until_phase(P.CLOSED, 45.0)
    assert (rig.faults(), rig.status.retries) == ((), 1)


@pytest.mark.req("ERR-8002", "ERR-8007")
@pytest.mark.parametrize("frozen_s", [0.02, 1.0, 4.5])
def test_a_chip_that_freezes_just_before_the_contactor_opens_is_8002_and_not_8007(
    frozen_s: float,
) -> None:
    rig = closed()
    rig.reading = dict(LAST)
    rig.run(frozen_s)
    rig.vehicle = "B"
    rig.run(4.8 - frozen_s)
    assert rig.faults() == ()
    rig.run(0.5)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.run(20.0).faults() == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("ERR-8002", "ERR-8007")
def test_a_process_that_starts_with_a_frozen_chip_raises_8002_and_not_8007() -> None:
    rig = closed()
    rig.reading = dict(LAST)
    rig.run(2.0)
    rig.restart()
    rig.run(4.5)
    assert rig.faults() == ()
    rig.run(1.0)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("ERR-8007")
def test_a_current_through_the_open_contactor_that_changes_is_8007() -> None:
    rig = closed()
    rig.vehicle = "B"
    rig.until_phase(P.READY)
    for number in range(110):
        rig.reading = {"currents_a": (15.0 + 0.001 * (number // 10 % 2), 0.0, 0.0)}
        rig.tick()
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("offset_a", [0.01, -0.01, 0.9])
def test_a_constant_offset_without_a_load_is_no_frozen_chip(offset_a: float) -> None:
    rig = ready()
    rig.reading = {"currents_a": (offset_a,) * 3}
    for _ in range(2):
        rig.offered_a, rig.vehicle = 16.0, "C"
        rig.until_phase(P.CLOSED)
        rig.run(20.0)
        assert rig.faults() == ()
        rig.vehicle = "A"
        rig.run(20.0)
        assert FaultCode.MAINS_VOLTAGE not in rig.faults()
        rig.vehicle = "B"
        rig.until_phase(P.READY)


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("begin", [idle, closed])
def test_a_chip_that_measures_raises_nothing(begin: Any) -> None:
    rig: Rig = begin()
    phase: SafetyPhase = rig.phase()
    rig.run(30.0)
    assert (rig.phase(), rig.faults()) == (phase, ())


@pytest.mark.req("ERR-8002", "ERR-8007")
@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.4])
def test_a_frozen_chip_that_shows_zeros_for_a_moment_is_8002_and_not_8007(seconds: float) -> None:
    rig = closed()
    rig.reading = dict(LAST)
    rig.run(2.0)
    rig.vehicle = "B"
    rig.run(1.0)
    rig.vehicle = "A"
    rig.run(4.0)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.reading = {"currents_a": (0.0, 0.0, 0.0), "voltages_v": (0.0, 0.0, 0.0)}
    rig.run(seconds)
    rig.reading = dict(LAST)
    rig.run(4.0)
    assert FaultCode.SAFETY_CIRCUIT not in rig.faults()

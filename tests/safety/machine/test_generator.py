"""The generator of the pilot signal, beside what pilot says."""

import math

import pytest
from msgspec.structs import replace

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.safety import FaultCode
from tests.safety.machine.rig import ROUND_S, P, closed, pilot


@pytest.mark.req("ERR-8007")
def test_a_generator_that_does_not_follow_is_8007() -> None:
    rig = closed()
    rig.inputs = {"pilot": pilot(CpState.C, 10.0)}
    rig.until(lambda: rig.state.duty.differs_since_s is not None, 0.05)
    for _ in range(149):
        assert rig.tick().outputs.enable
    assert not rig.tick().outputs.enable  # 1.5 s
    rig.run(0.1)
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)
    finding = rig.state.faults.records[0].finding
    assert finding.cause is Cause.GENERATOR
    assert (finding.set_percent, finding.duty_percent) == pytest.approx((16.7, 26.7), abs=0.05)


@pytest.mark.parametrize(("beside_percent", "is_followed"), [(1.0, True), (1.01, False)])
def test_a_generator_follows_within_its_tolerance(beside_percent: float, is_followed: bool) -> None:
    rig = closed()
    rig.reading = {"duty_percent": 26.0}
    published = replace(pilot(CpState.C, 16.0), duty_percent=26.0 - beside_percent)
    rig.inputs = {"pilot": published}
    assert (rig.run(5.0).phase() is P.CLOSED) is is_followed


def test_a_late_message_of_pilot_is_no_defect_of_the_generator() -> None:
    rig = closed()
    for _ in range(5):
        rig.inputs = {"pilot": pilot(CpState.C, 10.0)}
        rig.run(1.4)
        rig.inputs = {}
        rig.run(0.03)
    assert rig.phase() is P.CLOSED


@pytest.mark.req("ERR-8007")
def test_a_generator_that_follows_in_single_readings_does_not_follow() -> None:
    rig = closed()
    said = pilot(CpState.C, 16.0)
    for number in range(200):
        published = said if number % 48 == 0 else replace(said, duty_percent=20.0)
        rig.inputs = {"pilot": published}
        rig.tick()
    assert rig.faults() == (FaultCode.SAFETY_CIRCUIT,)


@pytest.mark.parametrize("duty_percent", [math.nan, math.inf])
def test_a_duty_that_is_no_number_counts_as_none(duty_percent: float) -> None:
    rig = closed()
    rig.inputs = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=duty_percent)}
    rig.run(5.0)
    assert (FaultCode.SAFETY_CIRCUIT in rig.faults()) is math.isinf(duty_percent)


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(("fits", "is_defect"), [(2, True), (3, False)])
def test_three_readings_that_fit_end_the_time_of_a_wrong_duty(fits: int, is_defect: bool) -> None:
    rig = closed()
    other = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=20.0)}
    rig.inputs = other
    rig.run(1.4)
    rig.inputs = {}
    rig.run(fits * ROUND_S)
    rig.inputs = other
    rig.run(0.3)
    assert rig.state.faults.is_latched is is_defect


def test_readings_that_fit_have_to_follow_each_other() -> None:
    rig = closed()
    other = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=20.0)}
    for number in range(170):
        rig.inputs = {} if number % 3 else other  # two that fit, one that does not
        rig.tick()
    assert rig.state.faults.is_latched


@pytest.mark.req("ERR-8007")
def test_stale_inputs_end_the_comparison_of_the_duty() -> None:
    rig = closed()
    rig.inputs = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=20.0)}
    rig.run(1.4)
    kept, rig.inputs = rig.inputs, {"reading": None}
    rig.tick()
    rig.inputs = kept
    rig.run(1.4)
    assert not rig.state.faults.is_latched
    assert rig.run(0.2).state.faults.is_latched


def test_a_silent_pilot_ends_the_time_of_a_wrong_duty() -> None:
    rig = closed()
    rig.inputs = {"pilot": replace(pilot(CpState.C, 16.0), duty_percent=20.0)}
    rig.run(1.4)
    assert rig.state.duty.differs_since_s is not None
    rig.inputs = {"pilot": None}
    rig.tick()
    assert rig.state.duty.differs_since_s is None

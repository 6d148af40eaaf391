"""From the wish to a closed contactor, and what keeps it open."""

import math
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety.reasons import Reason
from nodes.safety.words import REASONS
from tests.safety.machine.rig import ROUND_S, P, closed, pilot, ready, session


@pytest.mark.req("CHG-1")
def test_a_vehicle_that_asks_gets_the_contactor_within_three_seconds() -> None:
    rig = ready()
    rig.offered_a = 16.0
    assert rig.run(60.0).phase() is P.READY  # a start delayed by the vehicle is no fault
    assert rig.faults() == ()
    assert rig.says(Reason.NOT_ASKED)
    rig.vehicle = "C"
    assert rig.until_phase(P.CLOSED) < 3.0  # Table A.6, seq. 4
    assert rig.outputs.enable
    assert rig.status.contactor is Contactor.CLOSED
    assert rig.status.detail == ""


NOT_YET: list[tuple[str, dict[str, Any]]] = [
    ("own eyes see B", {"vehicle": "B", "inputs": {"pilot": pilot(CpState.C, 16.0)}}),
    ("pilot sees B", {"inputs": {"pilot": pilot(CpState.B, 16.0)}}),
    ("pilot is silent", {"inputs": {"pilot": None}}),
    ("pilot offers nothing", {"inputs": {"pilot": pilot(CpState.C, 0.0)}}),
    ("pilot offers too little", {"inputs": {"pilot": pilot(CpState.C, 5.99)}}),
    ("pilot offers nonsense", {"inputs": {"pilot": pilot(CpState.C, math.nan)}}),
    ("the generator says x1", {"reading": {"duty_percent": 100.0}}),
    ("the generator says F", {"reading": {"duty_percent": 0.0}}),
    ("the generator says 5 %", {"reading": {"duty_percent": 5.0}}),
    ("session is silent", {"inputs": {"session": None}}),
    ("nobody authorised", {"inputs": {"session": session(permitted=False)}}),
    ("meter is silent", {"inputs": {"meter": None}}),
    ("no diode", {"reading": {"low_v": -6.0}}),
    ("no negative half", {"reading": {"low_v": 6.0}}),
    ("the contactor is not proven open", {"reading": {"mirror_closed": False}}),
    ("voltage on the cable", {"reading": {"load_voltage": True}}),
    ("monitor has tripped", {"reading": {"residual_ac": True}}),
    ("no earth", {"reading": {"earth_ohm": math.nan}}),
    ("too hot", {"reading": {"board_c": 90.0}}),
    ("commissioning", {"reading": {"dip2": 0x01}}),
    ("switched off by heat", {"reading": {"overtemperature": True}}),
    ("nothing is read", {"inputs": {"reading": None}}),
    ("the pilot reads nonsense", {"reading": {"high_v": math.nan}}),
    ("own eyes see E", {"vehicle": "E", "inputs": {"pilot": pilot(CpState.C, 16.0)}}),
    ("own eyes see F", {"vehicle": "F", "inputs": {"pilot": pilot(CpState.C, 16.0)}}),
    ("own eyes see no state", {"vehicle": "between", "inputs": {"pilot": pilot(CpState.C, 16.0)}}),
    ("own eyes see A", {"vehicle": "A", "inputs": {"pilot": pilot(CpState.C, 16.0)}}),
    ("stopping", {"inputs": {"stop": StopReason.RESTART}}),
]


@pytest.mark.parametrize("changes", [row[1] for row in NOT_YET], ids=[row[0] for row in NOT_YET])
def test_one_thing_missing_and_the_contactor_stays_open(changes: dict[str, Any]) -> None:
    rig = ready()
    rig.reading, rig.inputs = changes.get("reading", {}), changes.get("inputs", {})
    rig.run(0.15)
    rig.offered_a, rig.vehicle = 16.0, changes.get("vehicle", "C")
    for _ in range(500):
        assert not rig.tick().outputs.enable
    assert rig.said[-1].detail != ""


def test_the_contactor_does_not_close_before_the_diode_is_proven() -> None:
    rig = ready()
    rig.vehicle = "C"
    rig.run(1.0)
    rig.offered_a = 16.0
    rig.run(0.02)
    assert rig.phase() is P.READY
    assert rig.says(Reason.DIODE)
    assert rig.tick().phase() is P.CLOSING


def test_the_contactor_does_not_close_on_a_stray_reading() -> None:
    rig = ready()
    rig.vehicle = "C"
    rig.run(1.0)
    rig.offered_a = 16.0
    rig.run(0.02)
    rig.reading = {"high_v": 7.5}
    assert rig.tick().phase() is P.READY
    rig.reading = {}
    assert rig.tick().phase() is P.READY
    assert rig.tick().phase() is P.CLOSING


def test_state_d_charges_as_c_does() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "D"
    rig.until_phase(P.CLOSED, 1.0)
    rig.vehicle = "C"
    assert rig.run(1.0).phase() is P.CLOSED


def test_a_contactor_that_closes_just_in_time_is_closed() -> None:
    rig = ready()
    rig.contact_delay_s = 0.28
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED, 1.0)
    assert rig.run(1.0).faults() == ()


@pytest.mark.req("ERR-8001", "ERR-R")
def test_a_contactor_that_does_not_close_is_8001_five_retries_and_then_held() -> None:
    rig = ready()
    rig.is_stuck = True
    rig.offered_a, rig.vehicle = 16.0, "C"
    for delay_s in (10.0, 30.0, 60.0, 120.0, 300.0):
        rig.until_phase(P.CLOSING)
        assert rig.until_phase(P.FAULT) == pytest.approx(0.31, abs=0.02)
        assert not rig.outputs.enable
        assert rig.faults() == (FaultCode.NOT_CLOSING,)
        rig.lull(delay_s - 1.0)
        assert rig.until_phase(P.SELF_TEST) == pytest.approx(1.0, abs=0.02)
    rig.until_phase(P.CLOSING)
    rig.until_phase(P.FAULT)
    assert rig.lull(400.0).faults() == (FaultCode.NOT_CLOSING,)
    assert rig.status.retries == 5
    assert rig.status.retry_in_s is None
    rig.vehicle = "A"
    assert rig.run(0.5).faults() == ()
    assert rig.status.retries == 0


@pytest.mark.req("ERR-8001")
@pytest.mark.parametrize("proof", [{"mirror_closed": True}, {"load_voltage": False}])
def test_mirror_contact_alone_or_voltage_alone_proves_no_closed_contactor(
    proof: dict[str, bool],
) -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    rig.reading = proof
    rig.until_phase(P.OPENING)
    rig.reading = {}
    rig.until_phase(P.FAULT)
    assert rig.faults() == (FaultCode.NOT_CLOSING,)


def test_closing_is_broken_off_when_leave_is_withdrawn() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    rig.inputs = {"session": session(permitted=False)}
    assert not rig.tick().outputs.enable


@pytest.mark.req("ERR-8001")
def test_a_proof_of_closed_that_is_lost_in_most_readings_is_8001() -> None:
    rig = closed()
    for number in range(30):
        rig.reading = {"mirror_closed": True} if number % 10 else {}
        rig.tick()
    assert FaultCode.NOT_CLOSING in [record.code for record in rig.state.faults.records]


@pytest.mark.parametrize(("rounds", "is_fault"), [(29, False), (30, True)])
def test_a_closing_that_is_proven_in_its_last_moment_is_one(rounds: int, is_fault: bool) -> None:
    rig = ready()
    rig.is_stuck = True
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    rig.run(rounds * ROUND_S)
    rig.reading = {"mirror_closed": False, "load_voltage": True}
    rig.tick()
    assert (rig.phase() is P.CLOSED) is not is_fault
    assert rig.state.faults.holds(FaultCode.NOT_CLOSING) is is_fault
    if is_fault:
        assert rig.causes() == (Cause.DOES_NOT_CLOSE,)


def test_a_proof_that_was_lost_for_exactly_its_time_is_found_again() -> None:
    rig = closed()
    rig.reading = {"load_voltage": False}
    rig.run(0.1)
    rig.reading = {}
    rig.run(0.5)
    assert rig.phase() is P.CLOSED
    rig.reading = {"load_voltage": False}
    rig.run(0.11)
    assert not rig.outputs.enable


def test_between_two_closings_the_contactor_rests_to_the_point() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    begun_s = rig.now_s
    rig.run(0.5).vehicle = "B"
    rig.run(0.5).vehicle = "C"
    rig.until_phase(P.CLOSING)
    assert rig.now_s == pytest.approx(begun_s + rig.config.between_s)


def test_a_vehicle_that_toggles_wears_no_contactor_out() -> None:
    rig = closed()
    closings, before = 0, True
    for _ in range(75):
        for vehicle in ("B", "C"):
            rig.vehicle = vehicle
            for _ in range(20):
                is_on = rig.tick().outputs.enable
                closings += is_on and not before
                before = is_on
    assert 8 <= closings <= 12  # of 75 in 30 s
    assert any(status.detail == REASONS[Reason.BETWEEN_CLOSINGS] for status in rig.said)
    rig.vehicle = "C"
    assert rig.until_phase(P.CLOSED) < 3.0  # Table A.6, seq. 4

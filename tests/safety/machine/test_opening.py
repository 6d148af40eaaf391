"""What opens the contactor at once, and the proof that it is open."""

import math
from typing import Any

import pytest

from msgs.fault_cause import Cause
from msgs.pilot import CpState
from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from nodes.safety import words
from tests.safety.machine.rig import P, Rig, closed, pilot, ready

AT_ONCE: list[tuple[str, dict[str, Any], float, tuple[FaultCode, ...]]] = [
    # what happens, how, within which time the enable line is off, which fault it is
    ("vehicle to B", {"vehicle": "B"}, 0.03, ()),
    ("plug pulled", {"vehicle": "A"}, 0.02, (FaultCode.UNPLUGGED,)),
    ("pilot shorted", {"vehicle": "E"}, 0.03, (FaultCode.PLUG_STATE,)),
    ("pilot at -12 V", {"vehicle": "F"}, 0.03, (FaultCode.PLUG_STATE,)),
    (
        "pilot in state F",
        {"vehicle": "F", "reading": {"duty_percent": 0.0}},
        0.03,
        (),
    ),
    ("pilot between windows", {"vehicle": "between"}, 0.04, (FaultCode.PLUG_STATE,)),
    ("diode gone", {"reading": {"low_v": -6.0}}, 0.04, (FaultCode.NO_VEHICLE,)),
    ("half a diode", {"reading": {"low_v": -9.0}}, 0.04, (FaultCode.PLUG_STATE,)),
    ("30 mA AC", {"reading": {"residual_ac": True}}, 0.01, (FaultCode.RESIDUAL_CURRENT,)),
    ("6 mA DC", {"reading": {"residual_dc": True}}, 0.01, (FaultCode.RESIDUAL_CURRENT,)),
    ("nothing read", {"inputs": {"reading": None}}, 0.01, ()),
    ("pilot is no number", {"reading": {"high_v": math.nan}}, 0.01, ()),
    ("converter dead", {"reading": {"high_v": -14.05, "low_v": -14.05}}, 0.01, ()),
    ("pilot node silent", {"inputs": {"pilot": None}}, 0.01, ()),
    ("pilot node sees B", {"inputs": {"pilot": pilot(CpState.B, 16.0)}}, 0.01, ()),
    ("pilot node sees E", {"inputs": {"pilot": pilot(CpState.E, 0.0)}}, 0.01, ()),
    ("heat switch", {"reading": {"overtemperature": True}}, 0.01, (FaultCode.TOO_HOT,)),
    ("earth lost", {"reading": {"earth_ohm": 1e6}}, 0.1, (FaultCode.NOT_CLOSING,)),
    ("SIGTERM", {"inputs": {"stop": StopReason.SIGNAL}}, 0.01, ()),
]


@pytest.mark.req("ERR-1", "ERR-5", "ERR-8", "ERR-8005")
@pytest.mark.parametrize(
    ("changes", "within_s", "faults"), [row[1:] for row in AT_ONCE], ids=[row[0] for row in AT_ONCE]
)
def test_the_contactor_opens_at_once(
    changes: dict[str, Any], within_s: float, faults: tuple[FaultCode, ...]
) -> None:
    rig = closed()
    for name, value in changes.items():
        setattr(rig, name, value)
    took_s = rig.until(lambda: not rig.outputs.enable, 0.2)
    assert took_s <= within_s + 1e-6
    assert took_s <= 0.05 or "earth_ohm" in rig.reading  # the plug's own limit (Table A.6)
    rig.until(lambda: not rig.is_closed, 0.1)
    for _ in range(20):
        assert not rig.tick().outputs.enable
    assert rig.faults() == faults
    nothing_seen = "reading" in rig.inputs
    assert rig.status.contactor is (Contactor.CLOSED if nothing_seen else Contactor.OPEN)


def test_a_contactor_that_may_close_unseen_is_not_called_open() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSING)
    assert rig.status.contactor is Contactor.OPEN
    rig.inputs = {"reading": None}
    assert rig.tick().status.contactor is Contactor.CLOSED


def test_after_stale_inputs_the_contactor_is_proven_and_the_monitor_tested_again() -> None:
    rig = closed()
    rig.inputs = {"reading": None}
    rig.run(0.1)
    assert rig.phase() is P.START
    rig.inputs = {}
    rig.until_phase(P.SELF_TEST, 0.1)
    assert rig.faults() == ()
    rig.until_phase(P.CLOSED)


@pytest.mark.req("ERR-RED", "ERR-8007")
@pytest.mark.parametrize(
    ("reading", "code"),
    [({}, FaultCode.RED), ({"load_voltage": False}, FaultCode.SAFETY_CIRCUIT)],
)
def test_a_contactor_that_does_not_open_is_latched_and_never_closed_again(
    reading: dict[str, Any], code: FaultCode
) -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    rig.until_phase(P.OPENING, 0.05)
    rig.reading = reading
    rig.run(0.18)
    assert rig.phase() is P.OPENING
    assert rig.faults() == ()
    rig.run(0.03)
    assert rig.phase() is P.FAULT
    assert rig.faults() == (code,)
    assert rig.run(0.02).status.contactor is Contactor.WELDED
    fed = len(rig.fed)
    # neither time, nor a contactor that opens after all, nor the next vehicle change that
    rig.is_welded, rig.reading = False, {}
    for vehicle in ("B", "A", "B", "C"):
        rig.vehicle = vehicle
        rig.run(12.0)
        assert not rig.outputs.enable
        assert rig.status.contactor is Contactor.WELDED
        assert rig.status.retry_in_s is None
        assert not rig.status.permitted
    assert len(rig.fed) == fed


def test_a_contactor_that_opens_just_in_time_is_no_fault() -> None:
    rig = closed()
    rig.contact_delay_s = 0.18
    rig.vehicle = "B"
    rig.until_phase(P.READY, 0.3)
    assert rig.run(1.0).faults() == ()


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("vehicle", ["A", "B"])
def test_voltage_on_an_open_cable_is_red_after_its_time(vehicle: str) -> None:
    rig = ready()
    rig.vehicle = vehicle
    rig.run(0.5)
    rig.reading = {"load_voltage": True}
    rig.run(0.19)
    assert rig.faults() == ()
    rig.run(0.03)
    assert rig.faults() == (FaultCode.RED,)
    assert rig.run(0.02).status.contactor is Contactor.WELDED


def test_a_contactor_that_drops_by_itself_is_8001_and_a_short_dip_is_not() -> None:
    rig = closed()
    rig.reading = {"load_voltage": False}
    rig.run(0.1)
    assert rig.phase() is P.CLOSED
    rig.reading = {}
    assert rig.run(1.0).phase() is P.CLOSED
    rig.reading = {"load_voltage": False, "mirror_closed": True}
    rig.run(0.12)
    assert not rig.outputs.enable
    assert rig.run(0.05).faults() == (FaultCode.NOT_CLOSING,)
    assert rig.causes() == (Cause.DROPPED,)


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("every", [15, 140])
def test_a_weld_is_red_though_single_readings_are_lost(every: int) -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    for number in range(400):
        rig.inputs = {"reading": None} if number % every == every - 1 else {}
        rig.tick()
    assert FaultCode.RED in rig.faults()


@pytest.mark.req("ERR-RED")
def test_a_weld_at_the_start_is_red_though_single_readings_are_lost() -> None:
    rig = Rig()
    rig.reading = {"mirror_closed": False, "load_voltage": True}
    for number in range(400):
        rig.inputs = {"reading": None} if number % 90 == 89 else {}
        rig.tick()
    assert FaultCode.RED in rig.faults()


@pytest.mark.req("ERR-RED", "ERR-8007")
def test_a_weld_that_opens_at_last_is_published_once() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    rig.run(1.0)
    assert rig.faults() == (FaultCode.RED,)
    rig.is_welded = False
    rig.run(1.0)
    assert rig.faults() == (FaultCode.RED,)
    assert [latch.code for latch in rig.disk] == [FaultCode.RED]


def test_what_an_open_contactor_owed_before_the_next_opening_does_not() -> None:
    rig = ready()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.reading = {"mirror_closed": False}
    rig.run(0.18)
    assert rig.phase() is P.READY
    rig.reading = {}
    rig.until_phase(P.CLOSING, 0.05)
    rig.inputs = {"since_s": 0.6}  # it pulls in meanwhile, and drops within 30 ms
    rig.reading = {"mirror_closed": False, "load_voltage": True}
    assert rig.tick().phase() is P.START
    rig.inputs = {}
    rig.run(0.03)
    rig.reading = {}
    rig.until_phase(P.SELF_TEST)
    assert rig.faults() == ()


@pytest.mark.req("ERR-RED")
def test_each_opening_has_the_whole_time_for_its_proof_and_no_more() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    rig.until_phase(P.OPENING)
    rig.run(0.16)
    rig.is_welded = False  # it opens at last, 20 ms later
    rig.run(0.1)
    assert rig.faults() == ()
    rig.vehicle = "C"
    rig.until_phase(P.CLOSED)
    rig.is_welded = True
    rig.vehicle = "B"
    rig.until_phase(P.OPENING)
    rig.run(0.18)
    assert rig.faults() == ()
    assert rig.run(0.04).faults() == (FaultCode.RED,)


@pytest.mark.req("ERR-RED")
def test_the_proof_of_open_is_due_after_a_fifth_of_a_second_to_the_round() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    rig.until_phase(P.OPENING)
    for _ in range(19):
        assert rig.tick().state.faults.records == ()
    assert rig.tick().state.faults.holds(FaultCode.RED)


def test_what_the_proof_of_open_took_is_not_held_against_the_rest_after() -> None:
    rig = closed()
    rig.contact_delay_s = 0.16
    rig.vehicle = "B"
    rig.until_phase(P.READY, 0.3)
    rig.reading = {"mirror_closed": False}
    rig.run(0.15)
    rig.reading = {}
    assert rig.run(0.5).faults() == ()


@pytest.mark.req("ERR-8005")
def test_a_fault_opens_with_the_next_round_whatever_its_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "fault", lambda finding: "")
    rig = closed()
    rig.reading = {"residual_dc": True}
    assert not rig.tick().outputs.enable
    assert rig.status.records[0].detail == ""

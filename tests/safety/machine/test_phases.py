"""The wired phases: found out, published, kept over restarts, dropped when mains were off."""

import math

import pytest

from msgs.fault_cause import Cause
from msgs.safety import FaultCode
from nodes.safety.reasons import Reason
from nodes.safety.wiring import ALL, NONE
from tests.safety.machine.rig import P, Rig, closed

SINGLE, LOST = (230.0, 0.0, 0.0), (230.0, 0.0, 230.0)
L1, L1_L3 = (True, False, False), (True, False, True)


def single() -> Rig:
    """A box on one phase, tested."""
    rig = Rig()
    rig.reading = {"voltages_v": SINGLE}
    rig.vehicle = "B"
    rig.until_phase(P.READY, 5.0)
    return rig


@pytest.mark.req("ERR-8002", "MET-4")
def test_a_box_on_one_phase_charges_without_8002() -> None:
    rig = single()
    assert rig.status.wired_phases == L1
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    rig.run(60.0)
    assert (rig.phase(), rig.faults()) == (P.CLOSED, ())


@pytest.mark.req("ERR-8002")
def test_a_phase_that_is_lost_in_a_charge_is_8002_and_one_that_is_back_is_judged_normally() -> None:
    rig = closed()
    assert rig.status.wired_phases == ALL
    rig.reading = {"voltages_v": LOST}
    assert rig.until(lambda: not rig.outputs.enable) == pytest.approx(1.0, abs=0.05)
    rig.run(0.1)
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.run(60.0).faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.status.wired_phases == ALL
    rig.reading = {}
    rig.until_phase(P.CLOSED, 40.0)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8002")
def test_a_phase_that_appears_later_is_wired_from_then_on() -> None:
    rig = single()
    rig.reading = {"voltages_v": LOST}
    assert rig.run(1.0).status.wired_phases == L1_L3
    rig.reading = {"voltages_v": SINGLE}
    assert rig.run(1.2).faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.disk_wired == L1_L3


@pytest.mark.req("ERR-8002")
def test_nothing_is_permitted_before_it_is_known_which_phases_are_wired() -> None:
    rig = Rig()
    rig.reading = {"voltages_v": None}
    rig.vehicle = "B"
    rig.run(4.0)
    assert (rig.phase(), rig.status.wired_phases) == (P.READY, NONE)  # the monitor is tested
    assert rig.says(Reason.PHASES_UNKNOWN)
    assert not rig.status.permitted
    rig.reading = {}
    rig.until(lambda: rig.status.permitted, 0.8)


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("volt", [math.nan, -230.0])
def test_a_phase_whose_voltage_is_not_known_is_8002_and_never_charged(volt: float) -> None:
    rig = Rig()
    rig.reading = {"voltages_v": (230.0, volt, 230.0)}
    rig.vehicle, rig.offered_a = "C", 16.0
    for _ in range(600):
        assert not rig.tick().outputs.enable
    assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("ERR-8002")
def test_8002_of_a_lost_phase_outlives_a_crash_and_any_number_of_restarts() -> None:
    rig = closed()
    assert rig.disk_wired == ALL
    rig.reading = {"voltages_v": LOST}
    rig.run(0.5)  # it dies before the second is over
    rig.offered_a, rig.vehicle = 0.0, "B"
    for _ in range(3):
        rig.restart()
        rig.run(1.5)
        assert rig.faults() == (FaultCode.MAINS_VOLTAGE,)
        assert rig.status.wired_phases == ALL
        rig.run(60.0)
        assert (rig.phase(), rig.faults()) == (P.FAULT, (FaultCode.MAINS_VOLTAGE,))


@pytest.mark.req("ERR-8002", "ERR-P")
def test_a_power_on_reset_drops_what_a_predecessor_has_kept_of_the_phases() -> None:
    rig = closed()
    rig.vehicle, rig.offered_a = "B", 0.0
    rig.run(1.0)
    rig.reading = {"voltages_v": SINGLE}  # rewired without mains
    rig.is_reset = True
    rig.restart().run(5.0)
    assert (rig.status.wired_phases, rig.disk_wired) == (L1, L1)
    assert rig.faults() == ()


@pytest.mark.req("ERR-8002")
def test_a_flag_that_is_stuck_drops_no_phase() -> None:
    rig = closed()
    rig.vehicle, rig.offered_a = "B", 0.0
    rig.run(1.0)
    rig.reading = {"voltages_v": LOST, "power_on_reset": True}
    assert rig.restart().run(5.0).faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.status.wired_phases == ALL


@pytest.mark.req("ERR-8002", "ERR-P")
def test_a_process_that_runs_through_a_power_cut_forgets_no_phase() -> None:
    rig = closed()
    rig.vehicle, rig.offered_a = "B", 0.0
    rig.cut_mains(5.0)
    assert rig.status.wired_phases == ALL
    rig.reading = {"voltages_v": LOST}
    assert rig.run(1.5).faults() == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("ERR-8002")
def test_nothing_is_closed_before_the_wired_phases_are_on_the_disk() -> None:
    rig = Rig()
    rig.run(0.06)
    rig.is_disk_full = True  # after its first write
    rig.vehicle, rig.offered_a = "C", 16.0
    for _ in range(2000):
        assert not rig.tick().outputs.enable
        assert not rig.status.permitted if rig.said else True
    assert rig.disk_wired == NONE
    assert (rig.phase(), rig.says(Reason.PHASES_UNSTORED)) == (P.READY, True)
    rig.is_disk_full = False
    rig.until_phase(P.CLOSED, 7.0)
    assert rig.disk_wired == ALL


@pytest.mark.req("ERR-8002")
def test_a_phase_that_appears_is_on_the_disk_before_the_contactor_closes_again() -> None:
    rig = single()
    rig.is_disk_full = True
    rig.reading = {"voltages_v": LOST}
    rig.run(0.2)  # it counts, and is not remembered yet
    assert not rig.status.permitted
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.run(10.0)
    assert (rig.phase(), rig.disk_wired) == (P.READY, L1)
    rig.is_disk_full = False
    rig.until_phase(P.CLOSED, 6.0)
    assert rig.disk_wired == L1_L3


@pytest.mark.req("ERR-8002")
def test_a_phase_that_is_not_on_the_disk_interrupts_no_charge() -> None:
    rig = single()
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    rig.is_disk_full = True
    rig.reading = {"voltages_v": LOST}  # and it carries current
    rig.run(30.0)
    assert (rig.phase(), rig.status.permitted, rig.disk_wired) == (P.CLOSED, True, L1)
    assert rig.status.wired_phases == L1_L3


@pytest.mark.req("ERR-8002")
def test_a_disk_that_takes_nothing_has_the_phases_written_later() -> None:
    rig = Rig()
    rig.run(0.06)
    rig.is_disk_full = True
    rig.run(1.0)
    assert (rig.status.wired_phases, rig.disk_wired) == (ALL, NONE)
    rig.is_disk_full = False
    rig.run(6.0)
    assert rig.disk_wired == ALL


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("volt", [60.0, 120.0, 230.0])
def test_one_reading_of_the_chip_leaves_a_box_on_one_phase_in_no_fault(volt: float) -> None:
    rig = single()
    rig.reading = {"voltages_v": (230.0, volt, 0.0)}
    rig.run(0.5)
    rig.reading = {"voltages_v": SINGLE}
    assert rig.run(5.0).faults() == ()
    assert (rig.status.wired_phases, rig.disk_wired) == (L1, L1)
    assert rig.restart().run(5.0).faults() == ()


@pytest.mark.req("ERR-8002")
def test_voltage_that_the_vehicle_couples_over_is_forgotten_when_the_plug_is_out() -> None:
    rig = single()
    rig.draws_a = 0.0
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    rig.reading["voltages_v"] = (230.0, 90.0, 85.0)
    assert rig.run(1.5).faults() == (FaultCode.MAINS_VOLTAGE,)
    rig.reading["voltages_v"] = SINGLE
    rig.offered_a, rig.vehicle = 0.0, "A"
    rig.run(1.0).lull(60.0)
    assert (rig.phase(), rig.faults()) == (P.IDLE, ())
    assert (rig.status.wired_phases, rig.disk_wired) == (L1, L1)
    assert rig.restart().run(5.0).faults() == ()


@pytest.mark.req("ERR-8002")
def test_a_core_that_floats_is_8002_while_it_shows_a_voltage_and_not_longer() -> None:
    rig = single()
    rig.reading = {"voltages_v": (230.0, 120.0, 0.0)}
    assert rig.run(5.0).faults() == (FaultCode.MAINS_VOLTAGE,)
    assert rig.disk_wired == L1
    rig.reading = {"voltages_v": (230.0, 40.0, 0.0)}
    rig.until(lambda: rig.faults() == (), 45.0)
    assert rig.restart().run(5.0).faults() == ()


@pytest.mark.req("ERR-8002")
def test_a_phase_that_appears_in_a_charge_is_remembered_when_the_contactor_is_open() -> None:
    rig = single()
    rig.offered_a, rig.vehicle, rig.draws_a = 16.0, "C", 0.0
    rig.until_phase(P.CLOSED)
    rig.reading = {"voltages_v": LOST}
    assert rig.run(5.0).disk_wired == L1
    rig.offered_a, rig.vehicle = 0.0, "B"
    assert rig.run(1.0).disk_wired == L1_L3
    rig.reading = {"voltages_v": SINGLE}
    assert rig.run(1.5).faults() == (FaultCode.MAINS_VOLTAGE,)


# --- a phase whose voltage is not seen, and whose current is -------------------------------------

DEAD_TAP = (230.0, 230.0, 0.0)  # of the chip, since the mains came on; the pole behind it is live


def charging(voltages_v: tuple[float, float, float]) -> Rig:
    rig = Rig()
    rig.reading = {"voltages_v": voltages_v, "currents_a": (0.0, 0.0, 0.0)}
    rig.vehicle = "B"
    rig.until_phase(P.READY, 5.0)
    rig.offered_a, rig.vehicle = 16.0, "C"
    rig.until_phase(P.CLOSED)
    return rig


@pytest.mark.req("ERR-4003")
def test_an_overcurrent_of_a_phase_that_is_not_wired_is_4003() -> None:
    rig = charging(DEAD_TAP)
    rig.reading["currents_a"] = (16.0, 16.0, 32.0)
    assert rig.until(lambda: not rig.outputs.enable) == pytest.approx(1.0, abs=0.05)
    assert FaultCode.OVERCURRENT in rig.run(0.1).faults()


@pytest.mark.req("ERR-8007")
def test_current_through_an_open_contactor_is_8007_on_a_phase_that_is_not_wired() -> None:
    rig = Rig()
    rig.reading = {"voltages_v": DEAD_TAP}
    rig.run(2.0)
    rig.reading["currents_a"] = (0.0, 0.0, 20.0)
    assert rig.run(1.2).causes() == (Cause.STRAY_CURRENT,)


@pytest.mark.req("ERR-4003")
def test_a_load_on_a_phase_that_is_not_wired_is_not_cut_off_as_none() -> None:
    rig = charging(DEAD_TAP)
    rig.reading["currents_a"] = (0.3, 0.3, 16.0)
    rig.offered_a = 0.0
    assert rig.run(0.5).phase() is P.STOPPING


@pytest.mark.req("ERR-8002")
def test_a_phase_that_carries_current_in_a_charge_is_wired() -> None:
    rig = charging(DEAD_TAP)
    rig.reading["currents_a"] = (16.0, 16.0, 1.0)
    assert rig.run(5.0).status.wired_phases == (True, True, False)
    rig.reading["currents_a"] = (16.0, 16.0, 1.1)
    rig.until(lambda: not rig.outputs.enable, 2.0)
    rig.reading["currents_a"] = (0.0, 0.0, 0.0)
    assert rig.run(0.1).faults() == (FaultCode.MAINS_VOLTAGE,)
    assert (rig.status.wired_phases, rig.disk_wired) == (ALL, ALL)
    rig.offered_a, rig.vehicle = 0.0, "B"
    assert rig.restart().run(60.0).faults() == (FaultCode.MAINS_VOLTAGE,)

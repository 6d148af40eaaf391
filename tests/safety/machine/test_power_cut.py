"""Mains lost in a charge, and back."""

import random

import pytest

from msgs.fault_cause import Cause
from nodes.safety.chip import HOLD_S
from nodes.safety.evaluation import Stale
from nodes.safety.machine import Config
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import P, Rig, closed, idle, ready


@pytest.mark.req("ERR-P", "CHG-1")
def test_a_charge_goes_on_by_itself_when_the_mains_are_back() -> None:
    rig = closed()
    rig.cut_mains(60.0)
    assert not rig.outputs.enable
    assert not rig.status.has_mains
    assert rig.says(Stale.NO_MAINS)
    rig.offered_a = 0.0
    rig.run(0.1)
    assert rig.status.has_mains
    rig.until_phase(P.SELF_TEST)
    rig.until_phase(P.READY)
    assert (rig.faults(), rig.status.retries) == ((), 0)
    rig.offered_a = 16.0
    rig.until_phase(P.CLOSED)


@pytest.mark.req("ERR-P")
def test_a_group_of_boxes_does_not_start_at_once() -> None:
    rig = closed()
    rig.config = Config(wait_s=15.0)
    rig.cut_mains(2.0)
    rig.run(14.9)
    assert rig.phase() is P.IDLE
    assert rig.says(Reason.MAINS_BACK)
    assert not rig.status.permitted
    assert rig.status.starts_in_s == 1.0  # the second that runs
    assert rig.until_phase(P.SELF_TEST) < 0.2
    assert rig.status.starts_in_s is None
    rig = ready()  # and nothing waits when no mains were lost
    assert rig.restart().until_phase(P.SELF_TEST) < 0.2


def cut_mains(rig: Rig, dice: random.Random) -> None:
    """Cut the mains and bring them back; the chip shows both late, by up to its hold."""
    low_v = {"high_v": 0.0, "low_v": 0.0, "load_voltage": False}
    contacts = {"mirror_closed": dice.choice((True, False))}  # without mains they have no supply
    shows = {"voltages_v": dice.choice(((0.0, 0.0, 0.0), (20.0, 3.0, 0.0), None))}
    lag_s, back_s = (dice.choice((0.0, dice.uniform(0.0, HOLD_S), HOLD_S)) for _ in range(2))
    # A chip that says nothing for a second longer is a fault of its own.
    cut_s = dice.choice((dice.uniform(0.0, HOLD_S), 0.9 if shows["voltages_v"] is None else 2.0))
    rig.reading = low_v | contacts
    rig.run(min(lag_s, cut_s))
    if cut_s > lag_s:
        rig.reading |= shows
        rig.run(cut_s - lag_s)
        rig.reading, rig.is_reset = shows, True
        rig.run(back_s)
    rig.reading = {}


@pytest.mark.req("ERR-P", "ERR-8", "ERR-8007")
@pytest.mark.parametrize("seed", range(60))
def test_mains_that_the_chip_shows_late_are_no_fault(seed: int) -> None:
    dice = random.Random(seed)
    rig = dice.choice((idle, ready, closed))()
    for _ in range(2):
        cut_mains(rig, dice)
        rig.run(dice.uniform(0.1, 6.0))
    assert {fault for status in rig.said for fault in status.faults} == set()


@pytest.mark.req("ERR-P")
def test_many_power_cuts_in_a_minute_of_charging_are_no_fault() -> None:
    rig = closed()
    for _ in range(4):
        rig.reading = {"high_v": 0.0, "low_v": 0.0, "load_voltage": False}
        rig.run(0.3)
        assert rig.says(Stale.UNCLEAR)
        rig.cut_mains(0.5)
        rig.reading = {}
        rig.until_phase(P.CLOSED)
    assert {fault for status in rig.said for fault in status.faults} == set()


@pytest.mark.req("ERR-8")
def test_0_v_is_a_short_once_the_chip_would_have_shown_a_loss_of_mains() -> None:
    rig = ready()
    rig.vehicle = "E"
    rig.run(HOLD_S)
    assert rig.says(Stale.UNCLEAR)
    assert (rig.faults(), rig.status.permitted) == ((), False)
    assert rig.until(lambda: bool(rig.faults())) < 0.1
    assert rig.causes() == (Cause.PILOT_SHORT,)


@pytest.mark.req("ERR-8")
def test_0_v_beside_voltage_behind_the_contactor_is_a_short_at_once() -> None:
    rig = closed()
    rig.vehicle = "E"
    rig.run(0.05)
    assert not rig.outputs.enable
    assert rig.causes() == (Cause.PILOT_SHORT,)
    rig.run(1.0)
    assert rig.phase() is P.FAULT

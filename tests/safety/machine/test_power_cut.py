"""Mains lost in a charge, and back."""

import pytest

from nodes.safety.judge import Blind
from nodes.safety.machine import Config
from nodes.safety.why import Why
from tests.safety.machine.rig import P, closed, ready


@pytest.mark.req("ERR-P", "CHG-1")
def test_a_charge_goes_on_by_itself_when_the_mains_are_back() -> None:
    rig = closed()
    rig.darken(60.0)
    assert not rig.outputs.enable
    assert not rig.status.has_mains
    assert rig.says(Blind.DARK)
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
    rig.darken(2.0)
    rig.run(14.9)
    assert rig.phase() is P.IDLE
    assert rig.says(Why.MAINS_BACK)
    assert not rig.status.permitted
    assert rig.status.starts_in_s == 1.0  # the second that runs
    assert rig.until_phase(P.SELF_TEST) < 0.2
    assert rig.status.starts_in_s is None
    rig = ready()  # and nothing waits when no mains were lost
    assert rig.restart().until_phase(P.SELF_TEST) < 0.2

"""How the box is set up: showroom, phases, earth."""

import pytest

from msgs.safety import FaultCode
from nodes.safety.judge import Installation
from nodes.safety.machine import Config
from nodes.safety.why import Why
from tests.safety.machine.rig import P, Rig


@pytest.mark.req("STA-2")
def test_in_showroom_mode_nothing_is_tested_offered_or_closed() -> None:
    rig = Rig()
    rig.config = Config(showroom=True)
    rig.run(0.5)
    rig.vehicle, rig.offered_a = "C", 16.0
    assert rig.run(60.0).phase() is P.IDLE
    assert rig.says(Why.SHOWROOM)
    assert rig.status.showroom
    assert not rig.status.permitted
    rig.reading = {"earth_ohm": 1e6}  # faults are seen all the same
    assert rig.run(0.2).faults() == (FaultCode.RED,)


@pytest.mark.req("MET-4")
def test_a_box_on_one_phase_charges_and_one_on_three_does_not() -> None:
    for phases in (1, 3):
        rig = Rig()
        rig.config = Config(installation=Installation(phases=phases))
        rig.reading = {"voltages_v": (230.0, 0.0, 0.0)}
        rig.vehicle = "B"
        rig.run(5.0)
        assert rig.status.permitted is (phases == 1)


@pytest.mark.req("ERR-RED")
def test_in_an_it_grid_the_earth_loop_is_not_judged() -> None:
    rig = Rig()
    rig.config = Config(installation=Installation(earth_loop=False))
    rig.reading = {"earth_ohm": 1e6}
    assert rig.run(1.0).faults() == ()

"""How the box is set up: showroom, earth."""

import pytest

from msgs.safety import FaultCode
from nodes.safety.machine import Config
from nodes.safety.reasons import Reason
from tests.safety.machine.rig import P, Rig


@pytest.mark.req("STA-2")
def test_in_showroom_mode_nothing_is_tested_offered_or_closed() -> None:
    rig = Rig()
    rig.config = Config(showroom=True)
    rig.run(0.5)
    rig.vehicle, rig.offered_a = "C", 16.0
    assert rig.run(60.0).phase() is P.IDLE
    assert rig.says(Reason.SHOWROOM)
    assert rig.status.showroom
    assert not rig.status.permitted
    rig.reading = {"earth_ohm": 1e6}  # faults are seen all the same
    assert rig.run(2.2).faults() == (FaultCode.RED,)


@pytest.mark.req("ERR-RED")
def test_in_an_it_grid_the_earth_loop_is_not_judged() -> None:
    rig = Rig()
    rig.config = Config(earth_loop=False)
    rig.reading = {"earth_ohm": 1e6}
    assert rig.run(1.0).faults() == ()

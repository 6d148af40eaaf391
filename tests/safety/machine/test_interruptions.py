"""Short disturbances: the contactor opens at once, and the charge comes back by itself (ERR-R)."""

from typing import Any

import pytest

from msgs.safety import FaultCode
from nodes.safety.finding import Cause
from tests.safety.machine.rig import P, Rig, idle


def disturb(rig: Rig, seconds: float, **changes: Any) -> Rig:
    """Let a disturbance last for a time."""
    for name, value in changes.items():
        setattr(rig, name, value)
    return rig.run(seconds)


# --- the monitor's outputs -----------------------------------------------------------------------


@pytest.mark.req("ERR-8005", "ERR-R")
def test_an_output_that_is_disturbed_at_the_end_of_a_self_test_is_retried() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(2.1)
    disturb(rig, 0.2, reading={"residual_dc": True})
    assert rig.phase() is P.SELF_TEST
    rig.reading = {}
    rig.run(0.05)
    assert (rig.faults(), rig.causes()) == ((FaultCode.RESIDUAL_CURRENT,), (Cause.TEST_LATE,))
    rig.until_phase(P.READY, 20.0)
    assert rig.status.retries == 1


@pytest.mark.req("ERR-8005")
def test_an_output_that_stays_active_after_a_self_test_is_all_red() -> None:
    rig = idle()
    rig.vehicle = "B"
    rig.until_phase(P.SELF_TEST)
    rig.run(2.1)
    disturb(rig, 2.2, reading={"residual_dc": True})
    assert (rig.faults()[0], rig.causes()[0]) == (FaultCode.RED, Cause.TEST_STUCK)

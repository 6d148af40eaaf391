"""ERR-8007 with real processes, a real disk and `wallbox sim`."""

import os

import pytest

from msgs.safety import FaultCode, SafetyStatus
from msgs.topics import SAFETY_STATUS
from tests.system.box import NO_CARD, Box

pytestmark = pytest.mark.system

LATCHED = (FaultCode.SAFETY_CIRCUIT,)


def holds(status: SafetyStatus) -> bool:
    return status.faults == LATCHED


def is_clean(status: SafetyStatus) -> bool:
    return not status.faults and status.phase == "idle"


@pytest.mark.req("ERR-8007", "ERR-P")
def test_8007_is_kept_over_restarts_kills_and_a_new_launch_and_cleared_by_the_mains(
    own_box: Box,
) -> None:
    box = own_box
    box.launch(NO_CARD)
    box.do("sim", "fault", "mirror_dead")
    box.until(SAFETY_STATUS, holds, 5.0)
    box.look_for(0.5)  # it is on its way to the disk
    latch = box.place.state_dir / "safety-latch.json"
    assert os.stat(latch).st_mode & 0o777 == 0o600
    box.do("sim", "clear", "mirror_dead")

    box.do("restart", "safety")
    box.until(SAFETY_STATUS, lambda _: box.last(SAFETY_STATUS).incarnation > 1, 3.0)
    assert holds(box.until(SAFETY_STATUS, lambda status: status.phase == "fault", 5.0).message)

    box.kill("safety")
    box.until(SAFETY_STATUS, lambda _: box.last(SAFETY_STATUS).incarnation > 2, 5.0)
    assert holds(box.until(SAFETY_STATUS, lambda status: status.phase == "fault", 5.0).message)

    box.end()
    box.launch(NO_CARD)
    assert holds(box.until(SAFETY_STATUS, lambda status: status.phase == "fault", 5.0).message)

    box.do("sim", "power", "off")
    box.until(SAFETY_STATUS, lambda status: not status.has_mains, 3.0)
    assert holds(box.last(SAFETY_STATUS).message)
    box.do("sim", "power", "on")
    box.until(SAFETY_STATUS, is_clean, 5.0)
    box.look_for(0.5)
    box.do("restart", "safety")
    box.until(SAFETY_STATUS, lambda _: box.last(SAFETY_STATUS).incarnation > 1, 3.0)
    box.until(SAFETY_STATUS, is_clean, 5.0)

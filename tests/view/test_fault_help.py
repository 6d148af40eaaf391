"""Each code can be read about, with its causes and remedies, also those that the box raises."""

from pathlib import Path

import pytest

from msgs import status_led
from msgs.fault_cause import Cause
from msgs.plant import SimFault
from msgs.remedies import remedy_of
from msgs.safety import FaultCode
from tests.box import Box
from view.fault_help import CAUSE_NAMES, CAUSES, fault_help

pytestmark = pytest.mark.req("ERR-T")

SEEN_S = 12.0  # a fault is raised within it


def test_each_code_has_its_causes_and_each_cause_its_code() -> None:
    assert set(CAUSES) == set(FaultCode)
    assert {cause for causes in CAUSES.values() for cause in causes} == set(Cause)
    assert set(CAUSE_NAMES) == set(Cause)


def test_each_cause_is_shown_with_the_remedy_of_a_fault_that_is_raised() -> None:
    for shown in fault_help():
        for cause in CAUSES[shown.code]:
            remedy = remedy_of(shown.code, cause)
            (group,) = [each for each in shown.causes if CAUSE_NAMES[cause] in each.names]
            assert group.remedy is remedy
        names = [name for group in shown.causes for name in group.names]
        assert len(names) == len(CAUSES[shown.code])
        assert shown.after.endswith(".")


def test_the_pattern_is_the_one_that_the_front_shows() -> None:
    shown = {each.code: each for each in fault_help()}
    assert shown[FaultCode.RED].segments == status_led.ALL_RED
    assert shown[FaultCode.RED].title == "All red"
    assert shown[FaultCode.RESIDUAL_CURRENT].pattern == "blue, red, blue, red; blinks"
    assert shown[FaultCode.RESIDUAL_CURRENT].title == "Fault 8005"


@pytest.mark.parametrize("fault", list(SimFault))
def test_every_fault_that_the_box_raises_can_be_read_about(tmp_path: Path, fault: SimFault) -> None:
    box = Box(tmp_path)
    box.act("plug")
    box.act("ready")
    box.is_soon(lambda: box.is_drawing, 20.0)
    box.act("fault", {"name": fault})
    seen: set[tuple[str, str]] = set()

    def note() -> bool:
        for record in box.said("safety/status")["records"]:
            seen.add((record["code"], record["cause"]))
        return False

    box.is_soon(note, SEEN_S)
    for code, cause in seen:
        assert Cause(cause) in CAUSES[FaultCode(code)], (code, cause)

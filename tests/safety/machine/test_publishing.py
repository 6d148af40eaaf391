"""What is said, when, and the edges of the watchdog."""

from collections.abc import Callable

import pytest

from msgs.safety import FaultCode
from tests.safety.machine.rig import P, Rig, closed, idle, ready


@pytest.mark.parametrize("make", [idle, ready, closed])
def test_what_does_not_move_is_left_out_and_feeds_the_watchdog(make: Callable[[], Rig]) -> None:
    rig = make()
    rig.draws_a = 0.5  # a higher current would never be the same again
    rig.run(0.1)
    said, fed, left_out = len(rig.said), len(rig.fed), rig.left_out
    rig.run(10.0)
    assert len(rig.said) == said
    assert len(rig.fed) - fed == 1000
    assert rig.left_out - left_out >= 999


def test_a_change_is_published_in_its_round() -> None:
    rig = idle()
    rig.vehicle = "B"
    before = rig.phase()
    rig.until(lambda: rig.phase() is not before, 1.0)
    assert rig.outputs.status is not None
    assert rig.outputs.status.phase is rig.phase()


def test_no_edge_is_given_while_the_contactor_is_not_proven_open() -> None:
    rig = closed()
    rig.is_welded = True
    rig.vehicle = "B"
    rig.until_phase(P.OPENING)
    fed = len(rig.fed)
    rig.run(5.0)
    assert len(rig.fed) == fed


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize(("stale_s", "is_fault"), [(0.1, True), (0.4, True), (0.7, False)])
def test_a_plug_that_was_pulled_while_inputs_were_stale_is_fault_1_too(
    stale_s: float, is_fault: bool
) -> None:
    rig = closed()
    rig.inputs = {"reading": None}
    rig.run(stale_s)
    rig.inputs, rig.vehicle = {}, "A"
    assert rig.run(0.1).faults() == ((FaultCode.UNPLUGGED,) if is_fault else ())


def test_limits_stay_published_while_inputs_are_stale() -> None:
    rig = Rig()
    rig.reading = {"dip1": 0b010, "board_c": 71.0}
    rig.run(0.5)
    rig.inputs = {"reading": None}
    rig.run(0.2)
    assert rig.phase() is P.START
    assert (rig.status.installation_limit_a, rig.status.limit_a) == (16.0, 15.0)


def test_limits_are_published_once_the_dip_switches_are_known() -> None:
    rig = Rig()
    rig.reading = {"dip1": 0b010, "board_c": 71.0}
    rig.run(0.2)
    assert (rig.status.installation_limit_a, rig.status.limit_a) == (16.0, 15.0)
    assert rig.status.temperature_c == 71.0

"""What is said, when, and when the watchdog is fed."""

from collections.abc import Callable

import pytest

from msgs.safety import FaultCode
from tests.safety.machine.rig import P, Rig, closed, idle, ready


@pytest.mark.parametrize("make", [idle, ready, closed])
def test_status_is_said_every_100_ms_and_each_round_feeds_the_watchdog(
    make: Callable[[], Rig],
) -> None:
    rig = make()
    said, edges = len(rig.said), len(rig.edges)
    rig.run(10.0)
    assert len(rig.said) - said == 100
    assert len(rig.edges) - edges == 1000


def test_a_change_is_said_with_its_round() -> None:
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
    edges = len(rig.edges)
    rig.run(5.0)
    assert len(rig.edges) == edges


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize(("blind_s", "is_fault"), [(0.1, True), (0.4, True), (0.7, False)])
def test_a_plug_that_was_pulled_out_of_sight_is_fault_1_too(blind_s: float, is_fault: bool) -> None:
    rig = closed()
    rig.inputs = {"reading": None}
    rig.run(blind_s)
    rig.inputs, rig.vehicle = {}, "A"
    assert rig.run(0.1).faults() == ((FaultCode.UNPLUGGED,) if is_fault else ())


def test_limits_outlive_a_loss_of_sight() -> None:
    rig = Rig()
    rig.reading = {"dip1": 0b010, "board_c": 71.0}
    rig.run(0.5)
    rig.inputs = {"reading": None}
    rig.run(0.2)
    assert rig.phase() is P.START
    assert (rig.status.installation_limit_a, rig.status.limit_a) == (16.0, 15.0)


def test_limits_are_told_once_the_dip_switches_are_known() -> None:
    rig = Rig()
    rig.reading = {"dip1": 0b010, "board_c": 71.0}
    rig.run(0.2)
    assert (rig.status.installation_limit_a, rig.status.limit_a) == (16.0, 15.0)
    assert rig.status.temperature_c == 71.0


def test_a_quiet_box_costs_no_new_state_but_for_words() -> None:
    rig = idle()
    states = {id(rig.state): rig.state}
    for _ in range(100):
        states[id(rig.tick().state)] = rig.state
    assert len(states) <= 16  # of 10 words, and 5 words of the meter

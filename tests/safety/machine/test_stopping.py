"""A node that is asked to stop: in order, or at once."""

from collections.abc import Callable

import pytest

from msgs.requests import StopReason
from msgs.safety import Contactor, FaultCode
from tests.safety.machine.rig import P, Rig, closed, idle, ready


@pytest.mark.req("BUS-3")
@pytest.mark.parametrize("reason", [StopReason.RESTART, StopReason.SHUTDOWN])
def test_an_orderly_stop_asks_the_vehicle_opens_proves_and_is_done(reason: StopReason) -> None:
    rig = closed()
    rig.inputs = {"stop": reason}
    rig.run(2.0)
    assert rig.phase() is P.STOPPING
    assert not rig.outputs.is_finished
    rig.draws_a = 0.0
    rig.tick()
    assert not rig.outputs.enable
    assert not rig.outputs.is_finished
    rig.until(lambda: rig.outputs.is_finished, 0.1)
    assert not rig.is_closed
    assert rig.status.contactor is Contactor.OPEN


def test_an_orderly_stop_of_a_vehicle_that_does_not_obey_takes_six_seconds() -> None:
    rig = closed()
    rig.inputs = {"stop": StopReason.RESTART}
    assert rig.until(lambda: rig.outputs.is_finished, 7.0) == pytest.approx(6.04, abs=0.05)
    assert not rig.is_closed


@pytest.mark.parametrize("is_welded", [False, True])
def test_sigterm_opens_at_once_and_is_done_within_200_ms(is_welded: bool) -> None:
    rig = closed()
    rig.is_welded = is_welded
    rig.inputs = {"stop": StopReason.SIGNAL}
    rig.tick()
    assert not rig.outputs.enable
    assert rig.until(lambda: rig.outputs.is_finished, 1.0) < 0.18


def test_sigterm_hastens_an_orderly_stop() -> None:
    rig = closed()
    rig.inputs = {"stop": StopReason.RESTART}
    rig.run(1.0)
    rig.inputs = {"stop": StopReason.SIGNAL}
    rig.tick()
    assert not rig.outputs.enable
    assert rig.until(lambda: rig.outputs.is_finished, 1.0) < 0.1


def test_an_orderly_stop_over_a_weld_latches_it_before_it_is_done() -> None:
    rig = closed()
    rig.is_welded = True
    rig.inputs = {"stop": StopReason.RESTART}
    rig.draws_a = 0.0
    assert rig.until(lambda: rig.outputs.is_finished, 1.0) == pytest.approx(0.22, abs=0.03)
    assert rig.faults() == (FaultCode.RED,)


@pytest.mark.parametrize("make", [idle, ready])
@pytest.mark.parametrize("reason", list(StopReason))
def test_a_stop_with_an_open_contactor_is_done_at_once(
    make: Callable[[], Rig], reason: StopReason
) -> None:
    rig = make()
    rig.inputs = {"stop": reason}
    assert rig.tick().outputs.is_finished


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_stop_with_stale_inputs_does_not_wait_for_ever(reason: StopReason) -> None:
    rig = closed()
    rig.inputs = {"reading": None, "stop": reason}
    assert rig.until(lambda: rig.outputs.is_finished, 1.0) < 0.18
    assert not rig.outputs.enable

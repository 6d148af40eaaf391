"""`wallbox sim`: an act returns when it is over, or says why it is not known."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from bus import Answer, Status
from cli.main import main
from msgs.method import Method
from msgs.methods import SERVICE, UNPLUG, WORLD
from msgs.plant import VehicleState
from nodes.plant.mains import Mains
from nodes.plant.model import new_world
from nodes.plant.readings import status_of
from nodes.plant.vehicle import Charger
from nodes.plant.world import Setup


class World:
    """A tool whose simulated world answers the act, and then as given."""

    def __init__(self, act: Method[Any, Any], *answers: Answer[Any]) -> None:
        self._act = act
        self.answers = list(answers)

    def call(self, method: Method[Any, Any], arguments: Any, _: float | None = None) -> Answer[Any]:
        if method is WORLD:
            return self.answers.pop(0)
        assert method is self._act
        return Answer(status=Status.OK, result=None)

    def run_for(self, _: float) -> None:
        """Let no time pass."""


def with_vehicle(state: VehicleState) -> Answer[Any]:
    """Return the answer of a world whose vehicle is in a state."""
    world = status_of(new_world(Setup(charger=Charger()), 0.0, Mains()), None, {})
    return Answer(status=Status.OK, result=replace(world, vehicle=state))


def run(patch: pytest.MonkeyPatch, world: World, *words: str) -> tuple[int, str]:
    """Run a verb; return its exit code and what it prints."""

    @contextmanager
    def tool(_: object) -> Iterator[World]:
        yield world

    patch.setattr("cli.sim.running_tool", tool)
    result = CliRunner().invoke(main, ["sim", *words])
    return result.exit_code, result.output


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.NOT_READY, Status.ERROR])
def test_an_act_that_restarts_the_world_is_over(
    monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    """The service key restarts all: a question that is on its way then is not answered."""
    world = World(SERVICE, Answer(status=status, reason="plant did not answer status within 5 s"))
    assert run(monkeypatch, world, "service", "6.6") == (0, "")


def test_unplug_returns_when_the_plug_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever follows: the next vehicle may be there before the next look."""
    for last in (VehicleState.AWAY, VehicleState.PLUGGED):
        stopping = with_vehicle(VehicleState.STOPPING)
        world = World(UNPLUG, stopping, stopping, with_vehicle(last), with_vehicle(last))
        assert run(monkeypatch, world, "unplug") == (0, "")
        assert len(world.answers) == 1


def test_unplug_fails_if_nobody_says_that_the_plug_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    silent: Answer[Any] = Answer(status=Status.TIMEOUT, reason="plant did not answer")
    world = World(UNPLUG, with_vehicle(VehicleState.STOPPING), silent)
    code, output = run(monkeypatch, world, "unplug")
    assert code == 1
    assert "plant did not answer" in output

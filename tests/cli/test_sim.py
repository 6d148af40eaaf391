"""`wallbox sim`: an act returns when it is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from bus import Answer, Status
from cli.main import main
from msgs.methods import SERVICE, WORLD, Method


class World:
    """A tool whose simulated world answers the act, and then as given."""

    def __init__(self, *answers: Answer[Any]) -> None:
        self._answers = list(answers)

    def call(self, method: Method[Any, Any], arguments: Any, _: float | None = None) -> Answer[Any]:
        if method is WORLD:
            return self._answers.pop(0)
        assert method is SERVICE
        return Answer(status=Status.OK, result=None)

    def run_for(self, _: float) -> None:
        """Let no time pass."""


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.NOT_READY, Status.ERROR])
def test_an_act_that_restarts_the_world_is_over(
    monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    """The service key restarts all: a question that is on its way then is not answered."""

    @contextmanager
    def tool(_: object) -> Iterator[World]:
        yield World(Answer(status=status, reason="plant did not answer status within 5 s"))

    monkeypatch.setattr("cli.sim.running_tool", tool)
    result = CliRunner().invoke(main, ["sim", "service", "6.6"])
    assert (result.exit_code, result.output) == (0, "")

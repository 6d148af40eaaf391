"""A system node on the bus in memory and, in the others' place, the messages that a test sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bus import Answer, Bus, Call, Status, Subscription
from bus.generations import decoder, read_newest_valid
from bus.memory import MemoryGraph
from msgs.led import Color, Effect, Light
from msgs.methods import METHODS, RESTART_GRAPH
from msgs.requests import ReasonArguments
from msgs.session import WallboxState
from msgs.settings import Settings
from msgs.topics import LED_FRAME, SAFETY_STATUS, SESSION_STATUS, SETTINGS
from nodes.system.box_clock_sim import SimBoxClock
from nodes.system.node import Drivers, Parameters, SystemNode, build
from tests.builders import led_frame, safety_status, session_status

BLUE = Light(color=Color.BLUE, effect=Effect.STEADY)


def build_system(bus: Bus, parameters: Parameters) -> SystemNode:
    """Build the node with the clock of its graph."""
    return build(bus, parameters, Drivers(box_clock=SimBoxClock(bus)))


class Box:
    """Its node, what is said on `settings`, and launch, session and led as the test has them."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.graph = MemoryGraph(seed=1, state_dir=state_dir)
        self.plugged = False
        self.mode: Light = BLUE
        self.given: dict[str, Any] = {}
        self.wired_phases: tuple[bool, bool, bool] = (False, False, False)
        self.restarts: list[str] = []
        self.said: list[Settings] = []
        self.peers = {
            name: self.graph.bus(name) for name in ("safety", "session", "led", "web", "pilot")
        }
        self.peers["session"].every(1.0, self.say)
        self.settings: Subscription[Settings] = self.peers["web"].subscribe(
            SETTINGS, self.said.append
        )
        self.say()

    # --- the others ----------------------------------------------------------------------------

    def start_launch(
        self, answer_restart: Callable[[Call[ReasonArguments, None]], None] | None = None
    ) -> None:
        def on_restart(call: Call[ReasonArguments, None]) -> None:
            self.restarts.append(call.arguments.reason)
            call.ok(None)

        launch = self.graph.bus("launch")
        launch.serve(RESTART_GRAPH, answer_restart or on_restart)
        self.peers["launch"] = launch

    def say(self) -> None:
        """Say the messages now; session and led do so each second as well."""
        self.peers["safety"].publish(SAFETY_STATUS, safety_status(wired_phases=self.wired_phases))
        if "session" in self.graph.running:
            status = session_status(
                state=WallboxState.READY_FOR_CHARGING if self.plugged else WallboxState.IDLE,
                plugged=self.plugged,
            )
            self.peers["session"].publish(SESSION_STATUS, status)
        if "led" in self.graph.running:
            frame = led_frame(mode=self.mode)
            self.peers["led"].publish(LED_FRAME, frame)

    # --- the node ------------------------------------------------------------------------------

    def start(self, factory: dict[str, Any] | None = None) -> None:
        parameters = Parameters(factory=factory or {}, settings=self.given)
        build_system(self.graph.bus("system"), parameters)
        self.say()
        self.graph.advance(0.1)

    def restart(self, factory: dict[str, Any] | None = None) -> None:
        """Kill it and start it again."""
        if "system" in self.graph.running:
            self.graph.kill("system")
        self.start(factory)

    def ask(
        self, method: str, arguments: dict[str, Any] | None = None, caller: str = "web"
    ) -> Answer[Any]:
        answers: list[Answer[Any]] = []
        self.peers[caller].request(METHODS["system", method], arguments or {}, answers.append)
        self.graph.run_until(self.graph.clock.now_s() + 10.0, lambda: bool(answers))
        (answer,) = answers
        return answer

    def set(self, changes: dict[str, Any]) -> Settings:
        """Change settings; the change must be made, published and answered."""
        answer = self.ask("set", {"changes": changes})
        assert answer.status is Status.OK, answer.reason
        settings = answer.result
        assert isinstance(settings, Settings)
        assert self.now() == settings
        return settings

    def refused(self, changes: dict[str, Any]) -> str:
        """Ask for a change that must be refused and leave all as it is; return why."""
        return self._refusal(changes).reason

    def wrong_keys(self, changes: dict[str, Any]) -> frozenset[str]:
        """Ask for a change that must be refused and leave all as it is; return the wrong keys."""
        answer = self._refusal(changes)
        assert all(f"{key}: {words}" in answer.reason for key, words in answer.problems.items())
        return frozenset(answer.problems)

    def _refusal(self, changes: dict[str, Any]) -> Answer[Any]:
        before = (self.now(), self.stored(), len(self.said))
        answer = self.ask("set", {"changes": changes})
        assert answer.status is Status.REFUSED, answer
        assert (self.now(), self.stored(), len(self.said)) == before
        return answer

    def now(self) -> Settings:
        message = self.settings.message
        assert message is not None
        return message

    def stored(self) -> dict[str, Any]:
        found = read_newest_valid(self.state_dir / "settings.json", decoder(dict[str, Any]))
        assert found.value is not None
        return found.value

    def lines(self) -> list[str]:
        """Return what the node has logged as a warning or worse."""
        return [
            line.text
            for line in self.graph.lines
            if line.node == "system" and line.level in ("info", "warning", "error")
        ]


@pytest.fixture
def new_box(tmp_path: Path) -> Box:
    """Give a box whose system has not started yet."""
    box = Box(tmp_path)
    box.start_launch()
    return box


@pytest.fixture
def box(new_box: Box) -> Box:
    """Give a box that has just been started for the first time."""
    new_box.start()
    return new_box

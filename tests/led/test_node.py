"""The led node on the bus in memory."""

from pathlib import Path

import pytest

from bus import DriverError
from bus.memory import MemoryGraph
from msgs.led import LedFrame
from msgs.requests import StopReason
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.session import SessionStatus, WallboxState
from msgs.topics import LED_FRAME, SAFETY_STATUS, SESSION_STATUS, SIM_LIGHTS
from nodes.led.node import Parameters, build


class Box:
    """A graph with the led node and, in the others' place, the facts that a test sets."""

    def __init__(self, state_dir: Path) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=state_dir)
        self.state = WallboxState.IDLE
        self.session = self.graph.bus("session")
        self.safety = self.graph.bus("safety")
        self.session.every(1.0, self.say)
        self.safety.every(0.1, self._say_safety)
        self.graph.bus("system")
        self.plant = self.graph.bus("plant")
        self.lights = self.plant.subscribe(SIM_LIGHTS, self._draw)
        self.frame = self.plant.subscribe(LED_FRAME)
        self.drawn: list[LedFrame] = []
        self.start()

    def start(self) -> None:
        self.led = self.graph.bus("led")
        build(self.led, Parameters(), {"device": "sim"})

    def _draw(self, frame: LedFrame) -> None:
        self.drawn.append(frame)

    def say(self) -> None:
        self.session.publish(
            SESSION_STATUS,
            SessionStatus(
                state=self.state,
                plugged=True,
                authorized=True,
                session_id="1",
                energy_wh=0.0,
                reason="",
            ),
        )

    def _say_safety(self) -> None:
        self.safety.publish(
            SAFETY_STATUS,
            SafetyStatus(
                contactor=Contactor.OPEN,
                permitted=True,
                faults=(),
                retries=0,
                temperature_c=25.0,
                installation_limit_a=32.0,
                limit_a=32.0,
                phase=SafetyPhase.IDLE,
            ),
        )

    def caption(self) -> str:
        assert self.drawn
        return self.drawn[-1].caption


def test_the_front_follows_the_session_at_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(3.1)
    assert box.caption() == "plugged in"
    box.state = WallboxState.CHARGING
    box.say()
    box.graph.advance(0.001)
    assert box.caption() == "charging"
    assert box.frame.message == box.drawn[-1]


def test_an_idle_front_is_left_alone_and_still_heard(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(3.0)
    before = len(box.drawn)
    box.graph.advance(600.0)
    assert len(box.drawn) == before
    assert box.frame.fresh() is not None


@pytest.mark.parametrize(("silent", "hold_s"), [("session", 3.0), ("safety", 1.0)])
def test_a_silent_node_ends_what_it_said_after_its_hold(
    tmp_path: Path, silent: str, hold_s: float
) -> None:
    box = Box(tmp_path)
    box.state = WallboxState.CHARGING
    box.graph.advance(3.0)
    assert box.caption() == "charging"
    box.graph.kill(silent)
    box.graph.advance(hold_s - 1.0)
    assert box.caption() == "charging"
    box.graph.advance(1.3)
    assert box.caption() == "starting"


def test_a_restart_in_place_does_not_flicker(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.state = WallboxState.CHARGING
    box.graph.advance(3.0)
    box.drawn.clear()
    box.led.stop(StopReason.RESTART)
    box.graph.advance(0.1)
    assert "led" not in box.graph.running
    box.start()
    box.graph.advance(3.0)
    assert {frame.caption for frame in box.drawn} == {"charging"}


def test_a_shutdown_leaves_the_front_dark(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.graph.advance(3.0)
    box.led.stop(StopReason.SHUTDOWN)
    box.graph.advance(0.1)
    assert "led" not in box.graph.running
    assert {light.effect for light in box.drawn[-1].segments} == {"off"}


def test_a_front_that_cannot_be_opened_stops_the_node(tmp_path: Path) -> None:
    bus = MemoryGraph(seed=1, state_dir=tmp_path).bus("led")
    with pytest.raises(DriverError):
        build(bus, Parameters(), {})

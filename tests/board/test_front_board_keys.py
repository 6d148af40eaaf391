"""The keys of the board with the node led: from a level at a pin to a restart of the box."""

from pathlib import Path

import pytest

from bus import Call
from bus.memory import MemoryGraph
from msgs.methods import RESTART_BOX
from msgs.requests import ReasonArguments
from nodes.led.node import Drivers, Parameters, build
from tests.board.board_front import BoardWithFront, open_front

BOUNCE_S = 0.03


class Box:
    """led on the board's front; system counts the restarts that it is asked for."""

    def __init__(self, state_dir: Path, patch: pytest.MonkeyPatch) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=state_dir)
        self.restarts: list[float] = []
        self.graph.bus("system").serve(RESTART_BOX, self._restart)
        self._bus = self.graph.bus("led")
        self.board = BoardWithFront(self._bus)
        self._front = open_front(self._bus, self.board, patch)

    def begin(self) -> None:
        build(self._bus, Parameters(), Drivers(front=self._front))
        self.graph.advance(2.0)

    def move(self, is_pressed: bool, bounce_s: float = 0.0) -> None:
        self.board.service = is_pressed
        self.board.bounces_until_s = self.graph.clock.now_s() + bounce_s

    def press(self, seconds: float, bounce_s: float = 0.0) -> None:
        self.move(True, bounce_s)
        self.graph.advance(seconds)
        self.move(False, bounce_s)
        self.graph.advance(1.0)

    def _restart(self, call: Call[ReasonArguments, None]) -> None:
        self.restarts.append(self.board.after_s())
        call.ok(None)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    return Box(tmp_path / "state", monkeypatch)


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("offset_s", [0.0, 0.013, 0.037, 0.049])  # to the polls of the keys
@pytest.mark.parametrize("bounce_s", [0.0, BOUNCE_S])
@pytest.mark.parametrize(("seconds", "restarts"), [(0.03, 0), (1.9, 0), (2.3, 1), (5.5, 1)])
def test_the_service_key_restarts_the_box_after_the_first_tone(
    box: Box, offset_s: float, bounce_s: float, seconds: float, restarts: int
) -> None:
    box.begin()
    box.graph.advance(offset_s)
    pressed_s = box.board.after_s()
    box.press(seconds, bounce_s)
    assert len(box.restarts) == restarts
    services = [at_s - pressed_s for at_s, hz in box.board.sounded if hz == 2000]
    assert len(services) == restarts
    assert all(2.0 <= after_s <= 2.2 for after_s in services)


def test_a_key_that_is_stuck_at_the_start_does_nothing(box: Box) -> None:
    box.move(True)
    box.begin()
    box.graph.advance(20.0)
    box.press(0.1)
    assert (box.restarts, box.board.sounded) == ([], [])
    box.press(2.5)
    assert len(box.restarts) == 1


@pytest.mark.parametrize(("stuck_s", "restarts"), [(0.0, 1), (0.3, 0)])
def test_a_press_counts_only_if_the_keys_could_be_read_throughout(
    box: Box, stuck_s: float, restarts: int
) -> None:
    box.begin()
    box.move(True)
    box.graph.advance(1.0)
    box.board.register_answers = [0xFF, 0x00]  # two disturbed reads alone change nothing
    box.graph.advance(0.1)
    box.board.stuck = 0xFF
    box.graph.advance(stuck_s)
    box.board.stuck = None
    box.press(1.5)
    assert len(box.restarts) == restarts

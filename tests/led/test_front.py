"""The front is opened by its kind, and left as the stop asks."""

from pathlib import Path

import pytest

from bus import DriverError
from bus.memory import MemoryGraph
from msgs.led import Color
from msgs.topics import SIM_LIGHTS
from nodes.led.facts import Facts
from nodes.led.front import open_front
from nodes.led.machine import frame_of


def test_an_unknown_front_is_refused_in_words(tmp_path: Path) -> None:
    bus = MemoryGraph(seed=1, state_dir=tmp_path).bus("led")
    for kind in ("lamp", ""):
        with pytest.raises(DriverError, match=f"'{kind}'; expected 'sim'"):
            open_front(kind, bus)


def test_the_simulated_front_keeps_what_it_was_shown_and_goes_dark_on_shutdown(
    tmp_path: Path,
) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    front = open_front("sim", graph.bus("led"))
    lights = graph.bus("plant").subscribe(SIM_LIGHTS)
    frame = frame_of(Facts(session=None, safety=None, offer=None))
    front.show(frame)
    front.handover()
    graph.advance(1.0)
    assert lights.message == frame
    front.shutdown()
    graph.advance(1.0)
    assert lights.message is not None
    assert {light.color for light in lights.message.segments} == {Color.OFF}

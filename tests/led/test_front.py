"""The simulated front keeps what it shows, and is left as the stop asks."""

from pathlib import Path

from bus.memory import MemoryGraph
from msgs.led import Color
from msgs.topics import SIM_LIGHTS
from nodes.led.front_sim import SimFront
from nodes.led.machine import frame_of
from nodes.led.messages import Messages


def test_the_simulated_front_keeps_what_it_was_shown_and_is_off_after_shutdown(
    tmp_path: Path,
) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    front = SimFront(graph.bus("led"))
    lights = graph.bus("plant").subscribe(SIM_LIGHTS)
    frame = frame_of(Messages(session=None, safety=None, offer=None))
    front.show(frame)
    front.handover()
    graph.advance(1.0)
    assert lights.message == frame
    front.shutdown()
    graph.advance(1.0)
    assert lights.message is not None
    assert {light.color for light in lights.message.segments} == {Color.OFF}

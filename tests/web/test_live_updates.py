"""When the values of the page are sent to its streams: an idle page, under virtual time."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.memory import MemoryGraph
from msgs.topics import LED_FRAME
from nodes.web.live_updates import REPEAT_S, ROUND_S, LiveUpdates
from tests.builders import led_frame
from tests.web.conftest import LABEL

SETTLED_S = 60.0  # longer than any hold: what was never heard is silent, and stays so


def test_an_idle_page_repeats_itself_each_second_and_is_never_behind(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus = graph.bus("web")
    said: list[tuple[float, dict[str, Any]]] = []  # when [s], and the values

    def say(values: bytes) -> None:
        said.append((bus.clock.now_s(), msgspec.json.decode(values)))

    LiveUpdates(bus, LABEL, False, say).watch(True)
    graph.advance(SETTLED_S)
    said.clear()
    graph.advance(10.0)
    times = [at_s for at_s, _ in said]
    assert len(said) == 10
    periods = [later - earlier for earlier, later in pairwise(times)]
    assert periods == pytest.approx([REPEAT_S] * 9, abs=0.01)
    assert [values["clock_s"] for _, values in said] == pytest.approx(times, abs=0.01)


def test_a_change_is_sent_at_once_and_begins_the_second_of_the_repeats(tmp_path: Path) -> None:
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus, led = graph.bus("web"), graph.bus("led")
    times: list[float] = []
    LiveUpdates(bus, LABEL, False, lambda _: times.append(bus.clock.now_s())).watch(True)
    graph.advance(SETTLED_S)
    graph.advance(times[-1] + REPEAT_S / 2 - bus.clock.now_s())
    times.clear()
    changed_s = bus.clock.now_s()
    led.publish(LED_FRAME, led_frame())
    graph.advance(REPEAT_S + ROUND_S)
    assert times[0] == pytest.approx(changed_s, abs=0.01)
    assert times[1] - times[0] == pytest.approx(REPEAT_S, abs=ROUND_S)

"""What the board's circuits, drivers and filters take together, under virtual time.

hardware.md 1.2: a change of the CP line is detected within 50 ms, and a C of 200 ms is still seen;
IEC 61851-1, Table A.6: the contacts are open 100 ms after the plug was pulled.
"""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.memory import MemoryGraph
from msgs.pilot import CpState, PilotStatus
from msgs.plant import SimSignals
from msgs.topics import PILOT_STATUS, SIM_SIGNALS
from nodes.pilot.cp_line_board import Parameters, open
from nodes.pilot.node import Drivers, build
from nodes.pilot.node import Parameters as NodeParameters
from tests.board.board_box import board_settings
from tests.box import Box
from tests.builders import sim_signals

DETECTED_S, OPEN_S = 0.05, 0.1


@pytest.mark.req("ERR-1")
def test_a_pulled_plug_is_detected_in_50_ms_and_cut_in_100_ms(tmp_path: Path) -> None:
    """At ten places between two looks."""
    box = Box(tmp_path, *board_settings())
    took: list[tuple[float, float]] = []
    for number in range(10):
        box.act("plug")
        box.act("ready")
        box.wait(lambda: box.is_drawing)
        box.advance(1.0 + 0.0011 * number)
        box.act("pull")
        pulled_s = box.now_s
        box.advance(1.0)
        took.append((box.happened("coil_off") - pulled_s, box.happened("contacts_open") - pulled_s))
    assert len({round(detected_s, 4) for detected_s, _ in took}) > 5  # the places differ
    assert max(detected_s for detected_s, _ in took) <= DETECTED_S
    assert max(open_s for _, open_s in took) <= OPEN_S


B = sim_signals(high_v=9.0, low_v=-12.0, duty_percent=53.3333)
VOLTS = {CpState.A: (12.0, -12.0), CpState.B: (9.0, -12.0), CpState.C: (6.0, -12.0)}


class Line:
    """pilot on the drivers of the board, and a world that has the CP line alone."""

    def __init__(self, path: Path) -> None:
        self._graph = MemoryGraph(1, path)
        self._plant = self._graph.bus("plant")
        self.seen: list[tuple[float, CpState]] = []
        self._graph.bus("web").subscribe(PILOT_STATUS, self._on_status)
        bus = self._graph.bus("pilot")
        self.signals: SimSignals = B
        self._plant.every(0.02, lambda: self._plant.publish(SIM_SIGNALS, self.signals))
        self._plant.publish(SIM_SIGNALS, self.signals)
        cp_line = open(bus, Parameters(io="nodes.board.io_model"))
        self._node = build(bus, NodeParameters(), Drivers(cp_line=cp_line))
        self._graph.advance(1.0)

    def _on_status(self, status: PilotStatus) -> None:
        if not self.seen or self.seen[-1][1] is not status.cp_state:
            self.seen.append((self._graph.clock.now_s(), status.cp_state))

    def change(self, **changes: float) -> float:
        """Change the line at once, as plant publishes a moved plug; return when."""
        self.signals = replace(self.signals, **changes)
        self._plant.publish(SIM_SIGNALS, self.signals)
        return self._graph.clock.now_s()

    def advance(self, seconds: float) -> None:
        self._graph.advance(seconds)


@pytest.mark.req("CHG-1")
@pytest.mark.parametrize("after_ms", [0.0, 3.3, 7.7, 11.1, 15.5, 19.9])
@pytest.mark.parametrize("state", [CpState.A, CpState.C])
def test_a_state_is_seen_in_50_ms(tmp_path: Path, state: CpState, after_ms: float) -> None:
    line = Line(tmp_path)
    line.advance(after_ms / 1000.0)
    high_v, low_v = VOLTS[state]
    began_s = line.change(high_v=high_v, low_v=low_v)
    line.advance(0.3)
    seen_s, seen = line.seen[-1]
    assert seen is state
    assert 0.0 < seen_s - began_s <= DETECTED_S


@pytest.mark.req("CHG-1")
@pytest.mark.parametrize("after_ms", [0.0, 6.6, 13.3, 19.9])
def test_a_c_of_200_ms_is_seen(tmp_path: Path, after_ms: float) -> None:
    line = Line(tmp_path)
    line.advance(after_ms / 1000.0)
    line.change(high_v=6.0)
    line.advance(0.2)
    line.change(high_v=9.0)
    line.advance(0.2)
    assert [state for _, state in line.seen[-3:]] == [CpState.B, CpState.C, CpState.B]


@pytest.mark.parametrize("spike_s", [0.001, 0.004])
def test_a_disturbance_shorter_than_a_look_is_no_state(tmp_path: Path, spike_s: float) -> None:
    line = Line(tmp_path)
    for _ in range(20):
        line.change(high_v=12.0)
        line.advance(spike_s)
        line.change(high_v=9.0)
        line.advance(0.1)
    assert [state for _, state in line.seen] == [CpState.B]

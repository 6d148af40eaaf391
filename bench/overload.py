"""How fast more load in the house lowers the duty: real processes, a real Modbus TCP meter.

A vehicle charges in a simulated house. The other loads rise by 1 A at a random time between two
polls of the house meter, again and again, until little is left of the main fuse; then they are low
until the full current is offered again. plant stamps both ends: the change of the meter's
registers, and the lower duty on the pilot line.

Two figures for each change. `beyond poll`: the whole time less the period of the polls; a change
that just missed a poll waits for the next one, so this is the worst case that a user may add to
the period. `from reading`: from the reading (its middle) that shows the change, which does not
depend on when the load was switched. The aim is for the first.

Added for a meter on RS-485: the frames of one poll at 9600 baud, computed from their lengths.

Run `python bench/overload.py --json`; it makes as many changes as fit in 5 minutes, 200 at most.
`--short` takes 1.5 minutes.
"""

# ruff: noqa: E402 - the root has to come first, for bus and launch are called like benchmarks.

import random
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.graph import NO_CARD, Graph, body, running, wait_ready
from bench.report import Aim, percentile, report
from bus.wire import Frame
from msgs.methods import HOUSE, PLUG, READY
from msgs.pilot import offer_of_duty
from msgs.plant import HouseLoad
from msgs.requests import NoArguments
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.meter_map import load_map

COUNT = 200
MOST_S = 300.0
SHORT_S = 90.0
POLL_S = 1.0
FUSE_A = 35.0
LOW_A, HIGH_A, STEP_A = 3.0, 27.0, 1.0  # other loads: they leave 31.5 A at first, 7.5 A at last
PROVEN_A = 20.0  # more is offered only once the meter has shown the vehicle's current
# A vehicle that follows has to settle: while it still draws what it was offered before, a rise of
# the house may be its own. 0.2 s for its dead time, 1 s that load_manager allows the meter to lag.
SETTLE_S = 1.5
WATCHED = ("sim/event", "meter/house", "safety/status")

# A poll over RS-485, 8N1: request of 8 bytes, answer of 5 and two for each register, 3.5 characters
# of silence before each (Modbus over serial line 1.02). The meter's own delay is not in it.
BAUD, BITS = 9600, 10
REQUEST_BYTES, ANSWER_BYTES, SILENCE_BYTES = 8, 5, 3.5
RTU_MAP = "sdm630"


class Stamps:
    """What plant and meter have published since the last change of the other loads."""

    def __init__(self, graph: Graph) -> None:
        self.offer_a = 0.0  # by the newest duty
        self.changed_ns = 0
        self.lowered_ns = 0
        self.shown_ns = 0  # the middle of the first reading that shows the change
        self.is_closed = False  # the contactor
        self._lowers_to_a = 0.0
        self._shows_a = 0.0
        graph.tool.tap(WATCHED, self._on_frame)

    def expect(self, before_a: float) -> None:
        """Begin a change: the other loads rise by a step from a current on."""
        self.changed_ns = self.lowered_ns = self.shown_ns = 0
        self._lowers_to_a = self.offer_a - STEP_A / 2.0
        self._shows_a = before_a + self.offer_a + STEP_A / 2.0

    @property
    def is_over(self) -> bool:
        """Return whether all has been seen, or the charge was interrupted."""
        return self.is_measured or not self.is_closed

    @property
    def is_measured(self) -> bool:
        """Return whether all has been seen."""
        return bool(self.changed_ns and self.lowered_ns and self.shown_ns)

    @property
    def is_full(self) -> bool:
        """Return whether a charge with more than the unproven current goes on."""
        return self.is_closed and self.offer_a > PROVEN_A

    def _on_frame(self, frame: Frame) -> None:
        message = body(frame)
        if frame.topic == "safety/status":
            self.is_closed = message["phase"] == "closed"
        elif frame.topic == "meter/house":
            total_a = message["lines"][0]["current_a"]
            if self.changed_ns and not self.shown_ns and total_a > self._shows_a - 0.3:
                self.shown_ns = message["sampled_ns"]
        elif message["what"] == "house":
            self.changed_ns = message["at_ns"]
        elif message["what"] == "duty":
            self.offer_a = offer_of_duty(float(message["detail"]))
            is_lower = self.offer_a <= self._lowers_to_a
            if self.changed_ns and not self.lowered_ns and is_lower:
                self.lowered_ns = message["at_ns"]


def load(graph: Graph, current_a: float) -> None:
    """Set the other loads on all phases."""
    graph.call(HOUSE, HouseLoad(current_a=(current_a, current_a, current_a)))


class Measured(NamedTuple):
    """The results."""

    beyond_ms: list[float]  # of each change, the time beyond the poll
    reading_ms: list[float]  # of each change, the time from the reading
    interrupted: int  # changes that do not count: the machine was too busy for safety's own cycle


def measure(seconds: float) -> Measured:
    """Change the other loads again and again."""
    beyond_ms: list[float] = []
    reading_ms: list[float] = []
    interrupted = 0
    chance = random.Random(1)
    options = (
        "--ports=4400",
        f"--set={NO_CARD}",
        f"--set=load_manager.main_fuse_a={FUSE_A:g}",
        f"--set=meter.poll_s={POLL_S:g}",
        "--set=plant.dead_time_s=0.2",
        "--set=plant.battery_kwh=1000",  # it does not fill up meanwhile
    )
    with running(*options) as graph:
        wait_ready(graph, time.monotonic())
        stamps = Stamps(graph)
        graph.call(PLUG, NoArguments())
        graph.call(READY, NoArguments())
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s and len(beyond_ms) < COUNT:
            load(graph, LOW_A)
            graph.until(lambda: stamps.is_full, 90.0, "the full current is offered")
            graph.tool.run_for(4.0)  # the vehicle rises
            others_a = LOW_A
            while others_a < HIGH_A and time.monotonic() < ends_s and len(beyond_ms) < COUNT:
                graph.tool.run_for(SETTLE_S + chance.uniform(0.0, POLL_S))
                stamps.expect(others_a)
                others_a += STEP_A
                load(graph, others_a)
                graph.until(lambda: stamps.is_over, 20.0, f"the duty falls at {others_a:g} A")
                if not stamps.is_measured:
                    interrupted += 1
                    break
                waited_ns = stamps.lowered_ns - stamps.changed_ns
                beyond_ms.append(waited_ns / 1e6 - 1000.0 * POLL_S)
                reading_ms.append((stamps.lowered_ns - stamps.shown_ns) / 1e6)
    return Measured(beyond_ms, reading_ms, interrupted)


def rtu_ms(name: str) -> float:
    """Return how long the frames of one poll of a meter take on RS-485 [ms]."""
    count = sum(
        REQUEST_BYTES + ANSWER_BYTES + 2 * block.count + 2 * SILENCE_BYTES
        for block in plan_blocks(load_map(name))
    )
    return 1000.0 * count * BITS / BAUD


def main() -> None:
    """Measure and report."""
    beyond_ms, reading_ms, interrupted = measure(SHORT_S if "--short" in sys.argv else MOST_S)
    report(
        "overload",
        {
            "changes": len(beyond_ms),
            "interrupted": interrupted,
            "beyond_poll_p50_ms": round(percentile(beyond_ms, 0.5), 1),
            "beyond_poll_p99_ms": round(percentile(beyond_ms, 0.99), 1),
            "beyond_poll_max_ms": round(percentile(beyond_ms, 1.0), 1),
            "from_reading_p50_ms": round(percentile(reading_ms, 0.5), 1),
            "from_reading_p99_ms": round(percentile(reading_ms, 0.99), 1),
            "from_reading_max_ms": round(percentile(reading_ms, 1.0), 1),
            f"{RTU_MAP}_rtu_{BAUD}_frames_ms": round(rtu_ms(RTU_MAP), 1),
        },
        [
            Aim(
                "beyond_poll_p99_ms",
                percentile(beyond_ms, 0.99),
                "ms",
                "<=",
                30.0,
            )
        ],
    )


if __name__ == "__main__":
    main()

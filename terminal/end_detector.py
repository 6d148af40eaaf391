"""Detects that the graph that is shown has ended."""

from collections.abc import Callable

from bus.interface import Bus
from msgs.heartbeat import NodeState
from msgs.topics import HEARTBEATS

GONE_S = 2.0  # after its last message; a graph that restarts is back sooner
LOOK_S = 1.0  # between checks whether a silent graph still runs


class EndDetector:
    """Detects the end of the graph.

    `is_running` is called only while the supervisor is silent: it tests the nodes' locks, and a
    node cannot take its lock during a test.
    """

    def __init__(self, bus: Bus, is_running: Callable[[], bool]) -> None:
        self._clock = bus.clock
        self._supervisor = bus.subscribe(HEARTBEATS["launch"])
        self._is_running = is_running
        self._look_s = 0.0

    def ended(self) -> str:
        """Return how the graph has ended, as text; "" if it has not."""
        if self.is_stopped:
            return "the graph has stopped" if self._supervisor.age_s > GONE_S else ""
        if self._supervisor.fresh() is not None or self._clock.now_s() < self._look_s:
            return ""
        self._look_s = self._clock.now_s() + LOOK_S
        return "" if self._is_running() else "the graph has ended without stopping in order"

    @property
    def is_stopped(self) -> bool:
        """Return whether the supervisor's last message says that it has stopped in order."""
        heartbeat = self._supervisor.message
        return heartbeat is not None and heartbeat.state is NodeState.STOPPED

"""Whether the graph that is shown still runs."""

from collections.abc import Callable

from bus.interface import Bus
from msgs.heartbeat import NodeState
from msgs.topics import HEARTBEATS

GONE_S = 2.0  # after its last word; one that starts anew is back sooner
LOOK_S = 1.0  # between looks whether a silent graph still runs


class Watch:
    """Judges whether the graph that is shown has ended.

    Whether it runs is asked only while the supervisor is silent: the answer comes from the nodes'
    locks, and a look at one keeps its node from taking it in that instant.
    """

    def __init__(self, bus: Bus, is_running: Callable[[], bool]) -> None:
        self._clock = bus.clock
        self._supervisor = bus.subscribe(HEARTBEATS["launch"])
        self._is_running = is_running
        self._look_s = 0.0

    def ended(self) -> str:
        """Return in words how the graph has ended; "" if it has not."""
        if self.is_stopped:
            return "the graph has stopped" if self._supervisor.age_s > GONE_S else ""
        if self._supervisor.fresh() is not None or self._clock.now_s() < self._look_s:
            return ""
        self._look_s = self._clock.now_s() + LOOK_S
        return "" if self._is_running() else "the graph is gone, without a word"

    @property
    def is_stopped(self) -> bool:
        """Return whether the supervisor's last word is that it has stopped in order."""
        word = self._supervisor.message
        return word is not None and word.state is NodeState.STOPPED

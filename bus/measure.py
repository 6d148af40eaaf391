"""How well a node keeps its times, and what its process uses."""

import resource
import time
from typing import NamedTuple

_PAGE_KB = resource.getpagesize() // 1024


class Usage(NamedTuple):
    """What a process has used since it began: CPU time, and resident memory now."""

    cpu_ns: int
    memory_kb: int


def process_usage() -> Usage:
    """Return this process's usage; all its threads count."""
    with open("/proc/self/statm", "rb") as statm:
        pages = int(statm.read().split()[1])
    return Usage(cpu_ns=time.process_time_ns(), memory_kb=pages * _PAGE_KB)


class LoopTimes:
    """Durations of the rounds of a node's loop since the last look; at most 512 are kept."""

    def __init__(self) -> None:
        self._rounds_ns: list[int] = []

    def add(self, duration_ns: int) -> None:
        """Take one round's duration."""
        if len(self._rounds_ns) < 512:
            self._rounds_ns.append(duration_ns)

    def take(self) -> tuple[float, float, float]:
        """Return median, 99th percentile and maximum [ms], and begin anew; zeros if none."""
        rounds = sorted(self._rounds_ns)
        self._rounds_ns = []
        if not rounds:
            return 0.0, 0.0, 0.0
        last = len(rounds) - 1
        return (
            round(rounds[last // 2] / 1e6, 3),
            round(rounds[last * 99 // 100] / 1e6, 3),
            round(rounds[last] / 1e6, 3),
        )

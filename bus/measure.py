"""Durations of rounds and gaps of looks of a node, and the usage of its process."""

import resource
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from msgs.heartbeat import LOOK_GAP_BOUNDS_MS

_PAGE_KB = resource.getpagesize() // 1024


class Usage(NamedTuple):
    """CPU time of a process since its start, and its resident memory now."""

    cpu_ns: int
    memory_kb: int


def process_usage() -> Usage:
    """Return the usage of this process, including all its threads."""
    with open("/proc/self/statm", "rb") as statm:
        pages = int(statm.read().split()[1])
    return Usage(cpu_ns=time.process_time_ns(), memory_kb=pages * _PAGE_KB)


class LoopTimes:
    """Durations of the rounds of a node's loop since the last `take`.

    Durations are counted by their six leading bits, so that memory does not grow with the number of
    rounds. So a percentile may be up to 3 % too short; the maximum is exact.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[int, int] = defaultdict(int)
        self._longest_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count the duration of one round."""
        if duration_ns > self._longest_ns:
            self._longest_ns = duration_ns
        lost_bits = (duration_ns | 32).bit_length() - 6
        self._counts[duration_ns >> lost_bits << lost_bits] += 1

    def take(self) -> tuple[float, float, float]:
        """Return median, 99th percentile and maximum [ms], and reset; zeros without a round."""
        if not self._counts:
            return 0.0, 0.0, 0.0
        counts, longest_ns = self._counts, self._longest_ns
        self._counts, self._longest_ns = defaultdict(int), 0
        last = sum(counts.values()) - 1
        return (
            round(_at(counts, last // 2) / 1e6, 3),
            round(_at(counts, last * 99 // 100) / 1e6, 3),
            round(longest_ns / 1e6, 3),
        )


class LookGaps:
    """Gaps before late looks: their number by length, and the longest."""

    def __init__(self) -> None:
        self._counts = [0] * (len(LOOK_GAP_BOUNDS_MS) + 1)
        self._longest_ns = 0

    def add(self, gap_ns: int) -> None:
        """Count the time between two looks."""
        self._counts[bisect_left(LOOK_GAP_BOUNDS_MS, gap_ns / 1e6)] += 1
        self._longest_ns = max(self._longest_ns, gap_ns)

    def take(self) -> tuple[float, tuple[int, int, int, int, int, int]]:
        """Return the longest since the last call [ms], and all counts since the start."""
        longest_ns, self._longest_ns = self._longest_ns, 0
        one, two, three, four, five, six = self._counts
        return round(longest_ns / 1e6, 3), (one, two, three, four, five, six)


def _at(counts: Mapping[int, int], rank: int) -> int:
    """Return the duration [ns] at a rank, by length; 0 if there is none."""
    for duration_ns in sorted(counts):
        rank -= counts[duration_ns]
        if rank < 0:
            return duration_ns
    return 0

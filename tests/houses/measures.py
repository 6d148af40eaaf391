"""What is measured of a charge: overloads of the main fuse, energy, changes, closings."""

import math
from collections import deque

from msgspec import Struct

from msgs.pilot import MIN_OFFER_A
from tests.houses.days import Amps3

# A poll of 1 s, 0.3 s to read, decide and set the duty, and the 5 s that a vehicle may take to
# follow (IEC 61851-1, Table A.6).
REACTION_S = 6.3
# After that 6 A may flow on for a poll of 1 s and the 5 s after which a lack of headroom is no peak
# (docs/architecture.md, "A peak opens no contactor").
RIDE_S = 6.0
OVER_A = 0.1  # assumed: less is no overload
DRAWS_A = 0.5  # assumed: a vehicle with less is no part of an overload


class Measures(Struct, kw_only=True):
    """The result of a plug-in, or the sum of several."""

    hours: float = 0.0  # in which the vehicle wanted energy
    energy_wh: float = 0.0
    counted_wh: float = 0.0  # until the clairvoyant's vehicle was full
    changes: int = 0  # of the offer
    closings: int = 0  # of the contactor
    over_s: float = 0.0  # above the fuse while the vehicle drew current
    ride_s: float = 0.0  # of these: beyond the reaction time, with 6 A, for 6 s at most
    breach_s: float = 0.0  # of these: all else beyond the reaction time
    worst_over_a: float = 0.0
    full_s: float = math.inf  # when the vehicle was full
    breach_at_s: float | None = None  # the first

    def add(self, other: "Measures") -> None:
        """Add those of another plug-in."""
        self.hours += other.hours
        self.energy_wh += other.energy_wh
        self.counted_wh += other.counted_wh
        self.changes += other.changes
        self.closings += other.closings
        self.over_s += other.over_s
        self.ride_s += other.ride_s
        self.breach_s += other.breach_s
        self.worst_over_a = max(self.worst_over_a, other.worst_over_a)


class Overloads:
    """Counts the overloads of one main fuse, by what explains them.

    Above the fuse is right only where the other loads have risen within the reaction time: so the
    vehicle's current is compared with what they left at their least in that time.
    """

    def __init__(self, fuse_a: float, measures: Measures) -> None:
        self._fuse_a = fuse_a
        self._measures = measures
        self._recent: deque[tuple[float, Amps3]] = deque()  # of the other loads: from when, what

    def switch(self, now_s: float, others_a: Amps3) -> None:
        """Take the other loads from now on."""
        self._recent.append((now_s, others_a))
        while len(self._recent) > 1 and self._recent[1][0] <= now_s - REACTION_S - RIDE_S:
            self._recent.popleft()

    def count(self, now_s: float, drawn_a: float, phases: int, for_s: float) -> None:
        """Count a time in which the vehicle draws a current on each of its phases, L1 first."""
        if drawn_a < DRAWS_A:
            return
        measures, others_a = self._measures, self._recent[-1][1]
        over_a = drawn_a + max(others_a[:phases]) - self._fuse_a
        if over_a <= OVER_A:
            return
        measures.over_s += for_s
        measures.worst_over_a = max(measures.worst_over_a, over_a)
        lines = [line for line in range(phases) if not self._is_explained(line, now_s, drawn_a)]
        if not lines:
            return
        if all(self._is_ridden(line, now_s, drawn_a) for line in lines):
            measures.ride_s += for_s
            return
        measures.breach_s += for_s
        if measures.breach_at_s is None:
            measures.breach_at_s = now_s

    def _is_explained(self, line: int, now_s: float, drawn_a: float) -> bool:
        left_a = self._fuse_a - self._recent[-1][1][line]
        if drawn_a <= left_a + OVER_A:
            return True
        return drawn_a <= self._fuse_a - self._least_a(line, now_s - REACTION_S) + OVER_A

    def _is_ridden(self, line: int, now_s: float, drawn_a: float) -> bool:
        left_a = self._fuse_a - self._least_a(line, now_s - REACTION_S - RIDE_S)
        return drawn_a <= MIN_OFFER_A <= left_a

    def _least_a(self, line: int, from_s: float) -> float:
        """Return the least that the other loads have drawn since a time."""
        least_a = math.inf
        for at_s, others_a in reversed(self._recent):
            least_a = min(least_a, others_a[line])
            if at_s <= from_s:
                break
        return least_a

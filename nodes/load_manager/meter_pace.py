"""How often the values of the house meter are renewed, learned from its readings. Pure.

A meter may be read more often than its values are renewed: a P1 port sends each 10 s, whatever the
poll, and a gateway may repeat old values with new times. Between two renewals a reading shows
neither the vehicle's last change nor the house's. So only fresh readings are evidence that
headroom lasts, or that a lack was no delay.
"""

import math

from msgspec import Struct
from msgspec.structs import replace

from msgs.meter import MeterReading

KEPT = 16  # intervals between changes (assumed: each step of a load and of the vehicle gives one)
LEARNED_FROM = 3  # intervals that are alike within a poll (assumed: fewer are a coincidence)
MOST_PERIOD_S = 30.0  # assumed: no meter is slower; values that do not change are a quiet house


class MeterPace(Struct, frozen=True, kw_only=True):
    """What is remembered of the meter's renewals."""

    values: tuple[tuple[float, float, float], ...] = ()  # current, voltage, power of each phase
    changed_s: float = -math.inf  # when the values last changed
    intervals_s: tuple[float, ...] = ()  # between changes, oldest first
    poll_s: float = 1.0
    fresh_s: float = -math.inf  # when the newest fresh reading was taken
    is_fresh: bool = True  # the newest reading is fresh

    @property
    def period_s(self) -> float:
        """Return the time between two renewals [s]: the poll's, or a longer one that was learned.

        The shortest interval counts, if it has come several times, and one poll more, by which it
        is known.
        """
        shortest_s = min(self.intervals_s, default=0.0)
        alike = sum(each_s <= shortest_s + self.poll_s for each_s in self.intervals_s)
        # A poll is now and then a little late.
        if alike < LEARNED_FROM or shortest_s < 1.8 * self.poll_s:
            return self.poll_s
        return max(min(shortest_s + self.poll_s, MOST_PERIOD_S), self.poll_s)

    @property
    def is_slow(self) -> bool:
        """Return whether the values are renewed less often than they are read."""
        return self.period_s > self.poll_s

    def age_s(self, read_s: float) -> float:
        """Return how old the values of a reading may be [s]; 0 if each poll renews them."""
        if not self.is_slow:
            return 0.0
        return min(self.period_s, read_s - self.changed_s + self.poll_s)


def note(pace: MeterPace, reading: MeterReading) -> MeterPace:
    """Return the pace after a new reading."""
    at_s = reading.sampled_ns / 1e9
    pace = replace(pace, poll_s=reading.poll_s)
    values = tuple((line.current_a, line.voltage_v, line.power_w) for line in reading.lines)
    has_changed = values != pace.values
    if has_changed and pace.values:
        intervals_s = pace.intervals_s
        if math.isfinite(pace.changed_s):
            intervals_s = (*intervals_s, at_s - pace.changed_s)[-KEPT:]
        pace = replace(pace, intervals_s=intervals_s, changed_s=at_s)
    is_fresh = has_changed or at_s - pace.fresh_s >= pace.period_s - 0.5 * pace.poll_s
    return replace(
        pace,
        values=values,
        is_fresh=is_fresh,
        fresh_s=at_s if is_fresh else pace.fresh_s,
    )

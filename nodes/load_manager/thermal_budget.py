"""How much a fuse may carry above its rated current, by what it has carried before. Pure.

Two rules hold on each phase of the house: at most 1.13 times the rated current, which a circuit
breaker carries for an hour (IEC 60898-1, conventional non-tripping current), and over each ten
minutes a mean square of the current that is not above that of the rated current, so that the
fuse gets no warmer than at its rated current. What was carried before the first reading counts as
the rated current.

`held_a` is the current up to which a charge may go on: both rules hold until the vehicle has had
the time to follow. `planned_a` is the current up to which the offer may rise: the second rule can
hold for the next ten minutes as well. It is below the rated current while an excess is not made up.
"""

import bisect
import math

from msgspec import Struct
from msgspec.structs import replace

from nodes.load_manager.vehicle import Currents

WINDOW_S = 600.0  # of the mean square (assumed: the time constant of the wires and clamps of fuses)
KNOWN_S = 15.0  # assumed: over a longer gap between readings at least the rated current flowed
APART_S = 1.0  # closer readings count as one, with the larger current
# A charge is paused by a second reading 5 s after the first, and the vehicle follows within 5 s.
FOLLOW_S = 10.0
HORIZONS_S = (10.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0, 420.0, 480.0, 540.0, 600.0)


class CarriedLoad(Struct, frozen=True, kw_only=True):
    """What the phases have carried up to a reading."""

    at_s: float
    square_a2: Currents  # of the current at this reading
    excess_a2s: Currents  # integral of the square above that of the rated current


class ThermalBudget(Struct, frozen=True, kw_only=True):
    """What the phases of the house have carried in the last ten minutes."""

    fuse_a: float  # rated current
    loads: tuple[
        CarriedLoad, ...
    ] = ()  # oldest first; the first is the newest from before the window

    def held_a(self, phase: int, over_percent: float, period_s: float) -> float:
        """Return the current that a phase may carry until the vehicle has followed [A].

        :param over_percent: how far above the rated current the fuse may be used
        :param period_s: between two readings
        """
        most_a = self.fuse_a * (1.0 + over_percent / 100.0)
        return min(most_a, self.steady_a(phase, FOLLOW_S + 2.0 * period_s))

    def planned_a(self, phase: int) -> float:
        """Return the current that a phase may carry from now on [A]: the rated current or less."""
        return min(self.fuse_a, *(self.steady_a(phase, each_s) for each_s in HORIZONS_S))

    def steady_a(self, phase: int, seconds: float) -> float:
        """Return the constant current with which the second rule still holds so much later [A]."""
        if not self.loads:
            return self.fuse_a
        newest = self.loads[-1]
        kept = newest.excess_a2s[phase] - self._excess_a2s(phase, newest.at_s - WINDOW_S + seconds)
        return math.sqrt(max(self.fuse_a**2 - kept / seconds, 0.0))

    def _excess_a2s(self, phase: int, at_s: float) -> float:
        """Return the integral up to an instant."""
        place = bisect.bisect_left(self.loads, at_s, key=_at)
        if place == 0:
            return self.loads[0].excess_a2s[phase]
        before = self.loads[place - 1]
        if place == len(self.loads):
            return before.excess_a2s[phase]
        after = self.loads[place]
        share = (at_s - before.at_s) / (after.at_s - before.at_s)
        began_a2s = before.excess_a2s[phase]
        return began_a2s + share * (after.excess_a2s[phase] - began_a2s)


def carry(budget: ThermalBudget, at_s: float, current_a: Currents) -> ThermalBudget:
    """Return the budget after a reading; between two readings the larger of both flowed.

    :param current_a: of the phases of the house, the meter's error included
    """
    one_a, two_a, three_a = current_a
    square_a2 = (one_a**2, two_a**2, three_a**2)
    if not budget.loads:
        first = CarriedLoad(at_s=at_s, square_a2=square_a2, excess_a2s=(0.0, 0.0, 0.0))
        return replace(budget, loads=(first,))
    loads, newest = budget.loads, budget.loads[-1]
    seconds = at_s - newest.at_s
    if seconds <= 0.0:
        return budget
    rated_a2 = budget.fuse_a**2
    least_a2 = rated_a2 if seconds > KNOWN_S else 0.0
    one, two, three = (
        total + (max(before, now, least_a2) - rated_a2) * seconds
        for total, before, now in zip(newest.excess_a2s, newest.square_a2, square_a2, strict=True)
    )
    load = CarriedLoad(at_s=at_s, square_a2=square_a2, excess_a2s=(one, two, three))
    if len(loads) > 1 and at_s - loads[-2].at_s < APART_S:
        loads = loads[:-1]
    first_s = at_s - WINDOW_S
    place = max(bisect.bisect_right(loads, first_s, key=_at) - 1, 0)
    return replace(budget, loads=(*loads[place:], load))


def _at(load: CarriedLoad) -> float:
    return load.at_s

"""A year: each day under each policy, summed up."""

import math
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from tests.houses.days import DAYS, KINDS, house_day
from tests.houses.measures import Measures
from tests.houses.policies import POLICIES, Arbiter, Clairvoyant, Policy
from tests.houses.run import HouseRun

Make = Callable[[float, float], Policy]
"""Makes a policy for a main fuse [A], at a time [s]."""


class DayResult(Struct, frozen=True, kw_only=True):
    """The measures of one day by the name of the policy."""

    number: int
    kind: str
    measures: dict[str, Measures]


class Sums(Struct, frozen=True, kw_only=True):
    """The measures of many days, of all houses and of each kind, by the name of the policy."""

    every: dict[str, Measures] = field(default_factory=dict)
    kinds: dict[str, dict[str, Measures]] = field(default_factory=dict)


def play(number: int, policies: Sequence[Make] = POLICIES) -> DayResult:
    """Return the measures of one day of the year, those of the clairvoyant among them.

    The energy of all counts until the clairvoyant's vehicle is full: afterwards nothing is left to
    lose.
    """
    day = house_day(number)
    best = HouseRun(day, Clairvoyant).run()
    measures = {Clairvoyant.name: best}
    for make in policies:
        if make is Clairvoyant:
            continue
        house = HouseRun(day, make)
        measures[house.policy.name] = house.run(counts_until_s=best.full_s)
    return DayResult(number=number, kind=day.kind, measures=measures)


def play_arbiter(number: int) -> DayResult:
    """Return the measures of one day of the arbiter and the clairvoyant."""
    return play(number, (Arbiter,))


def total(results: Iterable[DayResult]) -> Sums:
    """Return the sums, in the order of the days."""
    sums = Sums(kinds={kind: {} for kind, *_ in KINDS})
    for result in sorted(results, key=lambda each: each.number):
        for name, measures in result.measures.items():
            sums.every.setdefault(name, Measures()).add(measures)
            sums.kinds[result.kind].setdefault(name, Measures()).add(measures)
    return sums


def share_of_best(measures: Measures, best: Measures) -> float:
    """Return the energy of a policy by that of the clairvoyant; NaN of nothing."""
    return measures.counted_wh / best.counted_wh if best.counted_wh else math.nan


def days() -> range:
    """Return the numbers of the days of the year."""
    return range(DAYS)

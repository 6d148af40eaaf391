"""docs/load_policies.md: the year and the named days in one table."""

from pathlib import Path

from tests.houses.days import DAYS, KINDS, SEED
from tests.houses.measures import Measures
from tests.houses.named import NAMED_DAYS, NamedDay
from tests.houses.policies import Arbiter, Clairvoyant, Evcc, NoManagement, OpenWb, SmartEvse
from tests.houses.year import Sums, share_of_best

PAGE = Path(__file__).parents[2] / "docs" / "load_policies.md"

WHAT = {
    Clairvoyant.name: "the best in hindsight: all that the fuse leaves at each instant, without "
    "margin, to a vehicle without delay",
    Arbiter.name: "load_manager, its machine stepped with each reading",
    OpenWb.name: "every 10 s what is left per phase, counted at the actual draw; `field.md` (c), "
    "(f). No delay before a charge goes on: none is stated",
    Evcc.name: "every 30 s the draw plus what the fullest phase leaves, in steps of 1 A (assumed); "
    "`field.md` (c), (f)",
    SmartEvse.name: "each second a quarter of what is left more, or all that is missing less; 6 A "
    "in a shortage, after 10 s (assumed) a stop of 60 s; `field.md` (c), (f)",
    NoManagement.name: "the main fuse, at most 32 A, whatever the house draws",
}

HEAD = f"""\
# Load policies

Made by `make policies`: do not edit. What the arbiter (load_manager) does with a year of made-up
houses, beside a clairvoyant and simple policies, and with six named days before the whole graph.
`tests/houses/` has the houses, the vehicles, the policies and the measures.

The year: {DAYS} plug-ins, each in one of {len(KINDS)} kinds of houses in turn (seed {SEED}): a flat
(25 A fuse), a family's house (35 A), the same with a heat pump (25 A), with an instant water heater
of 18 kW (35 A), with 10 kWp of sun (35 A), with sun, heat pump and a home battery of 5 kW (35 A).
Vehicles with one phase and three, 16 A and 32 A, one that follows as late as IEC 61851-1 allows
and one that falls asleep in a pause; a tenth arrive almost full. House, vehicle and contactor are a
model; the vehicle's is that of plant. The poll is 1 s.

The policies named after others are the defaults that `field.md` of the specification describes,
re-stated for one box in this model. They are no measurement of those products.

- *breach*: time above the main fuse that neither a rise of the other loads within the last 6.3 s (a
  poll, 0.3 s, and the 5 s that a vehicle may take) nor the next column explains.
- *6 A*: time above the fuse after that with an offer of 6 A, for 6 s at most: a short peak opens no
  contactor ([architecture.md](architecture.md)).
- *above*: all time above the fuse while the vehicle drew current, with the two before; *most*: by
  how much.
- *changes*, *closings*: of the offer and of the contactor, in each hour in which the vehicle wanted
  energy.
- *energy*: of what the clairvoyant gives, until its vehicle is full.

| run | policy | breach | 6 A | above | most | changes | closings | energy | what |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def line(run: str, policy: str, measures: Measures, share: float, what: str) -> str:
    """Return one line of the table."""
    hours = measures.hours
    return (
        f"| {run} | {policy} | {measures.breach_s:.1f} s | {measures.ride_s:.1f} s "
        f"| {measures.over_s:.0f} s | {measures.worst_over_a:.1f} A "
        f"| {measures.changes / hours:.1f} /h | {measures.closings / hours:.2f} /h "
        f"| {100.0 * share:.1f} % | {what} |\n"
    )


def year_lines(sums: Sums) -> list[str]:
    """Return the lines of the year: each policy, then the arbiter in each kind of house."""
    best = Clairvoyant.name
    lines = [
        line("the year", name, measures, share_of_best(measures, sums.every[best]), WHAT[name])
        for name, measures in sums.every.items()
    ]
    for turn, (kind, fuse_a, *_) in enumerate(KINDS):
        measures = sums.kinds[kind][Arbiter.name]
        share = share_of_best(measures, sums.kinds[kind][best])
        days = len(range(turn, DAYS, len(KINDS)))
        what = f"{days} days, fuse of {fuse_a:g} A"
        lines.append(line(kind, Arbiter.name, measures, share, what))
    return lines


def named_line(day: NamedDay, measures: Measures, best: Measures) -> str:
    """Return the line of a named day."""
    return line(day.name, "whole graph", measures, share_of_best(measures, best), day.says)


def page(lines: list[str]) -> str:
    """Return the whole page."""
    return HEAD + "".join(lines)


def runs() -> list[tuple[str, str]]:
    """Return run and policy of each line."""
    return [
        *(("the year", name) for name in WHAT),
        *((kind, Arbiter.name) for kind, *_ in KINDS),
        *((day.name, "whole graph") for day in NAMED_DAYS),
    ]

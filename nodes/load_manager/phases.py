"""Which phase of the house meter feeds which line of the box, as measurements show it. Pure.

Two kinds of evidence: a step of the vehicle's current, which the meter has to show on the same
phase; and the voltages, which change together at both ends of one conductor. A vehicle that draws
the same on three phases shows by its steps only that all clamps see it; the voltages show the order
if the phases differ, as when a kettle is switched on.

All ways to connect the three clamps are compared (Bayes): those that can be set, the reversed
order, clamps that are reversed, missing or beside the box. So a house that is wired in a way that
cannot be set leads to no proposal. Other loads that switch with a step count as what they are: a
change of any size, which happens in three of ten steps.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations, product

from msgspec import Struct

from msgs.settings import METER_LINES, PhaseAssignment, fits
from nodes.load_manager.clamps import WITHIN
from nodes.load_manager.vehicle import Currents

Feed = tuple[int, int] | None
"""What one clamp of the meter sees of the box: a line (0 is L1) and its sign; None: nothing."""

Wiring = tuple[Feed, Feed, Feed]
"""What each clamp of the meter sees, L1 first."""

Order = tuple[int, ...]
"""The meter's lines on which the box's L1, L2 and L3 are."""

SURE = 0.9995  # assumed: a proposal is made above this confidence
STEP_A = 1.2  # of 2 A offered, the least of a vehicle that uses less than the offer
LEAST_STEPS = 6  # assumed: some up and some down, of both sizes
LEAST_AGREEING = 4  # assumed: steps that each clamp of the box has to show, and
AGREEING_SHARE = 2.0 / 3.0  # assumed: of all steps

SETTABLE, OTHER_ORDER = 0.90, 0.06  # assumed, before the measurement; the rest: wrong clamps
NOISE_A, NOISE_SHARE = 0.3, 0.05  # assumed: of one step, beside what the readings show
OTHER_LOADS = 0.3  # assumed: share of the steps at which another load of the phase switches
OTHER_LOAD_A = 12.0  # assumed: by any change from -6 to 6 A

LEAST_SAMPLES = 10  # of the voltages
SAMPLES_EACH = 2  # assumed: samples that follow each other are not independent
MOST_INDEPENDENT = 10  # assumed
NOISE_V = 0.15  # assumed: a meter's resolution is 0.1 V
MOST_BY_VOLTAGE = 12.0  # of the logarithm of a likelihood ratio


class Step(Struct, frozen=True, kw_only=True):
    """One change of the vehicle's current, and of what the meter shows."""

    drawn_a: Currents  # lines of the box
    shown_a: Currents  # lines of the meter
    noise_a: Currents  # of what is shown: how far the readings before and after were apart


class Voltages(Struct, frozen=True, kw_only=True):
    """The voltages at one instant, while the vehicle draws the same on three phases."""

    box_v: Currents
    house_v: Currents


class Judgement(Struct, frozen=True, kw_only=True):
    """What the measurements show."""

    steps: int
    measured: tuple[int, ...]  # lines of the box on which the vehicle has made steps
    confidences: tuple[tuple[PhaseAssignment, float], ...]  # that can be set, the highest first
    likeliest: Wiring | None  # of the measured lines; None: nothing is measured
    is_sure: bool  # of the likeliest wiring
    turned: tuple[int, ...]  # clamps that are surely reversed
    empty: tuple[int, ...]  # clamps that surely see nothing of the measured lines
    is_clamp_missing: bool  # surely fewer clamps than measured lines show the vehicle
    agreeing: int  # steps that each clamp has shown which the likeliest wiring has on the box

    @property
    def proposal(self) -> PhaseAssignment | None:
        """Return the assignment to propose; None: none is certain enough."""
        assignment, confidence = self.confidences[0]
        # Where every clamp shows the vehicle, the voltages distinguish the clamps, not the steps.
        is_by_steps = self.likeliest is None or None in self.likeliest
        agreeing = max(LEAST_AGREEING, AGREEING_SHARE * self.steps if is_by_steps else 0.0)
        is_enough = self.steps >= LEAST_STEPS and self.agreeing >= agreeing
        return assignment if is_enough and confidence >= SURE else None

    @property
    def is_order_open(self) -> bool:
        """Return whether the clamps show the vehicle, but not in which order."""
        _, confidence = self.confidences[0]
        return len(self.measured) > 1 and self.steps >= LEAST_STEPS and confidence < SURE


def judge(
    steps: Sequence[Step], voltages: Sequence[Voltages], wired: tuple[bool, bool, bool]
) -> Judgement:
    """Return what steps and voltages show.

    :param wired: the phases that safety has found wired to the box; none: not known
    """
    settable = [each for each in PhaseAssignment if fits(each, wired)]
    boxes = 1 if wired == (True, False, False) else 3
    measured = tuple(
        box
        for box in range(3)
        if sum(abs(step.drawn_a[box]) >= STEP_A for step in steps) >= min(2, len(steps)) and steps
    )
    weights = _weights(steps, voltages, settable, boxes)
    seen: dict[Wiring, float] = {}
    for wiring, weight in weights.items():
        part = _part(wiring, measured)
        seen[part] = seen.get(part, 0.0) + weight
    confidences = sorted(
        (
            (assignment, seen.get(_part(_wiring(METER_LINES[assignment]), measured), 0.0))
            for assignment in settable
        ),
        key=lambda pair: -pair[1],
    )
    if not measured:
        confidences = [(assignment, 1.0 / len(settable)) for assignment in settable]
    likeliest = max(seen, key=lambda part: seen[part]) if measured else None
    return Judgement(
        steps=len(steps),
        measured=measured,
        confidences=tuple(confidences),
        likeliest=likeliest,
        is_sure=likeliest is not None and seen[likeliest] >= SURE,
        turned=tuple(meter for meter in range(3) if _is_sure(seen, partial(_is_turned, meter))),
        empty=tuple(meter for meter in range(3) if _is_sure(seen, partial(_is_empty, meter))),
        is_clamp_missing=_is_sure(seen, lambda part: 3 - part.count(None) < len(measured)),
        agreeing=0 if likeliest is None else _agreeing(steps, likeliest),
    )


def _weights(
    steps: Sequence[Step],
    voltages: Sequence[Voltages],
    settable: Sequence[PhaseAssignment],
    boxes: int,
) -> dict[Wiring, float]:
    """Return the probability of each wiring after the measurement."""
    priors = _priors(settable, boxes)
    by_clamp = [_by_feed(steps, meter) for meter in range(3)]
    by_voltage = _by_voltage(voltages) if boxes == 3 else {}
    best = max(by_voltage.values(), default=0.0)
    logs = {}
    for wiring, prior in priors.items():
        shown = sum(by_clamp[meter][feed] for meter, feed in enumerate(wiring))
        logs[wiring] = math.log(prior) + shown + by_voltage.get(_order(wiring), best)
    top = max(logs.values())
    weights = {wiring: math.exp(each - top) for wiring, each in logs.items()}
    total = sum(weights.values())
    return {wiring: weight / total for wiring, weight in weights.items()}


def _priors(settable: Sequence[PhaseAssignment], boxes: int) -> dict[Wiring, float]:
    """Return the probability of each wiring before the measurement."""
    usual = {_wiring(METER_LINES[each]) for each in settable}
    orders = {_wiring(order) for order in permutations(range(3), boxes)} - usual
    others = set(_wirings(boxes)) - usual - orders
    priors = {}
    for wirings, share in (
        (usual, SETTABLE),
        (orders, OTHER_ORDER),
        (others, 1.0 - SETTABLE - OTHER_ORDER),
    ):
        priors.update({wiring: share / len(wirings) for wiring in wirings})
    return priors


def _wirings(boxes: int) -> Iterator[Wiring]:
    """Yield every way in which three clamps may see the box's lines, each line once at most."""
    feeds: list[Feed] = [None, *product(range(boxes), (1, -1))]
    for one, two, three in product(feeds, repeat=3):
        seen = [feed[0] for feed in (one, two, three) if feed is not None]
        if len(set(seen)) == len(seen):
            yield one, two, three


def _wiring(order: Sequence[int]) -> Wiring:
    """Return the wiring of an order: for each line of the box its line of the meter."""
    feeds: list[Feed] = [None, None, None]
    for box, meter in enumerate(order):
        feeds[meter] = (box, 1)
    one, two, three = feeds
    return one, two, three


def _order(wiring: Wiring) -> Order:
    """Return on which lines of the meter the box's lines are; shorter if a clamp sees none."""
    places = {feed[0]: meter for meter, feed in enumerate(wiring) if feed is not None}
    return tuple(places[box] for box in sorted(places))


def _part(wiring: Wiring, measured: Sequence[int]) -> Wiring:
    """Return a wiring without the lines that are not measured."""
    one, two, three = (
        feed if feed is not None and feed[0] in measured else None for feed in wiring
    )
    return one, two, three


def _is_sure(seen: Mapping[Wiring, float], holds: Callable[[Wiring], bool]) -> bool:
    """Return whether something surely holds, by the probabilities of all wirings."""
    return sum(weight for wiring, weight in seen.items() if holds(wiring)) >= SURE


def _is_turned(meter: int, wiring: Wiring) -> bool:
    feed = wiring[meter]
    return feed is not None and feed[1] < 0


def _is_empty(meter: int, wiring: Wiring) -> bool:
    return wiring[meter] is None


def _by_feed(steps: Sequence[Step], meter: int) -> dict[Feed, float]:
    """Return the logarithm of the likelihood of what one clamp has shown, by what it may see."""
    feeds: list[Feed] = [None, *product(range(3), (1, -1))]
    return {feed: sum(_log_likelihood(step, meter, feed) for step in steps) for feed in feeds}


def _log_likelihood(step: Step, meter: int, feed: Feed) -> float:
    expected_a = 0.0 if feed is None else feed[1] * step.drawn_a[feed[0]]
    largest_a = max(abs(each) for each in step.drawn_a)
    noise_a = math.hypot(NOISE_A, step.noise_a[meter], NOISE_SHARE * largest_a)
    apart = (step.shown_a[meter] - expected_a) / noise_a
    normal = math.exp(-0.5 * apart * apart) / (noise_a * math.sqrt(2.0 * math.pi))
    return math.log((1.0 - OTHER_LOADS) * normal + OTHER_LOADS / OTHER_LOAD_A)


def _agreeing(steps: Sequence[Step], wiring: Wiring) -> int:
    """Return how many steps each clamp of the box has shown, for the clamp with the fewest."""
    clamps = [(meter, feed) for meter, feed in enumerate(wiring) if feed is not None]
    return min(
        (sum(_agrees(step, meter, feed) for step in steps) for meter, feed in clamps), default=0
    )


def _agrees(step: Step, meter: int, feed: tuple[int, int]) -> bool:
    expected_a = feed[1] * step.drawn_a[feed[0]]
    return abs(step.shown_a[meter] - expected_a) <= WITHIN * abs(expected_a)


def _by_voltage(voltages: Sequence[Voltages]) -> Mapping[Order, float]:
    """Return the logarithm of the likelihood of each order, by the voltages; none: no evidence.

    What all phases have in common, and what does not change, is left out: the drop that the
    vehicle makes on its own cable, and the errors of the two meters.
    """
    count = len(voltages)
    if count < LEAST_SAMPLES:
        return {}
    box = _changes([each.box_v for each in voltages])
    house = _changes([each.house_v for each in voltages])
    independent = min(count / SAMPLES_EACH, MOST_INDEPENDENT)
    found = {}
    for order in permutations(range(3)):
        apart_v2 = sum(
            (one[line] - other[meter]) ** 2
            for one, other in zip(box, house, strict=True)
            for line, meter in enumerate(order)
        )
        found[order] = -0.5 * independent * math.log(apart_v2 / count + NOISE_V**2)
    best = max(found.values())
    return {order: max(each - best, -MOST_BY_VOLTAGE) for order, each in found.items()}


def _changes(voltages_v: Sequence[Currents]) -> list[list[float]]:
    """Return how each phase differs from the mean of the phases, less its own mean."""
    apart = [[each - sum(row) / 3.0 for each in row] for row in voltages_v]
    means = [sum(row[line] for row in apart) / len(apart) for line in range(3)]
    return [[each - mean for each, mean in zip(row, means, strict=True)] for row in apart]

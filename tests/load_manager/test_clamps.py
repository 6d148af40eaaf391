"""A clamp is proven by the vehicle's own steps, whatever the other loads do."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import pytest

from bus.moment import Moment
from msgs.meter import MeterReading
from nodes.load_manager.clamps import (
    Clamps,
    LineProof,
    Pair,
    Shown,
    claim_a,
    compare,
    make_steps,
    take,
    unproven,
)
from nodes.load_manager.house import UNMEASURED_A
from tests.builders import meter_reading
from tests.load_manager.site import FUSE_A, Car, Currents, Site

Clamp = Callable[[Currents], Currents]
STRAIGHT = ((0, 0), (1, 1), (2, 2))
OFFER_A = 16.0  # where nothing else limits


def sound(total_a: Currents) -> Currents:
    return total_a


def open_l2(total_a: Currents) -> Currents:
    return total_a[0], 0.03, total_a[2]


def loose_l2(total_a: Currents) -> Currents:
    return total_a[0], 0.3 * total_a[1], total_a[2]


def reversed_l2(total_a: Currents) -> Currents:
    return total_a[0], -total_a[1], total_a[2]


def reversed_all(total_a: Currents) -> Currents:
    l1_a, l2_a, l3_a = total_a
    return -l1_a, -l2_a, -l3_a


def swapped(total_a: Currents) -> Currents:
    l1_a, l2_a, l3_a = total_a
    return l2_a, l3_a, l1_a


@dataclass(kw_only=True)
class Charge:
    """A charge in a house: each second a step of the vehicle, each poll a reading."""

    clamp: Clamp = sound
    others: Iterator[Currents]
    phases: int = 3
    poll_s: float = 1.0
    delay_s: int = 2
    noise_a: float = 0.1
    battery_a: float = 0.0  # of a home battery on L1 that keeps the connection at 0 W
    now_s: float = 1000.0
    drawn_a: float = 0.0
    clamps: Clamps = field(default_factory=Clamps)
    limited_s: float = 0.0
    withdrawn: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def __post_init__(self) -> None:
        self._offers = [0.0] * self.delay_s
        self._battery_a = 0.0
        self._read_s = 0.0

    @property
    def missing(self) -> list[tuple[int, int]]:
        return unproven(self.clamps, STRAIGHT)

    def run(self, seconds: int, offer_a: Callable[[], float] = lambda: OFFER_A) -> None:
        for _ in range(seconds):
            self.now_s += 1.0
            self._step(offer_a())

    def _step(self, offer_a: float) -> None:
        missing = self.missing
        self.clamps = make_steps(self.clamps, missing, Moment(self.now_s))
        claimed_a = claim_a(self.clamps, missing)
        self.limited_s += claimed_a is not None
        self._offers.append(offer_a if claimed_a is None else min(claimed_a, offer_a))
        goal_a = self._offers[-1 - self.delay_s] * 0.98
        self.drawn_a += max(-10.0, min(5.0, goal_a - self.drawn_a))
        drawn = tuple(self.drawn_a if line < self.phases else 0.0 for line in range(3))
        others = next(self.others)
        total = [a + b for a, b in zip(others, drawn, strict=True)]
        if self.battery_a:
            # A battery follows the sum of a moment ago.
            wanted_a = min(max(sum(total), -self.battery_a), self.battery_a)
            total[0] -= self._battery_a
            self._battery_a += (wanted_a - self._battery_a) * 0.5
        if self.now_s - self._read_s < self.poll_s:
            return
        self._read_s = self.now_s
        l1_a, l2_a, l3_a = (
            each + self.chance.uniform(-self.noise_a, self.noise_a) for each in total
        )
        shown = self.clamp((l1_a, l2_a, l3_a))
        before = [line.is_proven for line in self.clamps.lines]
        pair = Pair(
            at_s=self.now_s,
            drawn_a=drawn,  # type: ignore[arg-type]
            shown_a=shown,
            power_w=230.0 * sum(shown),
            period_s=self.poll_s,
        )
        self.clamps = take(self.clamps, pair, STRAIGHT)
        after = [line.is_proven for line in self.clamps.lines]
        self.withdrawn += sum(a and not b for a, b in zip(before, after, strict=True))


def steady(*loads_a: float) -> Iterator[Currents]:
    one, two, three = loads_a
    while True:
        yield one, two, three


def kettle(chance: random.Random) -> Iterator[Currents]:
    """9 A on L1 for 2 to 4 minutes, now and then."""
    while True:
        for seconds, load_a in ((chance.randint(60, 1800), 0.5), (chance.randint(120, 240), 9.5)):
            for _ in range(seconds):
                yield load_a, 1.0, 1.0


def hob(chance: random.Random) -> Iterator[Currents]:
    """Pulses of 11 A on two phases, as field.md reports them."""
    while True:
        on_s, off_s = chance.randint(8, 30), chance.randint(15, 40)
        for seconds, load_a in ((on_s, 11.0), (off_s, 0.0)):
            for _ in range(seconds):
                yield 2.0 + load_a, 2.0 + load_a, 2.0


def heat_pump(chance: random.Random) -> Iterator[Currents]:
    """An inverter that moves between 1 and 9 A, by up to 0.3 A each second."""
    load_a = 3.0
    while True:
        goal_a = chance.uniform(1.0, 9.0)
        for _ in range(chance.randint(60, 900)):
            load_a += max(-0.3, min(0.3, goal_a - load_a))
            yield load_a, load_a, load_a


def sun(chance: random.Random) -> Iterator[Currents]:
    """21.7 A of export on L2, with clouds."""
    exported_a = 21.7
    while True:
        goal_a = chance.choice((21.7, 21.7, 21.7, 8.0))
        for _ in range(chance.randint(60, 600)):
            exported_a += max(-1.0, min(1.0, goal_a - exported_a))
            yield 2.0, 2.0 - exported_a, 2.0


PATTERNS = (kettle, hob, heat_pump, sun)


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("poll_s", [0.5, 1.0, 5.0])
@pytest.mark.parametrize("loads_a", [(2.0, 2.0, 2.0), (0.0, -21.7, 20.0)])
def test_the_first_step_of_a_charge_proves_a_sound_meter(
    loads_a: Currents, poll_s: float, phases: int
) -> None:
    charge = Charge(others=steady(*loads_a), poll_s=poll_s, phases=phases)
    charge.run(60)
    assert charge.missing == []
    assert charge.limited_s <= 7.0 + 2.0 * poll_s


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize(
    ("clamp", "loads_a", "phases", "lines", "shown"),
    [
        (open_l2, (2.0, 8.0, 2.0), 3, [(1, 1)], Shown.NOTHING),
        (loose_l2, (2.0, 8.0, 2.0), 3, [(1, 1)], Shown.NOTHING),
        (reversed_l2, (2.0, 12.0, 2.0), 3, [(1, 1)], Shown.REVERSED),
        (reversed_all, (12.0, 12.0, 12.0), 3, [(0, 0), (1, 1), (2, 2)], Shown.REVERSED),
        (swapped, (1.0, 16.0, 16.0), 1, [(0, 0)], Shown.NOTHING),
    ],
)
def test_a_clamp_that_shows_no_step_never_allows_more_than_10_a(
    clamp: Clamp, loads_a: Currents, phases: int, lines: list[tuple[int, int]], shown: Shown
) -> None:
    charge = Charge(clamp=clamp, others=steady(*loads_a), phases=phases)
    charge.run(4 * 3600)
    assert charge.missing == lines
    assert charge.limited_s == 4 * 3600
    assert charge.drawn_a <= UNMEASURED_A
    assert {charge.clamps.lines[box].last for box, _ in lines} == {shown}


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("clamp", [open_l2, loose_l2, reversed_l2, reversed_all])
@pytest.mark.parametrize(
    ("seeds", "most"), [((0,), 0), pytest.param(range(4), 1, marks=pytest.mark.proof)]
)
def test_other_loads_rarely_prove_a_wrong_clamp_for_longer_than_a_step(
    clamp: Clamp,
    pattern: Callable[[random.Random], Iterator[Currents]],
    seeds: Iterable[int],
    most: int,
) -> None:
    longer = 0
    for seed in seeds:
        charge = Charge(clamp=clamp, others=pattern(random.Random(seed)))
        trusted_s = 0
        for _ in range(3600):
            charge.run(1)
            trusted_s += (1, 1) not in charge.missing
        longer += trusted_s > 60  # by coincidence, until the next step is judged
    assert longer <= most


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(("poll_s", "most_s"), [(0.5, 60.0), (1.0, 60.0), (5.0, 75.0)])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_other_loads_delay_the_proof_of_a_sound_meter_by_a_minute_at_most(
    pattern: Callable[[random.Random], Iterator[Currents]], poll_s: float, most_s: float
) -> None:
    for seed in range(10):
        charge = Charge(others=pattern(random.Random(seed)), poll_s=poll_s)
        charge.run(120, lambda: 0.0)
        charge.limited_s = 0.0
        charge.run(300)
        assert charge.missing == [], seed
        assert charge.limited_s <= most_s, seed


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("phases", [1, 3])
def test_a_home_battery_at_0_w_convicts_no_sound_meter(phases: int) -> None:
    charge = Charge(others=steady(1.0, 1.0, 1.0), battery_a=60.0, phases=phases)
    charge.run(600)
    assert charge.missing == []
    assert charge.limited_s <= 60.0


def test_a_clamp_that_falls_off_is_doubted_with_the_next_step_and_then_not_believed() -> None:
    charge = Charge(others=steady(2.0, 2.0, 2.0))
    charge.run(60)
    assert charge.missing == []
    charge.clamp = open_l2  # it falls off
    charge.run(30)
    assert charge.missing == []
    charge.run(30, lambda: 10.0)
    assert charge.missing == [(1, 1)]
    assert charge.clamps.lines[1].is_proven
    charge.run(120)  # it drops to 6 A and returns
    assert charge.missing == [(1, 1)]
    assert not charge.clamps.lines[1].is_proven
    charge.clamp = sound
    charge.run(30)
    charge.run(30, lambda: 6.0)
    assert charge.missing == [(1, 1)]
    charge.run(30, lambda: 10.0)
    assert charge.missing == []


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize(
    ("at_s", "kettle_a", "after_s"),
    [
        *((2 * number, (7.5, 10.0, 12.5)[number % 3], 600) for number in range(6)),
        *(
            pytest.param(at_s, kettle_a, 2000, marks=pytest.mark.proof)
            for at_s in range(0, 12, 2)
            for kettle_a in (7.5, 10.0, 12.5)
        ),
    ],
)
def test_a_kettle_that_proves_a_wrong_clamp_is_found_out_with_the_next_step(
    at_s: int, kettle_a: float, after_s: int
) -> None:
    """L1 of the box is on L1 of the house, its clamp on L3, where the kettle is."""
    loads = [(15.0, 1.0, 1.0)] * at_s
    loads += [(15.0, 1.0, 1.0 + kettle_a)] * 180 + [(15.0, 1.0, 1.0)] * after_s
    site = WrongClampSite(Car(lines=(True, False, False)))
    beyond_s = 0
    for number, moment in enumerate(site.run([(15.0, 1.0, 1.0)] * 5 + loads)):
        if number > 60:
            assert moment.offer.limit_a <= 10.0
        beyond_s += moment.others_a[0] + moment.drawn_a[0] > 1.45 * FUSE_A
    assert beyond_s <= 20


class WrongClampSite(Site):
    """The clamp of L1 is on L3."""

    def measure(self, currents_a: Currents) -> MeterReading:
        _, l2_a, l3_a = currents_a
        return meter_reading((l3_a, l2_a, l3_a), self.now_s, poll_s=self.poll_s)


@pytest.mark.req("MET-1", "MET-4")
@pytest.mark.parametrize("share", [0.7, 0.9, 1.0])
def test_a_vehicle_that_takes_less_than_it_may_is_proven_after_a_disturbed_start(
    share: float,
) -> None:
    site = Site(ShareCar(lines=(True, False, False), share=share))
    loads = [(2.0, 2.0, 2.0)] * 4 + [(8.0, 2.0, 2.0)] * 120
    assert [moment.offer.limit_a for moment in site.run(loads)][-1] > 10.0


@pytest.mark.req("MET-1", "MET-4")
def test_a_line_with_a_small_current_needs_no_proof() -> None:
    site = Site(ShareCar(share=1.0, small_a=2.0))
    offers = [moment.offer for moment in site.run([(2.0, 2.0, 2.0)] * 60)]
    assert offers[-1].limit_a > 10.0


@dataclass(kw_only=True)
class ShareCar(Car):
    """A vehicle that takes a share of what it may, and little on L2 and L3."""

    share: float
    small_a: float = 0.0

    def follow(self, now_s: float, offer_a: float) -> Currents:
        one, two, three = super().follow(now_s, offer_a)
        small_a = self.small_a if one > 1.0 and self.small_a else self.share * two
        return self.share * one, small_a, small_a if self.small_a else self.share * three


def test_one_step_that_disagrees_withdraws_nothing_and_is_a_doubt() -> None:
    proof = LineProof(is_proven=True)
    clamps = Clamps(lines=(proof, proof, proof))
    drawn = [0.0] * 3 + [10.0] * 10
    shown = [2.0] * 13
    for second, (drawn_a, shown_a) in enumerate(zip(drawn, shown, strict=True)):
        pair = Pair(
            at_s=float(second),
            drawn_a=(drawn_a, 0.0, 0.0),
            shown_a=(shown_a, 2.0, 2.0),
            power_w=1380.0,
        )
        clamps = take(clamps, pair, STRAIGHT)
    assert clamps.lines[0].last is Shown.NOTHING
    assert clamps.lines[0].is_proven
    assert unproven(clamps, STRAIGHT) == [(0, 0)]


def pairs(drawn: list[float], shown: list[float]) -> list[Pair]:
    return [
        Pair(
            at_s=float(second),
            drawn_a=(drawn_a, 0.0, 0.0),
            shown_a=(shown_a, 0.0, 0.0),
            power_w=2000.0,
        )
        for second, (drawn_a, shown_a) in enumerate(zip(drawn, shown, strict=True))
    ]


@pytest.mark.parametrize(
    ("drawn", "shown", "verdict"),
    [
        ([0, 0, 10], [2, 2, 12], Shown.STEP),
        ([0, 0, 10], [2, 2, 14.9], Shown.STEP),
        ([0, 0, 10], [2, 2, 15.1], None),  # it may still show it
        ([0, 0, 2.7], [2, 2, 4.7], None),  # too small
        ([10, 10, 6, 6], [12, 12, 8, 8], Shown.STEP),
        ([0, 0] + [10] * 8, [2, 2] + [2] * 8, Shown.NOTHING),
        ([0, 0] + [10] * 8, [2, 2] + [-8] * 8, Shown.REVERSED),
        ([0, 0] + [10] * 8, [2, 2] + [7] * 8, Shown.UNCLEAR),
        ([0, 0] + [10] * 7, [2, 2] + [2] * 7, None),  # 7 s after the step at a poll of 1 s
        ([0, 0, 0, 10], [2, 6, 2, 12], Shown.UNCLEAR),  # the other loads moved just before
    ],
)
def test_a_step_is_judged_within_30_percent_two_polls_and_5_s(
    drawn: list[float], shown: list[float], verdict: Shown | None
) -> None:
    assert compare(pairs(drawn, shown), 0, 0) is verdict


@pytest.mark.proof
@pytest.mark.timeout(400)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_thirty_days_of_other_loads_convict_no_sound_meter(
    pattern: Callable[[random.Random], Iterator[Currents]],
) -> None:
    """Each day a charge of three hours, in which the offer changes each few minutes."""
    withdrawn, worst_s = 0, 0.0
    for day in range(30):
        chance = random.Random(day)
        charge = Charge(others=pattern(chance), phases=chance.choice((1, 3)))
        charge.run(300)
        worst_s = max(worst_s, charge.limited_s)
        for _ in range(30):
            offer_a = chance.choice((6.0, 10.0, 16.0))
            charge.run(chance.randint(30, 600), lambda offer_a=offer_a: offer_a)  # type: ignore[misc]
        withdrawn += charge.withdrawn
    assert withdrawn == 0
    assert worst_s <= 60.0

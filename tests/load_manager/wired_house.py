"""A house whose meter sees the box in any way, with a vehicle, other loads and a grid, at random.

The true wiring says for each line of the box on which clamp it is, and with which sign; None: on
none.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from random import Random

from bus.moment import Moment
from msgs.load_manager import PhaseSearch, PhaseSearchAction
from msgs.meter import MeterReading
from msgs.pilot import CpState
from msgs.settings import METER_LINES, PhaseAssignment, fits
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.search import SEARCH_S, SearchState, claim, follow
from nodes.load_manager.supply_limits import SupplyLimits
from tests.builders import (
    charging_safety,
    charging_session,
    line_values,
    meter_reading,
    pilot_status,
)

METER = "tq@10.0.0.6:502/1"
LIMITS = SupplyLimits(
    monitoring=False, meter=METER, main_fuse_a=None, phases=PhaseAssignment.L1_L2_L3
)
ROUND_S = 0.25
LEAST_OFFER_A = 6.0

Three = tuple[float, float, float]
Clamp = tuple[int, int] | None
TrueWiring = tuple[Clamp, ...]  # of the box's lines
Load = Callable[[float], float]  # of one phase, at a time [A]


def straight(order: Sequence[int]) -> TrueWiring:
    return tuple((meter, 1) for meter in order)


SETTABLE = {each: straight(METER_LINES[each]) for each in PhaseAssignment}
MIRRORED = [straight(order) for order in ((0, 2, 1), (2, 1, 0), (1, 0, 2))]


def wrong_wiring(chance: Random, boxes: int) -> TrueWiring:
    """Return a wiring that no phase assignment describes."""
    order = chance.choice(list(permutations(range(3), boxes)))
    wiring: list[Clamp] = list(straight(order))
    if boxes == 3 and chance.random() < 0.4:
        return chance.choice(MIRRORED)
    for _ in range(chance.randint(1, boxes)):
        box = chance.randrange(boxes)
        wiring[box] = None if chance.random() < 0.5 else (order[box], -1)
    return tuple(wiring)


# --- loads ------------------------------------------------------------------------------------


def constant(load_a: float) -> Load:
    return lambda at_s: load_a


def pulses(chance: Random, load_a: float, period_s: float, share: float) -> Load:
    """Return a load of a fixed rhythm, as a hob, an oven or a heating."""
    shift_s = chance.uniform(0.0, period_s)
    return lambda at_s: load_a if (at_s + shift_s) % period_s < share * period_s else 0.0


def now_and_then(chance: Random, load_a: float, least_s: float, most_s: float) -> Load:
    """Return a load that is switched at random, as a kettle or a fridge."""
    edges, at_s = [], chance.uniform(0.0, most_s)
    while at_s < 2.0 * SEARCH_S:
        edges.append(at_s)
        at_s += chance.uniform(least_s, most_s)
    return lambda at_s: load_a if sum(edge <= at_s for edge in edges) % 2 else 0.0


def wave(chance: Random, load_a: float, period_s: float) -> Load:
    """Return a load that follows something, as a heat pump, or less than 0 the sun."""
    shift_s = chance.uniform(0.0, period_s)
    return lambda at_s: load_a * (0.5 + 0.5 * math.sin((at_s + shift_s) * 2 * math.pi / period_s))


def loads_of(chance: Random, phases: int) -> list[list[Load]]:
    """Return the loads of each phase of a house."""
    loads: list[list[Load]] = [[constant(chance.uniform(0.3, 4.0))] for _ in range(3)]
    for _ in range(phases):
        phase = chance.randrange(3)
        match chance.randrange(7):
            case 0:
                two = [pulses(chance, 11.0, chance.uniform(5, 25), chance.uniform(0.2, 0.8))] * 2
                for each, load in zip((phase, (phase + 1) % 3), two, strict=True):
                    loads[each].append(load)
            case 1:
                loads[phase].append(now_and_then(chance, chance.uniform(8, 11), 20.0, 240.0))
            case 2:  # of the size of the vehicle's step
                loads[phase].append(now_and_then(chance, chance.uniform(3.5, 4.5), 5.0, 40.0))
            case 3:  # of its size and rhythm
                loads[phase].append(
                    pulses(chance, chance.uniform(3.5, 4.5), chance.uniform(14, 26), 0.5)
                )
            case 4:
                load = wave(chance, chance.uniform(2, 6), chance.uniform(30, 200))
                for phase_loads in loads:
                    phase_loads.append(load)
            case 5:  # the sun, on three phases or on one
                load = wave(chance, -chance.uniform(3, 15), chance.uniform(20, 200))
                for phase_loads in loads if chance.random() < 0.5 else [loads[phase]]:
                    phase_loads.append(load)
            case _:
                loads[phase].append(now_and_then(chance, chance.uniform(0.5, 2.0), 5.0, 60.0))
    return loads


# --- the house --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Vehicle:
    """A vehicle that follows the offer late."""

    phases: int = 3
    delay_s: float = 1.0
    up_a_s: float = 5.0
    most_a: float = 32.0
    power_factor: float = 0.99


@dataclass(kw_only=True)
class WiredHouse:
    """The house, stepped until the measurement ends."""

    wiring: TrueWiring
    chance: Random
    loads: list[list[Load]]
    vehicle: Vehicle = Vehicle()
    poll_s: float = 1.0
    lag_s: float = 0.0  # over which the house meter averages
    noise_a: float = 0.1
    flicker_v: float = 0.0  # of each phase of the grid, by itself, in a second
    grid_ohm: float = 0.2
    cable_ohm: float = 0.15
    noise_v: float = 0.1
    others_a: float = math.inf  # the lowest of the other claims

    def __post_init__(self) -> None:
        self.now_s = 1000.0
        self.state = SearchState()
        self.refused = ""
        self.offers_a: list[float] = []
        self.drawn_a = min(16.0, self.vehicle.most_a)
        self.cp_state = CpState.C
        self.is_online = True
        self.limits = LIMITS
        self._offer_a = 16.0
        self._coming: deque[tuple[float, float]] = deque()
        self._grid_v = [230.0 + self.chance.uniform(-3, 3) for _ in range(3)]
        self._box_error_v = [self.chance.uniform(-1, 1) for _ in range(3)]
        self._averaged: deque[tuple[Three, Three]] = deque()
        self._read_s = self.now_s
        self._house = self._reading((0.0, 0.0, 0.0), (230.0, 230.0, 230.0))

    @property
    def wired(self) -> tuple[bool, bool, bool]:
        return (True, False, False) if len(self.wiring) == 1 else (True, True, True)

    @property
    def used(self) -> range:
        return range(min(self.vehicle.phases, len(self.wiring)))

    def search(self, seconds: float = SEARCH_S + 5.0) -> PhaseSearch:
        """Begin, and run until the measurement is over; return its result."""
        self.step(PhaseSearchAction.BEGIN)
        end_s = self.now_s + seconds
        while self.state.running is not None and self.now_s < end_s:
            self.step()
        assert self.state.shown is not None, self.refused
        return self.state.shown

    def is_wrong(self, shown: PhaseSearch) -> bool:
        """Return whether a proposal contradicts the wiring of a line that the vehicle uses."""
        if shown.proposal is None:
            return False
        order = METER_LINES[shown.proposal]
        return any(self.wiring[box] != (order[box], 1) for box in self.used)

    def step(self, asked: PhaseSearchAction | None = None) -> None:
        self.now_s += ROUND_S
        drawn_a = self._draw()
        house_a, house_v, box_v = self._flow(drawn_a)
        self._averaged.append((house_a, house_v))
        while len(self._averaged) > 1 + round(self.lag_s / ROUND_S):
            self._averaged.popleft()
        if self.now_s - self._read_s >= self.poll_s - 1e-6 and self.is_online:
            self._read_s = self.now_s
            currents_a = self._noisy(_mean([a for a, _ in self._averaged]), self.noise_a)
            voltages_v = self._noisy(_mean([v for _, v in self._averaged]), self.noise_v)
            self._house = self._reading(currents_a, voltages_v)
        box = self._box(drawn_a, self._noisy(box_v, self.noise_v))
        offered_a = min(self._offer_a, self.others_a)
        inputs = Inputs(
            now_s=self.now_s,
            supply_limits=self.limits,
            pilot=pilot_status(self.cp_state, offered_a, duty_percent=0.0),
            is_sent_after_start=True,
            safety=charging_safety(offered_a=offered_a, cp_state=self.cp_state),
            session=charging_session(),
            box_readings=(box,),
            house=self._house,
            sources=(),
            asked=asked,
        )
        moment = Moment(self.now_s)
        self.state, self.refused = follow(self.state, self.limits, self.wired, inputs, moment)
        claimed_a = claim(self.state).limit_a
        self._offer_a = 16.0 if claimed_a is None else claimed_a
        self.offers_a.append(self._offer_a)

    def _draw(self) -> Three:
        offer_a = min(self._offer_a, self.others_a)
        if not self._coming or self._coming[-1][1] != offer_a:
            self._coming.append((self.now_s + self.vehicle.delay_s, offer_a))
        goal_a = self.drawn_a
        while self._coming and self._coming[0][0] <= self.now_s:
            goal_a = 0.97 * min(self._coming[0][1], self.vehicle.most_a)
            if len(self._coming) == 1:
                break
            self._coming.popleft()
        if goal_a < 0.9 * LEAST_OFFER_A:
            goal_a = 0.0
        change_a = goal_a - self.drawn_a
        self.drawn_a += max(-40.0 * ROUND_S, min(self.vehicle.up_a_s * ROUND_S, change_a))
        one, two, three = (self.drawn_a if line in self.used else 0.0 for line in range(3))
        return one, two, three

    def _flow(self, drawn_a: Three) -> tuple[Three, Three, Three]:
        """Return what the clamps see [A], the voltages at the meter, and those at the box."""
        seconds = self.now_s - 1000.0
        totals = [sum(load(seconds) for load in loads) for loads in self.loads]
        for line in range(3):
            self._grid_v[line] += self.chance.gauss(0.0, self.flicker_v * math.sqrt(ROUND_S))
        shown = list(totals)
        box_v = [0.0, 0.0, 0.0]
        real = list(totals)
        for box, clamp in enumerate(self.wiring):
            meter = self._conductor(box) if clamp is None else clamp[0]
            real[meter] += drawn_a[box]
        house_v = [v - self.grid_ohm * a for v, a in zip(self._grid_v, real, strict=True)]
        for box, clamp in enumerate(self.wiring):
            meter = self._conductor(box) if clamp is None else clamp[0]
            box_v[box] = house_v[meter] - self.cable_ohm * drawn_a[box] + self._box_error_v[box]
            active_a = drawn_a[box] * self.vehicle.power_factor
            if clamp is None:
                shown[meter] = 0.02
            elif clamp[1] > 0:
                shown[meter] += active_a
            else:
                shown[meter] = -(shown[meter] + active_a)
        return tuple(shown), tuple(house_v), tuple(box_v)  # type: ignore[return-value]

    def _conductor(self, box: int) -> int:
        """Return on which conductor a line of the box is whose clamp is open."""
        taken = {clamp[0] for clamp in self.wiring if clamp is not None}
        free = [line for line in range(3) if line not in taken]
        missing = [each for each, clamp in enumerate(self.wiring) if clamp is None]
        return free[missing.index(box)]

    def _noisy(self, values: Sequence[float], noise: float) -> Three:
        one, two, three = (value + self.chance.gauss(0.0, noise) for value in values)
        return one, two, three

    def _reading(self, currents_a: Three, voltages_v: Three) -> MeterReading:
        return meter_reading(
            currents_a, self.now_s - 0.05, voltages_v, poll_s=self.poll_s, meter=METER
        )

    def _box(self, drawn_a: Three, box_v: Three) -> MeterReading:
        one, two, three = (
            line_values(a, v, power_w=a * v * self.vehicle.power_factor)
            for a, v in zip(drawn_a, box_v, strict=True)
        )
        power_w = one.power_w + two.power_w + three.power_w
        return meter_reading(at_s=self.now_s, lines=(one, two, three), power_w=power_w)


def _mean(rows: Sequence[Three]) -> list[float]:
    return [sum(row[line] for row in rows) / len(rows) for line in range(3)]


def random_house(seed: int) -> WiredHouse:
    """Return a house of every kind: wired as it can be set or not, quiet or busy."""
    chance = Random(seed)
    boxes = 1 if chance.random() < 0.3 else 3
    wired = (True, False, False) if boxes == 1 else (True, True, True)
    settable = [SETTABLE[each] for each in PhaseAssignment if fits(each, wired)]
    is_sound = chance.random() < 0.6
    wiring = chance.choice(settable) if is_sound else wrong_wiring(chance, boxes)
    return WiredHouse(
        wiring=wiring,
        chance=chance,
        loads=loads_of(chance, chance.choice((0, 1, 2, 4, 7))),
        vehicle=Vehicle(
            phases=chance.choice((1, 1, 2, 3)),
            delay_s=chance.uniform(0.3, 4.0),
            up_a_s=chance.choice((1.0, 5.0, 10.0)),
            most_a=chance.choice((32.0,) * 7 + (8.0,)),
            power_factor=chance.uniform(0.95, 1.0),
        ),
        poll_s=chance.choice((0.5, 1.0, 1.0, 1.0, 2.0, 5.0)),
        lag_s=chance.choice((0.0, 0.0, 1.0, 3.0)),
        noise_a=chance.uniform(0.01, 0.3),
        flicker_v=chance.choice((0.0, 0.05, 0.3, 1.0)),
        noise_v=chance.choice((0.02, 0.1, 0.4)),
        others_a=chance.choice((math.inf,) * 8 + (9.0, 7.0)),
    )

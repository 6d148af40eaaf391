"""One box in one house, with a vehicle that follows late: the arbiter, stepped by hand."""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from msgs.load_manager import LoadOffer
from msgs.meter import MeterReading
from msgs.pilot import CpState
from msgs.settings import PhaseAssignment
from msgs.wish import NO_WISHES
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import Config, step
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits as Settings
from nodes.load_manager.wishes import Source
from tests.builders import charging_safety, charging_session, meter_reading, pilot_status

Currents = tuple[float, float, float]
ROUND_S = 0.2
FUSE_A = 25.0


def reading(currents: Currents, at_s: float, poll_s: float = 1.0) -> MeterReading:
    return meter_reading(currents, at_s, poll_s=poll_s)


@dataclass(kw_only=True)
class Car:
    """A vehicle that follows the duty late, and takes a little less than it may."""

    lines: tuple[bool, bool, bool] = (True, True, True)
    delay_s: float = 1.0
    up_a_s: float = 5.0
    down_a_s: float = 40.0
    drawn_a: float = 0.0

    def __post_init__(self) -> None:
        self._coming: deque[tuple[float, float]] = deque()
        self._offer_a = 0.0

    def follow(self, now_s: float, offer_a: float) -> Currents:
        if not self._coming or self._coming[-1][1] != offer_a:
            self._coming.append((now_s + self.delay_s, offer_a))
        while self._coming and self._coming[0][0] <= now_s:
            self._offer_a = self._coming[0][1]
            if len(self._coming) == 1:
                break
            self._coming.popleft()
        goal_a = self._offer_a - 0.3 if self._offer_a >= 6.0 else 0.0
        change_a = goal_a - self.drawn_a
        self.drawn_a += max(-self.down_a_s * ROUND_S, min(self.up_a_s * ROUND_S, change_a))
        l1, l2, l3 = (self.drawn_a if line else 0.0 for line in self.lines)
        return l1, l2, l3


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One reading of the house's meter, and what followed from it."""

    others_a: Currents
    drawn_a: Currents
    offer: LoadOffer


class Site:
    """One box in one house; the other loads change with every poll."""

    def __init__(
        self,
        car: Car,
        phases: PhaseAssignment = PhaseAssignment.L1_L2_L3,
        poll_s: float = 1.0,
        lag_s: float = 0.0,
        report_s: float = 0.0,
        fuse_budget_percent: float = 0.0,
    ) -> None:
        self.config = Config(margin_a=0.5)
        self.supply_limits = Settings(
            monitoring=True,
            meter="",
            main_fuse_a=FUSE_A,
            phases=phases,
            fuse_budget_percent=fuse_budget_percent,
        )
        self.car = car
        self.poll_s = poll_s
        self.lag_s = lag_s  # the house meter averages over this time
        self.report_s = report_s  # its values are renewed that often; 0: with each poll
        self._reported_s = -math.inf
        self.now_s = 1000.0
        self.state = start(self.now_s)
        self.limits_a: list[float] = []  # each change
        self._offer: LoadOffer | None = None
        self._house: MeterReading | None = None
        self._totals: deque[tuple[float, Currents]] = deque()

    def run(self, others: Iterable[Currents]) -> Iterator[Moment]:
        for others_a in others:
            rounds = round(self.poll_s / ROUND_S)
            for number in range(rounds):
                self.now_s += ROUND_S
                offer_a = 0.0 if self._offer is None else self._offer.limit_a
                drawn_a = self.car.follow(self.now_s, offer_a)
                l1, l2, l3 = (a + b for a, b in zip(others_a, drawn_a, strict=True))
                self._totals.append((self.now_s, (l1, l2, l3)))
                if number == rounds - 1:
                    self._read_house()
                self._step(reading(drawn_a, self.now_s - 0.03), offer_a)
            assert self._offer is not None
            yield Moment(others_a=others_a, drawn_a=drawn_a, offer=self._offer)

    def _read_house(self) -> None:
        """Read the house meter: new values, or the old ones with a new time."""
        if self.now_s - self._reported_s >= self.report_s - 1e-6 or self._house is None:
            self._reported_s = self.now_s
            self._house = self.measure(self._seen())
        else:
            self._house = replace(self._house, sampled_ns=int(self.now_s * 1e9))

    @property
    def reductions(self) -> int:
        return sum(later < earlier for earlier, later in pairwise(self.limits_a))

    @property
    def pauses(self) -> int:
        return sum(later == 0.0 < earlier for earlier, later in pairwise(self.limits_a))

    def measure(self, currents_a: Currents) -> MeterReading:
        """Return what the house meter reads of these currents."""
        return reading(currents_a, self.now_s, self.poll_s)

    def _seen(self) -> Currents:
        while self._totals[0][0] < self.now_s - self.lag_s - 1e-6:
            self._totals.popleft()
        l1, l2, l3 = (
            sum(total[line] for _, total in self._totals) / len(self._totals) for line in range(3)
        )
        return l1, l2, l3

    def _step(self, box: MeterReading, offered_a: float) -> None:
        inputs = Inputs(
            now_s=self.now_s,
            supply_limits=self.supply_limits,
            pilot=pilot_status(CpState.C, offered_a, duty_percent=0.0),
            is_sent_after_start=True,
            safety=charging_safety(offered_a=offered_a),
            session=charging_session(),
            box_readings=(box,),
            house=self._house,
            sources=(Source(name="app", wishes=NO_WISHES),),
        )
        self.state, outputs = step(self.config, self.state, inputs)
        if outputs.offer is None:
            return
        self._offer = outputs.offer
        if not self.limits_a or self._offer.limit_a != self.limits_a[-1]:
            self.limits_a.append(self._offer.limit_a)

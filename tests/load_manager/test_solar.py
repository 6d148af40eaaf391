"""Charge with solar power: by the surplus at the connection, without toggling."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from msgspec.structs import replace

from msgs.load_manager import LoadOffer
from msgs.meter import Contradiction, LinePhase
from msgs.pilot import CpState
from msgs.settings import PhaseAssignment
from msgs.wish import NO_WISHES, Wish, Wishes
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import Config, step
from nodes.load_manager.solar import (
    SOURCE,
    START_AFTER_S,
    START_AGAIN_S,
    STOP_AFTER_S,
    SolarLimits,
    is_plausible,
)
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.wishes import Source
from tests.builders import charging_safety, charging_session, meter_reading, pilot_status

pytestmark = pytest.mark.req("MET-7")

METER = "tq@10.0.0.6:502/1"
V = 230.0
HOUR_S = 3600.0
MINUTE_S = 60.0
Power = Callable[[float], float]


@dataclass(kw_only=True)
class Roof:
    """A house with solar panels, a vehicle that follows its duty, the arbiter stepped by hand."""

    surplus_w: Power  # by the time since the start: solar power less the other loads
    phases: int = 3  # of the vehicle
    limits: SolarLimits = field(
        default_factory=lambda: SolarLimits(enabled=True, meter=METER, grid_share=0.0)
    )
    monitoring: bool = False
    has_meter: bool = True
    online: bool = True
    poll_s: float = 1.0
    box_is_heard: bool = True
    cp_state: CpState = CpState.C
    voltage_v: float = V
    wishes: Wishes = NO_WISHES
    offered_a: float = 0.0
    now_s: float = 1000.0

    def __post_init__(self) -> None:
        self.began_s = self.polled_s = self.now_s
        self.offers: list[tuple[float, LoadOffer]] = []
        self.drawn_a = 0.0
        self.house = meter_reading(0.0, self.now_s - 1.0, meter=METER)
        self.begin()

    def begin(self) -> None:
        """Start the arbiter, also again."""
        self.state = start(self.now_s)

    @property
    def draws_w(self) -> float:
        return self.drawn_a * self.phases * V

    @property
    def offer(self) -> LoadOffer:
        return self.offers[-1][1]

    @property
    def closings(self) -> list[float]:
        """Return when the vehicle was offered a current after none, since the start [s]."""
        return [
            at_s - self.began_s
            for (_, before), (at_s, after) in pairwise(self.offers)
            if before.limit_a == 0.0 < after.limit_a
        ]

    def run(self, seconds: float) -> list[float]:
        """Let time pass; return the offers."""
        first = len(self.offers)
        for _ in range(round(seconds)):
            self.tick()
        return [offer.limit_a for _, offer in self.offers[first:]]

    def tick(self) -> None:
        self.now_s += 1.0
        is_ready = self.cp_state is CpState.C and self.offered_a >= 6.0
        self.drawn_a = self.offered_a - 0.3 if is_ready else 0.0
        drawn = [self.drawn_a] * self.phases + [0.0] * (3 - self.phases)
        a, b, c = drawn
        box = meter_reading((a, b, c), self.now_s - 0.1)
        if self.has_meter and self.now_s - self.polled_s >= self.poll_s:
            self.polled_s = self.now_s
            total_w = self.draws_w - self.surplus_w(self.now_s - self.began_s)
            volts = (self.voltage_v,) * 3
            self.house = meter_reading(
                total_w / 3.0 / V,
                self.now_s - 0.1,
                volts,
                power_w=total_w,
                meter=METER,
                online=self.online,
                poll_s=self.poll_s,
            )
        site = SupplyLimits(
            monitoring=self.monitoring,
            meter=METER,
            main_fuse_a=63.0 if self.monitoring else None,
            phases=PhaseAssignment.L1_L2_L3,
        )
        inputs = Inputs(
            now_s=self.now_s,
            supply_limits=site,
            pilot=pilot_status(self.cp_state, self.offered_a, duty_percent=0.0),
            is_sent_after_start=True,
            safety=charging_safety(cp_state=self.cp_state, offered_a=self.offered_a),
            session=charging_session(),
            box_readings=(box,) if self.box_is_heard else (),
            house=self.house,
            sources=(Source(name="app", wishes=self.wishes),),
            solar=self.limits,
        )
        self.state, outputs = step(Config(margin_a=0.5), self.state, inputs)
        if round(self.now_s) % 7 == 0:  # a look without news changes nothing
            again, same = step(Config(margin_a=0.5), self.state, replace(inputs, box_readings=()))
            assert (again.solar, same.offer) == (self.state.solar, outputs.offer)
        if outputs.offer is not None:
            self.offers.append((self.now_s, outputs.offer))
            self.offered_a = outputs.offer.limit_a


def steady(power_w: float) -> Power:
    return lambda _: power_w


def clouds(sun_w: float, cloud_w: float, period_s: float) -> Power:
    return lambda at_s: sun_w if at_s % period_s < period_s / 2.0 else cloud_w


@pytest.mark.parametrize(
    ("phases", "surplus_w", "limit_a"),
    [
        (1, 1300.0, 0.0),  # 6 A of one phase need 1.4 kW
        (1, 1600.0, 6.9),
        (1, 4600.0, 20.0),
        (1, 9000.0, 32.0),
        (2, 4600.0, 10.0),
        (3, 4600.0, 6.6),
        (3, 8280.0, 12.0),
    ],
)
def test_the_surplus_is_offered_on_the_phases_that_the_vehicle_uses(
    phases: int, surplus_w: float, limit_a: float
) -> None:
    roof = Roof(surplus_w=steady(surplus_w), phases=phases)
    roof.run(600.0)
    assert roof.offer.limit_a == pytest.approx(limit_a, abs=0.5)
    assert roof.draws_w <= surplus_w + 60.0
    assert len(roof.closings) <= 1


def test_a_charge_starts_after_the_surplus_has_lasted_and_says_when() -> None:
    roof = Roof(surplus_w=lambda at_s: 3000.0 if at_s >= 300.0 else 200.0, phases=1)
    assert set(roof.run(299.0)) == {0.0}
    assert roof.offer.reason == SOURCE
    assert roof.offer.detail == (
        "The house leaves 0.2 kW of solar power: paused until 1.5 kW have lasted 60 s."
    )
    roof.run(26.0)
    assert "3.0 kW" not in roof.offer.detail  # a mean
    assert "have lasted 60 s; if they last, the charge starts in " in roof.offer.detail
    roof.run(60.0)
    (closed_s,) = roof.closings
    assert 300.0 + START_AFTER_S <= closed_s <= 300.0 + START_AFTER_S + 30.0
    assert roof.offer.detail == (
        "The house leaves 3.0 kW of solar power: 6.0 A for the car, until it has charged for 15 s "
        "and its phases are known."
    )
    roof.run(60.0)
    assert "3.0 kW of solar power: 13.0 A for the car" in roof.offer.detail


def test_a_lack_pauses_only_once_it_has_lasted() -> None:
    roof = Roof(surplus_w=lambda at_s: 3000.0 if at_s < 600.0 else 0.0, phases=1)
    roof.run(600.0 + STOP_AFTER_S - 1.0)
    assert roof.offer.limit_a == 6.0
    assert "less than the 1.4 kW that the car needs for 6 A: paused if that lasts 180 s" in (
        roof.offer.detail
    )
    roof.run(40.0)
    assert roof.offer.limit_a == 0.0


@pytest.mark.parametrize(
    ("phases", "period_s"),
    [
        *((1, 20.0), (3, 480.0)),
        *(
            pytest.param(*each, marks=pytest.mark.proof)
            for each in (
                *((3, 20.0), (1, 60.0), (3, 60.0), (1, 120.0), (3, 120.0)),
                *((1, 480.0), (1, 700.0), (3, 700.0)),
            )
        ),
    ],
)
def test_clouds_cause_at_most_four_closings_an_hour(phases: int, period_s: float) -> None:
    roof = Roof(surplus_w=clouds(9000.0, 0.0, period_s), phases=phases)
    roof.run(1.5 * HOUR_S)
    for closed_s in roof.closings:
        assert sum(closed_s <= other < closed_s + HOUR_S for other in roof.closings) <= 4
    assert roof.closings or period_s == 60.0  # never enough for a minute


def sky(seed: int) -> Iterator[float]:
    """Return a random power for each second: clouds of 5 s to 10 minutes."""
    chance = random.Random(f"sky/{seed}")
    while True:
        power_w = chance.choice((0.0, 800.0, 1500.0, 3000.0, 5000.0, 11000.0)) - 500.0
        yield from [power_w] * round(chance.choice((5.0, 30.0, 60.0, 180.0, 600.0)))


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(1, 10))]
)
def test_under_any_sky_it_neither_toggles_nor_draws_from_the_grid_for_long(seed: int) -> None:
    powers = sky(seed)
    days = [next(powers) for _ in range(2 * 3600 + 60)]
    roof = Roof(surplus_w=lambda at_s: days[round(at_s)], phases=1 + seed % 3)
    imported_s = 0.0
    for _ in range(2 * 3600):
        roof.tick()
        recent = days[max(round(roof.now_s - roof.began_s) - 240, 0) :][:240]
        imported_s = imported_s + 1.0 if roof.draws_w > max(*recent, 0.0) + 200.0 else 0.0
        if roof.state.solar.w_per_a is not None:  # before, it counts as one phase
            assert imported_s <= STOP_AFTER_S + 60.0
    for closed_s in roof.closings:
        assert sum(closed_s <= other < closed_s + HOUR_S for other in roof.closings) <= 4


def test_after_a_start_the_next_one_is_a_quarter_of_an_hour_later_and_it_says_so() -> None:
    roof = Roof(surplus_w=lambda at_s: 0.0 if 600.0 <= at_s < 850.0 else 3000.0, phases=1)
    roof.run(840.0)
    assert roof.offer.limit_a == 0.0
    assert "have lasted 60 s, and 3 min at least" in roof.offer.detail
    roof.run(600.0)
    first_s, second_s = roof.closings
    assert second_s - first_s == pytest.approx(START_AGAIN_S, abs=1.0)


@pytest.mark.parametrize(("share", "limit_a"), [(0.0, 0.0), (0.5, 8.6), (0.75, 17.3), (1.0, 32.0)])
def test_a_share_of_the_power_may_come_from_the_grid(share: float, limit_a: float) -> None:
    limits = SolarLimits(enabled=True, meter=METER, grid_share=share)
    roof = Roof(surplus_w=steady(1000.0), phases=1, limits=limits)
    roof.run(600.0)
    assert roof.offer.limit_a == pytest.approx(limit_a, abs=0.5)
    if 0.0 < share < 1.0:
        assert f"and {share:.0%} may come from the grid" in roof.offer.detail


def test_a_minimum_is_offered_without_any_surplus() -> None:
    limits = SolarLimits(enabled=True, meter=METER, minimum_a=8.0)
    roof = Roof(surplus_w=clouds(9000.0, 0.0, 1200.0), phases=1, limits=limits)
    offers = roof.run(HOUR_S)
    assert min(offers[60:]) == 8.0
    assert max(offers) == 32.0
    assert len(roof.closings) <= 1
    roof.has_meter = False
    roof.run(600.0)
    assert (roof.offer.limit_a, roof.offer.reason) == (8.0, SOURCE)
    assert "The house meter is silent" in roof.offer.detail


@pytest.mark.parametrize("way", ["silent", "offline", "no voltage"])
@pytest.mark.req("MET-3")
def test_without_the_house_meter_there_is_no_surplus(way: str) -> None:
    roof = Roof(surplus_w=steady(5000.0), phases=1)
    roof.run(600.0)
    assert roof.offer.limit_a > 20.0
    match way:
        case "silent":
            roof.has_meter = False
        case "offline":
            roof.online = False
        case _:
            roof.voltage_v = 0.0
    roof.run(15.0)
    assert (roof.offer.limit_a, roof.offer.reason) == (6.0, SOURCE)
    assert "The house meter is silent, so no solar power is known" in roof.offer.detail
    roof.run(STOP_AFTER_S)
    assert roof.offer.limit_a == 0.0
    roof.run(600.0)
    assert roof.offer.limit_a == 0.0
    roof.has_meter, roof.online, roof.voltage_v = True, True, V
    roof.run(START_AFTER_S + 5.0)
    assert roof.offer.limit_a == 6.0


def test_a_box_that_is_not_measured_counts_as_if_it_drew_nothing() -> None:
    roof = Roof(surplus_w=steady(3000.0), phases=1, offered_a=16.0, box_is_heard=False)
    roof.run(60.0)
    assert roof.offer.limit_a == 6.0


def test_a_slow_meter_is_followed_as_well() -> None:
    roof = Roof(surplus_w=steady(4600.0), phases=1, poll_s=30.0)
    roof.run(900.0)
    assert roof.offer.limit_a == pytest.approx(20.0, abs=0.6)


@pytest.mark.parametrize("surplus_w", [0.0, 5000.0])
def test_switched_on_in_a_charge_it_raises_nothing_and_does_not_pause_at_once(
    surplus_w: float,
) -> None:
    roof = Roof(surplus_w=steady(surplus_w), phases=1, limits=SolarLimits(), wishes=app(10.0))
    roof.run(60.0)
    assert roof.offer.limit_a == 10.0
    roof.limits = SolarLimits(enabled=True, meter=METER)
    offers = roof.run(STOP_AFTER_S - 10.0)
    assert max(offers) <= 10.0
    assert min(offers) >= 6.0
    roof.run(60.0)
    assert roof.offer.limit_a == (10.0 if surplus_w else 0.0)


def app(limit_a: float) -> Wishes:
    return Wishes(wishes=(Wish(name="app", limit_a=limit_a),))


@pytest.mark.parametrize("phases", [1, 3])
def test_a_restart_neither_raises_nor_ends_a_pause(phases: int) -> None:
    roof = Roof(surplus_w=lambda at_s: 7000.0 if at_s < 900.0 else 0.0, phases=phases)
    roof.run(600.0)
    before_a = roof.offer.limit_a
    assert before_a > 6.0
    roof.begin()
    offers = roof.run(10.0)
    assert set(offers) == {before_a}
    roof.run(600.0)
    assert roof.offer.limit_a == 0.0
    roof.begin()
    assert set(roof.run(600.0)) == {0.0}


def test_the_next_vehicle_counts_as_one_phase_until_it_has_drawn() -> None:
    roof = Roof(surplus_w=steady(3000.0), phases=3)
    roof.run(600.0)
    assert roof.offer.limit_a == 0.0  # 4.1 kW are needed
    assert "until 4.5 kW have lasted" in roof.offer.detail
    roof.cp_state = CpState.A
    roof.run(61.0)
    roof.phases, roof.cp_state = 1, CpState.C
    roof.run(60.0)
    assert roof.offer.limit_a == pytest.approx(13.0, abs=0.5)


def test_a_vehicle_that_comes_with_the_sun_charges_at_once_and_its_start_counts() -> None:
    roof = Roof(surplus_w=lambda at_s: 0.0 if 200.0 <= at_s < 700.0 else 5000.0, phases=1)
    roof.cp_state = CpState.A
    roof.run(130.0)
    roof.cp_state = CpState.C
    began_s = roof.now_s - roof.began_s
    assert min(roof.run(60.0)) == 6.0
    roof.run(500.0)
    assert roof.offer.limit_a == 0.0
    roof.run(0.2 * HOUR_S)
    assert roof.closings[-1] - began_s == pytest.approx(START_AGAIN_S, abs=2.0)


def test_it_never_raises_above_another_claim() -> None:
    roof = Roof(surplus_w=steady(20000.0), phases=1, wishes=app(10.0), monitoring=True)
    assert max(roof.run(600.0)) == 10.0
    assert roof.offer.reason == "app"


def test_off_it_is_not_in_the_chain() -> None:
    roof = Roof(surplus_w=steady(0.0), limits=SolarLimits())
    roof.run(20.0)
    assert roof.offer.limit_a == 32.0
    assert SOURCE not in {limit.source for limit in roof.offer.limits}


def test_a_reading_that_contradicts_itself_is_no_surplus() -> None:
    contradiction = Contradiction(phase=LinePhase.L1, at_most_a=9.0, text="a test")
    reading = meter_reading(-9.0, 1.0, meter=METER)
    assert is_plausible(reading)
    assert not is_plausible(replace(reading, contradictions=(contradiction,)))


@pytest.mark.parametrize("power_w", [float("nan"), float("inf"), float("-inf"), -1e9])
def test_nonsense_of_the_meter_is_no_surplus(power_w: float) -> None:
    roof = Roof(surplus_w=steady(power_w), phases=1, offered_a=16.0)
    roof.run(300.0)
    assert roof.offer.limit_a == 0.0

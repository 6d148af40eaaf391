"""The difference between the phases stays below its limit while a vehicle uses not all of them."""

import random
from itertools import pairwise
from typing import get_args

import pytest
from msgspec.structs import replace

from msgs.load_manager import LoadOffer
from msgs.pilot import CpState
from msgs.safety import Contactor
from msgs.settings import METER_LINES, PhaseAssignment, UnbalanceAmps
from msgs.wish import NO_WISHES
from nodes.load_manager.inputs import Inputs
from nodes.load_manager.machine import Config, step
from nodes.load_manager.ramp import PAUSE_AFTER_S, PAUSE_UNREAD_S
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits
from nodes.load_manager.unbalance import SOURCE, UnbalanceLimits
from nodes.load_manager.wishes import Source
from tests.builders import charging_safety, charging_session, meter_reading, pilot_status
from tests.load_manager.site import ROUND_S, Car

pytestmark = pytest.mark.req("MET-7")

METER = "tq@10.0.0.6:502/1"
LIMIT_A = 20.0
Currents = tuple[float, float, float]
ALL = (True, True, True)


class Street:
    """A box in a house whose phases may differ by 20 A; the arbiter stepped by hand."""

    def __init__(
        self,
        *,
        lines: tuple[bool, bool, bool] = (True, False, False),
        phases: PhaseAssignment = PhaseAssignment.L1_L2_L3,
        has_meter: bool = True,
        wired: tuple[bool, bool, bool] = ALL,
        enabled: bool = True,
    ) -> None:
        self.car = Car(lines=lines)
        self.phases, self.has_meter, self.wired = phases, has_meter, wired
        self.limits = UnbalanceLimits(
            enabled=enabled, limit_a=LIMIT_A, meter=METER if has_meter else "", phases=phases
        )
        self.others_a: Currents = (2.0, 2.0, 2.0)
        self.cp_state = CpState.C
        self.contactor = Contactor.CLOSED
        self.box_is_heard = True
        self.poll_s = 1.0
        self.report_s = 0.0  # the meter's values are renewed that often; 0: with each poll
        self.reported_s = 0.0
        self.now_s = 1000.0
        self.polled_s = 0.0
        self.house = meter_reading(0.0, 999.0, meter=METER)
        self.offers: list[LoadOffer] = []
        self.totals_a: Currents = (0.0, 0.0, 0.0)
        self.begin()

    def begin(self) -> None:
        self.state = start(self.now_s)

    @property
    def offer(self) -> LoadOffer:
        return self.offers[-1]

    @property
    def difference_a(self) -> float:
        """Return by how much the vehicle's phases are above the lowest."""
        lines = METER_LINES[self.phases]
        used = [lines[box] for box in range(len(lines)) if self.car.lines[box]]
        return max(self.totals_a[meter] for meter in used) - min(self.totals_a)

    def run(self, seconds: float, **facts: object) -> list[LoadOffer]:
        for name, value in facts.items():
            setattr(self, name, value)
        first = len(self.offers)
        for _ in range(round(seconds / ROUND_S)):
            self._tick()
        return self.offers[first:]

    def _tick(self) -> None:
        self.now_s += ROUND_S
        offered_a = self.offers[-1].limit_a if self.offers else 0.0
        is_charging = self.cp_state is CpState.C and self.contactor is Contactor.CLOSED
        drawn_a = self.car.follow(self.now_s, offered_a if is_charging else 0.0)
        totals = list(self.others_a)
        for box, meter in enumerate(METER_LINES[self.phases]):
            totals[meter] += drawn_a[box]
        one, two, three = totals
        self.totals_a = (one, two, three)
        if self.has_meter and self.now_s - self.polled_s >= self.poll_s - 1e-6:
            self.polled_s = self.now_s
            if self.now_s - self.reported_s >= self.report_s - 1e-6:
                self.reported_s = self.now_s
                self.shown_a, self.shown_v = self.totals_a, 230.0 + self.now_s % 2.0
            self.house = meter_reading(
                self.shown_a,
                self.now_s - 0.02,
                (self.shown_v,) * 3,
                meter=METER,
                poll_s=self.poll_s,
            )
        inputs = Inputs(
            now_s=self.now_s,
            supply_limits=SupplyLimits(
                monitoring=False, meter=METER, main_fuse_a=None, phases=self.phases
            ),
            pilot=pilot_status(self.cp_state, offered_a, duty_percent=0.0),
            is_sent_after_start=True,
            safety=charging_safety(
                cp_state=self.cp_state,
                contactor=self.contactor,
                offered_a=offered_a,
                wired_phases=self.wired,
            ),
            session=charging_session(energy_wh=10.0),
            box_readings=(meter_reading(drawn_a, self.now_s - 0.03),) * self.box_is_heard,
            house=self.house,
            sources=(Source(name="app", wishes=NO_WISHES),),
            unbalance=self.limits,
        )
        config = Config(margin_a=0.5)
        self.state, outputs = step(config, self.state, inputs)
        again, _ = step(config, self.state, replace(inputs, box_readings=()))
        assert again.unbalance == self.state.unbalance  # a look without news changes nothing
        if outputs.offer is not None:
            self.offers.append(outputs.offer)


@pytest.mark.parametrize("has_meter", [False, True])
@pytest.mark.parametrize(
    ("lines", "limit_a"),
    [((True, False, False), 20.0), ((True, True, False), 20.0), (ALL, 32.0)],
)
def test_only_a_vehicle_that_uses_not_all_phases_is_limited(
    lines: tuple[bool, bool, bool], limit_a: float, has_meter: bool
) -> None:
    street = Street(lines=lines, has_meter=has_meter)
    offers = street.run(60.0)
    assert max(offer.limit_a for offer in offers[:5]) <= LIMIT_A  # its phases are not known yet
    assert street.offer.limit_a == pytest.approx(limit_a)
    assert street.run(5.0)[-1].limit_a == street.offer.limit_a


@pytest.mark.parametrize("phases", list(PhaseAssignment))
@pytest.mark.parametrize(
    ("others_a", "limit_a"),
    [
        ((8.0, 2.0, 5.0), 14.0),
        ((2.0, 8.0, 5.0), 20.0),  # no more than alone
        ((-4.0, 2.0, 5.0), 20.0),
        ((8.0, -4.0, 5.0), 8.0),  # a phase that exports
    ],
)
def test_the_other_loads_count(phases: PhaseAssignment, others_a: Currents, limit_a: float) -> None:
    street = Street(phases=phases)
    first = METER_LINES[phases][0]
    rotated = [others_a[(meter - first) % 3] for meter in range(3)]
    street.run(60.0, others_a=tuple(rotated))
    assert street.offer.limit_a == pytest.approx(limit_a, abs=0.5)
    assert street.difference_a <= LIMIT_A + 0.1
    (claim,) = (limit for limit in street.offer.limits if limit.source == SOURCE)
    if limit_a != LIMIT_A:
        assert f"The phases may differ by 20 A, and the other loads on L{first + 1}" in claim.detail


def test_a_peak_lowers_to_6_a_and_a_lack_that_lasts_pauses() -> None:
    street = Street()
    street.run(60.0)
    offers = street.run(PAUSE_AFTER_S, others_a=(18.0, 2.0, 2.0))
    assert offers[-1].limit_a == 6.0
    street.run(5.0)
    assert (street.offer.limit_a, street.offer.reason) == (0.0, SOURCE)
    assert "paused until the difference has fallen" in street.offer.detail
    street.run(70.0, others_a=(2.0, 2.0, 2.0))
    assert street.offer.limit_a == 20.0


def test_without_the_house_meter_it_keeps_what_it_last_allowed() -> None:
    street = Street()
    street.run(60.0, others_a=(8.0, 2.0, 2.0))
    assert street.offer.limit_a == pytest.approx(14.0, abs=0.5)
    before_a = street.offer.limit_a
    offers = street.run(60.0, has_meter=False)
    assert {offer.limit_a for offer in offers} == {before_a}
    assert "the house meter is silent" in street.offer.detail
    street.run(5.0, cp_state=CpState.A)
    street.run(30.0, cp_state=CpState.C)
    assert street.offer.limit_a == LIMIT_A


def test_a_lack_that_no_reading_has_ended_pauses() -> None:
    street = Street()
    street.run(60.0)
    assert street.run(2.0, others_a=(18.0, 2.0, 2.0))[-1].limit_a == 6.0
    assert street.run(PAUSE_UNREAD_S + 1.0, has_meter=False)[-1].limit_a == 0.0


@pytest.mark.parametrize("wired", [ALL, (True, False, False), (False, False, False)])
def test_a_box_with_one_phase_is_limited_as_well(wired: tuple[bool, bool, bool]) -> None:
    street = Street(phases=PhaseAssignment.L1, wired=wired)
    street.run(60.0)
    assert street.offer.limit_a == LIMIT_A


def test_a_restart_raises_nothing() -> None:
    street = Street()
    street.run(60.0, others_a=(8.0, 2.0, 2.0))
    before_a = street.offer.limit_a
    street.begin()
    assert max(offer.limit_a for offer in street.run(10.0)) <= before_a
    street.run(30.0)
    assert street.offer.limit_a == pytest.approx(before_a, abs=0.5)


@pytest.mark.parametrize("seed", range(4))
def test_at_random_the_difference_lasts_no_longer_than_the_reaction(seed: int) -> None:
    chance = random.Random(f"unbalance/{seed}")
    lines = chance.choice([(True, False, False), (True, True, False)])
    street = Street(lines=lines, phases=chance.choice(list(PhaseAssignment)[:3]))
    above_s = 0.0
    for _ in range(40):
        a, b, c = (chance.choice((0.0, 2.0, 6.0, 12.0, -5.0)) for _ in range(3))
        street.others_a = (a, b, c)
        for _ in range(round(chance.uniform(2.0, 30.0) / ROUND_S)):
            street.run(ROUND_S)
            is_above = street.difference_a > LIMIT_A + 0.1 and street.car.drawn_a > 6.0
            above_s = above_s + ROUND_S if is_above else 0.0
            assert above_s <= 1.0 + 1.0 + 1.0  # a poll, the vehicle's delay, its fall


def test_off_it_is_not_in_the_chain() -> None:
    street = Street(enabled=False)
    street.run(10.0)
    assert SOURCE not in {limit.source for limit in street.offer.limits}
    assert street.offer.limit_a == 32.0


def test_where_the_meter_is_switched_off_in_a_pause_the_charge_goes_on() -> None:
    street = Street()
    street.run(60.0)
    street.run(30.0, others_a=(18.0, 2.0, 2.0))
    assert (street.offer.limit_a, street.offer.reason) == (0.0, SOURCE)
    street.limits = replace(street.limits, meter="")
    assert street.run(10.0, has_meter=False)[-1].limit_a == LIMIT_A
    (claim,) = (limit for limit in street.offer.limits if limit.source == SOURCE)
    assert "other loads" not in claim.detail  # they are not measured any more


@pytest.mark.parametrize("others_a", [(18.0, 2.0, 2.0), (8.0, 2.0, 2.0)])
def test_without_a_vehicle_the_other_loads_change_no_offer(others_a: Currents) -> None:
    street = Street()
    street.run(20.0)
    offers = street.run(30.0, cp_state=CpState.A, others_a=others_a)
    assert {offer.limit_a for offer in offers[5:]} == {LIMIT_A}


def test_a_lack_while_nothing_is_charged_counts_as_no_pause() -> None:
    street = Street()
    street.run(20.0, cp_state=CpState.A)
    street.run(20.0, cp_state=CpState.C, contactor=Contactor.OPEN)
    for _ in range(6):
        street.run(30.0, others_a=(18.0, 2.0, 2.0))
        assert street.offer.limit_a == 0.0
        street.run(30.0, others_a=(2.0, 2.0, 2.0))
        assert street.offer.limit_a == LIMIT_A


def test_a_box_with_two_phases_is_limited_as_well() -> None:
    street = Street(lines=(True, True, False), wired=(True, True, False))
    street.run(60.0)
    assert street.offer.limit_a == LIMIT_A
    assert street.difference_a <= LIMIT_A


@pytest.mark.parametrize("report_s", [1.0, 5.0, 10.0])
def test_a_meter_with_old_values_makes_nothing_swing(report_s: float) -> None:
    street = Street()
    street.report_s = report_s
    for load_a in (2.0, 8.0, 2.0, 14.0):  # the pace is learned
        street.run(90.0, others_a=(load_a, 2.0, 2.0))
    for load_a in (2.0, 8.0, 2.0, 14.0):
        offers = street.run(60.0, others_a=(load_a, 2.0, 2.0))
        changes = sum(before.limit_a != after.limit_a for before, after in pairwise(offers))
        assert changes <= 1
        assert street.offer.limit_a == pytest.approx(22.0 - load_a, abs=0.5)


@pytest.mark.parametrize("polls_s", [1.0, 4.0])
@pytest.mark.parametrize("looks", [0, 1, 4])  # before the first reading of the box
def test_neither_a_restart_nor_the_setting_pauses_a_charge(looks: int, polls_s: float) -> None:
    street = Street()
    street.poll_s = polls_s
    street.run(60.4)
    street.begin()
    offers = street.run(looks * ROUND_S, box_is_heard=False)
    offers += street.run(30.0, box_is_heard=True)
    assert min(offer.limit_a for offer in offers) == LIMIT_A


def test_with_the_least_limit_that_can_be_set_a_pause_ends() -> None:
    street = Street()
    street.limits = replace(street.limits, limit_a=get_args(UnbalanceAmps)[1].ge)
    street.run(60.0)
    street.run(30.0, others_a=(18.0, 2.0, 2.0))
    assert street.offer.limit_a == 0.0
    street.run(90.0, others_a=(2.0, 2.0, 2.0))
    assert street.offer.limit_a >= 6.0


def test_it_says_until_when_a_charge_is_paused() -> None:
    street = Street()
    street.run(60.0)
    street.run(30.0, others_a=(18.0, 2.0, 2.0))
    assert "16.0 A above those of another phase: paused until the difference" in street.offer.detail
    street.run(10.0, others_a=(2.0, 2.0, 2.0))
    assert "0.0 A above those of another phase: paused until that has lasted 60 s" in (
        street.offer.detail
    )


@pytest.mark.parametrize("polls_s", [1.0, 4.0, 8.0])
def test_a_restart_between_two_readings_raises_nothing(polls_s: float) -> None:
    street = Street()
    street.poll_s = polls_s
    street.run(150.0 + 0.8 * polls_s, others_a=(8.0, 2.0, 2.0))
    before_a = street.offer.limit_a
    assert before_a == pytest.approx(14.0, abs=0.5)
    street.begin()
    offers = street.run(ROUND_S, box_is_heard=False) + street.run(30.0, box_is_heard=True)
    assert {offer.limit_a for offer in offers} == {before_a}

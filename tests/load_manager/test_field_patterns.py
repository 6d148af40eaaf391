"""What users of other chargers report of load balancing, and what this arbiter does instead.

The references are threads of github.com, as <owner>/<repository>#<number>.
"""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from msgspec.structs import replace

from msgs.load_manager import HouseMeter
from msgs.meter import MeterReading
from tests.load_manager.site import FUSE_A, ROUND_S, Car, Currents, Moment, Site

REACTION_S = 6  # a poll of 1 s, and the 5 s that a vehicle may take


def loads(*steps: tuple[float, int], noise_a: float = 0.05) -> Iterator[Currents]:
    """Yield other loads on L1 for so many polls each, with the last digits of a real meter."""
    number = 0
    for load_a, polls in steps:
        for _ in range(polls):
            number += 1
            yield load_a + noise_a * (number * 7 % 5 - 2), 1.0 + noise_a * (number % 3), 1.0


def p1(car: Car) -> Site:
    """Return a house with a P1 port: it is read each second, and has new values each 10 s."""
    return Site(car, report_s=10.0)


def falls(moments: list[Moment]) -> int:
    limits_a = [moment.offer.limit_a for moment in moments]
    return sum(later < earlier for earlier, later in pairwise(limits_a))


@pytest.mark.req("MET-1")
def test_one_load_lowers_the_offer_once_though_the_meter_reports_each_10_s() -> None:
    """SmartEVSE/SmartEVSE-3#123: it steps down faster than P1 data comes, and stops for nothing."""
    site = p1(Car())
    list(site.run(loads((2.0, 200))))
    before = site.reductions
    lowered = list(site.run(loads((14.0, 60))))
    assert site.reductions == before + 1
    assert site.pauses == 0
    assert lowered[-1].offer.limit_a == pytest.approx(10.4, abs=0.3)
    for moment in lowered[10 + REACTION_S :]:
        assert moment.others_a[0] + moment.drawn_a[0] <= FUSE_A


@pytest.mark.req("MET-1")
def test_a_load_does_not_wear_the_offer_down_step_by_step() -> None:
    """dingo35/SmartEVSE-3.5#306: the current ramps from 15.7 A down to 0.9 A."""
    for poll_s, report_s in ((1.0, 0.0), (1.0, 5.0), (1.0, 10.0), (5.0, 0.0), (10.0, 0.0)):
        site = Site(Car(), poll_s=poll_s, report_s=report_s)
        list(site.run(loads((2.0, round(200 / poll_s)))))
        moments = list(site.run(loads((9.0, round(300 / poll_s)))))
        assert falls(moments) <= 1
        assert moments[-1].offer.limit_a == pytest.approx(15.4, abs=0.4)


@pytest.mark.req("MET-1")
def test_a_raise_waits_for_three_fresh_readings_of_a_slow_meter() -> None:
    """SmartEVSE/SmartEVSE-3#123 and AstraMeter#393: the pace follows the meter."""
    for poll_s, report_s, least_s in ((1.0, 0.0, 10.0), (5.0, 0.0, 10.0), (1.0, 10.0, 20.0)):
        site = Site(Car(), poll_s=poll_s, report_s=report_s)
        list(site.run(loads((2.0, round(120 / poll_s)), (14.0, round(120 / poll_s)))))
        moments = list(site.run(loads((2.0, round(90 / poll_s)))))
        raised = [number for number, moment in enumerate(moments) if moment.offer.limit_a > 12.0]
        assert least_s - 1.0 <= raised[0] * poll_s <= 2.0 * least_s + 15.0
        promised = [moment.offer.fuse.rises_ns for moment in moments if moment.offer.fuse]
        assert any(rises_ns is not None for rises_ns in promised)


@pytest.mark.req("MET-1")
def test_two_boxes_behind_one_fuse_do_not_swing_and_keep_it() -> None:
    """openWB/core#1605: boxes on one feeder swing between little and much current.

    Each box has its own arbiter and is a load of the house to the other one.
    """
    first, second = Site(Car(delay_s=0.6)), Site(Car(delay_s=1.4))
    first_a: Currents = (0.0, 0.0, 0.0)
    beyond_s = changes = 0
    limits_a = (0.0, 0.0)
    for number in range(900):
        second_moment = next(iter(second.run([add(first_a, 2.0, number)])))
        first_moment = next(iter(first.run([add(second_moment.drawn_a, 2.0, number)])))
        first_a = first_moment.drawn_a
        total_a = 2.0 + first_a[0] + second_moment.drawn_a[0]
        beyond_s = beyond_s + 1 if total_a > FUSE_A + 0.2 else 0
        assert beyond_s <= 2 * REACTION_S
        now_a = (first_moment.offer.limit_a, second_moment.offer.limit_a)
        if number >= 300:
            changes += now_a != limits_a
            assert min(now_a) >= 6.0
        limits_a = now_a
    assert changes <= 6


def add(drawn_a: Currents, base_a: float, number: int) -> Currents:
    one_a, two_a, three_a = drawn_a
    ripple_a = 0.02 * (number % 3)
    return one_a + base_a + ripple_a, two_a + 1.0, three_a + 1.0


@pytest.mark.req("MET-1")
def test_old_values_with_new_times_raise_nothing_beyond_what_is_left() -> None:
    """EVerest/EVerest#2673: the last values of a dead meter are sent again with fresh times."""
    site = Site(Car())
    list(site.run(loads((10.0, 120))))
    site.report_s = 1e9  # from now on
    moments = list(site.run(loads((10.0, 600))))
    assert max(moment.offer.limit_a for moment in moments) <= 15.0
    assert site.pauses == 0  # nor does the vehicle stop for an overload that there is not


@pytest.mark.req("MET-1", "MET-3")
def test_a_gap_of_readings_ends_no_charge() -> None:
    """EVerest/EVerest#2682: a gap in the measurements is treated as the end."""
    site = GapSite(Car())
    list(site.run(loads((5.0, 60))))
    before_a = site.limits_a[-1]
    site.is_silent = True
    gap = list(site.run(loads((5.0, 8))))
    assert {moment.offer.limit_a for moment in gap} == {before_a}
    lost = list(site.run(loads((5.0, 120))))
    assert lost[-1].offer.house_meter is HouseMeter.LOST
    assert {moment.offer.limit_a for moment in lost[4:]} == {10.0}
    site.is_silent = False
    assert list(site.run(loads((5.0, 30))))[-1].offer.limit_a == before_a


@pytest.mark.req("MET-3")
def test_a_single_failed_poll_is_no_lost_meter() -> None:
    """openWB/core#3951: the fallback of a faulty meter counts at once instead of after its time."""
    site = GapSite(Car())
    list(site.run(loads((5.0, 60))))
    before = len(site.limits_a)
    for _ in range(20):
        site.is_online = False
        failed = list(site.run(loads((5.0, 1))))
        assert failed[-1].offer.house_meter is HouseMeter.ONLINE
        site.is_online = True
        list(site.run(loads((5.0, 7))))
    assert len(site.limits_a) == before


@pytest.mark.req("MET-1", "MET-4")
def test_an_overload_of_a_phase_that_the_vehicle_does_not_use_stops_nothing() -> None:
    """evcc-io/evcc#29532 and #14261: an overload of another phase stops a car on one phase."""
    site = Site(Car(lines=(True, False, False)))
    list(site.run([(2.0, 2.0 + 0.01 * (number % 2), 2.0) for number in range(60)]))
    before_a = site.limits_a[-1]
    moments = list(site.run([(2.0, 2.0, 30.0 + 0.01 * (number % 2)) for number in range(60)]))
    assert {moment.offer.limit_a for moment in moments} == {before_a}


@pytest.mark.req("MET-1")
def test_what_is_granted_and_not_drawn_yet_counts_as_used() -> None:
    """OpenWB and WARP count what was granted until a vehicle has followed; so does this offer.

    A vehicle that draws nothing for a long time, and then all that it may, breaks no fuse.
    """
    site = Site(Car(delay_s=45.0))
    list(site.run(loads((2.0, 40))))
    for load_a in (8.0, 12.0, 15.0, 9.0, 16.0):
        moments = list(site.run(loads((load_a, 70))))
        for moment in moments[46 + REACTION_S :]:
            assert moment.others_a[0] + moment.offer.limit_a <= FUSE_A
            assert moment.others_a[0] + moment.drawn_a[0] <= FUSE_A


def test_a_vehicle_that_is_full_is_offered_the_same_all_the_time() -> None:
    """evcc-io/evcc#31680: a box clicks its contactor every few minutes beside a full car."""
    site = Site(Car(up_a_s=0.0))
    list(site.run(loads((2.0, 60))))
    before = len(site.limits_a)
    list(site.run(loads((2.0, 1800))))
    assert len(site.limits_a) == before


@pytest.mark.req("MET-1")
def test_a_vehicle_that_draws_more_than_it_may_leaves_no_more_to_itself() -> None:
    """evcc-io/evcc#12117 and #19166: 16 A flow against a limit that was set lower."""
    site = Site(StubbornCar(drawn_a=16.0))
    moments = list(site.run(loads((5.0, 40), (15.0, 120))))
    assert moments[39].offer.limit_a >= 10.0
    assert moments[-1].offer.limit_a == pytest.approx(9.4, abs=0.3)
    assert site.reductions <= 2


@pytest.mark.req("MET-1")
def test_a_vehicle_that_draws_less_is_no_load_of_the_house_while_the_meter_is_old() -> None:
    """SmartEVSE/SmartEVSE-3#123: until the next P1 telegram the house seems to use more."""
    car = StubbornCar(drawn_a=20.0)
    site = p1(car)
    list(site.run(loads((2.0, 203))))
    car.drawn_a = 8.0  # a step that proves the clamps
    list(site.run(loads((2.0, 47))))
    for drawn_a in (20.0, 10.0, 20.0, 9.0):
        car.drawn_a = drawn_a
        for moment in site.run(loads((2.0, 47))):
            assert moment.offer.limit_a >= 22.3


class StubbornCar(Car):
    """A vehicle that draws what it wants."""

    def follow(self, now_s: float, offer_a: float) -> Currents:
        return self.drawn_a, self.drawn_a, self.drawn_a


class GapSite(Site):
    """The house meter is silent, or its polls fail, at times."""

    is_silent = False
    is_online = True
    _newest: MeterReading | None = None

    def measure(self, currents_a: Currents) -> MeterReading:
        if self.is_silent and self._newest is not None:
            return self._newest
        now = super().measure(currents_a)
        if not self.is_online and self._newest is not None:
            return replace(self._newest, online=False, error="no answer")
        self._newest = now
        return now


@pytest.mark.req("MET-7")
@pytest.mark.parametrize("report_s", [0.0, 10.0])
def test_the_chain_adds_up_in_each_moment_and_the_text_says_the_same(report_s: float) -> None:
    """evcc-io/evcc#14542 and OpenEVSE#1229: nothing says why it is this current."""
    site = Site(Car(), report_s=report_s, fuse_budget_percent=13.0)
    steps = [(4.0 + (number * 37 % 23), 5 + number * 13 % 50) for number in range(25)]
    rises = 0
    for moment in site.run(loads(*steps)):
        chain = moment.offer.fuse
        assert chain is not None
        assert chain.others_a == pytest.approx(chain.house_a - chain.vehicle_a)
        left_a = chain.fuse_a + chain.budget_a - chain.reserve_a - chain.others_a
        assert chain.left_a == pytest.approx(left_a)
        (share,) = (each for each in chain.phases if each.phase == chain.phase)
        assert (share.others_a, share.vehicle_a) == (chain.others_a, chain.vehicle_a)
        for each in chain.phases:
            free_a = chain.fuse_a + each.budget_a - each.reserve_a - each.others_a
            assert free_a >= chain.left_a - 1e-9
        (fuse,) = (limit for limit in moment.offer.limits if limit.source == "fuse")
        assert fuse.limit_a == chain.given_a
        assert (
            f"{abs(chain.others_a):.1f} A of the {chain.fuse_a:g} A on {chain.phase}" in fuse.detail
        )
        if chain.rises_ns is not None:
            rises += 1
            assert chain.left_a > chain.given_a
            assert chain.rises_ns / 1e9 > site.now_s - 2.0 * 11.0 - ROUND_S
    assert rises > 20

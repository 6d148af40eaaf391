"""Settings that change during a charge: lower at once, higher by the ramp, a new meter 10 A."""

import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from msgs.load_manager import HouseMeter
from msgs.pilot import CpState
from msgs.setting_keys import unflatten
from msgs.settings import UNKNOWN, ExternalMeter, PhaseAssignment, Settings
from msgs.wish import NO_WISHES
from nodes.load_manager.claims import UNKNOWN_FUSE_A
from nodes.load_manager.house import UNMEASURED_A
from nodes.load_manager.ramp import RAISE_AFTER_S
from nodes.load_manager.state import start
from nodes.load_manager.supply_limits import SupplyLimits, supply_limits_of
from tests.load_manager.test_machine import METER, Desk, limit_of, pilot, session, wish

OTHER_METER = "tq@10.0.0.7:502/1"


class Charge(Desk):
    """A charge with the other loads of a house; the settings change in it."""

    def __init__(self, others_a: float = 5.0, **desk: Any) -> None:
        super().__init__(**desk)
        self.others_a = others_a
        self.house_is_heard = True
        self.follow(30.0)

    def set(self, **changes: Any) -> None:
        assert self.supply_limits is not None
        self.supply_limits = replace(self.supply_limits, **changes)

    def follow(self, seconds: float) -> float:
        """Let the vehicle draw what is offered; return the offer at the end [A]."""
        offer_a = 0.0
        for _ in range(round(seconds / 0.2)):
            l1_a = offer_a = self.run(0.2).limit_a
            self.box = (l1_a, l1_a, l1_a)
            total_a = self.others_a + l1_a
            if self.house_is_heard:
                self.house = (total_a, total_a, total_a)
            else:
                self.house = None
            self.pilot = {"cp_state": "C", "offered_a": l1_a}
        return offer_a


def test_site_is_what_the_settings_say() -> None:
    meter = ExternalMeter(enabled=True, manufacturer="tq", host="10.0.0.6")
    limits = supply_limits_of(
        replace(Settings(), main_fuse_a=20.0, house_meter=meter, phase_assignment="L2")
    )
    assert limits == SupplyLimits(
        monitoring=False, meter=METER, main_fuse_a=20.0, phases=PhaseAssignment.L2
    )
    assert supply_limits_of(Settings()).meter == ""


@pytest.mark.req("MET-1")
def test_a_smaller_fuse_lowers_the_offer_in_the_same_round() -> None:
    charge = Charge(fuse_a=35.0)
    assert charge.follow(1.0) == 29.5
    charge.set(main_fuse_a=20.0)
    charge.step()
    assert charge.said[-1][1].limit_a == 14.5


@pytest.mark.req("MET-1")
def test_a_larger_fuse_raises_the_offer_by_the_ramp() -> None:
    charge = Charge(fuse_a=20.0)
    assert charge.follow(1.0) == 14.5
    charge.set(main_fuse_a=35.0)
    assert charge.follow(RAISE_AFTER_S - 0.5) == 14.5
    assert charge.follow(3.0) == 29.5


@pytest.mark.req("MET-4")
def test_another_phase_assignment_lowers_the_offer_in_the_same_round() -> None:
    desk = Desk(phases=PhaseAssignment.L1, fuse_a=25.0)
    assert desk.run(5.0, house=(2.0, 15.0, 2.0)).limit_a == 22.5
    assert desk.supply_limits is not None
    desk.supply_limits = replace(desk.supply_limits, phases=PhaseAssignment.L2)
    desk.step()
    assert desk.said[-1][1].limit_a == 9.5


@pytest.mark.req("MET-1")
def test_monitoring_that_is_switched_off_raises_after_the_time_of_the_ramp() -> None:
    charge = Charge(others_a=15.0, fuse_a=25.0)
    assert charge.follow(1.0) == 9.5
    charge.set(monitoring=False)
    assert charge.follow(RAISE_AFTER_S - 0.5) == 9.5
    assert charge.said[-1][1].reason == "fuse"
    assert charge.follow(1.0) == 25.0  # the fuse itself
    charge.set(main_fuse_a=None)
    assert charge.follow(0.4) == 32.0


@pytest.mark.req("MET-1", "MET-3")
def test_monitoring_that_is_switched_on_allows_10_a_until_the_first_reading() -> None:
    charge = Charge(monitoring=False)
    assert charge.follow(1.0) == 32.0
    charge.set(monitoring=True, meter=OTHER_METER, main_fuse_a=35.0)  # nobody answers yet
    charge.step()
    offer = charge.said[-1][1]
    assert (offer.limit_a, offer.house_meter) == (UNMEASURED_A, HouseMeter.STARTING)
    assert charge.follow(8.0) == UNMEASURED_A
    charge.set(meter=METER)
    assert charge.follow(2.0) == UNMEASURED_A  # and then by the ramp
    assert charge.said[-1][1].house_meter is HouseMeter.ONLINE
    assert charge.follow(12.0) == 29.5


@pytest.mark.req("MET-2", "MET-3")
@pytest.mark.parametrize(("others_a", "most_a"), [(2.0, 10.0), (16.0, 8.5), (30.0, 0.0)])
def test_another_meter_allows_no_more_than_before_and_10_a_until_it_is_read(
    others_a: float, most_a: float
) -> None:
    charge = Charge(others_a=others_a, fuse_a=25.0)
    charge.set(meter=OTHER_METER)
    for _ in range(100):  # the meter before the change is still heard, and counts no more
        assert charge.follow(0.2) == most_a
    assert charge.said[-1][1].house_meter is HouseMeter.LOST


@pytest.mark.req("MET-2")
def test_a_reading_of_the_meter_before_a_change_is_not_taken_for_the_new_one() -> None:
    charge = Charge(others_a=2.0, fuse_a=35.0)
    charge.set(meter=OTHER_METER)
    charge.follow(3.0)
    assert limit_of(charge.said[-1][1], "fuse") == UNMEASURED_A
    charge.set(meter=METER)
    charge.follow(15.0)
    assert limit_of(charge.said[-1][1], "fuse") == 32.5


@pytest.mark.req("MET-1")
def test_a_main_fuse_that_is_not_known_counts_as_6_a() -> None:
    charge = Charge(fuse_a=35.0, others_a=0.0)
    charge.set(main_fuse_a=None)
    charge.step()
    assert (charge.said[-1][1].limit_a, charge.said[-1][1].reason) == (UNKNOWN_FUSE_A, "fuse")
    charge.others_a = 30.0
    assert charge.follow(60.0) == UNKNOWN_FUSE_A == 6.0
    charge.set(main_fuse_a=25.0)
    assert charge.follow(8.0) == 0.0


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("offered_a", [32.0, 0.0])
def test_settings_of_which_nothing_is_known_allow_6_a_with_the_meter_lost(offered_a: float) -> None:
    desk = Desk(offered_a=offered_a)
    desk.supply_limits = supply_limits_of(msgspec.convert(unflatten(UNKNOWN), Settings))
    desk.run(60.0)
    assert max(offer.limit_a for _, offer in desk.said) <= UNKNOWN_FUSE_A
    assert desk.said[-1][1].house_meter is HouseMeter.LOST


@pytest.mark.req("MET-1")
def test_monitoring_that_is_switched_on_in_a_pause_of_the_app_is_no_pause_of_the_fuse() -> None:
    charge = Charge(monitoring=False)
    charge.session = session(energy_wh=500.0)
    charge.wish = wish(pause=True)
    assert charge.follow(5.0) == 0.0
    charge.set(monitoring=True, meter=OTHER_METER, main_fuse_a=35.0)  # nobody answers there
    assert charge.follow(30.0) == 0.0
    charge.wish = NO_WISHES
    assert charge.follow(1.0) == UNMEASURED_A


@pytest.mark.req("MET-1")
def test_a_pause_of_the_fuse_is_kept_over_a_restart_and_a_change_right_after_it() -> None:
    charge = Charge(others_a=22.0, fuse_a=25.0)
    charge.session = session(energy_wh=500.0)
    assert charge.follow(5.0) == 0.0
    charge.state = start(charge.now_s)
    charge.safety, charge.session, known = None, None, (charge.safety, charge.session)
    charge.step()
    charge.set(meter=OTHER_METER)
    charge.step()
    charge.safety, charge.session = known
    assert charge.follow(8.0) == 0.0


@pytest.mark.parametrize("offered_a", [32.0, 8.0, 0.0])
def test_without_settings_the_start_offers_no_more_than_before_and_then_6_a(
    offered_a: float,
) -> None:
    desk = Desk(offered_a=offered_a)
    desk.supply_limits = None
    assert desk.run(2.8).limit_a == offered_a
    offer = desk.run(600.0)
    assert offer.limit_a == min(offered_a, UNKNOWN_FUSE_A)
    assert offer.house_meter is HouseMeter.STARTING


@pytest.mark.req("MET-3")
def test_an_old_reading_is_no_reading_of_a_meter_that_is_switched_on() -> None:
    charge = Charge(others_a=5.0, fuse_a=35.0)
    charge.set(monitoring=False)
    charge.follow(5.0)
    charge.house_is_heard = False
    charge.follow(60.0)
    charge.set(monitoring=True)
    charge.follow(0.4)
    assert charge.said[-1][1].house_meter is HouseMeter.STARTING


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("off_s", [0.4, 0.8, 1.2, 1.6, 2.0, 2.4])
def test_monitoring_that_is_switched_off_and_on_pauses_no_charge(off_s: float) -> None:
    charge = Charge(others_a=9.0, fuse_a=25.0)
    charge.poll_s = 2.0
    charge.follow(10.0)
    charge.set(monitoring=False)
    charge.follow(off_s)
    charge.set(monitoring=True)
    for _ in range(20):  # what the vehicle drew at the last reading is not known any more
        assert charge.follow(0.2) >= UNMEASURED_A


@pytest.mark.req("MET-3")
def test_a_lost_meter_allows_no_more_than_a_small_fuse() -> None:
    desk = Desk(fuse_a=8.0, offered_a=16.0)
    offer = desk.run(15.0, box=(0.0, 0.0, 0.0))
    assert offer.house_meter is HouseMeter.LOST
    assert offer.limit_a == 8.0


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(8, 40))]
)
def test_no_order_of_changes_offers_more_than_the_settings_allow(seed: int) -> None:
    chance = random.Random(seed)
    charge = Charge(others_a=chance.uniform(0.0, 12.0), fuse_a=25.0)
    before_a = charge.follow(0.2)
    for _ in range(20):
        assert charge.supply_limits is not None
        was = charge.supply_limits
        changes: dict[str, Any] = chance.choice(
            (
                {"main_fuse_a": chance.choice((10.0, 16.0, 25.0, 35.0, None))},
                {"monitoring": not was.monitoring},
                {"meter": chance.choice((METER, OTHER_METER))},
                {"phases": chance.choice(list(PhaseAssignment)[:3])},
            )
        )
        charge.set(**changes)
        limits = charge.supply_limits
        charge.step()
        now_a = charge.said[-1][1].limit_a
        if was.monitoring or limits.monitoring:  # else only the fuse itself limits
            assert now_a <= before_a
        if limits.main_fuse_a is not None:
            assert now_a <= limits.main_fuse_a
        if limits.monitoring and (not was.monitoring or limits.meter != was.meter):
            assert now_a <= UNMEASURED_A
        before_a = charge.follow(chance.uniform(0.2, 25.0))
        if charge.said[-1][1].house_meter is HouseMeter.ONLINE:
            fuse_a = UNKNOWN_FUSE_A if limits.main_fuse_a is None else limits.main_fuse_a
            left_a = fuse_a - charge.others_a
            is_short = left_a < 6.0 and before_a == 6.0  # for 5 s, before the contactor opens
            assert before_a <= max(left_a, 0.0) or limits.main_fuse_a is None or is_short
            assert before_a <= fuse_a


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize(
    "changes", [{"main_fuse_a": 26.0}, {"phases": PhaseAssignment.L2_L3_L1}], ids=["fuse", "phases"]
)
@pytest.mark.parametrize(("silent_s", "allowed_a"), [(7.0, 22.5), (20.0, UNMEASURED_A)])
def test_a_change_while_the_meter_is_silent_takes_nothing_away(
    changes: dict[str, Any], silent_s: float, allowed_a: float
) -> None:
    charge = Charge(others_a=2.0, fuse_a=25.0)
    charge.online = False
    assert charge.follow(silent_s) == allowed_a
    charge.set(**changes)
    # On another phase the meter has shown nothing of the vehicle.
    assert charge.follow(0.2) == (min(allowed_a, 10.0) if "phases" in changes else allowed_a)
    assert charge.follow(60.0) == UNMEASURED_A


@pytest.mark.req("MET-1")
def test_one_reading_raises_nothing_however_often_the_settings_change() -> None:
    charge = Charge(others_a=2.0, fuse_a=16.0)
    charge.poll_s = 30.0
    charge.follow(155.0)  # read three times since the pace has changed
    read_ns = charge.state.headroom_ns
    while charge.state.headroom_ns == read_ns:
        charge.follow(0.2)
    read_ns = charge.state.headroom_ns
    for fuse_a in (63.0, 62.0):
        charge.set(main_fuse_a=fuse_a)
        assert charge.follow(RAISE_AFTER_S + 1.0) == 13.5
    assert charge.state.headroom_ns == read_ns


@pytest.mark.req("MET-1", "MET-2")
def test_what_another_meter_has_allowed_does_not_shorten_the_ramp() -> None:
    charge = Charge(others_a=17.0, fuse_a=25.0)
    assert charge.follow(1.0) == 7.5
    charge.others_a = 2.0
    assert charge.follow(9.4) == 7.5
    charge.set(meter=OTHER_METER)
    charge.follow(0.2)
    charge.set(meter=METER)
    assert charge.follow(9.0) == 7.5
    assert charge.follow(3.0) == 22.5


@pytest.mark.req("MET-1", "MET-4")
def test_a_vehicle_that_came_while_nobody_watched_may_use_every_phase() -> None:
    desk = Desk(fuse_a=25.0)
    desk.run(60.0, house=(18.0, 22.0, 2.0), box=(16.0, 0.0, 0.0), pilot=pilot(offered_a=16.0))
    assert desk.said[-1][1].limit_a == 22.5  # the vehicle uses L1 alone
    assert desk.supply_limits is not None
    desk.supply_limits = replace(desk.supply_limits, monitoring=False)
    desk.run(20.0, house=(2.0, 22.0, 2.0), box=(0.0, 0.0, 0.0), pilot=pilot(CpState.A))
    desk.run(20.0, pilot=pilot(CpState.B))
    desk.supply_limits = replace(desk.supply_limits, monitoring=True)
    assert desk.run(5.0).limit_a == 0.0

"""The model of a house and a vehicle, and the arbiter in some days of the year."""

import pytest
from msgspec.structs import replace

from tests.houses.days import KINDS, house_day
from tests.houses.named import NAMED_DAYS, model_of
from tests.houses.policies import Arbiter, Clairvoyant, NoManagement
from tests.houses.run import HouseRun
from tests.houses.year import play_arbiter, share_of_best

SOME_DAYS = range(24, 30)  # each kind of house, in winter, when the heat pump runs most


@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_what_is_left_out_changes_no_offer(number: int) -> None:
    day = house_day(number)
    day = replace(day, leaves_s=min(day.leaves_s, day.plugged_s + 4500.0))
    left_out, complete = HouseRun(day, Arbiter), HouseRun(day, Arbiter)
    some = left_out.run()
    every = complete.run(leaves_out=False)
    assert len(complete.offers) >= 5
    assert left_out.offers == complete.offers
    assert (some.closings, some.breach_s) == (every.closings, every.breach_s)
    assert some.energy_wh == pytest.approx(every.energy_wh, rel=0.005)


def test_what_is_left_out_takes_nothing_from_the_clairvoyant() -> None:
    hob = model_of(next(each for each in NAMED_DAYS if each.name == "the pulsing hob"))
    left_out, complete = HouseRun(hob, Clairvoyant), HouseRun(hob, Clairvoyant)
    some, every = left_out.run(), complete.run(leaves_out=False)
    assert some.closings == every.closings > 20
    assert some.energy_wh == pytest.approx(every.energy_wh, rel=0.001)


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("number", SOME_DAYS)
def test_the_arbiter_keeps_the_fuse_on_some_days_of_the_year(number: int) -> None:
    measures = play_arbiter(number).measures
    arbiter, best = measures[Arbiter.name], measures[Clairvoyant.name]
    assert (arbiter.breach_s, best.over_s) == (0.0, 0.0)
    assert arbiter.closings / arbiter.hours < 6.0
    assert 0.8 < share_of_best(arbiter, best) <= 1.0


def test_some_of_these_days_have_overloads_to_react_to() -> None:
    assert HouseRun(house_day(SOME_DAYS[1]), Arbiter).run().over_s > 10.0


def test_without_load_management_the_fuse_is_not_kept() -> None:
    assert HouseRun(house_day(26), NoManagement).run().breach_s > 60.0


def test_the_kinds_of_houses_take_turns() -> None:
    kinds = [house_day(number).kind for number in range(len(KINDS))]
    assert kinds == [kind for kind, *_ in KINDS]
    assert house_day(3) == house_day(3)
    assert house_day(3) != house_day(9)

"""The prices and the departure of tests lead to the same plan at any minute of any day."""

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from portal.planner import PricePlan
from portal.planning import is_same, next_departure, plan_of
from portal.records import DepartureWish
from tests.portal.hours import ENERGY_KWH, HOUR_S, MOST_A, departure, prices

pytestmark = pytest.mark.req("DCS-4")

CHEAP, DEAR = 0.1, 0.5
LATER_S = 120  # between the prices of a test and its plan
DAYS = [(2026, 3, 28), (2026, 10, 24)]  # summer time changes on the next one in Europe
ZONES = ["Europe/Oslo", "America/St_Johns", "Asia/Kathmandu"]
SECONDS = [0, 1801, 3599]  # of an hour


def plan(begin: int, at: int, zone: ZoneInfo, now: float, later: float, kwh: float) -> PricePlan:
    """Return the plan at a time of what a test has asked for at another."""
    wish = DepartureWish(energy_kwh=kwh, departure=departure(begin, zone), most_a=MOST_A)
    leaves = next_departure(wish, begin, zone)
    return plan_of(prices(now, later, begin, zone), wish, 0.0, leaves, at, zone)


@pytest.mark.parametrize("zone", [ZoneInfo(each) for each in ZONES], ids=ZONES)
def test_a_cheap_time_is_full_and_a_dear_one_empty_at_any_time(zone: ZoneInfo) -> None:
    for day, hour, second in product(DAYS, range(48), SECONDS):
        begin = int(datetime(*day, tzinfo=UTC).timestamp()) + hour * HOUR_S + second
        for at in (begin, begin + LATER_S):
            full = plan(begin, at, zone, CHEAP, DEAR, ENERGY_KWH)
            empty = plan(begin, at, zone, DEAR, CHEAP, ENERGY_KWH)
            what = f"{datetime.fromtimestamp(at, zone)}: {full.steps}, {empty.steps}"
            assert full.steps[0].limit_a == MOST_A, what
            assert empty.steps[0].limit_a == 0.0, what
            assert full.is_enough, what
            assert empty.is_enough, what
            assert not is_same(full, plan(begin, at, zone, CHEAP, DEAR, ENERGY_KWH + 1.0)), what

"""From prices and a wish to a charging profile."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from ocpp.messages import Call, validate_payload

from portal.planner import PricePlan
from portal.planning import (
    MOST_PERIODS,
    is_same,
    next_departure,
    plan_of,
    profile_of,
    slots_of,
    volts_of,
)
from portal.records import USUAL_PRICES, DepartureWish

pytestmark = pytest.mark.req("DCS-4")

BERLIN = ZoneInfo("Europe/Berlin")
NOON = int(datetime(2026, 1, 10, 12, 0, tzinfo=UTC).timestamp())
HOUR_S = 3600


def at(*numbers: int, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime(*numbers, tzinfo=zone).timestamp())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("now", "departure", "comes"),
    [
        ((2026, 1, 10, 18, 0), "07:00", (2026, 1, 11, 7, 0)),
        ((2026, 1, 10, 6, 59), "07:00", (2026, 1, 10, 7, 0)),
        ((2026, 1, 10, 7, 0), "07:00", (2026, 1, 11, 7, 0)),
        ((2026, 3, 28, 22, 0), "07:00", (2026, 3, 29, 7, 0)),  # 9 h are 8 h: summer time begins
        ((2026, 10, 24, 22, 0), "07:00", (2026, 10, 25, 7, 0)),
    ],
)
def test_a_departure_is_the_next_of_its_local_time(
    now: tuple[int, ...], departure: str, comes: tuple[int, ...]
) -> None:
    wish = DepartureWish(departure=departure)
    assert next_departure(wish, at(*now), BERLIN) == at(*comes)


@pytest.mark.parametrize("day", [(2026, 3, 29), (2026, 10, 25), (2026, 6, 1)])
def test_prices_are_those_of_the_local_hour_without_a_gap(day: tuple[int, int, int]) -> None:
    begin = at(*day, 0, 20)
    end = begin + 26 * HOUR_S
    slots = slots_of(tuple(float(hour) for hour in range(24)), begin, end, BERLIN)
    assert slots[0].begin_utc_s <= begin
    assert slots[-1].end_utc_s >= end
    for slot, after in pairwise(slots):
        assert slot.end_utc_s == after.begin_utc_s
    for slot in slots:
        local = datetime.fromtimestamp(slot.begin_utc_s, UTC).astimezone(BERLIN)
        assert slot.price_per_kwh == local.hour


def made(energy_kwh: float = 10.0, charged_wh: float = 0.0, now: int = NOON) -> PricePlan:
    wish = DepartureWish(energy_kwh=energy_kwh, most_a=16)
    return plan_of(USUAL_PRICES, wish, charged_wh, NOON + 18 * HOUR_S, now, UTC)


def test_a_plan_charges_what_is_left_in_the_cheapest_hours() -> None:
    plan = made()
    assert plan.is_enough
    assert 10_000.0 <= plan.energy_wh < 10_100.0
    used = {
        datetime.fromtimestamp(plan.begin_utc_s + each.start_s, UTC).hour
        for each in plan.steps
        if each.limit_a
    }
    assert used == {2}  # 2 and 3 h cost least
    assert made(charged_wh=10_000.0).energy_wh == 0.0
    assert made(charged_wh=99_000.0).energy_wh == 0.0


async def _validate(content: dict[str, object]) -> None:
    call = Call("1", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": content})
    await validate_payload(call, "1.6")


def test_the_profile_is_one_of_the_official_schema() -> None:
    import asyncio

    from ocpp.charge_point import snake_to_camel_case

    profile = profile_of(made(), 7)
    asyncio.run(_validate(snake_to_camel_case(profile)))
    schedule = profile["charging_schedule"]
    assert schedule["start_schedule"] == "2026-01-10T12:00:00Z"
    assert schedule["duration"] == 18 * HOUR_S
    assert profile["transaction_id"] == 7


def test_a_long_plan_is_cut_where_its_next_period_begins() -> None:
    hours = 60
    prices = tuple(0.1 if hour % 2 else 0.3 for hour in range(24))
    wish = DepartureWish(energy_kwh=200.0)
    plan = plan_of(prices, wish, 0.0, NOON + hours * 2 * HOUR_S, NOON, UTC)
    many = PricePlan(
        begin_utc_s=NOON,
        duration_s=hours * HOUR_S,
        steps=tuple(
            type(plan.steps[0])(start_s=number * HOUR_S, limit_a=6.0 * (number % 2))
            for number in range(hours)
        ),
        energy_wh=0.0,
        cost=0.0,
        is_enough=True,
    )
    schedule = profile_of(many, 1)["charging_schedule"]
    assert len(schedule["charging_schedule_period"]) == MOST_PERIODS
    assert schedule["duration"] == MOST_PERIODS * HOUR_S


@dataclass(frozen=True)
class Later:
    """A plan that is made later, when a charge has gone as planned or not."""

    charged_wh: float
    after_s: int
    is_same: bool


@pytest.mark.parametrize(
    "later",
    [
        Later(charged_wh=0.0, after_s=HOUR_S, is_same=True),  # nothing was to be charged until then
        Later(charged_wh=0.0, after_s=15 * HOUR_S, is_same=False),  # nothing was charged at all
        Later(charged_wh=5_000.0, after_s=HOUR_S, is_same=False),
    ],
)
def test_a_plan_is_sent_again_only_if_it_differs(later: Later) -> None:
    after = made(charged_wh=later.charged_wh, now=NOON + later.after_s)
    assert is_same(made(), after) is later.is_same


def test_a_departure_that_moves_makes_another_plan() -> None:
    wish = DepartureWish(energy_kwh=10.0)
    one, two = (
        plan_of(USUAL_PRICES, wish, 0.0, NOON + hours * HOUR_S, NOON, UTC) for hours in (18, 19)
    )
    assert not is_same(one, two)
    assert timedelta(seconds=two.duration_s) == timedelta(hours=19)


@pytest.mark.parametrize(
    ("power_w", "offered_a", "volts"),
    [
        (10_449.0, 16.0, 217.7),
        (4_300.0, 6.0, 238.9),
        (None, 16.0, 230.0),  # not reported
        (10_449.0, None, 230.0),
        (0.0, 0.0, 230.0),  # no current is offered
        (4_140.0, 16.0, 230.0),  # the vehicle does not follow yet, or not at all
        (10_449.0, 6.0, 230.0),
    ],
)
def test_what_a_vehicle_draws_by_ampere_is_measured(
    power_w: float | None, offered_a: float | None, volts: float
) -> None:
    assert volts_of(power_w, offered_a, 3, 230.0) == pytest.approx(volts, abs=0.1)


def test_a_rest_that_is_not_worth_a_start_is_not_bought() -> None:
    for charged_wh, is_planned in ((9_970.0, True), (9_981.0, False), (10_000.0, False)):
        plan = made(charged_wh=charged_wh)
        assert plan.is_enough
        assert any(step.limit_a > 0.0 for step in plan.steps) is is_planned

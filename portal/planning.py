"""From prices and a wish to a charging profile of OCPP 1.6. Pure; local time is given in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from portal.planner import (
    LEAST_A,
    NOMINAL_V,
    PlanStep,
    PlanWish,
    PricePlan,
    PriceSlot,
    plan,
)
from portal.records import DepartureWish

HOUR_S = 3600
MOST_PERIODS = 33  # of one profile, as the real box takes them; a later plan has the rest
PROFILE_ID = 1
SAME_S = 60  # assumed: two plans that differ by less are the same one
SAME_A = 0.5  # assumed
SPARE = 0.002  # assumed: of the wished energy; a start for less would wear the contactor
LEAST_V, MOST_V = 200.0, 260.0
"""Assumed: by ampere. A vehicle that draws less has a lower limit of its own."""

Profile = dict[str, Any]


def next_departure(wish: DepartureWish, now_utc_s: float, zone: tzinfo | None = None) -> int:
    """Return when the wished time comes next [UTC s]; `zone` None: that of this machine.

    A time that summer time leaves out is the one an hour later.
    """
    now = datetime.fromtimestamp(now_utc_s, UTC).astimezone(zone)
    hour, minute = (int(each) for each in wish.departure.split(":"))
    for days in (0, 1):
        day = now.date() + timedelta(days=days)
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
        departure = int(local.timestamp())
        if departure > now_utc_s:
            return departure
    raise AssertionError("a day has each time")


def slots_of(
    prices: Sequence[float], begin_utc_s: int, end_utc_s: int, zone: tzinfo | None = None
) -> list[PriceSlot]:
    """Return the prices over a time, hour by hour of the day in `zone` (None: this machine's)."""
    slots = []
    at_s = begin_utc_s - begin_utc_s % (HOUR_S // 4)  # no zone is off by less than 15 min
    while at_s < end_utc_s:
        local = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
        until_s = at_s + HOUR_S - local.minute * 60 - local.second
        price = prices[local.hour]
        slots.append(PriceSlot(begin_utc_s=at_s, end_utc_s=until_s, price_per_kwh=price))
        at_s = until_s
    return slots


def plan_of(
    prices: Sequence[float],
    wish: DepartureWish,
    charged_wh: float,
    departure_utc_s: int,
    now_utc_s: int,
    zone: tzinfo | None = None,
    volts: float = NOMINAL_V,
) -> PricePlan:
    """Return the cheapest plan for what a charge still lacks.

    :param volts: see `volts_of`.
    """
    wanted = PlanWish(
        energy_wh=max(wish.energy_kwh * 1000.0 - charged_wh, 0.0),
        departure_utc_s=departure_utc_s,
        phases=wish.phases,
        most_a=float(wish.most_a),
        volts=volts,
        spare_wh=wish.energy_kwh * 1000.0 * SPARE,
    )
    return plan(slots_of(prices, now_utc_s, departure_utc_s, zone), wanted, now_utc_s)


def volts_of(power_w: float | None, offered_a: float | None, phases: int, before: float) -> float:
    """Return what a vehicle draws by offered current and by phase [W/A].

    It is the last value (`before`) while it cannot be measured: no current is offered, or the
    vehicle does not follow the offer, as for some seconds after a change.
    """
    if power_w is None or offered_a is None or offered_a < LEAST_A:
        return before
    volts = power_w / (offered_a * phases)
    return volts if LEAST_V <= volts <= MOST_V else before


def profile_of(made: PricePlan, transaction: int) -> Profile:
    """Return the charging profile of a plan (OCPP 1.6, sections 7.8 and 7.13), in snake case.

    Of a plan with more periods than a box takes only the first ones are in it, until the next one
    begins.
    """
    steps, duration_s = made.steps[:MOST_PERIODS], made.duration_s
    if len(made.steps) > MOST_PERIODS:
        duration_s = made.steps[MOST_PERIODS].start_s
    begin = datetime.fromtimestamp(made.begin_utc_s, UTC)
    return {
        "charging_profile_id": PROFILE_ID,
        "transaction_id": transaction,
        "stack_level": 0,
        "charging_profile_purpose": "TxProfile",
        "charging_profile_kind": "Absolute",
        "charging_schedule": {
            "duration": duration_s,
            "start_schedule": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "charging_rate_unit": "A",
            "charging_schedule_period": [
                {"start_period": each.start_s, "limit": each.limit_a} for each in steps
            ],
        },
    }


def is_same(first: PricePlan, second: PricePlan) -> bool:
    """Return whether a box that follows one plan does what another one wants from its begin on."""
    if first.begin_utc_s + first.duration_s != second.begin_utc_s + second.duration_s:
        return False
    own, other = _from(first, second.begin_utc_s), _from(second, second.begin_utc_s)
    return len(own) == len(other) and all(
        abs(one.start_s - two.start_s) <= SAME_S and abs(one.limit_a - two.limit_a) <= SAME_A
        for one, two in zip(own, other, strict=True)
    )


def _from(made: PricePlan, begin_utc_s: int) -> list[PlanStep]:
    """Return the steps of a plan from a later begin on."""
    gone_s = begin_utc_s - made.begin_utc_s
    before = [each for each in made.steps if each.start_s <= gone_s]
    after = [each for each in made.steps if each.start_s > gone_s]
    now = [PlanStep(start_s=0, limit_a=before[-1].limit_a)] if before else []
    return now + [PlanStep(start_s=each.start_s - gone_s, limit_a=each.limit_a) for each in after]

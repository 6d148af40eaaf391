"""The plan of the service, as wishes: limits over UTC become limits until monotonic ends. Pure.

While UTC is not known no plan is in force, and the box charges without one. The limit of the whole
box counts always; the plan of transactions only in a session that is charged intelligently (DCS-4).
A wish has an end only if no limit follows it, so that there is no gap between two limits. It has a
hold as well, since what follows is known to this node alone: if the node is silent, for good at
worst, the fallback of the settings replaces the plan. A limit of the whole box is not raised by it.
"""

import math

from msgspec.structs import replace

from msgs.dcs import MOST_PLAN_PERIODS, PlanPeriod
from msgs.wish import MOST_A, Wish
from nodes.dcs.composition import Rate, RatesNow, composite, rates_at
from nodes.dcs.profile import ProfilePurpose, RateUnit
from nodes.dcs.profiles import ProfileSet
from nodes.dcs.state import NO_PLAN, PlanView
from nodes.dcs.turn import Turn

PLAN, CAP = "plan", "cap"  # names of wishes
HOLD_S = 300.0  # assumed: a restart takes seconds, and 20 of them in a row two minutes
REPEAT_S = 60.0
HORIZON_S = 86_400  # of the plan that is published; assumed: a night and the next day


def follow_profiles(turn: Turn) -> None:
    """Make the view of the plan again if time, clock or profiles ask for it."""
    utc_ns, profiles, before = turn.utc_ns, turn.durable.profiles, turn.state.plan
    if utc_ns is None or not profiles.profiles:
        if before is not NO_PLAN:
            turn.set(plan=NO_PLAN)
        return
    utc_s = utc_ns / 1e9
    ahead_s = round(utc_s - turn.now_s, 3)
    begun_s = _begun_s(turn, ahead_s)
    made_of = (begun_s, turn.state.phases, ahead_s)
    is_same = (before.begun_s, before.phases, before.ahead_s) == made_of
    until_s = before.rates.until_s - before.ahead_s
    if before is not NO_PLAN and is_same and before.profiles is profiles:
        if not turn.moment.reached(until_s):
            return
        utc_s = max(utc_s, before.rates.until_s)  # not by rounding just before the change
    view = _view(profiles, utc_s, begun_s, turn.state.phases, ahead_s)
    turn.set(plan=view)
    turn.moment.wake_at(view.rates.until_s - ahead_s)


def _begun_s(turn: Turn, ahead_s: float) -> float | None:
    """Return when the session that runs began [UTC s]."""
    session = turn.inputs.session
    if session is None or not session.session_id or session.started_ns is None:
        return None
    return round(session.started_ns / 1e9 + ahead_s, 3)


def _view(
    profiles: ProfileSet, utc_s: float, begun_s: float | None, phases: int | None, ahead_s: float
) -> PlanView:
    rates = rates_at(profiles, utc_s, begun_s=begun_s, vehicle_phases=phases)
    after = RatesNow()
    if math.isfinite(rates.until_s):
        after = rates_at(profiles, rates.until_s, begun_s=begun_s, vehicle_phases=phases)
    plans = tuple(each for each in profiles.profiles if each.purpose is not ProfilePurpose.BOX)
    schedule = composite(
        replace(profiles, profiles=plans),
        connector=1,
        start_utc_s=math.floor(utc_s),
        duration_s=HORIZON_S,
        unit=RateUnit.AMPS,
        begun_s=begun_s,
        vehicle_phases=phases,
        most_a=MOST_A,
    )
    periods = tuple(
        PlanPeriod(
            start_utc_ns=(schedule.start_utc_s + each.start_s) * 1_000_000_000,
            limit_a=None if each.limit >= MOST_A else each.limit,
        )
        for each in schedule.periods[:MOST_PLAN_PERIODS]
    )
    return PlanView(
        profiles=profiles,
        begun_s=begun_s,
        phases=phases,
        ahead_s=ahead_s,
        rates=rates,
        after=after,
        periods=periods if plans else (),
    )


def wish_of(turn: Turn, name: str, rate: Rate | None, after: Rate | None) -> Wish | None:
    """Return a limit of the profiles as a wish; None: there is none."""
    service = turn.inputs.service
    if rate is None or service is None:
        return None
    view, offer_a = turn.state.plan, rate.offer_a
    fallback_a = service.fallback_a if name == PLAN else min(service.fallback_a, offer_a)
    end_ns = None
    if after is None and math.isfinite(view.rates.until_s):
        end_ns = round((view.rates.until_s - view.ahead_s) * 1e9)
    return Wish(
        name=name,
        limit_a=min(offer_a, MOST_A) if offer_a > 0.0 else None,
        pause=offer_a <= 0.0,
        end_ns=end_ns,
        hold_s=HOLD_S,
        fallback_a=fallback_a,
    )

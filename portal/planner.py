"""The cheapest plan that has the energy in the vehicle by its departure. Pure.

The price is constant in each slot. In a slot the vehicle is offered a current that it can follow:
6 A or more (IEC 61851-1, Table A.7), or none. The slots are filled by their price, the cheapest
first and of equal ones the earliest first; of the last one only as much is used as is needed, by a
lower current where 6 A are enough, else by a shorter time. No plan is cheaper that has one current
for each slot, as each unit of energy is bought in the cheapest slot that is left.
"""

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct

NOMINAL_V = 230.0  # IEC 60038
LEAST_A = 6.0  # IEC 61851-1, Table A.7
STEP_A = 0.1  # OCPP 1.6, section 7.14: a limit has one digit after the point at most
WH_PER_KWH = 1000.0
S_PER_H = 3600.0
DONE_WH = 0.01  # a rest that comes from rounding alone


class PriceSlot(Struct, frozen=True, kw_only=True):
    """The price of energy over a time, UTC [s]."""

    begin_utc_s: int
    end_utc_s: int
    price_per_kwh: float  # in any currency; may be negative


class PlanWish(Struct, frozen=True, kw_only=True):
    """What the customer wants, and what vehicle and box can do."""

    energy_wh: float  # that is still to be charged
    departure_utc_s: int
    phases: int = 3  # on which the vehicle charges
    most_a: float = 32.0  # of each phase
    # Power by offered current and by phase. It is less than the voltage: a vehicle draws a little
    # less than it is offered, and its power factor is below 1. A plan that is full at its end does
    # not reach all of the energy if this is too high.
    volts: float = NOMINAL_V
    spare_wh: float = DONE_WH  # a rest that is not worth a start


class PlanStep(Struct, frozen=True, kw_only=True):
    """A part of a plan: its limit holds until the next one begins."""

    start_s: int  # from the begin of the plan
    limit_a: float  # 0 (no charge), or 6 and more; a multiple of 0.1


class PricePlan(Struct, frozen=True, kw_only=True):
    """A plan from a time until the departure."""

    begin_utc_s: int
    duration_s: int
    steps: tuple[PlanStep, ...]  # two neighbours differ; none: there is no time left
    energy_wh: float  # that it charges
    cost: float  # in the currency of the prices; time without a price costs nothing here
    is_enough: bool  # False: by the departure there is no more than `energy_wh`


class _Piece(Struct, frozen=True):
    """A time with one price."""

    begin_s: int
    end_s: int
    price: float  # infinite: not known


def plan(slots: Sequence[PriceSlot], wish: PlanWish, now_utc_s: int) -> PricePlan:
    """Return the cheapest plan from now on.

    Time that no slot covers has no known price: it is used only if all others are full. If the
    time does not suffice, the vehicle is charged with all that is possible.
    """
    pieces = _pieces(slots, now_utc_s, wish.departure_utc_s)
    power_w = wish.volts * wish.phases
    most_a = _floor(wish.most_a)
    if most_a < LEAST_A:
        most_a = 0.0
    left_wh = max(wish.energy_wh, 0.0)
    charged: list[tuple[int, int, float]] = []  # begin, end [UTC s], current [A]
    energy_wh = cost = 0.0
    for piece in sorted(pieces, key=lambda each: (each.price, each.begin_s)):
        if left_wh <= wish.spare_wh or most_a <= 0.0:
            break
        end_s, limit_a = _use(piece, left_wh, power_w, most_a)
        charged.append((piece.begin_s, end_s, limit_a))
        gained_wh = power_w * limit_a * (end_s - piece.begin_s) / S_PER_H
        left_wh -= gained_wh
        energy_wh += gained_wh
        if math.isfinite(piece.price):
            cost += gained_wh / WH_PER_KWH * piece.price
    return PricePlan(
        begin_utc_s=now_utc_s,
        duration_s=max(wish.departure_utc_s - now_utc_s, 0),
        steps=_steps(sorted(charged), now_utc_s, wish.departure_utc_s),
        energy_wh=energy_wh,
        cost=cost,
        is_enough=left_wh <= wish.spare_wh,
    )


def _use(piece: _Piece, left_wh: float, power_w: float, most_a: float) -> tuple[int, float]:
    """Return until when a piece is used [UTC s], and the current [A].

    The current is rounded up, so that the energy is reached.
    """
    duration_s = piece.end_s - piece.begin_s
    needed_a = left_wh * S_PER_H / (power_w * duration_s)
    if needed_a >= most_a:
        return piece.end_s, most_a
    if needed_a >= LEAST_A:
        return piece.end_s, min(_ceil(needed_a), most_a)
    needed_s = math.ceil(left_wh * S_PER_H / (power_w * LEAST_A))
    return min(piece.begin_s + needed_s, piece.end_s), LEAST_A


def _pieces(slots: Sequence[PriceSlot], now_s: int, end_s: int) -> list[_Piece]:
    """Return the time from now to the end in pieces of one price; of two slots the first counts."""
    if end_s <= now_s:
        return []
    edges = {now_s, end_s}
    for slot in slots:
        edges |= {edge for edge in (slot.begin_utc_s, slot.end_utc_s) if now_s < edge < end_s}
    times = sorted(edges)
    return [_Piece(begin, end, _price(slots, begin)) for begin, end in itertools.pairwise(times)]


def _price(slots: Sequence[PriceSlot], at_s: int) -> float:
    """Return the price at a time, infinite if it is not known."""
    prices = (
        each.price_per_kwh
        for each in slots
        if each.begin_utc_s <= at_s < each.end_utc_s and math.isfinite(each.price_per_kwh)
    )
    return next(prices, math.inf)


def _steps(
    charged: Sequence[tuple[int, int, float]], now_s: int, end_s: int
) -> tuple[PlanStep, ...]:
    """Return the steps of a plan that charges in these times."""
    limits: list[tuple[int, float]] = []
    at_s = now_s
    for begin_s, until_s, limit_a in charged:
        if begin_s > at_s:
            limits.append((at_s, 0.0))
        limits.append((begin_s, limit_a))
        at_s = until_s
    if at_s < end_s:
        limits.append((at_s, 0.0))
    steps: list[PlanStep] = []
    for begin_s, limit_a in limits:
        if not steps or steps[-1].limit_a != limit_a:
            steps.append(PlanStep(start_s=begin_s - now_s, limit_a=limit_a))
    return tuple(steps)


def _floor(current_a: float) -> float:
    return math.floor(current_a / STEP_A + 1e-6) / round(1.0 / STEP_A)


def _ceil(current_a: float) -> float:
    return math.ceil(current_a / STEP_A - 1e-6) / round(1.0 / STEP_A)

"""What all charging profiles together allow, at a time and over a time. Pure.

At each instant, in each purpose, the profile of the highest stack level that has a value counts. A
profile of the transaction replaces those of each transaction, also by a higher limit; of the
latter, one for the connector counts before one for the whole box. The profile of the whole box
caps the result.
"""

import math
from collections.abc import Iterable

from msgspec import Struct

from msgs.pilot import MAX_OFFER_A, MIN_OFFER_A
from nodes.dcs.profile import (
    ChargingProfile,
    ProfilePurpose,
    RateUnit,
    next_change_s,
    value_at,
)
from nodes.dcs.profiles import ProfileSet

NOMINAL_V = 230.0  # IEC 60038: the voltage to neutral by which limits in W are converted
DEFAULT_PHASES = 3  # OCPP 1.6, section 7.14: assumed if a period names no number of phases
# Assumed, so that no request keeps the node busy: a longer composite schedule ends earlier, and
# says so by its duration. A day in quarter hours has 96 changes.
MOST_CHANGES = 1000
_ROUNDING = 1e-6  # of a tenth: 8.2 divided by a tenth is not 82


class Rate(Struct, frozen=True, kw_only=True):
    """The limit of the profile that counts, of one purpose or two."""

    profile: ChargingProfile
    limit: float  # in the unit of the profile
    limit_a: float  # of each phase
    phases: int  # by which it is converted

    @property
    def offer_a(self) -> float:
        """The current that a vehicle can be offered of it [A]; 0: pause.

        Below 6 A no duty signals it (IEC 61851-1, Table A.7); below the least rate of the profile
        the vehicle does not charge properly.
        """
        least = _convert(self.profile.least_rate or 0.0, self.profile.unit, AMPS, self.phases)
        return self.limit_a if self.limit_a >= max(MIN_OFFER_A, least) else 0.0


class RatesNow(Struct, frozen=True, kw_only=True):
    """What the profiles allow at a time, and until when."""

    plan: Rate | None = None  # of the transaction or each one: this is the plan
    cap: Rate | None = None  # of the whole box; it also holds without a transaction
    until_s: float = math.inf  # UTC, when this may change


class CompositePeriod(Struct, frozen=True, kw_only=True):
    """A part of a composite schedule."""

    start_s: int  # from its begin
    limit: float  # in its unit, a multiple of 0.1
    phases: int  # by which it is converted


class CompositeSchedule(Struct, frozen=True, kw_only=True):
    """What holds from a time on, for a duration."""

    connector: int
    start_utc_s: int
    duration_s: int
    unit: RateUnit
    periods: tuple[CompositePeriod, ...]  # two neighbours differ
    least_rate: float | None = None  # the highest of the profiles that count


AMPS, WATTS = RateUnit.AMPS, RateUnit.WATTS


def rates_at(
    installed: ProfileSet, now_s: float, *, begun_s: float | None, vehicle_phases: int | None
) -> RatesNow:
    """Return what the profiles allow at a time.

    :param now_s: UTC
    :param begun_s: UTC, when the transaction began; None: none runs, and it would begin now
    :param vehicle_phases: on which the vehicle really charges. None, not known: those that the
        profiles name, else 3. A vehicle of one phase would never show it if it was offered nothing.
    """
    begun_s = now_s if begun_s is None else begun_s
    plan = _counting(_plans(installed), now_s, begun_s)
    cap = _counting(_caps(installed), now_s, begun_s)
    phases = _phases(vehicle_phases, plan, cap)
    return RatesNow(
        plan=None if plan is None else _rate(plan, phases),
        cap=None if cap is None else _rate(cap, phases),
        until_s=_until_s(installed, now_s, begun_s),
    )


def composite(
    installed: ProfileSet,
    *,
    connector: int,
    start_utc_s: int,
    duration_s: int,
    unit: RateUnit = RateUnit.AMPS,
    begun_s: float | None = None,
    vehicle_phases: int | None = None,
    most_a: float = MAX_OFFER_A,
) -> CompositeSchedule:
    """Return what holds from a time on; the box has one connector, so 0 means the same as 1.

    :param begun_s: UTC, when the transaction began; None: as if one began at the start
    :param vehicle_phases: as in `rates_at`
    :param most_a: what the box allows by itself, of each phase
    """
    begun_s = start_utc_s if begun_s is None else begun_s
    end_s = start_utc_s + max(duration_s, 0)
    periods: list[CompositePeriod] = []
    least = 0.0
    time_s = start_utc_s
    for _ in range(MOST_CHANGES):
        if time_s >= end_s:
            break
        now = rates_at(installed, time_s, begun_s=begun_s, vehicle_phases=vehicle_phases)
        limit, phases, least_now = _together(now, unit, vehicle_phases, most_a)
        least = max(least, least_now)
        if not periods or (periods[-1].limit, periods[-1].phases) != (limit, phases):
            start_s = time_s - start_utc_s
            periods.append(CompositePeriod(start_s=start_s, limit=limit, phases=phases))
        # A relative profile may change within a second: the second begins with the new value.
        time_s = end_s if now.until_s >= end_s else math.ceil(now.until_s)
    return CompositeSchedule(
        connector=connector,
        start_utc_s=start_utc_s,
        duration_s=time_s - start_utc_s,
        unit=unit,
        periods=tuple(periods),
        least_rate=_floor(least) or None,
    )


def _together(
    now: RatesNow, unit: RateUnit, vehicle_phases: int | None, most_a: float
) -> tuple[float, int, float]:
    """Return the limit of all at a time and the least rate, in a unit, and the phases."""
    counting = [each for each in (now.plan, now.cap) if each is not None]
    phases = counting[0].phases if counting else _phases(vehicle_phases)
    limits = [_convert(each.limit, each.profile.unit, unit, phases) for each in counting]
    least = [
        _convert(each.profile.least_rate or 0.0, each.profile.unit, unit, phases)
        for each in counting
    ]
    limit = min([*limits, _convert(most_a, AMPS, unit, phases)])
    return _floor(limit), phases, max(least, default=0.0)


class _Counting(Struct, frozen=True):
    """A profile that counts at a time, with the period."""

    profile: ChargingProfile
    limit: float
    phases: int


def _counting(
    profiles: Iterable[ChargingProfile], now_s: float, begun_s: float
) -> _Counting | None:
    """Return the first one of ranked profiles that has a value."""
    for profile in profiles:
        period = value_at(profile, now_s, begun_s)
        if period is not None:
            return _Counting(profile, period.limit, period.phases or DEFAULT_PHASES)
    return None


def _plans(installed: ProfileSet) -> list[ChargingProfile]:
    """Return the profiles of transactions, the one that counts most first."""
    plans = [each for each in installed.profiles if each.purpose is not ProfilePurpose.BOX]
    return sorted(plans, key=_rank, reverse=True)


def _caps(installed: ProfileSet) -> list[ChargingProfile]:
    """Return the profiles of the whole box, the one that counts most first."""
    caps = [each for each in installed.profiles if each.purpose is ProfilePurpose.BOX]
    return sorted(caps, key=_rank, reverse=True)


def _rank(profile: ChargingProfile) -> tuple[bool, bool, int]:
    is_own = profile.purpose is ProfilePurpose.TRANSACTION
    return is_own, profile.connector > 0, profile.stack_level


def _phases(vehicle_phases: int | None, *counting: _Counting | None) -> int:
    """Return the phases by which limits are converted: the vehicle's, or the fewest named."""
    if vehicle_phases is not None:
        return vehicle_phases
    return min((each.phases for each in counting if each is not None), default=DEFAULT_PHASES)


def _rate(counting: _Counting, phases: int) -> Rate:
    limit_a = _convert(counting.limit, counting.profile.unit, AMPS, phases)
    return Rate(profile=counting.profile, limit=counting.limit, limit_a=limit_a, phases=phases)


def _until_s(installed: ProfileSet, now_s: float, begun_s: float) -> float:
    """Return when the value of any profile may change next [UTC s]."""
    changes = (next_change_s(each, now_s, begun_s) for each in installed.profiles)
    return min(changes, default=math.inf)


def _convert(rate: float, unit: RateUnit, to: RateUnit, phases: int) -> float:
    """Return a rate in another unit."""
    if unit is to:
        return rate
    return rate * NOMINAL_V * phases if to is WATTS else rate / (NOMINAL_V * phases)


def _floor(rate: float) -> float:
    """Return a rate with one digit after the point, not more than it was."""
    return math.floor(rate * 10.0 + _ROUNDING) / 10.0

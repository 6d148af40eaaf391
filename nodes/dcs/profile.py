"""A charging profile: a limit over time that the service has set, and its value at a time. Pure.

Times are UTC [s]. A dialect drops fractions of a second, so that the begin of an occurrence of a
recurring profile is exact.
"""

import math
from enum import IntEnum, StrEnum

from msgspec import Struct

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class ProfilePurpose(StrEnum):
    """What a profile limits."""

    # 1.6 ChargePointMaxProfile, 2.0.1 ChargingStationMaxProfile: no profile may exceed it.
    BOX = "box"
    # 1.6 and 2.0.1 TxDefaultProfile: each transaction, unless it has its own profile.
    EACH_TRANSACTION = "each_transaction"
    # 1.6 and 2.0.1 TxProfile: the running transaction; it ends with it.
    TRANSACTION = "transaction"


class ProfileKind(StrEnum):
    """What a charging schedule begins with."""

    # At `start_utc_s`; without it at the begin of the transaction (OCPP 1.6, section 7.13).
    ABSOLUTE = "absolute"
    RECURRING = "recurring"  # at `start_utc_s`, and each day or week before and after it
    RELATIVE = "relative"  # at the begin of the transaction


class Recurrence(IntEnum):
    """The time between two occurrences of a recurring profile [s]."""

    DAILY = DAY_S
    WEEKLY = WEEK_S


class RateUnit(StrEnum):
    """The unit of the limits of a profile."""

    AMPS = "A"  # of each phase
    WATTS = "W"  # of all phases together


class RatePeriod(Struct, frozen=True, kw_only=True):
    """A part of a charging schedule: its limit holds until the next part begins."""

    start_s: int  # after the begin of the schedule
    limit: float  # in the unit of the profile
    phases: int | None = None  # on which the vehicle charges, as the service assumes


class ChargingProfile(Struct, frozen=True, kw_only=True):
    """A charging profile of the service. `nodes.dcs.profile_check` says which are refused."""

    profile_id: int
    connector: int  # 0: the whole box
    purpose: ProfilePurpose
    kind: ProfileKind
    unit: RateUnit
    periods: tuple[RatePeriod, ...]  # by their begin
    stack_level: int = 0  # of two profiles of one purpose the higher one counts
    recurrence: Recurrence | None = None
    start_utc_s: int | None = None
    duration_s: int | None = None  # None: the last period goes on
    valid_from_utc_s: int | None = None
    valid_to_utc_s: int | None = None  # the first second in which it is not valid any more
    least_rate: float | None = None  # in the unit: below it the vehicle does not charge properly
    transaction: int | None = None  # the service's id; None: that which runs


def value_at(profile: ChargingProfile, now_s: float, begun_s: float) -> RatePeriod | None:
    """Return the period of a profile that holds at a time, None if it has no value then.

    :param now_s: UTC
    :param begun_s: UTC, when the transaction began
    """
    if not _valid_from_s(profile) <= now_s < _valid_to_s(profile):
        return None
    begin_s = occurrence_s(profile, now_s, begun_s)
    if not begin_s <= now_s < _end_s(profile, begin_s):
        return None
    found = None
    for period in profile.periods:
        if begin_s + period.start_s > now_s:
            break
        found = period
    return found


def next_change_s(profile: ChargingProfile, now_s: float, begun_s: float) -> float:
    """Return when the value of a profile may be another one next [UTC s], infinite if never.

    :param now_s: UTC
    :param begun_s: UTC, when the transaction began
    """
    begin_s = occurrence_s(profile, now_s, begun_s)
    times = [_valid_from_s(profile), _valid_to_s(profile), begin_s, _end_s(profile, begin_s)]
    if profile.recurrence is not None and profile.kind is ProfileKind.RECURRING:
        times.append(begin_s + profile.recurrence)
    times += [begin_s + period.start_s for period in profile.periods]
    return min((each for each in times if each > now_s), default=math.inf)


def occurrence_s(profile: ChargingProfile, now_s: float, begun_s: float) -> float:
    """Return when the charging schedule began that counts at a time [UTC s].

    Of a recurring profile this is the last occurrence until then, also one before `start_utc_s`:
    a validity says from when on it counts.

    :param begun_s: UTC, when the transaction began
    """
    if profile.kind is ProfileKind.RELATIVE or profile.start_utc_s is None:
        return begun_s
    if profile.kind is ProfileKind.ABSOLUTE or profile.recurrence is None:
        return profile.start_utc_s
    passed = math.floor(now_s - profile.start_utc_s) // profile.recurrence
    return profile.start_utc_s + passed * profile.recurrence


def _end_s(profile: ChargingProfile, begin_s: float) -> float:
    """Return when a schedule ends that began at a time [UTC s]."""
    return math.inf if profile.duration_s is None else begin_s + profile.duration_s


def _valid_from_s(profile: ChargingProfile) -> float:
    return -math.inf if profile.valid_from_utc_s is None else profile.valid_from_utc_s


def _valid_to_s(profile: ChargingProfile) -> float:
    return math.inf if profile.valid_to_utc_s is None else profile.valid_to_utc_s

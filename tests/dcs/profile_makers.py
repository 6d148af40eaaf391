"""Charging profiles for tests, in few words."""

from datetime import UTC, datetime

from nodes.dcs.composition import CompositeSchedule, composite
from nodes.dcs.profile import (
    ChargingProfile,
    ProfileKind,
    ProfilePurpose,
    RatePeriod,
    RateUnit,
    Recurrence,
)
from nodes.dcs.profile_check import RunningTransaction
from nodes.dcs.profiles import NO_PROFILES, ProfileSet, install

BOX, EACH, OWN = ProfilePurpose.BOX, ProfilePurpose.EACH_TRANSACTION, ProfilePurpose.TRANSACTION
ABSOLUTE, RECURRING, RELATIVE = ProfileKind.ABSOLUTE, ProfileKind.RECURRING, ProfileKind.RELATIVE
A, W = RateUnit.AMPS, RateUnit.WATTS
DAILY, WEEKLY = Recurrence.DAILY, Recurrence.WEEKLY


def at(text: str) -> int:
    """Return UTC [s] of "2024-01-01 12:00", also with seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def clock(utc_s: float) -> str:
    """Return UTC [s] as "2024-01-01 12:00:00"."""
    return datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def profile(
    *periods: tuple[float, ...],
    purpose: ProfilePurpose = EACH,
    kind: ProfileKind = ABSOLUTE,
    unit: RateUnit = A,
    level: int = 0,
    number: int = 1,
    connector: int | None = None,
    start: str = "",
    duration: int | None = None,
    valid: tuple[str, str] = ("", ""),
    recurrence: Recurrence | None = None,
    least: float | None = None,
    transaction: int | None = None,
) -> ChargingProfile:
    """Return a profile; a period is (begin [s], limit) or (begin, limit, phases)."""
    if connector is None:
        connector = 0 if purpose is BOX else 1
    if kind is RECURRING and recurrence is None:
        recurrence = DAILY
    return ChargingProfile(
        profile_id=number,
        connector=connector,
        purpose=purpose,
        kind=kind,
        unit=unit,
        stack_level=level,
        recurrence=recurrence,
        periods=tuple(
            RatePeriod(
                start_s=int(each[0]),
                limit=each[1],
                phases=int(each[2]) if len(each) > 2 else None,
            )
            for each in periods
        ),
        start_utc_s=at(start) if start else None,
        duration_s=duration,
        valid_from_utc_s=at(valid[0]) if valid[0] else None,
        valid_to_utc_s=at(valid[1]) if valid[1] else None,
        least_rate=least,
        transaction=transaction,
    )


def running(begun: str, transaction: int | None = 7) -> RunningTransaction:
    """Return a transaction that runs."""
    return RunningTransaction(begun_utc_s=at(begun), transaction=transaction)


def installed(
    *profiles: ChargingProfile, transaction: RunningTransaction | None = None
) -> ProfileSet:
    """Return the set after all have been installed, of which none may be refused."""
    result = NO_PROFILES
    for each in profiles:
        result, refusal = install(result, each, now_s=None, running=transaction)
        assert refusal == ""
    return result


def shown(
    profiles: ProfileSet,
    start: str,
    end: str,
    *,
    unit: RateUnit = A,
    begun: str = "",
    most_a: float = 48.0,
    vehicle_phases: int | None = None,
) -> CompositeSchedule:
    """Return the composite schedule of a time."""
    return composite(
        profiles,
        connector=1,
        start_utc_s=at(start),
        duration_s=at(end) - at(start),
        unit=unit,
        begun_s=at(begun) if begun else None,
        most_a=most_a,
        vehicle_phases=vehicle_phases,
    )


def limits(schedule: CompositeSchedule) -> list[tuple[int, float]]:
    """Return the periods of a composite schedule as (begin [s], limit)."""
    return [(each.start_s, each.limit) for each in schedule.periods]


def limits_by_phases(schedule: CompositeSchedule) -> list[tuple[int, float, int]]:
    """Return the periods of a composite schedule as (begin [s], limit, phases)."""
    return [(each.start_s, each.limit, each.phases) for each in schedule.periods]

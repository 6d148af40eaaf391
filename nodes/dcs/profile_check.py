"""Which charging profiles are refused, and why. Pure.

What is accepted has an effect. The rules are those of OCPP 1.6, section 5.16 and 3.13; where 2.0.1
is stricter (K01.FR.03, .31, .40, .41) its dialect refuses before.
"""

from msgspec import Struct

from nodes.dcs.profile import ChargingProfile, ProfileKind, ProfilePurpose, RatePeriod

CONNECTORS = 1  # of this box, whose cable is fixed
# Assumed. Seen in the field: 33 periods and 15 profiles; 96 periods are a day in quarter hours.
MOST_PERIODS = 100
MOST_PROFILES = 20
MOST_STACK_LEVEL = 10

MOST_RATE = 2_147_483_647.0  # assumed: the largest that a service may write for "no limit"
MOST_DURATION_S = 2_147_483_647  # an integer of OCPP
LIMIT_STEP = 0.1  # OCPP 1.6, section 7.14: a limit has one digit after the point at most
MOST_PHASES = 3
# Assumed: a schedule does not begin outside these years; such a time is that of a clock not set,
# or of a field not filled.
EARLIEST_START_UTC_S = 946_684_800  # 2000-01-01
LATEST_START_UTC_S = 4_102_444_800  # 2100-01-01

_TOLERANCE = 1e-4  # of the number of steps, above the rounding of any rate


class RunningTransaction(Struct, frozen=True, kw_only=True):
    """The transaction that runs."""

    begun_utc_s: float
    transaction: int | None = None  # the service's id; None: it has not answered yet


def profile_refusal(
    profile: ChargingProfile, running: RunningTransaction | None, now_s: float | None
) -> str:
    """Return why a profile cannot be installed, "" if it can.

    :param now_s: UTC; None: the clock is not set
    """
    return (
        _target_refusal(profile)
        or _transaction_refusal(profile, running)
        or _schedule_refusal(profile)
        or _time_refusal(profile, now_s)
    )


def start_profile_refusal(profile: ChargingProfile, now_s: float | None) -> str:
    """Return why a profile cannot be installed that comes with the request to begin, "" if it can.

    It is bound to the transaction that the request begins.

    :param now_s: UTC; None: the clock is not set
    """
    if profile.purpose is not ProfilePurpose.TRANSACTION:
        return "a profile of a request to begin is for that transaction alone"
    if profile.transaction is not None:
        return "a profile of a request to begin names no transaction"
    return _target_refusal(profile) or _schedule_refusal(profile) or _time_refusal(profile, now_s)


def _target_refusal(profile: ChargingProfile) -> str:
    """Return what is wrong with the connector, the purpose or the stack level."""
    if not 0 <= profile.connector <= CONNECTORS:
        return f"connector {_shown(profile.connector)}: expected 0 to {CONNECTORS}"
    if profile.purpose is ProfilePurpose.BOX and profile.connector != 0:
        return "a profile of the whole box is for connector 0"
    if profile.purpose is ProfilePurpose.BOX and profile.kind is ProfileKind.RELATIVE:
        return "a profile of the whole box is not relative to a transaction"
    if profile.purpose is ProfilePurpose.TRANSACTION and profile.connector == 0:
        return "a profile of a transaction is for the connector on which it runs"
    if not 0 <= profile.stack_level <= MOST_STACK_LEVEL:
        return f"stack level {_shown(profile.stack_level)}: expected 0 to {MOST_STACK_LEVEL}"
    return ""


def _transaction_refusal(profile: ChargingProfile, running: RunningTransaction | None) -> str:
    """Return why a profile does not fit the transaction that runs."""
    if profile.purpose is not ProfilePurpose.TRANSACTION:
        return ""
    if running is None:
        return "no transaction runs"
    if profile.transaction is not None and profile.transaction != running.transaction:
        return f"transaction {_shown(profile.transaction)} does not run"
    return ""


def _schedule_refusal(profile: ChargingProfile) -> str:
    """Return what is wrong with the charging schedule."""
    if not 1 <= len(profile.periods) <= MOST_PERIODS:
        return f"{len(profile.periods)} periods: expected 1 to {MOST_PERIODS}"
    before_s = -1
    for number, period in enumerate(profile.periods, start=1):
        if refusal := _period_refusal(period, before_s):
            return f"period {number}: {refusal}"
        before_s = period.start_s
    if profile.least_rate is not None and (refusal := _rate_refusal(profile.least_rate)):
        return f"least rate: {refusal}"
    duration_s = profile.duration_s
    if duration_s is not None and not 0 < duration_s <= MOST_DURATION_S:
        return f"duration {_shown(duration_s)}: expected 1 to {MOST_DURATION_S}"
    return ""


def _period_refusal(period: RatePeriod, before_s: int) -> str:
    if not before_s < period.start_s <= MOST_DURATION_S:
        return f"begin {_shown(period.start_s)}: expected more than {before_s}"
    if period.phases is not None and not 1 <= period.phases <= MOST_PHASES:
        return f"{_shown(period.phases)} phases: expected 1 to {MOST_PHASES}"
    return _rate_refusal(period.limit)


def _rate_refusal(rate: float) -> str:
    """Return what is wrong with a limit; NaN is in no range."""
    if not 0.0 <= rate <= MOST_RATE:
        return f"limit {_shown(rate)}: expected 0 to {MOST_RATE:.0f}"
    if abs(rate / LIMIT_STEP - round(rate / LIMIT_STEP)) > _TOLERANCE:
        return f"limit {_shown(rate)}: expected a multiple of {LIMIT_STEP}"
    return ""


def _time_refusal(profile: ChargingProfile, now_s: float | None) -> str:
    """Return why a profile never applies.

    A validity from the year 1 on, or up to the year 9999, has no bound on that side.
    """
    start_s, from_s, to_s = profile.start_utc_s, profile.valid_from_utc_s, profile.valid_to_utc_s
    if profile.kind is ProfileKind.RECURRING and profile.recurrence is None:
        return "a recurring profile recurs daily or weekly"
    if profile.kind is ProfileKind.RELATIVE and start_s is not None:
        return "a relative profile has no begin"
    if profile.kind is ProfileKind.RECURRING and start_s is None:
        return f"the {profile.kind} profile has no begin"
    if start_s is None and profile.purpose is ProfilePurpose.BOX and not _is_constant(profile):
        return "a profile of the whole box that changes has a begin"
    if start_s is not None and not EARLIEST_START_UTC_S <= start_s < LATEST_START_UTC_S:
        return "its begin is not in the years 2000 to 2099"
    if from_s is not None and from_s >= LATEST_START_UTC_S:
        return "it is not valid before the year 2100"
    if from_s is not None and to_s is not None and to_s <= from_s:
        return "it ends before it is valid"
    if to_s is not None and to_s <= (EARLIEST_START_UTC_S if now_s is None else now_s):
        return "its validity is over"
    if now_s is None or start_s is None or profile.kind is not ProfileKind.ABSOLUTE:
        return ""
    if profile.duration_s is not None and start_s + profile.duration_s <= now_s:
        return "its schedule is over"
    return ""


def _is_constant(profile: ChargingProfile) -> bool:
    """Return whether a profile has one limit that has no end, wherever it begins."""
    return profile.duration_s is None and [each.start_s for each in profile.periods] == [0]


def _shown(value: float) -> str:
    """Return a number of a message as text, cut: one of JSON may have thousands of digits."""
    return f"{value!s:.24}"

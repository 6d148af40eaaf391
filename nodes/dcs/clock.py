"""The time of the charging service: what its answers say, over the monotonic clock. Pure.

OCPP's service has the time (1.6: `currentTime` of BootNotification and Heartbeat). It is used for
the stamps of messages and for plans. Until it is heard, the box's clock counts if it is known to be
set. This node does not set the box's clock.
"""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

JUMP_NS = 1_000_000_000
"""Assumed: a smaller difference is the way of the answer, and does not move the clock."""

# Assumed: a service that says another year, 2020 to 2199, has no time itself.
EARLIEST_UTC_NS = 1_577_836_800_000_000_000  # 2020-01-01
LATEST_UTC_NS = 7_258_118_400_000_000_000  # 2200-01-01


class WallClock(Struct, frozen=True, kw_only=True):
    """UTC by the service, as its difference from the monotonic clock of this boot."""

    ahead_ns: int | None = None  # None: the service has not been heard in this run


def heard(clock: WallClock, now_s: float, utc_ns: int | None) -> WallClock:
    """Return the clock after an answer of the service with its time; None: it has said none."""
    if utc_ns is None or not EARLIEST_UTC_NS <= utc_ns < LATEST_UTC_NS:
        return clock
    ahead_ns = utc_ns - round(now_s * 1e9)
    if clock.ahead_ns is not None and abs(ahead_ns - clock.ahead_ns) < JUMP_NS:
        return clock
    return replace(clock, ahead_ns=ahead_ns)


def utc_ns(clock: WallClock, now_s: float, box_ahead_ns: int | None) -> int | None:
    """Return UTC now [ns]; None: it is not known.

    :param box_ahead_ns: UTC less the monotonic clock, by the box's clock; None: it is not set
    """
    ahead_ns = box_ahead_ns if clock.ahead_ns is None else clock.ahead_ns
    return None if ahead_ns is None else round(now_s * 1e9) + ahead_ns


def corrected_ns(clock: WallClock, stamp_ns: int, box_ahead_ns: int) -> int:
    """Return a stamp [ns] of this boot by the service's clock.

    :param box_ahead_ns: UTC less the monotonic clock, as the box had them when it made the stamp
    """
    return stamp_ns if clock.ahead_ns is None else stamp_ns - box_ahead_ns + clock.ahead_ns


def words(stamp_ns: int) -> str:
    """Return a time as ISO 8601 with milliseconds, as OCPP writes it."""
    seconds, rest = divmod(stamp_ns, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def read(text: str) -> int | None:
    """Return the time of an ISO 8601 text [ns since 1970]; one without a zone is UTC.

    None: it is no such text. Years 1 and 9999 are what some services write for "no bound".
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    passed = at - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = passed.days * 86_400 + passed.seconds
    return seconds * 1_000_000_000 + passed.microseconds * 1000

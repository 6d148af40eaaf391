"""Prices and a departure that a test needs, whatever the time of day is when it runs."""

import time
from datetime import UTC, datetime, tzinfo

HOUR_S = 3600
STAYS_H = 5  # two hours of each price, and one that the end of summer time may take
MOST_A = 10
ENERGY_KWH = 8.0  # more than one hour holds at 10 A, and less than two


def departure(now_utc_s: float | None = None, zone: tzinfo | None = None) -> str:
    """Return a time in some hours, as the portal's page has it."""
    return _local(now_utc_s, STAYS_H * HOUR_S, zone).strftime("%H:%M")


def prices(
    now: float, later: float, now_utc_s: float | None = None, zone: tzinfo | None = None
) -> list[float]:
    """Return prices of a day: of this hour and the next, and of the others.

    :param zone: None: that of this machine, as the portal has it.
    """
    near = {_local(now_utc_s, after_s, zone).hour for after_s in (0, HOUR_S)}
    return [now if hour in near else later for hour in range(24)]


def _local(now_utc_s: float | None, after_s: int, zone: tzinfo | None) -> datetime:
    utc_s = (time.time() if now_utc_s is None else now_utc_s) + after_s
    return datetime.fromtimestamp(utc_s, UTC).astimezone(zone)

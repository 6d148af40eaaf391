"""How long a session lasts, from its start to its end. Pure.

By the monotonic clock: UTC may be set meanwhile, by hours, or by 57 years in a machine that has
begun in 1970. With the entry and the sign of a session is stored how long it had lasted at that
instant. Over a restart in place the monotonic clock goes on. Over another boot it begins again:
then the time between the two counts by UTC, and only if UTC was set in both.
"""

from msgspec import Struct

from msgs.units import Seconds
from nodes.session.entry import Entry

SET_NS = 100_000_000  # assumed: a larger jump means that UTC was set; no look is later than this


class LastSeen(Struct, frozen=True, kw_only=True):
    """When a session was last seen to run."""

    utc_ns: int
    is_utc_set: bool  # in that boot, at that time
    now_ns: int  # monotonic time of that boot
    boot: str
    duration_s: Seconds | None  # until then; None: stored by an older version, not known


def lasted_s(began_s: float | None, now_s: float) -> float | None:
    """Return the duration of a session [s]; None if its start is not known.

    :param began_s: its start by the monotonic clock of this boot; it may be before the boot [s].
    """
    return None if began_s is None else max(0.0, now_s - began_s)


def seen_of(entry: Entry) -> LastSeen:
    """Return when a stored session was last seen to run."""
    return LastSeen(
        utc_ns=entry.seen_utc_ns,
        is_utc_set=entry.is_seen_utc_set,
        now_ns=entry.seen_ns,
        boot=entry.seen_boot,
        duration_s=entry.seen_duration_s,
    )


def began_in_boot(entry: Entry) -> float | None:
    """Return the same of a session whose entry is of this boot."""
    duration_s = entry.seen_duration_s
    return None if duration_s is None else entry.seen_ns / 1e9 - duration_s


def began_s(
    entry: Entry, *, now_s: float, utc_ns: int, is_utc_set: bool, is_same_boot: bool
) -> float | None:
    """Return when a stored session that goes on now began, by this boot's monotonic clock [s].

    :param is_same_boot: the entry is of this boot.
    """
    if is_same_boot or entry.seen_duration_s is None:
        return began_in_boot(entry)
    gap_s = 0.0
    if entry.is_seen_utc_set and is_utc_set:
        gap_s = max(0.0, (utc_ns - entry.seen_utc_ns) / 1e9)
    return now_s - gap_s - entry.seen_duration_s

"""One row of the session store. Pure."""

from msgspec import Struct

from msgs.session import SessionRecord


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the store."""

    record: SessionRecord
    seated: bool  # the plug of this session has not been out since
    seen_utc_ns: int  # when it was last up to date
    plugged_since_utc_ns: int = 0  # from safety
    run: int = 0  # of the graph that wrote it; 0: not known
    lapses_utc_ns: int = 0  # deadline of the start; 0: started, or began without a card
    lapses_ns: int = 0  # the same by the monotonic clock; 0: stored by an older version
    # When it was last up to date, see `duration`: monotonic time, the boot that it is of, whether
    # UTC was set, and how long the session had lasted (None: stored by an older version).
    seen_ns: int = 0
    seen_boot: str = ""
    is_seen_utc_set: bool = False
    seen_duration_s: float | None = None


def replaces(entry: Entry, other: Entry) -> bool:
    """Return whether both are of one session, so that an entry replaces the other."""
    return entry.record.session_id == other.record.session_id

"""One row of the session store. Pure."""

from msgspec import Struct

from msgs.session import SessionRecord


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the store."""

    record: SessionRecord
    seated: bool  # the plug of this session has not been out since
    seen_utc_ns: int  # when this was the newest that was known
    plugged_since_utc_ns: int = 0  # as safety said
    run: int = 0  # of the graph that it was known in; 0: not known
    lapses_utc_ns: int = 0  # the charge has to be started by then; 0: it was, or needs no card


def replaces(entry: Entry, other: Entry) -> bool:
    """Return whether an entry takes another one's place in the store: both are of one session."""
    return entry.record.session_id == other.record.session_id

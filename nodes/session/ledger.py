"""What is not on the disk yet: entries in order, one write at a time, failed ones again. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from msgs.session import SessionRecord
from msgs.units import Text

RETRY_S = 5.0  # assumed: until a write that failed is tried again


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the store."""

    record: SessionRecord
    seated: bool  # the plug of this session has not been out since
    seen_utc_ns: int  # when this was the newest that was known
    plugged_since_utc_ns: int = 0  # as safety said
    life: int = 0  # of the graph that it was known in; 0: not known
    lapses_utc_ns: int = 0  # the charge has to be started by then; 0: it was, or needs no card


class Written(Struct, frozen=True, kw_only=True):
    """How the write under way ended."""

    problem: Text | None = None  # None: it is on the disk


class Ledger(Struct, frozen=True, kw_only=True):
    """What is known of the store."""

    stored: SessionRecord | None = None  # the newest that is on the disk
    unsaved: tuple[Entry, ...] = ()  # oldest first, one for a session
    writing: Entry | None = None
    retry_s: float = 0.0
    problem: Text | None = None  # why the last write failed; None: it did not

    @property
    def is_stored(self) -> bool:
        """Return whether nothing waits for the disk."""
        return self.writing is None and not self.unsaved

    def has(self, record: SessionRecord) -> bool:
        """Return whether this session is on the disk, in this or an earlier form."""
        return self.stored is not None and self.stored.session_id == record.session_id


def keep(ledger: Ledger, entry: Entry) -> Ledger:
    """Queue an entry; a newer one of the same session takes the older one's place."""
    return replace(ledger, unsaved=(*_others(ledger, entry), entry))


def accept(ledger: Ledger, written: Written, now_s: float) -> Ledger:
    """Take the result of the write under way."""
    entry = ledger.writing
    if entry is None:
        return ledger
    if written.problem is None:
        return replace(ledger, writing=None, problem=None, stored=entry.record)
    unsaved = ledger.unsaved
    if len(_others(ledger, entry)) == len(unsaved):  # no newer form of it waits
        unsaved = (entry, *unsaved)
    return replace(
        ledger, writing=None, unsaved=unsaved, problem=written.problem, retry_s=now_s + RETRY_S
    )


def hand_out(ledger: Ledger, now_s: float) -> tuple[Ledger, Entry | None]:
    """Return the oldest entry that waits, if it may be written now."""
    if ledger.writing is not None or not ledger.unsaved or now_s < ledger.retry_s:
        return ledger, None
    entry = ledger.unsaved[0]
    return replace(ledger, writing=entry, unsaved=ledger.unsaved[1:]), entry


def _others(ledger: Ledger, entry: Entry) -> tuple[Entry, ...]:
    session_id = entry.record.session_id
    return tuple(other for other in ledger.unsaved if other.record.session_id != session_id)

"""When the safety record is written. Pure.

A change is on the disk within 2 s, and at once at a stop. Lists that are full are 0.4 MB: a vehicle
that has the contactor closed and opened all day costs 16 writes of them and 350 of the sums, 8 MB.
A day of three charges costs one write of the lists and some of the sums, an idle one none.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from bus.moment import Moment
from bus.write_behind import WriteBehind, WriteResult, hand_out, queue, replaces_all, retry
from nodes.system.record_store import MOST_PENDING
from nodes.system.safety_record import KeptRecord

STORE_S = 2.0  # between two writes: a self-test and the closing after it are often one
SLOW_S, BURST = 300.0, 60  # after 60 writes one each 5 min is earned
LISTS_S, LISTS_BURST = 7200.0, 4  # and of the lists, after 4, one each 2 h


class RecordWrite(Struct, frozen=True, kw_only=True):
    """What is to be written now."""

    record: KeptRecord
    is_whole: bool  # the lists as well


class RecordPace(Struct, frozen=True, kw_only=True):
    """The record, and what of it is on the disk."""

    record: KeptRecord = KeptRecord()
    store: WriteBehind[KeptRecord] = field(default_factory=WriteBehind)
    store_s: float = 0.0  # not written before
    paid_s: float = 0.0  # when all writes so far are earned
    lists_paid_s: float = 0.0
    lists_tests: int = 0  # number of the newest self-test in the lists on the disk
    lists_loaded: int = 0  # openings under load that are counted there
    lists_day: str | None = None  # newest day there; None: not written since the start


def begin(record: KeptRecord) -> RecordPace:
    """Return the state to start with, from the store. The first write has the lists."""
    return RecordPace(record=record, store=WriteBehind(stored=record))


def keep(
    pace: RecordPace, written: WriteResult | None, moment: Moment
) -> tuple[RecordPace, RecordWrite | None]:
    """Take the result of a write; return what is to be written now, if anything."""
    store = pace.store
    if written is not None:
        store = retry(store, written, moment.now_s, replaces_all)
        if written.problem is not None:  # perhaps of the lists
            pace = replace(pace, lists_day=None)
    if pace.record != store.newest:
        store = queue(store, pace.record, replaces_all)
    pace = replace(pace, store=store)
    if store.is_idle or not moment.reached(max(pace.store_s, pace.paid_s - BURST * SLOW_S)):
        return pace, None
    store, record = hand_out(store, moment)
    if record is None:
        return pace, None
    now_s = moment.now_s
    pace = replace(
        pace,
        store=store,
        store_s=now_s + STORE_S,
        paid_s=max(pace.paid_s, now_s) + SLOW_S,
    )
    is_whole = _is_whole(pace, record, now_s)
    if is_whole:
        pace = replace(
            pace,
            lists_paid_s=max(pace.lists_paid_s, now_s) + LISTS_S,
            lists_tests=record.sums.counts.tests,
            lists_loaded=record.sums.counts.openings_under_load,
            lists_day=_newest_day(record),
        )
    return pace, RecordWrite(record=record, is_whole=is_whole)


def last(pace: RecordPace) -> RecordWrite | None:
    """Return what is to be written before the node ends; None: it is on the disk."""
    if pace.record == pace.store.stored:
        return None
    return RecordWrite(record=pace.record, is_whole=True)


def _is_whole(pace: RecordPace, record: KeptRecord, now_s: float) -> bool:
    """Return whether the slots would soon lack a report or a day that the lists do not have."""
    counts = record.sums.counts
    is_due = (
        counts.tests - pace.lists_tests >= MOST_PENDING
        or counts.openings_under_load - pace.lists_loaded >= MOST_PENDING
        or _newest_day(record) != pace.lists_day
    )
    return is_due and now_s >= pace.lists_paid_s - LISTS_BURST * LISTS_S


def _newest_day(record: KeptRecord) -> str:
    return record.days[-1].day if record.days else ""

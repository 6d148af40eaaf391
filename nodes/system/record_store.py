"""The files of the safety record: sums in two slots, lists in two generations. Blocks on the disk.

`safety-counts` has the sums, the present day and the newest reports: a block of 4 kB, written with
each change, in place. `safety-record.json` has everything, and is written much less often. What is
read is the list file with what the slots have beyond it, so that a power cut at any instant leaves
the sums of one of the last two writes. If one file is damaged the sums are those of the other.
"""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from bus.generations import examine, read_and_repair, write_generations
from bus.slots import MOST_BYTES, Slots
from bus.store import UNREADABLE, StoreError, Warn, is_begun, mark_begun
from msgs.evidence import ContactorOperation, SafetyDay, SelfTestReport
from msgs.stored import Stored
from nodes.system.safety_record import KeptRecord, RecordSums, extended, with_day

COUNTS_FILE = "safety-counts"  # in the state directory, see `bus.slots`
RECORD_FILE = "safety-record.json"
MOST_PENDING = 10  # newest reports of each kind in a slot: 10 take 3.5 of its 4 kB


class RecordHead(Struct, frozen=True, kw_only=True):
    """What is in a slot."""

    sums: RecordSums
    day: SafetyDay | None = None  # the one that was changed last
    tests: Annotated[tuple[SelfTestReport, ...], Meta(max_length=MOST_PENDING)] = ()
    openings: Annotated[tuple[ContactorOperation, ...], Meta(max_length=MOST_PENDING)] = ()


examine(RecordHead, KeptRecord)


def head_of(record: KeptRecord) -> RecordHead:
    """Return what is written to a slot."""
    return RecordHead(
        sums=record.sums,
        day=record.days[-1] if record.days else None,
        tests=record.tests[-MOST_PENDING:],
        openings=record.openings[-MOST_PENDING:],
    )


def encode(head: RecordHead) -> bytes:
    """Return a head as it is stored; of one that is too large the oldest reports are left out."""
    content = msgspec.json.encode(head)
    while len(content) > MOST_BYTES and (head.tests or head.openings):
        head = replace(head, tests=head.tests[1:], openings=head.openings[1:])
        content = msgspec.json.encode(head)
    return content


def decode(content: bytes | None) -> RecordHead | None:
    """Return a stored head; None: there is none, or it cannot be decoded."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=RecordHead)
    except UNREADABLE:
        return None


def merged(record: KeptRecord | None, head: RecordHead | None) -> KeptRecord:
    """Return the record of both files; the newer sums count."""
    if record is None:
        record = KeptRecord()
    if head is None or head.sums.number <= record.sums.number:
        return record
    newest = max((each.number for each in record.tests), default=0)
    known = set(record.openings)
    days = record.days if head.day is None else with_day(record.days, head.day)
    tests = tuple(each for each in head.tests if each.number > newest)
    openings = tuple(each for each in head.openings if each not in known)
    return extended(record, head.sums, tests, openings, days)


class RecordStore:
    """Both files. One thread at a time."""

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet."""
        self._slots = Slots(directory / COUNTS_FILE)
        self._counts_path = directory / COUNTS_FILE
        self._record_path = directory / RECORD_FILE

    def read(self, warn: Warn) -> tuple[KeptRecord, Stored]:
        """Return the record, and which generation of it was read; a box starts without one."""
        record, head, is_lost = None, None, False
        try:
            found = read_and_repair(self._record_path, KeptRecord, warn)
            record, stored = found.value, found.stored
        except StoreError as error:
            warn(str(error))
            stored = Stored.LOST
        try:
            head = decode(self._slots.newest())
            is_lost = head is None and is_begun(self._counts_path)
        except StoreError as error:
            warn(str(error))
            is_lost = True
        if is_lost:
            warn(f"{self._counts_path} has no valid content; the counts are those of the list")
        is_short = is_lost and stored is Stored.CURRENT
        if stored is Stored.LOST and head is not None:  # the sums are complete
            stored = Stored.PREVIOUS
        return merged(record, head), Stored.PREVIOUS if is_short else stored

    def write(self, record: KeptRecord, *, is_whole: bool) -> None:
        """Store the sums, which a full disk takes as well, and then the lists if they are due.

        :raises StoreError: not all is stored.
        """
        self._slots.write(encode(head_of(record)))
        with suppress(StoreError):  # the sums are stored; the mark is made by the next write
            mark_begun(self._counts_path)
        if is_whole:
            write_generations(self._record_path, record, lowers=False)

    def close(self) -> None:
        """Close the file of the sums."""
        self._slots.close()

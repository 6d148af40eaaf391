"""What is stored on the disk, and how: the latch of 8007, the wired phases. Pure.

8007 is stored while it holds (ERR-8007), so a restart raises it again. Mains off and on, which the
hardware's power-on reset shows, and then a contactor that is proven open clear it. For the wired
phases see `wiring.py`.
"""

from contextlib import suppress

import msgspec
from msgspec import Struct, ValidationError, field
from msgspec.structs import replace

from bus.generations import StoredValue
from bus.moment import Moment
from bus.store import UNREADABLE
from bus.write_behind import WriteBehind, WriteResult, hand_out, queue, replaces_all, retry
from msgs.safety import FaultCode
from msgs.stored import Stored
from msgs.units import Nanoseconds
from nodes.safety.finding import Cause, Finding, Record
from nodes.safety.wiring import NONE, Wired


class Latch(Struct, frozen=True, kw_only=True):
    """The stored 8007: since when, and what was seen."""

    since_utc_ns: Nanoseconds
    finding: Finding
    # The power-on flag was set when 8007 was latched: it does not show mains off and on since then.
    is_flag_up: bool = False


class Recalled(Struct, frozen=True, kw_only=True):
    """What the previous process has stored."""

    latch: Latch | None = None
    wired: Wired = NONE  # phases
    problem: str | None = None  # why it cannot be read; None: it was read


class LatchWrite(Struct, frozen=True, kw_only=True):
    """What is to be stored from now on, as it is written to the file.

    A file with an unknown field is from a later version and is valid; a file without the field
    `latch` is damaged.
    """

    latch: Latch | None
    wired: Wired = NONE  # phases


class _AnyLatch(Struct, frozen=True, kw_only=True):
    """The fields of a latch that all formats have."""

    since_utc_ns: Nanoseconds
    is_flag_up: bool = False


class _AnyLatchWrite(Struct, frozen=True, kw_only=True):
    """A file whose latch has unknown parts: of another version, or damaged."""

    latch: _AnyLatch


class _AnyWired(Struct, frozen=True, kw_only=True):
    """A file whose phases can be read."""

    wired: Wired = NONE


def decode(content: bytes) -> LatchWrite:
    """Return the value of a file; raise one of UNREADABLE for a damaged one."""
    write = msgspec.json.decode(content, type=LatchWrite)
    check(write)
    return write


def recalled(found: StoredValue[LatchWrite], utc_ns: Nanoseconds) -> Recalled:
    """Return what the previous process has stored; if neither generation can be read, 8007 holds.

    The previous generation is as good as the newest: all is written to both, to it first.
    """
    if found.value is not None:
        return Recalled(latch=found.value.latch, wired=found.value.wired)
    if found.stored is Stored.LOST:
        return salvage(found.content or b"", found.damage or "", utc_ns)
    return Recalled()


def salvage(content: bytes, problem: str, utc_ns: Nanoseconds) -> Recalled:
    """Return 8007 with what can be read of a damaged file.

    Without the stored flag, a flag that is stuck would clear 8007; without the phases, a lost phase
    would be forgotten.
    """
    latch = _AnyLatch(since_utc_ns=utc_ns)
    wired = NONE
    with suppress(*UNREADABLE):
        latch = msgspec.json.decode(content, type=_AnyLatchWrite).latch
    with suppress(*UNREADABLE):
        wired = msgspec.json.decode(content, type=_AnyWired).wired
    found = unread(latch.since_utc_ns, problem, is_flag_up=latch.is_flag_up)
    return replace(found, wired=wired)


def unread(since_utc_ns: Nanoseconds, problem: str, *, is_flag_up: bool = False) -> Recalled:
    """Return 8007 for a file that cannot be read."""
    finding = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.LATCH_UNREADABLE)
    latch = Latch(since_utc_ns=since_utc_ns, finding=finding, is_flag_up=is_flag_up)
    return Recalled(latch=latch, problem=problem)


def check(write: LatchWrite) -> None:
    """Check that what is latched is 8007: another code would clear by itself.

    :raises msgspec.ValidationError: it is not.
    """
    if write.latch is not None and write.latch.finding.code is not FaultCode.SAFETY_CIRCUIT:
        code = write.latch.finding.code
        raise ValidationError(f"expected {FaultCode.SAFETY_CIRCUIT}, got {code} - at $.latch")


class Memory(Struct, frozen=True, kw_only=True):
    """What is known to be on the disk."""

    is_recalled: bool = False  # the disk has been read
    found: Latch | None = None  # as read
    store: WriteBehind[LatchWrite] = field(default_factory=WriteBehind)

    @property
    def is_proven(self) -> bool:
        """Return whether a write has succeeded since the start."""
        return self.store.stored is not None

    @property
    def latch(self) -> Latch | None:
        """Return the latch as it is on the disk."""
        return self.found if self.store.stored is None else self.store.stored.latch

    @property
    def wired(self) -> Wired:
        """Return the phases that are stored."""
        return NONE if self.store.stored is None else self.store.stored.wired

    @property
    def problem(self) -> str | None:
        """Return why the last write failed; None: it succeeded."""
        return self.store.problem


def latch_of(records: tuple[Record, ...], *, is_flag_up: bool = False) -> Latch | None:
    """Return the latch to store for these faults; None: none."""
    for record in records:
        if record.code is FaultCode.SAFETY_CIRCUIT:
            return Latch(
                since_utc_ns=record.since_utc_ns, finding=record.finding, is_flag_up=is_flag_up
            )
    return None


def hear(memory: Memory, kept: Recalled | WriteResult, now_s: float) -> Memory:
    """Take an answer of the disk: first what was read, then how each write ended."""
    if isinstance(kept, Recalled):
        return replace(memory, is_recalled=True, found=kept.latch)
    return replace(memory, store=retry(memory.store, kept, now_s, replaces_all))


def want(
    memory: Memory, latch: Latch | None, wired: Wired, moment: Moment
) -> tuple[Memory, LatchWrite | None]:
    """Return what is to be written now, one at a time; None if the disk has it already.

    The first is always written: it replaces what could not be read, and it proves that the disk
    would store 8007.
    """
    if not memory.is_recalled:
        return memory, None
    store, newest = memory.store, memory.store.newest
    before = memory.found if newest is None else newest.latch
    write = LatchWrite(latch=before if _is_same(latch, before) else latch, wired=wired)
    if write != newest:
        store = queue(store, write, replaces_all)
    store, handed_out = hand_out(store, moment)
    return memory if store is memory.store else replace(memory, store=store), handed_out


def is_kept(memory: Memory, latch: Latch | None, wired: Wired) -> bool:
    """Return whether all that has to be stored is on the disk."""
    is_written = memory.store.writing is None
    return is_written and _is_same(latch, memory.latch) and wired == memory.wired


def _is_same(one: Latch | None, other: Latch | None) -> bool:
    """Return whether both are the same fault; the flag is the one when it was latched."""
    if one is None or other is None:
        return one is other
    return (one.since_utc_ns, one.finding.cause) == (other.since_utc_ns, other.finding.cause)

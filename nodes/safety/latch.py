"""What is stored on the disk, and how: the latched faults, the wired phases. Pure.

8007 and all red are stored while they hold (ERR-8007, ERR-RED), so a start raises them again. They
are judged again, and then cleared if all is well (`contactor.judge_latched`): both after mains off
and on, which the hardware's power-on reset shows; all red also after one restart of the box that a
person has asked for. For the wired phases see `wiring.py`.
"""

from collections.abc import Collection
from contextlib import suppress

import msgspec
from msgspec import Struct, ValidationError, field
from msgspec.structs import replace

from bus.generations import StoredValue
from bus.moment import Moment
from bus.store import UNREADABLE
from bus.write_behind import WriteBehind, WriteResult, hand_out, queue, replaces_all, retry
from msgs.fault_cause import Cause
from msgs.safety import LATCHED, FaultCode
from msgs.stored import Stored
from msgs.units import Name, Nanoseconds
from nodes.safety.finding import Finding, Record
from nodes.safety.wiring import NONE, Wired


class Latch(Struct, frozen=True, kw_only=True):
    """One stored fault: since when, and what was seen."""

    since_utc_ns: Nanoseconds
    finding: Finding
    # The power-on flag was set when 8007 was latched: it does not show mains off and on since then.
    is_flag_up: bool = False
    # The newest restart that a person had asked for (`msgs.restart`); None: not known.
    asked: Name | None = None

    @property
    def code(self) -> FaultCode:
        """Return the code of the ERR table."""
        return self.finding.code


Latches = tuple[Latch, ...]  # one of each code at most


class Recalled(Struct, frozen=True, kw_only=True):
    """What the previous process has stored."""

    latches: Latches = ()
    wired: Wired = NONE  # phases
    asked: Name | None = None  # the newest restart that a person has asked for; None: not known
    problem: str | None = None  # why it cannot be read; None: it was read


class LatchWrite(Struct, frozen=True, kw_only=True):
    """What is to be stored from now on, as it is written to the file.

    A file with an unknown field is from a later version and is valid; a file without the field
    `latches` is damaged.
    """

    latches: Latches
    wired: Wired = NONE  # phases


class _AnyLatch(Struct, frozen=True, kw_only=True):
    """The fields of a latch that all formats have."""

    since_utc_ns: Nanoseconds
    is_flag_up: bool = False


class _AnyLatchWrite(Struct, frozen=True, kw_only=True):
    """A file whose latches have unknown parts: of another version, or damaged."""

    latches: tuple[_AnyLatch, ...]


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
        return Recalled(latches=found.value.latches, wired=found.value.wired)
    if found.stored is Stored.LOST:
        return salvage(found.content or b"", found.damage or "", utc_ns)
    return Recalled()


def salvage(content: bytes, problem: str, utc_ns: Nanoseconds) -> Recalled:
    """Return 8007 with what can be read of a damaged file.

    Without the stored flag, a flag that is stuck would clear 8007; without the phases, a lost phase
    would be forgotten.
    """
    latches: tuple[_AnyLatch, ...] = ()
    wired = NONE
    with suppress(*UNREADABLE):
        latches = msgspec.json.decode(content, type=_AnyLatchWrite).latches
    with suppress(*UNREADABLE):
        wired = msgspec.json.decode(content, type=_AnyWired).wired
    since_utc_ns = min((latch.since_utc_ns for latch in latches), default=utc_ns)
    found = unread(since_utc_ns, problem, is_flag_up=any(latch.is_flag_up for latch in latches))
    return replace(found, wired=wired)


def unread(since_utc_ns: Nanoseconds, problem: str, *, is_flag_up: bool = False) -> Recalled:
    """Return 8007 for a file that cannot be read."""
    finding = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.LATCH_UNREADABLE)
    latch = Latch(since_utc_ns=since_utc_ns, finding=finding, is_flag_up=is_flag_up)
    return Recalled(latches=(latch,), problem=problem)


def check(write: LatchWrite) -> None:
    """Check that what is latched are 8007 and all red, once each: others would clear by themselves.

    :raises msgspec.ValidationError: they are not.
    """
    codes = [latch.code for latch in write.latches]
    if not LATCHED.issuperset(codes) or len(set(codes)) < len(codes):
        expected = " and ".join(sorted(LATCHED))
        raise ValidationError(f"expected {expected} at most, got {codes} - at $.latches")


class Memory(Struct, frozen=True, kw_only=True):
    """What is known to be on the disk."""

    is_recalled: bool = False  # the disk has been read
    found: Latches = ()  # as read
    asked: Name | None = None  # the newest restart that a person has asked for; None: not known
    store: WriteBehind[LatchWrite] = field(default_factory=WriteBehind)

    @property
    def is_proven(self) -> bool:
        """Return whether a write has succeeded since the start."""
        return self.store.stored is not None

    @property
    def latches(self) -> Latches:
        """Return the latches as they are on the disk."""
        return self.found if self.store.stored is None else self.store.stored.latches

    @property
    def wired(self) -> Wired:
        """Return the phases that are stored."""
        return NONE if self.store.stored is None else self.store.stored.wired

    @property
    def problem(self) -> str | None:
        """Return why the last write failed; None: it succeeded."""
        return self.store.problem


def latches_of(records: tuple[Record, ...], *, is_flag_up: bool = False) -> Latches:
    """Return the latches to store for these faults."""
    return tuple(
        Latch(since_utc_ns=record.since_utc_ns, finding=record.finding, is_flag_up=is_flag_up)
        for record in records
        if record.code in LATCHED
    )


def hear(memory: Memory, kept: Recalled | WriteResult, now_s: float) -> Memory:
    """Take an answer of the disk: first what was read, then how each write ended."""
    if isinstance(kept, Recalled):
        return replace(memory, is_recalled=True, found=kept.latches, asked=kept.asked)
    return replace(memory, store=retry(memory.store, kept, now_s, replaces_all))


def may_judge_again(latch: Latch, asked: Name | None) -> bool:
    """Return whether a person has asked for a restart of the box since it was all red."""
    is_known = latch.asked is not None and asked is not None
    return latch.code is FaultCode.RED and is_known and latch.asked != asked


def want(
    memory: Memory, latches: Latches, wired: Wired, on_trial: Collection[FaultCode], moment: Moment
) -> tuple[Memory, LatchWrite | None]:
    """Return what is to be written now, one at a time; None if the disk has it already.

    The first is always written: it replaces what could not be read, and it proves that the disk
    would store a latch.

    :param on_trial: the faults that are judged again. Until that has ended a latch stays as it is,
        so that a crash meanwhile has it judged again as well; afterwards it takes another restart.
    """
    if not memory.is_recalled:
        return memory, None
    store, newest = memory.store, memory.store.newest
    before = memory.found if newest is None else newest.latches
    kept = tuple(_kept(latch, before, memory.asked, latch.code in on_trial) for latch in latches)
    write = LatchWrite(latches=kept, wired=wired)
    if write != newest:
        store = queue(store, write, replaces_all)
    store, handed_out = hand_out(store, moment)
    return memory if store is memory.store else replace(memory, store=store), handed_out


def is_kept(memory: Memory, latches: Latches, wired: Wired) -> bool:
    """Return whether all that has to be stored is on the disk."""
    is_written = memory.store.writing is None
    return is_written and _keys(latches) == _keys(memory.latches) and wired == memory.wired


def _kept(latch: Latch, before: Latches, asked: Name | None, is_on_trial: bool) -> Latch:
    """Return a latch as it is to be stored; one of the same fault keeps its flag."""
    same = next((each for each in before if _keys((each,)) == _keys((latch,))), None)
    if same is None:
        return replace(latch, asked=asked)
    return same if is_on_trial or asked is None else replace(same, asked=asked)


def _keys(latches: Latches) -> list[tuple[Nanoseconds, Cause]]:
    """Return what identifies each fault."""
    return [(latch.since_utc_ns, latch.finding.cause) for latch in latches]

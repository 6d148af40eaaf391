"""What outlives the process, and how it leaves it: the latch of 8007, the wired phases. Pure.

8007 is kept on the disk while it holds (ERR-8007). A restart finds it and holds on; mains off and
on, told by the hardware's power-on reset, and then a contactor that is proven open, let it go. Of
the wired phases see `wiring.py`.
"""

from contextlib import suppress

import msgspec
from msgspec import Struct, ValidationError
from msgspec.structs import replace

from bus.store import UNREADABLE
from msgs.safety import FaultCode
from msgs.units import Nanoseconds
from nodes.safety.finding import Cause, Finding, Record
from nodes.safety.wiring import NONE, Wired

RETRY_S = 5.0  # assumed: until a write that failed is tried again


class Latch(Struct, frozen=True, kw_only=True):
    """What is kept: since when, and what was seen."""

    since_utc_ns: Nanoseconds
    finding: Finding
    is_flag_up: bool = False  # the reset's flag was up all the time: it tells nothing


class Kept(Struct, frozen=True, kw_only=True):
    """What has come back from the disk: what was found on it, or how a write ended."""

    latch: Latch | None = None
    wired: Wired = NONE  # phases
    problem: str | None = None  # None: it was read, or written, as asked for


class Write(Struct, frozen=True, kw_only=True):
    """What is to be kept from now on, and how it stands in the file.

    A field that is not known is of a later version, and no damage; a file without a latch is.
    """

    latch: Latch | None
    wired: Wired = NONE  # phases


class _AnyLatch(Struct, frozen=True, kw_only=True):
    """What a latch has had in each format."""

    since_utc_ns: Nanoseconds
    is_flag_up: bool = False


class _AnyWrite(Struct, frozen=True, kw_only=True):
    """A file whose latch is not known in all its parts: of another version, or damaged."""

    latch: _AnyLatch


class _AnyWired(Struct, frozen=True, kw_only=True):
    """A file of which the phases are known."""

    wired: Wired = NONE


def read(content: bytes, utc_ns: Nanoseconds) -> Kept:
    """Return what a predecessor has kept.

    What cannot be read holds, to be safe. What can be read of it counts: without its word on the
    flag a flag that is stuck would excuse it, and without the phases a lost one would be forgotten.
    """
    try:
        found = msgspec.json.decode(content, type=Write)
        check(found)
    except UNREADABLE as error:
        latch = _AnyLatch(since_utc_ns=utc_ns)
        wired = NONE
        with suppress(*UNREADABLE):
            latch = msgspec.json.decode(content, type=_AnyWrite).latch
        with suppress(*UNREADABLE):
            wired = msgspec.json.decode(content, type=_AnyWired).wired
        unreadable = unread(latch.since_utc_ns, str(error), is_flag_up=latch.is_flag_up)
        return replace(unreadable, wired=wired)
    return Kept(latch=found.latch, wired=found.wired)


def unread(since_utc_ns: Nanoseconds, problem: str, *, is_flag_up: bool = False) -> Kept:
    """Return 8007 for what cannot be read."""
    finding = Finding(code=FaultCode.SAFETY_CIRCUIT, cause=Cause.LATCH_UNREADABLE)
    latch = Latch(since_utc_ns=since_utc_ns, finding=finding, is_flag_up=is_flag_up)
    return Kept(latch=latch, problem=problem)


def check(write: Write) -> None:
    """Check that what is latched is 8007: another code would let itself go.

    :raises msgspec.ValidationError: it is not.
    """
    if write.latch is not None and write.latch.finding.code is not FaultCode.SAFETY_CIRCUIT:
        code = write.latch.finding.code
        raise ValidationError(f"expected {FaultCode.SAFETY_CIRCUIT}, got {code} - at $.latch")


class Memory(Struct, frozen=True, kw_only=True):
    """What is known of the disk."""

    is_recalled: bool = False  # what a predecessor kept is known
    is_proven: bool = False  # and the disk has taken something since
    latch: Latch | None = None  # as on the disk
    wired: Wired = NONE  # as on the disk
    writing: Write | None = None
    retry_s: float = 0.0
    problem: str | None = None  # of the last write, for a person

    def is_quiet(self, wired: Wired) -> bool:
        """Return whether no latch is kept, and these phases are all that has to be."""
        is_idle = self.is_proven and self.latch is None and self.writing is None
        return is_idle and self.wired == wired


def latch_of(records: tuple[Record, ...], *, is_flag_up: bool = False) -> Latch | None:
    """Return the latch that these faults ask for."""
    for record in records:
        if record.code is FaultCode.SAFETY_CIRCUIT:
            return Latch(
                since_utc_ns=record.since_utc_ns, finding=record.finding, is_flag_up=is_flag_up
            )
    return None


def hear(memory: Memory, kept: Kept, now_s: float) -> Memory:
    """Take what has come back from the disk: first what was found, then how each write ended."""
    if not memory.is_recalled:
        # The first write is still to come, in any case: it replaces what could not be read.
        return replace(memory, is_recalled=True, latch=kept.latch)
    if kept.problem is not None or memory.writing is None:
        return replace(memory, writing=None, retry_s=now_s + RETRY_S, problem=kept.problem)
    return replace(
        memory,
        writing=None,
        latch=memory.writing.latch,
        wired=memory.writing.wired,
        is_proven=True,
        problem=None,
    )


def want(
    memory: Memory, latch: Latch | None, wired: Wired, now_s: float
) -> tuple[Memory, Write | None]:
    """Return what is to be written now, one at a time; None if the disk has it already.

    The first is written in any case: a disk that takes nothing would forget 8007.
    """
    if not memory.is_recalled or memory.writing is not None or now_s < memory.retry_s:
        return memory, None
    is_same = _is_same(latch, memory.latch)
    if memory.is_proven and is_same and wired == memory.wired:
        return memory, None
    write = Write(latch=memory.latch if is_same else latch, wired=wired)
    return replace(memory, writing=write), write


def is_kept(memory: Memory, latch: Latch | None, wired: Wired) -> bool:
    """Return whether the disk has all that it has to have."""
    return memory.writing is None and _is_same(latch, memory.latch) and wired == memory.wired


def _is_same(one: Latch | None, other: Latch | None) -> bool:
    """Return whether both hold the same fault; the flag is that of the moment it was latched."""
    if one is None or other is None:
        return one is other
    return (one.since_utc_ns, one.finding.cause) == (other.since_utc_ns, other.finding.cause)

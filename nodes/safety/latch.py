"""The latch of 8007: what outlives the process, and how it leaves it (ERR-8007). Pure.

Kept on the disk while 8007 holds. A restart finds it and holds on; mains off and on, told by the
hardware's power-on reset, and then a contactor that is proven open, let it go.
"""

from msgspec import Struct
from msgspec.structs import replace

from msgs.safety import Fault, FaultCode

RETRY_S = 5.0  # assumed: until a write that failed is tried again


class Latch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept: since when, and what was seen."""

    since_utc_ns: int
    detail: str


class Kept(Struct, frozen=True, kw_only=True):
    """What has come back from the disk: the latch that was found, or how a write ended."""

    latch: Latch | None = None
    problem: str = ""  # "" if it was read, or written, as asked for


class Write(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be kept from now on, and how it stands in the file; None: nothing."""

    latch: Latch | None


class Memory(Struct, frozen=True, kw_only=True):
    """What is known of the disk."""

    is_recalled: bool = False  # what a predecessor kept is known
    latch: Latch | None = None  # as on the disk
    writing: Write | None = None
    retry_s: float = 0.0


def latch_of(records: tuple[Fault, ...]) -> Latch | None:
    """Return the latch that these faults ask for."""
    for record in records:
        if record.code is FaultCode.SAFETY_CIRCUIT:
            return Latch(since_utc_ns=record.since_utc_ns, detail=record.detail)
    return None


def hear(memory: Memory, kept: Kept, now_s: float) -> Memory:
    """Take what has come back from the disk: first what was found, then how each write ended."""
    if not memory.is_recalled:
        # What could not be read is not there any more, and is written anew.
        return replace(memory, is_recalled=True, latch=None if kept.problem else kept.latch)
    if kept.problem or memory.writing is None:
        return replace(memory, writing=None, retry_s=now_s + RETRY_S)
    return replace(memory, writing=None, latch=memory.writing.latch)


def want(memory: Memory, latch: Latch | None, now_s: float) -> tuple[Memory, Write | None]:
    """Return what is to be written now, one at a time; None if the disk has it already."""
    if (
        not memory.is_recalled
        or memory.writing is not None
        or latch == memory.latch
        or now_s < memory.retry_s
    ):
        return memory, None
    write = Write(latch=latch)
    return replace(memory, writing=write), write

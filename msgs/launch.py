"""Messages of launch, the supervisor: which nodes run."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from msgs.units import Count, Milliseconds, Name, Nanoseconds, Text


class ProcessState(StrEnum):
    """State of a supervised process, as `wallbox ps` shows it."""

    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"  # ended by itself; its next start is due later
    FAILED = "failed"  # beyond its restart limit, or cannot be configured
    STOPPED = "stopped"  # on purpose


class Process(Struct, frozen=True, kw_only=True):
    """One node as the supervisor sees it."""

    node: Name
    state: ProcessState
    pid: Count  # 0 while it does not run
    incarnation: Count
    restarts: Count
    detail: Text = ""


class GraphStatus(Struct, frozen=True, kw_only=True):
    """All supervised processes. Sent on change and every second, latched.

    Silence means that the supervisor is gone or stopped; nodes go on by the holds of their inputs.
    """

    plan: Name
    pid: Count
    processes: Annotated[tuple[Process, ...], Meta(max_length=64)]
    stopping: bool = False
    started_utc_ns: Nanoseconds = 0  # when the supervisor started; identifies the run
    started_ns: Nanoseconds | None = None  # the same by the monotonic clock
    # The runs since the box was last stopped in order: what an earlier series has stored is over.
    series: Name = ""  # "": not known


class Restarted(Struct, frozen=True, kw_only=True):
    """Answer to `restart`: the new process, which is READY."""

    pid: Count
    incarnation: Count
    gap_ms: Milliseconds  # from the end of the previous process to READY

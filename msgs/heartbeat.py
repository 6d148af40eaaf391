"""What every node says about itself: alive, and how well it keeps its times."""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Count, Kilobytes, Milliseconds, Percent, Text


class NodeState(StrEnum):
    """How far a node has come."""

    STARTING = "starting"
    READY = "ready"  # bound, configured, drivers open
    STOPPING = "stopping"
    STOPPED = "stopped"  # the last word of an incarnation


class Heartbeat(Struct, frozen=True, kw_only=True):
    """Health of one node's process. Sent every second and on change, latched.

    Silence for 3 s means that the process hangs or is gone; supervisor and doctor act on it.
    The counts begin anew with each incarnation.
    """

    state: NodeState
    incarnation: Count
    pid: Count
    cpu_percent: Percent  # of one core, since the heartbeat before
    memory_kb: Kilobytes  # resident
    loop_p50_ms: Milliseconds  # time that one round of callbacks took
    loop_p99_ms: Milliseconds
    loop_max_ms: Milliseconds
    gaps: Count  # messages that never arrived, by sequence
    drops: Count  # what this node could not send or keep
    late: Count  # samples older than their hold on arrival
    refused: Count  # frames with another schema, or that could not be decoded
    error: Text = ""  # the last thing that went wrong

"""Message of every node about itself: its state, its load and how late its looks are."""

from enum import StrEnum

from msgspec import Struct

from msgs.units import Count, Kilobytes, Milliseconds, Percent, Text

LOOK_GAP_BOUNDS_MS = (20.0, 50.0, 100.0, 200.0, 500.0)
"""Upper bounds of the classes of late looks; the sixth class is above the last of them [ms].

20 and 100 ms are the limits of safety's own cycle (nodes/safety/cycle.py)."""


class NodeState(StrEnum):
    """State of a node's process."""

    STARTING = "starting"
    READY = "ready"  # bound, configured, drivers open
    STOPPING = "stopping"
    STOPPED = "stopped"  # the last message of an incarnation


class Heartbeat(Struct, frozen=True, kw_only=True):
    """Health of one node's process. Sent every second and on change, latched.

    Silence for 3 s means that the process hangs or is gone; the supervisor restarts a node that is
    silent for `hung_s` of the plan. The counts begin at 0 with each incarnation.
    """

    state: NodeState
    incarnation: Count
    pid: Count
    cpu_percent: Percent  # of one core, since the last heartbeat
    memory_kb: Kilobytes  # resident
    loop_p50_ms: Milliseconds  # duration of one round of callbacks
    loop_p99_ms: Milliseconds
    loop_max_ms: Milliseconds
    gaps: Count  # messages that never arrived, by sequence
    drops: Count  # what this node could not send or keep
    late: Count  # samples older than their hold on arrival
    refused: Count  # frames with another schema, or that could not be decoded
    error: Text = ""  # the last thing that went wrong
    # Looks that came more than two periods after the previous one (bus.rounds): the longest such
    # gap since the last heartbeat, and their count in each class of LOOK_GAP_BOUNDS_MS.
    look_gap_max_ms: Milliseconds = 0.0
    look_gaps: tuple[Count, Count, Count, Count, Count, Count] = (0, 0, 0, 0, 0, 0)

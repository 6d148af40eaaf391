"""Silent nodes and nodes that do not run, as text. Pure.

A stale value is never shown as a valid one; its place shows that the source is silent.
"""

import math

from msgspec import Struct

from msgs.launch import Process, ProcessState
from view.snapshot import Received, Snapshot

ALWAYS = frozenset({"session", "safety", "meter", "load_manager", "led"})
"""The nodes that every graph has: expected as well while the supervisor is silent."""

UNUSED_SILENT = frozenset({"dcs"})
"""Nodes that publish nothing while they are not used: without a charging service (DCS-8)."""


PROCESSES: dict[ProcessState, str] = {
    ProcessState.STARTING: "it is starting",
    ProcessState.READY: "",
    ProcessState.BACKOFF: "it ended by itself, and is started again",
    ProcessState.FAILED: "it does not run",
    ProcessState.STOPPED: "it is stopped",
}
"""The states of a node's process, for a person; why it is in one is a detail for the service."""


HELP = {ProcessState.FAILED: "restart the box, and call the service if it stays so"}
"""What a person does about a node that does not run, by its state."""


class NodeTrouble(Struct, frozen=True, kw_only=True):
    """A node that does not run or is silent, or what was lost of its files, or is not stored."""

    node: str
    words: str  # what it is, what follows, what to do
    detail: str = ""  # for the service: an error of the system


def silence(snapshot: Snapshot, source: Received[Struct]) -> str:
    """Return that a source is silent, since when, and how its process is; "" if it is not."""
    if source.fresh is not None:
        return ""
    process = next((each for each in snapshot.processes if each.node == source.node), None)
    if process is None and snapshot.processes:
        return f"{source.node} is not part of this graph"
    words = f"no message from {source.node}{f' about {source.about}' if source.about else ''}"
    words += " yet" if math.isinf(source.age_s) else f" for {age(source.age_s)}"
    if process is not None and process.state is not ProcessState.READY:
        words += f": {PROCESSES[process.state]}"
    return words


def missed(snapshot: Snapshot) -> tuple[Received[Struct], ...]:
    """Return the silent sources among those that the graph has.

    A node that may be without use is missed only once it has been heard.
    """
    planned = {each.node for each in snapshot.processes} or ALWAYS
    listened_s = snapshot.now_s - snapshot.began_s
    expected = [
        source
        for source in snapshot.sources
        if source.node in planned
        and (source.message is not None or source.node not in UNUSED_SILENT)
    ]
    return tuple(
        source
        for source in (*expected, snapshot.graph)
        if source.fresh is None and listened_s > source.hold_s
    )


def not_ready(snapshot: Snapshot) -> tuple[Process, ...]:
    """Return the processes that are not READY."""
    return tuple(each for each in snapshot.processes if each.state is not ProcessState.READY)


def troubles(snapshot: Snapshot) -> tuple[NodeTrouble, ...]:
    """Return the nodes that do not run, then those that run and are silent; each once."""
    down = not_ready(snapshot)
    found = {
        each.node: NodeTrouble(node=each.node, words=trouble_words(each.state), detail=each.detail)
        for each in down
    }
    for source in missed(snapshot):
        silent = NodeTrouble(node=source.node, words=silence(snapshot, source))
        found.setdefault(source.node, silent)
    return tuple(found.values())


def trouble_words(state: ProcessState) -> str:
    """Return how a node's process is, and what to do."""
    return "; ".join(filter(None, (PROCESSES[state], HELP.get(state))))


def process_words(process: Process) -> str:
    """Return the state of a node's process with its reason, as a developer reads it."""
    return f"{process.state}: {process.detail}" if process.detail else process.state.value


def age(seconds: float) -> str:
    """Return an age in s, min or h."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.0f} h"

"""What the graph costs: time to READY, the gap of a restart, memory and CPU of the board's part.

The board graph is simulation.toml without plant: what would run in the box, supervisor and warm
parent included. Run `python bench/launch.py --json`.
"""

# ruff: noqa: E402 - this file is called like a package of the project; the root has to come first.

import os
import statistics
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.graph import Graph, Process, pss_mb, running, wait_ready
from bench.report import Aim, report
from bus.wire import Frame
from msgs.methods import RESTART_NODE
from msgs.requests import NodeName
from msgs.topics import TOPICS

STARTS = 5
RESTARTS = 3
IDLE_S = 20.0
PORTS = "--ports=4100"
TICKS = os.sysconf("SC_CLK_TCK")


def start_s() -> float:
    """Return the seconds from the command to the last node READY."""
    began_s = time.monotonic()
    with running(PORTS) as graph:
        return wait_ready(graph, began_s)


def restart_gap_ms(graph: Graph, node: str) -> float:
    """Return the longest silence of a node that a reader hears over a restart in place [ms].

    It is the time between the last frame of the old incarnation and the first of the new one, as
    received here.
    """
    heard: list[tuple[int, int]] = []

    def on_frame(frame: Frame) -> None:
        if TOPICS[frame.topic].writer == node:
            heard.append((frame.header.incarnation, time.monotonic_ns()))

    graph.tool.tap(None, on_frame)
    graph.tool.run_for(1.2)
    old = heard[-1][0]
    graph.call(RESTART_NODE, NodeName(node=node))
    graph.until(lambda: heard[-1][0] > old, 5.0, f"{node} is heard again")
    last_ns = max(at_ns for incarnation, at_ns in heard if incarnation == old)
    first_ns = min(at_ns for incarnation, at_ns in heard if incarnation > old)
    return (first_ns - last_ns) / 1e6


def descendants(pid: int) -> list[int]:
    """Return all processes below one, itself first."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used [s]."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def main() -> None:
    """Measure and report."""
    starts_s = [start_s() for _ in range(STARTS)]
    with running(PORTS) as graph:
        wait_ready(graph, time.monotonic())
        graph.tool.run_for(5.0)
        by_node: dict[str, Process] = {row.node: row for row in graph.processes()}
        outside = {by_node[node].pid for node in ("plant", "portal") if node in by_node}
        board = [pid for pid in descendants(graph.process.pid) if pid not in outside]
        before = {pid: cpu_s(pid) for pid in board}
        began_s = time.monotonic()
        time.sleep(IDLE_S)
        elapsed_s = time.monotonic() - began_s
        share = {pid: 100 * (cpu_s(pid) - before[pid]) / elapsed_s for pid in board}
        memory_mb = {pid: pss_mb(pid) for pid in board}
        names = {row.pid: node for node, row in by_node.items()}
        nodes = [node for node in by_node if node != "launch"]
        gaps = {
            node: statistics.median(restart_gap_ms(graph, node) for _ in range(RESTARTS))
            for node in nodes
        }
    report(
        "launch",
        {
            "ready_s": [round(value, 3) for value in starts_s],
            "restart_gap_ms": {node: round(gap, 1) for node, gap in gaps.items()},
            "cpu_percent": {
                names.get(pid, "warm"): round(value, 2) for pid, value in share.items()
            },
            "pss_mb": {names.get(pid, "warm"): round(pss, 1) for pid, pss in memory_mb.items()},
        },
        [
            Aim("ready_s", statistics.median(starts_s), "s", "<=", 1.0),
            Aim("restart_gap_ms", max(gaps.values()), "ms", "<=", 100.0),
            Aim("pss_mb", sum(memory_mb.values()), "MB", "<=", 120.0),
            Aim("idle_cpu_percent", sum(share.values()), "%", "<=", 5.0),
        ],
    )


if __name__ == "__main__":
    main()

"""The cost of the graph: time to READY, the gap of a restart, memory and CPU of the board's part.

The board graph is bench/launch.toml without plant and portal: what runs in the box, supervisor and
warm parent included. dcs is connected to the portal, and the UDP interface of smart_home is on; the
memory is measured without a charging service as well. Run
`python bench/launch.py --json`.
"""

# ruff: noqa: E402 - this file is called like a package of the project; the root has to come first.

import os
import statistics
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.graph import Graph, running, shares_mb, wait_ready
from bench.report import Aim, report
from bus.wire import Frame
from msgs.methods import RESTART_NODE
from msgs.requests import NodeName
from msgs.safety import Contactor, SafetyPhase, SafetyStatus
from msgs.topics import SAFETY_STATUS, TOPICS
from nodes.plant.node import Parameters as PlantParameters

PLAN = str(Path(__file__).with_suffix(".toml"))
PORTS = "--ports=4100"
NO_SERVICE = "--set=dcs.service_url="
NOISE = "--set=plant.noise_lsb=1.5"  # on every simulated channel, as measured on the board
OUTSIDE = ("plant", "portal")
NO_BUS = ("portal",)  # nobody hears it
STARTS = 5
RESTARTS = 3
SETTLE_S = 5.0
IDLE_S = 20.0
TICKS = os.sysconf("SC_CLK_TCK")

BUDGETS = {  # memory [MB], and CPU when idle [% of one core]; docs/measurements.md
    "launch": (8.4, 0.2),
    "wallbox-warm": (9.8, 0.0),
    "safety": (7.5, 1.7),
    "pilot": (6.5, 0.95),
    "session": (9.0, 0.35),
    "load_manager": (7.1, 0.5),
    "rfid": (6.5, 0.25),
    "led": (6.7, 0.3),
    "meter": (13.0, 0.55),
    "system": (7.2, 0.2),
    "web": (12.9, 0.2),
    "dcs": (14.3, 0.25),
    "smart_home": (12.1, 0.3),
}
DCS_NO_SERVICE_MB = 10.5


def start_s() -> tuple[float, float]:
    """Return the seconds from the command to the last node READY, and to the contactor proven."""
    began_s = time.monotonic()
    with running(PLAN, PORTS) as graph:
        reader = graph.tool.subscribe(SAFETY_STATUS, lambda _: None)  # it wakes the tool
        ready_s = wait_ready(graph, began_s)
        graph.until(lambda: is_proven(reader.message), 20.0, "the contactor is proven open")
        return ready_s, time.monotonic() - began_s


def is_proven(status: SafetyStatus | None) -> bool:
    """Return whether safety has proven the contactor open."""
    return (
        status is not None
        and status.phase is not SafetyPhase.START
        and status.contactor is Contactor.OPEN
    )


def restart_gap_ms(graph: Graph, node: str) -> float:
    """Return the longest silence of a node for a subscriber, over a restart in place [ms].

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


def board(graph: Graph) -> dict[str, int]:
    """Return the processes of the board graph: name -> pid."""
    return {name: pid for name, pid in everybody(graph).items() if name not in OUTSIDE}


def everybody(graph: Graph) -> dict[str, int]:
    """Return all processes of the graph: name -> pid."""
    rows = {row.node: row.pid for row in graph.processes()}
    names = {pid: node for node, pid in rows.items()}
    found = {}
    waiting = [graph.process.pid]
    while waiting:
        pid = waiting.pop()
        name = names.get(pid) or Path(f"/proc/{pid}/comm").read_text().strip()
        found[name if name not in found else f"{name} {pid}"] = pid
        for task in Path(f"/proc/{pid}/task").iterdir():
            waiting += [int(word) for word in (task / "children").read_text().split()]
    return found


def memory_mb(graph: Graph) -> dict[str, float]:
    """Return the memory of each process of the board graph [MB]."""
    shared_mb = shares_mb(everybody(graph).values())
    return {name: shared_mb[pid] for name, pid in board(graph).items()}


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used [s]."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def idle_percent(processes: dict[str, int]) -> dict[str, float]:
    """Return the CPU time that each process uses when idle [% of one core]."""
    before_s = {name: cpu_s(pid) for name, pid in processes.items()}
    began_s = time.monotonic()
    time.sleep(IDLE_S)
    elapsed_s = time.monotonic() - began_s
    return {
        name: 100 * (cpu_s(pid) - before_s[name]) / elapsed_s for name, pid in processes.items()
    }


def noisy_percent() -> float:
    """Return the CPU time of the whole board graph with noise on its channels [% of one core]."""
    with running(PLAN, PORTS, NOISE) as graph:
        wait_ready(graph, time.monotonic())
        graph.tool.run_for(SETTLE_S)
        return sum(idle_percent(board(graph)).values())


def main() -> None:
    """Measure and report."""
    starts = [start_s() for _ in range(STARTS)]
    with running(PLAN, PORTS) as graph:
        wait_ready(graph, time.monotonic())
        graph.tool.run_for(SETTLE_S)
        processes = board(graph)
        share = idle_percent(processes)
        used_mb = memory_mb(graph)
        nodes = [row.node for row in graph.processes() if row.node not in ("launch", *NO_BUS)]
        gaps = {
            node: statistics.median(restart_gap_ms(graph, node) for _ in range(RESTARTS))
            for node in nodes
        }
    with running(PLAN, PORTS, NO_SERVICE) as graph:
        wait_ready(graph, time.monotonic())
        graph.tool.run_for(SETTLE_S)
        no_service_mb = memory_mb(graph)
    aims = [
        Aim("ready_s", statistics.median(ready_s for ready_s, _ in starts), "s", "<=", 1.0),
        Aim("restart_gap_ms", max(gaps.values()), "ms", "<=", 100.0),
        Aim("pss_mb", sum(used_mb.values()), "MB", "<=", 120.0),
        Aim("pss_no_service_mb", sum(no_service_mb.values()), "MB", "<=", 120.0),
        Aim("idle_cpu_percent", sum(share.values()), "%", "<=", 5.0),
    ]
    if "noise_lsb" in PlantParameters.__struct_fields__:
        aims.append(Aim("idle_cpu_noisy_percent", noisy_percent(), "%", "<=", 8.0))
    report(
        "launch",
        {
            "ready_s": [round(ready_s, 3) for ready_s, _ in starts],
            "contactor_proven_s": [round(proven_s, 3) for _, proven_s in starts],
            "restart_gap_ms": {node: round(gap, 1) for node, gap in gaps.items()},
            **{name: _row(name, used_mb[name], share[name]) for name in processes},
            "dcs_no_service": {
                "pss_mb": round(no_service_mb["dcs"], 1),
                "budget_mb": DCS_NO_SERVICE_MB,
                "within": no_service_mb["dcs"] <= DCS_NO_SERVICE_MB,
            },
        },
        aims,
    )


def _row(name: str, memory_mb: float, percent: float) -> dict[str, object]:
    most_mb, most_percent = BUDGETS.get(name, (0.0, 0.0))
    return {
        "pss_mb": round(memory_mb, 1),
        "budget_mb": most_mb,
        "cpu_percent": round(percent, 2),
        "budget_percent": most_percent,
        "within": memory_mb <= most_mb and percent <= most_percent,
    }


if __name__ == "__main__":
    main()

"""How much faster than real time the whole graph runs in one process, under virtual time.

Run `python bench/virtual.py --json`. An idle hour, an hour of charging, and a whole short charge:
plug, self-test, two minutes, unplug. Times are CPU times of this process, so that others on the
machine disturb them less; `--profile` shows instead where the time of a charge goes.
"""

# ruff: noqa: E402 - run as a file, it finds the packages beside its own folder.

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.graph import NO_CARD
from bench.report import Aim, report
from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.methods import PLUG, READY, UNPLUG
from msgs.requests import NoArguments

HOUR_S = 3600.0
SHORT_S = 120.0
PROFILED_S = 300.0
PLACES = 40


def main() -> None:
    """Measure, and report."""
    plan = load_plan(VIRTUAL_PLAN, [NO_CARD])
    with (
        tempfile.TemporaryDirectory() as state_dir,
        closing(VirtualGraph(plan, seed=1, state_dir=Path(state_dir))) as graph,
    ):
        graph.start_all()
        if "--profile" in sys.argv:
            _profile(graph)
            return
        idle_s = _cpu_s(lambda: graph.advance(HOUR_S))
        whole_s = _cpu_s(lambda: _charge(graph, SHORT_S))
        charge_s = _cpu_s(lambda: _charge(graph, HOUR_S))
    results = {
        "idle_hour_s": round(idle_s, 2),
        "charging_hour_s": round(charge_s, 2),
        "short_charge_s": round(whole_s, 3),
    }
    report(
        "virtual",
        results,
        [
            Aim("idle_ratio", HOUR_S / idle_s, "times", ">=", 1000.0),
            Aim("charging_ratio", HOUR_S / charge_s, "times", ">=", 300.0),
            Aim("short_charge_s", whole_s, "s", "<=", 0.4),
        ],
    )


def _charge(graph: VirtualGraph, seconds: float) -> None:
    """Plug a vehicle in, let it charge for a time, and unplug it."""
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    graph.advance(seconds)
    graph.act(UNPLUG, NoArguments())
    graph.advance(10.0)


def _cpu_s(work: Callable[[], None]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _profile(graph: VirtualGraph) -> None:
    profile = cProfile.Profile()
    profile.runcall(_charge, graph, PROFILED_S)
    pstats.Stats(profile).sort_stats("tottime").print_stats(PLACES)


if __name__ == "__main__":
    main()

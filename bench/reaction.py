"""How fast the box opens: real processes, simulated drivers, injections stamped by plant.

Each injection is a whole charge that ends badly: plugged, self-tested, charging, then the plug is
pulled, the pilot is shorted or a residual current flows. They meet an idle machine; a loaded one:
5,000 messages a second between two other processes, and 1,000 a second on a topic that safety
reads; a page with a hundred streams open or asked for, deaf readers, requests without end, killed
at times; a supervisor that is stopped (SIGSTOP); and a disk that takes 5 s for each fsync, with
a write under way at the moment of each injection. The last three take a smaller share. The
aims hold for each of them.

Then a charge goes on for half an hour on a machine whose cores and disk are busy (`bench.busy`). It
may be opened only as "own cycle late", with the gap in safety's heartbeat; anything else is false.
Late looks of safety are counted everywhere, by their length.

Each condition's results are written to stderr when it ends.

Run `python bench/reaction.py --json`; `--short` makes 60 injections instead of 500 and charges for
1 minute on the busy machine (12 minutes instead of 65); `--injections N` and `--minutes N` take any
other number.
"""

# ruff: noqa: E402 - the root has to come first, for bus and launch are called like benchmarks.

import json
import math
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.busy import busy
from bench.conditions import Condition, conditions
from bench.flood import Killer
from bench.graph import NO_CARD, Graph, body, running, wait_ready
from bench.report import Aim, percentile, report
from bench.slow_disk import SlowDisk
from bus.wire import Frame
from msgs.heartbeat import LOOK_GAP_BOUNDS_MS
from msgs.methods import CLEAR, FAULT, PLUG, PULL, READY
from msgs.plant import FaultName, SimFault
from msgs.requests import NoArguments
from msgs.topics import PILOT_STATUS

COUNT = 500
SHORT_COUNT = 60
BUSY_MIN = 30.0  # minutes on a busy machine
SHORT_BUSY_MIN = 1.0
OWN_CYCLE_LATE = "own cycle late"  # as safety names it
KINDS = ("unplug", "short", "residual")
BREAKS = {"short": SimFault.CP_SHORT, "residual": SimFault.RCM_DC}
BEGINS = {"unplug": "pulled", "short": "fault", "residual": "residual"}
CHARGES_S = 120.0  # it takes 3 s; a retry of a fault, 10 s more; ten writes to a slow disk, 50 s
OUT_S = 0.5  # the plug is out; in sooner than 0.3 s it would be the same plug that has bounced
WATCHED = (
    "sim/event",
    "sim/contactor_drive",
    "safety/status",
    "safety/heartbeat",
    "session/status",
    "pilot/status",
)


class Watch:
    """Messages of the graph since the last injection."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.contactor = ""
        self.detail = ""  # why it is open
        self.faults: set[str] = set()
        self.is_plug_out = False  # as safety has seen it
        self.reason = ""  # of the session's state
        self.pilot_ns = 0
        self.is_closed = False  # by safety's phase
        self.openings: list[str] = []  # of the contacts, and what safety published at that time
        self.late_looks = [0] * (len(LOOK_GAP_BOUNDS_MS) + 1)  # of safety, by length
        self.longest_gap_ms = 0.0
        self.drives: list[tuple[int, int, bool]] = []  # sent, sampled [ns], enable
        self.events: list[tuple[str, int]] = []  # what, at [ns]
        graph.tool.tap(WATCHED, self._on_frame)

    def _on_frame(self, frame: Frame) -> None:
        message = body(frame)
        match frame.topic:
            case "sim/event":
                self.events.append((message["what"], message["at_ns"]))
            case "sim/contactor_drive":
                self.drives.append(
                    (frame.header.stamp_ns, message["sampled_ns"], message["enable"])
                )
            case "safety/heartbeat":
                self.late_looks = message["look_gaps"]
                self.longest_gap_ms = max(self.longest_gap_ms, message["look_gap_max_ms"])
            case "safety/status":
                if self.is_closed and message["phase"] != "closed":
                    self.openings.append(message["detail"])  # before a new self-test hides it
                self.is_closed = message["phase"] == "closed"
                self.contactor = message["contactor"]
                self.detail = message["detail"]
                self.faults = set(message["faults"])
                self.is_plug_out = message["plugged_since_utc_ns"] == 0
            case "session/status":
                self.reason = message["reason"]
            case _:
                self.pilot_ns = frame.header.stamp_ns

    def forget(self) -> None:
        """Forget all that was recorded."""
        self.drives.clear()
        self.events.clear()

    def at(self, what: str, after_ns: int = 0) -> int | None:
        """Return when something happened first after a time [ns]; None if not yet."""
        return next((at for name, at in self.events if name == what and at >= after_ns), None)

    def command(self, after_ns: int) -> tuple[int, int] | None:
        """Return when the first command to open was sent, and when its reading was taken [ns]."""
        return next(
            ((sent, sampled) for sent, sampled, on in self.drives if not on and sent >= after_ns),
            None,
        )


def gaps_of(watch: Watch) -> dict[str, float]:
    """Return safety's late looks by their length, and the longest [ms]."""
    bounds = [f"<= {bound:g}" for bound in LOOK_GAP_BOUNDS_MS] + [f"> {LOOK_GAP_BOUNDS_MS[-1]:g}"]
    return {**dict(zip(bounds, watch.late_looks, strict=True)), "longest": watch.longest_gap_ms}


class Measured(NamedTuple):
    """The results of one condition."""

    reactions: dict[str, list[float]]  # by kind and "silence" [ms]
    decisions: list[float]  # [ms]
    begins: list[float]  # from plugging in to the contactor closed [s]
    gaps: dict[str, float]  # see `gaps_of`


def charge(graph: Graph, watch: Watch) -> float:
    """Plug in, wait for the contactor to be proven closed, and return how long it took [s]."""
    began_s = time.monotonic()
    graph.call(PLUG, NoArguments())
    graph.call(READY, NoArguments())
    try:
        graph.until(lambda: watch.contactor == "closed", CHARGES_S, "a charge begins")
    except RuntimeError as error:
        faults = ", ".join(sorted(watch.faults)) or "none"
        said = f"safety: {watch.detail}; faults: {faults}; session: {watch.reason}"
        raise RuntimeError(f"{error}\n{said}") from error
    took_s = time.monotonic() - began_s
    graph.tool.run_for(0.2)
    return took_s


def part(graph: Graph, watch: Watch, plugged: bool) -> None:
    """Take the vehicle away and wait until the box is idle."""
    if plugged:
        graph.call(PULL, NoArguments())
    graph.until(lambda: watch.contactor == "open", 10.0, "the contactor opens")
    # Safety counts readings: on a busy machine the plug is out later than OUT_S says.
    graph.until(lambda: watch.is_plug_out, 10.0, "safety sees the plug out")
    graph.tool.run_for(OUT_S)
    # What holds without a plug would wait for its retry; 1 goes when the plug is in again.
    graph.until(lambda: watch.faults <= {"1"}, 10.0, "the faults are over")


def inject(graph: Graph, watch: Watch, kind: str) -> tuple[float, float]:
    """Return the reaction and the decision time of one injection into a charge [ms]."""
    watch.forget()
    if kind in BREAKS:
        graph.call(FAULT, FaultName(name=BREAKS[kind]))
    else:
        graph.call(PULL, NoArguments())
    graph.until(lambda: watch.at(BEGINS[kind]) is not None, 3.0, f"{kind} happens")
    began_ns = watch.at(BEGINS[kind]) or 0
    graph.until(lambda: watch.command(began_ns) is not None, 3.0, f"safety reacts to {kind}")
    sent_ns, sampled_ns = watch.command(began_ns) or (0, 0)
    end_ns = sent_ns
    if kind != "residual":  # there the monitor itself cuts the coil; the command is what counts
        graph.until(lambda: watch.at("coil_off", began_ns) is not None, 3.0, "the coil drops")
        end_ns = watch.at("coil_off", began_ns) or 0
    if kind in BREAKS:
        graph.call(CLEAR, FaultName(name=BREAKS[kind]))
    part(graph, watch, plugged=kind != "unplug")
    return (end_ns - began_ns) / 1e6, (sent_ns - sampled_ns) / 1e6


def silence_excess_ms(graph: Graph, watch: Watch, pilot_pid: int) -> float:
    """Return how long beyond its hold the coil stays on when the pilot node is silent [ms]."""
    watch.forget()
    os.kill(pilot_pid, signal.SIGSTOP)
    try:
        graph.until(lambda: watch.at("coil_off") is not None, 5.0, "the coil drops")
        heard_ns = watch.pilot_ns
    finally:
        os.kill(pilot_pid, signal.SIGCONT)
    hold_ns = (PILOT_STATUS.hold_s or 0.0) * 1e9
    excess = ((watch.at("coil_off") or 0) - heard_ns - hold_ns) / 1e6
    part(graph, watch, plugged=True)
    return excess


def measure(condition: Condition) -> Measured:
    """Run all injections and silences of one condition."""
    measured = Measured({kind: [] for kind in (*KINDS, "silence")}, [], [], {})
    quick = ("--ports=4200", f"--set={NO_CARD}", "--set=plant.start_delay_s=0.1")
    options = (*quick, *condition.options)
    with running(*options, environment=condition.environment) as graph:
        wait_ready(graph, time.monotonic())
        watch = Watch(graph)
        pilot_pid = next(row.pid for row in graph.processes() if row.node == "pilot")
        kinds = [KINDS[index % len(KINDS)] for index in range(condition.injections)]
        with condition.around(graph):
            for kind in (*kinds, *["silence"] * condition.silences):
                measured.begins.append(charge(graph, watch))
                condition.before(graph)
                if kind == "silence":
                    reaction_ms = silence_excess_ms(graph, watch, pilot_pid)
                else:
                    reaction_ms, decision_ms = inject(graph, watch, kind)
                    measured.decisions.append(decision_ms)
                measured.reactions[kind].append(reaction_ms)
        measured.gaps.update(gaps_of(watch))
    return measured


def results_of(condition: Condition, measured: Measured) -> dict[str, Any]:
    """Return the results of one condition as they are reported."""
    results: dict[str, Any] = {"injections": condition.injections}
    for kind, values in (*measured.reactions.items(), ("decide", measured.decisions)):
        results[f"{kind}_max_ms"] = round(max(values), 2) if values else None
        results[f"{kind}_p99_ms"] = round(p99(values), 2)
    results["safety_gaps_ms"] = measured.gaps
    results["begins_min_s"] = round(min(measured.begins), 2)
    results["begins_max_s"] = round(max(measured.begins), 2)
    return results


def show(name: str, results: dict[str, Any]) -> None:
    """Write the results of one condition to stderr: it is long until the report."""
    print(f"{time.strftime('%H:%M:%S')} {name}: {json.dumps(results)}", file=sys.stderr, flush=True)


def charge_while_busy(minutes: float) -> tuple[list[str], dict[str, float]]:
    """Charge on a busy machine; return the reason of each opening, and safety's late looks."""
    with running("--ports=4300", f"--set={NO_CARD}") as graph:
        wait_ready(graph, time.monotonic())
        watch = Watch(graph)
        charge(graph, watch)
        with busy():
            graph.tool.run_for(minutes * 60.0)
        return watch.openings, gaps_of(watch)


def number_after(option: str, default: float) -> float:
    """Return the number that follows an option on the command line."""
    return float(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else default


def p99(values: list[float]) -> float:
    """Return the 99th percentile; NaN of nothing."""
    return percentile(values, 0.99)


def worst(values: list[float]) -> float:
    """Return the largest; NaN if one of them could not be measured."""
    return math.nan if any(map(math.isnan, values)) else max(values)


def main() -> None:
    """Measure and report."""
    is_short = "--short" in sys.argv
    count = int(number_after("--injections", SHORT_COUNT if is_short else COUNT))
    minutes = number_after("--minutes", SHORT_BUSY_MIN if is_short else BUSY_MIN)
    results: dict[str, Any] = {"injections": count}
    all_p99: dict[str, list[float]] = {kind: [] for kind in (*KINDS, "decide")}
    silences: list[float] = []
    with tempfile.TemporaryDirectory(prefix="wallbox-bench-") as directory:
        disk = SlowDisk(Path(directory))
        killer = Killer()
        for condition in conditions(count, disk, killer):
            measured = measure(condition)
            for kind, values in (*measured.reactions.items(), ("decide", measured.decisions)):
                if kind in all_p99:
                    all_p99[kind].append(p99(values))
            silences += measured.reactions["silence"]
            found = results_of(condition, measured)
            results |= {f"{condition.name}_{key}": value for key, value in found.items()}
            show(condition.name, found)
        results["slow_disk_fsyncs"] = disk.slowed
        results["page_killed"] = killer.killed
    openings, gaps = charge_while_busy(minutes)
    false_openings = [why for why in openings if OWN_CYCLE_LATE not in why]
    found = {"minutes": minutes, "openings": openings, "safety_gaps_ms": gaps}
    results |= {f"busy_{key}": value for key, value in found.items()}
    show("busy", found)
    if not disk.slowed:
        raise RuntimeError("the slow disk was never slow: nothing that was measured on it counts")
    if not killer.killed:
        raise RuntimeError("the page was never killed: what was measured beside it counts less")
    report(
        "reaction",
        results,
        [
            Aim("unplug_p99_ms", worst(all_p99["unplug"]), "ms", "<=", 50.0),
            Aim("short_p99_ms", worst(all_p99["short"]), "ms", "<=", 50.0),
            Aim("residual_p99_ms", worst(all_p99["residual"]), "ms", "<=", 20.0),
            Aim("decide_p99_ms", worst(all_p99["decide"]), "ms", "<=", 10.0),
            Aim("silence_excess_ms", worst(silences), "ms", "<=", 20.0),
            Aim("false_openings", len(false_openings), "", "<=", 0.0),
        ],
    )


if __name__ == "__main__":
    main()

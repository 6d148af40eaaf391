"""The whole graph of a plan in one process, on the in-memory bus, under virtual time.

    graph = VirtualGraph(load_plan(VIRTUAL_PLAN), seed=1, state_dir=path)
    graph.start_all()
    graph.act(PLUG, NoArguments())
    graph.advance(60.0)
    graph.lose_power(3600.0)

The owner of the graph is its supervisor: nodes are not restarted automatically, and if a node has
requested a restart of the graph, `restart_wanted` is set and `restart_all` does it. The simulated
world goes on meanwhile, as around a board: the vehicle stays plugged in. The same plan and seed
give the same bytes. See `bus.memory` for what can be done to the traffic.
"""

import shutil
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from bus import Answer, BusError, Call, Status
from bus.disk import Refusal, refuse
from bus.memory import MemoryGraph
from bus.store import read_file, replace_file
from launch.lifecycle import TERM_GRACE_S
from launch.loading import ConfigurationError, LoadedNode, load_node
from launch.plan import Plan, Stops, stop_waves
from launch.series import STORE_S, Series
from msgs.heartbeat import NodeState
from msgs.launch import GraphStatus
from msgs.method import TOOL_PREFIX, Method
from msgs.methods import PLUG, POWER, RESTART_GRAPH
from msgs.plant import Power
from msgs.requests import ReasonArguments, StopReason
from msgs.topics import LAUNCH_GRAPH

VIRTUAL_PLAN = Path(__file__).parent / "virtual.toml"

SUPERVISOR = "launch"  # its name on the bus
TOOL = f"{TOOL_PREFIX}0"  # name of the sender of requests, as of the command line
WORLD = PLUG.server  # the node that simulates what is outside the box
OFF_S = 3.0  # without mains: the coil has dropped, and every reader takes its readings for stale
DAY_NS = 86_400 * 10**9
START_GAP_S = 0.05  # at most, between two starts, so that the looks of nodes are not in phase

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class ActError(Exception):
    """Raised when the simulated world refuses an act; says why."""


class VirtualGraph:
    """The nodes of a plan, loaded and checked."""

    def __init__(self, plan: Plan, seed: int, state_dir: Path, *, leaves_out: bool = True) -> None:
        """Load all nodes without starting them.

        :param leaves_out: see `bus.memory.MemoryGraph`.
        :raises ConfigurationError: the plan cannot be carried out.
        """
        self._state_dir = state_dir
        self._runs = _count_run(state_dir / "virtual-runs")
        self._boots = 1
        self.memory = MemoryGraph(seed, state_dir, leaves_out=leaves_out, boot=self._boot)
        self.plan = plan
        self.restart_wanted: str | None = (
            None  # the reason of a requested restart; None: none requested
        )
        sys.path.extend(folder for folder in plan.folders if folder not in sys.path)
        for node in plan.nodes:
            if not node.bus:
                text = "has no bus, and cannot run in memory; expected off = true"
                raise ConfigurationError(f"{plan.file}: nodes.{node.name}: {text}")
        self._loaded = {node.name: load_node(plan.entry(node.name)) for node in plan.nodes}
        self._nodes: dict[str, object] = {}
        self._supervisor = self.memory.bus(SUPERVISOR)
        shutil.rmtree(self._supervisor.run_dir, ignore_errors=True)  # this is another boot
        self._supervisor.serve(RESTART_GRAPH, self._on_restart_graph)
        self._supervisor.ready()
        self._began_utc_ns = self._began_ns = 0  # this run of the graph
        self._series = self._first_series()
        self._tool = self.memory.bus(TOOL)

    @property
    def now_s(self) -> float:
        """Return monotonic virtual time [s]."""
        return self.memory.clock.now_s()

    def advance(self, seconds: float) -> None:
        """Let virtual time pass [s]."""
        self.memory.advance(seconds)

    def start_all(self, absent: Collection[str] = ()) -> None:
        """Publish a new run of the graph; start each node when the nodes that it needs are READY.

        A node that runs already goes on.

        :param absent: nodes that are not started, as if they had failed.
        :raises ConfigurationError: see `start`.
        """
        self._began_utc_ns = self.memory.clock.utc_ns() + self._runs
        self._began_ns = self.memory.clock.now_ns()
        self._publish()
        for node in self.plan.nodes:
            if node.name in absent or node.name in self.memory.running:
                continue
            self.start(node.name)
            self.advance(self._supervisor.random(f"start {node.name}").uniform(0.0, START_GAP_S))

    def start(self, node: str) -> None:
        """Start a node that does not run, and wait until it is READY.

        :raises ConfigurationError: a driver cannot be opened, or it is not READY in time.
        """
        loaded: LoadedNode = self._loaded[node]
        bus = self.memory.bus(node)
        self._nodes[node] = loaded.build(bus)
        ready_s = self.plan.node(node).ready_s
        if not self.memory.run_until(self.now_s + ready_s, lambda: bus.state is NodeState.READY):
            raise ConfigurationError(f"{node} is not READY within {ready_s:g} s")
        self._note(node, runs=True)

    def node(self, name: str) -> object:
        """Return the object of a running node, made by its `build`.

        :raises KeyError: it does not run.
        """
        return self._nodes[name]

    def kill(self, node: str) -> None:
        """End a node without a last message, as `kill -9` does."""
        self.memory.kill(node)
        self._nodes.pop(node, None)
        self._note(node, runs=False)

    def restart(self, node: str) -> None:
        """Stop a node with handover and start its next incarnation, as `wallbox restart`."""
        if node in self.memory.running:
            self._stop((node,), StopReason.RESTART)
        self.start(node)

    def stop(self) -> None:
        """Stop the whole graph in order, as the supervisor does."""
        self._stop_but(frozenset())

    def close(self) -> None:
        """Kill all running nodes, as a loss of power does, and close everything."""
        self.refuse_writes(None)
        self.memory.close()

    def refuse_writes(self, refusal: Refusal | None) -> None:
        """Let the disk of the state directory refuse from now on; None: it takes all again."""
        refuse(self._state_dir, refusal)

    def restart_all(
        self, absent: Collection[str] = (), meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Stop all nodes but the world in order, and start them again, as a board does when asked.

        The random numbers continue; see `restart_wanted`.

        :param absent: nodes that are not started, as if they had failed.
        :param meanwhile: acts on the world while no node runs.
        :raises ConfigurationError: see `start`.
        """
        self._stop_but(frozenset({WORLD}))
        meanwhile()
        self.restart_wanted = None
        self._series.close()
        self._series = self._first_series()
        self.start_all(absent)

    def lose_power(
        self,
        seconds: float,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        is_utc_set: bool = True,
        absent: Collection[str] = (),
    ) -> None:
        """Kill all nodes but the world, as the loss of the mains of a box does; then start again.

        Only `OFF_S` of the time passes in the world; UTC is set forward by the rest.

        :param meanwhile: acts on the world without mains, which last shorter than `OFF_S`.
        :param is_utc_set: the box has a clock with a battery; else UTC is wrong by a day until it
            is set.
        :param absent: see `start_all`.
        """
        clock = self.memory.clock
        for node in self.plan.nodes:
            if node.name in self.memory.running and node.name != WORLD:
                self.kill(node.name)
        self._series.close()
        self.act(POWER, Power(on=False))
        came_s, came_utc_ns = self.now_s + OFF_S, clock.utc_ns() + round(seconds * 1e9)
        meanwhile()
        self.advance(came_s - self.now_s)
        self._boots += 1
        wrong_ns = 0 if is_utc_set else DAY_NS
        self.memory.set_utc(max(came_utc_ns - wrong_ns, 0))
        self.memory.begin_boot(self._boot, is_utc_set=is_utc_set)
        shutil.rmtree(self._supervisor.run_dir)
        self._series = self._first_series()
        self.act(POWER, Power(on=True))
        self.start_all(absent)

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        """Send a request as a tool does, and let time pass until it is answered.

        :raises BusError: the graph is closed: no answer can come.
        """
        if TOOL not in self.memory.running:
            raise BusError(f"{method.name}: the graph is closed")
        answers: list[Answer[R]] = []
        self._tool.request(method, arguments, answers.append)
        while not answers:
            self.memory.run_until(self.now_s + 1.0, lambda: bool(answers))
        return answers[0]

    def send(self, method: Method[A, R], arguments: A) -> None:
        """Send a request as a tool does, and do not wait for its answer."""
        self._tool.request(method, arguments)

    def act(self, act: Method[A, None], arguments: A) -> None:
        """Act on the simulated world as `wallbox sim` does.

        :raises ActError: the act cannot be done in the world as it is.
        """
        answer = self.ask(act, arguments)
        if answer.status is not Status.OK:
            raise ActError(f"{act.name}: {answer.status}: {answer.reason}")

    @property
    def _boot(self) -> str:
        return f"{self._runs}.{self._boots}"

    def _first_series(self) -> Series:
        """Return the series of the next run, as a supervisor that starts reads it."""
        return Series(self._supervisor, self._supervisor.log, self._publish)

    def _publish(self) -> None:
        status = GraphStatus(
            plan=self.plan.name,
            pid=0,
            processes=(),
            started_utc_ns=self._began_utc_ns,
            started_ns=self._began_ns,
            series=self._series.id,
        )
        self._supervisor.publish(LAUNCH_GRAPH, status)

    def _note(self, node: str, runs: bool) -> None:
        if self.plan.node(node).stops is Stops.FIRST:
            self._series.note(node, runs)

    def _on_restart_graph(self, call: Call[ReasonArguments, None]) -> None:
        """Note the request; the owner of the graph carries it out."""
        if self.restart_wanted is not None:
            call.not_ready("the graph is stopping")
        else:
            self.restart_wanted = call.arguments.reason or "asked"
            call.ok(None)

    def _stop_but(self, kept: Collection[str]) -> None:
        """Stop all nodes in order, except some."""
        marked: list[bool] = []
        self._series.end(lambda: marked.append(True))
        self.memory.run_until(self.now_s + 2 * STORE_S, lambda: bool(marked))
        for wave in stop_waves(self.plan):
            self._stop(tuple(node for node in wave if node not in kept), StopReason.SHUTDOWN)

    def _stop(self, nodes: tuple[str, ...], reason: StopReason) -> None:
        """Ask nodes to stop and wait; after `stop_s` a node gets SIGTERM, then it is killed."""
        began_s = self.now_s
        running = [node for node in nodes if node in self.memory.running]
        for node in running:
            self.memory.stop(node, reason)
        for node in sorted(running, key=lambda node: self.plan.node(node).stop_s):
            if self._is_gone_by(node, began_s + self.plan.node(node).stop_s):
                continue
            self.memory.stop(node, StopReason.SIGNAL)
            if not self._is_gone_by(node, self.now_s + TERM_GRACE_S):
                self.kill(node)

    def _is_gone_by(self, node: str, when_s: float) -> bool:
        """Let time pass until a node has ended, or to a time [s]; return whether it has ended."""
        return self.memory.run_until(when_s, lambda: node not in self.memory.running)


def _count_run(path: Path) -> int:
    """Return the number of earlier graphs on a state directory, and count this one.

    Virtual time is the same at the start of each of them; this number makes their run ids differ.
    """
    runs = int(read_file(path) or b"0")
    replace_file(path, b"%d\n" % (runs + 1))
    return runs

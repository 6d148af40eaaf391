"""The supervisor: starts the nodes of a plan, keeps them running, stops them in order.

One thread on one bus, under the name "launch". `launch.lifecycle` decides for each node; this file
carries its acts out, and decides for several nodes: the first start, in the order of needs, all or
none; the stop, wave by wave; and requests.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

from bus import Call, Timer
from bus.lock import BusyError
from bus.place import Place
from bus.run import open_node
from launch import lifecycle, process, process_messages
from launch.children import NOT_FORKED, ChildProcess, LogReader, WarmParent, reap_strays, spawn
from launch.complaint import expected
from launch.hardware_watchdog import HardwareWatchdog
from launch.journal import Journal
from launch.lifecycle import Act, Event
from launch.plan import NodePlan, Plan, RestartPolicy, Stops, stop_waves
from launch.series import Series
from launch.service_manager import ServiceManager
from launch.supervised import CONSEQUENCES, Node
from msgs.launch import GraphStatus, ProcessState, Restarted
from msgs.methods import LIST_NODES, RESTART_GRAPH, RESTART_NODE, STOP, STOP_GRAPH
from msgs.requests import NodeName, ReasonArguments, StopArguments, StopReason
from msgs.topics import HEARTBEATS, LAUNCH_GRAPH

NAME = "launch"
WATCH_PERIOD_S = 1.0

EXIT_OK = 0
EXIT_FAILED = 1


class Supervisor:
    """The supervisor of a running graph."""

    def __init__(self, plan: Plan, place: Place, warm: WarmParent, least_level: str) -> None:
        """Take the name "launch".

        :raises BusyError: a supervisor runs already on this run directory.
        """
        self.failure: str | None = None  # why the first start failed; None: it has not
        self.restarts_all = False  # by request `restart_all`: the supervisor starts again as well
        self._plan = plan
        self._place = place
        self._warm = warm
        self._nodes = {node.name: Node(node) for node in plan.nodes}
        self._waves: list[tuple[str, ...]] = []
        self._starting = True
        self._shortened = 0  # how often the stop was requested again
        self._stopped: Callable[[], None] | None = None  # called when all nodes have ended
        self._is_marked = False  # the next series of runs is stored, so that nodes may be stopped
        self._alarm: Timer | None = None
        self._reviews = False  # a review is due
        self._published: GraphStatus | None = None
        self._bus = open_node(NAME, place)
        self._began_s = self._bus.clock.now_s()
        self._began_utc_ns = self._bus.clock.utc_ns()
        self._began_ns = self._bus.clock.now_ns()
        self._journal = Journal(self._bus, NAME, least_level)
        self._series = Series(self._bus, self._journal.write, self._publish)
        self._warm_log = LogReader(self._bus, warm.log, self._journal.line_of(NAME))
        self._manager = ServiceManager(self._bus, self._journal.write)
        self._watchdog = HardwareWatchdog(self._bus, plan.watchdog, self._journal.write)

    def run(self) -> int:
        """Run the graph until it is stopped; return the exit code."""
        process.adopt_orphans()
        bus = self._bus
        bus.on_stop(self._on_stop)
        bus.serve(STOP_GRAPH, self._on_stop_request)
        bus.serve(RESTART_NODE, self._on_restart_request)
        bus.serve(RESTART_GRAPH, self._on_restart_graph_request)
        bus.serve(LIST_NODES, lambda call: call.ok(self._status()))
        bus.on_signal(signal.SIGINT, lambda: bus.stop(StopReason.SIGNAL))
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else under nohup
            bus.on_signal(signal.SIGHUP, lambda: bus.stop(StopReason.SIGNAL))
        for node in self._nodes.values():
            topic = HEARTBEATS.get(node.plan.name)
            node.heartbeat = bus.subscribe(topic) if topic else None
        bus.every(WATCH_PERIOD_S, self._watch)
        with self._journal.of_everything():
            for name in self._nodes:
                self._handle(name, lifecycle.Start(held=True))
            bus.run()
        self._watchdog.close(in_order=True)
        return EXIT_OK if self.failure is None else EXIT_FAILED

    def close(self) -> None:
        """Close everything. Nodes that still run, after an exception, end with this process."""
        if any(node.children for node in self._nodes.values()):
            self._warm.abandon()
        else:
            self._warm.close()
            reap_strays(frozenset())
        self._watchdog.close(in_order=False)
        self._manager.close()
        self._warm_log.close()
        self._bus.close()
        self._journal.close()

    # --- one node ------------------------------------------------------------------------------

    def _handle(self, name: str, event: Event) -> None:
        """Step a node with an event and carry out its acts."""
        node = self._nodes[name]
        before = node.state
        plan = (
            node.plan if self._stopped is None else replace(node.plan, restart=RestartPolicy.NEVER)
        )
        node.state, acts = lifecycle.step(plan, before, event, self._bus.clock.now_s())
        for act in acts:
            self._carry_out(node, act)
        after = node.state
        if node.plan.stops is Stops.FIRST and not self._starting and self._stopped is None:
            self._series.note(name, after.state is ProcessState.READY)
        if after.state is ProcessState.READY and before.state is not ProcessState.READY:
            self._journal.write("info", f"{name} is ready, pid {node.pid}")
        elif self._starting:
            pass  # the reason is printed as the one line of a failed start
        elif after.why and (after.why, after.state) != (before.why, before.state):
            self._journal.write("warning", f"{name}: {after.why}; {CONSEQUENCES[after.state]}")
        if not self._reviews:
            self._reviews = True
            self._bus.at(0.0, self._review)

    def _carry_out(self, node: Node, act: Act) -> None:
        match act:
            case lifecycle.Fork():
                self._fork(node, act.process)
            case lifecycle.SendGo():
                node.children[act.process].go()
            case lifecycle.AskToStop() if not node.plan.bus:
                if node.state.process is not None:
                    node.children[node.state.process].signal(signal.SIGTERM)
            case lifecycle.AskToStop():
                stop = StopArguments(reason=act.reason)
                self._bus.request(STOP.at(node.plan.name), stop, timeout_s=node.plan.stop_s)
            case lifecycle.Signal():
                child = node.children[act.process]
                child.signal(act.number)
                if not child.pid:
                    self._warm.kill()  # it has not forked in time: it hangs

    def _fork(self, node: Node, number: int, *, is_repeated: bool = False) -> None:
        """Give an order; once more, and to another warm parent, if it is lost."""
        name = node.plan.name

        def on_message(message: process_messages.ProcessMessage) -> None:
            match message:
                case process_messages.Checked():
                    self._handle(name, lifecycle.ProcessChecked(number))
                case process_messages.Ready():
                    self._handle(name, lifecycle.ProcessReady(number, message.incarnation))
                case process_messages.Forked() | process_messages.Failed() | process_messages.Go():
                    pass  # handled by ChildProcess

        def on_exit(code: int, why: str) -> None:
            if number == node.state.process:
                node.gone_s = self._bus.clock.now_s()
            self._handle(name, lifecycle.Exited(number, code, why))
            del node.children[number]

        def on_lost() -> None:
            if self._stopped is not None:
                on_exit(1, NOT_FORKED)
                return
            if self._warm is warm:  # it may be dying, without an end that could be seen yet
                self._renew_warm_parent()
            self._fork(node, number, is_repeated=True)

        if not self._warm.is_alive:
            self._renew_warm_parent()
        warm = self._warm
        on_line = self._journal.line_of(name)
        child = ChildProcess(
            self._bus, on_message, on_exit, on_line, None if is_repeated else on_lost
        )
        node.children[number] = child
        child.order(warm, node.order(self._plan, self._place, NAME))

    # --- all nodes -----------------------------------------------------------------------------

    def _review(self) -> None:
        """Check all nodes after an event."""
        self._reviews = False
        if self._stopped is not None:
            self._go_on_stopping()
        elif self._starting:
            self._go_on_starting()
        for node in self._nodes.values():
            if node.waiting and not node.state.is_restarting:
                node.answer_restarts()
        self._set_alarm()
        if self._status() != self._published:
            self._publish()

    def _go_on_starting(self) -> None:
        """Release nodes when all are checked and their needs are READY. If one fails, all stop."""
        nodes = self._nodes.values()
        for node in nodes:
            state = node.state
            if state.state not in (ProcessState.STARTING, ProcessState.READY) or state.restarts:
                named = node.plan.name in state.why or self._names_place(node.plan, state.why)
                self.failure = state.why if named else f"{node.plan.name}: {state.why}"
                self._bus.stop(StopReason.SHUTDOWN)
                return
        if not all(node.state.checked for node in nodes):
            return
        ready = {node.plan.name for node in nodes if node.state.state is ProcessState.READY}
        for node in nodes:
            if node.state.held and ready.issuperset(node.plan.needs):
                self._handle(node.plan.name, lifecycle.NeedsReady())
        if len(ready) == len(self._nodes):
            self._starting = False
            self._journal.let_out()
            self._bus.ready()
            self._manager.ready(self._status())
            took_s = self._bus.clock.now_s() - self._began_s
            self._journal.write(
                "info",
                f"{self._plan.name} is ready: {len(ready)} nodes in {took_s:.2f} s, "
                f"run directory {self._place.run_dir}",
            )

    def _names_place(self, node: NodePlan, why: str) -> bool:
        """Return whether a reason begins with a place in the plan."""
        places = {self._plan.file, "--set", *node.sources.values(), *node.places.values()}
        return why.startswith(tuple(f"{place}: " for place in places))

    def _on_stop(self, reason: StopReason, stopped: Callable[[], None]) -> None:
        """Begin the ordered stop; shorten it at each further signal."""
        if reason is StopReason.SIGNAL:
            self.restarts_all = False
        self._manager.stopping(restarts=self.restarts_all)
        if self._stopped is None:
            self._stopped = stopped
            self._waves = [(), *stop_waves(self._plan)]
            if self.failure is None:
                self._journal.let_out()
                self._journal.write("info", "stopping")
                self._series.end(self._go_on_marked)
            else:
                self._is_marked = True  # nothing has begun that a later start could revive
        elif reason is StopReason.SIGNAL:
            self._shortened += 1
            for name in self._shortened_nodes():
                self._stop_node(name)
        self._review()

    def _go_on_marked(self) -> None:
        self._is_marked = True
        self._review()

    def _shortened_nodes(self) -> list[str]:
        """Return the nodes whose stop is shortened: first those of the present wave, then all.

        Nodes that stop after one with a safe state are excluded: it may need them to reach its safe
        state.
        """
        names: list[str] = []
        for wave in self._waves if self._shortened > 1 else self._waves[:1]:
            names += wave
            if any(self._nodes[name].plan.has_safe_state for name in wave):
                break
        return names

    def _go_on_stopping(self) -> None:
        """Stop the next wave when the previous one has ended."""
        if not self._is_marked:
            return
        while self._waves and all(self._nodes[name].state.is_gone for name in self._waves[0]):
            self._waves.pop(0)
            if self._waves:
                for name in self._waves[0]:
                    self._stop_node(name)
        if not self._waves and self._stopped is not None:
            self._publish()
            self._stopped()

    def _stop_node(self, name: str) -> None:
        self._handle(name, lifecycle.Stop())
        for _ in range(self._shortened):
            self._handle(name, lifecycle.ShortenStop())

    def _set_alarm(self) -> None:
        """Wake up at the earliest deadline of all nodes."""
        if self._alarm is not None:
            self._alarm.cancel()
        deadlines = [node.state.deadline_s for node in self._nodes.values()]
        due_s = min((each for each in deadlines if each is not None), default=None)
        self._alarm = None if due_s is None else self._bus.at(due_s, self._on_alarm)

    def _on_alarm(self) -> None:
        for name in self._nodes:
            self._handle(name, lifecycle.Tick())

    def _watch(self) -> None:
        """Find silent nodes and strays, and publish the state of all, once a second."""
        for name, node in self._nodes.items():
            if node.is_hung(WATCH_PERIOD_S):
                self._handle(name, lifecycle.Silent(node.plan.hung_s))
        if not self._warm.is_alive:
            self._renew_warm_parent()
        pids = {child.pid for node in self._nodes.values() for child in node.children.values()}
        if 0 not in pids:  # a new process whose pid is not known yet would look like a stray
            reap_strays(frozenset(pids | {self._warm.pid}))
        self._publish()

    def _renew_warm_parent(self) -> None:
        self._journal.write(
            "warning", "the warm parent has ended; another one starts, the nodes keep running"
        )
        self._warm_log.close()
        self._warm.close()
        self._warm = spawn(self._warm.node_list)
        self._warm_log = LogReader(self._bus, self._warm.log, self._journal.line_of(NAME))

    # --- requests ------------------------------------------------------------------------------

    def _on_stop_request(self, call: Call[ReasonArguments, None]) -> None:
        self._journal.write("info", f"everything stops: {call.arguments.reason or 'asked'}")
        self.restarts_all = False
        call.ok(None)
        self._bus.stop(StopReason.SHUTDOWN)

    def _on_restart_graph_request(self, call: Call[ReasonArguments, None]) -> None:
        if self._stopped is not None:
            call.not_ready("the graph is stopping")
            return
        self._journal.write("info", f"everything restarts: {call.arguments.reason or 'asked'}")
        self.restarts_all = True
        call.ok(None)
        self._bus.stop(StopReason.SHUTDOWN)

    def _on_restart_request(self, call: Call[NodeName, Restarted]) -> None:
        """Restart one node in place; the answer waits until the new incarnation is READY."""
        node = self._nodes.get(call.arguments.node)
        if node is None:
            name = call.arguments.node
            call.refuse(f'no node "{name}" in this plan; {expected(name, self._nodes)}')
        elif self._starting or self._stopped is not None:
            call.not_ready("the graph is stopping" if self._stopped else "the graph is starting")
        elif not node.state.can_be_replaced:
            call.not_ready(f"{node.plan.name} is starting or stopping already")
        else:
            node.waiting.append((call, node.pid))
            self._handle(node.plan.name, lifecycle.Replace())

    # --- what is published ---------------------------------------------------------------------

    def _status(self) -> GraphStatus:
        return GraphStatus(
            plan=self._plan.name,
            pid=os.getpid(),
            processes=tuple(node.status() for node in self._nodes.values()),
            stopping=self._stopped is not None,
            started_utc_ns=self._began_utc_ns,
            started_ns=self._began_ns,
            series=self._series.id,
        )

    def _publish(self) -> None:
        self._published = self._status()
        self._bus.publish(LAUNCH_GRAPH, self._published)
        self._manager.show(self._published)


def supervise(plan: Plan, place: Place, warm: WarmParent, least_level: str = "info") -> int:
    """Run a plan in the foreground, logging from a level up; return the exit code.

    0 stopped in order; 1 could not start, with one line on stderr that says why. This function
    closes the warm parent.

    :raises BusyError: a supervisor runs already on this run directory.
    """
    try:
        supervisor = Supervisor(plan, place, warm, least_level)
    except BusyError:
        warm.close()
        raise
    try:
        code = supervisor.run()
    finally:
        supervisor.close()
    if supervisor.failure is not None:
        print(supervisor.failure, file=sys.stderr)  # noqa: T201
    elif supervisor.restarts_all:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return code

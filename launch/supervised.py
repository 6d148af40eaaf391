"""One supervised node: its processes, whether it is silent, and pending requests to restart it."""

import os
import signal

from bus import Call, Subscription
from bus.place import Place
from launch.children import ChildProcess
from launch.lifecycle import State
from launch.plan import NodePlan, ParentDeath, Plan
from launch.process_messages import Order
from msgs.heartbeat import Heartbeat
from msgs.launch import Process, ProcessState, Restarted
from msgs.requests import NodeName
from msgs.units import MOST_TEXT

_SIGNALS = {ParentDeath.KILL: signal.SIGKILL, ParentDeath.TERM: signal.SIGTERM}

CONSEQUENCES = {
    ProcessState.STARTING: "it starts again",
    ProcessState.READY: "the previous process keeps running",
    ProcessState.BACKOFF: "it starts again after a wait",
    ProcessState.FAILED: "it has failed and stays down",
    ProcessState.STOPPED: "it stays down",
}
"""What follows after a problem, by the node's state."""


class Node:
    """One node of the plan with its processes and pending requests."""

    def __init__(self, plan: NodePlan) -> None:
        self.plan = plan
        self.state = State()
        self.children: dict[int, ChildProcess] = {}
        self.waiting: list[
            tuple[Call[NodeName, Restarted], int]
        ] = []  # restarts: call, previous pid
        self.heartbeat: Subscription[Heartbeat] | None = None
        self._last_heard: tuple[int, float | None] = (0, None)
        self._silent_periods = 0
        self.gone_s = 0.0  # when its previous process ended

    @property
    def pid(self) -> int:
        """Return the id of the running process, else 0."""
        child = self.children.get(self.state.process or 0)
        return child.pid if child else 0

    def is_hung(self, period_s: float) -> bool:
        """Return whether it is READY and silent beyond its limit; call it each period.

        Silence is counted in periods, so that a supervisor that was suspended itself does not take
        its nodes for hung.
        """
        if self.heartbeat is None:
            return False
        heard = (self.heartbeat.incarnation, self.heartbeat.stamp_s)
        is_silent = self.state.state is ProcessState.READY and heard == self._last_heard
        self._silent_periods = self._silent_periods + 1 if is_silent else 0
        self._last_heard = heard
        if self._silent_periods * period_s < self.plan.hung_s:
            return False
        self._silent_periods = 0
        return True

    def order(self, plan: Plan, place: Place, supervisor: str) -> Order:
        """Return the order that starts a process of it; `supervisor` is the name of this one."""
        own = self.plan
        return Order(
            entry=plan.entry(own.name),
            run_dir=str(place.run_dir),
            state_dir=str(place.state_dir),
            peers=(supervisor, *(each.name for each in plan.nodes if each.bus)),
            supervisor=os.getpid(),
            parent_death=_SIGNALS[own.parent_death],
            cpu=own.cpu,
            nice=own.nice,
            scheduling=own.scheduling,
            realtime=own.realtime,
        )

    def answer_restarts(self) -> None:
        """Answer the requests to restart with the result."""
        waiting, self.waiting = self.waiting, []
        for call, before_pid in waiting:
            if self.state.state is ProcessState.READY and self.pid != before_pid:
                gap_ms = ((self.state.ready_s or 0.0) - self.gone_s) * 1e3
                call.ok(
                    Restarted(
                        pid=self.pid,
                        incarnation=self.state.incarnation,
                        gap_ms=round(gap_ms, 1),
                    )
                )
            else:
                call.refuse(f"{self.state.why}; {CONSEQUENCES[self.state.state]}"[:MOST_TEXT])

    def status(self) -> Process:
        """Return what `wallbox ps` shows."""
        return Process(
            node=self.plan.name,
            state=self.state.state,
            pid=self.pid,
            incarnation=self.state.incarnation,
            restarts=self.state.restarts,
            detail="stopping" if self.state.stopping else self.state.why[:MOST_TEXT],
        )

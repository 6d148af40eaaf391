"""A plan: which nodes run, with which drivers and parameters, and in which order.

`launch.plan_file` reads a plan from a launch file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from launch.node_entry import DriverEntry, NodeEntry


class PlanError(Exception):
    """Raised when a plan is wrong: which file, which key, what was expected."""


class RestartPolicy(StrEnum):
    """When a node that ended by itself is started again."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"  # unless it ended with exit code 0
    NEVER = "never"


class Stops(StrEnum):
    """When a node is stopped with the graph."""

    FIRST = "first"  # while all others run: it needs them for its own stop
    BETWEEN = "between"
    LAST = "last"  # supervises the others


class ParentDeath(StrEnum):
    """The signal that a node gets when the supervisor dies without stopping it."""

    KILL = "kill"
    TERM = "term"  # it has a safe state, and ends by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """One node of the plan; the fields are the keys of its table."""

    name: str
    module: str
    drivers: Mapping[str, DriverEntry] = field(default_factory=dict)  # in the order of writing
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)  # key -> where its value is written
    places: Mapping[str, str] = field(default_factory=dict)  # parameter -> file and another key
    needs: tuple[str, ...] = ()
    restart: RestartPolicy = RestartPolicy.ALWAYS
    ready_s: float = 10.0
    stop_s: float = 2.0
    hung_s: float = 10.0
    stops: Stops = Stops.BETWEEN
    parent_death: ParentDeath = ParentDeath.KILL
    cpu: tuple[int, ...] = ()
    nice: int = 0
    scheduling: str = ""
    realtime: bool = False
    bus: bool = True

    @property
    def has_safe_state(self) -> bool:
        """Return whether it reaches a safe state after SIGTERM, before it ends."""
        return self.parent_death is ParentDeath.TERM


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogPlan:
    """The hardware watchdog that the supervisor feeds, see `launch.hardware_watchdog`."""

    device: str
    # Longer than systemd needs to replace a supervisor that hangs. The chip of a Raspberry Pi has
    # 15 s at most; the kernel feeds it in between (bcm2835_wdt.c, max_hw_heartbeat_ms).
    timeout_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A checked plan. The nodes are in an order in which they can start one after another."""

    name: str
    file: str  # as errors name it
    nodes: tuple[NodePlan, ...]
    folders: tuple[str, ...] = ()  # with the user's node packages
    ports: int = 0  # is added to every simulated port
    watchdog: WatchdogPlan | None = None

    def node(self, name: str) -> NodePlan:
        """Return one node of the plan."""
        return next(node for node in self.nodes if node.name == name)

    def entry(self, name: str) -> NodeEntry:
        """Return the entry of a node, from which it is loaded."""
        node = self.node(name)
        return NodeEntry(
            node=name,
            module=node.module,
            drivers=dict(node.drivers),
            parameters=dict(node.parameters),
            sources=dict(node.sources),
            places=dict(node.places),
            file=self.file,
            ports=self.ports,
            bus=node.bus,
        )


def in_order(nodes: Mapping[str, NodePlan], file: str) -> tuple[NodePlan, ...]:
    """Return the nodes in an order in which each follows all that it needs.

    :raises PlanError: they need each other in a circle.
    """
    ordered: dict[str, NodePlan] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            source = nodes[path[-1]].sources.get("needs", file)
            raise PlanError(f"{source}: nodes need each other in a circle: {circle}")
        if name not in ordered:
            for need in nodes[name].needs:
                add(need, (*path, name))
            ordered[name] = nodes[name]

    for name in nodes:
        add(name, ())
    return tuple(ordered.values())


def stop_waves(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return the nodes in the order in which they stop; those of one wave stop together.

    By `stops`, and within each of its values a node stops before the nodes that it needs.
    """
    waves: list[tuple[str, ...]] = []
    for stage in Stops:
        left = [node for node in plan.nodes if node.stops is stage]
        while left:
            needed = {need for node in left for need in node.needs}
            wave = [node for node in left if node.name not in needed]
            waves.append(tuple(node.name for node in wave))
            left = [node for node in left if node.name in needed]
    return tuple(waves)

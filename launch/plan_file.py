"""Reads the plan of a graph from a launch file, from what that includes, and from `--set`.

A launch file is TOML, one node a table:

    name = "simulation"
    include = "base.toml"            # optional: another file, whose tables this one overrides
    path = "."                       # optional: a folder with node packages of your own
    watchdog = "/dev/watchdog"       # optional: the machine restarts if the supervisor hangs
    watchdog_s = 60                  # its time-out; see launch/hardware_watchdog.py

    [nodes.pilot]
    module = "nodes.pilot"           # the package; its module `node` is run
    driver = "nodes.pilot.cp_line_sim"  # the module that drives the node's one device
    needs = ["plant"]                # starts when these are READY, stops before them
    restart = "always"               # or "on-failure", "never"
    ready_s = 10.0                   # from its start, when all are checked, to READY
    stop_s = 2.0                     # from the request to stop to SIGTERM
    hung_s = 10.0                    # without a heartbeat for this time it is killed and restarted
    stops = "between"                # or "first", "last"
    parent_death = "kill"            # or "term": the signal when the supervisor dies
    cpu = [1]                        # processors it may use
    nice = -5
    scheduling = "fifo:10"           # or "rr:10", "batch", "idle"
    realtime = true                  # memory locked, no cyclic garbage collector
    bus = false                      # a process without a bus, see launch/child.py
    off = true                       # leaves the node of an included file out

    [nodes.pilot.parameters]         # checked by the node itself before anything starts
    key = "value"

    [factory]                        # settings (msgs/settings.py) at delivery
    main_fuse_a = 35
    [settings]                       # settings that override stored ones; locked
    house_meter.enabled = false      # nested or with dots

A node with several devices has a driver for each; a driver may have parameters, which its module
checks before anything starts:

    [nodes.meter.driver]
    chip = { device = "nodes.meter.chip_sim", parameters = { key = "value" } }
    modbus = "nodes.modbus_map.transport_tcp"

    [nodes.pilot]
    driver = { device = "nodes.pilot.cp_line_sim", parameters = { key = "value" } }

In a file that includes another, `parameters`, `factory` and `settings` are merged key by key and
`driver` device by device; every other key is replaced. A driver that is named again begins without
parameters; parameters without a `device` are merged into those of the present driver. A node that
is off is removed from the `needs` of others.

Both trees of settings are parameters of the node `system`. Parameters of other nodes that are names
of settings (msgs/setting_names.py), as `load_manager.main_fuse_a`, belong to `[settings]`.

`--set` is merged last:

    NODE.PARAMETER=VALUE
    NODE.driver=MODULE               NODE.driver.parameters.PARAMETER=VALUE
    NODE.driver.DEVICE=MODULE        NODE.driver.DEVICE.parameters.PARAMETER=VALUE
    settings.KEY=VALUE               factory.KEY=VALUE
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from launch.complaint import Complaint, convert, expected
from launch.configured import SETTINGS_NODE, Configured, Tree
from launch.node_entry import THE_ONE, DriverEntry, lay_over
from launch.plan import (
    NodePlan,
    ParentDeath,
    Plan,
    PlanError,
    RestartPolicy,
    Stops,
    WatchdogPlan,
    in_order,
)
from msgs.patterns import matching
from msgs.setting_names import PARAMETERS

MOST_NODES = 64  # as many as one launch/graph message holds

_NAME = r"^[a-z][a-z0-9_]{0,19}\Z"
_A_NAME = "a name of lower-case letters, digits and _, at most 20, a letter first"
_Name = Annotated[str, matching(_NAME, _A_NAME)]
_Module = Annotated[
    str,
    matching(
        r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z",
        "the dotted name of a module, as nodes.pilot",
    ),
]
_Scheduling = Annotated[
    str,
    matching(
        r"^((fifo|rr):[1-9][0-9]?|batch|idle)?\Z",
        "fifo:PRIORITY or rr:PRIORITY (1 to 99), batch or idle",
    ),
]
_Seconds = Annotated[float, Meta(gt=0, le=600)]
_Device = Annotated[
    str, matching(r"^(/dev/[^/].*)?\Z", 'a device, as "/dev/watchdog"; or "": none')
]


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[nodes.NAME]` as written; missing keys are UNSET."""

    module: _Module | UnsetType = UNSET
    driver: str | dict[str, Any] | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    needs: tuple[_Name, ...] | UnsetType = UNSET
    restart: RestartPolicy | UnsetType = UNSET
    ready_s: _Seconds | UnsetType = UNSET
    stop_s: _Seconds | UnsetType = UNSET
    hung_s: Annotated[float, Meta(ge=3, le=600)] | UnsetType = UNSET  # heartbeats come each second
    stops: Stops | UnsetType = UNSET
    parent_death: ParentDeath | UnsetType = UNSET
    cpu: tuple[Annotated[int, Meta(ge=0)], ...] | UnsetType = UNSET
    nice: Annotated[int, Meta(ge=-20, le=19)] | UnsetType = UNSET
    scheduling: _Scheduling | UnsetType = UNSET
    realtime: bool | UnsetType = UNSET
    bus: bool | UnsetType = UNSET
    off: bool | UnsetType = UNSET


class _Driver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The driver of one device as written."""

    device: _Module | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


_DRIVER_KEYS = frozenset(_Driver.__struct_fields__)


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A launch file as written."""

    nodes: dict[str, dict[str, Any]] = {}
    factory: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    name: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    include: str | UnsetType = UNSET
    path: str | UnsetType = UNSET
    watchdog: _Device | UnsetType = UNSET
    watchdog_s: Annotated[int, Meta(ge=5, le=120)] | UnsetType = UNSET


_PLAIN_KEYS = tuple(
    key for key in _Table.__struct_fields__ if key not in ("driver", "parameters", "off")
)


def load_plan(file: Path, settings: Iterable[str] = (), ports: int = 0) -> Plan:
    """Read a launch file and what it includes, and check all but the nodes' own parameters.

    `settings` are the values of `--set`.

    :raises PlanError: the first error.
    """
    whole = _read(file, ())
    for setting in settings:
        _set(whole, setting, str(file))
    nodes = {
        name: _finish(name, draft, whole, str(file), ports)
        for name, draft in whole.nodes.items()
        if not draft.off
    }
    if SETTINGS_NODE not in nodes and (places := whole.configured.places()):
        place = next(iter(places.values()))
        raise PlanError(f'{place}: a setting, and no node "{SETTINGS_NODE}" that keeps settings')
    if not 1 <= len(nodes) <= MOST_NODES:
        raise PlanError(f"{file}: nodes: {len(nodes)} nodes; expected 1 to {MOST_NODES}")
    return Plan(
        name=whole.name,
        file=str(file),
        nodes=in_order(nodes, str(file)),
        folders=whole.folders,
        ports=ports,
        watchdog=WatchdogPlan(**whole.watchdog) if whole.watchdog.get("device") else None,
    )


class _Draft:
    """One node while files are merged. Each key has its source."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.drivers: dict[str, DriverEntry] = {}
        self.parameters: dict[str, Any] = {}
        self.off = False
        self.sources: dict[str, str] = {}

    def lay_over(self, table: _Table, source: str) -> None:
        """Merge the table of a file.

        :raises Complaint: a wrong driver.
        """
        for key in _PLAIN_KEYS:
            value = getattr(table, key)
            if value is not UNSET:
                self.keys[key] = value
                self.sources[key] = source
        if table.driver is not UNSET:
            self.set_drivers(table.driver, source)
        if table.off is not UNSET:
            self.off = table.off

    def set_drivers(self, written: str | Mapping[str, Any], source: str) -> None:
        """Set the driver of the only device, or of each device.

        :raises Complaint: a wrong driver.
        """
        if isinstance(written, str) or not _DRIVER_KEYS.isdisjoint(written):
            written = {THE_ONE: written}
        for device, one in written.items():
            driver = _driver(f"driver.{device}" if device else "driver", one, source)
            # The latest entry comes last: a device may be named, or be the only one.
            self.drivers[device] = lay_over(self.drivers.pop(device, None), driver)

    def set_parameter(self, key: str, value: Any, source: str) -> None:
        """Set a parameter."""
        self.parameters[key] = value
        self.sources[f"parameters.{key}"] = source


@dataclass(slots=True, kw_only=True)
class _Whole:
    """The whole plan while files are merged."""

    name: str
    folders: tuple[str, ...] = ()
    nodes: dict[str, _Draft] = field(default_factory=dict)
    configured: Configured = field(default_factory=Configured)
    watchdog: dict[str, Any] = field(default_factory=dict)  # fields of a WatchdogPlan

    def set_parameter(self, node: str, key: str, value: Any, source: str) -> None:
        """Set a parameter of a node, or the settings of which it is a name.

        :raises Complaint: a wrong parameter.
        """
        parameter = f"{node}.{key}"
        if node == SETTINGS_NODE and key in list(Tree):
            what = f"expected a table [{key}] at the top of the file, or {key}.KEY=VALUE of --set"
            raise Complaint(parameter, what)
        if parameter in PARAMETERS:
            self.configured.lay_parameter(parameter, value, source)
        else:
            self.nodes[node].set_parameter(key, value, source)


def _read(file: Path, before: tuple[Path, ...]) -> _Whole:
    """Return a file merged over the files that it includes."""
    if file.resolve() in before:
        raise PlanError(f"{file}: include: the files include each other in a circle")
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{file}: {error.strerror}; expected a launch file in TOML") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{file}: not TOML: {error}") from error
    try:
        written = convert(raw, _File)
    except Complaint as complaint:
        raise PlanError(f"{file}: {complaint}") from complaint
    whole = _Whole(name=file.stem)
    if written.include is not UNSET:
        whole = _read(file.parent / written.include, (*before, file.resolve()))
    for node, table in written.nodes.items():
        _lay_over(whole, node, table, file)
    try:
        whole.configured.lay_over(Tree.FACTORY, written.factory, str(file))
        whole.configured.lay_over(Tree.SETTINGS, written.settings, str(file))
    except Complaint as complaint:
        raise PlanError(f"{file}: {complaint}") from complaint
    if written.path is not UNSET:
        whole.folders = (*whole.folders, str((file.parent / written.path).absolute()))
    for key, value in (("device", written.watchdog), ("timeout_s", written.watchdog_s)):
        if value is not UNSET:
            whole.watchdog[key] = value
    whole.name = file.stem if written.name is UNSET else written.name
    return whole


def _driver(key: str, written: Any, source: str) -> DriverEntry:
    """Return the driver of one device.

    :raises Complaint: it is neither a module nor a table with one.
    """
    if not isinstance(written, str | Mapping):
        kind = type(written).__name__
        raise Complaint(key, f"expected a module or a table, got `{kind}`")
    try:
        driver = convert({"device": written} if isinstance(written, str) else written, _Driver)
    except Complaint as complaint:
        below = "" if isinstance(written, str) else complaint.key
        raise Complaint(f"{key}.{below}" if below else key, complaint.text) from complaint
    parameters = {} if driver.parameters is UNSET else driver.parameters
    return DriverEntry(
        module="" if driver.device is UNSET else driver.device,
        parameters=parameters,
        source=source,
        sources=dict.fromkeys(parameters, source),
    )


def _lay_over(whole: _Whole, node: str, raw: dict[str, Any], file: Path) -> None:
    if not re.match(_NAME, node) or node in list(Tree):
        raise PlanError(
            f"{file}: nodes.{node}: expected {_A_NAME}; other than {' and '.join(Tree)}"
        )
    try:
        table = convert(raw, _Table)
        if node not in whole.nodes and table.module is UNSET:
            near = expected(node, whole.nodes)
            raise Complaint("module", f"missing, and no included file has this node; {near}")
        whole.nodes.setdefault(node, _Draft()).lay_over(table, str(file))
    except Complaint as complaint:
        raise PlanError(f"{file}: nodes.{node}.{complaint}") from complaint
    try:
        for key, value in ({} if table.parameters is UNSET else table.parameters).items():
            whole.set_parameter(node, key, value, str(file))
    except Complaint as complaint:
        raise PlanError(f"{file}: {complaint}") from complaint


def _set(whole: _Whole, setting: str, file: str) -> None:
    """Apply one `--set`."""
    target, equals, text = setting.partition("=")
    first, dot, key = target.strip().partition(".")
    source = f"--set {setting}"
    if not (equals and dot and key):
        raise PlanError(
            f"{source}: expected NODE.PARAMETER=VALUE, NODE.driver=MODULE or settings.KEY=VALUE"
        )
    is_setting = first in list(Tree) or f"{first}.{key}" in PARAMETERS
    node = SETTINGS_NODE if is_setting else first
    known = {name for name, draft in whole.nodes.items() if not draft.off}
    if node not in known:
        raise PlanError(f'{source}: no node "{node}" in {file}; {expected(node, known)}')
    value = _value(text)
    part, *path = key.split(".")
    if part == "driver" and not is_setting:
        for each in reversed(path):
            value = {each: value}
        try:
            whole.nodes[node].lay_over(convert({"driver": value}, _Table), "--set")
        except Complaint as complaint:
            raise PlanError(f"{source}: {complaint.text}") from complaint
        return
    try:
        if first in list(Tree):
            whole.configured.lay_over(Tree(first), {key: value}, "--set")
        else:
            whole.set_parameter(first, key, value, "--set")
    except Complaint as complaint:
        raise PlanError(f"--set: {complaint}") from complaint


def _value(text: str) -> Any:
    """Return a value in TOML; anything else is a text."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if set(parsed) == {"value"} else text


def _finish(name: str, draft: _Draft, whole: _Whole, file: str, ports: int) -> NodePlan:
    keys = dict(draft.keys)
    needs: tuple[str, ...] = keys.pop("needs", ())
    for need in needs:
        if need not in whole.nodes:
            raise PlanError(
                f'{draft.sources.get("needs", file)}: nodes.{name}.needs: unknown node "{need}"; '
                + expected(need, set(whole.nodes) - {name})
            )
    configured = whole.configured if name == SETTINGS_NODE else Configured()
    try:
        settings = configured.parameters(ports)
    except Complaint as complaint:
        raise PlanError(str(complaint)) from complaint
    return NodePlan(
        name=name,
        drivers=draft.drivers,
        parameters={**draft.parameters, **settings},
        sources=draft.sources,
        places=configured.places(),
        needs=tuple(need for need in needs if not whole.nodes[need].off),
        **keys,
    )

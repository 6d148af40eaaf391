"""Loads a node of a plan: imports its module and drivers, checks all parameters, then builds it.

Used by a node's own process and by the whole graph in one process. A node declares its devices in
`Drivers`, a dataclass: each field is a device, its type the device's Protocol. For each of them the
plan names a module with `Parameters` and `open(bus, parameters)`; all of them are checked before
the first is opened.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, get_type_hints

from msgspec import Struct

from bus import Bus, Driver, DriverError
from launch.complaint import Complaint, convert, expected
from launch.node_entry import THE_ONE, DriverEntry, NodeEntry, lay_over
from launch.ports import shift_ports
from msgs.setting_names import parameters_of


class ConfigurationError(Exception):
    """Raised when the plan cannot be carried out; says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDriver:
    """A driver that can be opened."""

    device: str
    key: str  # key in the plan: "nodes.meter.driver.chip"
    entry: DriverEntry
    file: str
    open: Callable[[Bus, Struct], Driver]
    parameters: Struct

    def open_on(self, bus: Bus) -> Driver:
        """Open the device.

        :raises ConfigurationError: it cannot be opened.
        """
        try:
            return self.open(bus, self.parameters)
        except DriverError as error:
            complaint = _driver_error(self.entry, self.file, self.key, error.parameter, str(error))
            raise complaint from error


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNode:
    """A node that can be built."""

    entry: NodeEntry
    module: ModuleType
    parameters: Struct
    drivers: tuple[LoadedDriver, ...]

    @property
    def is_asyncio(self) -> bool:
        """Return whether the node runs inside asyncio."""
        return self.entry.bus and bool(self.module.RUNNER == "asyncio")

    def build(self, bus: Bus) -> object:
        """Open the drivers and build the node on its bus; the caller has to keep the result.

        If that fails, the open drivers are shut down in the order in which they were opened: first
        the one that can switch off.

        :raises ConfigurationError: a driver cannot be opened, or a parameter cannot be used.
        """
        opened: dict[str, Driver] = {}
        try:
            for driver in self.drivers:
                opened[driver.device] = driver.open_on(bus)
            return self._build(bus, opened)
        except BaseException:
            _shut_down(opened.values())
            raise

    def _build(self, bus: Bus, opened: Mapping[str, Driver]) -> object:
        module, entry = self.module, self.entry
        try:
            if not self.drivers:
                return module.build(bus, self.parameters)
            return module.build(bus, self.parameters, module.Drivers(**opened))
        except DriverError as error:
            if error.parameter:
                complaint = Complaint(error.parameter, str(error))
                raise _parameter_error(entry, complaint) from error
            raise ConfigurationError(f"{entry.file}: nodes.{entry.node}: {error}") from error


def load_node(entry: NodeEntry) -> LoadedNode:
    """Import a node and its drivers, and check their parameters. Open nothing.

    :raises ConfigurationError: there is no such module, or a parameter is wrong.
    """
    name = f"{entry.module}.node"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not _is_missing(name, error):
            raise
        source = entry.sources.get("module", entry.file)
        raise ConfigurationError(
            f'{source}: nodes.{entry.node}.module: no module "{error.name}"; '
            f'expected a package with a module "node"'
        ) from error
    try:
        also = parameters_of(entry.node)
        parameters = _check(entry.parameters, module.Parameters, entry.ports, also)
    except Complaint as complaint:
        raise _parameter_error(entry, complaint) from complaint
    drivers = _load_drivers(entry, module)
    return LoadedNode(entry=entry, module=module, parameters=parameters, drivers=drivers)


def _check(
    values: Mapping[str, Any], kind: type[Struct], ports: int, also: Iterable[str] = ()
) -> Struct:
    """Return parameters with `--ports` added; see `convert` for `also`.

    :raises Complaint: the first that is wrong.
    """
    return convert(shift_ports(values, kind, ports), kind, also)


def _shut_down(drivers: Iterable[Driver]) -> None:
    """Shut down every driver, even if another one raises."""
    for driver in drivers:
        # The error of the start is raised, not one of a shutdown after it.
        with suppress(Exception):
            driver.shutdown()


# --- drivers -------------------------------------------------------------------------------------


def _load_drivers(entry: NodeEntry, module: ModuleType) -> tuple[LoadedDriver, ...]:
    """Return a node's drivers in the order in which they are opened.

    :raises ConfigurationError: one is missing, unknown, or has a wrong parameter.
    """
    declared = getattr(module, "Drivers", None)
    hints = {} if declared is None else get_type_hints(declared)
    protocols = {field.name: hints[field.name] for field in fields(declared)} if declared else {}
    key = f"nodes.{entry.node}.driver"
    named: dict[str, tuple[str, DriverEntry]] = {}
    for device, driver in entry.drivers.items():
        where = f"{key}.{device}" if device else key
        if device == THE_ONE and len(protocols) == 1:
            device = next(iter(protocols))
        if device not in protocols:
            text = _which_device(device, protocols)
            raise _driver_error(driver, entry.file, where, "", text)
        below = named[device][1] if device in named else None
        named[device] = where, lay_over(below, driver)
    loaded = []
    for device, protocol in protocols.items():
        where = key if len(protocols) == 1 else f"{key}.{device}"
        where, driver = named.get(device, (where, DriverEntry()))
        loaded.append(_load_driver(entry, device, where, driver, protocol))
    return tuple(loaded)


def _load_driver(
    entry: NodeEntry, device: str, key: str, driver: DriverEntry, protocol: type[Driver]
) -> LoadedDriver:
    """Import a driver and check its parameters.

    :raises ConfigurationError: see `_load_drivers`.
    """

    def refuse(text: str, parameter: str = "") -> ConfigurationError:
        return _driver_error(driver, entry.file, key, parameter, text)

    if not driver.module:
        raise refuse(f"missing; {expected('', _known_drivers(protocol))}")
    try:
        module = importlib.import_module(driver.module)
    except ModuleNotFoundError as error:
        if _is_missing(driver.module, error):
            near = expected(driver.module, _known_drivers(protocol))
            raise refuse(f'no module "{driver.module}"; {near}') from error
        raise refuse(
            f'{driver.module} needs the module "{error.name}", which is not found'
        ) from error
    opens = getattr(module, "open", None)
    kind = getattr(module, "Parameters", None)
    if (
        not callable(opens)
        or not (isinstance(kind, type) and issubclass(kind, Struct))
        or get_type_hints(opens).get("return") is not protocol
    ):
        raise refuse(
            f"{driver.module} is no driver of this device; expected a module with "
            f"Parameters and open(bus, parameters) -> {protocol.__name__}"
        )
    try:
        parameters = _check(driver.parameters, kind, entry.ports)
    except Complaint as complaint:
        raise refuse(complaint.text, complaint.key) from complaint
    return LoadedDriver(
        device=device,
        key=key,
        entry=driver,
        file=entry.file,
        open=opens,
        parameters=parameters,
    )


def _which_device(device: str, known: Mapping[str, object]) -> str:
    if not known:
        return "the node has no devices; expected no driver"
    what = f'unknown device "{device}"' if device else "the node has several devices"
    return f"{what}; {expected(device, known)}"


def _known_drivers(protocol: type[Driver]) -> list[str]:
    """Return the drivers beside the module of a Protocol: cp_line_sim beside cp_line."""
    package, _, noun = protocol.__module__.rpartition(".")
    folders = getattr(importlib.import_module(package), "__path__", ())
    return [
        f"{package}.{found.name}"
        for found in pkgutil.iter_modules(folders)
        if found.name.startswith(f"{noun}_")
    ]


def _is_missing(name: str, error: ModuleNotFoundError) -> bool:
    """Return whether the module itself is missing, not one that it imports."""
    return error.name is not None and f"{name}.".startswith(f"{error.name}.")


# --- complaints ----------------------------------------------------------------------------------


def _parameter_error(entry: NodeEntry, complaint: Complaint) -> ConfigurationError:
    if complaint.key in entry.places:
        return ConfigurationError(f"{entry.places[complaint.key]}: {complaint.text}")
    first = _first(complaint.key)
    if any(_first(key) == first for key in entry.places):  # a conflict between them
        return ConfigurationError(f"{entry.file}: {complaint}")
    source = entry.sources.get(f"parameters.{first}", entry.file)
    return ConfigurationError(f"{source}: {entry.node}.{complaint}")


def _driver_error(
    driver: DriverEntry, file: str, key: str, parameter: str, text: str
) -> ConfigurationError:
    if not parameter:
        return ConfigurationError(f"{driver.source or file}: {key}: {text}")
    source = driver.sources.get(_first(parameter), driver.source or file)
    return ConfigurationError(f"{source}: {key}.parameters.{parameter}: {text}")


def _first(key: str) -> str:
    return key.partition(".")[0].partition("[")[0]

"""A node of a plan: its module found, its parameters checked, its drivers at hand.

Shared by a node's own process and by the whole graph in one process. Opens nothing.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from msgspec import Struct

from bus import Bus, DriverError
from launch.complaint import Complaint, convert
from launch.ports import shift_ports, with_default_ports


class ConfigurationError(Exception):
    """Raised when the plan cannot be carried out; says what was expected."""


class Drivers(dict[str, str]):
    """The drivers of a node: device -> kind. One that the plan does not name is an error."""

    def __missing__(self, device: str) -> str:
        named = ", ".join(self) or "none"
        raise DriverError(f'no driver for the device "{device}"; the plan names {named}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a plan writes about one node, as far as its code is concerned."""

    node: str
    module: str
    drivers: Mapping[str, str]
    parameters: Mapping[str, Any]
    sources: Mapping[str, str]  # key -> where its value is written
    file: str
    ports: int  # is added to every simulated port


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedNode:
    """A node that can be built."""

    written: Written
    module: ModuleType
    parameters: Struct

    @property
    def is_asyncio(self) -> bool:
        """Return whether the node wants to live inside asyncio."""
        return bool(self.module.RUNNER == "asyncio")

    def build(self, bus: Bus) -> object:
        """Build the node on its bus; whoever asks keeps what is returned.

        :raises ConfigurationError: a driver cannot be opened, with its choice or its parameters.
        """
        written = self.written
        try:
            node: object = self.module.build(bus, self.parameters, Drivers(written.drivers))
        except DriverError as error:
            raise _driver_error(written, error) from error
        return node


def load_node(written: Written) -> LoadedNode:
    """Import a node and check its parameters.

    :raises ConfigurationError: there is no such module, or a parameter is wrong.
    """
    name = f"{written.module}.node"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        source = written.sources.get("module", written.file)
        raise ConfigurationError(
            f'{source}: nodes.{written.node}.module: no module "{error.name}"; '
            f'expected a package with a module "node"'
        ) from error
    values = written.parameters
    if written.ports:
        values = shift_ports(with_default_ports(values, module.Parameters), written.ports)
    try:
        parameters = convert(values, module.Parameters)
    except Complaint as complaint:
        raise _parameter_error(written, complaint) from complaint
    return LoadedNode(written=written, module=module, parameters=parameters)


def _parameter_error(written: Written, complaint: Complaint) -> ConfigurationError:
    first = complaint.key.partition(".")[0].partition("[")[0]
    source = written.sources.get(f"parameters.{first}", written.file)
    return ConfigurationError(f"{source}: {written.node}.{complaint}")


def _driver_error(written: Written, error: DriverError) -> ConfigurationError:
    if error.parameter:
        return _parameter_error(written, Complaint(error.parameter, str(error)))
    lines = {line for key, line in written.sources.items() if key.startswith("driver.")}
    source = lines.pop() if len(lines) == 1 else written.file
    return ConfigurationError(f"{source}: nodes.{written.node}.driver: {error}")

"""The entry of one node in a plan, as far as loading the node needs it.

The plan gives it to the node's own process, or to the graph in one process.
"""

from typing import Any

from msgspec import Struct

THE_ONE = ""  # the only device of a node, where the plan does not name it


class DriverEntry(Struct, frozen=True, kw_only=True):
    """The driver of one device."""

    module: str = ""  # dotted; "" if only parameters are written
    parameters: dict[str, Any] = {}
    source: str = ""  # where the module is written
    sources: dict[str, str] = {}  # parameter -> where its value is written


class NodeEntry(Struct, frozen=True, kw_only=True):
    """One node."""

    node: str
    module: str
    drivers: dict[str, DriverEntry]  # by device, in the order of writing
    parameters: dict[str, Any]
    sources: dict[str, str]  # key -> where its value is written
    places: dict[str, str] = {}  # parameter -> file and key, where the key is another one
    file: str
    ports: int  # is added to every simulated port
    bus: bool = True  # False: a process without a bus, see `launch.child`


def lay_over(below: DriverEntry | None, above: DriverEntry) -> DriverEntry:
    """Return a driver with a later entry merged: a new module begins without parameters."""
    if below is None or above.module:
        return above
    return DriverEntry(
        module=below.module,
        parameters={**below.parameters, **above.parameters},
        source=below.source,
        sources={**below.sources, **above.sources},
    )

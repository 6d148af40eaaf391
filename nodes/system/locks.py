"""What the launch file or `--set` gives to other nodes, as settings: locked there. Pure.

Precedence: default < stored < launch file or `--set`. A parameter that is written counts, whatever
its value; one that is not written leaves its setting to the user.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from nodes.modbus_map.address import AddressError, parse_address
from nodes.modbus_map.meter_map import MapError
from nodes.system.tree import Flat, SettingError, check, keys_below

NO_METER = "none"


class Locks(Struct, frozen=True, kw_only=True):
    """What is locked, with the values that are given."""

    keys: tuple[str, ...] = ()
    values: Flat = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One parameter of a node and the settings that it stands for."""

    node: str
    parameter: str
    keys: tuple[str, ...]
    read: Callable[[Any], dict[str, Any]]


def _plain(key: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {key: value}


def _meter(section: str) -> Callable[[Any], dict[str, Any]]:
    def read(text: Any) -> dict[str, Any]:
        if text == NO_METER:
            return {f"{section}.enabled": False}
        address = parse_address(str(text))
        return {
            f"{section}.enabled": True,
            f"{section}.manufacturer": address.map_name,
            f"{section}.host": address.host,
            f"{section}.port": address.port,
            f"{section}.unit": address.unit,
        }

    return read


TABLE = (
    *(
        Lock(node=node, parameter=parameter, keys=(key,), read=_plain(key))
        for node, parameter, key in (
            ("session", "authorization", "authorization.required"),
            ("load_manager", "main_fuse_a", "main_fuse_a"),
            ("load_manager", "monitoring", "monitoring.enabled"),
            ("load_manager", "phases", "phase_assignment"),
        )
    ),
    *(
        Lock(node="meter", parameter=parameter, keys=keys_below(section), read=_meter(section))
        for parameter, section in (("house", "house_meter"), ("solar", "solar_meter"))
    ),
)


def locks_of(
    written: Mapping[str, Mapping[str, Any]], manufacturers: Iterable[str]
) -> tuple[Locks, tuple[str, ...]]:
    """Return what a plan's parameters lock, and in words which of them cannot be read.

    `written` is node -> parameter -> value. What cannot be read is locked too, and its setting
    keeps the value that it had: the node whose parameter it is refuses to start with it.
    """
    keys: list[str] = []
    values: dict[str, Any] = {}
    complaints: list[str] = []
    for lock in TABLE:
        if lock.parameter not in written.get(lock.node, {}):
            continue
        keys += lock.keys
        try:
            given = lock.read(written[lock.node][lock.parameter])
            for key, value in given.items():
                check(key, value, manufacturers)
        except (AddressError, MapError, SettingError) as error:
            complaints.append(f"{lock.node}.{lock.parameter}: {error}")
        else:
            values |= given
    return Locks(keys=tuple(keys), values=values), tuple(complaints)

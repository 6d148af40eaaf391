"""Several graphs on one machine: `--ports N` adds N to every simulated port.

Those are: parameters called `port` or `*_port` that are not 0, and ports behind 127.0.0.1 or
localhost inside a text, such as `tq@127.0.0.1:1502/1` or `ws://localhost:9000/ocpp`. Among the
settings, texts and the `port` of a section whose `host` is one of these two.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

_LOCAL_HOSTS = ("127.0.0.1", "localhost")
_LOCAL = re.compile(r"(?P<host>(?<![\w.-])(?:127\.0\.0\.1|localhost)):(?P<port>[1-9][0-9]{0,4})")


def shift_ports(values: Mapping[str, Any], by: int) -> dict[str, Any]:
    """Return parameters with `by` added to every simulated port."""
    return {key: _shift(key, value, by) for key, value in values.items()}


def with_default_ports(values: Mapping[str, Any], kind: type[Struct]) -> dict[str, Any]:
    """Return parameters with those defaults of their Struct that hold a simulated port."""
    defaults = {
        field.encode_name: field.default
        for field in msgspec.structs.fields(kind)
        if isinstance(field.default, int | str)
    }
    holding = {key: value for key, value in defaults.items() if _shift(key, value, 1) != value}
    return {**holding, **values}


def shift_settings(trees: Mapping[T, Mapping[str, Any]], by: int) -> dict[T, dict[str, Any]]:
    """Return trees of settings, key to value, with `by` added to every simulated port.

    They are laid over each other: the host may stand in one and its port in another.
    """
    hosts: dict[str, Any] = {}
    for flat in trees.values():
        hosts |= {key: value for key, value in flat.items() if key.endswith(".host")}

    def shift(key: str, value: Any) -> Any:
        section, _, name = key.rpartition(".")
        if name == "port" and hosts.get(f"{section}.host") not in _LOCAL_HOSTS:
            return value
        return _shift(name, value, by)

    return {
        tree: {key: shift(key, value) for key, value in flat.items()}
        for tree, flat in trees.items()
    }


def _shift(key: str, value: Any, by: int) -> Any:
    if isinstance(value, str):
        return _LOCAL.sub(lambda at: f"{at['host']}:{int(at['port']) + by}", value)
    is_port = key == "port" or key.endswith("_port")
    if is_port and isinstance(value, int) and not isinstance(value, bool) and value:
        return value + by
    return value

"""Several graphs on one machine: `--ports N` adds N to every simulated port.

The types of parameters and settings declare which ports those are (`msgs.ports`). A port of another
server moves if its host is this machine: 127.0.0.1 or localhost, beside it or in the same text.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from launch.complaint import Complaint
from msgs.ports import MOST_PORT, PortKind, kind_of
from msgs.setting_keys import LEAVES

T = TypeVar("T")

# Browsers refuse these ports: https://fetch.spec.whatwg.org/#port-blocking, read in 2026.
REFUSED_BY_BROWSERS = frozenset(
    {
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
        102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389,
        427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
        989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566,
        6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    }
)  # fmt: skip

_LOCAL_HOSTS = ("127.0.0.1", "localhost")
_LOCAL = re.compile(r"(?P<host>(?<![\w.-])(?:127\.0\.0\.1|localhost)):(?P<port>[1-9][0-9]{0,4})")


def shift_ports(values: Mapping[str, Any], kind: type[Struct], by: int) -> dict[str, Any]:
    """Return parameters of a Struct with `by` added to every simulated port, defaults as well.

    :raises Complaint: a port out of range, or one of a page that browsers refuse.
    """
    shifted = dict(values)
    for field in msgspec.structs.fields(kind):
        key, port = field.encode_name, kind_of(field.type)
        value = values.get(key, field.default)
        moved = value if port is None else _shift(key, value, port, by)
        if moved != value:
            shifted[key] = moved
    return shifted


def shift_settings(trees: Mapping[T, Mapping[str, Any]], by: int) -> dict[T, dict[str, Any]]:
    """Return trees of settings, key to value, with `by` added to every simulated port.

    The trees are merged later, so a host may be in one tree and its port in another.

    :raises Complaint: a port out of range.
    """
    hosts: dict[str, Any] = {}
    for flat in trees.values():
        hosts |= {key: value for key, value in flat.items() if key.endswith(".host")}

    def shift(tree: T, key: str, value: Any) -> Any:
        section = key.rpartition(".")[0]
        port = kind_of(LEAVES[key])
        if port is None or (
            port is PortKind.PEER and hosts.get(f"{section}.host") not in _LOCAL_HOSTS
        ):
            return value
        return _shift(f"{tree}.{key}", value, port, by)

    return {
        tree: {key: shift(tree, key, value) for key, value in flat.items()}
        for tree, flat in trees.items()
    }


def _shift(key: str, value: Any, port: PortKind, by: int) -> Any:
    """Return a value with its port moved; a value of another type is returned as it is."""
    if port is PortKind.TEXT:
        if not isinstance(value, str):
            return value
        return _LOCAL.sub(lambda at: f"{at['host']}:{_moved(key, int(at['port']), by)}", value)
    if not isinstance(value, int) or isinstance(value, bool) or not value:
        return value
    moved = _moved(key, value, by)
    if port is PortKind.PAGE and moved in REFUSED_BY_BROWSERS:
        raise Complaint(key, f"{_sum(value, by)}, where browsers open no page; choose another")
    return moved


def _moved(key: str, value: int, by: int) -> int:
    if by and not 1 <= value + by <= MOST_PORT:
        raise Complaint(key, f"{_sum(value, by)}; expected a port from 1 to {MOST_PORT}")
    return value + by


def _sum(value: int, by: int) -> str:
    """Return a port and how it was computed, as text."""
    return f"port {value} with --ports {by} is {value + by}" if by else f"port {value}"

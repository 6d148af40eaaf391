"""The settings as a flat table, key to plain value: "hotspot.channel" -> 11. Pure.

Defaults, stored settings and those of the launch file are combined key by key.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Struct, inspect

from msgs.settings import Settings

Flat = Mapping[str, Any]

MOST_SHOWN = 60  # characters of a wrong value


class SettingError(Exception):
    """Raised when a value does not fit its key; says what was expected."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


def flatten(tree: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """Return a tree of plain values as a table of keys with dots; an empty section has no entry.

    A mapping under a key that is not a section of the settings stays one value.
    """
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        key = f"{section}.{name}" if section else name
        if isinstance(value, Mapping) and keys_below(key):
            flat |= flatten(value, key)
        else:
            flat[key] = value
    return flat


def unflatten(flat: Flat) -> dict[str, Any]:
    """Return a table as a tree; if a key is both a value and a section, the later one is kept."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, last = key.split(".")
        branch = tree
        for section in sections:
            if not isinstance(branch.get(section), dict):
                branch[section] = {}
            branch = branch[section]
        branch[last] = value
    return tree


def _leaves(kind: type[Struct], above: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        key = f"{above}{field.encode_name}"
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            leaves |= _leaves(field.type, f"{key}.")
        else:
            leaves[key] = field.type
    return leaves


_NO_SETTING = ("locked", "stored", "lost")  # information of system about the settings
LEAVES = {key: kind for key, kind in _leaves(Settings).items() if key not in _NO_SETTING}
"""Every setting with its type."""


def keys_below(section: str) -> tuple[str, ...]:
    """Return the keys of a section."""
    return tuple(key for key in LEAVES if key.startswith(f"{section}."))


def table_of(settings: Settings) -> dict[str, Any]:
    """Return the settings as a flat table of plain values, as JSON has them."""
    table = flatten(msgspec.json.decode(msgspec.json.encode(settings)))
    return {key: table[key] for key in LEAVES}


def check(key: str, value: Any) -> None:
    """Check one value by itself; whether a meter map exists is not checked.

    :raises SettingError: unknown key, or a value of the wrong type or range.
    """
    if key not in LEAVES:
        below = keys_below(key)
        if below:
            raise SettingError(key, f"expected a table with some of {', '.join(below)}")
        section = key.rpartition(".")[0]
        known = keys_below(section) or sorted({each.partition(".")[0] for each in LEAVES})
        raise SettingError(key, f"unknown setting; expected one of {', '.join(known)}")
    try:
        msgspec.convert(value, LEAVES[key])
    except msgspec.ValidationError:
        raise SettingError(key, _problem(LEAVES[key], value)) from None


def _problem(declared: Any, value: Any) -> str:
    """Return what is wrong with a value that does not fit its type; of a list, the first entry."""
    plain = get_args(declared)[0] if get_origin(declared) is Annotated else declared
    if get_origin(plain) is tuple and isinstance(value, list | tuple):
        entry = get_args(plain)[0]
        for number, each in enumerate(value, 1):
            try:
                msgspec.convert(each, entry)
            except msgspec.ValidationError:
                return f"entry {number}: expected {expected(entry)}; got {shown(each)}"
        return f"expected {expected(declared)}; got a list of {len(value)}"
    return f"expected {expected(declared)}; got {shown(value)}"


def expected(declared: Any) -> str:
    """Return what a value of a type has to be, as in "expected a current from 6 to 125 A".

    :raises TypeError: there are no words for the type.
    """
    return _words(inspect.type_info(declared))


def _words(info: inspect.Type) -> str:
    if isinstance(info, inspect.UnionType):
        return " or ".join(_words(each) for each in info.types)
    if isinstance(info, inspect.Metadata):
        description = (info.extra_json_schema or {}).get("description")
        if description is not None:
            return str(description)
        info = info.type
    match info:
        case inspect.NoneType():
            return "null"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.StrType(min_length=least, max_length=most) if most is not None:
            return f"a text of {least or 0} to {most} characters"
        case inspect.EnumType(cls=members):
            return f"one of {', '.join(each.value for each in members)}"
        case _:
            raise TypeError(f"no description for a value of type {info}")


def shown(value: Any) -> str:
    """Return a value as JSON, cut to MOST_SHOWN characters."""
    if value is not None and not isinstance(value, bool | int | float | str):
        return f"a {type(value).__name__}"
    is_number = isinstance(value, float) and not math.isfinite(value)  # not in JSON
    text = str(value) if is_number else msgspec.json.encode(value).decode()
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."

"""The fields of a message as data: for the schema hash, and to find differences.

The hash covers what a subscriber needs: names, types, units and enum values of the required fields,
including nested ones. A new field with a default does not change it, so that one node can be
upgraded while the others run.
"""

import enum
import hashlib
from collections.abc import Hashable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

Description = dict[str, dict[str, Any]]
"""Struct name -> field name -> {"type": text, "required": bool}."""


def describe(kind: Any) -> Description:
    """Return the description of every Struct in a type, including itself; do not modify it."""
    return _described(kind)


@cache  # also because each call leaves a reference cycle, and safety has no garbage collector
def _described(kind: Hashable) -> Description:
    found: Description = {}
    _describe(inspect.type_info(kind), found)
    return found


def type_name(kind: Any) -> str:
    """Return a type as text, Structs in it by name."""
    return _describe(inspect.type_info(kind), {})


@cache
def schema_hash(message: type[msgspec.Struct]) -> int:
    """Return the 32-bit hash of the required fields of a message."""
    required = [
        f"{struct}.{name}:{field['type']}"
        for struct, fields in sorted(describe(message).items())
        for name, field in sorted(fields.items())
        if field["required"]
    ]
    text = f"{message.__name__}|" + "|".join(required)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")


def breaking_changes(old: Description, new: Description) -> list[str]:
    """Return as text the changes in `new` that break a running peer with schema `old`.

    Allowed are new fields with a default and new Structs. All other changes need a new name.
    """
    found = []
    for struct, fields in old.items():
        if struct not in new:
            found.append(f"{struct}: is gone")
            continue
        for name, field in fields.items():
            now = new[struct].get(name)
            if now is None:
                found.append(f"{struct}.{name}: is gone")
            elif now["type"] != field["type"]:
                found.append(f"{struct}.{name}: was {field['type']}, is {now['type']}")
            elif now["required"] != field["required"]:
                found.append(f"{struct}.{name}: was {_word(field)}, is {_word(now)}")
        found.extend(
            f"{struct}.{name}: is new and has no default"
            for name, field in new[struct].items()
            if name not in fields and field["required"]
        )
    return found


def _word(field: dict[str, Any]) -> str:
    return "required" if field["required"] else "optional"


def _describe(info: inspect.Type, found: Description) -> str:
    """Return the type as text; add every Struct in it to `found`."""
    match info:
        case inspect.Metadata(type=inner):
            unit = (info.extra or {}).get("unit")
            text = _describe(inner, found)
            return f"{text}[{unit}]" if unit else text
        case inspect.StructType(cls=cls, fields=fields):
            if cls.__name__ not in found:
                described: dict[str, Any] = {}
                found[cls.__name__] = described
                for field in fields:
                    described[field.encode_name] = {
                        "type": _describe(field.type, found),
                        "required": field.required,
                    }
            return cls.__name__
        case inspect.EnumType(cls=cls):
            return f"enum({','.join(str(_value(member)) for member in cls)})"
        case inspect.TupleType(item_types=items):
            return f"tuple({','.join(_describe(item, found) for item in items)})"
        case inspect.VarTupleType(item_type=item):
            return f"list({_describe(item, found)})"
        case inspect.ListType(item_type=item):
            return f"list({_describe(item, found)})"
        case inspect.DictType(key_type=key, value_type=value):
            return f"map({_describe(key, found)},{_describe(value, found)})"
        case inspect.UnionType(types=types):
            return "|".join(sorted(_describe(one, found) for one in types))
        case _:
            return type(info).__name__.removesuffix("Type").lower()


def _value(member: Any) -> Any:
    return member.value if isinstance(member, enum.Enum) else member

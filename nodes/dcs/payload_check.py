"""Checks a payload by an official schema of OCPP 1.6. Pure, but for the files of the schemas.

The package `ocpp` has the schemas; each is read with the first message of its kind. Of JSON Schema
(draft 4) this is the part that the schemas of this box's messages use: a general validator would
take a fifth of the memory of dcs. The first violation is the one that it would report first.
"""

import pkgutil
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec

Schema = dict[str, Any]

BEYOND = Decimal("Infinity")
"""In place of a number whose exponent no decimal has. It breaks each schema: its step is 0.1."""


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return BEYOND


DECODER = msgspec.json.Decoder(float_hook=_number)
"""Of schemas and payloads: there are steps of 0.1, which no binary fraction is a multiple of."""

KEYWORDS = frozenset(
    (
        "additionalProperties",
        "enum",
        "items",
        "maxLength",
        "minItems",
        "multipleOf",
        "properties",
        "required",
        "type",
    )
)
"""Those that a payload can break. A `format` is checked by the decoder that reads the field."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, Decimal),
    "object": dict,
    "string": str,
}


MOST_NAME = 40  # characters of an unknown field's name in a text


class Breach(NamedTuple):
    """What a payload breaks of its schema. The text is without the value, which may be secret."""

    keyword: str
    text: str
    path: tuple[str | int, ...] = ()


@cache
def schema_of(name: str) -> Schema:
    """Return a schema: that of a request by its action, that of an answer by "...Response".

    :raises OSError: there is none.
    """
    data = pkgutil.get_data("ocpp", f"v16/schemas/{name}.json")
    assert data is not None, "a package is installed as files"
    schema: Schema = DECODER.decode(data)
    return schema


def first_violation(schema: Schema, value: Any, ignores: str = "") -> Breach | None:
    """Return what a value of `DECODER` breaks first; None: nothing.

    :param ignores: a keyword that may be broken.
    :raises ArithmeticError: a number is beyond all bounds.
    """
    for keyword in schema:
        if keyword != ignores:
            violation = _violation(keyword, schema, value, ignores)
            if violation is not None:
                return violation
    return None


def _violation(keyword: str, schema: Schema, value: Any, ignores: str) -> Breach | None:
    """Return what a value breaks first of one keyword. Each is about one type of values."""
    rule = schema[keyword]
    wrong = ""
    match keyword, value:
        case "type", _ if not _is_of(rule, value):
            wrong = f"expected {rule}; got {_kind(value)}"
        case "enum", _ if value not in rule:
            wrong = f"expected {', '.join(rule)}"
        case "maxLength", str() if len(value) > rule:
            wrong = f"expected at most {rule} characters; got {len(value)}"
        case "minItems", list() if len(value) < rule:
            wrong = f"expected at least {rule}; got {len(value)}"
        case "multipleOf", int() | Decimal() if value % rule:
            wrong = f"expected a multiple of {rule}"
        case "required", dict() if missing := [name for name in rule if name not in value]:
            wrong = f"{missing[0]} is missing"
        case "additionalProperties", dict() if more := value.keys() - schema.get("properties", {}):
            wrong = f"{min(more)[:MOST_NAME]!r}: no such field"
        case "properties", dict():
            fields = ((name, rule[name], value[name]) for name in rule if name in value)
            return _violation_in(fields, ignores)
        case "items", list():
            return _violation_in(((at, rule, each) for at, each in enumerate(value)), ignores)
        case _:
            pass
    return Breach(keyword, wrong) if wrong else None


def _violation_in(parts: Iterable[tuple[str | int, Schema, Any]], ignores: str) -> Breach | None:
    """Return what parts of a value break first, by their names or places, and schemas."""
    for step, schema, value in parts:
        violation = first_violation(schema, value, ignores)
        if violation is not None:
            return violation._replace(path=(step, *violation.path))
    return None


def _is_of(kind: str, value: Any) -> bool:
    if isinstance(value, bool):  # an int for Python
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _kind(value: Any) -> str:
    """Return the type of a value, as JSON Schema calls it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in _TYPES.items() if isinstance(value, types))

"""The check of payloads beside the validator of the package `ocpp`, over the official schemas."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ocpp.messages import MessageType, get_validator

from nodes.dcs.dialect_16_answers import DECODERS as ANSWERS
from nodes.dcs.dialect_16_requests import DECODERS as REQUESTS
from nodes.dcs.payload_check import DECODER, KEYWORDS, first_violation, schema_of

ACTIONS = sorted({*REQUESTS, *(action for action, _ in ANSWERS.values())})
SCHEMAS = [*ACTIONS, *(f"{action}Response" for action in ACTIONS)]
IGNORED = "additionalProperties"

# What no schema asks: each value of JSON in the place of another.
VALUES: list[Any] = [
    None, True, 1, -1, 0.05, 16.0, 1e29, "", "A", "x" * 21, "x" * 501, [], [1], [{}], {}, {"a": 1},
]  # fmt: skip


def broken(name: str, payload: Any, ignores: str = "") -> tuple[str, list[str | int]] | None:
    """Return keyword and path of what a payload breaks first, by this box."""
    try:
        found = first_violation(schema_of(name), payload, ignores)
    except ArithmeticError:
        return "a number", []
    return None if found is None else (found.keyword, list(found.path))


def broken_by_rule(
    name: str, payload: Any, ignores: str = ""
) -> tuple[str, list[str | int]] | None:
    """Return the same by the package `ocpp`."""
    action = name.removesuffix("Response")
    kind = MessageType.Call if action == name else MessageType.CallResult
    validator = get_validator(kind, action, "1.6", parse_float=Decimal)
    try:
        errors = (each for each in validator.iter_errors(payload) if each.validator != ignores)
        first = next(errors, None)
    except ArithmeticError:
        return "a number", []
    return None if first is None else (first.validator, list(first.absolute_path))


def plain(payload: Any) -> Any:
    """Return a payload as it arrives."""
    return DECODER.decode(json.dumps(payload))


def fitting(schema: dict[str, Any]) -> Any:
    """Return a value that fits a schema, with all of its fields."""
    if "enum" in schema:
        return schema["enum"][-1]
    match schema["type"]:
        case "object":
            return {name: fitting(each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [fitting(schema["items"])] * 2
        case kind:
            return {"string": "A", "integer": 1, "number": 16.1, "boolean": True}[kind]


def changed(value: Any) -> Iterator[Any]:
    """Yield a payload with one part replaced, removed or added, for every part."""
    yield from VALUES
    if isinstance(value, dict):
        yield {**value, "more": 1}
        for name, each in value.items():
            yield {other: part for other, part in value.items() if other != name}
            yield from ({**value, name: part} for part in changed(each))
    elif isinstance(value, list):
        yield from ([*value[:-1], part] for part in changed(value[-1]))


def keywords(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the keywords of a schema and of those in it."""
    yield from schema
    inner = [*schema.get("properties", {}).values()]
    if "items" in schema:
        inner.append(schema["items"])
    for each in inner:
        yield from keywords(each)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_read_completely(name: str) -> None:
    assert {*keywords(schema_of(name))} <= KEYWORDS | {"$schema", "title", "format"}


@pytest.mark.req("DCS-7")
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_payload_breaks_what_the_official_schema_says(name: str) -> None:
    full = fitting(schema_of(name))
    assert broken(name, plain(full)) is None
    ignores = IGNORED if name.endswith("Response") else ""
    for payload in map(plain, changed(full)):
        assert broken(name, payload, ignores) == broken_by_rule(name, payload, ignores), payload

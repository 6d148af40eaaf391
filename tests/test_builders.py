"""tests/builders.py: a message is built in one place."""

import ast
import inspect
from pathlib import Path

import pytest

from tests import builders

TESTS = Path(__file__).parent
BUILT = {
    inspect.signature(build).return_annotation.__name__
    for _, build in inspect.getmembers(builders, inspect.isfunction)
    if build.__module__ == builders.__name__
}


def built_elsewhere() -> list[str]:
    """Return the places in the tests, beside builders.py, that build a message with all fields."""
    return [
        f"{path.relative_to(TESTS)}:{node.lineno}: {node.func.id}"
        for path in sorted(TESTS.rglob("*.py"))
        if path != Path(builders.__file__)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in BUILT
        and node.keywords
    ]


def test_a_message_that_has_a_builder_is_built_by_it() -> None:
    assert {"SafetyStatus", "SessionStatus", "PilotStatus", "MeterReading"} <= BUILT
    assert built_elsewhere() == []


def test_a_field_that_a_message_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="limt_a"):
        builders.safety_status(limt_a=16.0)

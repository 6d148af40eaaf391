"""Write the golden files of all schemas and methods: `make golden`, then commit the difference."""

import json
from pathlib import Path
from typing import Any

from bus.schema import describe, type_name
from msgs.method import Method
from msgs.methods import METHODS
from msgs.topics import TOPICS

FOLDER = Path(__file__).parent
SCHEMAS = FOLDER / "schemas.json"
METHOD_ROWS = FOLDER / "methods.json"


def schemas() -> dict[str, Any]:
    """Return the description of each topic's message."""
    return {name: describe(topic.message) for name, topic in sorted(TOPICS.items())}


def methods() -> dict[str, Any]:
    """Return the description of each method, by server and name."""
    return {f"{server} {name}": _described(row) for (server, name), row in sorted(METHODS.items())}


def _described(row: Method[Any, Any]) -> dict[str, Any]:
    return {
        "arguments": {"type": type_name(row.arguments), "structs": describe(row.arguments)},
        "result": {"type": type_name(row.result), "structs": describe(row.result)},
        "callers": sorted(row.callers),
        "timeout_s": row.timeout_s,
    }


def _write(path: Path, described: dict[str, Any]) -> None:
    path.write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    _write(SCHEMAS, schemas())
    _write(METHOD_ROWS, methods())

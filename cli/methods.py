"""`wallbox methods`: the table of methods."""

import json
from typing import TYPE_CHECKING, Any

import click

from cli.common import json_option, run_dir_option, table

if TYPE_CHECKING:
    from msgs.method import Method


@click.command()
@json_option
@run_dir_option
def command(as_json: bool, run_dir: object) -> None:
    """Show the table: server, method, arguments, result, callers, time-out, what it does."""
    from msgs.methods import METHODS

    rows = [_row(method) for method in METHODS.values()]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    lines = [("server", "method", "arguments", "result", "callers", "timeout", "does")]
    lines += [
        (
            row["server"],
            row["method"],
            ", ".join(row["arguments"]) or "-",
            row["result"] or "-",
            " ".join(row["callers"]),
            f"{row['timeout_s']:g} s",
            row["text"],
        )
        for row in rows
    ]
    table(lines)


def _row(method: "Method[Any, Any]") -> dict[str, Any]:
    from types import NoneType

    from bus.schema import describe, type_name

    kind = method.arguments
    arguments = describe(kind)[kind.__name__]
    return {
        "server": method.server,
        "method": method.name,
        "arguments": {name: field["type"] for name, field in arguments.items()},
        "result": None if method.result is NoneType else type_name(method.result),
        "callers": method.callers,
        "timeout_s": method.timeout_s,
        "text": method.text,
    }

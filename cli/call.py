"""`wallbox call`: one request."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.common import ask, fail, run_dir_option, running_tool

if TYPE_CHECKING:
    from msgs.method import Method


MOST_TIMEOUT_S = 3600.0


def _timeout(_: click.Context, option: click.Parameter, timeout_s: float | None) -> float | None:
    """Refuse a timeout out of range."""
    if timeout_s is not None and not 0.0 < timeout_s <= MOST_TIMEOUT_S:
        raise click.BadParameter(f"expected more than 0 and at most {MOST_TIMEOUT_S:g} s")
    return timeout_s


@click.command()
@click.argument("node")
@click.argument("method")
@click.argument("arguments", metavar="[JSON]", default="{}")
@click.option(
    "--timeout",
    "timeout_s",
    type=float,
    callback=_timeout,
    help="How long to wait for the answer [s].",
)
@run_dir_option
def command(
    node: str, method: str, arguments: str, timeout_s: float | None, run_dir: Path | None
) -> None:
    """Send one request to NODE and print its answer as JSON.

    `wallbox methods` lists all requests. Exit code 1 if it was not done.
    """
    import msgspec

    try:
        given = json.loads(arguments)
    except (json.JSONDecodeError, RecursionError) as error:
        fail(f"arguments: not JSON: {error}", 2)
    if not isinstance(given, dict):
        fail(f"arguments: expected a JSON object, got {arguments}", 2)
    try:
        msgspec.msgpack.encode(given)
    except (OverflowError, UnicodeEncodeError, RecursionError) as error:
        fail(f"arguments: cannot be sent: {error}", 2)
    with running_tool(run_dir) as tool:
        result = ask(tool, _row(node, method), given, timeout_s)
    click.echo(json.dumps(msgspec.to_builtins(result), ensure_ascii=False))


def _row(node: str, name: str) -> "Method[Any, Any]":
    """Return the method's row; for one that is not in the table, a row without types.

    This allows requests to nodes of other packages: the node checks the arguments, and its result
    is shown as received.
    """
    from msgspec import Struct

    from msgs.method import TOOLS, Method
    from msgs.methods import method_of

    if not node.isidentifier():
        fail(f"node: expected the name of a node, as in `wallbox ps`; got {node!r}", 2)
    known = method_of(node, name)
    if known is not None:
        return known
    return Method(
        name=name,
        server=node,
        arguments=Struct,
        result=object,
        callers=(TOOLS,),
        text="",
    )

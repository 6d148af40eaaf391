"""`wallbox call`: one request."""

import json
from pathlib import Path

import click

from launch.cli.common import ask, fail, run_dir_option, running_tool


@click.command()
@click.argument("node")
@click.argument("method")
@click.argument("arguments", metavar="[JSON]", default="{}")
@click.option("--timeout", "timeout_s", default=1.0, help="How long to wait for the answer [s].")
@run_dir_option
def command(node: str, method: str, arguments: str, timeout_s: float, run_dir: Path | None) -> None:
    """Send one request to NODE and print its answer as JSON.

    The method `methods` of every node tells what it answers. Exit code 1 when it was not done.
    """
    try:
        given = json.loads(arguments)
    except json.JSONDecodeError as error:
        fail(f"arguments: not JSON: {error}", 2)
    if not isinstance(given, dict):
        fail(f"arguments: expected a JSON object, got {arguments}", 2)
    with running_tool(run_dir) as tool:
        result = ask(tool, node, method, given, timeout_s)
    click.echo(json.dumps(result, ensure_ascii=False))

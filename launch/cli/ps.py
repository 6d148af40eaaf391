"""`wallbox ps`: the processes of the running graph."""

import json
from pathlib import Path

import click

from launch.cli.common import ask, json_option, run_dir_option, running_tool, table

PATIENCE_S = 5.0  # a busy machine; an idle one answers within milliseconds


@click.command()
@json_option
@run_dir_option
def command(as_json: bool, run_dir: Path | None) -> None:
    """Show each node of the running graph: state, pid, incarnation, restarts.

    Without a running graph: no rows, exit code 3.
    """
    with running_tool(run_dir) as tool:
        processes = ask(tool, "launch", "nodes", {}, PATIENCE_S)["processes"]
    if as_json:
        for process in processes:
            click.echo(json.dumps(process))
        return
    keys = ("node", "state", "pid", "incarnation", "restarts", "detail")
    rows = [tuple(str(process[key]) for key in keys) for process in processes]
    table([keys, *rows])

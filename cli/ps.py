"""`wallbox ps`: the processes of the running graph."""

from pathlib import Path

import click

from cli.common import ask, json_option, run_dir_option, running_tool, table


@click.command()
@json_option
@run_dir_option
def command(as_json: bool, run_dir: Path | None) -> None:
    """Show each node of the running graph: state, pid, incarnation, restarts.

    Without a running graph: no rows, exit code 3.
    """
    import msgspec

    from msgs.methods import LIST_NODES
    from msgs.requests import NoArguments

    with running_tool(run_dir) as tool:
        processes = ask(tool, LIST_NODES, NoArguments()).processes
    if as_json:
        for process in processes:
            click.echo(msgspec.json.encode(process).decode())
        return
    keys = ("node", "state", "pid", "incarnation", "restarts", "detail")
    rows = [tuple(str(getattr(process, key)) for key in keys) for process in processes]
    table([keys, *rows])

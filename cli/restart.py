"""`wallbox restart`: one node in place."""

from pathlib import Path

import click

from cli.common import ask, run_dir_option, running_tool


@click.command()
@click.argument("node")
@click.option("--timeout", "timeout_s", type=float, help="How long to wait for READY [s].")
@run_dir_option
def command(node: str, timeout_s: float | None, run_dir: Path | None) -> None:
    """Restart NODE in place, with its files as they are now; done when it is READY.

    The new process imports its files and checks its parameters while the old one runs, and ends if
    that fails.
    """
    from msgs.methods import RESTART_NODE
    from msgs.requests import NodeName

    with running_tool(run_dir) as tool:
        done = ask(tool, RESTART_NODE, NodeName(node=node), timeout_s)
    click.echo(
        f"{node} is ready: pid {done.pid}, incarnation {done.incarnation}, gap {done.gap_ms:.1f} ms"
    )

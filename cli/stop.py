"""`wallbox stop`: the whole graph, in order."""

import time
from pathlib import Path

import click

from cli.common import ask, fail, place_of, run_dir_option, running_tool


@click.command()
@click.option("--timeout", "timeout_s", default=60.0, help="How long to wait for the end [s].")
@run_dir_option
def command(timeout_s: float, run_dir: Path | None) -> None:
    """Stop the running graph in order; done when the last process has ended."""
    from bus.lock import is_held
    from msgs.methods import STOP_GRAPH
    from msgs.requests import ReasonArguments

    with running_tool(run_dir) as tool:
        ask(tool, STOP_GRAPH, ReasonArguments(reason="wallbox stop"), timeout_s)

    lock = place_of(run_dir).run_dir / "launch.lock"
    until = time.monotonic() + timeout_s
    while is_held(lock):
        if time.monotonic() > until:
            fail(f"the graph is still stopping after {timeout_s:g} s")
        time.sleep(0.02)
    click.echo("stopped")

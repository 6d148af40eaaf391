"""`wallbox front`: the front of the wallbox and its charge, live in the terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.common import fail, is_running, place_of, run_dir_option, running_tool

if TYPE_CHECKING:
    from bus.place import Place
    from bus.tool import Tool

FIRST_LOOK_S = 1.5  # session publishes each second, the others more often
LOOK_S = 0.05


@click.command()
@click.option("--once", is_flag=True, help="Print it once, as plain text, and end.")
@run_dir_option
def command(once: bool, run_dir: Path | None) -> None:
    """Show the front: its lights, the charge, the meters, the limits, the nodes.

    q or Ctrl-C leaves; the graph keeps running. With a simulated world, keys act on it. NO_COLOR in
    the environment turns colours off. If standard output is not a terminal, it is printed once.
    """
    from terminal.looks import can_draw

    with running_tool(run_dir) as tool:
        if once or not can_draw():
            _print_once(tool)
        else:
            _show(tool, place_of(run_dir))


def _print_once(tool: "Tool") -> None:
    from terminal.lines import encodable
    from terminal.subscriptions import Subscriptions
    from terminal.view import PLAIN_WIDTH, front_lines

    listener = Subscriptions(tool)
    tool.every(LOOK_S, lambda: None)
    tool.run_for(FIRST_LOOK_S, until=listener.has_heard_all)
    for line in front_lines(listener.snapshot(), PLAIN_WIDTH):
        click.echo(encodable(line.text, sys.stdout.encoding))


def _show(tool: "Tool", place: "Place") -> None:
    from terminal.end_detector import EndDetector
    from terminal.show import Show

    end = EndDetector(tool, lambda: is_running(place))
    is_left, ended = False, ""

    def leave() -> str:
        nonlocal is_left
        is_left = True
        return "leaving"

    def is_over() -> bool:
        nonlocal ended
        ended = end.ended()
        return is_left or bool(ended)

    Show(tool, "q leave", leave).run(is_over)
    if not ended:
        click.echo(f"the graph keeps running in {place.run_dir}; `wallbox stop` stops it")
    elif end.is_stopped:
        click.echo(ended)
    else:
        fail(ended)

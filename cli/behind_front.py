"""`wallbox launch --front`: the graph as a child process, and its front in this terminal."""

import datetime
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from bus.place import Place, run_dir_from_environment
from bus.tool import Tool, open_tool
from cli.graph import Graph
from msgs.launch import ProcessState
from terminal.changes import Changes
from terminal.lines import encodable
from terminal.looks import can_draw, every_look, on_signals
from terminal.page import page_words
from terminal.snapshot import FrontSnapshot
from terminal.subscriptions import Subscriptions

EXIT_FAILED = 1

_STOPPING = "stopping the graph in order; press again to shorten the wait"

# Commands to try, with a simulated world and without.
_SIMULATED = (
    ("sim plug", "a vehicle is plugged in; present a card on the page, and it may charge"),
    ("sim house 20 2 2", "other loads are switched on: the vehicle gets less"),
    ("sniff load/offer", "the messages on the bus: here the offered current and its reasons"),
)
_ANY = (
    ("ps", "the nodes and their processes"),
    ("sniff load/offer", "the messages on the bus: here the offered current and its reasons"),
    ("restart led", "one node is restarted, the others keep running"),
)


def run_behind_front(words: Sequence[str], place: Place) -> int:
    """Run `wallbox` with the words of a launch, and show its front; return the exit code.

    The directories of `place` exist.
    """
    with Graph(words, place.run_dir) as graph, open_tool(place) as tool:
        graph.watch(tool)
        on_signals(graph.stop)
        listener = Subscriptions(tool)
        snapshot = _wait_until_up(tool, listener, graph)
        if snapshot is not None:
            page = page_words(tool, place, snapshot)
            click.echo(_greeting(snapshot, place, graph.log_path, page))
            if can_draw():
                hints = tuple(command for command, _ in _hints(snapshot, place))
                _show(tool, graph, hints, page)
            else:
                _print_changes(tool, listener, lambda: graph.exit_code is not None)
        tool.run_for(until=lambda: graph.exit_code is not None)
    if graph.exit_code:
        click.echo(graph.last_words or f"the graph ended with code {graph.exit_code}", err=True)
        return max(graph.exit_code, EXIT_FAILED)
    click.echo("the graph has stopped")
    return 0


def _wait_until_up(tool: Tool, listener: Subscriptions, graph: Graph) -> FrontSnapshot | None:
    """Return the first snapshot of a graph that is READY; None if it ended before."""

    def is_up() -> bool:
        status = listener.snapshot().graph.fresh
        return (
            status is not None
            and status.pid == graph.pid
            and all(each.state is ProcessState.READY for each in status.processes)
        )

    every_look(tool, lambda: None)
    tool.run_for(until=lambda: graph.exit_code is not None or is_up())
    return listener.snapshot() if is_up() else None


def _show(tool: Tool, graph: Graph, hints: tuple[str, ...], page: str) -> None:
    from terminal.show import Show

    def stop() -> str:
        graph.stop()
        return _STOPPING

    Show(tool, "q stop all", stop, hints, page).run(lambda: graph.exit_code is not None)


def _print_changes(tool: Tool, listener: Subscriptions, is_over: Callable[[], bool]) -> None:
    """Print changes, one line each."""
    changes = Changes()

    def look() -> None:
        snapshot = listener.snapshot()
        at = datetime.datetime.fromtimestamp(snapshot.utc_ns // 1_000_000_000, datetime.UTC)
        for line in changes.lines(snapshot):
            click.echo(_shown(f"{at:%H:%M:%S} {line}"))

    every_look(tool, look)
    tool.run_for(until=is_over)


def _greeting(snapshot: FrontSnapshot, place: Place, log: Path, page: str) -> str:
    graph = snapshot.graph.message
    lines = [
        f"{graph.plan if graph else 'the graph'} runs: {len(snapshot.processes)} nodes",
        *([f"page           {page}"] if page else []),
        f"run directory  {place.run_dir}",
        f"log            {log}",
        "Three things to try in another terminal:",
    ]
    for command, does in _hints(snapshot, place):
        lines += [f"    {command}", f"        {does}"]
    return _shown("\n".join([*lines, "Ctrl-C stops it."]))


def _hints(snapshot: FrontSnapshot, place: Place) -> list[tuple[str, str]]:
    """Return commands for this graph, each with its effect."""
    where = "" if place.run_dir == run_dir_from_environment() else f" --run-dir {place.run_dir}"
    chosen = _SIMULATED if snapshot.has_plant else _ANY
    return [(f"{_how_called()} {words}{where}", does) for words, does in chosen]


def _how_called() -> str:
    """Return the name by which this command is called from the working directory."""
    called = Path(sys.argv[0])
    found = shutil.which("wallbox")
    if called.name != "wallbox" or (found and Path(found).samefile(called)):
        return "wallbox"
    near = os.path.relpath(called)
    return str(called) if near.startswith("..") else near


def _shown(text: str) -> str:
    return encodable(text, sys.stdout.encoding)

"""A graph in this terminal: it runs behind the front, and stops with it."""

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
from terminal.changes import Story
from terminal.facts import Facts
from terminal.lines import encodable
from terminal.listener import Listener
from terminal.looks import can_draw, every_look, on_signals
from terminal.page import page_words

EXIT_FAILED = 1

_STOPPING = "stopping the graph in order; asked again it has less patience"

# What to try, with a world around the box that is simulated, and without.
_SIMULATED = (
    ("sim plug", "a vehicle comes; hold a card to the front, on the page, and it may charge"),
    ("sim house 20 2 2", "other loads come on: the vehicle gets less"),
    ("sniff load/offer", "what is said on the bus: here how much, and why"),
)
_ANY = (
    ("ps", "the nodes and their processes"),
    ("sniff load/offer", "what is said on the bus: here how much, and why"),
    ("restart led", "one node anew, the others run on"),
)


def run_behind_front(words: Sequence[str], place: Place) -> int:
    """Run `wallbox` with these words, a launch, and show its front; return the exit code.

    The directories of the place are there.
    """
    with Graph(words, place.run_dir) as graph, open_tool(place) as tool:
        graph.watch(tool)
        on_signals(graph.stop)
        listener = Listener(tool)
        facts = _wait_until_up(tool, listener, graph)
        if facts is not None:
            page = page_words(tool, place, facts)
            click.echo(_greeting(facts, place, graph.log_path, page))
            if can_draw():
                hints = tuple(command for command, _ in _hints(facts, place))
                _show(tool, graph, hints, page)
            else:
                _tell(tool, listener, lambda: graph.exit_code is not None)
        tool.run_for(until=lambda: graph.exit_code is not None)
    if graph.exit_code:
        click.echo(graph.last_words or f"the graph ended with code {graph.exit_code}", err=True)
        return max(graph.exit_code, EXIT_FAILED)
    click.echo("the graph has stopped")
    return 0


def _wait_until_up(tool: Tool, listener: Listener, graph: Graph) -> Facts | None:
    """Return the first facts of a graph that is READY; None if it ended before."""

    def is_up() -> bool:
        status = listener.facts().graph.fresh
        return (
            status is not None
            and status.pid == graph.pid
            and all(each.state is ProcessState.READY for each in status.processes)
        )

    every_look(tool, lambda: None)
    tool.run_for(until=lambda: graph.exit_code is not None or is_up())
    return listener.facts() if is_up() else None


def _show(tool: Tool, graph: Graph, hints: tuple[str, ...], page: str) -> None:
    from terminal.show import Show

    def stop() -> str:
        graph.stop()
        return _STOPPING

    Show(tool, "q stop all", stop, hints, page).run(lambda: graph.exit_code is not None)


def _tell(tool: Tool, listener: Listener, is_over: Callable[[], bool]) -> None:
    """Print what becomes new, one line each."""
    story = Story()

    def look() -> None:
        facts = listener.facts()
        at = datetime.datetime.fromtimestamp(facts.utc_ns // 1_000_000_000, datetime.UTC)
        for line in story.news(facts):
            click.echo(_shown(f"{at:%H:%M:%S} {line}"))

    every_look(tool, look)
    tool.run_for(until=is_over)


def _greeting(facts: Facts, place: Place, log: Path, page: str) -> str:
    graph = facts.graph.message
    lines = [
        f"{graph.plan if graph else 'the graph'} runs: {len(facts.processes)} nodes",
        *([f"page           {page}"] if page else []),
        f"run directory  {place.run_dir}",
        f"log            {log}",
        "Three things to try in another terminal:",
    ]
    for command, does in _hints(facts, place):
        lines += [f"    {command}", f"        {does}"]
    return _shown("\n".join([*lines, "Ctrl-C stops it."]))


def _hints(facts: Facts, place: Place) -> list[tuple[str, str]]:
    """Return commands that reach this graph, each with what it does."""
    where = "" if place.run_dir == run_dir_from_environment() else f" --run-dir {place.run_dir}"
    chosen = _SIMULATED if facts.has_plant else _ANY
    return [(f"{_how_called()} {words}{where}", does) for words, does in chosen]


def _how_called() -> str:
    """Return how a person calls this command from where they are."""
    called = Path(sys.argv[0])
    found = shutil.which("wallbox")
    if called.name != "wallbox" or (found and Path(found).samefile(called)):
        return "wallbox"
    near = os.path.relpath(called)
    return str(called) if near.startswith("..") else near


def _shown(text: str) -> str:
    return encodable(text, sys.stdout.encoding)

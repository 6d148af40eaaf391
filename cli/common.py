"""Functions that the verbs share: the running graph, its tool, options and exit codes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import click

if TYPE_CHECKING:
    from msgspec import Struct

    from bus.place import Place
    from bus.tool import Tool
    from msgs.method import Method
    from msgs.requests import Answer

A = TypeVar("A", bound="Struct")
R = TypeVar("R")

EXIT_FAILED = 1
EXIT_NO_GRAPH = 3

run_dir_option = click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    help="Sockets and locks of the graph (else $WALLBOX_RUN_DIR, $XDG_RUNTIME_DIR/wallbox, "
    "/run/wallbox).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def place_of(run_dir: Path | None, state_dir: Path | None = None) -> "Place":
    """Return the directories of the graph, from the options or the environment."""
    from bus import place

    return place.Place(
        run_dir=run_dir.absolute() if run_dir else place.run_dir_from_environment(),
        state_dir=state_dir.absolute() if state_dir else place.state_dir_from_environment(),
    )


def running_tool(run_dir: Path | None) -> "Tool":
    """Return a tool on the running graph; end with exit code 3 if none runs."""
    from bus.tool import open_tool

    place = place_of(run_dir)
    if not is_running(place):
        fail(f"no graph runs on {place.run_dir}", EXIT_NO_GRAPH)
    return open_tool(place)


def is_running(place: "Place") -> bool:
    """Return whether any node runs in a run directory."""
    from bus.lock import is_held

    return any(is_held(lock) for lock in sorted(place.run_dir.glob("*.lock")))


def ask(tool: "Tool", method: "Method[A, R]", arguments: A, timeout_s: float | None = None) -> "R":
    """Return the result of a request; end with exit code 1 if it was not done."""
    from bus import Status

    answer = tool.call(method, arguments, timeout_s)
    if answer.status is not Status.OK:
        fail(f"{method.server} {method.name}: {_words(answer)}")
    return cast("R", answer.result)  # the answer is OK


def _words(answer: "Answer[Any]") -> str:
    """Return why a request was not done: one line, or one for each wrong key."""
    if not answer.problems:
        return f"{answer.status}: {answer.reason}"
    problems = [f"  {key}: {problem}" for key, problem in answer.problems.items()]
    return "\n".join([str(answer.status), *problems])


def fail(text: str, code: int = EXIT_FAILED) -> NoReturn:
    """Print why on stderr and exit."""
    click.echo(text, err=True)
    sys.exit(code)


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows as columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())

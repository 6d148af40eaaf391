"""`wallbox launch`: run a graph in the foreground."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from cli.common import fail, place_of, run_dir_option

DEFAULT_PLAN = Path(__file__).parents[1] / "launch" / "simulation.toml"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NODE.PARAMETER=VALUE",
    help="Give a parameter its value, over the file; NODE.driver names a module. Repeatable.",
)
@click.option("--ports", default=0, metavar="N", help="Add N to every simulated port.")
@run_dir_option
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    help="Stored files of the box (else $WALLBOX_STATE_DIR, ~/.local/state/wallbox).",
)
@click.option("--front", is_flag=True, help="Show the front here; the log goes to a file.")
@click.option(
    "--log",
    "least_level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="The lowest level that the log shows.",
)
def command(
    file: Path | None,
    settings: tuple[str, ...],
    ports: int,
    run_dir: Path | None,
    state_dir: Path | None,
    front: bool,
    least_level: str,
) -> None:
    """Run the graph of a launch FILE in the foreground; without one, the simulated wallbox.

    Ctrl-C stops it in order; a second one shortens the wait, a third kills all but safety, which
    opens the contactor first. Exit code 0 when it was stopped, 1 when it could not start. The log
    goes to stderr; with --front it goes to launch.log in the run directory, and the terminal shows
    the front, where q stops the graph as well.
    """
    if front:
        _launch_behind_front(file, settings, ports, run_dir, state_dir, least_level)
    place = place_of(run_dir, state_dir)
    words = [_shown(file or DEFAULT_PLAN), ports, place.run_dir, place.state_dir, least_level]
    # A program that does not import this one: what the supervisor has imported, its nodes share.
    search = "-I" if sys.flags.isolated else "-P"  # nothing comes from the working directory
    program = [sys.executable, search, "-m", "launch", *map(str, words), *settings]
    os.execv(sys.executable, program)


def _launch_behind_front(
    file: Path | None,
    settings: tuple[str, ...],
    ports: int,
    run_dir: Path | None,
    state_dir: Path | None,
    least_level: str,
) -> NoReturn:
    """Run the same launch as a child, with its front in this terminal."""
    from bus.lock import is_held, read_owner
    from bus.place import PlaceError, prepare
    from cli.behind_front import run_behind_front

    place = place_of(run_dir, state_dir)
    try:
        prepare(place)
    except PlaceError as error:
        fail(str(error))
    lock = place.run_dir / "launch.lock"
    if is_held(lock):  # refused here, before the log of that graph is replaced
        fail(f"launch runs already on {place.run_dir}: process {read_owner(lock)} holds it")
    words = ["launch", *([str(file)] if file else []), f"--ports={ports}", f"--log={least_level}"]
    words += [f"--set={setting}" for setting in settings]
    words += [f"--run-dir={place.run_dir}", f"--state-dir={place.state_dir}"]
    sys.exit(run_behind_front(words, place))


def _shown(file: Path) -> Path:
    """Return a path relative to the working directory, if it lies below."""
    try:
        return file.relative_to(Path.cwd())
    except ValueError:
        return file

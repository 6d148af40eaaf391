"""`wallbox launch`: run a graph in the foreground."""

import sys
from pathlib import Path

import click

from launch.cli.common import fail, place_of, run_dir_option

DEFAULT_PLAN = Path(__file__).parent.parent / "simulation.toml"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NODE.PARAMETER=VALUE",
    help="Give a parameter its value, over the file; NODE.driver names a driver. Repeatable.",
)
@click.option("--ports", default=0, metavar="N", help="Add N to every simulated port.")
@run_dir_option
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    help="What outlives a restart (else $WALLBOX_STATE_DIR, ~/.local/state/wallbox).",
)
def command(
    file: Path | None,
    settings: tuple[str, ...],
    ports: int,
    run_dir: Path | None,
    state_dir: Path | None,
) -> None:
    """Run the graph of a launch FILE in the foreground; without one, the simulated wallbox.

    Ctrl-C stops it in order; a second one asks with less patience, a third kills. Exit code 0
    when it was stopped, 1 when it could not start. The log goes to stderr.
    """
    from launch.plan import PlanError, load_plan

    try:
        plan = load_plan(_shown(file or DEFAULT_PLAN), settings, ports)
    except PlanError as error:
        fail(str(error))
    from launch.children import WarmParent

    warm = WarmParent()  # imports beside us from here on
    from bus.lock import BusyError
    from bus.place import PlaceError, prepare
    from launch.supervisor import supervise

    place = place_of(run_dir, state_dir)
    try:
        prepare(place)
    except PlaceError as error:
        warm.close()
        fail(str(error))
    try:
        sys.exit(supervise(plan, place, warm))
    except BusyError as error:
        fail(str(error))


def _shown(file: Path) -> Path:
    """Return a path as a person wants to read it: relative if it lies below."""
    try:
        return file.relative_to(Path.cwd())
    except ValueError:
        return file

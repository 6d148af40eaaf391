"""`wallbox soak`: the whole graph under virtual time, checked by invariants.

Random users and disturbances act on it.
"""

import json
import sys

import click

from cli.common import EXIT_FAILED


@click.command()
@click.option("--sessions", default=100, show_default=True, metavar="N", type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True, metavar="S", type=int)
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    metavar="J",
    type=click.IntRange(1, 64),
    help="Boxes that run in parallel.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(sessions: int, seed: int, jobs: int, as_json: bool) -> None:
    """Run N charging sessions with random users, faults, lost messages and killed nodes.

    All invariants are checked at every instant. The same seed gives the same soak. Exit code 1 if
    one was broken; the command that repeats the breach is printed.
    """
    from verifier.report import to_line, to_object, to_text
    from verifier.soak import soak

    result = soak(
        sessions,
        seed,
        jobs,
        on_run=lambda run: click.echo(to_line(run), err=True),
    )
    if as_json:
        click.echo(json.dumps(to_object(result), ensure_ascii=False))
    else:
        for line in to_text(result):
            click.echo(line)
    sys.exit(EXIT_FAILED if result.violations else 0)

"""`wallbox soak`: the whole graph under virtual time, random users and troubles, judged."""

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
    help="Boxes that are lived side by side.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(sessions: int, seed: int, jobs: int, as_json: bool) -> None:
    """Live N charging sessions with random users, faults, lost messages and killed nodes.

    All invariants are checked at every instant. The same seed is the same soak. Exit code 1 if
    one was broken; with it comes the command that shows the breach again.
    """
    from verifier.report import to_line, to_object, to_words
    from verifier.run import soak

    result = soak(
        sessions,
        seed,
        jobs,
        on_life=lambda life: click.echo(to_line(life), err=True),
    )
    if as_json:
        click.echo(json.dumps(to_object(result), ensure_ascii=False))
    else:
        for line in to_words(result):
            click.echo(line)
    sys.exit(EXIT_FAILED if result.violations else 0)

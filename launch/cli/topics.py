"""`wallbox topics`: the table of topics."""

import json

import click

from launch.cli.common import json_option, run_dir_option, table


@click.command()
@json_option
@run_dir_option
def command(as_json: bool, run_dir: object) -> None:
    """Show the table: topic, message, writer, period, hold, latched, recorded."""
    from msgs.topics import TOPICS

    if as_json:
        for topic in TOPICS.values():
            click.echo(
                json.dumps(
                    {
                        "topic": topic.name,
                        "message": topic.message.__name__,
                        "writer": topic.writer,
                        "period_s": topic.period_s,
                        "hold_s": topic.hold_s,
                        "latched": topic.latched,
                        "recorded": topic.recorded,
                    }
                )
            )
        return
    rows = [("topic", "message", "writer", "period", "hold", "latched", "recorded")]
    rows += [
        (
            topic.name,
            topic.message.__name__,
            topic.writer,
            f"{topic.period_s:g} s" if topic.period_s else "on change",
            f"{topic.hold_s:g} s" if topic.hold_s else "-",
            "yes" if topic.latched else "-",
            "yes" if topic.recorded else "-",
        )
        for topic in TOPICS.values()
    ]
    table(rows)

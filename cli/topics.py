"""`wallbox topics`: the table of topics."""

import json
import math
from typing import TYPE_CHECKING, Any

import click

from cli.common import json_option, run_dir_option, table

if TYPE_CHECKING:
    from msgs.topics import Topic


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
                        "idle_period_s": topic.idle_period_s,
                        "hold_s": topic.hold_s if math.isfinite(topic.hold_s) else None,
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
            _period(topic),
            f"{topic.hold_s:g} s" if math.isfinite(topic.hold_s) else "-",
            "yes" if topic.latched else "-",
            "yes" if topic.recorded else "-",
        )
        for topic in TOPICS.values()
    ]
    table(rows)


def _period(topic: "Topic[Any]") -> str:
    if topic.period_s is None:
        return "on change"
    idle = f" (idle {topic.idle_period_s:g} s)" if topic.idle_period_s else ""
    return f"{topic.period_s:g} s{idle}"

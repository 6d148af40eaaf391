"""`wallbox sniff`: the traffic, shown or counted."""

import contextlib
import functools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.common import fail, json_option, run_dir_option, running_tool, table
from cli.where import WhereError, look_up, matches, parse_path, parse_where

if TYPE_CHECKING:
    from bus.tool import Tool
    from bus.wire import Frame
    from cli.traffic import TopicTraffic, Traffic
    from cli.where import Condition

COUNT_PERIOD_S = 1.0


@click.command()
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@json_option
@click.option("--count", type=click.IntRange(min=1), help="End after this number of messages.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="End after this time.")
@click.option("--where", help='Show messages that fulfil: "path op literal [and ...]".')
@click.option("--fields", help="Show only these fields: paths separated by commas.")
@click.option("--hz", is_flag=True, help="Count messages a second.")
@click.option("--bandwidth", is_flag=True, help="Count bytes a second.")
@click.option("--delay", is_flag=True, help="Measure the time from sending to receiving.")
@run_dir_option
def command(
    topics: tuple[str, ...],
    as_json: bool,
    count: int | None,
    seconds: float | None,
    where: str | None,
    fields: str | None,
    hz: bool,
    bandwidth: bool,
    delay: bool,
    run_dir: Path | None,
) -> None:
    """Show the traffic of TOPICs, or of all: one line a message.

    With --json a line is {"topic", "seq", "t" (writer's monotonic seconds), "node", "msg"}.
    --hz, --bandwidth and --delay count instead, without decoding, and report once a second.
    The number of lost messages is printed on stderr at the end.

    A condition of --where compares a path, as lines.0.current_a, by == != < <= > >= with a
    number, true, false, null, a word, or a text in quotes.
    """
    from cli.traffic import Traffic

    columns = [
        name for name, wanted in (("hz", hz), ("bandwidth", bandwidth), ("delay", delay)) if wanted
    ]
    if columns and (where or fields or count):
        fail(
            "--hz, --bandwidth and --delay count whole topics, undecoded; "
            "they cannot be combined with --where, --fields or --count",
            2,
        )
    traffic = Traffic()
    viewer = Viewer(traffic, *_read_filters(where, fields), as_json, count)
    _refuse_unknown(topics)
    with running_tool(run_dir) as tool:
        tool.tap(topics or None, functools.partial(_count, traffic) if columns else viewer.show)
        with contextlib.suppress(KeyboardInterrupt):
            if columns:
                _report(tool, traffic, columns, as_json, seconds)
            else:
                tool.run_for(seconds, until=lambda: viewer.is_done)
    if traffic.gaps:
        click.echo(f"{traffic.gaps} messages were lost", err=True)


class Viewer:
    """Shows messages, one on each line. Their bodies are plain msgpack: no schema is needed."""

    def __init__(
        self,
        traffic: "Traffic",
        conditions: Sequence["Condition"],
        paths: Sequence[tuple[str, ...]],
        as_json: bool,
        most: int | None,
    ) -> None:
        import msgpack

        from msgs.topics import TOPICS

        self._unpack = msgpack.unpackb
        self._writers = {topic.name: topic.writer for topic in TOPICS.values()}
        self._traffic = traffic
        self._conditions = conditions
        self._paths = paths
        self._as_json = as_json
        self._left = most

    @property
    def is_done(self) -> bool:
        """Return whether the requested number of messages has been shown."""
        return self._left == 0

    def show(self, frame: "Frame") -> None:
        """Show a frame if it is new and wanted."""
        header = frame.header
        is_new = self._traffic.is_new(frame.topic, header.incarnation, header.sequence)
        if self.is_done or not is_new:
            return
        try:
            message = self._unpack(frame.body)
        except ValueError as error:
            click.echo(f"{frame.topic}: not msgpack: {error}", err=True)
            return
        if not matches(self._conditions, message):
            return
        if self._paths:
            message = {".".join(path): look_up(message, path).value for path in self._paths}
        if self._left is not None:
            self._left -= 1
        stamp_s = header.stamp_ns / 1e9
        if self._as_json:
            line = json.dumps(
                {
                    "topic": frame.topic,
                    "seq": header.sequence,
                    "t": stamp_s,
                    "node": self._writers.get(frame.topic, frame.topic.partition("/")[0]),
                    "msg": message,
                },
                ensure_ascii=False,
            )
        else:
            line = f"{stamp_s:.6f} {frame.topic} #{header.sequence} {_as_text(message)}"
        click.echo(line)


def _as_text(message: Any) -> str:
    if not isinstance(message, dict):
        return json.dumps(_rounded(message), ensure_ascii=False)
    words = (
        value if isinstance(value, str) else json.dumps(_rounded(value), ensure_ascii=False)
        for value in message.values()
    )
    return " ".join(f"{key}={word}" for key, word in zip(message, words, strict=True))


def _rounded(value: Any) -> Any:
    """Return plain data with its numbers as a person wants to read them."""
    match value:
        case float():
            return round(value, 4)
        case list():
            return [_rounded(each) for each in value]
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case _:
            return value


def _count(traffic: "Traffic", frame: "Frame") -> None:
    """Count a frame by its header alone."""
    from bus.wire import FLAG_RETAINED

    header = frame.header
    is_new = traffic.is_new(frame.topic, header.incarnation, header.sequence)
    if is_new and not header.flags & FLAG_RETAINED:  # one that is sent again has no rate or delay
        size_bytes = len(frame.topic) + 1 + header.length + len(frame.body)
        traffic.add(frame.topic, size_bytes, time.monotonic_ns() - header.stamp_ns)


def _report(
    tool: "Tool", traffic: "Traffic", columns: list[str], as_json: bool, seconds: float | None
) -> None:
    """Print the counts once a second."""
    left_s = seconds
    while left_s is None or left_s > 0:
        period_s = COUNT_PERIOD_S if left_s is None else min(COUNT_PERIOD_S, left_s)
        began_s = time.monotonic()
        tool.run_for(period_s)
        if left_s is not None:
            left_s -= period_s
        rows = [
            {"topic": seen.topic, **_chosen(seen, columns), "gaps": seen.gaps}
            for seen in traffic.take(time.monotonic() - began_s)
        ]
        if as_json:
            for row in rows:
                click.echo(json.dumps(row))
        elif rows:
            cells = [tuple("-" if each is None else str(each) for each in r.values()) for r in rows]
            table([tuple(rows[0]), *cells])
            click.echo()


def _chosen(seen: "TopicTraffic", columns: list[str]) -> dict[str, float | None]:
    """Return the requested columns, with units in their names."""
    values: dict[str, dict[str, float | None]] = {
        "hz": {"hz": round(seen.hz, 2)},
        "bandwidth": {"bytes_per_s": round(seen.bytes_per_s)},
        "delay": {
            "delay_p50_ms": seen.delay_p50_ms,
            "delay_p99_ms": seen.delay_p99_ms,
            "delay_max_ms": seen.delay_max_ms,
        },
    }
    return {
        key: None if value is None else round(value, 3)
        for column in columns
        for key, value in values[column].items()
    }


def _read_filters(
    where: str | None, fields: str | None
) -> tuple[tuple["Condition", ...], tuple[tuple[str, ...], ...]]:
    try:
        conditions = parse_where(where) if where else ()
        paths = tuple(parse_path(path) for path in fields.split(",")) if fields else ()
    except WhereError as error:
        fail(str(error), 2)
    return conditions, paths


def _refuse_unknown(topics: Sequence[str]) -> None:
    """Refuse a topic that is not in the table."""
    from launch.complaint import expected
    from msgs.topics import TOPICS

    for topic in topics:
        if topic not in TOPICS:
            fail(f'no topic "{topic}" in the table; {expected(topic, TOPICS)}', 2)

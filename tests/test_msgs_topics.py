"""The table of topics: one row each, and every row is in it."""

import math

from msgs import topics
from msgs.topics import HEARTBEATS, NODES, TOPICS, Topic


def test_every_row_of_the_module_is_in_the_table_by_its_name() -> None:
    rows = [value for value in vars(topics).values() if isinstance(value, Topic)]
    assert len(rows) > 20
    assert list(TOPICS.values()) == [*rows, *HEARTBEATS.values()]
    assert all(name == row.name for name, row in TOPICS.items())


def test_no_two_rows_share_a_name() -> None:
    rows = [value for value in vars(topics).values() if isinstance(value, Topic)]
    assert len({row.name for row in rows}) == len(rows)


def test_every_writer_is_a_node_of_the_table() -> None:
    assert {row.writer for row in TOPICS.values()} <= set(NODES)


def test_what_is_sent_in_time_holds_for_more_than_one_period() -> None:
    for row in TOPICS.values():
        period_s = max(row.period_s or 0.0, row.idle_period_s or 0.0)
        assert row.hold_s > 2.0 * period_s or math.isinf(row.hold_s)

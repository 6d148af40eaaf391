"""The last sessions as rows, and all of them as a table."""

import csv
from io import StringIO

import pytest

from msgs.session import EndReason, SessionRecord
from tests.builders import session_record
from view.sessions import COLUMNS, ENDS, recent_words, sessions_table, shown_sessions


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_session_says_why_it_ended(reason: EndReason) -> None:
    (row,) = shown_sessions((session_record(end_reason=reason),), {})
    assert row.end == ENDS[reason]


def test_a_session_has_its_start_only_where_the_clock_was_set() -> None:
    ended = session_record(end_reason=EndReason.UNPLUGGED, duration_s=60.0, energy_wh=5.0)
    (row,) = shown_sessions((ended,), {})
    assert (row.started_utc_ns, row.duration_s, row.energy_wh) == (None, 60.0, 5.0)
    known = session_record(end_reason=EndReason.UNPLUGGED, is_start_utc_set=True)
    assert shown_sessions((known,), {})[0].started_utc_ns == 10


def test_a_session_names_its_card_and_one_that_runs_is_left_out() -> None:
    records = (
        session_record(session_id="s3"),
        session_record(session_id="s2", end_reason=EndReason.STOPPED, token="AA"),
        session_record(session_id="s1", end_reason=EndReason.STOPPED, token="04AA001234"),
    )
    rows = shown_sessions(records, {"AA": "Anna"})
    assert [(row.session_id, row.card) for row in rows] == [("s2", "Anna"), ("s1", "Card ...1234")]


DAY_NS = 86_400 * 10**9
NOW_NS = 20_000 * DAY_NS


def ended(days_ago: float, energy_wh: float = 10_000.0, **changes: object) -> SessionRecord:
    started_ns = NOW_NS - round(days_ago * DAY_NS)
    return session_record(
        **{
            "started_utc_ns": started_ns,
            "ended_utc_ns": started_ns + 3600 * 10**9,
            "is_start_utc_set": True,
            "is_end_utc_set": True,
            "duration_s": 3600.0,
            "energy_wh": energy_wh,
            "end_reason": EndReason.UNPLUGGED,
            **changes,
        }
    )


def test_the_last_days_are_added_up() -> None:
    counted = (ended(1.0), ended(29.9, 2500.0))
    others = (
        ended(30.1),  # too old
        ended(-1.0),  # before the clock was set back
        ended(1.0, is_start_utc_set=False),
        ended(1.0, 0.0),  # nothing was charged
        ended(0.1, end_reason=None),  # still runs
    )
    assert (
        recent_words((*counted, *others), NOW_NS) == "In the last 30 days: 12.5 kWh in 2 charges."
    )
    assert recent_words(counted[:1], NOW_NS) == "In the last 30 days: 10.0 kWh in 1 charge."
    assert recent_words(others, NOW_NS) == ""


def test_a_table_has_each_session_that_has_ended() -> None:
    records = (
        ended(0.0, 0.0, session_id="s4", end_reason=None),
        ended(1.0, 12_345.6, session_id="s3", token="AA"),
        ended(2.0, 0.0, session_id="s2", duration_s=None, is_start_utc_set=False),
        ended(3.0, session_id="s1", token="BB", is_end_utc_set=False),
    )
    lines = list(csv.reader(StringIO(sessions_table(records, {"AA": 'Anna, "A"'}))))
    assert lines == [
        list(COLUMNS),
        ["2024-10-03T00:00:00Z", "2024-10-03T01:00:00Z", "3600", "12.346", "unplugged",
         'Anna, "A"', "s3"],
        ["", "2024-10-02T01:00:00Z", "", "0.000", "unplugged", "", "s2"],
        ["2024-10-01T00:00:00Z", "", "3600", "10.000", "unplugged", "BB", "s1"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_calculates_no_name(name: str) -> None:
    table = sessions_table((ended(1.0, token="AA"),), {"AA": name})
    assert next(csv.DictReader(StringIO(table)))["card"] == f"'{name}"

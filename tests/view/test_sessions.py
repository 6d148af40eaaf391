"""The last sessions as rows."""

import pytest

from msgs.session import EndReason
from tests.builders import session_record
from view.sessions import ENDS, shown_sessions


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

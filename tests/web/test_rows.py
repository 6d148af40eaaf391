"""A value of the live page is one row, and nothing else."""

import math
from typing import Any

import pytest

import web.pages
import web.rows
from msgs.topics import LOAD_OFFER, SAFETY_STATUS
from tests.builders import charging_safety, load_offer
from tests.view.snapshot import nothing_said, said
from tests.web.conftest import LABEL, START_S, UTC_NS, Desk
from web.page_snapshot import PageSnapshot
from web.rows import NOT_KNOWN, ROWS, Row, RowGroup, live_rows, row_words

LIMIT = Row(
    key="dip_limit",
    title="Limit of the installation",
    group=RowGroup.CHARGE,
    topic=SAFETY_STATUS,
    field="installation_limit_a",
    unit="A",
)


def snapshot(**sources: Any) -> PageSnapshot:
    heard: dict[str, Any] = {
        **nothing_said("pilot"),
        **{name: said(name, each) for name, each in sources.items()},
    }
    return PageSnapshot(now_s=START_S, utc_ns=UTC_NS, began_s=START_S, label=LABEL, **heard)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.rows, "ROWS", (*ROWS, LIMIT))
    monkeypatch.setattr(web.pages, "ROWS", (*ROWS, LIMIT))


@pytest.mark.req("WEB-3")
@pytest.mark.usefixtures("added")
def test_a_new_row_is_on_the_page_and_in_its_values(desk: Desk) -> None:
    page = desk.owner().get("/").text
    assert '<dt>Limit of the installation</dt><dd id="dip_limit"' in page
    rows = live_rows(snapshot(safety=charging_safety()), web.rows.ROWS)
    assert {row.key: row.words for row in rows}["dip_limit"] == "32.0 A"


def test_every_row_has_a_place_of_its_own(desk: Desk) -> None:
    page = desk.owner().get("/").text
    for row in ROWS:
        assert page.count(f'id="{row.key}"') == 1
        assert f"<dt>{row.title}</dt>" in page


@pytest.mark.parametrize(
    ("value", "changes", "words"),
    [
        (16.04, {}, "16.0 A"),
        (7421.0, {"unit": "kW", "digits": 2, "scale": 0.001}, "7.42 kW"),
        (math.nan, {}, NOT_KNOWN),
        (math.nan, {"missing": "none"}, "none"),
    ],
)
def test_a_number_has_its_unit_or_what_stands_for_none(
    value: float, changes: dict[str, Any], words: str
) -> None:
    given = {
        "key": "x", "title": "X", "group": RowGroup.CHARGE, "topic": LOAD_OFFER, "field": "limit_a",
        "unit": "A", **changes,
    }  # fmt: skip
    assert row_words(Row(**given), snapshot(offer=load_offer(value))) == words


def test_a_text_or_a_flag_is_shown_as_it_is() -> None:
    seen = snapshot(safety=charging_safety(detail="closed"))
    text = Row(key="x", title="X", group=RowGroup.CHARGE, topic=SAFETY_STATUS, field="detail")
    flag = Row(key="y", title="Y", group=RowGroup.CHARGE, topic=SAFETY_STATUS, field="permitted")
    assert (row_words(text, seen), row_words(flag, seen)) == ("closed", "yes")
    empty = snapshot(safety=charging_safety())
    assert row_words(text, empty) == NOT_KNOWN


def test_a_silent_topic_is_named() -> None:
    assert row_words(LIMIT, snapshot()) == "no message from safety yet"

"""The page Safety Record: of a whole box, of single answers, and its files."""

import csv
from typing import Any

import pytest

from msgs.evidence import (
    ContactorOperation,
    RecordWarning,
    SafetyCounts,
    SafetyDay,
    SafetyRecord,
    SafetyRecordStatus,
    SelfTestOutcome,
    SelfTestReport,
)
from msgs.requests import Answer, Status
from tests.web.conftest import LABEL, Browser, Desk
from tests.web.graph_desk import GraphDesk
from tests.web.reading import Reading

PATH = "/safety-record"
UTC_NS = 1_796_083_200 * 10**9  # 2026-12-01


def self_test(number: int, utc_ns: int) -> SelfTestReport:
    outcome = SelfTestOutcome.NO_ANSWER if number % 7 == 0 else SelfTestOutcome.PASSED
    return SelfTestReport(
        number=number, utc_ns=utc_ns, outcome=outcome, active_ms=210.0, idle_ms=600.0, earth_ohm=0.8
    )


def keeps(desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int, utc_ns: int = UTC_NS) -> None:
    """Let system have a number of self-tests, and of days."""
    tests = tuple(self_test(each, utc_ns) for each in range(count, 0, -1))
    days = tuple(SafetyDay(day=f"day {each:04d}", closing_ms=30.0) for each in range(count, 0, -1))

    def ask(_: Any, arguments: Any) -> Answer[Any]:
        older = tests, days
        if arguments.before_test is not None:
            older = tuple(e for e in tests if e.number < arguments.before_test), older[1]
        if arguments.before_day is not None:
            older = older[0], tuple(e for e in days if e.day < arguments.before_day)
        status = SafetyRecordStatus(
            counts=SafetyCounts(closings=85_000, tests=count),
            operations=85_000,
            warnings=(RecordWarning.WORN,),
        )
        opening = ContactorOperation(number=2, utc_ns=UTC_NS, is_closing=False, current_a=15.9)
        return Answer(
            status=Status.OK,
            result=SafetyRecord(
                status=status,
                tests=older[0][: arguments.limit],
                openings=(opening,) * bool(count),
                days=older[1][: arguments.limit],
            ),
        )

    monkeypatch.setattr(desk.box, "ask", ask)


def rows_of(browser: Browser, name: str) -> list[dict[str, str]]:
    answer = browser.get(f"{PATH}/{name}.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert f"wallbox-{LABEL.serial}-{name}.csv" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(answer.text.splitlines()))


def test_what_a_box_has_done_is_on_its_page(tmp_path: Any) -> None:
    desk = GraphDesk(tmp_path)
    owner = desk.owner()
    assert Reading(owner.get("/system").text).find(href=PATH)
    assert "None yet." in owner.get(PATH).text
    box = desk.graph_box
    box.graph.ask("system", "set", {"changes": {"authorization.required": False}})
    for act in ("plug", "ready"):
        box.graph.act(act)
    box.graph.wait(lambda: box.graph.is_drawing)
    box.pass_time(5.0)
    box.graph.act("pull")
    box.pass_time(3.0)
    page = Reading(owner.get(PATH).text)
    assert "1 of about 100,000 (0.0 %)" in page.text
    assert "1, of which 0 failed" in page.text
    assert [each["outcome"] for each in rows_of(owner, "self-tests")] == ["passed"]
    (day,) = rows_of(owner, "days")
    assert (day["closings"], day["openings"], day["openings_under_load"]) == ("1", "1", "1")
    new = owner.send("/system/new-part", {"part": "contactor"})
    assert (new.status_code, new.location) == (303, "/system/new-part?saved=new-part")
    assert "0 of about 100,000 (0.0 %)" in Reading(owner.get(PATH).text).text
    assert owner.send("/system/new-part", {"part": "car"}).status_code == 400


def test_warnings_and_failures_are_text(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, 30)
    page = owner.get(PATH)
    assert "The contactor has made 85,000 of about 100,000 operations; have it" in page.text
    assert "failed: an output did not answer" in page.text
    assert 'value="85000"' in page.text
    assert "style=" not in page.text  # the policy of the page forbids it
    assert page.text.count("<tr") < 90


def test_each_drawing_has_a_name_and_a_description(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, 30)
    page = Reading(owner.get(PATH).text)
    ids = {each.attributes["id"] for each in page.elements if "id" in each.attributes}
    drawings = [each for each in page.elements if each.attributes.get("role") == "img"]
    assert len(drawings) == 5
    for each in drawings:
        assert set(each.attributes["aria-labelledby"].split()) <= ids


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 500])
def test_a_file_has_each_row_once(desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, count)
    numbers = [int(row["number"]) for row in rows_of(owner, "self-tests")]
    assert numbers == list(range(count, 0, -1))
    assert len({row["day_utc"] for row in rows_of(owner, "days")}) == count


def test_there_is_no_other_file(desk: Desk) -> None:
    assert desk.owner().get(f"{PATH}/other.csv").status_code == 404


def test_a_box_that_does_not_answer_is_said_to_be_silent(desk: Desk) -> None:
    owner = desk.owner()
    desk.box.answer = Answer(status=Status.TIMEOUT, reason="The wallbox did not answer in time.")
    answer = owner.get(PATH)
    assert answer.status_code == 503
    assert "The wallbox did not answer in time." in answer.text


def test_times_without_a_clock_are_explained(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, 3)
    assert "clock not set" not in Reading(owner.get(PATH).text).text
    keeps(desk, monkeypatch, 3, utc_ns=0)
    page = Reading(owner.get(PATH).text)
    assert "the wallbox did not know the time then" in page.text
    assert page.find(href="/configuration/authorization")

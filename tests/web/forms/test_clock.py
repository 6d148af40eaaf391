"""The page that sets the clock of the wallbox to the time of the browser."""

import pytest

from tests.web.conftest import Browser
from tests.web.forms.conftest import NodesBox
from tests.web.forms.examples import at, form_of, send, wrong_at
from tests.web.reading import Reading

PATH = "/configuration/browser-time"


@pytest.mark.req("WEB-9")
def test_the_clock_is_set_to_the_time_of_the_browser_and_the_box_restarts(
    box: NodesBox, owner: Browser
) -> None:
    assert Reading(owner.get("/configuration/authorization").text).find(href=PATH)
    page = owner.get(PATH).text
    assert "2026-01-01 00:" in page  # the clock of the wallbox
    assert "A running charge ends" in page
    answer = send(owner, PATH, {"utc": "2030-06-01 12:00:07"})
    assert answer.status_code == 200
    assert "The clock is set, and the wallbox restarts." in answer.text
    assert box.restarts == ["the clock was set (asked by web)"]
    passed_s = box.graph.clock.utc_ns() / 1e9 - 1_906_545_607
    assert 0.0 <= passed_s < 5.0


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ("", 400, "Expected a time of UTC, as 2026-11-30 15:30."),
        ("tomorrow", 400, "Expected a time of UTC, as 2026-11-30 15:30."),
        ("2027-02-29 12:00", 409, "Expected a time that there is, as 2026-11-30 15:30."),
        ("1999-12-31 12:00", 409, "Expected a time from 2026-01-01 to before 2046-01-01."),
    ],
)
def test_a_time_that_makes_no_sense_is_said_at_its_field(
    box: NodesBox, owner: Browser, typed: str, status: int, words: str
) -> None:
    before_ns = box.graph.clock.utc_ns()
    answer = send(owner, PATH, {"utc": typed})
    assert answer.status_code == status
    assert wrong_at(answer.text) == {at("utc"): words}
    assert form_of(Reading(answer.text), PATH).fields["utc"].values == [typed]
    assert box.restarts == []
    assert box.graph.clock.utc_ns() - before_ns < 10**10

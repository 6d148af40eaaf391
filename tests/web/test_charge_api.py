"""The acts on the charge, and the list of sessions, as the interface for programs has them."""

import csv
from typing import Any

import pytest
from msgspec import Struct

from msgs.card import Card, CardRole
from msgs.methods import LIST_CARDS, LIST_SESSIONS
from msgs.requests import (
    Answer,
    EnergyLimitArguments,
    NoArguments,
    ReasonArguments,
    Status,
    WishArguments,
)
from msgs.rfid import CardList
from msgs.session import EndReason
from tests.builders import session_record
from tests.web.conftest import LABEL, Browser, Desk
from tests.web.reading import Reading
from web.charge_api import CHARGE_METHODS
from web.rights import RIGHTS, Right


def send(browser: Browser, name: str, body: Any = None, **options: Any) -> Any:
    token = {"X-CSRF-Token": browser.token("/user")}
    path = f"/api/v1/charge/{name}"
    return browser.client.post(path, json=body or {}, headers=token, **options)


@pytest.mark.req("APP-1")
@pytest.mark.parametrize(
    ("name", "body", "method", "arguments"),
    [
        ("start", {}, "start", NoArguments()),
        ("stop", {"reason": "on the page"}, "end", ReasonArguments(reason="on the page")),
        ("wish", {"pause": True}, "wish", WishArguments(pause=True)),
        (
            "wish",
            {"limit_a": 10, "until_replaced": True},
            "wish",
            WishArguments(limit_a=10.0, until_replaced=True),
        ),
        ("wish", {"pause": True, "for_s": 7200}, "wish", WishArguments(pause=True, for_s=7200.0)),
        ("energy_limit", {"energy_wh": 5e3}, "energy_limit", EnergyLimitArguments(energy_wh=5e3)),
    ],
)
def test_an_act_is_asked_of_session(
    desk: Desk, name: str, body: dict[str, Any], method: str, arguments: Struct
) -> None:
    assert send(desk.owner(), name, body).json == {"ok": True}
    assert desk.box.asked == [(method, arguments)]


@pytest.mark.req("APP-1")
def test_the_acts_are_named_by_the_heading_that_follows_the_charge(desk: Desk) -> None:
    page = Reading(desk.owner().get("/").text)
    (fields,) = page.find(id="acts-fields")
    (heading,) = page.find(id="acts-title")
    assert fields.attributes["aria-labelledby"] == "acts-title"
    assert not any(each.tag == "legend" and "harge" in each.text for each in page.elements)
    (section,) = page.find(id="acts")
    assert (heading.text, section.text.count("his charge")) == ("This charge", 1)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("wish", {"limit_a": 64}, "<= 63"),
        ("wish", {"limit_a": -1}, ">= 0"),
        ("wish", {"pause": 1}, "expected limit_a, pause"),
        ("wish", {"pause": True, "for_s": 1e9}, "<= 860400"),
        ("wish", {"current": 1}, "expected limit_a, pause"),
        ("energy_limit", {"energy_wh": 0}, "expected energy_wh"),
        ("stop", {"reason": "x" * 401}, "<= 400"),
    ],
)
def test_what_does_not_fit_is_refused_and_asks_nobody(
    desk: Desk, name: str, body: dict[str, Any], said: str
) -> None:
    answer = send(desk.owner(), name, body)
    assert answer.status_code == 400
    assert said in answer.json["reason"]
    assert desk.box.asked == []


def test_a_refusal_of_the_box_is_passed_on(desk: Desk) -> None:
    owner = desk.owner()
    desk.box.answer = Answer(status=Status.REFUSED, reason="No session is running.")
    answer = send(owner, "stop")
    assert (answer.status_code, answer.json["reason"]) == (409, "No session is running.")
    assert send(owner, "eat").status_code == 404


def test_only_an_owner_acts_and_a_viewer_may_read_the_sessions() -> None:
    assert (RIGHTS["charge_act"], RIGHTS["sessions"]) == (Right.OWNER, Right.READ)


def test_the_owner_has_buttons(desk: Desk) -> None:
    assert 'id="acts"' in desk.owner().get("/").text


def test_an_act_needs_a_login_and_the_token(desk: Desk) -> None:
    for name in CHARGE_METHODS:
        assert desk.browser().client.post(f"/api/v1/charge/{name}", json={}).status_code == 401
        assert desk.owner().client.post(f"/api/v1/charge/{name}", json={}).status_code == 403
    assert desk.box.asked == []


def test_the_last_sessions_come_with_the_names_of_their_cards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, listed = LABEL.rfid[1], "04AAAAAAAAAA80"
    records = tuple(
        session_record(session_id=token, token=token, end_reason=EndReason.STOPPED)
        for token in (labels.uid, listed, "")
    )
    cards = CardList(cards=(Card(uid=listed, name="Anna", role=CardRole.USER),))
    answers: dict[str, Any] = {LIST_SESSIONS.name: records, LIST_CARDS.name: cards}

    def ask(method: Any, arguments: Struct) -> Answer[Any]:
        return Answer(status=Status.OK, result=answers[method.name])

    monkeypatch.setattr(desk.box, "ask", ask)
    rows = desk.owner().get("/api/v1/sessions").get_json()["sessions"]
    assert [row["card"] for row in rows] == [f"{labels.color.capitalize()} card", "Anna", ""]


def test_sessions_that_cannot_be_read_are_an_error_with_its_reason(desk: Desk) -> None:
    owner = desk.owner()
    desk.box.answer = Answer(status=Status.ERROR, reason="the disk is gone")
    answer = owner.get("/api/v1/sessions")
    assert (answer.status_code, answer.get_json()["reason"]) == (502, "the disk is gone")


def keeps(desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Have the box keep so many sessions, each a minute after the one before; the newest first."""
    now_ns = desk.box.utc_ns()
    records = tuple(
        session_record(
            session_id=f"s{number}",
            started_utc_ns=now_ns - number * 60 * 10**9,
            is_start_utc_set=True,
            energy_wh=100.0,
            end_reason=EndReason.UNPLUGGED,
        )
        for number in range(1, count + 1)
    )

    def ask(method: Any, arguments: Any) -> Answer[Any]:
        if method is not LIST_SESSIONS:
            return Answer(status=Status.OK, result=CardList(cards=()))
        names = [each.session_id for each in records]
        begin = names.index(arguments.before) + 1 if arguments.before else 0
        return Answer(status=Status.OK, result=records[begin : begin + arguments.limit])

    monkeypatch.setattr(desk.box, "ask", ask)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_the_file_has_every_session_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, count)
    answer = owner.get("/api/v1/sessions.csv")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [row["session"] for row in rows] == [f"s{number}" for number in range(1, count + 1)]
    assert answer.mimetype == "text/csv"
    assert f"wallbox-{LABEL.serial}-sessions.csv" in answer.headers["Content-Disposition"]


def test_the_page_gets_few_sessions_and_what_they_add_up_to(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = desk.owner()
    keeps(desk, monkeypatch, 20)
    shown = owner.get("/api/v1/sessions").get_json()
    assert len(shown["sessions"]) == 10
    assert shown["recent"] == "In the last 30 days: 2.0 kWh in 20 charges."
    keeps(desk, monkeypatch, 100)  # maybe not all of these days
    assert owner.get("/api/v1/sessions").get_json()["recent"] == ""


def test_a_file_that_cannot_be_read_is_an_error_with_its_reason(desk: Desk) -> None:
    owner = desk.owner()
    desk.box.answer = Answer(status=Status.ERROR, reason="the disk is gone")
    answer = owner.get("/api/v1/sessions.csv")
    assert (answer.status_code, answer.get_json()["reason"]) == (502, "the disk is gone")

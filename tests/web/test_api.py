"""What programs ask for: live values, curve, simulation panel."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from msgs.methods import ACTS
from msgs.plant import (
    ContactPosition,
    ExternalContact,
    FaultName,
    HouseLoad,
    Power,
    ServicePress,
    SimFault,
    Sun,
    Tap,
)
from msgs.requests import Answer, NoArguments, Status
from tests.web.conftest import LABEL, START_S, Browser, Desk
from web.curve import Curve


def act(browser: Browser, name: str, **options: Any) -> TestResponse:
    token = browser.token("/user")
    return browser.client.post(f"/api/v1/panel/{name}", headers={"X-CSRF-Token": token}, **options)


def test_the_live_values_are_given_once(desk: Desk) -> None:
    live = desk.owner().get("/api/v1/live").get_json()
    assert live["clock_s"] == START_S
    assert live["overview"]["serial"] == LABEL.serial


def test_a_box_that_does_not_answer_is_answered_with_an_explanation(desk: Desk) -> None:
    browser = desk.owner()
    desk.box.is_silent = True
    for path in ("/api/v1/live", "/live"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert answer.get_json() == {"reason": "The wallbox does not answer at the moment."}
        assert answer.headers["Retry-After"] == "1"
    assert browser.get("/").status_code == 200


def test_the_curve_of_the_session(desk: Desk) -> None:
    browser = desk.owner()
    points, spans = ((0.0, 0.0), (5.0, 11000.0)), ((0.0, 16.0, "main fuse"),)
    desk.box.line = Curve(session_id="s1", points=points, spans=spans)
    answer = browser.get("/api/v1/curve").get_json()
    assert answer == {
        "session_id": "s1",
        "points": [[0.0, 0.0], [5.0, 11000.0]],
        "spans": [[0.0, 16.0, "main fuse"]],
    }


def test_a_stream_begins_with_the_whole_and_goes_on_with_the_newest(desk: Desk) -> None:
    browser = desk.owner()
    answer = browser.get("/live", buffered=False)
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    said = iter(answer.response)
    first = next(said)
    assert isinstance(first, bytes)
    assert first.startswith(b'retry: 2000\n\nevent: live\ndata: {"clock_s":1000.0')
    assert first.endswith(b"}\n\n")
    desk.streams.say(b'{"one":1}')
    desk.streams.say(b'{"two":2}')
    assert next(said) == b'event: live\ndata: {"two":2}\n\n'
    assert desk.watched == [True]
    answer.close()
    assert desk.watched == [True, False]
    assert desk.streams.count == 0


def test_a_stream_ends_with_its_session(desk: Desk) -> None:
    browser, other = desk.owner(), desk.owner()
    answer = browser.get("/live", buffered=False)
    said = iter(answer.response)
    next(said)
    other.save(new="a wholly different one", current_password="correct horse battery")
    desk.streams.say(b"{}")
    assert list(said) == []
    answer.close()


def test_a_stream_ends_after_five_minutes_so_that_the_browser_comes_again(desk: Desk) -> None:
    answer = desk.owner().get("/live", buffered=False)
    said = iter(answer.response)
    next(said)
    desk.box.time_s += 299.0
    desk.streams.say(b"{}")
    assert next(said) == b"event: live\ndata: {}\n\n"
    desk.box.time_s += 1.0
    assert list(said) == []
    answer.close()


def test_a_quiet_stream_sends_that_it_is_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.streams.HEARTBEAT_S", 0.01)
    answer = desk.owner().get("/live", buffered=False)
    said = iter(answer.response)
    next(said)
    assert next(said) == b": still here\n\n"
    answer.close()


def test_a_stream_that_was_never_read_gives_its_place_free(desk: Desk) -> None:
    browser = desk.owner()
    for _ in range(20):
        browser.get("/live", buffered=False).close()
    assert desk.streams.count == 0
    assert browser.client.head("/live").status_code == 200
    assert desk.streams.count == 0


def test_watching_alone_does_not_prolong_a_session(desk: Desk) -> None:
    browser = desk.owner()
    for _ in range(13):
        desk.box.time_s += 3600.0
        browser.get("/api/v1/live")
        browser.get("/api/v1/curve")
    assert browser.get("/api/v1/live").status_code == 401


# --- the panel ---------------------------------------------------------------------------------


def test_a_real_box_has_no_panel(desk: Desk) -> None:
    browser = desk.owner()
    assert browser.get("/api/v1/panel").status_code == 404
    for name in ACTS:
        assert act(browser, name, json={}).status_code == 404
    assert desk.box.asked == []


def test_the_panel_shows_the_labels_cards_and_the_faults(simulated: Desk) -> None:
    panel = simulated.owner().get("/api/v1/panel").get_json()
    assert panel["cards"][0] == {"uid": "04A1B2C3D4E580", "role": "master", "color": "white"}
    colors = [card["color"] for card in panel["cards"]]
    assert colors == ["white", "red", "green", "blue", "none"]  # the last one is in no list
    names = [fault["name"] for group in panel["groups"] for fault in group["faults"]]
    assert sorted(names) == sorted(SimFault)


@pytest.mark.parametrize(
    ("name", "said", "heard"),
    [
        ("plug", {}, NoArguments()),
        ("unplug", {}, NoArguments()),
        ("pull", {}, NoArguments()),
        ("ready", {}, NoArguments()),
        ("full", {}, NoArguments()),
        ("touch", {}, NoArguments()),
        ("tap", {"uid": "04A1B2C3D4E581"}, Tap(uid="04A1B2C3D4E581")),
        ("service", {"seconds": 6}, ServicePress(seconds=6.0)),
        ("house", {"current_a": [1, 2.5, 30]}, HouseLoad(current_a=(1.0, 2.5, 30.0))),
        ("sun", {"power_w": 5000}, Sun(power_w=5000.0)),
        ("power", {"on": False}, Power(on=False)),
        ("input", {"position": "open"}, ExternalContact(position=ContactPosition.OPEN)),
        ("fault", {"name": "weld"}, FaultName(name=SimFault.WELD)),
        ("clear", {"name": "weld"}, FaultName(name=SimFault.WELD)),
    ],
)
def test_every_act_is_forwarded(
    simulated: Desk, name: str, said: dict[str, Any], heard: object
) -> None:
    answer = act(simulated.owner(), name, json=said)
    assert (answer.status_code, answer.get_json()) == (200, {"ok": True})
    assert simulated.box.asked == [(name, heard)]


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("house", '{"current_a": [1, 2]}', "expected current_a"),
        ("house", '{"current_a": [1, 2, 1e9]}', "<= 200"),
        ("house", '{"current_a": [1, 2, NaN]}', "expected current_a"),
        ("sun", '{"power_w": -1}', ">= 0"),
        ("sun", "{}", "power_w"),
        ("service", '{"seconds": 0}', "> 0"),
        ("fault", '{"name": "rm -rf"}', "expected name"),
        ("tap", '{"uid": "not hex"}', "tap: Expected pairs of hexadecimal digits - at `$.uid`"),
        ("plug", '{"more": 1}', "expected nothing"),
        ("plug", "[", "expected nothing"),
        ("power", '{"on": "yes"}', "bool"),
        ("tap", b'{"uid": "\xff"}', "no text (UTF-8)"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_reason_and_not_forwarded(
    simulated: Desk, name: str, said: str | bytes, words: str
) -> None:
    answer = act(simulated.owner(), name, data=said, content_type="application/json")
    assert answer.status_code == 400
    assert words in answer.get_json()["reason"]
    assert simulated.box.asked == []


def test_only_json_is_taken(simulated: Desk) -> None:
    browser = simulated.owner()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert act(browser, "plug", data="{}", content_type=kind).status_code == 415
    assert act(browser, "nothing", json={}).status_code == 404
    assert simulated.box.asked == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Answer(status=Status.REFUSED, reason="the vehicle is away"), 409),
        (Answer(status=Status.REFUSED, reason="no", problems={"name": "expected a fault"}), 409),
        (Answer(status=Status.NOT_READY, reason="not yet"), 409),
        (Answer(status=Status.BAD_ARGUMENTS, reason="plant has no method"), 400),
        (Answer(status=Status.TIMEOUT, reason="plant did not answer"), 504),
        (Answer(status=Status.ERROR, reason="plant failed"), 502),
    ],
)
def test_a_refusal_comes_back_in_the_words_of_the_world(
    simulated: Desk, given: Answer[None], code: int
) -> None:
    simulated.box.answer = given
    answer = act(simulated.owner(), "plug", json={})
    assert (answer.status_code, answer.get_json()) == (
        code,
        {"reason": given.reason, "problems": given.problems},
    )

"""The token of the metrics: who may make it, what it opens, and what ends it."""

import re

import pytest

from nodes.web.store import TOKEN_FILE
from tests.web.conftest import LABEL, PASSWORD, Browser, Desk
from web.backoff import FREE
from web.budgets import StorageError
from web.metrics_page import PATH
from web.metrics_token import MetricsToken

OTHER = "a wholly different one"


@pytest.fixture
def measured(desk: Desk) -> Desk:
    desk.box.has_metrics = True
    return desk


def make(browser: Browser, password: str = PASSWORD) -> str:
    """Make a token on its page; return it, "" if it was refused."""
    page = browser.send(PATH, {"current_password": password}).text
    found = re.search(r'<code id="metrics-token">([0-9a-f]{64})</code>', page)
    return found[1] if found else ""


def scrape(desk: Desk, token: str) -> int:
    """Ask as Prometheus does; return the status."""
    return desk.browser().get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code


def test_metrics_are_off_until_the_owner_switches_them_on(desk: Desk) -> None:
    token = make(desk.owner())
    answer = desk.browser().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert "switched off" in answer.json["reason"]  # type: ignore[index]
    desk.box.has_metrics = True
    assert scrape(desk, token) == 200


def test_a_token_is_shown_once_and_stored_as_its_hash(measured: Desk) -> None:
    browser = measured.owner()
    token = make(browser)
    assert scrape(measured, token) == 200
    assert token not in browser.get(PATH).text
    assert "There is a token, used just now." in browser.get(PATH).text
    for file in measured.state_dir.iterdir():
        assert token.encode() not in file.read_bytes()
        assert not file.name.startswith(TOKEN_FILE) or file.stat().st_mode & 0o077 == 0
    assert not any(token in text for _, text in measured.box.lines)


def test_a_token_is_valid_over_a_restart(measured: Desk) -> None:
    token = make(measured.owner())
    measured.start()
    assert scrape(measured, token) == 200


def test_a_token_needs_the_password_of_the_owner(measured: Desk) -> None:
    assert make(measured.owner(), "wrong") == ""
    assert measured.store.token() == MetricsToken()


def test_a_new_token_ends_the_one_before(measured: Desk) -> None:
    browser = measured.owner()
    old, new = make(browser), make(browser)
    assert old != new
    assert (scrape(measured, old), scrape(measured, new)) == (401, 200)


def test_the_owner_ends_a_token_also_for_the_next_start(measured: Desk) -> None:
    browser = measured.owner()
    token = make(browser)
    assert "The token is ended." in browser.send(PATH, {"act": "end"}).text
    assert scrape(measured, token) == 401
    measured.start()
    assert scrape(measured, token) == 401


def test_a_new_password_ends_the_token(measured: Desk) -> None:
    browser = measured.owner()
    token = make(browser)
    browser.save(new=OTHER, current_password=PASSWORD)
    assert scrape(measured, token) == 401
    assert "There is no token" in browser.get(PATH).text


def test_a_token_opens_nothing_but_the_metrics(measured: Desk) -> None:
    headers = {"Authorization": f"Bearer {make(measured.owner())}"}
    browser = measured.browser()
    for path in ("/", "/api/v1/live", "/live", "/configuration/metrics", PATH):
        assert browser.get(path, headers=headers).status_code in (303, 401), path
    assert browser.client.post("/metrics", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer", "Bearer ", "Basic YWRtaW46eA==", "Digest a=b", "Bearer \udcff"]
)
def test_a_request_without_a_token_is_refused_and_not_counted(
    measured: Desk, sent: str | None
) -> None:
    token = make(measured.owner())
    headers = {} if sent is None else {"Authorization": sent.encode(errors="replace").decode()}
    for _ in range(FREE + 2):
        answer = measured.browser().get("/metrics", headers=headers)
        assert answer.status_code in (401, 429)
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert scrape(measured, token) == 200


def test_wrong_tokens_wait_and_the_right_one_and_the_owner_do_not(measured: Desk) -> None:
    token = make(measured.owner())
    assert [scrape(measured, "0" * 64) for _ in range(FREE + 1)] == [401] * FREE + [429]
    lines = [text for _, text in measured.box.lines if "metrics token" in text]
    assert len(lines) == FREE
    answer = measured.browser().get("/metrics", headers={"Authorization": "Bearer x"})
    assert int(answer.headers["Retry-After"]) >= 1
    assert scrape(measured, token) == 200
    assert measured.browser().login(password=PASSWORD).location == "/"


def test_an_empty_hash_is_no_token(measured: Desk) -> None:
    measured.owner()
    assert measured.store.token().token_hash == ""
    assert scrape(measured, "") == 401
    assert scrape(measured, "undefined") == 401


def test_a_token_that_cannot_be_stored_is_not_valid(
    measured: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = measured.owner()
    old = make(browser)

    def refuse(_: MetricsToken) -> None:
        raise StorageError("no space", "The disk is full.")

    monkeypatch.setattr(measured.store, "keep_token", refuse)
    answer = browser.send(PATH, {"current_password": PASSWORD})
    assert (answer.status_code, "The disk is full." in answer.text) == (500, True)
    assert browser.send(PATH, {"act": "end"}).status_code == 500
    assert scrape(measured, old) == 200


def test_the_page_shows_what_prometheus_needs(measured: Desk) -> None:
    page = measured.owner().send(PATH, {"current_password": PASSWORD}).text
    for words in ("scrape_configs:", "credentials: ", "localhost", "not shown again"):
        assert words in page
    assert LABEL.serial not in page

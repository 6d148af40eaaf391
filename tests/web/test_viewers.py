"""Devices that may only read, as a tablet on the wall."""

import re

import pytest

from tests.web.conftest import PASSWORD, Browser, Desk
from web.account import MOST_VIEWER_NAME
from web.browser_logins import MOST_VIEWERS, VIEWER_IDLE_S, VIEWER_LONGEST_S
from web.rights import RIGHTS, SAFE, Right
from web.user_page import ago

COOKIE = "wallbox_viewer_8080"
NEW = "a wholly different one"
READ_ONLY = "This device may only read."


def allow(browser: Browser, name: str = "Tablet", password: str = PASSWORD) -> int:
    """Fill in the form of User Settings; return the status."""
    form = {
        "csrf_token": browser.token("/user"),
        "viewer_name": name,
        "current_password": password,
    }
    return browser.client.post("/user/viewers", data=form).status_code


def tablet(desk: Desk, name: str = "Tablet") -> Browser:
    browser = desk.owner()
    assert allow(browser, name) == 303
    return browser


def opened_again(desk: Desk, browser: Browser) -> Browser:
    """Return the browser after its end: only cookies with an age are left."""
    again = desk.browser()
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.max_age == VIEWER_LONGEST_S
    assert (cookie.http_only, cookie.same_site) == (True, "Strict")
    again.client.set_cookie(COOKIE, cookie.value)
    return again


def names(browser: Browser) -> list[str]:
    return re.findall(r"<p><strong>(.*?)</strong>", browser.get("/user").text)


def test_a_tablet_stays_signed_in_and_may_only_read(simulated: Desk) -> None:
    viewer = tablet(simulated)
    assert viewer.client.get_cookie("wallbox_session_8080") is None
    simulated.start()  # and over a restart
    viewer = opened_again(simulated, viewer)
    page = viewer.get("/")
    assert page.status_code == 200
    assert 'href="/user"' not in page.text
    assert 'data-act="' not in page.text
    assert 'id="acts"' not in page.text
    assert "data-charge-act" not in page.text
    assert viewer.is_in()
    token = viewer.token("/login")
    gaps = {"<path:name>": "css/base.css", "<name>": "plug"}
    for rule in simulated.app.url_map.iter_rules():
        path = rule.rule
        for gap, value in gaps.items():
            path = path.replace(gap, value)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = viewer.client.open(path, method=method, headers={"X-CSRF-Token": token})
            right = RIGHTS[rule.endpoint]
            is_allowed = right in (Right.OPEN, Right.LOGIN) or (
                right is Right.READ and method in SAFE
            )
            if rule.endpoint == "logout":
                viewer = opened_again(simulated, tablet(simulated, f"Tablet {method}"))
                token = viewer.token("/login")
            assert (answer.status_code != 403) is is_allowed or rule.endpoint in (
                "login",
                "recover",
            ), (method, path, answer.status)
            if not is_allowed and method != "HEAD":
                assert READ_ONLY in answer.get_data(as_text=True), (method, path)
    assert {name for name, _ in simulated.box.asked} <= {"sessions", "cards"}  # it has read them


def test_the_owner_logs_in_on_the_tablet_and_it_reads_again_after_the_logout(desk: Desk) -> None:
    viewer = tablet(desk)
    assert viewer.get("/login").status_code == 200
    assert viewer.login(password=PASSWORD).status_code == 303
    assert 'href="/user"' in viewer.get("/").text
    viewer.client.post("/logout", data={"csrf_token": viewer.token("/user")})
    assert viewer.get("/user").status_code == 403
    assert viewer.is_in()
    viewer.client.post("/logout", data={"csrf_token": viewer.token("/login")})
    assert not viewer.is_in()


def test_the_list_names_each_device_and_ends_it(desk: Desk) -> None:
    hall, kitchen = tablet(desk, "Hall"), tablet(desk, "Kitchen <b>")
    owner = desk.owner()
    assert sorted(names(owner)) == ["Hall", "Kitchen &lt;b&gt;"]
    found = re.search(r'name="login" value="(\w+)">\s*<p><strong>Hall<', owner.get("/user").text)
    assert found
    form = {"csrf_token": owner.token("/user"), "login": found[1]}
    assert owner.client.post("/user/viewers/end", data=form).status_code == 303
    assert names(owner) == ["Kitchen &lt;b&gt;"]
    assert (hall.is_in(), kitchen.is_in()) == (False, True)
    for wrong in (found[1], "", "x", "\u00e4"):  # no error: it is ended
        assert owner.client.post("/user/viewers/end", data={**form, "login": wrong}).location


def test_no_login_of_an_owner_is_ended_as_that_of_a_viewer(desk: Desk) -> None:
    owner, other = desk.owner(), desk.owner()
    rows = desk.store.logins()
    for row in rows:
        form = {"csrf_token": owner.token("/user"), "login": row.id_hash}
        owner.client.post("/user/viewers/end", data=form)
    assert other.is_in()


def test_a_new_password_ends_every_viewer(desk: Desk) -> None:
    viewer = tablet(desk)
    owner = desk.owner()
    assert owner.save(new=NEW, current_password=PASSWORD).status_code == 303
    assert not viewer.is_in()
    assert names(owner) == []
    desk.start()
    assert not opened_again(desk, viewer).is_in()


def test_a_viewer_ends_after_a_year_or_without_use(desk: Desk) -> None:
    used, unused = tablet(desk), tablet(desk)
    end_s = desk.box.time_s + VIEWER_LONGEST_S
    while desk.box.time_s < end_s - VIEWER_IDLE_S / 2:
        desk.box.time_s += VIEWER_IDLE_S / 2
        assert used.is_in()  # by a request that the page makes by itself
    assert not unused.is_in()
    desk.box.time_s += VIEWER_IDLE_S / 2 + 1.0
    assert not used.is_in()


def test_a_clock_that_is_not_set_signs_no_tablet_out(desk: Desk) -> None:
    viewer = tablet(desk)
    desk.boot = "another boot"
    desk.box.utc_shift_ns = -(10**18)
    desk.start()
    assert opened_again(desk, viewer).is_in()


def test_there_is_room_for_a_few_and_the_owner_keeps_a_place(desk: Desk) -> None:
    for number in range(MOST_VIEWERS):
        tablet(desk, f"Tablet {number}")
    owner = desk.owner()
    assert allow(owner) == 409
    assert owner.is_in()
    assert len(names(owner)) == MOST_VIEWERS


@pytest.mark.parametrize("name", ["", "  ", "x" * (MOST_VIEWER_NAME + 1), "a\x07b", "a\nb"])
def test_a_name_that_is_none_is_said_at_its_field(desk: Desk, name: str) -> None:
    owner = desk.owner()
    form = {"csrf_token": owner.token("/user"), "viewer_name": name, "current_password": PASSWORD}
    answer = owner.client.post("/user/viewers", data=form)
    assert answer.status_code == 400
    assert 'aria-invalid="true" autofocus aria-describedby="viewer_name-problem' in answer.text
    assert names(owner) == []


def test_it_needs_the_password(desk: Desk) -> None:
    owner = desk.owner()
    assert allow(owner, password="wrong") == 403
    assert owner.is_in()
    assert names(owner) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "just now"),
        (59.9, "just now"),
        (60.0, "1 minute ago"),
        (7199.0, "1 hour ago"),
        (2 * 86_400.0, "2 days ago"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds: float, words: str) -> None:
    assert ago(seconds) == words

"""Whose failed attempts make whom wait: known devices, logins, and all others together."""

import pytest

from tests.web.conftest import LABEL, PASSWORD, Browser, Desk
from web.backoff import FREE, MOST_WAIT_S
from web.budgets import MOST_DEVICES

COOKIE = "wallbox_device_8080"
NEW = "a wholly different one"
MINUTES = 3  # the wait has been the longest, a minute, for one of them


def leave(browser: Browser) -> None:
    """Sign out; the browser stays a known device."""
    browser.client.post("/logout", data={"csrf_token": browser.token("/user")})
    assert not browser.is_in()


def guess(desk: Desk, minutes: float = MINUTES) -> None:
    """Let ten clients guess as often as they like; end while the wait is the longest."""
    guessers = [desk.browser() for _ in range(10)]
    end_s = desk.box.time_s + 60 * minutes
    while desk.box.time_s < end_s:
        for guesser in guessers:
            assert guesser.login(password="wrong").status_code in (403, 429)
        desk.box.time_s += 10.0
    while guessers[0].login(password="wrong").status_code != 403:
        desk.box.time_s += 1.0


def test_the_owner_signs_in_at_once_on_a_known_device_while_ten_clients_guess(desk: Desk) -> None:
    owner = desk.owner()
    leave(owner)
    guess(desk)
    assert desk.browser().login(password=PASSWORD).status_code == 429
    assert owner.login(password=PASSWORD).status_code == 303
    assert owner.is_in()
    # It did not make the guesses of the others faster.
    assert desk.browser().login(password=PASSWORD).status_code == 429


def test_an_owner_who_is_signed_in_changes_the_password_while_ten_clients_guess(
    desk: Desk,
) -> None:
    owner = desk.owner()
    owner.client.delete_cookie(COOKIE)  # the login alone is enough
    guess(desk)
    assert owner.save(new=NEW, current_password=PASSWORD).status_code == 303
    assert owner.is_in()
    leave(owner)
    assert owner.login(password=NEW).status_code == 303


def test_a_known_device_waits_for_its_own_failures_alone(desk: Desk) -> None:
    owner, other = desk.owner(), desk.owner()
    for browser in (owner, other):
        leave(browser)
    waits = []
    for _ in range(FREE + 8):
        answer = owner.login(password="wrong")
        assert answer.status_code == 403
        waits.append(int(answer.headers.get("Retry-After", 0)))
        desk.box.time_s += waits[-1]
    assert waits == [0] * (FREE - 1) + [1, 2, 4, 8, 16, 32, 60, 60, 60]
    owner.login(password="wrong")
    assert owner.login(password=PASSWORD).status_code == 429
    desk.start()
    assert owner_again(desk, owner).login(password=PASSWORD).status_code == 429
    assert owner_again(desk, other).login(password=PASSWORD).status_code == 303
    assert desk.browser().login(password=PASSWORD).status_code == 303
    desk.box.time_s += MOST_WAIT_S
    assert owner_again(desk, owner).login(password=PASSWORD).status_code == 303


def owner_again(desk: Desk, browser: Browser) -> Browser:
    """Return the same browser before a page that was started again."""
    again = desk.browser()
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    again.client.set_cookie(COOKIE, cookie.value)
    return again


def test_a_login_has_a_count_of_its_own_as_well(desk: Desk) -> None:
    owner, other = desk.owner(), desk.owner()
    form = {"show": "recovery_key", "current_password": "wrong"}
    while owner.send("/user", form).status_code != 429:
        pass
    assert owner.save(new=NEW, current_password=PASSWORD).status_code == 429
    assert other.save(new=NEW, current_password=PASSWORD).status_code == 303


def test_a_device_is_known_by_a_password_that_its_owner_chose(desk: Desk) -> None:
    browser = desk.browser()
    browser.login()  # with the label's password, which is printed and sent as the network's name
    assert browser.client.get_cookie(COOKIE) is None
    browser.save(current_password=LABEL.serial)
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Strict", 365 * 86400)
    recovering = desk.browser()
    recovering.send("/recover", {"recovery_key": LABEL.recovery_key})
    assert recovering.client.get_cookie(COOKIE) is None


@pytest.mark.parametrize("number", ["", "0" * 64, "\u00ed", "x" * 4000])
def test_a_number_that_was_made_up_is_an_unknown_device(desk: Desk, number: str) -> None:
    desk.owner()
    guess(desk, minutes=1)
    browser = desk.browser()
    browser.client.set_cookie(COOKIE, number)
    assert browser.login(password=PASSWORD).status_code == 429


def test_a_device_that_signed_in_long_ago_makes_room(desk: Desk) -> None:
    first = desk.owner()
    leave(first)
    for _ in range(MOST_DEVICES):
        desk.owner()
    guess(desk, minutes=1)
    assert first.login(password=PASSWORD).status_code == 429

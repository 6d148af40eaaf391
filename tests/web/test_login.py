"""Login, first password, User Settings: as a browser without JavaScript meets them."""

import re

import pytest

from bus.generations import previous_of
from nodes.web.store import ACCOUNT_FILE, FAILURES_FILE, LOGINS_FILE
from tests.web.conftest import LABEL, LOGIN_COOKIE, PASSWORD, Browser, Desk, token_of
from tests.web.reading import Reading
from web.backoff import FREE, MOST_WAIT_S
from web.browser_logins import PROVEN_S
from web.budgets import Client
from web.login_check import Attempt, Change, LoginResult


def number(browser: Browser) -> str:
    """Return what a browser keeps of its login."""
    cookie = browser.client.get_cookie(LOGIN_COOKIE)
    assert cookie is not None
    return str(cookie.value)


@pytest.fixture
def _hashes() -> None:
    """Hash passwords as the box does."""


def with_number(desk: Desk, kept: str) -> Browser:
    """Return a browser that has a login's number from somewhere."""
    browser = desk.browser()
    browser.client.set_cookie(LOGIN_COOKIE, kept)
    return browser


@pytest.mark.req("WEB-1")
def test_the_first_login_is_by_the_label_and_a_new_password_is_demanded(desk: Desk) -> None:
    browser = desk.browser()
    answer = browser.login("admin", LABEL.serial)
    assert (answer.status_code, answer.location) == (303, "/")
    assert (browser.get("/").status_code, browser.get("/").location) == (303, "/user")
    answer = browser.save("anna", current_password=LABEL.serial)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/").status_code == 200
    late = desk.browser()
    assert late.login("admin", LABEL.serial).status_code == 403
    assert late.login("anna", LABEL.serial).status_code == 403
    assert late.login("anna", PASSWORD).status_code == 303


def forced(desk: Desk, age_s: float = 0.0) -> Browser:
    """Return a browser that has signed in by the label some time ago."""
    browser = desk.browser()
    browser.login()
    desk.box.time_s += age_s
    return browser


def asks(browser: Browser) -> bool:
    """Return whether the form of the password asks for the one before."""
    forms = Reading(browser.get("/user").text).forms
    (form,) = (each for each in forms if "new_password" in each.fields)
    return "current_password" in form.fields


@pytest.mark.req("WEB-1")
def test_the_label_that_was_typed_just_now_is_not_asked_for_again(desk: Desk) -> None:
    browser = forced(desk, PROVEN_S - 1.0)
    assert not asks(browser)
    answer = browser.save("anna")
    assert (answer.status_code, answer.location) == (303, "/")
    assert desk.browser().login("anna", PASSWORD).status_code == 303


def test_a_label_that_was_typed_some_minutes_ago_is_asked_for(desk: Desk) -> None:
    browser = forced(desk, PROVEN_S - 1.0)
    page = browser.get("/user").text
    desk.box.time_s += 2.0  # while the form is filled in
    form = {"new_username": "anna", "new_password": PASSWORD, "new_password_again": PASSWORD}
    answer = browser.client.post("/user", data={"csrf_token": token_of(page), **form})
    assert answer.status_code == 400
    assert "The login is some minutes old" in answer.text
    assert asks(browser)
    assert desk.login_check.account.must_change
    for _ in range(3 * FREE):  # that is no failed attempt
        browser.client.post("/user", data={"csrf_token": token_of(page), **form})
    for wrong in ("", "wrong"):
        assert browser.save(current_password=wrong).status_code == 403
    assert browser.save(current_password=LABEL.serial).status_code == 303


def test_a_login_of_before_a_restart_proves_nothing(desk: Desk) -> None:
    kept = number(forced(desk))
    desk.start()
    browser = with_number(desk, kept)
    assert asks(browser)
    assert browser.save().status_code == 400
    assert desk.login_check.account.must_change


def test_a_password_that_was_chosen_is_asked_for_right_after_the_login(desk: Desk) -> None:
    for browser in (desk.owner(), desk.owner()):  # the first has just chosen it
        assert asks(browser)
        assert browser.save(new="a wholly different one").status_code == 403
    assert desk.browser().login(password=PASSWORD).status_code == 303


def test_the_first_choice_needs_the_token_of_its_page(desk: Desk) -> None:
    browser = forced(desk)
    form = {"new_username": "anna", "new_password": PASSWORD, "new_password_again": PASSWORD}
    assert browser.client.post("/user", data=form).status_code == 403
    foreign = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    sent = {"csrf_token": browser.token("/user"), **form}
    assert browser.client.post("/user", data=sent, headers=foreign).status_code == 403
    assert desk.login_check.account.must_change


@pytest.mark.req("WEB-1")
def test_the_pages_use_the_words_of_the_manual(desk: Desk) -> None:
    browser = desk.browser()
    page = browser.get("/login").text
    for words in ("Login", "Username:", "Password:", "Forgot your password?"):
        assert words in page
    assert "Recovery Key" in browser.get("/recover").text
    browser.login()
    page = browser.get("/user").text
    for words in ("User Settings", "Current Username", "New Username", "Save User Settings"):
        assert words in page
    assert len(re.findall("New Password", page)) == 2


def test_those_who_are_in_have_a_menu_and_strangers_have_none(desk: Desk) -> None:
    stranger, owner = desk.browser().get("/login").text, desk.owner().get("/").text
    for part in ('<a class="menu-item" href="/"', 'href="/user"', 'action="/logout"'):
        assert part in owner
        assert part not in stranger
    for words in ("Status", "User Settings", "Log out"):
        assert words in owner


@pytest.mark.req("WEB-1")
def test_the_recovery_key_is_shown_to_those_who_prove_themselves_again(desk: Desk) -> None:
    browser = desk.owner()
    assert LABEL.recovery_key not in browser.get("/user").text
    ask = {"show": "recovery_key", "current_password": "not the right one"}
    answer = browser.send("/user", ask)
    assert answer.status_code == 403
    assert LABEL.recovery_key not in answer.text
    answer = browser.send("/user", {"show": "recovery_key", "current_password": PASSWORD})
    assert answer.status_code == 200
    assert LABEL.recovery_key in answer.text


@pytest.mark.req("WEB-1")
def test_a_password_that_was_chosen_is_valid_after_a_restart_of_the_process(desk: Desk) -> None:
    desk.owner()
    kept = (desk.state_dir / ACCOUNT_FILE).read_text()
    assert PASSWORD not in kept
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in kept
    assert (desk.state_dir / ACCOUNT_FILE).stat().st_mode & 0o777 == 0o600
    desk.start()
    assert desk.browser().login(password=LABEL.serial).status_code == 403
    assert desk.browser().login(password=PASSWORD).status_code == 303


def test_a_restart_signs_nobody_out(desk: Desk) -> None:
    kept = number(desk.owner())
    desk.start()
    assert with_number(desk, kept).is_in()


def test_another_password_needs_the_one_before_and_ends_all_other_logins(desk: Desk) -> None:
    browser, other = desk.owner(), desk.owner()
    new = "a wholly different one"
    assert browser.save(new=new).status_code == 403
    assert browser.save(new=new, current_password="wrong").status_code == 403
    assert other.is_in()
    before = number(browser)
    answer = browser.save("bea", new, current_password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/user?saved")
    assert "<title>Saved: User Settings - Wallbox</title>" in browser.get(answer.location).text
    assert number(browser) != before
    assert browser.is_in()
    assert not other.is_in()
    assert not with_number(desk, before).is_in()
    assert desk.browser().login("bea", new).status_code == 303


def test_a_change_that_was_cut_short_by_a_power_loss_has_still_signed_everybody_out(
    desk: Desk,
) -> None:
    other = number(desk.owner())
    browser = desk.owner()
    kept = (desk.state_dir / "web-sessions.json").read_bytes()
    desk.start()
    assert with_number(desk, other).is_in()
    browser.save(new="a wholly different one", current_password=PASSWORD)
    (desk.state_dir / "web-sessions.json").write_bytes(kept)  # as if it came after the loss
    desk.start()
    assert not with_number(desk, other).is_in()


def test_the_user_name_alone_may_change(desk: Desk) -> None:
    browser = desk.owner()
    answer = browser.save("bea", "", current_password=PASSWORD)
    assert answer.status_code == 303
    assert desk.browser().login("admin", PASSWORD).status_code == 403
    assert desk.browser().login("bea", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("", "The new password is empty; expected 10 characters or more."),
        ("short", "The new password has 5 characters; expected 10 or more."),
        ("x" * 129, "The new password has 129 characters; expected 128 at most."),
        ("administrator", "The new password is the user name; expected another one."),
        (LABEL.recovery_key, "The new password is printed on the label; expected another one."),
        (LABEL.wlan_password, "The new password is printed on the label; expected another one."),
        ("tab\tin the middle", "The new password contains a character that cannot be typed"),
    ],
)
def test_a_password_is_refused_with_a_reason_and_never_cropped(
    desk: Desk, new: str, sentence: str
) -> None:
    browser = desk.browser()
    browser.login()
    answer = browser.save("administrator", new, current_password=LABEL.serial)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'value="administrator"' in answer.text
    assert desk.login_check.account.must_change


@pytest.mark.parametrize(
    "new",
    [("a rainy day in Oslo, " * 7)[:128], "ten chars!", "пароль из букв", "🔌🚗🌧🏠☀🔋🌲🐟⛵🧭"],
)
def test_a_password_of_any_letters_is_taken_whole(desk: Desk, new: str) -> None:
    browser = desk.browser()
    browser.login()
    assert browser.save(new=new, current_password=LABEL.serial).status_code == 303
    assert desk.browser().login(password=new[:-1]).status_code == 403
    assert desk.browser().login(password=new + "x").status_code == 403
    assert desk.browser().login(password=new).status_code == 303


def test_the_same_password_from_another_keyboard_is_the_same(desk: Desk) -> None:
    browser = desk.browser()
    browser.login()
    browser.save(new="Gr\u00fc\u00dfe an alle", current_password=LABEL.serial)
    assert desk.browser().login(password="Gru\u0308\u00dfe an alle").status_code == 303


def test_the_serial_is_no_password_with_blanks_around_it_either(desk: Desk) -> None:
    browser = desk.browser()
    browser.login()
    answer = browser.save(new=f"  {LABEL.serial} ", current_password=LABEL.serial)
    assert answer.status_code == 400
    assert "The new password is printed on the label; expected another one." in answer.text


def test_the_old_password_is_no_new_one(desk: Desk) -> None:
    browser = desk.owner()
    answer = browser.save(new=PASSWORD, current_password=PASSWORD)
    assert answer.status_code == 400
    assert "The new password is the old one; expected another one." in answer.text


def test_two_new_passwords_that_differ_are_refused(desk: Desk) -> None:
    browser = desk.browser()
    browser.login()
    answer = browser.save(
        "anna", new_password_again="correct horse batterie", current_password=LABEL.serial
    )
    assert answer.status_code == 400
    assert "The two new passwords differ; expected the same one twice." in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("   ", "The new user name is empty; expected 1 to 32 characters."),
        ("x" * 33, "The new user name has 33 characters; expected 32 at most."),
        ("a\nb", "The new user name contains a character that cannot be seen"),
    ],
)
def test_a_user_name_is_refused_with_a_reason(desk: Desk, user: str, sentence: str) -> None:
    browser = desk.browser()
    browser.login()
    answer = browser.save(user, current_password=LABEL.serial)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_login_that_fails_keeps_what_was_typed_but_not_the_password(desk: Desk) -> None:
    desk.owner()
    answer = desk.browser().login("anna<b>", "my real password")
    assert answer.status_code == 403
    assert "The user name or the password is wrong." in answer.text
    assert 'value="anna&lt;b&gt;"' in answer.text
    assert "my real password" not in answer.text
    assert not any("my real" in text or "anna" in text for _, text in desk.box.lines)
    assert any(level == "warning" and "127.0.0.1" in text for level, text in desk.box.lines)


def test_failures_make_everybody_wait_longer_each_time_but_never_for_good(desk: Desk) -> None:
    desk.owner()
    browser = desk.browser()
    for _ in range(4):
        assert "Too many" not in browser.login(password="wrong").text
    waits = []
    for _ in range(9):
        answer = browser.login(password="wrong")
        assert answer.status_code == 403
        waits.append(int(answer.headers["Retry-After"]))
        refused = desk.browser().login(password=PASSWORD)  # the right one, and from elsewhere
        assert refused.status_code == 429
        assert f"Please try again in {waits[-1]} s." in refused.text
        desk.box.time_s += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == MOST_WAIT_S
    assert desk.browser().login(password=PASSWORD).status_code == 303
    assert "Too many" not in browser.login(password="wrong").text


def test_a_restart_ends_no_wait(desk: Desk) -> None:
    desk.owner()
    for _ in range(7):
        desk.browser().login(password="wrong")
        desk.box.time_s += 1.0
    assert desk.login_check.sign_in("admin", "wrong", Client(address="127.0.0.1")).wait_s > 0
    desk.start()
    assert desk.browser().login(password=PASSWORD).status_code == 429
    desk.box.time_s += MOST_WAIT_S
    assert desk.browser().login(password=PASSWORD).status_code == 303
    desk.start()
    assert desk.browser().login(password="wrong").status_code == 403


def test_failures_are_forgiven_after_an_hour(desk: Desk) -> None:
    desk.owner()
    for _ in range(5):
        desk.browser().login(password="wrong")
    desk.box.time_s += 3601.0
    assert "Too many" not in desk.browser().login(password="wrong").text


@pytest.mark.req("WEB-16")
def test_the_owner_has_a_way_in_while_others_keep_the_login_waiting(desk: Desk) -> None:
    desk.owner()
    while desk.browser().login(password="wrong").status_code != 429:
        pass
    assert desk.browser().login(password=PASSWORD).status_code == 429
    assert desk.browser().send("/recover", {"recovery_key": "0" * 30}).status_code == 429
    owner = desk.browser()
    assert owner.send("/recover", {"recovery_key": LABEL.recovery_key}).status_code == 303
    assert owner.save(new=PASSWORD[::-1]).status_code == 303
    assert owner.is_in()


def test_a_password_that_is_changed_during_the_login_opens_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in = desk.login_check.sign_in

    def overtaken(user: str, password: str, client: Client) -> Attempt:
        attempt = sign_in(user, password, client)
        monkeypatch.undo()
        change = Change(
            user="admin",
            password=PASSWORD,
            password_again=PASSWORD,
            current_password=LABEL.serial,
        )
        assert desk.login_check.change(change, client)[0].result is LoginResult.RIGHT
        return attempt

    monkeypatch.setattr(desk.login_check, "sign_in", overtaken)
    late = desk.browser()
    assert late.login(password=LABEL.serial).status_code == 303
    assert not late.is_in()
    assert late.get("/").location == "/login"


def test_login_and_recovery_share_one_wait(desk: Desk) -> None:
    desk.owner()
    for _ in range(3):
        desk.browser().login(password="wrong")
        desk.browser().send("/recover", {"recovery_key": "wrong"})
    assert desk.browser().login(password=PASSWORD).status_code == 429


def test_a_login_has_its_own_number_and_a_logout_ends_it_on_the_server(desk: Desk) -> None:
    browser = desk.owner()
    kept = browser.client.get_cookie(LOGIN_COOKIE)
    assert kept is not None
    assert kept.http_only
    assert kept.same_site == "Strict"
    assert kept.value not in (desk.state_dir / "web-sessions.json").read_text()
    answer = browser.client.post("/logout", data={"csrf_token": browser.token("/user")})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not with_number(desk, kept.value).is_in()
    desk.start()
    assert not with_number(desk, kept.value).is_in()


def test_a_number_that_was_set_before_the_login_is_worth_nothing_after_it(desk: Desk) -> None:
    browser = with_number(desk, "11" * 32)
    browser.login()
    assert number(browser) != "11" * 32


def test_an_account_that_cannot_be_kept_is_not_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.owner()
    monkeypatch.setattr("bus.store.os.replace", _full)
    answer = browser.save(new="a wholly different one", current_password=PASSWORD)
    assert answer.status_code == 500
    assert "Nothing was changed: the disk of the box is full. Try again;" in answer.text
    assert not any(each in answer.text for each in ("Errno", "No space", str(desk.state_dir)))
    logged = [text for _, text in desk.box.lines if "could not be stored" in text]
    assert any("No space left on device" in text for text in logged)
    monkeypatch.undo()
    assert desk.browser().login(password=PASSWORD).status_code == 303


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("damaged", [".previous", ""])
def test_damage_to_either_generation_brings_no_old_password_back(desk: Desk, damaged: str) -> None:
    browser = desk.owner()
    assert browser.save(new="a wholly different one", current_password=PASSWORD).status_code == 303
    (desk.state_dir / f"{ACCOUNT_FILE}{damaged}").write_bytes(b"\0\0\0")
    desk.start()
    for password in (PASSWORD, LABEL.serial):
        assert desk.browser().login(password=password).status_code == 403
    assert desk.browser().login(password="a wholly different one").status_code == 303


@pytest.mark.parametrize("damaged", [".previous", ""])
def test_damage_to_either_generation_signs_nobody_in_again(desk: Desk, damaged: str) -> None:
    browser, other = desk.owner(), number(desk.owner())
    ended = number(browser)
    browser.client.post("/logout", data={"csrf_token": browser.token("/user")})
    (desk.state_dir / f"{LOGINS_FILE}{damaged}").write_bytes(b"\0\0\0")
    desk.start()
    assert not with_number(desk, ended).is_in()
    assert with_number(desk, other).is_in()


def test_an_account_that_is_gone_is_not_that_of_the_label_again(desk: Desk) -> None:
    desk.owner()
    for path in (desk.state_dir / ACCOUNT_FILE, previous_of(desk.state_dir / ACCOUNT_FILE)):
        path.unlink()
    for _ in range(2):
        desk.start()
        answer = desk.browser().login(password=LABEL.serial)
        assert (answer.status_code, "use the recovery key" in answer.text) == (403, True)
    assert "use the recovery key" in desk.browser().client.get("/login").text


def test_lost_failures_are_the_longest_wait(desk: Desk) -> None:
    desk.owner()
    desk.browser().login(password="wrong")
    for path in (desk.state_dir / FAILURES_FILE, previous_of(desk.state_dir / FAILURES_FILE)):
        path.write_bytes(b"")
    desk.start()
    assert desk.browser().login(password=PASSWORD).status_code == 429
    desk.box.time_s += MOST_WAIT_S
    assert desk.browser().login(password=PASSWORD).status_code == 303


def test_an_account_that_cannot_be_understood_opens_to_the_recovery_key_alone(
    desk: Desk,
) -> None:
    desk.owner()
    for path in (desk.state_dir / ACCOUNT_FILE, previous_of(desk.state_dir / ACCOUNT_FILE)):
        path.write_bytes(b"\0\0\0")
    for _ in range(2):
        desk.start()
        assert desk.browser().login(password=LABEL.serial).status_code == 403
        assert desk.browser().login(password="").status_code == 403
    browser = desk.browser()
    assert browser.send("/recover", {"recovery_key": LABEL.recovery_key}).status_code == 303
    assert browser.save(new=PASSWORD).status_code == 303

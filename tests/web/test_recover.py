"""Recovery by the key of the label."""

import pytest

from tests.web.conftest import LABEL, PASSWORD, Desk
from web.browser_logins import RECOVERY_S

NEW = "a wholly different one"


@pytest.mark.req("WEB-16")
def test_recovery_sets_user_name_and_password_and_touches_nothing_else(desk: Desk) -> None:
    owner = desk.owner()
    (desk.state_dir / "settings.json").write_text("kept")
    before = {
        path.name: path.read_bytes()
        for path in desk.state_dir.iterdir()
        if not path.name.startswith("web-")
    }
    browser = desk.browser()
    answer = browser.send("/recover", {"recovery_key": f" {LABEL.recovery_key}\n"})
    assert (answer.status_code, answer.location) == (303, "/user")
    assert "Current Password" not in browser.get("/user").text
    assert owner.is_in()  # nothing has been set yet
    answer = browser.save("bea", NEW)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.is_in()
    assert not owner.is_in()
    assert desk.browser().login("admin", PASSWORD).status_code == 403
    assert desk.browser().login("bea", NEW).status_code == 303
    after = {
        path.name: path.read_bytes()
        for path in desk.state_dir.iterdir()
        if not path.name.startswith("web-")
    }
    assert after == before


GROUPS = [LABEL.recovery_key[at : at + 5] for at in range(0, 30, 5)]


@pytest.mark.req("WEB-16")
@pytest.mark.parametrize(
    "key",
    [
        " ".join(GROUPS),
        "-".join(GROUPS),
        "\u2013".join(GROUPS).lower(),
        f"  {LABEL.recovery_key.lower()}\r\n",
        "\u00a0".join(LABEL.recovery_key),
    ],
)
def test_the_key_is_taken_as_a_person_types_it(desk: Desk, key: str) -> None:
    desk.owner()
    assert desk.browser().send("/recover", {"recovery_key": key}).location == "/user"


@pytest.mark.req("WEB-16")
@pytest.mark.parametrize(
    "key",
    [
        "",
        "-",
        LABEL.serial,
        LABEL.recovery_key[:-1],
        LABEL.recovery_key[::-1],
        PASSWORD,
        "0" * 30,
        " " * 300,
    ],
)
def test_without_the_key_there_is_no_recovery(desk: Desk, key: str) -> None:
    desk.owner()
    browser = desk.browser()
    answer = browser.send("/recover", {"recovery_key": key})
    assert answer.status_code == 403
    assert "The recovery key is wrong" in answer.text
    assert len(key) < 5 or key not in answer.text
    assert browser.get("/user").location == "/login"


@pytest.mark.req("WEB-16")
def test_the_key_opens_user_settings_and_nothing_else(desk: Desk) -> None:
    desk.owner()
    browser = desk.browser()
    browser.send("/recover", {"recovery_key": LABEL.recovery_key})
    assert browser.get("/").location == "/user"
    assert browser.get("/api/v1/live").status_code == 403
    answer = browser.send("/user", {"show": "recovery_key", "current_password": ""})
    assert LABEL.recovery_key not in answer.text
    desk.box.time_s += RECOVERY_S + 1.0
    assert browser.get("/user").location == "/login"


def test_a_recovery_before_the_first_login_chooses_the_first_password(desk: Desk) -> None:
    browser = desk.browser()
    browser.send("/recover", {"recovery_key": LABEL.recovery_key})
    assert browser.save(new=NEW).status_code == 303
    assert desk.browser().login(password=LABEL.serial).status_code == 403
    assert browser.is_in()


def test_a_recovery_is_not_kept_over_a_restart(desk: Desk) -> None:
    desk.owner()
    browser = desk.browser()
    browser.send("/recover", {"recovery_key": LABEL.recovery_key})
    value = browser.client.get_cookie("wallbox_session_8080")
    assert value is not None
    desk.start()
    late = desk.browser()
    late.client.set_cookie("wallbox_session_8080", value.value)
    assert late.get("/user").location == "/login"

"""Passwords that are easy to guess, and that are not: judged in a real process."""

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.web.conftest import LABEL, Desk
from web.account import printed
from web.password_strength import KNOWN, NOT_JUDGED, weakness

SERIAL = "40718236"  # that of LABEL is a common password as well
TEXTS = ("bea", *printed(replace(LABEL, serial=SERIAL, web_password=SERIAL)))


@pytest.mark.req("WEB-1")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        (" " * 10, "Repeats"),
        ("1234567890", "common password"),
        (SERIAL * 2, KNOWN),
        (SERIAL + "1", KNOWN),
        (SERIAL[::-1] + SERIAL[::-1], KNOWN),
        (LABEL.lan_mac, KNOWN),
        (LABEL.wlan_mac.replace(":", "").lower(), KNOWN),
        (LABEL.rfid[0].uid, KNOWN),
        (LABEL.wlan_password + "!", KNOWN),
        ("beabeabeabea", KNOWN),
        ("Wallbox2026", KNOWN),
        ("x" * 128, "Repeats"),
        ("abcdefghijkl", "Sequences"),
        ("Passw0rd2026", "commonly used password"),
        ("qwertzuiop", ""),
    ],
)
def test_what_others_guess_is_refused_with_a_reason(password: str, why: str) -> None:
    words = weakness(password, TEXTS)
    assert words.startswith("The new password is too easy to guess.")
    assert why in words
    assert "four words" in words


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a rainy day in Oslo",
        "blåbær og fløte",
        "\u5f69\u8679\u306e\u6a4b\u306e\u4e0b\u3067\u4f1a\u3046",
        "vX4!pq9Zt_",
        " ".join(f"unguessable{n * n}" for n in range(9)),  # longer than what zxcvbn takes
    ],
)
def test_what_others_do_not_guess_is_taken(password: str) -> None:
    assert weakness(password, TEXTS) == ""


def test_a_password_is_not_taken_unjudged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    assert weakness("correct horse battery", TEXTS) == NOT_JUDGED
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert weakness("correct horse battery", TEXTS) == NOT_JUDGED
    monkeypatch.setattr(sys, "executable", "/bin/true")
    assert weakness("correct horse battery", TEXTS) == NOT_JUDGED


@pytest.mark.req("WEB-1")
def test_the_page_says_at_the_field_why_a_password_is_too_easy(desk: Desk) -> None:
    browser = desk.browser()
    browser.login()
    answer = browser.save(new="1234567890", current_password=LABEL.serial)
    assert answer.status_code == 400
    assert 'id="new_password-problem">The new password is too easy to guess.' in answer.text
    assert "1234567890" not in answer.text
    assert desk.login_check.account.must_change

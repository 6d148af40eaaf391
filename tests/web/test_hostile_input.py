"""Every form of login, recovery and User Settings with input that is meant to do harm."""

import html
import json

import pytest

from tests.web.conftest import LABEL, PASSWORD, Browser, Desk

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" autofocus onfocus="alert(1)',
    "template": "{{'made' ~ 'itself'}}{% for x in y %}${'made'+'itself'}",
    "header": "a\r\nSet-Cookie: wallbox_session_8080=1",
    "path": "../../../../etc/passwd\0",
    "query": "' OR '1'='1'; DROP TABLE sessions; --",
    "format": "%s%n{0.__class__}%(x)s",
    "huge": "x" * 60_000,
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\u202e\u2028\ufeff",
    "signs": "\U0001f50c\u0000\uffff\U0010ffff",
    "number": "1e400",
    "list": json.dumps([{"a": None}] * 10),
    "empty": "",
}
FORMS: dict[str, tuple[str, ...]] = {
    "/login": ("password", "username"),  # secrets first: a name that is taken is shown later
    "/recover": ("recovery_key",),
    "/user": ("new_password", "new_password_again", "current_password", "show", "new_username"),
    "/user/viewers": ("current_password", "viewer_name"),
    "/user/viewers/end": ("login",),
    "/logout": ("more",),
}


def is_quoted(text: str, page: str) -> bool:
    """Return whether a page shows a text only as text."""
    return html.escape(text) == text or text not in page


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("path", FORMS)
def test_no_form_is_harmed_by_its_input(desk: Desk, path: str, kind: str) -> None:
    browser: Browser = desk.owner()
    text = HOSTILE[kind]
    is_open = path in ("/login", "/recover")
    for field in FORMS[path]:
        sender = desk.browser() if is_open else browser
        token = sender.token(path if is_open else "/user")
        form = {
            "new_username": "admin",
            "current_password": PASSWORD,
            "viewer_name": "Tablet",
            "csrf_token": token,
            field: text,
        }
        answer = sender.client.post(path, data=form)
        assert answer.status_code in (303, 400, 403, 413, 429), (field, answer.status)
        page = answer.get_data(as_text=True)
        assert is_quoted(text, page), field
        assert "alert(1)</script>" not in page
        assert "madeitself" not in page
        assert "\n" not in "".join(answer.headers.values())
        assert all("wallbox_session_8080=1" not in each for each in answer.headers.values())
        if field in ("password", "current_password", "new_password", "recovery_key"):
            assert not text or len(text) < 6 or html.escape(text) not in page, "a secret is shown"
        desk.box.time_s += 60.0
        if path == "/logout" or (path, answer.status_code) == ("/user/viewers", 303):
            browser = desk.owner()
    assert not any("Traceback" in line for _, line in desk.box.lines)
    assert desk.login_check.account.change_count >= 1
    assert LABEL.recovery_key not in "".join(line for _, line in desk.box.lines)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_files_lists_and_repeated_fields_is_no_error(desk: Desk, path: str) -> None:
    browser = desk.owner()
    token = browser.token("/user")
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n1\r\n'
        for field in FORMS[path]
    )
    for data, kind in (
        ((parts + "--x--\r\n").encode(), "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data"),
        (b"&&==&a&=b&" * 50, "application/x-www-form-urlencoded"),
        (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
        (b"[1, {}]", "application/json"),
        (b"", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"x", "no type at all"),
    ):
        if path == "/logout":
            browser = desk.owner()
            token = browser.token("/user")
        answer = browser.client.post(
            path, data=data, content_type=kind, headers={"X-CSRF-Token": token}
        )
        assert answer.status_code in (303, 400, 403, 413, 429), (kind, answer.status)
        desk.box.time_s += 60.0

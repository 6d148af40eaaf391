"""What is closed, and to whom: the whole map of routes, foreign pages, foreign names, headers."""

import re

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import LABEL, PASSWORD, Desk, token_of
from web.errors import LOCAL_ADDRESS, own_url
from web.hosts import known_names

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
OPEN = {"/login", "/recover", "/health", "/static/css/base.css", "/favicon.ico"}
FORCED = {*OPEN, "/user", "/logout"}
UNKNOWN = ("/nowhere", "/api/v1/nowhere", "/api/v1/panel/nowhere", "//", "/static", "/%00")


def paths(desk: Desk) -> set[str]:
    """Return every path that the app has a route for, with something put into its gaps."""
    known = set()
    for rule in desk.app.url_map.iter_rules():
        known.add(rule.rule.replace("<path:name>", "css/base.css").replace("<name>", "plug"))
    return known


def is_refusal(path: str, answer: TestResponse, to: str, code: int) -> bool:
    """Return whether an answer says nothing but where to go."""
    if path.startswith("/api/") or path in ("/live", "/metrics"):
        return answer.status_code == code and set(answer.get_json(silent=True) or {}) <= {"reason"}
    return answer.status_code == 303 and answer.location == to


def test_nothing_but_login_recovery_and_health_answers_a_stranger(simulated: Desk) -> None:
    simulated.owner()
    all_paths = paths(simulated)
    assert {"/", "/user", "/live", "/api/v1/live", "/api/v1/panel/plug"} <= all_paths
    assert all_paths >= OPEN
    for path in (*sorted(all_paths - OPEN), *UNKNOWN):
        for method in METHODS:
            answer = simulated.app.test_client().open(path, method=method)
            assert is_refusal(path, answer, "/login", 401), (method, path, answer.status)
    assert simulated.box.asked == []
    assert simulated.streams.count == 0


def test_nothing_but_user_settings_answers_before_a_password_is_chosen(simulated: Desk) -> None:
    browser = simulated.browser()
    browser.login()
    token = browser.token("/user")
    for path in (*sorted(paths(simulated) - FORCED), *UNKNOWN):
        for method in METHODS:
            answer = browser.client.open(path, method=method, headers={"X-CSRF-Token": token})
            assert is_refusal(path, answer, "/user", 403), (method, path, answer.status)
    assert simulated.box.asked == []
    assert simulated.streams.count == 0


def test_what_is_open_shows_a_stranger_nothing_of_the_box(desk: Desk) -> None:
    desk.owner()
    for path in sorted(OPEN):
        text = desk.browser().get(path).get_data(as_text=True)
        for secret in (LABEL.serial, LABEL.recovery_key, LABEL.lan_mac, PASSWORD):
            assert secret not in text, path


def test_the_login_is_not_shown_to_those_who_are_in(desk: Desk) -> None:
    assert desk.owner().get("/login").location == "/"


def test_an_unknown_page_is_answered_with_an_explanation(desk: Desk) -> None:
    browser = desk.owner()
    answer = browser.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    assert browser.get("/api/v1/nowhere").get_json() == {"reason": "There is no such page."}
    answer = browser.client.put("/user", headers={"X-CSRF-Token": browser.token("/user")})
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


# --- foreign pages -----------------------------------------------------------------------------

FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "ftp://localhost"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_can_neither_act_nor_sign_in(
    simulated: Desk, headers: dict[str, str]
) -> None:
    browser = simulated.owner()
    token = browser.token("/user")
    form = {"csrf_token": token, "new_username": "x", "current_password": PASSWORD}
    assert browser.client.post("/user", data=form, headers=headers).status_code == 403
    assert browser.client.post("/logout", data=form, headers=headers).status_code == 403
    answer = browser.client.post(
        "/api/v1/panel/plug", json={}, headers={"X-CSRF-Token": token, **headers}
    )
    assert answer.status_code == 403
    assert browser.get("/api/v1/live", headers=headers).status_code == 403
    assert browser.get("/live", headers=headers).status_code == 403
    stranger = simulated.browser()
    form = {"username": "admin", "password": PASSWORD}
    assert stranger.send("/login", form, headers=headers).status_code == 403
    assert not stranger.is_in()
    assert browser.is_in()
    assert simulated.box.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_page_of_our_own_may(desk: Desk, headers: dict[str, str]) -> None:
    desk.owner()
    browser = desk.browser()
    form = {"username": "admin", "password": PASSWORD}
    assert browser.send("/login", form, headers=headers).status_code == 303


def test_nothing_is_done_without_a_token(simulated: Desk) -> None:
    browser = simulated.owner()
    other = simulated.owner()
    for token in (None, "", "0" * 64, "\u00fc", other.token("/user")):
        form = {} if token is None else {"csrf_token": token}
        headers = {} if token is None or not token.isascii() else {"X-CSRF-Token": token}
        assert browser.client.post("/logout", data=form).status_code == 403
        assert browser.client.post("/user", data=form).status_code == 403
        answer = browser.client.post("/api/v1/panel/plug", json={}, headers=headers)
        assert answer.status_code == 403
    assert browser.is_in()
    assert simulated.box.asked == []


def test_a_login_form_that_is_too_old_is_shown_again(desk: Desk) -> None:
    desk.owner()
    browser = desk.browser()
    token = browser.token("/login")
    desk.start()  # whoever signed the token is gone
    stale = desk.browser()
    for cookie in ("wallbox_visitor_8080",):
        kept = browser.client.get_cookie(cookie)
        assert kept is not None
        stale.client.set_cookie(cookie, kept.value)
    form = {"csrf_token": token, "username": "admin", "password": PASSWORD}
    answer = stale.client.post("/login", data=form)
    assert answer.status_code == 403
    assert "This page was open for too long. Please try again." in answer.text
    assert 'value="admin"' in answer.text
    assert PASSWORD not in answer.text
    assert stale.login(password=PASSWORD).status_code == 303


# --- names -------------------------------------------------------------------------------------


@pytest.mark.req("WEB-15")
@pytest.mark.parametrize(
    "host",
    [
        "192.168.2.1",
        "192.168.2.1:8080",
        "[fe80::1]",
        "[fe80::1]:8080",
        "localhost:8080",
        "mywallbox.bmw",
        "MyWallbox.BMW",
        "MyWallbox.BMW.:8080",
        *(
            f"{name}{zone}"
            for name in (LABEL.serial, "wallbox-7")
            for zone in (
                *("", ".local", ".lan", ".home.arpa", ".localdomain", ".fritz.box", ".home"),
                *(".internal", ".LAN", ".local.", ".Fritz.Box:8080", ".lan.:80"),
            )
        ),
    ],
)
def test_the_page_is_reached_by_its_address_or_a_name_in_the_network(desk: Desk, host: str) -> None:
    assert desk.browser().get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.req("WEB-15")
@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "192.168.2.1.evil.example",
        "mywallbox.bmw.evil.example",
        "localhost.evil.example",
        "evil.example:8080",
        "192.168.2.1@evil.example",
        "1234567",
        f"{LABEL.serial}.example",
        f"{LABEL.serial}.lan.evil.example",
        f"x{LABEL.serial}.lan",
        f"{LABEL.serial}.lan..",
        "lan",
        "[::1].evil.example",
        "local host",
        "localhost/",
    ],
)
def test_a_name_that_was_made_to_point_here_is_refused(desk: Desk, host: str) -> None:
    for path in ("/login", "/recover", "/health", "/", "/user", "/live", "/api/v1/live"):
        answer = desk.app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 421, (path, answer.status)
    page = desk.app.test_client().get("/login", headers={"Host": host}).text
    assert "Use its IP address" in page


@pytest.mark.req("WEB-15")
@pytest.mark.parametrize("local", ["192.168.1.7", "::ffff:192.168.1.7"])
def test_a_page_about_an_unknown_name_is_drawn_and_links_the_address(
    desk: Desk, local: str
) -> None:
    client = desk.app.test_client()
    for method in ("GET", "HEAD", "POST"):
        answer = client.open(
            "/",
            method=method,
            headers={"Host": "evil.example:8080"},
            environ_overrides={LOCAL_ADDRESS: local, "SERVER_PORT": "8080"},
        )
        assert answer.status_code == 421
    page = client.get(
        "/",
        headers={"Host": "evil.example:8080"},
        environ_overrides={LOCAL_ADDRESS: local, "SERVER_PORT": "8080"},
    ).text
    assert '<a href="http://192.168.1.7:8080/">' in page
    assert "web.names" in page
    assert '<svg class="mark" width="28" height="28"' in page
    for path in (*re.findall(r'(?:href|src)="(/static/[^"]+)"', page), "/favicon.ico"):
        answer = client.get(path, headers={"Host": "evil.example:8080"})
        assert answer.status_code == 200, path
    assert not any(secret in page for secret in (LABEL.serial, LABEL.recovery_key, LABEL.lan_mac))


@pytest.mark.parametrize(
    ("local", "port", "url"),
    [
        ("192.168.1.7", "80", "http://192.168.1.7/"),
        ("fd00::7%eth0", "8080", "http://[fd00::7]:8080/"),
        ("127.0.0.1", "8080", ""),  # this machine, or a proxy on it
        ("::1", "8080", ""),
        ("", "8080", ""),
    ],
)
def test_the_address_is_one_that_the_client_has_reached(
    desk: Desk, local: str, port: str, url: str
) -> None:
    environ = {LOCAL_ADDRESS: local, "SERVER_PORT": port}
    with desk.app.test_request_context("/", environ_overrides=environ):
        assert own_url() == url


# --- a reverse proxy ---------------------------------------------------------------------------

PUBLIC = "https://charger.example.org"
BY_NGINX = {"Host": "127.0.0.1:8080", "Origin": PUBLIC}  # its defaults: Host is that of proxy_pass


@pytest.mark.req("WEB-15")
def test_a_proxy_that_changes_the_host_is_named_with_what_to_set(desk: Desk) -> None:
    desk.owner()
    client = desk.app.test_client()
    page = client.get("/login", headers={"Host": BY_NGINX["Host"]})
    form = {"csrf_token": token_of(page.text), "username": "admin", "password": PASSWORD}
    answer = client.post("/login", data=form, headers=BY_NGINX)
    assert answer.status_code == 403
    for words in ("a reverse proxy is in between", PUBLIC, "web.origin", "$http_host"):
        assert words in answer.text
    form["csrf_token"] = "0" * 64
    answer = client.post("/login", data=form, headers=BY_NGINX)
    assert (answer.status_code, "reverse proxy" in answer.text) == (403, False)


@pytest.mark.req("WEB-15")
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "charger.example.org", "Charger.Example.org"])
def test_a_proxy_whose_origin_is_set_can_be_used(desk: Desk, host: str) -> None:
    desk.owner()
    desk.box.names = known_names((LABEL.serial,), (), PUBLIC)
    browser = desk.browser()
    client = desk.app.test_client()
    page = client.get("/login", headers={"Host": host})
    form = {"csrf_token": token_of(page.text), "username": "admin", "password": PASSWORD}
    headers = {"Host": host, "Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/login", data=form, headers=headers)
    assert answer.status_code == 303
    assert any(
        cookie.startswith("wallbox_session") and "; Secure" in cookie
        for cookie in answer.headers.get_all("Set-Cookie")
    )
    for origin in ("https://charger.example", "http://charger.example.org", "null", ""):
        headers["Origin"] = origin
        answer = client.post("/login", data=form, headers={**headers, "Host": "127.0.0.1"})
        assert answer.status_code == 403, origin
    headers = {**BY_NGINX, "Sec-Fetch-Site": "cross-site"}
    assert browser.client.post("/login", data=form, headers=headers).status_code == 403


# --- headers and bounds ------------------------------------------------------------------------


def test_every_answer_carries_the_headers_that_keep_others_out(simulated: Desk) -> None:
    browser = simulated.owner()
    for path in ("/", "/login", "/user", "/api/v1/live", "/nowhere", "/health", "/live"):
        answer = browser.client.open(path, method="HEAD" if path == "/live" else "GET")
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "unsafe" not in policy
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_static_file_is_kept_long_only_under_the_mark_of_its_content(desk: Desk) -> None:
    browser = desk.browser()
    found = re.search(r'"(/static/css/base\.css\?v=[0-9a-f]{12})"', browser.get("/login").text)
    assert found
    marked = browser.get(found[1])
    assert marked.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in (
        "/static/css/base.css",
        "/static/css/base.css?v=0123456789ab",
        "/static/css/base.css?v=",
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
        assert answer.data == marked.data


@pytest.mark.parametrize(
    "name",
    ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "nothing.css", "", "a%00b", "//etc/passwd"],
)
def test_no_other_file_is_served(desk: Desk, name: str) -> None:
    answer = desk.owner().get(f"/static/{name}")
    assert answer.status_code in (404, 308, 303)
    assert b"create_app" not in answer.data


def test_the_browser_finds_an_icon(desk: Desk) -> None:
    assert desk.browser().get("/favicon.ico").status_code in (200, 204)


@pytest.mark.parametrize("path", ["/login", "/recover", "/user", "/api/v1/panel/plug"])
def test_a_body_that_is_too_long_is_refused_with_a_reason(simulated: Desk, path: str) -> None:
    browser = simulated.owner()
    answer = browser.client.post(path, data={"password": "x" * 70_000})
    assert answer.status_code == 413
    assert "64 KiB at most" in answer.get_data(as_text=True)


def test_a_form_of_many_parts_is_refused(desk: Desk) -> None:
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n' for n in range(40)
    )
    answer = desk.browser().client.post(
        "/login",
        data=parts + "--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413


def test_what_fails_is_logged_and_says_nothing_to_the_reader(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = desk.owner()

    def fail() -> bytes:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(desk.box, "live", fail)
    answer = browser.get("/api/v1/live")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert any(level == "error" and "a secret detail" in text for level, text in desk.box.lines)

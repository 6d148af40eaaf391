"""Bytes that are no text, in every place of a request; and what the server itself refuses."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import PATIENCE_S, Browser, Desk, RunningNode, token_of
from web.app import MOST_BYTES
from web.headers import SECURITY_HEADERS

BAD = ["\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80"]  # as latin-1: none is UTF-8
WORDS = "bytes that are no text (UTF-8): in its "


def routes(desk: Desk) -> Iterator[tuple[str, str]]:
    """Give each route with each of its methods."""
    for rule in desk.app.url_map.iter_rules():
        path = rule.rule.replace("<path:name>", "css/base.css").replace("<name>", "tap")
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield path, method


def clean(answer: TestResponse) -> None:
    """Require a refusal that explains itself."""
    assert answer.status_code == 400
    assert WORDS in answer.get_data(as_text=True)


@pytest.mark.parametrize("bad", BAD)
def test_no_route_takes_bytes_that_are_no_text(simulated: Desk, bad: str) -> None:
    browser = simulated.owner()
    token = browser.token("/user")
    cookie = browser.client.get_cookie("wallbox_session_8080")
    assert cookie is not None
    client = simulated.app.test_client(use_cookies=False)  # it would replace the header
    signed_in = f"wallbox_session_8080={cookie.value}"
    for path, method in routes(simulated):

        def ask(
            path: str = path, method: str = method, cookie: str = signed_in, **options: Any
        ) -> TestResponse:
            headers = {"X-CSRF-Token": token, "Cookie": cookie}
            return client.open(path, method=method, headers=headers, **options)

        clean(ask(path + "?x=" + "".join(f"%{ord(c):02x}" for c in bad)))
        clean(ask(environ_overrides={"PATH_INFO": path + bad}))
        clean(ask(environ_overrides={"HTTP_X_NAME": bad}))
        clean(ask(cookie=f"{signed_in}; x={bad}"))
        if method == "POST":
            body = urlencode({"csrf_token": token}).encode() + b"&name=" + bad.encode("latin-1")
            form = "application/x-www-form-urlencoded"
            part = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n'
            many = part + bad.encode("latin-1") + b"\r\n--x--\r\n"
            quoted = "".join(f"%{ord(c):02x}" for c in bad).encode()
            for data, kind in (
                (body, form),
                (b"name=" + quoted, form),
                (quoted + b"=1", form),
                (many, "multipart/form-data; boundary=x"),
                (b'{"uid": "%s"}' % bad.encode("latin-1"), "application/json"),
                (b'{"%s": 1}' % bad.encode("latin-1"), "application/json"),
                (bad.encode("latin-1"), "text/plain"),
            ):
                clean(ask(data=data, content_type=kind))
    assert browser.is_in()
    assert simulated.box.asked == []


# --- the server --------------------------------------------------------------------------------


def raw(node: RunningNode, request: bytes) -> bytes:
    """Send bytes; return all that the server answers until it closes."""
    with socket.create_connection(("127.0.0.1", node.port), PATIENCE_S) as connection:
        connection.sendall(request)
        heard = b""
        while chunk := connection.recv(65536):
            heard += chunk
        return heard


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"G\xffT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \xff\r\nConnection: close\r\n\r\n", 400),
    ],
)
def test_the_servers_own_errors_have_the_headers_of_all_answers(
    node: RunningNode, request_bytes: bytes, status: int
) -> None:
    head = raw(node, request_bytes).split(b"\r\n\r\n")[0].decode()
    assert head.startswith((f"HTTP/1.1 {status} ", f"HTTP/1.0 {status} "))
    for name, value in SECURITY_HEADERS.items():
        assert f"\r\n{name}: {value}" in head
    assert "\r\nCache-Control: no-store" in head
    assert "waitress" not in head.lower()


def test_a_number_that_is_too_long_to_be_read_ends_its_connection_alone(node: RunningNode) -> None:
    digits = b"9" * 5000
    raw(node, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + digits + b"\r\n\r\n")
    assert node.ask("/health").status == 200


@pytest.mark.parametrize(("more", "status"), [(0, 403), (1, 413), (5000, 413)])
def test_a_body_of_the_limit_is_read_and_a_longer_one_is_not(
    node: RunningNode, more: int, status: int
) -> None:
    page = node.ask("/login")
    form = {"csrf_token": token_of(page.text), "username": "admin", "password": ""}
    form["password"] = "x" * (MOST_BYTES + more - len(urlencode(form)))
    assert len(urlencode(form)) == MOST_BYTES + more
    answer = node.ask("/login", "POST", form, page.cookies)
    assert answer.status == status
    if more == 1:
        assert "64 KiB at most" in answer.text


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB", "CONNECT"]
)
def test_a_verb_that_a_route_does_not_know_is_405_for_who_is_signed_in(
    simulated: Desk, method: str
) -> None:
    browser: Browser = simulated.owner()
    for path, _ in routes(simulated):
        answer = browser.client.open(path, method=method)
        assert answer.status_code == 405, path
        assert "GET" in answer.headers["Allow"] or "POST" in answer.headers["Allow"]

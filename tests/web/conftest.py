"""What the tests of the page share: a box behind it, a browser before it, a node that runs."""

import http.client
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from msgspec import Struct
from werkzeug.test import TestResponse

from bus.generations import write_generations
from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.label import LABEL_FILE
from msgs.method import Method
from msgs.requests import Answer, Status, StopReason
from nodes.modbus_map.meter_map import map_titles
from nodes.web.announcer_sim import SimAnnouncer
from nodes.web.node import Drivers, Parameters, build
from nodes.web.store import WebStore
from tests.builders import box_label
from tests.view.snapshot import nothing_said
from view.snapshot import Received
from web import account
from web.app import create_app
from web.box import ServerConfig, SilentError
from web.browser_logins import BrowserLogins
from web.curve import Curve
from web.hosts import KnownNames, known_names
from web.live import live_of
from web.login_check import LoginCheck
from web.metrics.values import MetricsSnapshot
from web.metrics_token import TokenCheck
from web.page_snapshot import PageSnapshot
from web.password_strength import NOT_JUDGED, weakness
from web.streams import Streams

LABEL = box_label("04A1B2C3D4E580", "04A1B2C3D4E581", "04A1B2C3D4E582", "04A1B2C3D4E583")

PASSWORD = "correct horse battery"
LOGIN_COOKIE = "wallbox_session_8080"  # on a desk
UTC_NS = 1_767_225_600_000_000_000
START_S = 1000.0
PATIENCE_S = 10.0

_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')


def token_of(page: str) -> str:
    """Return the token of a page's form."""
    found = _TOKEN.search(page)
    assert found, f"no form: {page}"
    return found[1]


class CompiledOnce(BytecodeCache):
    """The compiled templates of all pages of a worker: to compile them is most of a new page."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}  # by name and path, with a hash

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._known.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._known[bucket.key] = (bucket.checksum, bucket.code)


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledOnce()}


A = TypeVar("A", bound=Struct)
R = TypeVar("R")


_judged: dict[tuple[str, ...], str] = {}


def weakness_once(password: str, texts: Iterable[str]) -> str:
    """Judge as the box does, each password once: each judgement is a process of its own."""
    asked = (password, *texts)
    if _judged.get(asked, NOT_JUDGED) == NOT_JUDGED:  # a busy machine is no answer for the others
        _judged[asked] = weakness(password, asked[1:])
    return _judged[asked]


class HandBox:
    """A box whose time and answers a test sets. See `web.box.Box`."""

    def __init__(self) -> None:
        self.time_s = START_S
        self.utc_shift_ns = 0
        self.names = known_names((LABEL.serial, "wallbox-7"), ("mywallbox.bmw",), "")
        self.lines: list[tuple[str, str]] = []
        self.asked: list[tuple[str, Struct]] = []
        self.answer: Answer[Any] = Answer(status=Status.OK)
        self.is_silent = False
        self.line = Curve()
        self.has_metrics = False
        self.heartbeats: dict[str, Received[Any]] = {}  # by node
        self.heard: dict[str, Received[Any]] = {}  # by the fields of a snapshot; else silent
        self._random = random.Random(7)

    def now_s(self) -> float:
        return self.time_s

    def utc_ns(self) -> int:
        return UTC_NS + self.utc_shift_ns + round((self.time_s - START_S) * 1e9)

    def random(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))

    def known_names(self) -> KnownNames:
        return self.names

    def live(self) -> bytes:
        return msgspec.json.encode(live_of(self.snapshot()))

    def snapshot(self) -> PageSnapshot:
        if self.is_silent:
            raise SilentError("The wallbox does not answer at the moment.")
        heard: dict[str, Any] = nothing_said("pilot") | self.heard
        return PageSnapshot(
            now_s=self.time_s, utc_ns=self.utc_ns(), began_s=START_S, label=LABEL, **heard
        )

    def serves_metrics(self) -> bool:
        return self.has_metrics

    def metrics(self) -> MetricsSnapshot:
        return MetricsSnapshot(page=self.snapshot(), heartbeats=self.heartbeats)

    def curve(self) -> Curve:
        return self.line

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        self.asked.append((method.name, arguments))
        return self.answer


class Browser:
    """A browser without JavaScript: keeps cookies, and sends the forms that it was shown."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def token(self, path: str) -> str:
        return token_of(self.get(path).text)

    def send(self, path: str, form: dict[str, str], **options: Any) -> TestResponse:
        """Open the page, fill in its form, and press the button."""
        form = {"csrf_token": self.token(path), **form}
        return self.client.post(path, data=form, **options)

    def login(self, user: str = "admin", password: str = LABEL.serial) -> TestResponse:
        return self.send("/login", {"username": user, "password": password})

    def save(self, user: str = "admin", new: str = PASSWORD, **more: str) -> TestResponse:
        form = {"new_username": user, "new_password": new, "new_password_again": new, **more}
        return self.send("/user", form)

    def is_in(self) -> bool:
        return self.get("/api/v1/live").status_code == 200


class Desk:
    """The whole page with all that it keeps, but for the server and the bus."""

    def __init__(self, state_dir: Path, panel: bool = False, box: HandBox | None = None) -> None:
        self.box = box or HandBox()
        self.state_dir = state_dir
        self.panel = panel
        self.boot = "boot"
        self.start()

    def start(self) -> None:
        """Begin as a new process does: with what was kept."""
        self.store = WebStore(self.state_dir, lambda text: self.box.log("warning", text))
        box = self.box
        self.login_check = LoginCheck(
            LABEL,
            self.store.account(LABEL),
            self.store.failures(),
            self.store.devices(),
            self.store,
            box.now_s,
            box.random,
            box.log,
            weakness_once,
        )
        self.logins = BrowserLogins(
            self.store.logins(), self.store, box.now_s, box.utc_ns, self.boot, box.random, box.log
        )
        self.watched: list[bool] = []
        self.streams = Streams(box.now_s, self.watched.append)
        site = ServerConfig(label=LABEL, is_simulation=self.panel, port=8080, meter_maps=meter_maps)
        self.tokens = TokenCheck(
            self.store.token(), self.store, box.now_s, box.utc_ns, box.random, box.log
        )
        self.app = create_app(box, site, self.login_check, self.logins, self.streams, self.tokens)

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def owner(self) -> Browser:
        """Return the browser of somebody who has chosen a password and is signed in."""
        browser = self.browser()
        if self.login_check.account.must_change:
            browser.login()
            browser.save(current_password=LABEL.serial)
        else:
            browser.login(password=PASSWORD)
        assert browser.is_in()
        return browser


@cache
def meter_maps() -> dict[str, str]:
    """Read the maps once, not for each page."""
    return map_titles()


@pytest.fixture(autouse=True)
def _hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly; files that look at the hash or at its time have their own one."""
    monkeypatch.setattr(account, "TIME_COST", 1)
    monkeypatch.setattr(account, "MEMORY_KIB", 8)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def simulated(tmp_path: Path) -> Desk:
    return Desk(tmp_path, panel=True)


class RunningNode:
    """The web node on a real bus, its loop in a thread; others of the graph beside it."""

    HOST = "127.0.0.1"

    def __init__(self, home: Path, panel: Literal["", "plant"] = "") -> None:
        self.place = Place(run_dir=home / "run", state_dir=home / "state")
        for folder in (self.place.run_dir, self.place.state_dir):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_generations(self.place.state_dir / LABEL_FILE, LABEL, lowers=True)
        self.parameters = Parameters(port=0, host=self.HOST, panel=panel)
        self.others: dict[str, ZmqBus] = {}
        self._threads: list[threading.Thread] = []
        self.start()

    def start(self) -> None:
        self.bus = open_node("web", self.place)
        self.announcer = SimAnnouncer()
        self.node = build(self.bus, self.parameters, Drivers(announcer=self.announcer))
        self._run(self.bus)
        self.port = self.node.port

    def other(self, name: str, prepare: Callable[[ZmqBus], None]) -> ZmqBus:
        """Run another node of the graph."""
        bus = self.others[name] = open_node(name, self.place)
        prepare(bus)
        self._run(bus)
        return bus

    def _run(self, bus: ZmqBus) -> None:
        def loop() -> None:
            while not bus.stopped:
                bus.spin(None)

        thread = threading.Thread(target=loop, name=f"loop of {bus.node}")
        thread.start()
        self._threads.append(thread)

    def stop(self, reason: StopReason = StopReason.RESTART) -> float:
        """Stop the web node; return how long that took [s]."""
        began_s = time.monotonic()
        self.bus.post(lambda: self.bus.stop(reason))
        self._threads[0].join(PATIENCE_S)
        assert not self._threads[0].is_alive()
        took_s = time.monotonic() - began_s
        self.bus.close()
        self._threads.pop(0)
        return took_s

    def close(self) -> None:
        if not self.bus.stopped:
            self.stop()
        for bus in self.others.values():
            bus.post(lambda bus=bus: bus.stop(StopReason.SHUTDOWN))  # type: ignore[misc]
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for bus in self.others.values():
            bus.close()

    # --- clients -------------------------------------------------------------------------------

    def ask(
        self,
        path: str,
        method: str = "GET",
        form: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> "HttpAnswer":
        """Make one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        sent = dict(headers or {})
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return HttpAnswer(response.status, response.read().decode(), response.headers)
        finally:
            connection.close()

    def sign_in(self) -> dict[str, str]:
        """Choose a password, if none is chosen, and sign in; return the cookies."""
        jar: dict[str, str] = {}

        def send(path: str, **form: str) -> HttpAnswer:
            page = self.ask(path, cookies=jar)
            jar.update(page.cookies)
            form["csrf_token"] = token_of(page.text)
            answer = self.ask(path, "POST", form, jar)
            jar.update(answer.cookies)
            return answer

        answer = send("/login", username="admin", password=PASSWORD)
        if answer.status != 303:
            assert send("/login", username="admin", password=LABEL.serial).status == 303
            answer = send(
                "/user",
                new_username="admin",
                new_password=PASSWORD,
                new_password_again=PASSWORD,
                current_password=LABEL.serial,
            )
        assert answer.status == 303, answer.text
        return jar

    def log_in(self, cookies: dict[str, str], password: str) -> int:
        """Fill in the login page as a browser with these cookies; return the status."""
        page = self.ask("/login", cookies=cookies)
        form = {"csrf_token": token_of(page.text), "username": "admin", "password": password}
        return self.ask("/login", "POST", form, cookies | page.cookies).status

    def stream(self, cookies: dict[str, str], source: str = "127.0.0.1") -> "Reader":
        """Open a stream from an address of this machine."""
        return Reader(self.port, cookies, source)


class HttpAnswer:
    """One answer of the server."""

    def __init__(self, status: int, text: str, headers: Any) -> None:
        self.status = status
        self.text = text
        self.headers = headers

    @property
    def cookies(self) -> dict[str, str]:
        pairs = [
            each.split(";")[0].split("=", 1) for each in self.headers.get_all("Set-Cookie", [])
        ]
        return dict(pairs)

    def json(self) -> Any:
        return json.loads(self.text)


class Reader:
    """One open stream, as raw bytes on a socket."""

    def __init__(self, port: int, cookies: dict[str, str], source: str) -> None:
        self.socket = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, source_address=(source, 0)
        )
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        head = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        self.socket.sendall(head.encode())
        self._heard = b""

    def status(self) -> int:
        self._read_until(b"\r\n")
        return int(self._heard.split(b" ", 2)[1])

    def event(self) -> dict[str, Any]:
        """Return the next value; wait for it."""
        self._read_until(b"data: ")
        self._heard = self._heard.split(b"data: ", 1)[1]
        self._read_until(b"\n\n")
        line, self._heard = self._heard.split(b"\n\n", 1)
        value: dict[str, Any] = json.loads(line)
        return value

    def head(self) -> str:
        self._read_until(b"\r\n\r\n")
        return self._heard.split(b"\r\n\r\n")[0].decode()

    def is_ended(self) -> bool:
        """Read on until the server closes; return whether it does in time."""
        try:
            while chunk := self.socket.recv(65536):
                self._heard += chunk
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def _read_until(self, mark: bytes) -> None:
        while mark not in self._heard:
            chunk = self.socket.recv(65536)
            assert chunk, f"the server has closed; it had said {self._heard[-200:]!r}"
            self._heard += chunk

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    running = RunningNode(tmp_path)
    yield running
    running.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread does."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.005)

"""A flood of the page: a hundred streams, some of which are not read, and requests all the time.

It runs in its own process, and signs in as the first visitor.
"""

import contextlib
import http.client
import multiprocessing
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.graph import Graph
from bus.generations import read_valid_or_raise
from msgs.label import LABEL_FILE, Label
from msgs.methods import PAGE
from msgs.requests import NoArguments

STREAMS = 100
DEAF = 4  # streams of these that read nothing
DEAF_S = 25.0
ASKERS = 2  # threads that ask for pages as fast as they are answered
KILLED_EVERY_S = 30.0  # the supervisor gives up a node that dies more often
PASSWORD = "a bench's own password"
_TOKEN = re.compile(rb'name="csrf_token" value="([0-9a-f]+)"')


class Visitor:
    """A minimal browser, signed in."""

    def __init__(self, address: str, label: Label) -> None:
        self._host = address
        self._cookies: SimpleCookie = SimpleCookie()
        self._send("/login", username=label.web_user, password=label.web_password)
        self._send(
            "/user",
            current_password=label.web_password,
            new_username=label.web_user,
            new_password=PASSWORD,
            new_password_again=PASSWORD,
        )
        if self.ask("/api/v1/live")[0] != http.client.OK:
            raise RuntimeError("the page does not let its first visitor in")

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Make one request; return the status and the body."""
        connection = http.client.HTTPConnection(self._host, timeout=5.0)
        try:
            headers = {"Cookie": self.cookie}
            if form is None:
                connection.request("GET", path, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", path, urlencode(form), headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                self._cookies.load(cookie)
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def cookie(self) -> str:
        """Return the headers of a browser."""
        return "; ".join(f"{name}={each.value}" for name, each in self._cookies.items())

    def _send(self, path: str, **form: str) -> None:
        token = _TOKEN.search(self.ask(path)[1])
        if token is None:
            raise RuntimeError(f"{path} shows no form")
        self.ask(path, {"csrf_token": token[1].decode(), **form})


def besiege(address: str, label: Label, ready: "multiprocessing.synchronize.Event") -> None:
    """Visit the page until killed."""
    visitor = Visitor(address, label)
    host, _, port = address.rpartition(":")
    ready.set()

    def ask() -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                visitor.ask("/")

    for _ in range(ASKERS):
        threading.Thread(target=ask, daemon=True).start()
    request = f"GET /live HTTP/1.1\r\nHost: {address}\r\nCookie: {visitor.cookie}\r\n\r\n".encode()
    streams: list[socket.socket] = []
    deaf_until_s = time.monotonic() + DEAF_S
    while True:
        while len(streams) < STREAMS:
            try:
                stream = socket.create_connection((host, int(port)), timeout=5.0)
                stream.sendall(request)
            except OSError:
                break  # the page restarts
            stream.setblocking(False)
            streams.append(stream)
        if (
            time.monotonic() >= deaf_until_s
        ):  # they are cut off after 20 s; then others are not read
            deaf_until_s = time.monotonic() + DEAF_S
            for stream in streams[:DEAF]:
                stream.close()
            streams = streams[DEAF:]
        streams = streams[:DEAF] + [each for each in streams[DEAF:] if _is_open(each)]
        time.sleep(0.2)


def _is_open(stream: socket.socket) -> bool:
    """Read the received data; return whether the stream continues."""
    try:
        heard = stream.recv(65536)
    except BlockingIOError:
        return True
    except OSError:
        heard = b""
    if heard and not heard.startswith(b"HTTP/1.1 503"):
        return True
    stream.close()
    return False


@contextlib.contextmanager
def besieged(graph: Graph) -> Iterator[None]:
    """Flood the page of a graph inside the block."""
    page = graph.call(PAGE, NoArguments())
    label = read_valid_or_raise(Path(graph.place.state_dir) / LABEL_FILE, Label)
    assert label is not None, "system has provisioned the box"
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=besiege, args=(urlsplit(page.url).netloc, label, ready))
    process.start()
    try:
        if not ready.wait(30.0):
            raise RuntimeError("the page did not let its first visitor in within 30 s")
        yield
    finally:
        process.kill()
        process.join()


class Killer:
    """Kills the page's process periodically."""

    def __init__(self) -> None:
        self.killed = 0
        self._next_s = 0.0

    def kill(self, graph: Graph) -> None:
        """Kill it, if it is time."""
        if time.monotonic() < self._next_s:
            return
        pid = next(row.pid for row in graph.processes() if row.node == "web")
        if pid:  # it runs
            self._next_s = time.monotonic() + KILLED_EVERY_S
            os.kill(pid, signal.SIGKILL)
            self.killed += 1

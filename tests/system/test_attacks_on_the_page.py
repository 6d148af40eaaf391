"""Each way to attack the page, and its death, while a vehicle charges: the charge does not change.

The attackers are threads of this test, on loopback. `tests/web` tests what the server answers.
"""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable

import pytest

from msgs.heartbeat import LOOK_GAP_BOUNDS_MS
from msgs.session import SessionStatus
from msgs.topics import HEARTBEATS, SAFETY_STATUS, SESSION_STATUS
from tests.system.box import HOUSE_PORT, Box

pytestmark = [pytest.mark.system, pytest.mark.proof]

WEB_PORT = 8080  # of launch/simulation.toml; moved by --ports
ATTACK_S = 8.0
KILLS = 3
BEYOND = LOOK_GAP_BOUNDS_MS.index(100.0) + 1  # the classes of gaps that open the contactor
HUGE = b"x" * 1_000_000

Attack = Callable[[int, threading.Event], None]


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 5.0)


def slow_headers(port: int, is_over: threading.Event) -> None:
    """Hold 40 connections, and send one byte on each of them now and then."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(40)]
        for byte in b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 1000:
            for client in clients:
                with contextlib.suppress(OSError):
                    client.sendall(bytes([byte]))
            if is_over.wait(0.3):
                return


def slow_bodies(port: int, is_over: threading.Event) -> None:
    """Announce a body on 40 connections, and send one byte of it now and then."""
    head = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(40)]
        for client in clients:
            client.sendall(head)
        while not is_over.wait(0.3):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.sendall(b"a")


def many_connections(port: int, is_over: threading.Event) -> None:
    """Open more connections than are kept, again and again."""
    while not is_over.is_set():
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    stack.enter_context(connected(port))
            is_over.wait(0.5)


def huge_requests(port: int, is_over: threading.Event) -> None:
    """Send bodies and headers that are far too large, and bodies without an end."""
    head = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    sent = (
        head + b"Content-Length: 1000000\r\n\r\n" + HUGE,
        head + b"Content-Length: 99999999999999999999\r\n\r\n" + HUGE,
        head + b"Transfer-Encoding: chunked\r\n\r\n" + b"f4240\r\n" + HUGE + b"\r\n",
        b"GET /" + HUGE + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + HUGE + b"\r\n\r\n",
        HUGE,
        b"\r\n" * 100_000,
    )
    while not is_over.is_set():
        for each in sent:
            with contextlib.suppress(OSError), connected(port) as client:
                client.sendall(each)
                client.recv(4096)


def wrong_logins(port: int, is_over: threading.Event) -> None:
    """Guess passwords as fast as it goes."""
    while not is_over.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
            for _ in range(20):
                connection.request(
                    "POST", "/login", "username=admin&password=guess",
                    {"Content-Type": "application/x-www-form-urlencoded"},
                )  # fmt: skip
                connection.getresponse().read()
            connection.close()


def pages_unread(port: int, is_over: threading.Event) -> None:
    """Ask for many files on each connection, and read nothing."""
    asked = b"GET /static/css/base.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100
    with contextlib.ExitStack() as stack:
        while not is_over.wait(0.2):
            with contextlib.suppress(OSError):
                stack.enter_context(connected(port)).sendall(asked)


ATTACKS: tuple[Attack, ...] = (
    slow_headers, slow_bodies, many_connections, huge_requests, wrong_logins, pages_unread,
)  # fmt: skip


def late_of_safety(box: Box) -> tuple[int, int]:
    """Return how many samples were late for safety, and how many of its looks by over 100 ms."""
    box.until(HEARTBEATS["safety"], lambda _: True)
    beat = box.last(HEARTBEATS["safety"]).message
    return beat.late, sum(beat.look_gaps[BEYOND:])


def is_same_charge(box: Box, before: SessionStatus) -> bool:
    now = box.last(SESSION_STATUS).message
    return now.session_id == before.session_id and now.energy_wh > before.energy_wh


def answers(port: int) -> bool:
    """Return whether the page answers a newcomer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False


@pytest.mark.parametrize("attack", [*ATTACKS, None], ids=lambda each: each and each.__name__)
def test_charge_goes_on_while_the_page_is_attacked(charging: Box, attack: Attack | None) -> None:
    port = WEB_PORT + charging.port - HOUSE_PORT
    before, late = charging.last(SESSION_STATUS).message, late_of_safety(charging)
    since_s = time.monotonic()
    attacks = ATTACKS if attack is None else (attack,)  # None: all of them at once
    is_over = threading.Event()
    threads = [threading.Thread(target=each, args=(port, is_over)) for each in attacks]
    for thread in threads:
        thread.start()
    try:
        charging.look_for(ATTACK_S)
        is_open_to_others = answers(port)
    finally:
        is_over.set()
        for thread in threads:
            thread.join(20.0)
    assert is_open_to_others
    if charging.stays_closed(since_s):  # else the machine itself stood still, as safety says
        assert late_of_safety(charging) == late
    assert is_same_charge(charging, before)
    assert charging.nodes()["web"].state == "ready"


def test_charge_goes_on_while_the_page_is_killed(charging: Box) -> None:
    port = WEB_PORT + charging.port - HOUSE_PORT
    before, late = charging.last(SESSION_STATUS).message, late_of_safety(charging)
    since_s = time.monotonic()
    for _ in range(KILLS):
        killed = charging.nodes()["web"]
        charging.kill("web")
        deadline_s = time.monotonic() + 30.0
        while not (charging.nodes()["web"].pid not in (0, killed.pid) and answers(port)):
            charging.look_for(0.2)
            assert time.monotonic() < deadline_s, charging.log
    if charging.stays_closed(since_s):
        assert late_of_safety(charging) == late
    assert is_same_charge(charging, before)
    assert not any(said.message.faults for said in charging.samples(SAFETY_STATUS, since_s))

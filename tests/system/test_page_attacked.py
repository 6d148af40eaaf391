"""The page is attacked and killed during a charge: the charge and the other nodes do not notice."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from msgs.session import WallboxState
from msgs.topics import SESSION_STATUS
from tests.system.box import Box
from tests.web.browser.visit import open_site

pytestmark = pytest.mark.system

ATTACK_S = 4.0
CLIENTS = 12  # of each kind
BODY = b"x" * 60_000


def guess(connection: socket.socket) -> None:
    form = b"username=admin&password=guess&csrf_token=0"
    connection.sendall(
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n%s" % (len(form), form)
    )
    connection.recv(65536)


def send_slowly(connection: socket.socket) -> None:
    connection.sendall(
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nuser"
    )
    time.sleep(0.5)


def send_much(connection: socket.socket) -> None:
    connection.sendall(
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n" + BODY
    )
    connection.recv(65536)


def send_without_end(connection: socket.socket) -> None:
    connection.sendall(
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(100):
        connection.sendall(b"ea60\r\n" + BODY + b"\r\n")


def read_nothing(connection: socket.socket) -> None:
    connection.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
    time.sleep(0.5)


ATTACKS = (guess, send_slowly, send_much, send_without_end, read_nothing)


@contextlib.contextmanager
def attacked(port: int) -> Iterator[None]:
    """Let all clients do what they do, again and again, whatever the page answers."""
    is_over = threading.Event()

    def attack(number: int) -> None:
        while not is_over.wait(0.02):
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), 2.0) as connection,
            ):
                ATTACKS[number % len(ATTACKS)](connection)

    threads = [
        threading.Thread(target=attack, args=(number,)) for number in range(CLIENTS * len(ATTACKS))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_an_attack_on_the_page_and_its_death_change_no_charge(charging_somehow: Box) -> None:
    box = charging_somehow
    session = box.last(SESSION_STATUS).message.session_id
    before = {name: row.incarnation for name, row in box.nodes().items()}
    began_s = time.monotonic()
    port = int(open_site(box).url.rpartition(":")[2])
    with attacked(port):
        box.look_for(ATTACK_S)
        box.kill("web")
        box.look_for(ATTACK_S)
    said = [each.message for each in box.samples(SESSION_STATUS, began_s)]
    assert said
    assert {each.session_id for each in said} == {session}
    if box.stays_closed(began_s):
        assert {each.state for each in said} == {WallboxState.CHARGING}
    after = {name: row.incarnation for name, row in box.nodes().items()}
    assert {name for name in after if after[name] != before[name]} == {"web"}

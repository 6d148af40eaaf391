"""The page's connections at their sockets, by a clock that the test sets."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from nodes.web import connections
from nodes.web.connections import Connection, ConnectionListener

ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Door:
    """A listener on loopback, its clients, and what it has accepted of them."""

    def __init__(self, stack: ExitStack) -> None:
        self.time_s = 1000.0
        self._stack = stack
        self.listener = ConnectionListener(
            socket.AF_INET, socket.SOCK_STREAM, 0, lambda: self.time_s
        )
        stack.callback(self.listener.close)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(200)

    def come(self, source: tuple[str, int] | None = None) -> tuple[socket.socket, Connection]:
        """Connect; return both ends."""
        client = socket.create_connection(self.listener.getsockname(), 5.0, source)
        self._stack.callback(client.close)
        connection, address = self.listener.accept()
        self._stack.callback(connection.close)
        assert address == client.getsockname()
        return client, connection


@pytest.fixture
def door() -> Iterator[Door]:
    with ExitStack() as stack:
        yield Door(stack)


def is_cut(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("piece", range(1, 2 * len(ASKED) + 1))
def test_no_read_goes_further_than_one_request(door: Door, piece: int) -> None:
    """However the requests are cut into pieces on their way."""
    client, connection = door.come()
    sent = ASKED * 5
    received: list[bytes] = []
    for begin in range(0, len(sent), piece):
        client.sendall(sent[begin : begin + piece])
        while sum(map(len, received)) < min(begin + piece, len(sent)):
            before = b"".join(received).count(b"\r\n\r\n")
            received.append(connection.recv(8192))
            assert b"".join(received).count(b"\r\n\r\n") <= before + 1
            if b"\r\n\r\n" in received[-1]:
                assert received[-1].endswith(b"\r\n\r\n")
    assert b"".join(received) == sent
    client.close()
    assert connection.recv(8192) == b""


def test_a_body_is_read_whole(door: Door) -> None:
    client, connection = door.come()
    body = b"name=value&" * 500
    client.sendall(b"POST / HTTP/1.1\r\n\r\n" + body)
    assert connection.recv(8192) == b"POST / HTTP/1.1\r\n\r\n"
    assert connection.recv(8192) == body


def test_what_is_accepted_has_the_bounds_of_the_system(door: Door) -> None:
    _, connection = door.come()
    timeout_ms = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert timeout_ms == connections.STALLED_S * 1000
    # Linux doubles it, for its own use: socket(7).
    buffer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert buffer == 2 * connections.BUFFER_BYTES


def test_who_moves_nothing_for_a_minute_is_cut(door: Door) -> None:
    clients = [door.come() for _ in range(4)]
    door.time_s += 59.0
    clients[1][0].sendall(b"GET")
    clients[1][1].recv(10)
    clients[2][1].send(b"HTTP")
    clients[2][0].recv(10)
    door.time_s += 1.5
    door.listener.cut_idle()
    assert [is_cut(client) for client, _ in clients] == [True, False, False, True]
    assert set(door.listener.connections) == {clients[1][1], clients[2][1]}


def test_for_one_too_many_the_one_that_is_idle_longest_goes(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    clients = [door.come() for _ in range(3)]
    for moment, number in enumerate((1, 0, 2)):
        door.time_s = 1001.0 + moment
        clients[number][1].send(b"x")
        clients[number][0].recv(1)
    door.time_s += 1.0
    clients.append(door.come())
    assert [is_cut(client) for client, _ in clients] == [False, True, False, False]
    door.time_s += 1.0
    clients.append(door.come())
    assert [is_cut(client) for client, _ in clients] == [True, True, False, False, False]
    assert len(door.listener.connections) == 3


def test_who_is_being_answered_stays_and_who_has_been_may_go(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    (stream, connection), (other, _) = door.come(), door.come()
    app = door.listener.marking(lambda environ, start: iter([b"one", b"two"]))
    environ: dict[str, Any] = dict(
        zip(("REMOTE_ADDR", "REMOTE_PORT"), map(str, stream.getsockname()), strict=True)
    )
    answer: Any = app(environ, None)
    assert next(answer) == b"one"
    for moment in range(5):  # they are all younger
        door.time_s += 0.01
        assert not is_cut(stream), moment
        newest, _ = door.come()
    assert is_cut(other)
    answer.close()
    assert not connection.is_asked
    door.time_s += 0.01
    door.come()
    assert is_cut(stream)
    assert not is_cut(newest)
    assert list(app(environ, None)) == [b"one", b"two"]  # it was cut meanwhile


def test_the_next_connection_of_the_same_port_is_not_forgotten_with_the_one_before(
    door: Door,
) -> None:
    # Of an address that no other process connects from: it would be given the port that is free.
    client, first = door.come(("127.0.0.77", 0))
    source = client.getsockname()
    # Closed by a reset: its port is free at once, and `first` is not closed yet.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    _, second = door.come(source)
    first.close()
    assert door.listener.connections == (second,)


def test_all_are_cut_at_the_end(door: Door) -> None:
    clients = [door.come() for _ in range(3)]
    door.listener.cut_all()
    assert all(is_cut(client) for client, _ in clients)
    assert door.listener.connections == ()

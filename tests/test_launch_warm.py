"""In which order a warm parent imports, and carries out what it is asked for."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from launch import parcel
from launch.node_entry import NodeEntry
from launch.warm import NodeForker, orders

Ends = tuple[socket.socket, socket.socket]


class RecordingForker(NodeForker):
    """Imports nothing, and notes what it should."""

    def __init__(self, *packages: str, on_import: Callable[[], None] = lambda: None) -> None:
        self.plain = frozenset(("safety", "pilot"))
        self.missing = list(packages)
        self.done: list[str] = []
        self.on_import = on_import

    @property
    def is_complete(self) -> bool:
        return not self.missing

    def load_more(self) -> None:
        self.done.append(f"import {self.missing.pop(0)}")
        self.on_import()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = parcel.pair()
    with ours, theirs:
        yield ours, theirs


def ask(connection: socket.socket, node: str) -> None:
    entry = NodeEntry(
        node=node, module="", drivers={}, parameters={}, sources={}, file="", ports=0
    )  # fmt: skip
    order = parcel.Order(
        entry=entry, run_dir="", state_dir="", peers=(), supervisor=1, parent_death=9,
        cpu=(), nice=0, scheduling="", realtime=False,
    )  # fmt: skip
    parcel.send_order(connection, order, (0, 1))


def carry_out(count: int, forker: RecordingForker, ends: Ends, first: tuple[str, ...]) -> list[str]:
    """Carry out some orders; return what was done in which order."""
    received = orders(ends[1], forker, first)
    for _ in range(count):
        order, fds = next(received)
        forker.done.append(f"fork {order.entry.node}")
        for fd in fds:
            os.close(fd)
    return forker.done


def test_at_the_first_start_plain_nodes_are_forked_before_the_network_is_imported(
    ends: Ends,
) -> None:
    for node in ("web", "pilot", "safety"):
        ask(ends[0], node)
    done = carry_out(3, RecordingForker("flask"), ends, first=("safety", "pilot"))
    assert done == ["fork pilot", "fork safety", "import flask", "fork web"]


def test_an_order_of_the_first_start_is_waited_for_without_importing_meanwhile(ends: Ends) -> None:
    forker = RecordingForker("flask")
    ends[1].setblocking(False)  # raises where it would wait
    ask(ends[0], "pilot")
    with pytest.raises(BlockingIOError):
        carry_out(2, forker, ends, first=("safety", "pilot"))
    assert forker.done == ["fork pilot"]


def test_a_plain_node_waits_for_one_import_at_most(ends: Ends) -> None:
    asked = ["web", "safety"]

    def ask_once() -> None:
        while asked:
            ask(ends[0], asked.pop(0))

    forker = RecordingForker("flask", "pymodbus", on_import=ask_once)
    done = carry_out(2, forker, ends, first=())
    assert done == ["import flask", "fork safety", "import pymodbus", "fork web"]


def test_a_warm_parent_that_still_imports_ends_with_its_supervisor(ends: Ends) -> None:
    ask(ends[0], "web")
    ends[0].shutdown(socket.SHUT_WR)
    assert list(orders(ends[1], RecordingForker("flask"), ())) == []

"""In which order a warm parent imports, and carries out what it is asked for."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from launch import process_messages
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
    near, far = process_messages.pair()
    with near, far:
        yield near, far


def ask(connection: socket.socket, node: str) -> None:
    entry = NodeEntry(
        node=node, module="", drivers={}, parameters={}, sources={}, file="", ports=0
    )  # fmt: skip
    order = process_messages.Order(
        entry=entry, run_dir="", state_dir="", peers=(), supervisor=1, parent_death=9,
        cpu=(), nice=0, scheduling="", realtime=False,
    )  # fmt: skip
    process_messages.send_order(connection, order, (0, 1))


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


SLOW_PROCESS = """
import os, signal, time
from launch import warm
from launch.node_entry import NodeEntry
from launch.process_messages import Order
from launch.process import is_group

warm._become_node = lambda *_: time.sleep(60.0)  # it has not come to its own setpgid yet
entry = NodeEntry(node="pilot", module="", drivers={}, parameters={}, sources={}, file="", ports=0)
order = Order(entry=entry, run_dir="", state_dir="", peers=(), supervisor=1, parent_death=9,
              cpu=(), nice=0, scheduling="", realtime=False)
forker = warm.NodeForker(warm.process_messages.NodeList(nodes=(), folders=()))
forker.fork(order, (0, 1))
(group,) = forker._groups
found = is_group(group)
os.kill(group, signal.SIGKILL)
print(found)
"""


def test_a_forked_process_has_its_group_before_the_warm_parent_asks_for_it() -> None:
    """Else the group would be forgotten, and outlive a killed supervisor."""
    done = subprocess.run(
        (sys.executable, "-c", SLOW_PROCESS), capture_output=True, text=True, timeout=30.0
    )
    assert done.stdout == "True\n", done.stderr

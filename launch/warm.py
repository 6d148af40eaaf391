"""The warm parent: a process that has imported what nodes share, and forks the nodes when asked.

It has imported what the bus needs and the plain nodes, which import nothing else. At the first
start it forks those, safety and pilot among them, before it imports what the network nodes declare
(`IMPORTS` in a node's package: the third-party packages, and asyncio). So a network library is in
no plain node that was not restarted, and delays none: between two imports the parent looks for
orders.

The nodes of each kind are imported and their parameters checked before any of them is forked. A
page of memory is shared until somebody writes to it, and CPython writes a reference count to every
object that it uses: what is done before the forks costs its memory once, and not in each process.
Hence the rules here: everything before the first fork, nothing between two forks that can be done
before, and no garbage collection, which leaves holes that the children fill. The supervisor shares
too: it loads the plain nodes and forks the warm parent from itself, before it has a thread.

Code of ours is shared while its files are as they were (`launch.own_code`): a changed source file
is live in the next process of a node. The parent makes neither a ZeroMQ context nor a thread: they
do not survive a fork. So no module of a node may start a thread when it is imported.

A node's process is forked twice. The one between exits at once, so that the node becomes a child
of the supervisor (which adopts orphans): that one gets its exit status first-hand, the node dies
with it and with nobody else, and the death of the warm parent disturbs no node.

When the supervisor dies, the kernel ends its nodes. What they had started themselves the warm
parent ends, as its last act: processes of their groups.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterable, Iterator

import msgspec

import bus.store  # noqa: F401 - half of the nodes keep something
from bus.schema import schema_hash
from launch import child, parcel, process
from launch.loading import LoadedNode, load_node
from launch.node_entry import NodeEntry
from launch.own_code import OwnCode
from msgs.topics import TOPICS

PACKAGES = ("bus", "launch", "msgs", "nodes", "view", "web")
LAST_WORDS_S = 0.5  # safety, left alone, opens and exits within 0.2 s


def main() -> None:
    """Serve orders on the inherited socket, argv[1], until the supervisor is gone."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    roster = parcel.receive_roster(connection)
    if roster is not None:
        serve(connection, NodeForker(roster), first=())


def serve(connection: socket.socket, forker: "NodeForker", first: Iterable[str]) -> None:
    """Be the warm parent until the supervisor is gone.

    Some nodes are forked `first`, before anything that only network nodes need is imported.
    """
    process.be_called("wallbox-warm")
    process.forget_signals()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    for order, fds in orders(connection, forker, first):
        forker.fork(order, fds)
        for each in fds:
            os.close(each)
    forker.end(time.monotonic())


def orders(
    connection: socket.socket, forker: "NodeForker", first: Iterable[str]
) -> Iterator[tuple[parcel.Order, tuple[int, int]]]:
    """Yield each order when it can be carried out; while there is none, import what is missing.

    Once the nodes that come `first` are forked, an order for a plain node waits for the import of
    one package at most, and one for a network node for all of them.
    """
    still_first = set(first)
    waiting = []
    while not forker.is_complete:
        if not still_first and not select.select([connection], [], [], 0)[0]:
            forker.load_more()
        elif (received := parcel.receive_order(connection)) is None:
            return
        elif (node := received[0].entry.node) in forker.plain:
            yield received
            still_first.discard(node)
        else:
            waiting.append(received)
    yield from waiting
    while (received := parcel.receive_order(connection)) is not None:
        yield received


class NodeForker:
    """What forks nodes, with the code that it shares with them."""

    def __init__(self, roster: parcel.Roster) -> None:
        """Read what each node declares, and load the plain ones: those that declare nothing."""
        sys.path.extend(folder for folder in roster.folders if folder not in sys.path)
        for topic in TOPICS.values():  # both are kept with the type
            message: type[msgspec.Struct] = topic.message
            schema_hash(message)
            msgspec.msgpack.Decoder(message)
        imports = {each.node: _declared(each.module) for each in roster.nodes}
        self.plain = frozenset(node for node, names in imports.items() if not names)
        self._packages = sorted({name for names in imports.values() for name in names})
        self._network = [each for each in roster.nodes if each.node not in self.plain]
        packages = {each.module.partition(".")[0] for each in roster.nodes}
        self._own = OwnCode(packages.union(PACKAGES), roster.folders)
        self._loaded: dict[str, LoadedNode] = {}
        self._forked: set[str] = set()
        self._groups: set[int] = set()
        for each in roster.nodes:
            if each.node in self.plain:
                self._load(each)

    @property
    def is_complete(self) -> bool:
        """Return whether the network nodes are loaded too."""
        return not self._packages and not self._network

    def load_more(self) -> None:
        """Import one more package of the network nodes, or load one of them."""
        if not self._packages:
            self._load(self._network.pop(0))
            return
        name = self._packages.pop(0)
        try:
            importlib.import_module(name)
        except ImportError as error:
            _say(f"<4>{name} cannot be imported: {error}")

    def _load(self, entry: NodeEntry) -> None:
        """Import and check a node; what is wrong with it its own process finds and says."""
        with contextlib.suppress(Exception):
            loaded = self._loaded[entry.node] = load_node(entry)
            if loaded.is_asyncio:
                importlib.import_module("bus.coroutines")  # its process would at its first use
        self._own.note()

    def fork(self, order: parcel.Order, fds: tuple[int, int]) -> None:
        """Fork the process of a node."""
        node = order.entry.node
        self._groups = {group for group in self._groups if process.is_group(group)}
        # Looking at every file would be paid by each process: see above.
        is_current = node not in self._forked or self._own.is_as_it_was()
        self._forked.add(node)
        gc.freeze()
        try:
            self._groups.add(self._fork_twice(order, fds, is_current))
        except OSError as error:
            _say(f"<3>{node} cannot be forked: {error}")

    def end(self, gone_s: float) -> None:
        """End what the nodes leave behind; the supervisor is gone since a time [monotonic s]."""
        time.sleep(max(0.0, gone_s + LAST_WORDS_S - time.monotonic()))
        process.end_groups(self._groups)

    def _fork_twice(self, order: parcel.Order, fds: tuple[int, int], is_current: bool) -> int:
        """Fork a process that becomes the node; return its pid."""
        reading, writing = os.pipe()
        between = os.fork()
        if between:
            os.close(writing)
            os.waitpid(between, 0)
            pid = int(os.read(reading, 20) or 0)
            os.close(reading)
            return pid
        code = 1
        try:
            between = os.getpid()
            if pid := os.fork():
                os.write(writing, str(pid).encode())
                code = 0
            else:
                loaded = self._loaded.get(order.entry.node)
                if not is_current:
                    self._own.forget()
                    loaded = None
                code = _become_node(order, fds, between, loaded)
        except BaseException:  # nothing may climb into the warm parent's own loop
            traceback.print_exc()
        finally:
            os._exit(code)


def _declared(module: str) -> tuple[str, ...]:
    """Return what a node declares that it imports; what is wrong with it its process says."""
    try:
        return tuple(getattr(importlib.import_module(module), "IMPORTS", ()))
    except Exception:
        return ()


def _become_node(
    order: parcel.Order, fds: tuple[int, int], between: int, loaded: LoadedNode | None
) -> int:
    """Turn this fresh copy of a warm parent into the process of a node; return its exit code."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    connection_fd, log_fd = fds
    process.take_outputs(log_fd)
    process.keep_descriptor(connection_fd)
    connection = socket.socket(fileno=connection_fd)
    process.wait_for_parent(between)
    if not process.die_with(order.supervisor, order.parent_death):
        return 0
    process.be_called(order.entry.node)
    parcel.send_message(connection, parcel.Born(os.getpid()))
    try:
        if loaded is not None:
            return child.run(order, connection, loaded)
        code: int = importlib.import_module("launch.child").run(order, connection)  # maybe anew
        return code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

"""The warm parent: a process that has imported the modules of the nodes, and forks the nodes.

It imports the bus and the plain nodes, which need no other packages. At the first start it forks
those, safety and pilot among them, before it imports the packages that the network nodes declare
(`IMPORTS` in a node's package: third-party packages, and asyncio). So a plain node has no network
library in its memory until it is restarted, and its start waits for the import of one package at
most, because the parent reads orders between two imports.

All nodes of a kind are imported and their parameters checked before any of them is forked. A page
of memory is shared until a process writes to it, and CPython writes a reference count to every
object that it uses: work before the forks costs its memory once, work after them in each process.
Therefore all that can be done before the first fork is done there, and nothing between two forks,
and garbage collection is off, because it frees gaps that the children fill. The gaps that are left
are filled before the forks (`launch.holes`). The supervisor shares as well: it loads the plain
nodes and forks the warm parent from itself, before it has a thread.

The project's modules are shared while their files are unchanged (`launch.own_code`): the next
process of a node runs a changed file. The parent has neither a ZeroMQ context nor a thread when it
forks, which would not survive; so a node's module must not start a thread when it is imported. It
uses a bus before the forks and closes it (`launch.rehearsal`).

A node's process is forked twice. The process between exits at once, so that the node becomes a
child of the supervisor (which adopts orphans): the supervisor gets its exit status, the node ends
with the supervisor only, and the death of the warm parent affects no node. An order that dies with
it is repeated, see `launch.children`.

When the supervisor dies, the kernel ends its nodes. The warm parent then kills the process groups
of the nodes, and ends.
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
from collections.abc import Callable, Iterable, Iterator

import msgspec

import bus.store  # noqa: F401 - half of the nodes use it
from bus.schema import schema_hash
from launch import child, process, process_messages
from launch.holes import fill_holes
from launch.loading import LoadedNode, load_node
from launch.node_entry import NodeEntry
from launch.own_code import OwnCode
from launch.program_pages import release_program_pages
from launch.rehearsal import rehearse, rehearse_in_asyncio
from msgs.topics import TOPICS

PACKAGES = ("bus", "launch", "msgs", "nodes", "view", "web")
LAST_WORDS_S = 0.5  # time for safety to open and exit (0.2 s) after the supervisor has ended


def main() -> None:
    """Serve orders on the inherited socket, argv[1], until the supervisor has ended."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    node_list = process_messages.receive_node_list(connection)
    if node_list is not None:
        serve(connection, NodeForker(node_list), first=())


def serve(connection: socket.socket, forker: "NodeForker", first: Iterable[str]) -> None:
    """Run as the warm parent until the supervisor has ended.

    Nodes in `first` are forked before the packages of the network nodes are imported.
    """
    process.set_process_name("wallbox-warm")
    process.reset_signals()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    for order, fds in orders(connection, forker, first):
        forker.fork(order, fds)
        for each in fds:
            os.close(each)
    forker.end(time.monotonic())


def orders(
    connection: socket.socket, forker: "NodeForker", first: Iterable[str]
) -> Iterator[tuple[process_messages.Order, tuple[int, int]]]:
    """Yield each order when it can be carried out; without an order, import the next package.

    After the nodes in `first`, an order for a plain node waits for the import of one package at
    most, and one for a network node for all of them.
    """
    still_first = set(first)
    waiting = []
    while not forker.is_complete:
        if not still_first and not select.select([connection], [], [], 0)[0]:
            forker.load_more()
        elif (received := process_messages.receive_order(connection)) is None:
            return
        elif (node := received[0].entry.node) in forker.plain:
            yield received
            still_first.discard(node)
        else:
            waiting.append(received)
    yield from waiting
    while (received := process_messages.receive_order(connection)) is not None:
        yield received


class NodeForker:
    """Forks nodes, and has the modules that it shares with them."""

    def __init__(self, node_list: process_messages.NodeList) -> None:
        """Read the declared imports of each node, and load the plain nodes, which have none."""
        sys.path.extend(folder for folder in node_list.folders if folder not in sys.path)
        for topic in TOPICS.values():  # both are cached with the type
            message: type[msgspec.Struct] = topic.message
            schema_hash(message)
            msgspec.msgpack.Decoder(message)
        imports = {each.node: _declared(each.module) for each in node_list.nodes}
        self.plain = frozenset(node for node, names in imports.items() if not names)
        self._packages = sorted({name for names in imports.values() for name in names})
        self._network = [each for each in node_list.nodes if each.node not in self.plain]
        packages = {each.module.partition(".")[0] for each in node_list.nodes}
        self._own = OwnCode(packages.union(PACKAGES), node_list.folders)
        self._loaded: dict[str, LoadedNode] = {}
        self._forked: set[str] = set()
        self._groups: set[int] = set()
        for each in node_list.nodes:
            if each.node in self.plain:
                self._load(each)
        _prepare_memory(rehearse)

    @property
    def is_complete(self) -> bool:
        """Return whether the network nodes are loaded as well."""
        return not self._packages and not self._network

    def load_more(self) -> None:
        """Import one more package of the network nodes, or load one of them."""
        if not self._packages:
            self._load(self._network.pop(0))
            if self.is_complete:
                is_asyncio = any(loaded.is_asyncio for loaded in self._loaded.values())
                _prepare_memory(rehearse_in_asyncio if is_asyncio else rehearse)
                release_program_pages()
            return
        name = self._packages.pop(0)
        try:
            importlib.import_module(name)
        except ImportError as error:
            _log(f"<4>{name} cannot be imported: {error}")

    def _load(self, entry: NodeEntry) -> None:
        """Import and check a node; errors are found again and reported by its own process."""
        with contextlib.suppress(Exception):
            loaded = self._loaded[entry.node] = load_node(entry)
            if loaded.is_asyncio:
                importlib.import_module("bus.coroutines")  # else its process imports it
        self._own.note()

    def fork(self, order: process_messages.Order, fds: tuple[int, int]) -> None:
        """Fork the process of a node."""
        node = order.entry.node
        self._groups = {group for group in self._groups if process.is_group(group)}
        # At the first fork the check is left out: it would cost memory in each process (see above).
        is_current = node not in self._forked or self._own.is_as_it_was()
        self._forked.add(node)
        gc.freeze()
        try:
            self._groups.add(self._fork_twice(order, fds, is_current))
        except OSError as error:
            _fail(fds[0], f"it could not be forked: {error.strerror or error}")

    def end(self, gone_s: float) -> None:
        """Kill the nodes' process groups; `gone_s` is when the supervisor ended [monotonic s]."""
        time.sleep(max(0.0, gone_s + LAST_WORDS_S - time.monotonic()))
        process.end_groups(self._groups)

    def _fork_twice(
        self, order: process_messages.Order, fds: tuple[int, int], is_current: bool
    ) -> int:
        """Fork a process that becomes the node; return its pid.

        :raises OSError: there are too many processes, or too little memory.
        """
        reading, writing = os.pipe()
        try:
            between = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if between:
            os.close(writing)
            os.waitpid(between, 0)
            pid = int(os.read(reading, 20) or 0)
            os.close(reading)
            if not pid:
                raise ChildProcessError("the process that forks it has ended")
            return pid
        code = 1
        try:
            between = os.getpid()
            if pid := os.fork():
                # Here as well as in the process itself: the warm parent asks for the group at once.
                with contextlib.suppress(OSError):
                    os.setpgid(pid, pid)
                os.write(writing, str(pid).encode())
                code = 0
            else:
                loaded = self._loaded.get(order.entry.node)
                if not is_current:
                    self._own.forget()
                    loaded = None
                code = _become_node(order, fds, between, loaded)
        except BaseException:  # no exception may reach the loop of the warm parent
            traceback.print_exc()
        finally:
            os._exit(code)


def _prepare_memory(rehearsal: Callable[[], object]) -> None:
    """Leave less for the children to copy: after imports, before the next fork.

    CPython's cache of attribute lookups has an entry for nearly each hash. A new one releases the
    name of the one before, and so copies its page: the imports' entries go, the rehearsal's stay.
    """
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache  # 3.13, before
    clear()
    rehearsal()
    fill_holes()


def _declared(module: str) -> tuple[str, ...]:
    """Return the imports that a node declares; its own process reports errors."""
    try:
        return tuple(getattr(importlib.import_module(module), "IMPORTS", ()))
    except Exception:
        return ()


def _become_node(
    order: process_messages.Order, fds: tuple[int, int], between: int, loaded: LoadedNode | None
) -> int:
    """Turn this copy of the warm parent into the process of a node; return its exit code."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    connection_fd, log_fd = fds
    process.take_outputs(log_fd)
    process.keep_descriptor(connection_fd)
    connection = socket.socket(fileno=connection_fd)
    process.wait_for_parent(between)
    if not process.signal_on_parent_death(order.supervisor, order.parent_death):
        why = "it could not become a child of launch"
        process_messages.send_message(connection, process_messages.Failed(why))
        return 0
    process.set_process_name(order.entry.node)
    process_messages.send_message(connection, process_messages.Forked(os.getpid()))
    try:
        if loaded is not None:
            return child.run(order, connection, loaded)
        code: int = importlib.import_module("launch.child").run(
            order, connection
        )  # reads it again after a change
        return code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _fail(connection_fd: int, why: str) -> None:
    """Send the reason for which there will be no process, by its end of the connection."""
    connection = socket.socket(fileno=connection_fd)
    process_messages.send_message(connection, process_messages.Failed(why))
    connection.detach()


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

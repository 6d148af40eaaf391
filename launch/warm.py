"""The warm parent: has imported what is slow to import, and forks nodes when asked.

Of our own code it imports what every node needs, and shares it while the files are as they were: a
changed source file is live in the next process it forks. The nodes themselves it never imports. It
makes no ZeroMQ context and no thread: neither survives a fork.

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
import signal
import socket
import sys
import time
import traceback

from launch import parcel, process
from launch.own_code import OwnCode

PRELOADED = (
    "asyncio",
    "click",
    "concurrent.futures",
    "ctypes",
    "decimal",
    "difflib",
    "fcntl",
    "hashlib",
    "json",
    "msgspec",
    "pymodbus.framer",
    "pymodbus.pdu",
    "queue",
    "random",
    "resource",
    "sqlite3",
    "tempfile",
    "tomllib",
    "zmq",
)


OWN = ("msgs.topics", "bus.run", "launch.child")
"""What every node imports, with all that it needs."""

LAST_WORDS_S = 0.5  # safety, left alone, opens and exits within 0.2 s


def main() -> None:
    """Serve orders on the inherited socket, argv[1], until the supervisor is gone."""
    process.be_called("wallbox-warm")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            _say(f"<4>{name} cannot be imported: {error}")
    own = _import_own()
    gc.collect()
    gc.freeze()
    groups: set[int] = set()
    while (received := parcel.receive_order(connection)) is not None:
        order, fds = received
        groups = {group for group in groups if process.is_group(group)}
        try:
            groups.add(_fork_twice(order, fds, own))
        except OSError as error:
            _say(f"<3>{order.written.node} cannot be forked: {error}")
        for each in fds:
            os.close(each)
    time.sleep(LAST_WORDS_S)
    process.end_groups(groups)


def _import_own() -> OwnCode | None:
    """Import what the nodes share of our code; what is wrong with it they tell themselves."""
    try:
        return OwnCode(OWN)
    except Exception:
        return None


def _fork_twice(order: parcel.Order, fds: tuple[int, int], own: OwnCode | None) -> int:
    """Fork a process that becomes the node; return its pid."""
    reading, writing = os.pipe()
    between = os.fork()
    if between:
        os.close(writing)
        os.waitpid(between, 0)
        with os.fdopen(reading) as pipe:
            return int(pipe.read() or 0)
    code = 1
    try:
        between = os.getpid()
        if pid := os.fork():
            os.write(writing, str(pid).encode())
            code = 0
        else:
            code = _become_node(order, fds, between, own)
    except BaseException:  # nothing may climb into the warm parent's own loop
        traceback.print_exc()
    finally:
        os._exit(code)


def _become_node(
    order: parcel.Order, fds: tuple[int, int], between: int, own: OwnCode | None
) -> int:
    """Turn this fresh copy of the warm parent into the process of a node; return its exit code."""
    os.setpgid(0, 0)
    process.forget_signals()
    connection = _take_descriptors(*fds)
    process.wait_for_parent(between)
    if not process.die_with(order.supervisor, order.parent_death):
        return 0
    process.be_called(order.written.node)
    parcel.send_word(connection, parcel.Born(os.getpid()))
    if own is not None and not own.is_as_it_was():
        own.forget()
    try:
        child = importlib.import_module("launch.child")
        code: int = child.run(order, connection)
        return code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _take_descriptors(connection_fd: int, log_fd: int) -> socket.socket:
    """Keep nothing but: no input, the log as both outputs, and the connection."""
    connection = socket.socket(fileno=connection_fd)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd != connection_fd:
            with contextlib.suppress(OSError):  # the listing's own is gone already
                os.close(fd)
    return connection


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

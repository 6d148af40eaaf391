"""The warm parent: has imported what is slow to import, and forks nodes when asked.

It imports third-party packages only, so that a changed source file of ours is live in the next
process it forks. It makes no ZeroMQ context and no thread: neither survives a fork.

A node's process is forked twice. The one between exits at once, so that the node becomes a child
of the supervisor (which adopts orphans): that one gets its exit status first-hand, the node dies
with it and with nobody else, and the death of the warm parent disturbs no node.
"""

import gc
import importlib
import os
import signal
import socket
import sys
import traceback

from launch import parcel, process

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
    "pymodbus.client",
    "pymodbus.server",
    "queue",
    "random",
    "resource",
    "sqlite3",
    "tempfile",
    "tomllib",
    "zmq",
)


def main() -> None:
    """Serve orders on the inherited socket until it ends: argv is its number and our parent."""
    fd, supervisor = int(sys.argv[1]), int(sys.argv[2])
    if not process.die_with(supervisor, signal.SIGKILL):
        return
    process.be_called("wallbox-warm")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=fd)
    connection.set_inheritable(False)
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"<4>{name} cannot be imported: {error}", file=sys.stderr, flush=True)  # noqa: T201
    gc.collect()
    gc.freeze()
    while (received := parcel.receive_order(connection)) is not None:
        order, fds = received
        try:
            _fork_twice(order, fds, connection)
        except OSError as error:
            print(f"<3>{order.node} cannot be forked: {error}", file=sys.stderr, flush=True)  # noqa: T201
        for each in fds:
            os.close(each)


def _fork_twice(order: parcel.Order, fds: tuple[int, int], ours: socket.socket) -> None:
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    code = 1
    try:
        between = os.getpid()
        if os.fork():
            code = 0
        else:
            ours.close()
            code = _become_node(order, fds, between)
    except BaseException:  # nothing may climb into the warm parent's own loop
        traceback.print_exc()
    finally:
        os._exit(code)


def _become_node(order: parcel.Order, fds: tuple[int, int], between: int) -> int:
    """Turn this fresh copy of the warm parent into the process of a node; return its exit code."""
    os.setpgid(0, 0)
    process.forget_signals()
    connection = _take_descriptors(*fds)
    process.wait_for_parent(between)
    if not process.die_with(order.supervisor, order.parent_death):
        return 0
    process.be_called(order.node)
    parcel.send_word(connection, parcel.Born(os.getpid()))
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
    os.closerange(3, connection_fd)
    os.closerange(connection_fd + 1, os.sysconf("SC_OPEN_MAX"))
    return connection


if __name__ == "__main__":
    main()

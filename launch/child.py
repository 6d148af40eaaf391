"""The process of a node, from its import to its exit code.

Exit codes: 0 stopped; 1 failed, with a traceback in the log; 78 cannot be configured (EX_CONFIG of
sysexits(3)): a wrong parameter, an unknown driver, a busy name or port. Those are not retried.

A process without a bus (`bus = false` in the plan) belongs to no graph: a program of another party
that is only kept running. Its module `node` has `Parameters` as well, and in place of `build`

    run(parameters: Parameters, state_dir: Path, ready: Callable[[], None]) -> None

which serves until SIGTERM and calls `ready` once it does. It has no heartbeat: a hang is not found.
"""

import contextlib
import errno
import gc
import os
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bus.lock import BusyError
from bus.place import Place, PlaceError
from bus.run import ZmqBus, open_node
from launch import process_messages
from launch.loading import ConfigurationError, LoadedNode, load_node
from launch.locked_memory import lock_memory
from launch.restarts import EXIT_CONFIGURATION, EXIT_OK
from msgs.heartbeat import NodeState
from msgs.units import MOST_TEXT

EXIT_FAILED = 1
NO_INCARNATION = 0  # of a process without a bus
BUSY_NAME_S = 1.0  # safety runs up to 0.2 s longer than a killed supervisor

# Before READY these errors come from the configuration, not from a bug.
_CONFIGURED_WRONG = frozenset(
    (
        errno.EADDRINUSE,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.ENOENT,
        errno.EPERM,
        errno.EROFS,
    )
)


def run(
    order: process_messages.Order, connection: socket.socket, loaded: LoadedNode | None = None
) -> int:
    """Run the node of the order, loaded already or not; return the exit code."""
    try:
        if loaded is None:
            loaded = load_node(order.entry)  # nothing is opened yet
        process_messages.send_message(connection, process_messages.Checked())
        if not isinstance(process_messages.receive_message(connection), process_messages.Go):
            return EXIT_OK  # the supervisor has closed the connection
        _set_scheduling(order)
        if not order.entry.bus:
            return _run_alone(order, connection, loaded)
        return _run_node(order, connection, loaded)
    except ConfigurationError as error:
        process_messages.send_message(connection, process_messages.Failed(str(error)))
        return EXIT_CONFIGURATION
    except Exception as error:
        _log("error", traceback.format_exc())
        last = traceback.format_exception_only(error)[-1].strip()
        process_messages.send_message(connection, process_messages.Failed(last[:MOST_TEXT]))
        return EXIT_FAILED


def _run_node(order: process_messages.Order, connection: socket.socket, loaded: LoadedNode) -> int:
    """Open the bus and run the node until it has stopped."""
    bus = _open_bus(order)

    def on_state(state: NodeState) -> None:
        if state is NodeState.READY:
            process_messages.send_message(connection, process_messages.Ready(bus.incarnation))

    bus.on_state(on_state)
    try:
        if loaded.is_asyncio:
            _run_in_asyncio(bus, loaded, order)
        else:
            node = loaded.build(bus)
            _settle_memory(order)
            bus.run()
            del node
    except PlaceError as error:
        raise ConfigurationError(f"{order.entry.node}: {error}") from error
    except OSError as error:
        if bus.state is NodeState.STARTING and error.errno in _CONFIGURED_WRONG:
            raise ConfigurationError(f"{order.entry.node}: {error}") from error
        raise
    finally:
        bus.close()
    return EXIT_OK


def _run_alone(order: process_messages.Order, connection: socket.socket, loaded: LoadedNode) -> int:
    """Run a process without a bus until it has ended."""
    is_ready = False

    def ready() -> None:
        nonlocal is_ready
        is_ready = True
        process_messages.send_message(connection, process_messages.Ready(NO_INCARNATION))

    gc.enable()
    try:
        loaded.module.run(loaded.parameters, Path(order.state_dir), ready)
    except OSError as error:
        if not is_ready and error.errno in _CONFIGURED_WRONG:
            raise ConfigurationError(f"{order.entry.node}: {error}") from error
        raise
    return EXIT_OK


def _run_in_asyncio(bus: ZmqBus, loaded: LoadedNode, order: process_messages.Order) -> None:
    """Run the node in its own event loop.

    asyncio.run would wait forever for a coroutine that ignores its cancellation, and for the thread
    that looks up a host's name.
    """
    import asyncio  # not needed by a blocking node

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_run_async(bus, loaded, order))
    finally:
        loop.close()


async def _run_async(bus: ZmqBus, loaded: LoadedNode, order: process_messages.Order) -> None:
    node = loaded.build(bus)
    _settle_memory(order)
    await bus.run_async()
    del node


def _settle_memory(order: process_messages.Order) -> None:
    """Exclude all present objects from garbage collection.

    A node with `realtime` runs without the collector, and its memory is never paged out.
    """
    gc.freeze()
    if not order.realtime:
        gc.enable()
        return
    try:
        lock_memory()
    except OSError as error:
        _log("info", f"realtime: locked memory is refused: {error.strerror}; it runs without")


def _open_bus(order: process_messages.Order) -> ZmqBus:
    """Take the name; wait a moment if a process that is ending still holds it."""
    place = Place(
        run_dir=Path(order.run_dir), state_dir=Path(order.state_dir), peers=frozenset(order.peers)
    )
    until = time.monotonic() + BUSY_NAME_S
    while True:
        try:
            return open_node(order.entry.node, place)
        except BusyError as error:
            if time.monotonic() >= until:
                raise ConfigurationError(str(error)) from error
            time.sleep(0.01)
        except OSError as error:
            if error.errno in _CONFIGURED_WRONG:
                raise ConfigurationError(f"{order.entry.node}: {error}") from error
            raise


def _set_scheduling(order: process_messages.Order) -> None:
    """Set processors and priority as in the plan; a refusal is logged, and not fatal."""
    policies = {
        "fifo": os.SCHED_FIFO,
        "rr": os.SCHED_RR,
        "batch": os.SCHED_BATCH,
        "idle": os.SCHED_IDLE,
    }
    policy, _, priority = order.scheduling.partition(":")
    requested: list[tuple[str, object, Callable[[], None]]] = [
        ("cpu", list(order.cpu), lambda: os.sched_setaffinity(0, order.cpu)),
        ("nice", order.nice, lambda: os.setpriority(os.PRIO_PROCESS, 0, order.nice)),
        (
            "scheduling",
            order.scheduling,
            lambda: os.sched_setscheduler(0, policies[policy], os.sched_param(int(priority or 0))),
        ),
    ]
    for key, value, grant in requested:
        if not value:
            continue
        try:
            grant()
        except OSError as error:
            _log("info", f"{key} = {value} is refused: {error.strerror}; it runs without")


def _log(level: str, text: str) -> None:
    """Write to the log in the form of the bus, before there is a bus."""
    mark = {"error": "<3>", "info": "<6>"}[level]
    lines = "".join(f"{mark}{line}\n" for line in text.splitlines())
    with contextlib.suppress(OSError):
        os.write(2, lines.encode())

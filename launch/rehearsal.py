"""A rehearsal of the bus before the forks, in a directory of its own: it saves memory.

A process that forks nodes opens a bus, sends itself a message, and closes the bus. What the first
use of the bus writes to memory (adapted bytecode, caches, tables of pyzmq) is then shared with the
nodes, and not written again by each. The context of ZeroMQ ends with the bus: no thread and no
descriptor is left, and no signal is handled.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bus.place import Place
from bus.run import ZmqBus, open_node
from msgs.launch import GraphStatus
from msgs.requests import StopReason
from msgs.topics import LAUNCH_GRAPH

NAME = "launch"  # the writer of the message; in its own directory it meets no supervisor
# Left before a bus is opened; assumed, one uses 16 to 19. Without one ZeroMQ ends its process.
LEAST_DESCRIPTORS = 32
MOST_S = 0.02  # assumed: the message takes 3 ms on an idle machine; the close is not bounded by it


def rehearse() -> bool:
    """Use a bus as a blocking node does; return whether the message came within 20 ms.

    An error is no failure of the start: without a rehearsal nodes only use more memory.
    """
    heard: list[GraphStatus] = []
    with contextlib.suppress(Exception), _bus(heard) as bus:
        until_ns = time.monotonic_ns() + int(MOST_S * 1e9)
        while not bus.stopped and time.monotonic_ns() < until_ns:
            bus.spin(until_ns)
    return bool(heard)


def rehearse_in_asyncio() -> bool:
    """Use a bus inside asyncio; see `rehearse`."""
    import asyncio  # only where a node needs it

    heard: list[GraphStatus] = []
    with contextlib.suppress(Exception), _bus(heard) as bus:
        bus.at(bus.clock.now_s() + MOST_S, lambda: bus.stop(StopReason.SHUTDOWN))
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(bus.run_async(signals=False))
        finally:
            loop.close()
    return bool(heard)


@contextlib.contextmanager
def _bus(heard: list[GraphStatus]) -> Iterator[ZmqBus]:
    """Yield a bus that stops when it has received its own message, and notes the message.

    :raises OSError: a bus cannot be opened here.
    """
    with contextlib.ExitStack() as opened:
        for _ in range(LEAST_DESCRIPTORS):
            opened.callback(os.close, os.eventfd(0, os.EFD_CLOEXEC))
    with tempfile.TemporaryDirectory(prefix="wallbox-") as folder:
        bus = open_node(NAME, Place(run_dir=Path(folder), state_dir=Path(folder)))

        def on_message(status: GraphStatus) -> None:
            heard.append(status)
            bus.stop(StopReason.SHUTDOWN)

        try:
            bus.subscribe(LAUNCH_GRAPH, on_message)
            bus.publish(LAUNCH_GRAPH, GraphStatus(plan=NAME, pid=os.getpid(), processes=()))
            yield bus
        finally:
            bus.close()

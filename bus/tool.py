"""A peer that subscribes and sends requests: the command line on the bus. No name, no lock."""

import os
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct

from bus.place import Place
from bus.run import ZmqBus
from bus.wire import Frame, FrameError, unpack
from msgs.method import TOOL_PREFIX, Method
from msgs.requests import Answer
from msgs.topics import NODES

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class Tool(ZmqBus):
    """Subscribes and sends requests like a node; it publishes and serves nothing."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._on_frame: Callable[[Frame], None] | None = None
        super().__init__(f"{TOOL_PREFIX}{os.getpid()}", place, None)

    def __enter__(self) -> "Tool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self,
        method: Method[A, R],
        arguments: A,
        timeout_s: float | None = None,
    ) -> Answer[R]:
        """Send a request to the method's server and wait for its answer."""
        answers: list[Answer[R]] = []
        self.request(method, arguments, answers.append, timeout_s=timeout_s)
        while not answers:
            self.spin(None)
        return answers[0]

    def tap(self, topics: Iterable[str] | None, on_frame: Callable[[Frame], None]) -> None:
        """Call back with every frame of some topics, or of all, undecoded.

        Writers are those of the table and all others with a socket in the run directory.
        """
        self._on_frame = on_frame
        bound = {path.stem for path in self._place.run_dir.glob("*.pub")}
        keys = [b""] if topics is None else [topic.encode() + b"\0" for topic in topics]
        for writer in sorted(bound | set(NODES)):
            for key in keys:
                self.wire.connect(writer, key, active=True)

    def accept(self, data: bytes, now_ns: int) -> bool:
        """Show a frame to the tap, if there is one; see `bus.peer.Peer.accept`."""
        if self._on_frame is not None:
            try:
                self._on_frame(unpack(data))
            except FrameError:
                self.count_drop()
        return super().accept(data, now_ns)

    def run_for(
        self, seconds: float | None = None, until: Callable[[], bool] | None = None
    ) -> bool:
        """Receive messages for a time [s], without end, or until a condition is true.

        Return whether the condition was true.
        """
        end_ns = None if seconds is None else time.monotonic_ns() + int(seconds * 1e9)
        while end_ns is None or time.monotonic_ns() < end_ns:
            if until is not None and until():
                return True
            self.spin(end_ns)
        return until is not None and until()


def open_tool(place: Place) -> Tool:
    """Open a tool on a graph's run directory."""
    return Tool(place)

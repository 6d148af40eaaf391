"""Slow work beside a node: one thread, in order, bounded; results come back through a wake-up."""

import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from bus.interface import BusError

R = TypeVar("R")

MOST_WAITING = 64


class Worker:
    """Runs work in one thread, made when first needed; `fd` is readable when some is done."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._work: SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = (
            SimpleQueue()
        )
        self._done: deque[Callable[[], None]] = deque()
        self._waiting = 0
        self._thread: threading.Thread | None = None

    def offload(self, work: Callable[[], R], done: Callable[[R | Exception], None]) -> None:
        """Queue a piece of work.

        :raises BusError: too many wait.
        """
        if self._waiting >= MOST_WAITING:
            raise BusError(f"{MOST_WAITING} pieces of work wait already")
        self._waiting += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="offload", daemon=True)
            self._thread.start()
        self._work.put((work, done))

    def collect(self) -> None:
        """Run `done` of everything that has finished; call it when `fd` is readable."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return
        while self._done:
            self._waiting -= 1
            self._done.popleft()()

    def close(self, is_orderly: bool) -> None:
        """Let the thread finish what waits, then end it; disorderly, the process's end does."""
        if self._thread is not None:
            self._work.put(None)
            if not is_orderly:
                return
            self._thread.join()
            self._thread = None
        os.close(self.fd)

    def _run(self) -> None:
        while (piece := self._work.get()) is not None:
            work, done = piece
            result: Any
            try:
                result = work()
            except Exception as error:
                result = error
            self._done.append(lambda done=done, result=result: done(result))  # type: ignore[misc]
            os.eventfd_write(self.fd, 1)

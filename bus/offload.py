"""Slow work beside a node, in order and bounded: in a thread, or under virtual time."""

import os
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from random import Random
from typing import Any, TypeVar

from bus.interface import BusError, Clock
from bus.timers import Schedule

R = TypeVar("R")

MOST_WAITING = 64
LEAST_NS, MOST_NS = 1_000_000, 20_000_000  # of virtual time; assumed: an idle and a busy SD card


class Worker:
    """Runs work in one thread, made at first use; `fd` is readable when some of it is done.

    Actions that other threads post come by the same descriptor.
    """

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._work: SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None] = (
            SimpleQueue()
        )
        self._done: deque[Callable[[], None]] = deque()
        self._waiting = 0
        self._open = threading.Lock()
        self._thread: threading.Thread | None = None

    def offload(self, work: Callable[[], R], done: Callable[[R | Exception], None]) -> None:
        """Queue a piece of work.

        :raises BusError: too many wait.
        """
        _check_room(self._waiting)
        self._waiting += 1
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="offload", daemon=True)
            self._thread.start()
        self._work.put((work, done))

    def post(self, action: Callable[[], None]) -> None:
        """Let `collect` run an action; any thread may call this, also after `close`."""
        with self._open:
            if self.fd >= 0:
                self._done.append(action)
                os.eventfd_write(self.fd, 1)

    def collect(self) -> None:
        """Run `done` of everything that has finished; call it when `fd` is readable."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return
        while self._done:
            self._done.popleft()()

    def _finish(self, done: Callable[[Any], None], result: object) -> None:
        self._waiting -= 1
        done(result)

    def close(self, is_orderly: bool) -> None:
        """End the thread after the waiting work; if not orderly, leave it to the process's end."""
        if self._thread is not None:
            self._work.put(None)
            if not is_orderly:
                return
            self._thread.join()
            self._thread = None
        with self._open:
            os.close(self.fd)
            self.fd = -1

    def _run(self) -> None:
        while (piece := self._work.get()) is not None:
            work, done = piece
            result = _outcome(work)
            self.post(partial(self._finish, done, result))


class VirtualWorker:
    """The same under virtual time: a piece takes 1 to 20 ms, and is done at a random time in it.

    So other events of the node fall before, during and after the work.
    """

    def __init__(self, clock: Clock, timers: Schedule, randomness: Callable[[str], Random]) -> None:
        """See `bus.interface.Bus.random` for `randomness`."""
        self._clock = clock
        self._timers = timers
        self._random = randomness
        self._work: deque[tuple[str, Callable[[], Any], Callable[[Any], None]]] = deque()
        self._waiting = 0

    def offload(
        self, name: str, work: Callable[[], R], done: Callable[[R | Exception], None]
    ) -> None:
        """Queue a piece of work.

        :raises BusError: too many wait.
        """
        _check_room(self._waiting)
        self._waiting += 1
        self._work.append((name, work, done))
        if self._waiting == 1:
            self._begin()

    def close(self) -> None:
        """Do the waiting work now, as the thread does when its process ends in order."""
        while self._work:
            _outcome(self._work.popleft()[1])

    def _begin(self) -> None:
        numbers = self._random(f"offload {self._work[0][0]}")
        now_ns = self._clock.now_ns()
        end_ns = now_ns + numbers.randint(LEAST_NS, MOST_NS)
        self._timers.add(numbers.randint(now_ns, end_ns), lambda: self._do(end_ns))

    def _do(self, end_ns: int) -> None:
        _, work, done = self._work.popleft()
        result = _outcome(work)
        self._timers.add(end_ns, lambda: self._finish(done, result))

    def _finish(self, done: Callable[[Any], None], result: object) -> None:
        self._waiting -= 1
        if self._work:
            self._begin()
        done(result)


def _check_room(waiting: int) -> None:
    if waiting >= MOST_WAITING:
        raise BusError(f"{MOST_WAITING} pieces of work wait already")


def _outcome(work: Callable[[], R]) -> R | Exception:
    """Do a piece of work; return its result, or the exception that it ended with."""
    try:
        return work()
    except Exception as error:
        return error

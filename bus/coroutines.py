"""The coroutines of one node: bounded, named when they fail, and cancelled when the node stops."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from bus.interface import BusError

R = TypeVar("R")

MOST_COROUTINES = 256  # assumed: a node has a few connections; more of them is a leak
END_S = 0.5  # until cancelled coroutines have ended; a node has 2 s to stop (launch/plan.py)


class SpawnedTask:
    """See `bus.interface.Spawned`."""

    def __init__(self, task: asyncio.Task[Any], name: str) -> None:
        self.task = task
        self.name = name
        self.is_cancelled = False

    def cancel(self) -> None:
        """See `bus.interface.Spawned.cancel`."""
        self.is_cancelled = True
        self.task.cancel()


class Coroutines:
    """Starts coroutines in the running loop, and ends them all."""

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        fail: Callable[[BaseException], None],
        log: Callable[[str, str], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """`post` runs an action as a callback of the node; `fail` ends the node with an error."""
        self._post = post
        self._fail = fail
        self._log = log
        self._is_stopped = is_stopped
        self._running: set[SpawnedTask] = set()
        self._is_ending = False
        self._late_errors: list[BaseException] = []  # of coroutines that were being cancelled

    def spawn(
        self, coroutine: Coroutine[Any, Any, R], done: Callable[[R], None] | None
    ) -> SpawnedTask:
        """See `bus.interface.Bus.spawn`."""
        name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        try:
            if self._is_ending:
                raise BusError(f"coroutine {name} is refused: the node has stopped")
            if len(self._running) >= MOST_COROUTINES:
                raise BusError(f"coroutine {name} is refused: {MOST_COROUTINES} run already")
            task = asyncio.get_running_loop().create_task(coroutine, name=name)
        except BaseException:
            coroutine.close()  # it was never begun
            raise
        spawned = SpawnedTask(task, name)
        self._running.add(spawned)
        task.add_done_callback(partial(self._over, spawned, done))
        return spawned

    async def end(self) -> None:
        """Cancel all, wait for them up to END_S, and log the names of those that still run.

        An exception of one of them is raised here.
        """
        self._is_ending = True
        for spawned in self._running:
            spawned.cancel()
        if self._running:
            await asyncio.wait([spawned.task for spawned in self._running], timeout=END_S)
        for spawned in self._running:
            self._log("error", f"coroutine {spawned.name} does not end within {END_S:g} s; left")
        if self._late_errors:
            raise self._late_errors[0]

    def _over(
        self, spawned: SpawnedTask, done: Callable[[Any], None] | None, task: asyncio.Task[Any]
    ) -> None:
        self._running.discard(spawned)
        if task.cancelled() and (spawned.is_cancelled or self._is_ending):
            return
        if task.cancelled():  # by the awaited task: the coroutine cannot continue
            error: BaseException | None = RuntimeError("cancelled, and not by the node")
        else:
            error = task.exception()
        if error is not None:
            self._log("error", f"coroutine {spawned.name} failed: {error!r}")
            if self._is_ending:
                self._late_errors.append(error)
            self._fail(error)
        elif done is not None:
            self._post(partial(self._deliver, spawned, done, task.result()))

    def _deliver(self, spawned: SpawnedTask, done: Callable[[Any], None], result: object) -> None:
        if not spawned.is_cancelled and not self._is_stopped():
            done(result)

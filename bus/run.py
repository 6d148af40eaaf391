"""A node's loop: blocking, or inside asyncio.

One round: all arrived messages are stored, then callbacks run, then requests, then deadlines. Both
loops run the same round.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar

from bus.boot import boot_id, was_utc_set
from bus.interface import ClockSetError, Looks, Spawned
from bus.lock import Lock
from bus.looks import TimerLooks
from bus.peer import Peer
from bus.place import Place
from bus.timers import Deadline, Timers
from bus.zeromq import MOST_BACKLOG, ZmqCarrier
from msgs.requests import StopReason

if TYPE_CHECKING:
    import asyncio  # 3 MB, which a blocking node does not need

    from bus.coroutines import Coroutines

R = TypeVar("R")

_RANDOM = SystemRandom()  # nodes make secrets with it

MOST_ROUNDS_A_WAKE = 20  # before asyncio's own callbacks run


class SystemClock:
    """See `bus.interface.Clock`: CLOCK_MONOTONIC and UTC of this machine."""

    now_ns = staticmethod(time.monotonic_ns)
    utc_ns = staticmethod(time.time_ns)

    def __init__(self) -> None:
        self._boot = boot_id()
        self._is_utc_set = False

    def now_s(self) -> float:
        """Return monotonic time [s], from the same counter as now_ns, so that both agree."""
        return time.monotonic_ns() / 1e9

    def boot(self) -> str:
        """See `bus.interface.Clock.boot`."""
        return self._boot

    def is_utc_set(self) -> bool:
        """See `bus.interface.Clock.is_utc_set`. Once it is set it stays so in this boot."""
        self._is_utc_set = self._is_utc_set or was_utc_set()
        return self._is_utc_set

    def set_utc(self, utc_ns: int) -> None:
        """See `bus.interface.Clock.set_utc`."""
        raise ClockSetError("it is the clock of this machine, which other programs have as well")


class ZmqBus(Peer):
    """A node's bus between processes, with the loop that drives it."""

    def __init__(self, name: str, place: Place, lock: Lock | None) -> None:
        self.wire = ZmqCarrier(name, place, serves=lock is not None)
        self.timers: Timers = Timers()
        self._lock = lock
        self._watched: dict[int, Callable[[], None]] = {}
        self._signals: dict[int, Callable[[], None]] = {}
        self._wakeup: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None
        self._coroutines: Coroutines | None = None
        self._in_round = False
        self._woken = False
        clock = SystemClock()
        super().__init__(
            node=name,
            incarnation=lock.incarnation if lock else 0,
            pid=os.getpid(),
            clock=clock,
            randomness=lambda purpose: _RANDOM,
            state_dir=place.state_dir,
            run_dir=place.run_dir,
            carrier=self.wire,
            timers=self.timers,
            looks=partial(TimerLooks, self.timers, clock),
        )
        self.watch(self.wire.worker.fd, self.wire.worker.collect)
        if lock is not None:
            self.begin()

    def watch(self, fd: int, on_readable: Callable[[], None]) -> None:
        """Call back whenever a file descriptor is readable."""
        self._watched[fd] = on_readable
        self.wire.epoll.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        """End the callbacks of a file descriptor, if any. Call it before closing the descriptor."""
        if self._watched.pop(fd, None) is not None:
            self.wire.epoll.unregister(fd)

    def on_signal(self, number: int, action: Callable[[], None]) -> None:
        """Run an action in the loop when a signal arrives."""
        self._signals[number] = action

    def run(self) -> None:
        """Run until the stop sequence is over, blocking."""
        self._catch_signals()
        while not self.stopped:
            self.spin(None)

    def spin(self, until_ns: int | None) -> None:
        """Wait for the next thing to do, at most until a time [monotonic ns], and do it."""
        due_ns = self.timers.next_ns()
        if until_ns is not None:
            due_ns = until_ns if due_ns is None else min(due_ns, until_ns)
        timeout_s = None if due_ns is None else max(0.0, (due_ns - time.monotonic_ns()) / 1e9)
        self._round(self.wire.wait(timeout_s))

    async def run_async(self, signals: bool = True) -> None:
        """Run until the stop sequence is over, inside asyncio, which watches the one epoll.

        Without `signals` no signal handlers are set. It returns, or raises, when the node's
        coroutines have ended as well, see `bus.interface.Bus.spawn`.
        """
        import asyncio

        self._loop = asyncio.get_running_loop()
        self.wire.on_touched = self._wake_soon
        if signals:
            self._catch_signals()
        self._ended = asyncio.get_running_loop().create_future()
        self._loop.add_reader(self.wire.epoll.fileno(), self._wake)
        try:
            self._wake()
            await self._ended
        finally:
            self._loop.remove_reader(self.wire.epoll.fileno())
            self.wire.on_touched = None
            self._loop = None
            if self._alarm is not None:
                self._alarm.cancel()
            if self._coroutines is not None:
                await self._coroutines.end()

    def close(self) -> None:
        """Close the sockets and release the name; a failed node does not wait for the disk."""
        is_orderly = self.stopped or self._lock is None
        self.wire.close(is_orderly)
        if is_orderly:  # else offloaded work may still use the open files
            self.close_owned()
        if self._lock is not None:
            self._lock.release()

    # --- the round -----------------------------------------------------------------------------

    def _round(self, ready: Collection[int]) -> None:
        """Run one round; `ready` are the readable descriptors."""
        wire = self.wire
        began_ns = time.monotonic_ns()
        if wire.passive is not None:
            wire.drain(wire.passive, self.accept, began_ns, MOST_BACKLOG)
        for fd in ready:
            if self.stopped:
                break
            if fd == wire.active_fd and wire.active is not None:
                wire.drain(wire.active, self.accept, began_ns, run=self.run_callbacks)
            elif fd in self._watched:
                self._watched[fd]()
            elif fd in wire.askers:
                wire.responses(wire.askers[fd], self.accept_response, began_ns)
            elif fd == wire.server_fd:
                wire.requests(self.accept_request)
            else:
                wire.resend_latched()
        # Later deadlines wait for the next round, so that messages are received in between.
        now_ns = time.monotonic_ns()
        while not self.stopped and self.timers.run_due(now_ns):
            pass
        if wire.drops:
            self.count_drop(wire.drops)
            wire.drops = 0
        self.times.add(time.monotonic_ns() - began_ns)

    def _wake(self) -> None:
        """Run rounds until no descriptor is ready, then set the alarm for the next deadline."""
        loop = self._loop
        if loop is None or self._in_round:
            return
        self._in_round = True
        self._woken = False
        try:
            for _ in range(MOST_ROUNDS_A_WAKE):
                ready = self.wire.wait(0.0)
                self._round(ready)
                if self.stopped or not (ready or self.wire.touched):
                    break
        except Exception as error:
            self._fail(error)
            return
        finally:
            self._in_round = False
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self.stopped:
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(None)
            return
        if self.wire.touched:
            self._wake_soon()  # asyncio's own callbacks first, then the rest
            return
        due_ns = self.timers.next_ns()
        if due_ns is not None:
            wait_s = max(0.0, (due_ns - time.monotonic_ns()) / 1e9)
            self._alarm = loop.call_later(wait_s, self._wake)

    def _fail(self, error: BaseException) -> None:
        """End the node, which the supervisor restarts; asyncio alone would only log the error."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(error)

    def _wake_soon(self) -> None:
        """Schedule a round after a callback of asyncio has used the bus."""
        if self._loop is not None and not self._in_round and not self._woken:
            self._woken = True
            self._loop.call_soon(self._wake)

    def at(self, when_s: float, action: Callable[[], None]) -> Deadline:
        """See `bus.interface.Bus.at`."""
        deadline = super().at(when_s, action)
        self._wake_soon()
        return deadline

    def every(self, period_s: float, action: Callable[[], None]) -> Deadline:
        """See `bus.interface.Bus.every`."""
        deadline = super().every(period_s, action)
        self._wake_soon()
        return deadline

    def look_each(self, period_s: float, look: Callable[[], None]) -> Looks:
        """See `bus.interface.Bus.look_each`."""
        looks = super().look_each(period_s, look)
        self._wake_soon()
        return looks

    def spawn(
        self, coroutine: Coroutine[Any, Any, R], done: Callable[[R], None] | None = None
    ) -> Spawned:
        """See `bus.interface.Bus.spawn`."""
        import asyncio

        from bus.coroutines import Coroutines

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return super().spawn(coroutine, done)
        if self._coroutines is None:
            self._coroutines = Coroutines(self.post, self._fail, self.log, lambda: self.stopped)
        return self._coroutines.spawn(coroutine, done)

    # --- signals -------------------------------------------------------------------------------

    def _catch_signals(self) -> None:
        """Handle signals in the loop; SIGTERM stops the node unless `on_signal` says otherwise."""
        self._signals.setdefault(signal.SIGTERM, lambda: self.stop(StopReason.SIGNAL))
        # Python's C handler writes the number to a socket: no signal is missed before the sleep.
        reading, wakeup = socket.socketpair(type=socket.SOCK_STREAM)
        for end in (reading, wakeup):
            end.setblocking(False)

        def act() -> None:
            for number in reading.recv(64):
                action = self._signals.get(number)
                if action is not None:
                    action()

        for number in self._signals:
            signal.signal(number, _leave_to_the_loop)
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        self._wakeup = wakeup
        self.watch(reading.fileno(), act)


def _leave_to_the_loop(number: int, frame: object) -> None:
    """Replace a signal's default action; its number reaches the loop by the wake-up socket."""


def open_node(name: str, place: Place) -> ZmqBus:
    """Take a node's name and bind its sockets.

    :raises BusyError: another process holds the name.
    """
    previous = os.umask(0o077)
    try:
        lock = Lock(place.run_dir / f"{name}.lock", name)
        try:
            return ZmqBus(name, place, lock)
        except BaseException:
            lock.release()
            raise
    finally:
        os.umask(previous)

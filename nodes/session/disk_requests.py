"""Requests of which a part blocks on the disk."""

from collections.abc import Callable
from typing import Any, TypeVar

from bus import Bus, Call
from bus.disk_words import not_changed
from bus.store import StoreError

MOST_WAITING = 16  # requests that wait for the disk
TOO_MANY = "Too many other requests wait for the disk."

R = TypeVar("R")


class DiskRequests:
    """Does the blocking part of each request; only a few may wait, so that no record is refused."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.waiting = 0

    def answer_later(
        self,
        name: str,
        call: Call[Any, Any],
        work: Callable[[], R],
        on_result: Callable[[R], None],
        failed: Callable[[str], str] = not_changed,
    ) -> None:
        """Do the work, then hand on its result; the request is refused if the disk fails.

        :param failed: makes the refusal of why the disk has failed.
        """
        if self.waiting >= MOST_WAITING:
            call.not_ready(TOO_MANY)
            return
        self.waiting += 1
        bus = self._bus

        def on_done(result: R | Exception) -> None:
            self.waiting -= 1
            if isinstance(result, StoreError):
                bus.log("error", str(result))
                call.refuse(failed(result.plain))
            elif isinstance(result, Exception):
                raise result
            else:
                on_result(result)

        bus.offload(name, work, on_done)

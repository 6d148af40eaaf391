"""What a node knows of its store: what is on the disk, what waits for it, what failed. Pure.

A node's machine queues a value by `queue`, gets the next one to write from `hand_out`, one at a
time, and notes by `settle` or `retry` how that ended. The shell writes by `Bus.offload`, and makes
the result an input with `written`.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from bus.store import StoreError
from msgs.units import Text

T = TypeVar("T")

RETRY_S = 5.0  # assumed: until a write that failed is tried again


class WriteResult(Struct, frozen=True, kw_only=True):
    """How the write under way ended."""

    problem: Text | None = None  # None: the value is on the disk


class WriteBehind(Struct, Generic[T], frozen=True, kw_only=True):
    """The values of one store."""

    stored: T | None = None  # the newest that is known to be on the disk
    writing: T | None = None
    waiting: tuple[T, ...] = ()  # oldest first
    problem: Text | None = None  # of the last write; None: it is on the disk
    retry_s: float = 0.0  # nothing is written before

    @property
    def is_idle(self) -> bool:
        """Return whether nothing is written or waits."""
        return self.writing is None and not self.waiting

    @property
    def newest(self) -> T | None:
        """Return what the disk will hold when nothing waits any more."""
        if self.waiting:
            return self.waiting[-1]
        return self.stored if self.writing is None else self.writing


def replaces_none(value: T, other: T) -> bool:
    """Return False: each value stands for itself."""
    return False


def replaces_all(value: T, other: T) -> bool:
    """Return True: the store holds one value, and the newest takes its place."""
    return True


def queue(
    store: WriteBehind[T], value: T, replaces: Callable[[T, T], bool] = replaces_none
) -> WriteBehind[T]:
    """Have a value written.

    :param replaces: whether the first value is a newer form of the second, which need not wait.
    """
    others = tuple(other for other in store.waiting if not replaces(value, other))
    return replace(store, waiting=(*others, value))


def hand_out(store: WriteBehind[T], moment: Moment) -> tuple[WriteBehind[T], T | None]:
    """Return the oldest value that waits, if it may be written now."""
    if store.writing is not None or not store.waiting or not moment.reached(store.retry_s):
        return store, None
    value = store.waiting[0]
    return replace(store, writing=value, waiting=store.waiting[1:]), value


def settle(store: WriteBehind[T], result: WriteResult) -> WriteBehind[T]:
    """Note how the write under way ended; one that failed is not tried again."""
    if store.writing is None:
        return store
    stored = store.stored if result.problem is not None else store.writing
    return replace(store, stored=stored, writing=None, problem=result.problem)


def retry(
    store: WriteBehind[T],
    result: WriteResult,
    now_s: float,
    replaces: Callable[[T, T], bool] = replaces_none,
) -> WriteBehind[T]:
    """Note how the write under way ended; one that failed is tried again after `RETRY_S`.

    A newer form of it that waits is written in its place.
    """
    value, store = store.writing, settle(store, result)
    if value is None or result.problem is None:
        return store
    waiting = store.waiting
    if not any(replaces(other, value) for other in waiting):
        waiting = (value, *waiting)
    return replace(store, waiting=waiting, retry_s=now_s + RETRY_S)


def write_result(result: Exception | None) -> WriteResult:
    """Return what came back from `Bus.offload` as an input.

    :raises Exception: it is an error of ours, and no refusal of the disk.
    """
    if result is None:
        return WriteResult()
    if isinstance(result, StoreError):
        return WriteResult(problem=str(result))
    raise result

"""The values of a node's store: on the disk, being written, waiting, or failed. Pure.

A node's machine queues a value by `queue`, gets the next one to write from `hand_out`, one at a
time, and takes the result by `settle` or `retry`. `node.py` writes in `Bus.offload`, and converts
the result to an input by `write_result`. A node that decides by whether its disk takes a value asks
for a proof by `hand_out_proof`: a write without a value, at its start and while the last write has
failed and nothing waits.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bus.moment import Moment
from bus.store import StoreError
from msgs.units import Text

T = TypeVar("T")

RETRY_S = 5.0  # assumed: until a failed write is tried again


class WriteResult(Struct, frozen=True, kw_only=True):
    """The result of the present write."""

    problem: Text | None = None  # for a person; None: the value is on the disk
    detail: Text = ""  # of the problem, for the log: the path, and the error of the system

    @property
    def logged(self) -> str:
        """Return the problem for the log."""
        return self.detail or self.problem or ""


class WriteBehind(Struct, Generic[T], frozen=True, kw_only=True):
    """The values of one store."""

    stored: T | None = None  # the newest that is known to be on the disk
    writing: T | None = None
    waiting: tuple[T, ...] = ()  # oldest first
    problem: Text | None = None  # of the last write, for a person; None: it is on the disk
    detail: Text = ""  # of the problem, for the log
    is_unproven: bool = False  # nothing was written since the start
    is_proving: bool = False  # a write without a value is under way
    retry_s: float = 0.0  # no write before this time

    @property
    def is_idle(self) -> bool:
        """Return whether no value is being written or waits."""
        return self.writing is None and not self.waiting

    @property
    def newest(self) -> T | None:
        """Return the value on the disk after all waiting writes."""
        if self.waiting:
            return self.waiting[-1]
        return self.stored if self.writing is None else self.writing


def replaces_none(value: T, other: T) -> bool:
    """Return False: each value is written."""
    return False


def replaces_all(value: T, other: T) -> bool:
    """Return True: the store has one value, and only the newest is written."""
    return True


def queue(
    store: WriteBehind[T], value: T, replaces: Callable[[T, T], bool] = replaces_none
) -> WriteBehind[T]:
    """Queue a value.

    :param replaces: whether the first value is a newer form of the second, which is then dropped.
    """
    others = tuple(other for other in store.waiting if not replaces(value, other))
    return replace(store, waiting=(*others, value))


def hand_out(store: WriteBehind[T], moment: Moment) -> tuple[WriteBehind[T], T | None]:
    """Return the oldest waiting value, if it may be written now."""
    if store.writing is not None or store.is_proving or not store.waiting:
        return store, None
    if not moment.reached(store.retry_s):
        return store, None
    value = store.waiting[0]
    return replace(store, writing=value, waiting=store.waiting[1:]), value


def hand_out_proof(store: WriteBehind[T], moment: Moment) -> tuple[WriteBehind[T], bool]:
    """Return whether to write without a value now, to find out whether the disk takes one.

    Its result is taken by `retry`.
    """
    is_wanted = store.is_unproven or store.problem is not None
    if not is_wanted or not store.is_idle or store.is_proving or not moment.reached(store.retry_s):
        return store, False
    return replace(store, is_proving=True), True


def settle(store: WriteBehind[T], result: WriteResult) -> WriteBehind[T]:
    """Take the result of the present write; a failed one is not tried again."""
    if store.writing is None:
        return store
    stored = store.stored if result.problem is not None else store.writing
    return replace(
        store,
        stored=stored,
        writing=None,
        problem=result.problem,
        detail=result.detail,
        is_unproven=False,
    )


def retry(
    store: WriteBehind[T],
    result: WriteResult,
    now_s: float,
    replaces: Callable[[T, T], bool] = replaces_none,
) -> WriteBehind[T]:
    """Take the result of the present write; a failed one is tried again after `RETRY_S`.

    A waiting newer form of it is written instead.
    """
    if store.is_proving:
        retry_s = store.retry_s if result.problem is None else now_s + RETRY_S
        return replace(
            store,
            is_proving=False,
            is_unproven=False,
            problem=result.problem,
            detail=result.detail,
            retry_s=retry_s,
        )
    value, store = store.writing, settle(store, result)
    if value is None or result.problem is None:
        return store
    waiting = store.waiting
    if not any(replaces(other, value) for other in waiting):
        waiting = (value, *waiting)
    return replace(store, waiting=waiting, retry_s=now_s + RETRY_S)


def write_result(result: Exception | None) -> WriteResult:
    """Return the result of `Bus.offload` as an input.

    :raises Exception: a bug, not an error of the disk.
    """
    if result is None:
        return WriteResult()
    if isinstance(result, StoreError):
        return WriteResult(problem=result.plain, detail=str(result))
    raise result

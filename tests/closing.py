"""What a test opens is closed when the test is over."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol, TypeVar

_opened = ExitStack()


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


def closed_at_end(opened: C) -> C:
    """Have something closed when the test that runs is over, the newest first."""
    at_end(opened.close)
    return opened


def at_end(close: Callable[[], None]) -> None:
    """Have something done when the test that runs is over, the newest first."""
    _opened.callback(close)


def close_all() -> None:
    _opened.close()

"""What the pages need of the box behind them. The node provides it; nothing here knows a bus."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from msgspec import Struct

from msgs.label import Label
from msgs.methods import Method
from msgs.requests import Answer
from web.curve import Curve

A = TypeVar("A", bound=Struct)


class SilentError(Exception):
    """Raised when the box does not answer the page in time."""


class Box(Protocol):
    """The running box. Its methods are called by the server's threads, and may take a moment."""

    def now_s(self) -> float:
        """Return monotonic time [s]."""

    def random(self, count: int) -> bytes:
        """Return bytes that nobody can guess."""

    def tell(self, level: str, text: str) -> None:
        """Write a line to the log: "info", "warning" or "error"."""

    def live(self) -> bytes:
        """Return what is now, a `web.live.Live` as JSON.

        :raises SilentError: nobody answers.
        """

    def curve(self) -> Curve:
        """Return the power of the running session, or of the last one."""

    def act(self, act: Method[A, None], arguments: A) -> Answer[None]:
        """Have the simulated world do something; wait for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What does not change while the server runs."""

    label: Label
    names: frozenset[str]  # by which it may be reached beside its addresses, in small letters
    is_simulation: bool
    port: int  # tells the cookies of several boxes on one machine apart

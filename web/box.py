"""The box as the pages use it. The node implements it; this package does not use the bus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from msgspec import Struct

from msgs.label import Label
from msgs.method import Method
from msgs.requests import Answer
from web.curve import Curve
from web.hosts import KnownNames
from web.metrics.values import MetricsSnapshot
from web.page_snapshot import PageSnapshot

A = TypeVar("A", bound=Struct)
R = TypeVar("R")


class SilentError(Exception):
    """Raised when the box does not answer the page in time."""


class Box(Protocol):
    """The running box. Its methods are called by the server's threads, and may take a moment."""

    def now_s(self) -> float:
        """Return monotonic time [s]."""

    def random(self, count: int) -> bytes:
        """Return random bytes for a secret."""

    def log(self, level: str, text: str) -> None:
        """Write a line to the log: "info", "warning" or "error"."""

    def known_names(self) -> KnownNames:
        """Return the names by which the page may be reached now; quick."""

    def live(self) -> bytes:
        """Return the present values, a `web.live.Live` as JSON.

        :raises SilentError: the node does not answer.
        """

    def snapshot(self) -> PageSnapshot:
        """Return the newest messages with their ages.

        :raises SilentError: the node does not answer.
        """

    def serves_metrics(self) -> bool:
        """Return whether the owner has switched on the metrics; quick."""

    def metrics(self) -> MetricsSnapshot:
        """Return the newest messages, and the heartbeats of all nodes.

        :raises SilentError: the node does not answer.
        """

    def curve(self) -> Curve:
        """Return the power of the running session, or of the last one."""

    def ask(self, method: Method[A, R], arguments: A) -> Answer[R]:
        """Send a request to the node that serves it; wait for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What does not change while the server runs."""

    label: Label
    is_simulation: bool
    port: int  # in the cookies' names: several boxes may run on one machine
    # Returns the title of each known meter map, by the name that settings have.
    meter_maps: Callable[[], Mapping[str, str]] = dict
    # By which the page is announced in the home network, as wallbox-1a2b3c.local; "": by none.
    announced_name: str = ""

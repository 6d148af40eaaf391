"""Modbus servers, one read at a time: the seam between a meter's map and the way to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bus import Driver

NONSENSE = "answered something else than what was asked for"
"""What every transport says of an answer that cannot be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadError:
    """Why a read brought no registers, in words for a person."""

    text: str


Result = Sequence[int] | ReadError
"""As many registers as were asked for, or why not."""

Done = Callable[[Result], None]


class Transport(Protocol):
    """A way to one Modbus server. Connects by itself, again after every loss."""

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        """Read registers with function 3 or 4.

        `done` runs exactly once, as a callback of the node, later than this call returns. A read
        asked for while another is under way waits for its turn.
        """

    def close(self) -> None:
        """Give the connection up. Reads that are still open may never be done."""


class Modbus(Driver, Protocol):
    """The ways to Modbus servers. `shutdown` and `handover` close every transport."""

    def connect(self, host: str, port: int) -> Transport:
        """Return the way to a server; nothing is connected before the first read."""

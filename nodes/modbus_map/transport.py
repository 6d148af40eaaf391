"""Modbus servers, one read at a time: the seam between a meter's map and the way to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bus import Driver
from nodes.modbus_map.blocks import Block

NONSENSE = "answered something else than what was asked for"
"""What every transport says of an answer that cannot be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadError:
    """Why a read brought no registers, in words for a person."""

    text: str


Result = Sequence[int] | ReadError
"""As many registers as were asked for, or why not."""

Done = Callable[[Result], None]

AllDone = Callable[[Mapping[int, int] | ReadError], None]
"""Takes the registers of several reads by address, or the first error and no more."""


class Transport(Protocol):
    """A way to one Modbus server. Connects by itself, again after every loss."""

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """Read blocks of registers with function 3 or 4, one after the other.

        `done` runs exactly once, as a callback of the node, later than this call returns. What is
        asked for while another read is under way waits for its turn.
        """

    def close(self) -> None:
        """Give the connection up. Reads that are still open may never be done."""


class Modbus(Driver, Protocol):
    """The ways to Modbus servers. `shutdown` and `handover` close every transport."""

    def connect(self, host: str, port: int) -> Transport:
        """Return the way to a server; nothing is connected before the first read."""

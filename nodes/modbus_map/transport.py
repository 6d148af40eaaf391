"""Reads from Modbus servers, one at a time: the Protocol of the drivers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bus import Driver
from nodes.modbus_map.blocks import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadError:
    """Why a read returned no registers, as text for a person."""

    text: str
    is_refused: bool = False  # the meter has answered that it has no such registers


Result = Sequence[int] | ReadError
"""As many registers as were requested, or the error."""

Done = Callable[[Result], None]

AllDone = Callable[[Mapping[int, int] | ReadError], None]
"""Takes the registers of several reads by address, or only the first error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The addresses of hosts, and the networks that the box itself is in."""

    addresses: Mapping[str, Sequence[str]]  # by host; without a host that is not known
    networks: Sequence[str]  # where meters may be, as "192.168.1.0/24"
    own: Sequence[str] = field(default=())  # addresses of the box: no meter's
    problem: str = ""  # why networks and own addresses are not known, as text for a person


class BlockReader(Protocol):
    """Reads from one Modbus server."""

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """Read blocks of registers with function 3 or 4, one after the other.

        A refused block that is optional is left out of the registers. `done` runs exactly once,
        as a callback of the node, after this call has returned. Reads
        that are requested while another one is running wait for their turn.
        """


class Transport(BlockReader, Protocol):
    """The connection to one Modbus server. Connects by itself, again after every loss."""

    def try_block(self, function: int, unit: int, block: Block, done: Done) -> None:
        """Read one block for a test, in turn with all other reads.

        As `read_all`, but no answer in time leaves the connection open for the other reads: the
        unit may be one that is not there.
        """

    def close(self) -> None:
        """Close the connection. `done` of unfinished reads may never run."""


class Modbus(Driver, Protocol):
    """Makes transports to Modbus servers. `shutdown` and `handover` close every transport."""

    def connect(self, host: str, port: int) -> Transport:
        """Return the transport to a server; it connects at the first read."""

    def locate(self, hosts: Sequence[str], done: Callable[[Located], None]) -> None:
        """Find the addresses of hosts, and the box's own networks.

        `done` runs once, as a callback of the node, after this call has returned. A name may take
        as long as the resolver waits.
        """

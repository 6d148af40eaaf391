"""A transport whose reads are carried out one at a time; and the text of a refusal."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bus import Bus, Spawned
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.exceptions import EXCEPTIONS, REFUSALS
from nodes.modbus_map.poll import read_each
from nodes.modbus_map.transport import AllDone, Done, ReadError, Result


@dataclass(frozen=True, slots=True)
class Read:
    """Registers to read."""

    function: int  # 3 or 4
    address: int
    count: int
    unit: int
    is_test: bool = False  # no answer in time must not end the connection, see `try_block`


class TransportInTurn(ABC):
    """See `transport.Transport`. Each read is carried out by a coroutine of the node, in turn."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[tuple[Read, Done]] = deque()
        self._running: Spawned | None = None

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        """Read registers; a read waits for its turn while another one is running."""
        self._add(Read(function, address, count, unit), done)

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """See `transport.BlockReader.read_all`."""
        read_each(self.read, function, unit, blocks, done)

    def try_block(self, function: int, unit: int, block: Block, done: Done) -> None:
        """See `transport.Transport.try_block`."""
        self._add(Read(function, block.address, block.count, unit, is_test=True), done)

    def close(self) -> None:
        """See `transport.Transport.close`. `done` of no read runs any more."""
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._disconnect()

    @abstractmethod
    async def _carry_out(self, read: Read) -> Result:
        """Read now, on the open connection or on a new one."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Close the connection, if it is open."""

    def _add(self, read: Read, done: Done) -> None:
        self._waiting.append((read, done))
        if self._running is None:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            read, done = self._waiting.popleft()
            self._running = self._bus.spawn(self._carry_out(read), partial(self._finish, done))

    def _finish(self, done: Done, result: Result) -> None:
        self._running = None
        self._next()
        done(result)


def refusal(read: Read, exception: int) -> ReadError:
    """Return what a meter's exception to a read means."""
    text = f"refused to read {read.count} registers from {read.address}"
    return ReadError(
        text=f"{text}: {EXCEPTIONS.get(exception, 'unknown')} (exception {exception})",
        is_refused=exception in REFUSALS,
    )

"""Several reads of a meter, one after the other."""

from collections.abc import Callable, Sequence

from nodes.modbus_map.blocks import Block
from nodes.modbus_map.transport import AllDone, Done, ReadError, Result

Read = Callable[[int, int, int, int, Done], None]
"""Reads registers: function, address, count, unit, and the callback for the result."""


def read_each(read: Read, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
    """Read all blocks; see `transport.Transport.read_all`."""
    registers: dict[int, int] = {}

    def go_on(index: int) -> None:
        block = blocks[index]

        def took(result: Result) -> None:
            if isinstance(result, ReadError):
                done(result)
                return
            registers.update(
                zip(range(block.address, block.address + block.count), result, strict=True)
            )
            if index + 1 < len(blocks):
                go_on(index + 1)
            else:
                done(registers)

        read(function, block.address, block.count, unit, took)

    go_on(0)

"""One poll: all blocks of a meter, one after the other."""

from collections.abc import Callable, Mapping, Sequence

from nodes.modbus_map.blocks import Block
from nodes.modbus_map.transport import ReadError, Result, Transport

PollDone = Callable[[Mapping[int, int] | ReadError], None]


def poll(
    transport: Transport, function: int, unit: int, blocks: Sequence[Block], done: PollDone
) -> None:
    """Read all blocks; `done` gets the registers by address, or the first error and no more."""
    registers: dict[int, int] = {}

    def read(index: int) -> None:
        block = blocks[index]

        def took(result: Result) -> None:
            if isinstance(result, ReadError):
                done(result)
                return
            registers.update(
                zip(range(block.address, block.address + block.count), result, strict=True)
            )
            if index + 1 < len(blocks):
                read(index + 1)
            else:
                done(registers)

        transport.read(function, block.address, block.count, unit, took)

    read(0)

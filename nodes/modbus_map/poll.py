"""Several reads of a meter, one after the other."""

from collections.abc import Callable, Mapping, Sequence

from nodes.modbus_map.blocks import Block
from nodes.modbus_map.chain import NoModelError, at_base, search
from nodes.modbus_map.meter_map import MeterMap
from nodes.modbus_map.transport import AllDone, BlockReader, Done, ReadError, Result

Read = Callable[[int, int, int, int, Done], None]
"""Reads registers: function, address, count, unit, and the callback for the result."""


def read_each(read: Read, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
    """Read all blocks; see `transport.BlockReader.read_all`."""
    registers: dict[int, int] = {}

    def go_on(index: int) -> None:
        block = blocks[index]

        def took(result: Result) -> None:
            if isinstance(result, ReadError):
                if not (block.optional and result.is_refused):
                    done(result)
                    return
            else:
                registers.update(
                    zip(range(block.address, block.address + block.count), result, strict=True)
                )
            if index + 1 < len(blocks):
                go_on(index + 1)
            else:
                done(registers)

        read(function, block.address, block.count, unit, took)

    go_on(0)


def find_model(
    transport: BlockReader,
    meter_map: MeterMap,
    unit: int,
    done: Callable[[MeterMap | ReadError], None],
) -> None:
    """Read the chain of a meter until its model is found, and return the map with addresses.

    `done` runs exactly once, as a callback of the node, after this call has returned.
    """
    registers: dict[int, int] = {}
    refused: set[int] = set()
    chain = meter_map.chain
    if chain is None:
        raise ValueError(f"{meter_map.title} has no chain")

    def go_on(block: Block) -> None:
        def took(result: Mapping[int, int] | ReadError) -> None:
            if not isinstance(result, ReadError):
                registers.update(result)
            elif result.is_refused:
                refused.add(block.address)
            else:
                done(result)
                return
            try:
                found = search(chain, registers, refused)
            except NoModelError as error:
                done(ReadError(text=str(error)))
                return
            if isinstance(found, Block):
                go_on(found)
            else:
                done(at_base(meter_map, found))

        transport.read_all(meter_map.function, unit, [block], took)

    go_on(Block(chain.starts[0], 2))

"""The requests that read all values of a meter, within the meter's limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from nodes.modbus_map.kinds import WIDTHS
from nodes.modbus_map.meter_map import MeterMap, terms_of


@dataclass(frozen=True, slots=True)
class Block:
    """One request: the first register and how many."""

    address: int
    count: int


def plan_blocks(meter_map: MeterMap) -> tuple[Block, ...]:
    """Return the requests by rising address; each number is inside one of them.

    A request crosses gaps of at most `max_gap` registers and has at most `max_registers`.
    """
    spans = sorted({(term.at, term.at + WIDTHS[term.kind]) for _, term in terms_of(meter_map)})
    joined: list[list[int]] = []
    for begin, end in spans:
        if joined:
            last = joined[-1]
            if begin - last[1] <= meter_map.max_gap and end - last[0] <= meter_map.max_registers:
                last[1] = max(last[1], end)
                continue
        joined.append([begin, end])
    return tuple(Block(begin, end - begin) for begin, end in joined)


def contains(blocks: Sequence[Block], address: int, count: int) -> bool:
    """Return whether all registers of a request lie within one of the blocks."""
    return any(
        block.address <= address and address + count <= block.address + block.count
        for block in blocks
    )

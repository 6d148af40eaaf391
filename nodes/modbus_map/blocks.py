"""The requests that read all values of a meter, within the meter's limits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nodes.modbus_map.meter_map import REQUIRED, MeterMap, span_of, terms_of

Span = tuple[int, int]
"""The first register, and the one after the last."""


@dataclass(frozen=True, slots=True)
class Block:
    """One request: the first register and how many."""

    address: int
    count: int
    optional: bool = False  # if the meter refuses it, only its own values are missing


def plan_blocks(meter_map: MeterMap) -> tuple[Block, ...]:
    """Return the requests by rising address; each number is inside one of them.

    A request begins and ends with a number, crosses gaps of at most `max_gap` registers and has at
    most `max_registers`. No register that is only for an optional value makes a request longer that
    a required one needs: a meter that lacks it might refuse all.
    """
    constants = [(constant.at, constant.at + 1) for constant in meter_map.constants]
    spans = [(key in REQUIRED, span_of(term)) for key, term in terms_of(meter_map)]
    required = _joined(meter_map, [*constants, *(span for needed, span in spans if needed)])
    others = [
        (begin, end)
        for needed, (begin, end) in spans
        if not needed and not any(first <= begin and end <= last for first, last in required)
    ]
    blocks = [Block(begin, end - begin) for begin, end in required]
    blocks += [Block(begin, end - begin, True) for begin, end in _joined(meter_map, others)]
    return tuple(sorted(blocks, key=lambda block: block.address))


def contains(blocks: Sequence[Block], address: int, count: int) -> bool:
    """Return whether all registers of a request lie within one of the blocks."""
    return any(
        block.address <= address and address + count <= block.address + block.count
        for block in blocks
    )


def _joined(meter_map: MeterMap, spans: Iterable[Span]) -> list[Span]:
    """Return as few spans as the meter allows that contain all these."""
    joined: list[Span] = []
    for begin, end in sorted(set(spans)):
        if joined:
            first, last = joined[-1]
            if begin - last <= meter_map.max_gap and (
                max(end, last) - first <= meter_map.max_registers
            ):
                joined[-1] = (first, max(end, last))
                continue
        joined.append((begin, end))
    return joined

"""A meter as its Modbus server answers for it: pure, the same over TCP and over the bus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodes.modbus_map.blocks import holds, plan_blocks
from nodes.modbus_map.codec import Values, encode
from nodes.modbus_map.meter_map import MeterMap

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
GATEWAY_NO_RESPONSE = 11

# Modbus Application Protocol V1.1b3, 7.
EXCEPTIONS = {
    ILLEGAL_FUNCTION: "illegal function",
    ILLEGAL_ADDRESS: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    GATEWAY_NO_RESPONSE: "gateway target device failed to respond",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One meter behind a server: its map, and where its values come from when it is read."""

    meter_map: MeterMap
    values: Callable[[], Values]


Banks = Mapping[int, Bank]
"""The meters behind one server, by unit."""


def answer(banks: Banks, unit: int, function: int, address: int, count: int) -> list[int] | int:
    """Return the registers that are asked for, or the number of a Modbus exception.

    A meter knows the registers that its own map reads, and answers 0 in the gaps between them.
    """
    bank = banks.get(unit)
    if bank is None:
        return GATEWAY_NO_RESPONSE
    if function != bank.meter_map.function:
        return ILLEGAL_FUNCTION
    if not holds(plan_blocks(bank.meter_map), address, count):
        return ILLEGAL_ADDRESS
    registers = encode(bank.meter_map, bank.values())
    return [registers.get(address + offset, 0) for offset in range(count)]

"""The registers of a meter as its Modbus server answers: pure, the same over TCP and the bus."""

from collections.abc import Callable, Mapping, Sequence

from nodes.modbus_map.blocks import contains, plan_blocks
from nodes.modbus_map.codec import Codec, Registers, Values
from nodes.modbus_map.meter_map import MeterMap

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
GATEWAY_NO_RESPONSE = 11

# Modbus Application Protocol V1.1b3, 7.
EXCEPTIONS = {
    ILLEGAL_FUNCTION: "illegal function",
    ILLEGAL_ADDRESS: "illegal data address",
    ILLEGAL_VALUE: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    GATEWAY_NO_RESPONSE: "gateway target device failed to respond",
}


class Bank:
    """One meter of a server: its map, and the function that gives its values."""

    def __init__(self, *, meter_map: MeterMap, values: Callable[[], Values]) -> None:
        self.meter_map = meter_map
        self.blocks = plan_blocks(meter_map)
        self._codec = Codec(meter_map)
        self._values = values

    def registers(self) -> Registers:
        """Return the meter's registers as they are now."""
        return self._codec.encode(self._values())


Banks = Mapping[int, Bank]
"""The meters of one server, by unit."""


def answer(
    banks: Banks, unit: int, function: int, blocks: Sequence[tuple[int, int]]
) -> list[int] | int:
    """Return the registers of several reads, given by address and count.

    Return the number of a Modbus exception if one of them fails. A meter has the registers of its
    map; unused registers between them are 0.
    """
    bank = banks.get(unit)
    if bank is None:
        return GATEWAY_NO_RESPONSE
    if function != bank.meter_map.function:
        return ILLEGAL_FUNCTION
    if not all(contains(bank.blocks, address, count) for address, count in blocks):
        return ILLEGAL_ADDRESS
    registers = bank.registers()
    return [
        registers.get(place, 0)
        for address, count in blocks
        for place in range(address, address + count)
    ]

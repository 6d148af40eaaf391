"""A meter as its Modbus server answers for it: pure, the same over TCP and over the bus."""

from collections.abc import Callable, Mapping

from nodes.modbus_map.blocks import holds, plan_blocks
from nodes.modbus_map.codec import Values, encode
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
    """One meter behind a server: its map, and where its values come from when it is read.

    A poll is several reads, and the values are the same in most of them: they are encoded once.
    """

    def __init__(self, *, meter_map: MeterMap, values: Callable[[], Values]) -> None:
        self.meter_map = meter_map
        self.blocks = plan_blocks(meter_map)
        self._values = values
        self._encoded: Values | None = None
        self._registers: dict[int, int] = {}

    def registers(self) -> dict[int, int]:
        """Return what the meter's registers hold now."""
        values = self._values()
        if values != self._encoded:
            self._encoded, self._registers = values, encode(self.meter_map, values)
        return self._registers


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
    if not holds(bank.blocks, address, count):
        return ILLEGAL_ADDRESS
    registers = bank.registers()
    return [registers.get(address + offset, 0) for offset in range(count)]

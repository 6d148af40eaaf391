"""The registers of a meter as its Modbus server answers: pure, the same over TCP and the bus."""

from collections.abc import Callable, Mapping, Sequence

from nodes.modbus_map.blocks import Block, contains, plan_blocks
from nodes.modbus_map.chain import simulated
from nodes.modbus_map.codec import Codec, Registers, Values
from nodes.modbus_map.exceptions import (
    GATEWAY_NO_RESPONSE,
    ILLEGAL_ADDRESS,
    ILLEGAL_FUNCTION,
)
from nodes.modbus_map.kinds import words_of
from nodes.modbus_map.meter_map import MeterMap, RegisterTerm


class Bank:
    """One meter of a server: its map, and the functions that give its values.

    A map with a chain needs the ID of its model; 0 is the first one of the map.
    """

    def __init__(
        self,
        *,
        meter_map: MeterMap,
        values: Callable[[], Values],
        frequency_hz: Callable[[], float] = lambda: 0.0,
        model: int = 0,
    ) -> None:
        if meter_map.chain is not None:
            meter_map = simulated(meter_map, model)
        self._meter_map = meter_map
        self._codec = Codec(meter_map)
        self._values = values
        self._frequency_hz = frequency_hz
        server = meter_map.server
        if server is None:
            self.functions: Sequence[int] = (meter_map.function,)
            self.ranges: Sequence[Block] = plan_blocks(meter_map)
            self._frequency_terms: Sequence[RegisterTerm] = ()
        else:
            self.functions = server.functions
            self.ranges = [Block(first, last - first + 1) for first, last in server.ranges]
            self._frequency_terms = server.frequency_hz

    def registers(self) -> Registers:
        """Return the meter's registers as they are now."""
        registers = self._codec.encode(self._values())
        if not self._frequency_terms:
            return registers
        frequency_hz, more = self._frequency_hz(), dict(registers)
        for term in self._frequency_terms:
            words = words_of(frequency_hz / term.scale, term.kind, self._meter_map.word_order)
            more.update(enumerate(words, term.at))
        return more


Banks = Mapping[int, Bank]
"""The meters of one server, by unit."""


def answer(
    banks: Banks, unit: int, function: int, blocks: Sequence[tuple[int, int]]
) -> list[int] | int:
    """Return the registers of several reads, given by address and count.

    Return the number of a Modbus exception if one of them fails. A meter has the registers of its
    map, and of the ranges that the map's server answers; those without a value are 0.
    """
    bank = banks.get(unit)
    if bank is None:
        return GATEWAY_NO_RESPONSE
    if function not in bank.functions:
        return ILLEGAL_FUNCTION
    if not all(contains(bank.ranges, address, count) for address, count in blocks):
        return ILLEGAL_ADDRESS
    registers = bank.registers()
    return [
        registers.get(place, 0)
        for address, count in blocks
        for place in range(address, address + count)
    ]

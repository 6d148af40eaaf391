"""The shift registers of the board: three 74HC165 on SPI, shared with led for its touch key."""

from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from nodes.board.hc165 import Hc165
from nodes.board.io import RASPBERRY, open_io
from nodes.board.opening import SpiPlace, open_link
from nodes.board.reference import SWITCHES_SPI
from nodes.board.spi_link import ChipError
from nodes.safety.shift_register import ShiftRegister, ShiftRegisterReading


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the registers are."""

    io: str = RASPBERRY
    spi: SpiPlace = SWITCHES_SPI
    clock_hz: Annotated[int, Meta(ge=10_000, le=4_000_000)] = 1_000_000


class BoardShiftRegister(ShiftRegister):
    """See `nodes.safety.shift_register.ShiftRegister`."""

    def __init__(self, registers: Hc165) -> None:
        self._registers = registers

    def read(self) -> ShiftRegisterReading | None:
        """See `nodes.safety.shift_register.ShiftRegister.read`; None if this read has failed."""
        try:
            bits = self._registers.read()
        except ChipError:
            return None
        return ShiftRegisterReading(
            dip1=bits.dip1,
            dip2=bits.dip2,
            overtemperature=bits.overtemperature,
            external_closed=bits.external_closed,
        )


def open(bus: Bus, parameters: Parameters) -> ShiftRegister:
    """Open the shift registers."""
    io = open_io(parameters.io, bus)
    link = open_link(io, parameters.spi, mode=0, clock_hz=parameters.clock_hz)
    return BoardShiftRegister(Hc165(link))

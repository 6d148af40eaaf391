"""The shift registers of the board: three 74HC165 on SPI, shared with led for its touch key.

Beside the switches they have what the hardware itself says of its protection. Without a well supply
there is no reading; an earth monitor that is not well is a missing earth, whatever the converter
measures; and a trip of the residual-current monitor that the gates before the coil do not see is no
answer to its self-test.
"""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from bus import Bus
from nodes.board.hc165 import MODE, Hc165
from nodes.board.io import RASPBERRY, open_io
from nodes.board.opening import SpiPlace, open_link
from nodes.board.reference import SWITCHES_SPI
from nodes.board.spi_link import ChipError
from nodes.safety.shift_register import ShiftRegister, ShiftRegisterReading

HOLD_S = 0.05  # of the Protocol


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the registers are."""

    io: str = RASPBERRY
    spi: SpiPlace = SWITCHES_SPI
    clock_hz: Annotated[int, Meta(ge=10_000, le=4_000_000)] = 1_000_000


class BoardShiftRegister(ShiftRegister):
    """See `nodes.safety.shift_register.ShiftRegister`."""

    def __init__(self, now_s: Callable[[], float], registers: Hc165) -> None:
        self._now_s = now_s
        self._registers = registers
        self._reading: ShiftRegisterReading | None = None
        self._read_s = 0.0

    def read(self) -> ShiftRegisterReading | None:
        """See `nodes.safety.shift_register.ShiftRegister.read`."""
        now_s = self._now_s()
        try:
            bits = self._registers.read()
        except ChipError:
            if now_s > self._read_s + HOLD_S:
                self._reading = None
            return self._reading
        self._read_s = now_s
        self._reading = (
            ShiftRegisterReading(
                dip1=bits.dip1,
                dip2=bits.dip2,
                overtemperature=bits.overtemperature,
                external_closed=bits.external_closed,
                monitor_cuts=not bits.residual_ok,
                earth_ok=bits.earth_ok,
            )
            if bits.supply_ok
            else None
        )
        return self._reading

    def due_s(self) -> float:
        """See `bus.Driver.due_s`. A reading becomes too old by itself."""
        return 0.0


def open(bus: Bus, parameters: Parameters) -> ShiftRegister:
    """Open the shift registers."""
    io = open_io(parameters.io, bus)
    link = open_link(io, parameters.spi, mode=MODE, clock_hz=parameters.clock_hz)
    return BoardShiftRegister(bus.clock.now_s, Hc165(link))

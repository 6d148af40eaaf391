"""Three 74HC165 shift registers in a row: both DIP switches and eight single bits.

The chip select loads all inputs at once; the clocks then shift them out, input H of the first
register first. Four bytes are read for three registers. The serial input of the last one is tied to
0 and comes as the fourth byte, and the bit before it is tied to 1. So these two show whether all
24 stages were shifted through:

- the line is stuck at 0, or there is no register: the bit that is tied to 1 reads 0;
- the line is stuck at 1: the fourth byte is not 0;
- the bits are one too early or too late: the edge between both is at another place.

A bit that is wrong by a disturbance of the long wire is not seen here: see
`nodes/safety/switches.py`. Sources: hardware.md 3.5 and 3.6; SN74HC165 data sheet, function table.
"""

from typing import Final

from msgspec import Struct

from nodes.board import reference
from nodes.board.spi_link import ChipError, SpiLink

MODE: Final = 0  # the first bit is there before the first clock; shifted at the rising edge
CLOCK_HZ: Final = 1_000_000  # assumed: enough, and slow for a long wire
BYTES: Final = 4
TRIES: Final = 3  # assumed: the registers are on a long wire


class SwitchBits(Struct, frozen=True, kw_only=True):
    """All inputs of one moment."""

    dip1: int  # DSW1 as a byte, switch .1 is the most significant bit
    dip2: int  # DSW2, in the same way as DSW1
    touch: bool  # the touch key is pressed
    external_closed: bool  # the contact at the external input
    earth_ok: bool
    overtemperature: bool  # the over-temperature switch has opened
    supply_ok: bool
    watchdog_ok: bool
    residual_ok: bool


class Hc165:
    """The registers behind one chip select."""

    def __init__(self, link: SpiLink) -> None:
        self._link = link

    def read(self) -> SwitchBits:
        """Read all inputs; a disturbed transfer is repeated.

        :raises ChipError: the bus has failed, or the registers do not answer.
        """
        for _ in range(TRIES - 1):
            try:
                return self._read_once()
            except ChipError:
                continue
        return self._read_once()

    def _read_once(self) -> SwitchBits:
        answer = self._link.transfer(bytes(BYTES))
        dip1, dip2, single, tied = answer
        if not single & reference.SPARE_BIT or tied:
            raise ChipError(
                f"shift registers: {answer.hex(' ')}; expected a 1 and then the byte 00 at the end"
            )
        return SwitchBits(
            dip1=dip1,
            dip2=dip2,
            touch=bool(single & reference.TOUCH_BIT),
            external_closed=bool(single & reference.EXTERNAL_BIT),
            earth_ok=bool(single & reference.EARTH_OK_BIT),
            overtemperature=bool(single & reference.HEAT_BIT),
            supply_ok=bool(single & reference.SUPPLY_OK_BIT),
            watchdog_ok=bool(single & reference.WATCHDOG_OK_BIT),
            residual_ok=bool(single & reference.RESIDUAL_OK_BIT),
        )

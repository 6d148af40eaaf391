"""MCP3208: eight channels, 12 bits, SPI.

Source: Microchip DS21298, section 5 (serial communication), section 6.1 and figure 6-1 (with a
controller that sends bytes). Mode 0; at most 1 MHz at 2.7 V, so 1 MHz at 3.3 V.
"""

from typing import Final

from nodes.board.spi_link import ChipError, SpiLink

MODE: Final = 0
CLOCK_HZ: Final = 1_000_000
CHANNELS: Final = 8
STEPS: Final = 4096  # DS21298, equation 4-2: code = 4096 * V / reference
FULL_SCALE: Final = STEPS - 1

_START_SINGLE = 0x06  # start bit, then 1 for single-ended; D2 follows as the last bit of the byte
_NULL_BIT = 0x10  # of the second byte; the bits before it are not driven by the chip


def encode(channel: int) -> bytes:
    """Return the three bytes that convert one channel, single-ended."""
    if not 0 <= channel < CHANNELS:
        raise ValueError(f"channel {channel}; expected 0 to {CHANNELS - 1}")
    return bytes((_START_SINGLE | channel >> 2, (channel & 3) << 6, 0))


def decode(answer: bytes) -> int:
    """Return the counts in the answer to `encode`.

    :raises ChipError: the null bit is 1: nothing answers, or the bits are shifted.
    """
    _, high, low = answer
    if high & _NULL_BIT:
        raise ChipError(f"MCP3208: the null bit is 1 in {answer.hex(' ')}")
    return (high & 0x0F) << 8 | low


class Mcp3208:
    """The converter on an SPI link."""

    def __init__(self, link: SpiLink) -> None:
        self._link = link

    def counts(self, channel: int) -> int:
        """Convert one channel; return 0 to 4095.

        A conversion that has failed is repeated once, because safety opens the contactor if it has
        no reading: one disturbed transfer is no reason for that.

        :raises ChipError: twice a transfer has failed, or the chip did not answer.
        """
        try:
            return self._convert(channel)
        except ChipError:
            return self._convert(channel)

    def _convert(self, channel: int) -> int:
        return decode(self._link.transfer(encode(channel)))

"""The converter MCP3208 as a model: bits in, bits out.

Source: Microchip DS21298, figures 5-1 and 6-1. Leading zeros are ignored up to the start bit; then
come SGL/DIFF, D2, D1, D0. The input is sampled, one clock later the null bit is sent, then 12 bits,
the highest first. If the clock goes on, the bits follow once more with the lowest first, then
zeros. Before the null bit the output is not driven: what is read there is a constructor argument.
"""

from collections.abc import Callable

from nodes.board.mcp3208 import FULL_SCALE, STEPS
from nodes.board.models.spi import ChipModel
from nodes.board.reference import REFERENCE_V

_BITS = 12


class Mcp3208Model(ChipModel):
    """See `nodes.board.models.spi.ChipModel`."""

    modes = (0, 3)  # DS21298, 6.1
    most_hz = 1_200_000  # between 1 MHz at 2.7 V and 2 MHz at 5 V, at 3.3 V

    def __init__(
        self,
        volts: Callable[[int], float],
        noise: Callable[[], float] = lambda: 0.0,
        *,
        floating: bool = True,
    ) -> None:
        """Make the model.

        :param volts: the voltage at the input of a channel, 0 to 7.
        :param noise: added to each conversion [steps of 12 bits].
        :param floating: what is read where the output is not driven.
        """
        self.volts = volts
        self._noise = noise
        self._floating = floating

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        clocks = 8 * len(sent)
        bits = int.from_bytes(sent, "big")
        driven = bits.bit_length() - 6  # from the null bit on: clocks after the start bit
        answer = (1 << clocks) - 1 if self._floating else 0
        if driven > 0:
            command = bits >> driven + 1 & 0b1111
            code = self._convert(is_single=bool(command & 0b1000), channel=command & 0b111)
            answer = answer >> driven << driven | _driven(code, driven)
        return answer.to_bytes(len(sent), "big")

    def _convert(self, *, is_single: bool, channel: int) -> int:
        """Return the code of one conversion.

        Differential: the channel is IN+, the other one of its pair IN- (DS21298, table 5-2).
        """
        volts = self.volts(channel)
        if not is_single:
            volts -= self.volts(channel ^ 1)
        code = round(volts * STEPS / REFERENCE_V + self._noise())
        return min(max(code, 0), FULL_SCALE)


def _driven(code: int, clocks: int) -> int:
    """Return what is driven from the null bit on: the code, and the code with the lowest first."""
    driven, bits = code, _BITS + 1
    if clocks > bits:
        for place in range(1, _BITS):
            driven = driven << 1 | code >> place & 1
        bits += _BITS - 1
    return driven >> bits - clocks if clocks <= bits else driven << clocks - bits

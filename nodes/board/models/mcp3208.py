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
        self._volts = volts
        self._noise = noise
        self._floating = floating

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        bits = [bool(byte >> bit & 1) for byte in sent for bit in range(7, -1, -1)]
        answer = [self._floating] * len(bits)
        if True in bits:
            start = bits.index(True)
            command = bits[start + 1 : start + 5]
            if len(command) == 4:
                self._answer(answer, start + 6, command)
        return bytes(_number(answer[first : first + 8]) for first in range(0, len(answer), 8))

    def _answer(self, answer: list[bool], null: int, command: list[bool]) -> None:
        """Write the answer to a command from the null bit on, as far as there are clocks."""
        code = self._convert(is_single=command[0], channel=_number(command[1:]))
        highest_first = [bool(code >> bit & 1) for bit in range(_BITS - 1, -1, -1)]
        driven = [False, *highest_first, *reversed(highest_first[:-1])]
        for place in range(null, len(answer)):
            answer[place] = place - null < len(driven) and driven[place - null]

    def _convert(self, *, is_single: bool, channel: int) -> int:
        """Return the code of one conversion.

        Differential: the channel is IN+, the other one of its pair IN- (DS21298, table 5-2).
        """
        volts = self._volts(channel)
        if not is_single:
            volts -= self._volts(channel ^ 1)
        code = round(volts * STEPS / REFERENCE_V + self._noise())
        return min(max(code, 0), FULL_SCALE)


def _number(bits: list[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(reversed(bits)))

"""Three 74HC165 shift registers in a row: loaded by the chip select, shifted out by the clocks.

Source: SN74HC165 data sheet: input H is shifted out first; what is shifted in is the serial input,
which is tied to 0 at the last register.
"""

from collections.abc import Callable

from nodes.board.models.spi import ChipModel


class ModelHc165(ChipModel):
    """See `nodes.board.models.spi.ChipModel`. The registers have no data input: MOSI is unused."""

    # In both modes a bit is sampled before the clock edge that shifts, or at it.
    modes = (0, 2)
    most_hz = 6_000_000  # guaranteed at 2 V; the board has 3.3 V

    def __init__(self, read: Callable[[], tuple[int, int, int]]) -> None:
        """Join the registers to their inputs.

        :param read: returns the three bytes at the parallel inputs, that of the first register
            first; input H is the most significant bit.
        """
        self._read = read

    def transfer(self, sent: bytes) -> bytes:
        """See `nodes.board.models.spi.ChipModel.transfer`."""
        loaded = bytes(self._read())
        return loaded[: len(sent)].ljust(len(sent), b"\0")

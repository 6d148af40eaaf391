"""The two plateaus of the CP line, as pilot and safety read them.

While the generator switches, two sample-and-hold circuits keep the plateaus: their gates open 15 us
after an edge, so the first 10 us of a half-wave are never sampled. In X1 and F there are no edges:
one circuit follows the line, the other one falls towards 0 V, so the line itself is read.

Each plateau is the median of three conversions: one disturbed conversion changes nothing. Steps of
the line are filtered later, by `msgs.pilot.settle`.
"""

from statistics import median

from nodes.board.analog_inputs import cp_v
from nodes.board.mcp3208 import FULL_SCALE, Mcp3208
from nodes.board.reference import (
    CP_HIGH_CHANNEL,
    CP_LOW_CHANNEL,
    CP_RAW_CHANNEL,
    MINUS_CHANNEL,
)
from nodes.board.spi_link import ChipError

CONVERSIONS = 3  # of each plateau; transfers of a read: 7, or 4 in X1 and F


class PilotVoltages:
    """Reads the CP line with the converter. It may be used by several processes at a time."""

    def __init__(self, converter: Mcp3208, *, gain: float = 1.0, offset_v: float = 0.0) -> None:
        """Make the reader of a line.

        :param gain: what the voltage of the divider's nominal values is multiplied by.
        :param offset_v: what is added then [V].
        """
        self._converter = converter
        self._gain = gain
        self._offset_v = offset_v

    def read(self, duty_percent: float) -> tuple[float, float]:
        """Return the high and the low plateau [V]; in X1 and F the steady level twice.

        :param duty_percent: as read back from the generator; 100: X1, 0: F.
        :raises ChipError: the converter does not answer.
        """
        self._check()
        if 0.0 < duty_percent < 100.0:
            return self._volts(CP_HIGH_CHANNEL), self._volts(CP_LOW_CHANNEL)
        level_v = self._volts(CP_RAW_CHANNEL)
        return level_v, level_v

    def _check(self) -> None:
        """Convert the -12 V supply, which shows neither 0 nor full scale, whatever its voltage.

        :raises ChipError: it does, as if MISO were stuck.
        """
        counts = self._converter.counts(MINUS_CHANNEL)
        if counts in (0, FULL_SCALE):
            raise ChipError(
                f"MCP3208: channel {MINUS_CHANNEL} shows {counts}, as if MISO were stuck"
            )

    def _volts(self, channel: int) -> float:
        counts = median(self._converter.counts(channel) for _ in range(CONVERSIONS))
        return cp_v(counts) * self._gain + self._offset_v

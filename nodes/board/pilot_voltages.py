"""The two plateaus of the CP line, as pilot and safety read them.

While the generator switches, two sample-and-hold circuits keep the plateaus: their gates open 15 us
after an edge, so the first 10 us of a half-wave are never sampled. In X1 and F there are no edges:
one circuit follows the line, the other one falls towards 0 V, so the line itself is read.

Each plateau is the median of three conversions: one disturbed conversion changes nothing. Steps of
the line are filtered later, by `msgs.pilot.settle`.
"""

from collections.abc import Callable
from statistics import median

from nodes.board.analog_inputs import cp_v, minus_v, plus_v
from nodes.board.mcp3208 import Mcp3208
from nodes.board.reference import (
    CP_HIGH_CHANNEL,
    CP_LOW_CHANNEL,
    CP_RAW_CHANNEL,
    MINUS_CHANNEL,
    PLUS_CHANNEL,
)
from nodes.board.spi_link import ChipError

CONVERSIONS = 3  # of each plateau; transfers of a read: 8
SUPPLY_V = 12.0
# assumed: 5 % of the supply, 2 % of the reference, 1 % of the divider
SUPPLY_TOLERANCE_V = 0.08 * SUPPLY_V
FALLEN_S = 0.3  # three time constants of a circuit that holds: 12 V have fallen to 0.6 V
FALLEN_V = 2.0


class PilotVoltages:
    """Reads the CP line with the converter. It may be used by several processes at a time."""

    def __init__(
        self,
        converter: Mcp3208,
        now_s: Callable[[], float] | None = None,
        *,
        gain: float = 1.0,
        offset_v: float = 0.0,
    ) -> None:
        """Make the reader of a line.

        :param now_s: monotonic time [s]; None: one reading, edges in X1 and F are not looked for.
        :param gain: what the voltage of the divider's nominal values is multiplied by.
        :param offset_v: what is added then [V].
        """
        self._converter = converter
        self._now_s = now_s
        self._steady: tuple[float, float] | None = None  # X1 or F, and since when
        self._gain = gain
        self._offset_v = offset_v

    def read(self, duty_percent: float) -> tuple[float, float]:
        """Return the high and the low plateau [V]; in X1 and F the steady level twice.

        :param duty_percent: as read back from the generator; 100: X1, 0: F.
        :raises ChipError: the converter does not answer, the driver of the line has not its supply,
            or the generator switches although it should not.
        """
        self._check_supply(MINUS_CHANNEL, minus_v, -SUPPLY_V)
        self._check_supply(PLUS_CHANNEL, plus_v, SUPPLY_V)
        if 0.0 < duty_percent < 100.0:
            self._steady = None
            return self._volts(CP_HIGH_CHANNEL), self._volts(CP_LOW_CHANNEL)
        self._check_edges(duty_percent)
        level_v = self._volts(CP_RAW_CHANNEL)
        return level_v, level_v

    def _check_supply(
        self, channel: int, volts_of: Callable[[float], float], nominal_v: float
    ) -> None:
        """Convert a supply of the line's driver; a stuck MISO shows as a wrong voltage as well.

        With +12 V at 9.4 V a vehicle in state B would read as C, and nothing plugged in at 7 V.

        :raises ChipError: it is beyond its tolerance.
        """
        for is_last in (False, True):  # one disturbed conversion changes nothing
            volts = volts_of(self._converter.counts(channel))
            if abs(volts - nominal_v) <= SUPPLY_TOLERANCE_V:
                return
            if is_last:
                raise ChipError(f"the supply of {nominal_v:+.0f} V shows {volts:+.1f} V")

    def _check_edges(self, duty_percent: float) -> None:
        """Check in X1 and F that the circuit of the other half-wave is no longer fed.

        :raises ChipError: edges go on: the generator does not do what its files say.
        """
        if self._now_s is None:
            return
        now_s = self._now_s()
        if self._steady is None or self._steady[0] != duty_percent:
            self._steady = duty_percent, now_s
        if now_s < self._steady[1] + FALLEN_S:
            return
        held_v = self._volts(CP_LOW_CHANNEL if duty_percent >= 100.0 else CP_HIGH_CHANNEL)
        if abs(held_v) > FALLEN_V:
            raise ChipError(f"the pilot's generator still switches: {held_v:+.1f} V are held")

    def _volts(self, channel: int) -> float:
        counts = median(self._converter.counts(channel) for _ in range(CONVERSIONS))
        return cp_v(counts) * self._gain + self._offset_v

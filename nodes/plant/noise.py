"""Noise of the box's converters: each reading of a chip differs from the true value.

The constants are the size of one step of a converter (1 LSB) in the unit that it measures.
"""

from collections.abc import Callable

from msgspec.structs import replace

from msgs.meter import Line
from msgs.plant import SimPower, SimSignals

# MCP3208: 4096 steps of 3.3 V; the pilot's divider gives 0.1262 of a volt for each (hardware.md
# 3.3).
PILOT_V = 3.3 / 4096 / 0.1262
EARTH_OHM = 200.0 / 4096  # assumed: 200 ohm at full scale
# assumed: an NTC of 10 kohm, B 3950, and 10 kohm above it; its slope at 25 degC.
TEMPERATURE_C = 3.3 / 4096 / (3.3 / 4 * 3950 / 298.15**2)
# ATM90E32AS: units of its registers Irms and Urms; assumed: of Pmean.
CURRENT_A, VOLTAGE_V, POWER_W = 0.001, 0.01, 1.0

Gauss = Callable[[float, float], float]
"""Draws a normal random number: mean, standard deviation."""


def signals_with(signals: SimSignals, gauss: Gauss, lsb: float) -> SimSignals:
    """Return the signals with the normal noise of a converter.

    `lsb` is the standard deviation [LSB]; the noise of each channel is independent.
    """
    return replace(
        signals,
        high_v=signals.high_v + gauss(0.0, lsb * PILOT_V),
        low_v=signals.low_v + gauss(0.0, lsb * PILOT_V),
        earth_ohm=abs(signals.earth_ohm + gauss(0.0, lsb * EARTH_OHM)),
        terminal_c=signals.terminal_c + gauss(0.0, lsb * TEMPERATURE_C),
        board_c=signals.board_c + gauss(0.0, lsb * TEMPERATURE_C),
    )


def power_with(power: SimPower, gauss: Gauss, lsb: float) -> SimPower:
    """Return the values of a meter chip with normal noise; see `signals_with`.

    Its counters have no noise.
    """
    one, two, three = (_line_with(line, gauss, lsb) for line in power.lines)
    return SimPower(lines=(one, two, three))


def _line_with(line: Line, gauss: Gauss, lsb: float) -> Line:
    """Return a phase with noise; RMS values are never negative."""
    return replace(
        line,
        current_a=abs(line.current_a + gauss(0.0, lsb * CURRENT_A)),
        voltage_v=abs(line.voltage_v + gauss(0.0, lsb * VOLTAGE_V)),
        power_w=line.power_w + gauss(0.0, lsb * POWER_W),
    )

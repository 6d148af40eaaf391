"""Noise of the box's converters: each reading of a chip differs from the true value.

The constants are the size of one step of a converter (1 LSB) in the unit that it measures.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from msgs.plant import SimSignals
from nodes.plant.mains import NONE, Phases

# MCP3208: 4096 steps of 3.3 V; the pilot's divider gives 0.1262 of a volt for each (hardware.md
# 3.3).
PILOT_V = 3.3 / 4096 / 0.1262
EARTH_OHM = 200.0 / 4096  # assumed: 200 ohm at full scale
# assumed: an NTC of 10 kohm, B 3950, and 10 kohm above it; its slope at 25 degC.
TEMPERATURE_C = 3.3 / 4096 / (3.3 / 4 * 3950 / 298.15**2)
# ATM90E32AS: units of its registers Irms, Urms and Freq; assumed: of Pmean.
CURRENT_A, VOLTAGE_V, POWER_W, FREQUENCY_HZ = 0.001, 0.01, 1.0, 0.01
LOADED_LSB = 1.0  # assumed: the least noise of a meter chip through which a current flows

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


class ChipErrors(NamedTuple):
    """How far the values of the meter chip are from the true ones. Its counters are exact."""

    currents_a: Phases
    voltages_v: Phases
    powers_w: Phases
    frequency_hz: float


EXACT = ChipErrors(NONE, NONE, NONE, 0.0)


def chip_errors(gauss: Gauss, lsb: float) -> ChipErrors:
    """Return the normal noise of one measurement; see `signals_with`."""
    current_a, voltage_v, power_w = lsb * CURRENT_A, lsb * VOLTAGE_V, lsb * POWER_W
    return ChipErrors(
        currents_a=(gauss(0.0, current_a), gauss(0.0, current_a), gauss(0.0, current_a)),
        voltages_v=(gauss(0.0, voltage_v), gauss(0.0, voltage_v), gauss(0.0, voltage_v)),
        powers_w=(gauss(0.0, power_w), gauss(0.0, power_w), gauss(0.0, power_w)),
        frequency_hz=gauss(0.0, lsb * FREQUENCY_HZ),
    )


def rms(value: float, error: float, step: float) -> float:
    """Return an RMS value as a chip shows it: with its error, in its steps, never negative."""
    return in_steps(abs(value + error), step)


def in_steps(value: float, step: float) -> float:
    """Return a value as the nearest number of steps."""
    return round(round(value / step) * step, 6)

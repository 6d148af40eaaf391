"""The analog circuits between the board's converter and what it measures, in both directions.

`..._counts` returns what the converter shows, as a number with a fraction that is not clipped.
The circuits are those of docs/hardware.md:

- Pilot: a divider of 200 kohm from the line, 47 kohm to 3.3 V and 75 kohm to ground. It shows
  -14.0 V to +12.1 V; a line above shows 12.1 V.
- Temperature: NTC of 10 kohm (25 degC), B 3950, to ground, behind 10 kohm to 3.3 V. An open NTC
  shows -90 degC, a short above 600 degC: both are outside of what safety accepts of a sensor.
- Earth: an isolated source drives a loop of protective earth and neutral through 1 kohm, whose
  voltage is rectified and measured. 0 ohm shows 3.0 V, 1 kohm 1.5 V. Without a measuring current,
  as with a broken loop, it shows 0 V: more than 1 Mohm. So a source that has failed shows no earth.
  At 0 ohm a step is 0.27 ohm, at 500 ohm 0.6 ohm, at 2 kohm 2.4 ohm. What no loop can show (above
  3.15 V) is an open loop.
- +12 V: a divider by 5. -12 V: a divider like the pilot's, so that it shows neither 0 nor full
  scale while the converter answers, with and without the supply.
"""

import math
from typing import Final

from nodes.board.mcp3208 import STEPS
from nodes.board.reference import CP_OFFSET_V, CP_RATIO, REFERENCE_V

NTC_OHM: Final = 10_000.0  # at 25 degC
NTC_B_K: Final = 3950.0
NTC_PULL_UP_OHM: Final = 10_000.0
EARTH_SOURCE_V: Final = 3.0  # at the converter, with a loop of 0 ohm
EARTH_SENSE_OHM: Final = 1000.0  # in series with the loop: 3 mA at most
EARTH_MOST_V: Final = 3.15  # 5 % above the source: tolerance and noise
OPEN_EARTH_OHM: Final = 1e6
PLUS_RATIO: Final = 0.2

_ICE_K = 273.15
_NTC_K = 298.15  # 25 degC
_LEAST_COUNTS = 0.5  # a converter that shows 0 has less than half a step at its input


def pin_v(counts: float) -> float:
    """Return the voltage at the converter's input [V]."""
    return counts * REFERENCE_V / STEPS


def pin_counts(volts: float) -> float:
    """Return the counts of a voltage at the converter's input [V]."""
    return volts * STEPS / REFERENCE_V


def cp_v(counts: float) -> float:
    """Return the voltage of the CP line [V]."""
    return (pin_v(counts) - CP_OFFSET_V) / CP_RATIO


def cp_counts(volts: float) -> float:
    """Return the counts of a voltage on the CP line [V]."""
    return pin_counts(volts * CP_RATIO + CP_OFFSET_V)


def ntc_c(counts: float) -> float:
    """Return the temperature of an NTC [degC]."""
    counts = max(counts, _LEAST_COUNTS)
    ohm = NTC_PULL_UP_OHM * counts / (STEPS - counts)
    return 1.0 / (1.0 / _NTC_K + math.log(ohm / NTC_OHM) / NTC_B_K) - _ICE_K


def ntc_counts(celsius: float) -> float:
    """Return the counts of an NTC at a temperature [degC]."""
    ohm = NTC_OHM * math.exp(NTC_B_K * (1.0 / (celsius + _ICE_K) - 1.0 / _NTC_K))
    return STEPS * ohm / (ohm + NTC_PULL_UP_OHM)


def earth_ohm(counts: float) -> float:
    """Return the resistance of the earth loop [ohm]; 0 or more."""
    volts = pin_v(max(counts, _LEAST_COUNTS))
    if volts > EARTH_MOST_V:
        return OPEN_EARTH_OHM
    return max(0.0, EARTH_SENSE_OHM * (EARTH_SOURCE_V / volts - 1.0))


def earth_counts(ohm: float) -> float:
    """Return the counts of an earth loop [ohm]; infinity: there is no measuring current."""
    return pin_counts(EARTH_SOURCE_V * EARTH_SENSE_OHM / (EARTH_SENSE_OHM + ohm))


def plus_v(counts: float) -> float:
    """Return the voltage of the +12 V supply [V]."""
    return pin_v(counts) / PLUS_RATIO


def plus_counts(volts: float) -> float:
    """Return the counts of the +12 V supply [V]."""
    return pin_counts(volts * PLUS_RATIO)


def minus_v(counts: float) -> float:
    """Return the voltage of the -12 V supply [V]; its divider is like the pilot's."""
    return cp_v(counts)


def minus_counts(volts: float) -> float:
    """Return the counts of the -12 V supply [V]."""
    return cp_counts(volts)

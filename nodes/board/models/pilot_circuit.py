"""The measuring circuits of the CP line as a model: two sample-and-holds, and the line itself.

A gate is open from 15 us after the edge to the end of its half-wave; then its capacitor is
discharged towards 0 V of the line. In PWM the model shows the end of the hold time, the worst case.
A half-wave that is too short opens no gate.
"""

import math
from collections.abc import Callable

from nodes.board.reference import CP_HIGH_CHANNEL, CP_LOW_CHANNEL, CP_OFFSET_V, CP_RATIO

PERIOD_S = 0.001  # 1 kHz: IEC 61851-1, Table A.2
GATE_S = 15e-6  # RC delay between the edge and the gate (docs/hardware.md)
DROOP_S = 0.1  # time constant while the gate is closed (docs/hardware.md)


class PilotCircuit:
    """The voltages at channels 0, 1 and 2 of the converter."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Make the circuits of a line at 0 V.

        :param now_s: monotonic time [s].
        """
        self._now_s = now_s
        self._high_v = self._low_v = 0.0
        self._duty_percent = 100.0
        self._held = {CP_HIGH_CHANNEL: (0.0, 0.0), CP_LOW_CHANNEL: (0.0, 0.0)}  # volts, since

    def drive(self, high_v: float, low_v: float, duty_percent: float) -> None:
        """Set the plateaus [V] and the duty [%] of the line; to be called at each change."""
        new = high_v, low_v, duty_percent
        if new == (self._high_v, self._low_v, self._duty_percent):
            return
        now_s = self._now_s()
        for channel in self._held:
            if self._gate_s(channel) > 0.0:
                self._held[channel] = self._line_v(channel), now_s
        self._high_v, self._low_v, self._duty_percent = new

    def volts(self, channel: int) -> float:
        """Return the voltage at the converter's input [V]."""
        return self._at_v(channel) * CP_RATIO + CP_OFFSET_V

    def _at_v(self, channel: int) -> float:
        """Return what a channel shows, as a voltage of the line [V]."""
        if channel not in self._held:
            phase = math.fmod(self._now_s(), PERIOD_S) / PERIOD_S
            return self._high_v if phase * 100.0 < self._duty_percent else self._low_v
        gate_s = self._gate_s(channel)
        if gate_s > 0.0:
            hold_s = 0.0 if self._is_steady() else PERIOD_S - gate_s
            return self._line_v(channel) * math.exp(-hold_s / DROOP_S)
        held_v, since_s = self._held[channel]
        return held_v * math.exp(-(self._now_s() - since_s) / DROOP_S)

    def _line_v(self, channel: int) -> float:
        return self._high_v if channel == CP_HIGH_CHANNEL else self._low_v

    def _is_steady(self) -> bool:
        return not 0.0 < self._duty_percent < 100.0

    def _gate_s(self, channel: int) -> float:
        """Return how long the gate of a channel is open in each period [s]; 0: it never opens."""
        share = self._duty_percent / 100.0
        if channel == CP_LOW_CHANNEL:
            share = 1.0 - share
        if self._is_steady():
            return PERIOD_S if share > 0.5 else 0.0
        return max(0.0, share * PERIOD_S - GATE_S)

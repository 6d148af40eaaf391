"""The meter chip of the board as safety reads it: ATM90E32AS on SPI; meter configures it.

Energy registers are never read here: reading clears them. A set of values takes six reads of at
most 8 transfers (0.5 ms): 60 ms, or 150 ms while idle. It counts only if the chip still has meter's
configuration after it, and has had it for `SETTLE_S`.

Meter reads the chip too, and both confirm what they read with the chip's LastSPIData: each group
of transfers takes the lock of `nodes.board.chip_lock`. If meter has it, this read is left out.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from bus import Bus
from nodes.board.atm90e32 import (
    CURRENT_A,
    FREQ,
    FREQUENCY_HZ,
    I_RMS,
    SETTLE_S,
    U_RMS,
    VOLTAGE_V,
    Atm90e32,
)
from nodes.board.io import open_io
from nodes.board.meter_setup import MeterSetup, SetupCheck, open_registers
from nodes.board.spi_link import ChipError
from nodes.safety.chip import HOLD_S, ChipReading, PowerChip

VALUES_A_READ = 2


class Parameters(MeterSetup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `MeterSetup`."""


class BoardPowerChip(PowerChip):
    """See `nodes.safety.chip.PowerChip`."""

    def __init__(self, now_s: Callable[[], float], chip: Atm90e32, check: SetupCheck) -> None:
        self._now_s = now_s
        self._chip = chip
        self._check = check
        # A power takes three registers, so it is read beside a value of one.
        first, second, third = (
            (partial(self._value, U_RMS[phase], VOLTAGE_V), partial(chip.power_w, phase))
            for phase in range(3)
        )
        currents = (partial(self._value, address, CURRENT_A) for address in I_RMS)
        frequency = partial(self._value, FREQ, FREQUENCY_HZ)
        self._reads = (*first, *second, *third, *currents, frequency)
        self._values: list[float] = []  # of the set that is being read
        self._began_s = 0.0  # when its first value was read; the age of the set
        self._right_since_s: float | None = None
        self._reading: ChipReading | None = None
        self._read_s = 0.0

    def read(self) -> ChipReading | None:
        """See `nodes.safety.chip.PowerChip.read`."""
        now_s = self._now_s()
        with suppress(ChipError):  # the same value is read again at the next look
            self._go_on(now_s)
        if now_s > self._read_s + HOLD_S:
            self._reading = None
        return self._reading

    def due_s(self) -> float:
        """See `bus.Driver.due_s`. Each look reads a part, so each is needed."""
        return 0.0

    def _go_on(self, now_s: float) -> None:
        """Read the next values of the set, or finish it."""
        if len(self._values) == len(self._reads):
            self._finish(now_s)
            return
        if not self._values:
            self._began_s = now_s
        begin = len(self._values)
        for read in self._reads[begin : begin + VALUES_A_READ]:
            self._values.append(read())

    def _finish(self, now_s: float) -> None:
        """Take the values of a set if the chip has its configuration."""
        is_right = self._check.is_right()
        values = tuple(self._values)
        self._values.clear()
        if not is_right:
            self._right_since_s = self._reading = None
            return
        if self._right_since_s is None:
            self._right_since_s = now_s
        if self._began_s < self._right_since_s + SETTLE_S:
            return
        u1, p1, u2, p2, u3, p3, i1, i2, i3, frequency_hz = values
        self._read_s = self._began_s
        self._reading = ChipReading(
            currents_a=(i1, i2, i3),
            voltages_v=(u1, u2, u3),
            powers_w=(p1, p2, p3),
            frequency_hz=frequency_hz,
        )

    def _value(self, address: int, step: float) -> float:
        return round(self._chip.read(address) * step, 3)


def open(bus: Bus, parameters: Parameters) -> PowerChip:
    """Open the meter chip for reading."""
    chip = open_registers(bus, open_io(parameters.io, bus), parameters)
    return BoardPowerChip(bus.clock.now_s, chip, SetupCheck(chip, parameters))

"""The meter chip of the board: ATM90E32AS on SPI. This driver owns it.

It configures the chip, again after each loss of its supply, and is the only reader of the energy
registers, which are cleared by it. A chip that is found with its configuration is adopted: it has
counted while meter was not running. The counters of a `Line` begin at 0 with the machine and are
kept over restarts of the node; see `nodes.board.kept_counts` and `lifetime.py`.

A read takes 54 transfers (3 ms). Safety reads the chip too, and both confirm what they read with
the chip's LastSPIData: each group of transfers takes the lock of `nodes.board.chip_lock`.

What a disturbed bus can do to the energy: a value of an energy register that cannot be confirmed is
lost, and one above what can have flowed since the last is not counted. So the error of a phase by
one disturbed reading is at most what a phase can carry in the time between two readings, and
0.2 Wh: 1.3 Wh at 0.2 s. A loss of supply costs what has flowed since the last reading and until the
chip is configured again.
"""

from contextlib import suppress

from bus import Bus
from msgs.meter import Line
from nodes.board.atm90e32 import (
    AN_ENERGY,
    AP_ENERGY,
    CURRENT_A,
    ENERGY_WH,
    FACTOR,
    FULL,
    I_RMS,
    PF_MEAN,
    RESET_S,
    SETTLE_S,
    U_RMS,
    VOLTAGE_V,
    Atm90e32,
    signed,
)
from nodes.board.io import Io, open_io
from nodes.board.kept_counts import KeptCounts
from nodes.board.meter_setup import MeterSetup, SetupCheck, open_registers
from nodes.board.spi_link import ChipError
from nodes.meter.chip import ChipSample, MeterChip

COUNTS_FILE = "meter-chip.counts"  # in the run directory
LOCK_TRIES = 5  # safety has it for 0.3 ms at most
MOST_A = 65.535  # what the chip can show
MOST_V = 300.0  # safety opens above 280 V (8002)
MOST_COUNTS_S = MOST_A * MOST_V / 3600.0 / ENERGY_WH
MARGIN_COUNTS = 64  # assumed: 0.2 Wh of a phase, for the jitter of the readings
# Without meter the vehicle is asked to stop after 5 s, and safety opens 6 s later.
UNREAD_S = 11.0


class Parameters(MeterSetup, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See `MeterSetup`."""


class EnergyCounter:
    """The sum of what was taken from one energy register."""

    def __init__(self, now_s: float, counts: int = 0) -> None:
        self._taken_s = now_s - UNREAD_S
        self.counts = counts

    @property
    def energy_wh(self) -> float:
        """Return the energy [Wh]."""
        return round(self.counts * ENERGY_WH, 6)

    def add(self, counts: int, now_s: float) -> None:
        """Add what was in the register, unless it is more than can have flowed."""
        most = (now_s - self._taken_s) * MOST_COUNTS_S + MARGIN_COUNTS
        self._taken_s = now_s
        if counts <= most and counts < FULL:
            self.counts += counts


class BoardMeterChip(MeterChip):
    """See `nodes.meter.chip.MeterChip`."""

    def __init__(
        self, bus: Bus, io: Io, chip: Atm90e32, check: SetupCheck, kept: KeptCounts
    ) -> None:
        self._bus = bus
        self._io = io
        self._chip = chip
        self._check = check
        now_s = bus.clock.now_s()
        registers = (*AP_ENERGY, *AN_ENERGY)
        self._kept = kept
        self._saved = kept.load() or (0,) * len(registers)
        self._counters = {
            register: EnergyCounter(now_s, counts)
            for register, counts in zip(registers, self._saved, strict=True)
        }
        self._settled_s = now_s
        self._resets_next = False

    def read(self) -> ChipSample | None:
        """See `nodes.meter.chip.MeterChip.read`."""
        try:
            return self._sample()
        except ChipError:
            return None

    def due_s(self) -> float:
        """See `bus.Driver.due_s`. Each reading takes what was counted since the last."""
        return 0.0

    def _sample(self) -> ChipSample | None:
        """Read everything.

        :raises ChipError: the chip cannot be read.
        """
        sampled_ns = self._bus.clock.now_ns()
        now_s = sampled_ns / 1e9
        if not self._check.is_right():
            self._configure(now_s)
            return None
        for address, counter in self._counters.items():
            counter.add(self._chip.take(address), now_s)
        self._save()
        if now_s < self._settled_s:
            return None
        lines = self._line(0), self._line(1), self._line(2)
        if not self._check.is_metering():  # it has lost its supply meanwhile
            return None
        return ChipSample(lines=lines, sampled_ns=sampled_ns)

    def _save(self) -> None:
        """Keep the counts if they have grown; what fails is tried at the next reading."""
        counts = tuple(counter.counts for counter in self._counters.values())
        if counts != self._saved:
            with suppress(OSError):
                self._kept.save(counts)
                self._saved = counts

    def _line(self, phase: int) -> Line:
        current_a = round(self._chip.read(I_RMS[phase]) * CURRENT_A, 3)
        power_w = round(self._chip.power_w(phase), 5)
        factor = signed(self._chip.read(PF_MEAN[phase]), 16) * FACTOR
        return Line(
            current_a=-current_a if power_w < 0.0 else current_a,
            voltage_v=round(self._chip.read(U_RMS[phase]) * VOLTAGE_V, 2),
            power_w=power_w,
            power_factor=round(min(abs(factor), 1.0), 3) if current_a else 1.0,
            imported_wh=self._counters[AP_ENERGY[phase]].energy_wh,
            exported_wh=self._counters[AN_ENERGY[phase]].energy_wh,
        )

    def _configure(self, now_s: float) -> None:
        """Configure the chip; with a reset before if that was not enough the last time.

        A chip that only seems to have another configuration, because the bus is broken, confirms
        no write: it is not reset, so that it goes on counting.

        :raises ChipError: the chip cannot be written or read.
        """
        resets, self._resets_next = self._resets_next, False
        if resets:
            self._chip.reset()
            self._io.wait(RESET_S)
        self._check.configure()
        self._settled_s = now_s + SETTLE_S
        self._resets_next = not self._check.is_right()
        if not self._resets_next:
            self._bus.log("info", "the meter chip was configured")


def open(bus: Bus, parameters: Parameters) -> MeterChip:
    """Open the meter chip; it is configured at the first read."""
    io = open_io(parameters.io, bus)
    chip = open_registers(bus, io, parameters, LOCK_TRIES)
    kept = KeptCounts(bus.run_dir / COUNTS_FILE, len(AP_ENERGY) + len(AN_ENERGY))
    return BoardMeterChip(bus, io, chip, SetupCheck(chip, parameters), kept)

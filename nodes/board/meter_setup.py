"""The configuration of the meter chip ATM90E32AS: what meter writes, and how both readers check it.

A chip that has lost its supply has its reset values: MeterEn is 0 then, and nothing is measured.
So MeterEn is checked with each set of values, and one of the other registers in turn; all of them
at the start and after each that was wrong.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bus import Bus, DriverError
from nodes.board.atm90e32 import (
    CFG_REG_ACC_EN,
    CLOCK_HZ,
    I_GAIN,
    LOCK,
    METER_EN,
    MMODE0,
    MMODE1,
    MODE,
    P_PHASE_TH,
    P_START_TH,
    PL_CONST,
    PL_CONST_H,
    PL_CONST_L,
    U_GAIN,
    UNLOCK,
    Atm90e32,
)
from nodes.board.chip_lock import ChipLock
from nodes.board.io import RASPBERRY, Io
from nodes.board.opening import SpiPlace, open_link
from nodes.board.reference import METER_SPI

Gain = Annotated[int, Meta(ge=1, le=0xFFFF)]
Gains = tuple[Gain, Gain, Gain]  # L1, L2, L3

METERING = 0x0001  # of MeterEn
THREE_PHASES = 0x0087  # of MMode0: 3P4W, all phases in the sums; the reset value
SIXTY_HZ = 0x1000  # of MMode0
PGA = {1: 0x00, 2: 0x15, 4: 0x2A}  # of MMode1: the gain of the three current inputs
LEAST_SUM = 0x1D4C  # of PStartTh: 2.4 W (Atmel-46103, as ESPHome)
LEAST_PHASE = 0x02EE  # of PPhaseTh: 0.24 W; less is not counted (Atmel-46103, as ESPHome)

LOCK_FILE = "meter-chip.flock"  # in the run directory; `*.lock` there are those of nodes

# assumed: a chip at this gain shows what it should with the reference board's dividers and
# transformers; calibration moves it by some percent.
NOMINAL_GAIN = 0x8000


class MeterSetup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the chip is, and what belongs to this board and its calibration.

    These are the parameters of both drivers, and must be the same: safety believes no chip with
    another configuration.
    """

    io: str = RASPBERRY
    spi: SpiPlace = METER_SPI
    clock_hz: Annotated[int, Meta(ge=10_000, le=CLOCK_HZ)] = CLOCK_HZ
    voltage_gains: Gains = (NOMINAL_GAIN, NOMINAL_GAIN, NOMINAL_GAIN)
    current_gains: Gains = (NOMINAL_GAIN, NOMINAL_GAIN, NOMINAL_GAIN)
    pga_gain: Literal[1, 2, 4] = 1
    line_hz: Literal[50, 60] = 50


def open_registers(bus: Bus, io: Io, setup: MeterSetup, tries: int = 1) -> Atm90e32:
    """Open the chip.

    :param tries: of taking its lock, see `ChipLock`.
    :raises DriverError: there is no such SPI device, or the lock's file cannot be created.
    """
    link = open_link(io, setup.spi, mode=MODE, clock_hz=setup.clock_hz)
    try:
        return Atm90e32(link, ChipLock(bus.run_dir / LOCK_FILE, io.wait, tries))
    except OSError as error:
        link.close()
        raise DriverError(f"{bus.run_dir / LOCK_FILE}: {error.strerror}") from error


def registers(setup: MeterSetup) -> dict[int, int]:
    """Return the registers of a setup by address, in the order of writing; MeterEn is the last.

    So a chip that measures has its configuration.
    """
    return {
        PL_CONST_H: PL_CONST >> 16,
        PL_CONST_L: PL_CONST & 0xFFFF,
        MMODE0: THREE_PHASES | (SIXTY_HZ if setup.line_hz == 60 else 0),
        MMODE1: PGA[setup.pga_gain],
        P_START_TH: LEAST_SUM,
        P_PHASE_TH: LEAST_PHASE,
        **dict(zip(U_GAIN, setup.voltage_gains, strict=True)),
        **dict(zip(I_GAIN, setup.current_gains, strict=True)),
        METER_EN: METERING,
    }


class SetupCheck:
    """Whether a chip has its configuration."""

    def __init__(self, chip: Atm90e32, setup: MeterSetup) -> None:
        self._chip = chip
        self._registers = registers(setup)
        self._others = [each for each in self._registers if each != METER_EN]
        self._turn = 0
        self._is_proven = False  # all registers were right, and none was wrong since

    def is_metering(self) -> bool:
        """Return whether MeterEn is set.

        :raises ChipError: the chip cannot be read.
        """
        return self._chip.read(METER_EN) == METERING

    def is_right(self) -> bool:
        """Return whether the chip has its configuration, as far as it is read now.

        That is all of it until it was right, then MeterEn and one other register in turn.

        :raises ChipError: the chip cannot be read.
        """
        others = self._others
        if self._is_proven:
            others = [self._others[self._turn]]
            self._turn = (self._turn + 1) % len(self._others)
        self._is_proven = self.is_metering() and all(
            self._chip.read(each) == self._registers[each] for each in others
        )
        return self._is_proven

    def configure(self) -> None:
        """Write the configuration; energy that the chip has counted stays.

        :raises ChipError: the chip does not confirm a write, or is in use.
        """
        self._chip.write(CFG_REG_ACC_EN, UNLOCK)
        for address, value in self._registers.items():
            self._chip.write(address, value)
        self._chip.write(CFG_REG_ACC_EN, LOCK)

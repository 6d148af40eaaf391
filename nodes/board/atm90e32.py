"""ATM90E32AS: three-phase meter chip, 16-bit registers on SPI.

A transfer has 32 bits: bit 15 of the address is 1 for a read, the address has 10 bits, then 16 bits
of data. Sources: Atmel-46003 (data sheet of the M90E32AS), Atmel-46103 (application note), and for
addresses and scales the ESPHome component atm90e32 and the crate atm90e32-async, which agree.

Two processes read one chip: meter owns and configures it, safety reads it as well. What was read is
confirmed with LastSPIData (0x78), the value of the last access. That is only true while nobody else
has used the chip in between, so each group of transfers takes `chip_lock.ChipLock`.

Energy registers are cleared when they are read, so a read whose answer is disturbed cannot be
repeated. LastSPIData still has the value, and can be read again until two answers agree.
"""

from contextlib import suppress
from typing import Final

from nodes.board.chip_lock import ChipLock
from nodes.board.spi_link import ChipError, SpiLink

MODE: Final = 3
CLOCK_HZ: Final = 1_000_000  # 32 us for a transfer

# --- registers: Atmel-46003, section 6; [0], [1], [2] are the phases A, B, C ----------------------

METER_EN: Final = 0x00
PL_CONST_H: Final = 0x31
PL_CONST_L: Final = 0x32
MMODE0: Final = 0x33
MMODE1: Final = 0x34
P_START_TH: Final = 0x35
P_PHASE_TH: Final = 0x38
U_GAIN: Final = (0x61, 0x65, 0x69)
I_GAIN: Final = (0x62, 0x66, 0x6A)
SOFT_RESET: Final = 0x70
LAST_SPI_DATA: Final = 0x78
CFG_REG_ACC_EN: Final = 0x7F
AP_ENERGY: Final = (0x81, 0x82, 0x83)  # forward active energy; cleared when read
AN_ENERGY: Final = (0x85, 0x86, 0x87)  # reverse active energy; cleared when read
P_MEAN: Final = (0xB1, 0xB2, 0xB3)  # high word
PF_MEAN: Final = (0xBD, 0xBE, 0xBF)
P_MEAN_LSB: Final = (0xC1, 0xC2, 0xC3)  # low word
U_RMS: Final = (0xD9, 0xDA, 0xDB)
I_RMS: Final = (0xDD, 0xDE, 0xDF)
FREQ: Final = 0xF8

READ_BIT: Final = 0x8000
ADDRESS_MASK: Final = 0x03FF
UNLOCK: Final = 0x55AA  # of CFG_REG_ACC_EN: registers below 0x70 can be written
LOCK: Final = 0x0000
RESET_KEY: Final = 0x789A  # of SOFT_RESET

# --- scales --------------------------------------------------------------------------------------

VOLTAGE_V: Final = 0.01
CURRENT_A: Final = 0.001  # so that 65.535 A is the most
POWER_W: Final = 0.00032  # of the 32 bits of both words
FACTOR: Final = 0.001  # signed
FREQUENCY_HZ: Final = 0.01
# 3200 pulses for 1 kWh, PL_CONST = 450e9 / 3200 (Atmel-46103); a register counts 0.01 pulses.
PL_CONST: Final = 140_625_000
ENERGY_WH: Final = 1000.0 / 3200.0 / 100.0
FULL: Final = 0xFFFF

# assumed: of LastSPIData, until two answers agree; with every fourth answer disturbed one of a
# million values is lost
MOST_READS: Final = 12
MOST_TRIES: Final = 3  # assumed: of a register that is not cleared
RESET_S: Final = 0.005  # after SOFT_RESET (ESPHome: 6 ms with the call)
SETTLE_S: Final = 0.3  # assumed: from the configuration to values of whole averages


class Atm90e32:
    """The registers of the chip on an SPI link."""

    def __init__(self, link: SpiLink, lock: ChipLock) -> None:
        self._link = link
        self._lock = lock

    def read(self, address: int) -> int:
        """Read a register that is not cleared by it; the answer is confirmed.

        :raises ChipError: no answer was confirmed, or the chip is in use.
        """
        with self._lock.hold():
            for _ in range(MOST_TRIES):
                value = self._transfer(READ_BIT | address)
                if self._transfer(READ_BIT | LAST_SPI_DATA) == value:
                    return value
        raise ChipError(f"ATM90E32: register 0x{address:02X} could not be confirmed")

    def take(self, address: int) -> int:
        """Read a register that is cleared by it.

        :raises ChipError: the chip is in use, and the register as it was; or its value is lost,
            because the transfer has failed or no two answers agree.
        """
        with self._lock.hold():
            seen = {self._transfer(READ_BIT | address)}
            for _ in range(MOST_READS):
                with suppress(ChipError):
                    value = self._transfer(READ_BIT | LAST_SPI_DATA)
                    if value in seen:
                        return value
                    seen.add(value)
        raise ChipError(f"ATM90E32: register 0x{address:02X} was cleared and is not known")

    def power_w(self, phase: int) -> float:
        """Read the mean active power of a phase [W], 0 to 2: two words of one measurement.

        :raises ChipError: no answer was confirmed, or the chip is in use.
        """
        for _ in range(MOST_TRIES):
            high = self.read(P_MEAN[phase])
            low = self.read(P_MEAN_LSB[phase])
            if self.read(P_MEAN[phase]) == high:
                return signed(high << 16 | low, 32) * POWER_W
        raise ChipError(f"ATM90E32: the words of power {phase} do not fit together")

    def write(self, address: int, value: int) -> None:
        """Write a register; the chip confirms what has arrived.

        :raises ChipError: nothing was confirmed, or the chip is in use.
        """
        with self._lock.hold():
            for _ in range(MOST_TRIES):
                self._transfer(address, value)
                if self._transfer(READ_BIT | LAST_SPI_DATA) == value:
                    return
        raise ChipError(f"ATM90E32: writing register 0x{address:02X} was not confirmed")

    def reset(self) -> None:
        """Reset the chip, which loses all that it has; it takes `RESET_S`.

        :raises ChipError: the transfer has failed, or the chip is in use.
        """
        with self._lock.hold():
            self._transfer(SOFT_RESET, RESET_KEY)

    def _transfer(self, address: int, value: int = 0) -> int:
        """Exchange 32 bits; return the last 16 of the answer. A failed transfer answers nothing."""
        sent = (address << 16 | value).to_bytes(4, "big")
        return int.from_bytes(self._link.transfer(sent)[2:], "big")


def signed(value: int, bits: int) -> int:
    """Return a number of some bits as its two's complement."""
    return value - (1 << bits) if value >> (bits - 1) else value

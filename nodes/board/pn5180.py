"""The reader chip PN5180: its host interface on SPI with the lines BUSY and RESET_N.

Source: NXP, PN5180A0xx/C3,C4, product data sheet, rev. 4.0; pages and tables below are of it.

An instruction is one SPI frame. BUSY is high from the first byte until the chip can take the next
frame; an answer is read by a second frame of FF (page 18 f.). Numbers of 32 bits are sent least
significant byte first. The chip sees NSS only as spidev drives it, so BUSY is not waited for before
NSS rises: optional unless its test bus is enabled (page 19).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from nodes.board.card_air import AirAnswer, AirTimes, CardAir
from nodes.board.spi_link import ChipError, SpiLink

SPI_MODE = 0  # page 18
SPI_MOST_HZ = 7_000_000  # page 18


class PnCommand(IntEnum):
    """Instructions (table 5)."""

    WRITE = 0x00
    OR = 0x01
    AND = 0x02
    CHANGE = 0x03  # WRITE_REGISTER_MULTIPLE
    READ = 0x04
    READ_SEVERAL = 0x05  # READ_REGISTER_MULTIPLE
    WRITE_EEPROM = 0x06
    READ_EEPROM = 0x07
    SEND_DATA = 0x09
    READ_DATA = 0x0A
    LOAD_RF_CONFIG = 0x11
    RF_ON = 0x16
    RF_OFF = 0x17


class PnRegister(IntEnum):
    """Registers (table 74)."""

    SYSTEM_CONFIG = 0x00
    IRQ_STATUS = 0x02
    IRQ_CLEAR = 0x03
    CRC_RX_CONFIG = 0x12
    RX_STATUS = 0x13
    TX_CONFIG = 0x18
    CRC_TX_CONFIG = 0x19
    RF_STATUS = 0x1D


class PnChange(IntEnum):
    """What CHANGE does with a register (table 9)."""

    WRITE = 1
    OR = 2
    AND = 3


# SYSTEM_CONFIG (table 75)
COMMAND_BITS = 0x7
TRANSCEIVE = 0x3

# IRQ_STATUS and IRQ_CLEAR (tables 77, 78)
RX_IRQ = 1 << 0
TX_IRQ = 1 << 1
IDLE_IRQ = 1 << 2
RF_OFF_IRQ = 1 << 8
RF_ON_IRQ = 1 << 9
SOF_IRQ = 1 << 14
GENERAL_ERROR_IRQ = 1 << 17
ALL_IRQS = 0x000F_FFFF
RESERVED_IRQS = 0xFFF0_0000  # always 0

# CRC_RX_CONFIG, CRC_TX_CONFIG (tables 92, 99)
CRC_ENABLE = 0x1
ALIGN_BITS = 0x1C0
ALIGN_SHIFT = 6
AFTER_COLLISION = 0x200  # 0: the bits after a collision are cleared

# RX_STATUS (table 93)
RX_BYTES = 0x1FF
RX_INTEGRITY_ERROR = 1 << 16
RX_PROTOCOL_ERROR = 1 << 17
RX_COLLISION = 1 << 18
RX_COLLISION_SHIFT = 19
RX_COLLISION_POSITION = 0x7F

# TX_CONFIG (table 98): data and start symbol; without them an end of frame is sent alone.
TX_DATA_AND_START = 0x4C0

# EEPROM (table 51): product, firmware and EEPROM version, each minor byte first
VERSIONS = 0x10
VERSION_BYTES = 6

# RF_ON, bit 0: no collision avoidance (table 37). Else a telephone that looks for a card at that
# moment keeps the field off.
RF_ON_ALWAYS = 0x01

RESET_S = 100e-6  # page 16: at least 10 us
BOOT_S = 2.5e-3  # table 141: typically 2.3 ms, 2.5 ms
BOOT_MOST_S = 3e-3  # assumed: more than that
BUSY_STEP_S = 20e-6
BUSY_MOST_S = 3e-3  # assumed: LOAD_RF_CONFIG takes less than 1 ms
IRQ_STEP_S = 100e-6
FIELD_MOST_S = 2e-3  # assumed: without collision avoidance the field is there at once
MOST_DATA = 64  # bytes of one answer; cards send 12 at most here


@dataclass(frozen=True, slots=True, kw_only=True)
class RfConfig:
    """A pair of configurations for LOAD_RF_CONFIG (table 32)."""

    transmitter: int
    receiver: int


ISO14443A_106 = RfConfig(transmitter=0x00, receiver=0x80)
ISO15693_26 = RfConfig(transmitter=0x0D, receiver=0x8D)  # 100 % ASK, 1 out of 4, 26 kbit/s


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderLines:
    """What the chip needs beside SPI."""

    busy: Callable[[], bool]  # the level of BUSY
    reset: Callable[[bool], None]  # sets the level of RESET_N
    time: "WaitedTime"


class WaitedTime:
    """Waits, and measures how long something takes.

    That is the sum of the waits, or what the clock says if it is more: so each loop ends, also if
    the clock of the bus stands still within a callback.
    """

    def __init__(self, wait: Callable[[float], None], now_s: Callable[[], float]) -> None:
        """Take a function that waits at least so many seconds, and a monotonic clock [s]."""
        self._wait = wait
        self._now_s = now_s
        self._waited_s = 0.0

    def wait(self, seconds: float) -> None:
        """Wait at least so many seconds."""
        self._wait(seconds)
        self._waited_s += seconds

    def stopwatch(self) -> Callable[[], float]:
        """Return a function that returns the time since now [s]."""
        start_s, waited_s = self._now_s(), self._waited_s
        return lambda: max(self._now_s() - start_s, self._waited_s - waited_s)


class Pn5180(CardAir):
    """One chip. Each wait is bounded; a chip that does not answer raises a ChipError."""

    def __init__(self, link: SpiLink, lines: ReaderLines) -> None:
        """Take the lines; the chip is used from `start` on."""
        self._link = link
        self._lines = lines
        self._tx_configs: dict[RfConfig, int] = {}  # TX_CONFIG as LOAD_RF_CONFIG sets it
        self._tx_config = 0

    # --- the chip ------------------------------------------------------------------------------

    def start(self) -> bytes:
        """Reset the chip and wait until it has booted, 6 ms at most; return its versions.

        :raises ChipError: it does not boot.
        """
        lines = self._lines
        self._tx_configs.clear()
        lines.reset(False)
        lines.time.wait(RESET_S)
        lines.reset(True)
        lines.time.wait(BOOT_S)
        self._await_irq(IDLE_IRQ, BOOT_MOST_S, "boot")
        versions = self._get(bytes((PnCommand.READ_EEPROM, VERSIONS, VERSION_BYTES)), VERSION_BYTES)
        if len(set(versions)) == 1 and versions[0] in (0x00, 0xFF):
            raise ChipError(f"PN5180: its versions read as {versions.hex()}")
        return versions

    def stop(self) -> None:
        """Keep the chip in reset: power-down, no field."""
        self._lines.reset(False)

    def load(self, config: RfConfig) -> None:
        """Load a configuration. The chip neither appends nor checks a CRC."""
        self._send(bytes((PnCommand.LOAD_RF_CONFIG, config.transmitter, config.receiver)))
        if config not in self._tx_configs:
            self._tx_configs[config] = self.read(PnRegister.TX_CONFIG)[0]
        self._tx_config = self._tx_configs[config]
        self.change(
            (PnRegister.CRC_TX_CONFIG, PnChange.AND, ~CRC_ENABLE),
            (PnRegister.CRC_RX_CONFIG, PnChange.AND, ~(CRC_ENABLE | AFTER_COLLISION)),
        )

    def field_on(self) -> None:
        """Switch the field on.

        :raises ChipError: it is not on in time.
        """
        self.write(PnRegister.IRQ_CLEAR, ALL_IRQS)
        self._send(bytes((PnCommand.RF_ON, RF_ON_ALWAYS)))
        self._await_irq(RF_ON_IRQ, FIELD_MOST_S, "switch the field on")

    def field_off(self) -> None:
        """Switch the field off."""
        self._send(bytes((PnCommand.RF_OFF, 0x00)))

    def exchange(
        self, frame: bytes, times: AirTimes, *, last_bits: int = 0, align: int = 0
    ) -> AirAnswer | None:
        """See `nodes.board.card_air.CardAir.exchange`.

        :raises ChipError: the chip has not sent the frame.
        """
        tx_config = self._tx_config if frame else self._tx_config & ~TX_DATA_AND_START
        self.change(
            (PnRegister.SYSTEM_CONFIG, PnChange.AND, ~COMMAND_BITS),
            (PnRegister.IRQ_CLEAR, PnChange.WRITE, ALL_IRQS),
            (PnRegister.TX_CONFIG, PnChange.WRITE, tx_config),
            (PnRegister.CRC_RX_CONFIG, PnChange.AND, ~ALIGN_BITS),
            (PnRegister.CRC_RX_CONFIG, PnChange.OR, align << ALIGN_SHIFT),
            (PnRegister.SYSTEM_CONFIG, PnChange.OR, TRANSCEIVE),
        )
        self._send(bytes((PnCommand.SEND_DATA, last_bits)) + frame)
        status = self._received(times)
        return None if status is None else self._answer(status)

    # --- registers -----------------------------------------------------------------------------

    def write(self, register: PnRegister, value: int) -> None:
        """Write one register."""
        self._send(bytes((PnCommand.WRITE, register)) + _word(value))

    def change(self, *changes: tuple[PnRegister, PnChange, int]) -> None:
        """Change registers one after another, in one frame."""
        parts = (bytes((register, how)) + _word(value) for register, how, value in changes)
        self._send(bytes((PnCommand.CHANGE,)) + b"".join(parts))

    def read(self, *registers: PnRegister) -> tuple[int, ...]:
        """Return the values of registers, read at one time."""
        command = PnCommand.READ if len(registers) == 1 else PnCommand.READ_SEVERAL
        answer = self._get(bytes((command, *registers)), 4 * len(registers))
        return tuple(
            int.from_bytes(answer[at : at + 4], "little") for at in range(0, len(answer), 4)
        )

    # --- inside --------------------------------------------------------------------------------

    def _received(self, times: AirTimes) -> int | None:
        """Return RX_STATUS when something was received; None if nothing was in time."""
        elapsed_s = self._lines.time.stopwatch()
        self._lines.time.wait(times.first_s)
        irqs = 0  # all since the frame: an option in EEPROM clears them when they are read
        while True:
            new_irqs, status = self.read(PnRegister.IRQ_STATUS, PnRegister.RX_STATUS)
            _check(new_irqs)
            irqs |= new_irqs
            is_wrong = status & (RX_INTEGRITY_ERROR | RX_PROTOCOL_ERROR | RX_COLLISION)
            if irqs & RX_IRQ or (irqs & GENERAL_ERROR_IRQ and is_wrong):
                return status
            if irqs & GENERAL_ERROR_IRQ:
                raise ChipError("PN5180: it refuses to send")
            has_begun = irqs & SOF_IRQ
            if elapsed_s() >= (times.end_s if has_begun else times.begin_s):
                break
            self._lines.time.wait(IRQ_STEP_S)
        if not irqs & TX_IRQ:
            raise ChipError("PN5180: it has not sent in time")
        return None

    def _answer(self, status: int) -> AirAnswer:
        is_wrong = bool(status & (RX_INTEGRITY_ERROR | RX_PROTOCOL_ERROR))
        count, collision = status & RX_BYTES, None
        if status & RX_COLLISION:
            collision = status >> RX_COLLISION_SHIFT & RX_COLLISION_POSITION
            # The count may leave out the byte of the collision; the buffer has it.
            count = max(count, collision // 8 + 1)
        if count > MOST_DATA:
            return AirAnswer(data=b"", is_wrong=True)
        data = self._get(bytes((PnCommand.READ_DATA, 0x00)), count) if count else b""
        return AirAnswer(data=data, collision=collision, is_wrong=is_wrong)

    def _await_irq(self, irq: int, most_s: float, what: str) -> None:
        for elapsed_s in self._times(IRQ_STEP_S):
            (irqs,) = self.read(PnRegister.IRQ_STATUS)
            _check(irqs)
            if irqs & irq:
                return
            if elapsed_s >= most_s:
                raise ChipError(f"PN5180: it does not {what}")

    def _send(self, frame: bytes) -> None:
        """Send a frame when the chip can take it, and wait until it has been carried out."""
        self._await_ready()
        self._link.transfer(frame)
        self._await_ready()

    def _get(self, frame: bytes, count: int) -> bytes:
        """Send a frame and return its answer of so many bytes."""
        self._send(frame)
        answer = self._link.transfer(b"\xff" * count)
        self._await_ready()
        return answer

    def _await_ready(self) -> None:
        for elapsed_s in self._times(BUSY_STEP_S):
            if not self._lines.busy():
                return
            if elapsed_s >= BUSY_MOST_S:
                raise ChipError(f"PN5180: BUSY is high for {elapsed_s * 1000:.1f} ms")

    def _times(self, step_s: float) -> Iterator[float]:
        """Yield the time since the begin [s], with a wait between."""
        time = self._lines.time
        elapsed_s = time.stopwatch()
        while True:
            yield elapsed_s()
            time.wait(step_s)


def _check(irqs: int) -> None:
    if irqs & RESERVED_IRQS:
        raise ChipError(f"PN5180: IRQ_STATUS reads as {irqs:08X}")


def _word(value: int) -> bytes:
    return (value & 0xFFFF_FFFF).to_bytes(4, "little")

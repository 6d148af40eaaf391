"""The reader chip PN5180 as its data sheet describes it, with cards in its field.

Source: NXP, PN5180A0xx/C3,C4, rev. 4.0. Of its instructions those for registers, EEPROM, RF field
and data; the others raise GENERAL_ERROR_IRQ. Time passes by the clock that it is given: BUSY falls,
the chip boots and an answer ends at their time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nodes.board import pn5180 as chip
from nodes.board.card_air import crc_a, crc_v
from nodes.board.models.cards import (
    Bits,
    ModelCard,
    Modulation,
    card_of,
    superpose,
    to_bits,
    to_bytes,
)
from nodes.board.models.spi import ChipModel
from nodes.board.pn5180 import PnCommand, PnRegister

BOOT_S = 2.3e-3  # table 141
BUSY_S = 30e-6  # assumed
LOAD_BUSY_S = 300e-6  # assumed: LOAD_RF_CONFIG
FIELD_S = 100e-6  # assumed: from RF_ON to its IRQ

# [s] of a byte on the air, from the end of a frame to the answer, of the start and end of a frame
TIMES = {
    Modulation.TYPE_A: (85e-6, 91e-6, 20e-6),
    Modulation.VICINITY: (302e-6, 321e-6, 150e-6),
}

# From the field to the first frame that a card hears: as late as the standards allow, ISO 14443-3,
# 6.1.1, and ISO 15693-2, 6.1.
READY_S = {Modulation.TYPE_A: 5e-3, Modulation.VICINITY: 1e-3}

VERSIONS = bytes((0x00, 0x04, 0x00, 0x04, 0x00, 0x99))  # firmware 4.0; the last two assumed
REGISTERS = (*range(0x2A), 0x36, 0x39, 0x43)  # table 74
READ_ONLY = (PnRegister.IRQ_STATUS, PnRegister.RX_STATUS, PnRegister.RF_STATUS)
IRQ_PIN_CONFIG, CLEARED_BY_READING = 0x1A, 0x02  # of EEPROM: IRQ_STATUS is cleared when it is read
MODULATIONS = {
    (0x00, 0x80): Modulation.TYPE_A,
    (0x0D, 0x8D): Modulation.VICINITY,
}
# TX_CONFIG as the configurations set it: parity, data, stop and start symbols. Assumed.
TX_CONFIGS = {Modulation.TYPE_A: 0x0000_1C40, Modulation.VICINITY: 0x0000_0580}
# CRC as the configurations set it: preset 6363, off; preset FFFF, inverted, on.
CRC_CONFIGS = {Modulation.TYPE_A: 0x08, Modulation.VICINITY: 0x1B}
WAIT_TRANSMIT, TRANSMITTING, WAIT_RECEIVE = 1, 2, 3


@dataclass(slots=True, kw_only=True)
class ReaderFaults:
    """What is wrong with the chip or the cards. A test sets it at any time."""

    busy: bool | None = None  # BUSY is stuck at this level
    miso: int | None = None  # each byte from the chip: 0x00, 0xFF
    is_dead: bool = False  # it has no supply: MISO high, BUSY low
    has_crc_errors: bool = False  # the last bit of each answer of a card is wrong
    answers_left: int | None = None  # after so many answers the cards leave the field


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What happens by itself at a time."""

    at_s: float
    irqs: int = 0
    state: int | None = None
    received: tuple[bytes, int] | None = None  # data, RX_STATUS


class ModelPn5180(ChipModel):
    """See the module. In reset until `reset(True)`."""

    modes = (chip.SPI_MODE,)
    most_hz = chip.SPI_MOST_HZ

    def __init__(
        self,
        clock: Callable[[], float],
        cards: Callable[[], Sequence[str]],
        random_uid: Callable[[], bytes] | None = None,
    ) -> None:
        """Make a chip in reset.

        :param clock: monotonic time [s]; it must pass while the driver waits.
        :param cards: the cards in the field now; see `cards.card_of`.
        :param random_uid: see `cards.card_of`.
        """
        self.faults = ReaderFaults()
        self._clock = clock
        self._texts = cards
        self.random_uid = random_uid
        self._is_reset = True
        self._eeprom = bytearray(0xFF)
        self._eeprom[chip.VERSIONS : chip.VERSIONS + chip.VERSION_BYTES] = VERSIONS
        self._cards: dict[str, ModelCard] = {}
        self._pending: bytes | None = None  # what the next frame reads
        self._data = b""  # the reception buffer
        self._events: list[_Event] = []
        self._busy_until_s = 0.0
        self._modulation: Modulation | None = None
        self._clear()

    def reset(self, level: bool) -> None:
        """Set RESET_N: low switches the chip off, a rising edge boots it."""
        if level and self._is_reset:
            self._clear()
            now_s = self._clock()
            self._busy_until_s = now_s + BOOT_S
            self._events.append(_Event(at_s=now_s + BOOT_S, irqs=chip.IDLE_IRQ))
        if not level:
            self._clear()
        self._is_reset = not level

    def busy(self) -> bool:
        """Return the level of BUSY."""
        if self.faults.busy is not None:
            return self.faults.busy
        return self._works and self._clock() < self._busy_until_s

    @property
    def is_reset(self) -> bool:
        """Return whether RESET_N is low."""
        return self._is_reset

    @property
    def field(self) -> bool:
        """Return whether the field is on."""
        return self._field

    def transfer(self, sent: bytes) -> bytes:
        """See `ChipModel.transfer`. While BUSY is high a frame is lost."""
        answer = b"\xff" * len(sent)
        if self._works and self._clock() >= self._busy_until_s:
            self._catch_up()
            self._busy_until_s = self._clock() + BUSY_S
            pending, self._pending = self._pending, None
            if pending is not None:
                answer = pending[: len(sent)].ljust(len(sent), b"\xff")
            elif not self._run(sent[0], sent[1:]):
                self._irqs |= chip.GENERAL_ERROR_IRQ
        return answer if self.faults.miso is None else bytes((self.faults.miso,)) * len(sent)

    # --- inside --------------------------------------------------------------------------------

    @property
    def _works(self) -> bool:
        return not self._is_reset and not self.faults.is_dead

    def _clear(self) -> None:
        """Be as after a reset."""
        self._values = dict.fromkeys(REGISTERS, 0)
        self._irqs = 0
        self._state = 0
        self._data, self._pending, self._events = b"", None, []
        self._busy_until_s, self._modulation = 0.0, None
        self._set_field(False)

    def _set_field(self, is_on: bool) -> None:
        self._field, self._field_on_s = is_on, self._clock()
        for card in self._cards.values():
            card.power(is_on)

    def _catch_up(self) -> None:
        """Let happen what has happened by now."""
        now_s = self._clock()
        passed = [event for event in self._events if event.at_s <= now_s]
        self._events = [event for event in self._events if event.at_s > now_s]
        for event in passed:
            self._irqs |= event.irqs
            if event.state is not None:
                self._state = event.state
            if event.received is not None:
                self._data, self._values[PnRegister.RX_STATUS] = event.received

    def _run(self, command: int, payload: bytes) -> bool:
        """Carry out an instruction; return whether its conditions are met."""
        match command:
            case PnCommand.WRITE | PnCommand.OR | PnCommand.AND:
                return len(payload) == 5 and self._change(payload[0], command + 1, payload[1:])
            case PnCommand.CHANGE:
                sets = [payload[at : at + 6] for at in range(0, len(payload), 6)]
                return 0 < len(payload) <= 252 and all(
                    len(each) == 6 and self._change(each[0], each[1], each[2:]) for each in sets
                )
            case PnCommand.READ | PnCommand.READ_SEVERAL:
                most = 1 if command == PnCommand.READ else 18
                if not 1 <= len(payload) <= most or any(each not in REGISTERS for each in payload):
                    return False
                self._pending = b"".join(self._read(each).to_bytes(4, "little") for each in payload)
            case PnCommand.READ_EEPROM:
                if len(payload) != 2 or sum(payload) > len(self._eeprom) or payload[1] == 0:
                    return False
                self._pending = bytes(self._eeprom[payload[0] : sum(payload)])
            case PnCommand.WRITE_EEPROM:
                if len(payload) < 2 or payload[0] + len(payload) - 1 > len(self._eeprom):
                    return False
                self._eeprom[payload[0] : payload[0] + len(payload) - 1] = payload[1:]
            case PnCommand.LOAD_RF_CONFIG:
                return self._load(payload)
            case PnCommand.RF_ON | PnCommand.RF_OFF:
                if len(payload) != 1:
                    return False
                self._switch(command == PnCommand.RF_ON)
            case PnCommand.SEND_DATA:
                return self._send(payload)
            case PnCommand.READ_DATA:
                if len(payload) != 1:
                    return False
                self._pending = self._data
            case _:
                return False
        return True

    def _change(self, register: int, how: int, content: bytes) -> bool:
        if register not in REGISTERS or how not in (1, 2, 3):
            return False
        value = int.from_bytes(content, "little")
        if register == PnRegister.IRQ_CLEAR:
            self._irqs &= ~value
        elif register not in READ_ONLY:
            old = self._values[register]
            self._values[register] = {1: value, 2: old | value, 3: old & value}[how]
        if register == PnRegister.SYSTEM_CONFIG:
            is_transceiving = self._values[register] & chip.COMMAND_BITS == chip.TRANSCEIVE
            if not is_transceiving:
                self._state = 0
                # A transmission that is broken off leaves nothing to receive.
                self._events = [event for event in self._events if event.state is None]
            elif self._state == 0:
                self._state = WAIT_TRANSMIT
        return True

    def _read(self, register: int) -> int:
        match register:
            case PnRegister.IRQ_STATUS:
                irqs = self._irqs
                if self._eeprom[IRQ_PIN_CONFIG] & CLEARED_BY_READING:
                    self._irqs = 0
                return irqs
            case PnRegister.RF_STATUS:
                return self._state << 24 | self._field << 17
            case _:
                return self._values[register]

    def _load(self, payload: bytes) -> bool:
        if len(payload) != 2 or payload[0] > 0x1C or not 0x80 <= payload[1] <= 0x9C:
            return False
        self._busy_until_s = self._clock() + LOAD_BUSY_S
        self._modulation = MODULATIONS.get((payload[0], payload[1]))
        if self._modulation is not None:
            self._values[PnRegister.TX_CONFIG] = TX_CONFIGS[self._modulation]
            self._values[PnRegister.CRC_TX_CONFIG] = CRC_CONFIGS[self._modulation]
            self._values[PnRegister.CRC_RX_CONFIG] = CRC_CONFIGS[self._modulation]
        return True

    def _switch(self, is_on: bool) -> None:
        if is_on != self._field:
            self._cards = {}
            self._set_field(is_on)
        irq = chip.RF_ON_IRQ if is_on else chip.RF_OFF_IRQ
        self._events.append(_Event(at_s=self._clock() + FIELD_S, irqs=irq))

    def _send(self, payload: bytes) -> bool:
        has_data = bool(self._values[PnRegister.TX_CONFIG] & 0x400)
        if not payload or payload[0] > 7 or self._state != WAIT_TRANSMIT:
            return False
        if len(payload) > 261 or has_data != (len(payload) > 1):
            return False
        modulation = self._modulation
        frame = payload[1:]
        if modulation is not None and self._values[PnRegister.CRC_TX_CONFIG] & chip.CRC_ENABLE:
            frame += _crc(modulation, frame)
        byte_s, delay_s, edges_s = TIMES[modulation] if modulation else (0.0, 0.0, 0.0)
        sent_s = self._clock() + len(frame) * byte_s + edges_s
        self._state = TRANSMITTING
        self._events.append(_Event(at_s=sent_s, irqs=chip.TX_IRQ, state=WAIT_RECEIVE))
        self._values[PnRegister.RX_STATUS] = 0
        answers = self._answers(to_bits(frame, payload[0]))
        if answers:
            begin_s = sent_s + delay_s + edges_s
            received = self._receive(answers)
            end_s = begin_s + (len(answers[0]) / 8) * byte_s
            self._events += (
                _Event(at_s=begin_s, irqs=chip.SOF_IRQ),
                _Event(at_s=end_s, irqs=chip.RX_IRQ, state=WAIT_TRANSMIT, received=received),
            )
        return True

    def _answers(self, frame: Bits) -> list[Bits]:
        """Return what the cards in the field answer."""
        if self._modulation is None or not self._field:
            return []
        if self._clock() < self._field_on_s + READY_S[self._modulation]:
            return []
        texts = () if self.faults.answers_left == 0 else self._texts()
        self._cards = {text: self._cards.get(text) or self._new_card(text) for text in texts}
        answers = [
            answer
            for card in self._cards.values()
            if card.modulation is self._modulation and (answer := card.receive(frame)) is not None
        ]
        if answers and self.faults.answers_left:
            self.faults.answers_left -= 1
        if self.faults.has_crc_errors:
            answers = [(*answer[:-1], answer[-1] ^ 1) for answer in answers]
        return answers

    def _new_card(self, text: str) -> ModelCard:
        card = card_of(text, self.random_uid)
        card.power(True)
        return card

    def _receive(self, answers: list[Bits]) -> tuple[bytes, int]:
        """Return the data of answers at the same time, and RX_STATUS."""
        modulation = self._modulation
        assert modulation is not None
        config = self._values[PnRegister.CRC_RX_CONFIG]
        align = (config & chip.ALIGN_BITS) >> chip.ALIGN_SHIFT
        bits, collision = superpose(answers)
        bits = (0,) * align + bits
        data, status = to_bytes(bits), len(bits) % 8 << 13
        if collision is not None:
            at = collision + align
            # The byte of the collision does not count, as observed with ISO 15693.
            status |= chip.RX_COLLISION | at << chip.RX_COLLISION_SHIFT | chip.RX_INTEGRITY_ERROR
            return data, status | at // 8
        if self.faults.has_crc_errors and modulation is Modulation.TYPE_A:
            status |= chip.RX_INTEGRITY_ERROR  # the parity
        if config & chip.CRC_ENABLE:
            data, check = data[:-2], data[-2:]
            if check != _crc(modulation, data):
                status |= chip.RX_INTEGRITY_ERROR
        return data, status | len(data)


def _crc(modulation: Modulation, data: bytes) -> bytes:
    return crc_a(data) if modulation is Modulation.TYPE_A else crc_v(data)

"""Cards in the field of a reader: state machines of ISO 14443-3 type A and ISO 15693-3, bit by bit.

A frame is a tuple of bits in the order of sending, least significant bit of each byte first. The
two standards do not hear each other: their modulations differ.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Protocol

from nodes.board.card_air import crc_a, crc_v

Bits = tuple[int, ...]


class Modulation(Enum):
    """What the reader sends with, and expects."""

    TYPE_A = auto()  # ISO 14443 type A, 106 kbit/s
    VICINITY = auto()  # ISO 15693, 26 kbit/s


def to_bits(data: bytes, last_bits: int = 0) -> Bits:
    """Return the bits of bytes; of the last byte only the first `last_bits`, if not 0."""
    bits = tuple(byte >> at & 1 for byte in data for at in range(8))
    return bits[: len(bits) - 8 + last_bits] if last_bits and data else bits


def to_bytes(bits: Bits) -> bytes:
    """Return bits as bytes; the last one is filled with zeros."""
    value = sum(bit << at for at, bit in enumerate(bits))
    return value.to_bytes((len(bits) + 7) // 8, "little")


class ModelCard(Protocol):
    """A card in the field."""

    modulation: Modulation

    def power(self, is_on: bool) -> None:
        """Get power from the field, or lose it with all states."""

    def receive(self, frame: Bits) -> Bits | None:
        """Take a frame of the reader; return the answer, None for silence."""


class _TypeAState(Enum):
    OFF = auto()
    IDLE = auto()
    READY = auto()
    ACTIVE = auto()
    HALT = auto()


class TypeACard(ModelCard):
    """A card of ISO 14443-3 type A: figure 7, with READY* and ACTIVE* as states after HALT."""

    modulation = Modulation.TYPE_A

    def __init__(
        self, uid: Callable[[], bytes], *, has_wrong_check: bool = False, is_in_field: bool = True
    ) -> None:
        """Make a card.

        :param uid: returns 4, 7 or 10 bytes, most significant first; asked each time it gets power.
        :param has_wrong_check: its check bytes are wrong, so that it cannot be read.
        """
        self._next_uid = uid
        self._wrong = 0xFF if has_wrong_check else 0x00
        self._state = _TypeAState.OFF
        self._was_halted = False
        self._levels: list[bytes] = []
        self._level = 0

    def power(self, is_on: bool) -> None:
        """See `ModelCard.power`."""
        self._state = _TypeAState.IDLE if is_on else _TypeAState.OFF
        self._was_halted, self._level = False, 0
        if is_on:
            self._levels = [
                part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3] ^ self._wrong,))
                for part in _parts(self._next_uid())
            ]

    def receive(self, frame: Bits) -> Bits | None:
        """See `ModelCard.receive`."""
        state = self._state
        if state in (_TypeAState.IDLE, _TypeAState.HALT):
            return self._wake(frame)
        if state is _TypeAState.READY:
            return self._in_ready(to_bytes(frame), len(frame))
        if state is _TypeAState.ACTIVE:
            halts = to_bytes(frame) == b"\x50\x00" + crc_a(b"\x50\x00")
            self._leave(halts=halts)
        return None

    def _wake(self, frame: Bits) -> Bits | None:
        is_wake_up = frame == to_bits(b"\x52", 7)
        is_request = frame == to_bits(b"\x26", 7)
        if not is_wake_up and not (is_request and self._state is _TypeAState.IDLE):
            return None
        self._was_halted = self._state is _TypeAState.HALT
        self._state, self._level = _TypeAState.READY, 0
        # ATQA: bit frame anticollision, and the size of the UID (table 3).
        return to_bits(bytes((0x04 | (len(self._levels) - 1) << 6, 0x00)))

    def _in_ready(self, frame: bytes, count: int) -> Bits | None:
        level = self._levels[self._level]
        known = count - 16
        is_mine = len(frame) >= 2 and frame[0] == 0x93 + 2 * self._level
        if is_mine and frame[1] == 0x70 and count == 72:
            if frame[2:7] == level and frame[7:] == crc_a(frame[:7]):
                return self._select()
        elif is_mine and 0 <= known < 40 and frame[1] == (2 + known // 8) << 4 | known % 8:
            mine = to_bits(level)
            return mine[known:] if mine[:known] == to_bits(frame[2:])[:known] else None
        self._leave(halts=self._was_halted)
        return None

    def _select(self) -> Bits:
        is_last = self._level == len(self._levels) - 1
        if is_last:
            self._state = _TypeAState.ACTIVE
        else:
            self._level += 1
        sak = b"\x08" if is_last else b"\x04"
        return to_bits(sak + crc_a(sak))

    def _leave(self, *, halts: bool) -> None:
        halts = halts or self._was_halted
        self._state = _TypeAState.HALT if halts else _TypeAState.IDLE
        self._was_halted = False


class VicinityCard(ModelCard):
    """A card of ISO 15693-3 that knows Inventory and Stay Quiet, as each one must."""

    modulation = Modulation.VICINITY

    def __init__(self, uid: bytes, *, has_wrong_check: bool = False) -> None:
        """Make a card.

        :param uid: 8 bytes, most significant first.
        :param has_wrong_check: its CRC is wrong, so that it cannot be read.
        """
        self._uid = uid[::-1]  # as it is sent
        self._wrong = 0xFF if has_wrong_check else 0x00
        self._is_on = self._is_quiet = False
        self._slot: int | None = None  # that of the inventory that runs
        self._own_slot = 0

    def power(self, is_on: bool) -> None:
        """See `ModelCard.power`."""
        self._is_on, self._is_quiet, self._slot = is_on, False, None

    def receive(self, frame: Bits) -> Bits | None:
        """See `ModelCard.receive`."""
        if not self._is_on:
            return None
        if not frame:
            return self._next_slot()
        self._slot = None
        data = to_bytes(frame)
        if len(data) < 4 or crc_v(data[:-2]) != data[-2:]:
            return None
        flags, command, rest = data[0], data[1], data[2:-2]
        if flags == 0x22 and command == 0x02 and rest == self._uid:
            self._is_quiet = True
        if command == 0x01 and flags in (0x06, 0x26) and not self._is_quiet:
            return self._inventory(rest, has_slots=flags == 0x06)
        return None

    def _inventory(self, rest: bytes, *, has_slots: bool) -> Bits | None:
        bits = rest[0]
        mask = int.from_bytes(rest[1:], "little")
        uid = int.from_bytes(self._uid, "little")
        if len(rest) - 1 != (bits + 7) // 8 or uid & (1 << bits) - 1 != mask:
            return None
        if not has_slots:
            return self._answer()
        self._slot, self._own_slot = 0, uid >> bits & 0xF
        return self._answer() if self._own_slot == 0 else None

    def _next_slot(self) -> Bits | None:
        if self._slot is None:
            return None
        self._slot += 1
        return self._answer() if self._slot == self._own_slot else None

    def _answer(self) -> Bits:
        data = b"\x00\x00" + self._uid
        check = bytes(byte ^ self._wrong for byte in crc_v(data))
        return to_bits(data + check)


def card_of(text: str, random_uid: Callable[[], bytes] | None = None) -> ModelCard:
    """Return the card that a text stands for.

    8, 14 or 20 hex digits: ISO 14443. 16 digits: ISO 15693, garbled unless they begin with E0. Any
    other text: a card of ISO 14443 with wrong check bytes.

    :param random_uid: returns the next UID of the cards of 4 bytes that begin with 08; None: they
        keep theirs.
    """
    data = bytes.fromhex(text)
    if len(data) == 8:
        return VicinityCard(data, has_wrong_check=data[0] != 0xE0)
    if len(data) not in (4, 7, 10):
        return TypeACard(lambda: data[:4].ljust(4, b"\x11"), has_wrong_check=True)
    if len(data) == 4 and data[0] == 0x08 and random_uid is not None:
        return TypeACard(random_uid)
    return TypeACard(lambda: data)


def superpose(answers: Iterable[Bits]) -> tuple[Bits, int | None]:
    """Return the bits that a reader receives of several answers, and their first collision.

    The bits from the collision on are 0, as the chip clears them.
    """
    each = list(answers)
    shortest = min(len(bits) for bits in each)
    for at in range(shortest):
        if len({bits[at] for bits in each}) > 1:
            return each[0][:at] + (0,) * (len(each[0]) - at), at
    longest = max(each, key=len)
    return longest, shortest if len(longest) > shortest else None


def _parts(uid: bytes) -> list[bytes]:
    """Return the four bytes of each cascade level (figure 11)."""
    parts = []
    while len(uid) > 4:
        parts.append(b"\x88" + uid[:3])
        uid = uid[3:]
    return [*parts, uid]

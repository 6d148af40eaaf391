"""ISO 14443-3 type A: the UIDs of all cards in the field, 4, 7 or 10 bytes, at 106 kbit/s.

Of two cards whose bits differ, the one with a 1 is selected first (6.5.3.2). A selected card is
halted, so that the next request finds the others.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from nodes.board.card_air import (
    MOST_CARDS,
    AirAnswer,
    AirTimes,
    CardAir,
    CardsFound,
    MayTake,
    crc_a,
)

REQA: Final = b"\x26"  # 7 bits; cards that are halted do not answer
REQA_BITS: Final = 7
HALT: Final = b"\x50\x00"
LEVELS: Final = (0x93, 0x95, 0x97)  # the SEL byte of each cascade level
ALL_KNOWN: Final = 0x70  # NVB of SELECT
CASCADE_TAG: Final = 0x88  # first byte of a level that is not the last
SAK_INCOMPLETE: Final = 0x04
UID_BITS: Final = 32  # of one level; behind them the check byte

# A byte takes 9 bits of 128/fc. A card begins to answer 91 us after a frame, the end of a frame and
# the chip add some (6.2.1). The rest is for SPI.
BYTE_S: Final = 85e-6
DELAY_S: Final = 0.6e-3
COST_S: Final = 2e-3  # of one exchange, with SPI
GUARD_S: Final = 5.1e-3  # 5 ms from the field to the first request (6.1.1)


class _Lost(Enum):
    """Why a card was not selected."""

    GONE = "gone"  # it does not answer any more
    GARBLED = "garbled"
    TIME = "time"


@dataclass(slots=True)
class _Level:
    """One cascade level, while it is read."""

    bits: int = 0  # how many are known
    data: int = 0  # the known bits, the first is the lowest
    has_collision: bool = False


def find_cards(air: CardAir, may_take: MayTake, most: int = MOST_CARDS) -> CardsFound:
    """Return the cards in a field that was off before and has been on for `GUARD_S`."""
    uids: list[str] = []
    while True:
        request = _exchange(air, REQA, 2, last_bits=REQA_BITS)
        if request is None:
            return CardsFound(uids=tuple(uids))
        if len(uids) == most:
            return CardsFound(uids=tuple(uids), unread=1)
        uid, has_collision = _select(air, may_take)
        if uid is _Lost.GONE and not has_collision:
            return CardsFound(uids=tuple(uids))
        if isinstance(uid, _Lost):
            return CardsFound(uids=tuple(uids), unread=1 + has_collision)
        if uid in uids:  # it has not taken the HALT, and hides what else there may be
            return CardsFound(uids=tuple(uids), unread=int(has_collision))
        uids.append(uid)
        if not may_take(2 * COST_S):
            return CardsFound(uids=tuple(uids), unread=int(has_collision))
        _exchange(air, HALT + crc_a(HALT), 0)


def _select(air: CardAir, may_take: MayTake) -> tuple[str | _Lost, bool]:
    """Select one card; return its UID, and whether others have answered too."""
    uid, has_collision = b"", False
    for select in LEVELS:
        level = _Level()
        found = _read_level(air, may_take, select, level)
        has_collision = has_collision or level.has_collision
        if isinstance(found, _Lost):
            return found, has_collision
        part, sak = found
        if not sak & SAK_INCOMPLETE:
            return (uid + part).hex().upper(), has_collision
        if part[0] != CASCADE_TAG:
            return _Lost.GARBLED, has_collision
        uid += part[1:]
    return _Lost.GARBLED, has_collision


def _read_level(
    air: CardAir, may_take: MayTake, select: int, level: _Level
) -> tuple[bytes, int] | _Lost:
    """Return the four bytes of one level and the SAK of the card that is selected by them."""
    while True:
        if not may_take(COST_S):
            return _Lost.TIME
        whole, part = divmod(level.bits, 8)
        known = level.data.to_bytes(5, "little")[: whole + (part > 0)]
        frame = bytes((select, (2 + whole) << 4 | part)) + known
        answer = _exchange(air, frame, 5 - whole, last_bits=part, align=part)
        if answer is None:
            return _Lost.GONE
        if answer.collision is None:
            break
        if not _resolve(level, answer):
            return _Lost.GARBLED
    received = int.from_bytes(answer.data, "little") >> part << level.bits
    if answer.is_wrong or len(answer.data) != 5 - whole:
        return _Lost.GARBLED
    data = (level.data | received).to_bytes(5, "little")
    if data[0] ^ data[1] ^ data[2] ^ data[3] != data[4]:
        return _Lost.GARBLED
    if not may_take(COST_S):
        return _Lost.TIME
    frame = bytes((select, ALL_KNOWN)) + data
    answer = _exchange(air, frame + crc_a(frame), 3)
    if answer is None:
        # No card has this UID: the answer before was not that of one card.
        return _Lost.GARBLED if level.has_collision else _Lost.GONE
    sak = answer.data[:1]
    if answer.is_wrong or answer.collision is not None or answer.data != sak + crc_a(sak):
        return _Lost.GARBLED
    return data[:4], sak[0]


def _resolve(level: _Level, answer: AirAnswer) -> bool:
    """Extend the known bits up to a collision, there with a 1; False: it cannot be one."""
    level.has_collision = True
    assert answer.collision is not None
    whole, part = divmod(level.bits, 8)
    position = 8 * whole + answer.collision
    if not level.bits <= position < UID_BITS or len(answer.data) * 8 < answer.collision:
        return False
    received = int.from_bytes(answer.data, "little") >> part << level.bits
    level.data |= received & (1 << position) - 1
    level.data |= 1 << position
    level.bits = position + 1
    return True


def _exchange(
    air: CardAir, frame: bytes, count: int, *, last_bits: int = 0, align: int = 0
) -> AirAnswer | None:
    """Send a frame; `count`: the most bytes that are answered, 0: there is no answer."""
    sent_s = len(frame) * BYTE_S
    # Whether the chip notes the start of such an answer (SOF_IRQ) is not known: its end counts.
    end_s = sent_s + DELAY_S + count * BYTE_S
    times = AirTimes(first_s=sent_s, begin_s=end_s, end_s=end_s)
    return air.exchange(frame, times, last_bits=last_bits, align=align)

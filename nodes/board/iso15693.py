"""ISO 15693-3: the UIDs of all cards in the field, with one subcarrier at 26 kbit/s.

A single slot first: one card answers at once. After a collision 16 slots, one for each value of
the next four bits of the UID; a slot with a collision is read again with these bits in the mask.
The position of a collision is not used: the chip reports it with fewer bytes than it has received.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from nodes.board.card_air import (
    MOST_CARDS,
    AirAnswer,
    AirTimes,
    CardAir,
    CardsFound,
    MayTake,
    crc_v,
)

# Flags of a request (7.3.1): inventory, high data rate; one slot.
ONE_SLOT: Final = 0x26
SIXTEEN_SLOTS: Final = 0x06
INVENTORY: Final = 0x01
END_OF_FRAME: Final = b""
SLOTS: Final = 16
SLOT_BITS: Final = 4
UID_BITS: Final = 64
ERROR_FLAG: Final = 0x01
ANSWER_BYTES: Final = 12  # flags, DSFID, UID, CRC
FIRST_BYTE: Final = 0xE0  # the most significant of each UID
MOST_ROUNDS: Final = 24  # assumed: two UIDs differ within 16; noise must not go on for ever

# 8 bits of 512/fc a byte, both ways (7.2.1, 8.2.1); start and end of a frame; a card begins to
# answer at most 323 us after it (9.1), which the chip notices after 150 us more.
BYTE_S: Final = 302e-6
FRAME_S: Final = 0.2e-3
DELAY_S: Final = 0.6e-3
ANSWER_S: Final = ANSWER_BYTES * BYTE_S + 0.5e-3
COST_S: Final = 6.8e-3  # of a request with an answer, with SPI
SLOT_COST_S: Final = 5.3e-3
GUARD_S: Final = 1e-3  # from the field to the first request (part 2, 6.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    """The first bits of a UID, counted from its least significant one."""

    bits: int = 0
    value: int = 0

    def extended(self, slot: int) -> "_Mask":
        return _Mask(bits=self.bits + SLOT_BITS, value=self.value | slot << self.bits)

    def fits(self, uid: int) -> bool:
        return uid & (1 << self.bits) - 1 == self.value


def inventory(air: CardAir, may_take: MayTake, most: int = MOST_CARDS) -> CardsFound:
    """Return the cards in a field that has been on for `GUARD_S`."""
    request = bytes((ONE_SLOT, INVENTORY, 0))
    answer = _exchange(air, request + crc_v(request))
    if answer is not None and answer.collision is None and _uid(answer) is None:
        # One garbled card, or noise: once more.
        if not may_take(COST_S):
            return CardsFound(unread=1)
        answer = _exchange(air, request + crc_v(request))
    if answer is None:
        return CardsFound()
    if answer.collision is None:
        uid = _uid(answer)
        return CardsFound(unread=1) if uid is None else CardsFound(uids=(f"{uid:016X}",))
    return _in_slots(air, may_take, most)


def _in_slots(air: CardAir, may_take: MayTake, most: int) -> CardsFound:
    """Return the cards after a collision in the single slot."""
    uids: list[str] = []
    masks, unread = deque((_Mask(),)), 0
    for _ in range(MOST_ROUNDS):
        if not masks:
            break
        mask = masks.popleft()
        for slot in range(SLOTS):
            if not may_take(SLOT_COST_S if slot else COST_S):
                # The cards of this mask that are not read yet, at least.
                return CardsFound(uids=tuple(uids), unread=max(2 - len(uids), 1))
            answer = _exchange(air, END_OF_FRAME if slot else _request(mask))
            if answer is None:
                continue
            here, uid = mask.extended(slot), _uid(answer)
            if answer.collision is not None:
                if here.bits < UID_BITS:
                    masks.append(here)
                else:
                    unread += 1
            elif uid is None or not here.fits(uid):
                unread += 1
            elif f"{uid:016X}" not in uids:
                uids.append(f"{uid:016X}")
            if len(uids) > most:
                return CardsFound(uids=tuple(uids[:most]), unread=1)
    return CardsFound(uids=tuple(uids), unread=unread + len(masks))


def _request(mask: _Mask) -> bytes:
    value = mask.value.to_bytes((mask.bits + 7) // 8, "little")
    request = bytes((SIXTEEN_SLOTS, INVENTORY, mask.bits)) + value
    return request + crc_v(request)


def _exchange(air: CardAir, frame: bytes) -> AirAnswer | None:
    begin_s = len(frame) * BYTE_S + FRAME_S + DELAY_S
    times = AirTimes(first_s=begin_s, begin_s=begin_s, end_s=begin_s + ANSWER_S)
    return air.exchange(frame, times)


def _uid(answer: AirAnswer) -> int | None:
    """Return the UID of an answer; None: it is garbled."""
    data = answer.data
    if answer.is_wrong or answer.collision is not None or len(data) != ANSWER_BYTES:
        return None
    if crc_v(data[:-2]) != data[-2:] or data[0] & ERROR_FLAG or data[9] != FIRST_BYTE:
        return None
    return int.from_bytes(data[2:10], "little")

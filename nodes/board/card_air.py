"""What the two card protocols share: one exchange on the air, what was found, the CRC.

Bytes are sent and received least significant bit first, as both standards do. Both checksums are
calculated here and not by the reader chip, so that they also cover the SPI bus.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

MOST_CARDS = 8  # read in one field

_POLYNOMIAL = 0x8408  # x^16 + x^12 + x^5 + 1, bits reversed: ISO 14443-3 annex B, ISO 15693-3
_CRC_A_START = 0x6363  # ISO 14443-3, 6.2.4
_CRC_V_START = 0xFFFF  # ISO 15693-3 annex C; sent inverted

MayTake = Callable[[float], bool]
"""Whether there is time left for something that takes so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AirAnswer:
    """What was received after one frame."""

    data: bytes
    collision: int | None = None  # its first bit, counted from the first bit of `data`
    is_wrong: bool = False  # the chip has found a wrong parity, length or framing


@dataclass(frozen=True, slots=True, kw_only=True)
class AirTimes:
    """When an answer is awaited [s after the frame is handed over to the chip]."""

    first_s: float  # nothing can have been received before
    begin_s: float  # by when an answer has begun, else there is none
    end_s: float  # by when it has ended


class CardAir(Protocol):
    """Sends a frame to the cards in the field, and receives."""

    def exchange(
        self, frame: bytes, times: AirTimes, *, last_bits: int = 0, align: int = 0
    ) -> AirAnswer | None:
        """Send a frame; return what is answered, None for silence.

        :param frame: empty: an end of frame alone, which begins the next slot of ISO 15693.
        :param last_bits: how many bits of the last byte are sent; 0: all.
        :param align: the bit of its byte to which the first received bit belongs.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsFound:
    """The cards of one standard in the field."""

    uids: tuple[str, ...] = ()  # hex digits, most significant byte first
    unread: int = 0  # at least so many more: garbled, or not read for lack of time

    @property
    def texts(self) -> tuple[str, ...]:
        """Return a text for each card; of an unread card "", which is no UID."""
        return (self.uids + ("",) * self.unread)[:MOST_CARDS]


def crc_a(data: bytes) -> bytes:
    """Return the CRC_A of ISO 14443-3, in the order of sending."""
    return _crc(data, _CRC_A_START).to_bytes(2, "little")


def crc_v(data: bytes) -> bytes:
    """Return the CRC of ISO 15693-3, in the order of sending."""
    return (_crc(data, _CRC_V_START) ^ 0xFFFF).to_bytes(2, "little")


def _crc(data: bytes, start: int) -> int:
    value = start
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value

"""One frame on the wire: topic, NUL, header, msgpack body.

The NUL ends the topic, so that a subscription to "evse/1" does not match "evse/10". The header is
little-endian: version u8, flags u8, header length u16, schema hash u32, incarnation u32,
sequence u64, monotonic ns i64, UTC ns i64.
"""

import struct
from typing import NamedTuple

import msgspec

HEADER = struct.Struct("<BBHIIQqq")
HEADER_LENGTH = HEADER.size
CHECKED = struct.Struct("<BxHIIQq")  # without flags and UTC: what every subscription checks
VERSION = 1
FLAG_RETAINED = 0x01  # sent again to a late subscriber
MAX_FRAME_BYTES = 64 * 1024


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Exceptions of decoding foreign bytes: another type, bad UTF-8, too deep nesting."""


class FrameError(Exception):
    """Raised when bytes are not a frame of this version."""


class Header(NamedTuple):
    """The header of a frame."""

    version: int
    flags: int
    length: int
    schema_hash: int
    incarnation: int
    sequence: int
    stamp_ns: int
    utc_ns: int


class Frame(NamedTuple):
    """One frame taken apart; the body is still msgpack."""

    topic: str
    header: Header
    body: bytes


def topic_key(name: str) -> bytes:
    """Return the ZeroMQ subscription for exactly this topic."""
    return name.encode() + b"\0"


def retained(frame: bytes) -> bytes:
    """Return the frame marked as sent again to a late subscriber."""
    at = frame.index(b"\0") + 2
    return frame[:at] + bytes((frame[at] | FLAG_RETAINED,)) + frame[at + 1 :]


def unpack(data: bytes) -> Frame:
    """Take a frame apart.

    :raises FrameError: no topic, another version, or cut short.
    """
    end = data.find(b"\0")
    if end < 0 or len(data) < end + 1 + HEADER_LENGTH:
        raise FrameError(f"a frame of {len(data)} bytes is cut short")
    header = Header(*HEADER.unpack_from(data, end + 1))
    if header.version != VERSION or header.length < HEADER_LENGTH:
        raise FrameError(f"frame version {header.version}, expected {VERSION}")
    return Frame(data[:end].decode(), header, data[end + 1 + header.length :])

"""Frames of Modbus TCP: seven bytes of header, then a function and its data.

Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1, and Modbus Application Protocol
V1.1b3, 4.1.
"""

import asyncio
import struct
from dataclasses import dataclass

_HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length of unit and body, unit
_LENGTHS = range(3, 255)  # a function and one byte at least; a body of 253 bytes at most


class FrameError(Exception):
    """Raised for bytes that are not the beginning of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One request or answer."""

    transaction: int
    unit: int
    body: bytes  # the function, then its data

    def pack(self) -> bytes:
        """Return the frame as it is sent."""
        return _HEADER.pack(self.transaction, 0, 1 + len(self.body), self.unit) + self.body


async def receive(reader: asyncio.StreamReader) -> Frame:
    """Return the next frame; wait for it without a limit.

    :raises FrameError: what has come is not one; the stream cannot be used any more.
    :raises asyncio.IncompleteReadError: the other end has closed before the end of one.
    :raises OSError: the connection is lost.
    """
    header = await reader.readexactly(_HEADER.size)
    transaction, protocol, length, unit = _HEADER.unpack(header)
    if protocol != 0 or length not in _LENGTHS:
        raise FrameError(f"{header.hex(' ')} is no header of a frame")
    return Frame(transaction=transaction, unit=unit, body=await reader.readexactly(length - 1))

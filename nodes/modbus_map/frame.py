"""Modbus TCP over a stream: frames are split here, built and decoded by pymodbus.

pymodbus does not split them: of a header that announces a function alone it takes the first byte of
the next frame as well. It also accepts some bytes that are no body: a decoded one counts only if it
encodes to the same bytes again.
"""

import asyncio
import logging
from dataclasses import dataclass

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU

# Errors of a peer are logged by the node, as text and once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)

REQUESTS, ANSWERS = DecodePDU(is_server=True), DecodePDU(is_server=False)
_FRAMER = FramerSocket(ANSWERS)

# A header: transaction, protocol (0), length from the unit on, unit; then function and data.
# MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3 and 4.1.
_HEADER_BYTES = 7
_BEFORE_UNIT_BYTES = 6
_LEAST_LENGTH, _MOST_LENGTH = 2, 254
_MOST_BYTES = _BEFORE_UNIT_BYTES + _MOST_LENGTH


class ModbusFrameError(Exception):
    """Raised for bytes that are not the beginning of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusFrame:
    """One request or answer; the body is a function and its data, of 1 to 253 bytes."""

    transaction: int
    unit: int
    body: bytes

    def decode(self, decoder: DecodePDU) -> ModbusPDU | None:
        """Return the decoded body; None if the decoder does not accept it."""
        pdu = decoder.decode(self.body)
        if pdu is None or bytes((pdu.function_code,)) + pdu.encode() != self.body:
            return None
        return pdu


class ModbusFrames:
    """The frames that arrive on one stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._bytes = b""

    @property
    def has_part(self) -> bool:
        """Return whether bytes have arrived that are no whole frame yet."""
        return bool(self._bytes)

    async def receive(self) -> ModbusFrame:
        """Return the next frame; wait for it without a time limit.

        :raises ModbusFrameError: the received bytes are no frame; the stream is unusable then.
        :raises asyncio.IncompleteReadError: the other end has closed before the end of one.
        :raises OSError: the connection is lost.
        """
        while True:
            self.check_rest()
            end = _BEFORE_UNIT_BYTES + int.from_bytes(self._bytes[4:_BEFORE_UNIT_BYTES], "big")
            if len(self._bytes) >= max(end, _HEADER_BYTES):
                frame, self._bytes = self._bytes[:end], self._bytes[end:]
                return ModbusFrame(
                    transaction=int.from_bytes(frame[:2], "big"),
                    unit=frame[_HEADER_BYTES - 1],
                    body=frame[_HEADER_BYTES:],
                )
            more = await self._reader.read(_MOST_BYTES)
            if not more:
                raise asyncio.IncompleteReadError(self._bytes, None)
            self._bytes += more

    def check_rest(self) -> None:
        """Check that what has arrived after the last frame can be the beginning of another.

        :raises ModbusFrameError: it cannot: another protocol, too short, too long.
        """
        head = self._bytes[:_HEADER_BYTES]
        length = int.from_bytes(head[4:_BEFORE_UNIT_BYTES], "big")
        is_whole = len(head) >= _BEFORE_UNIT_BYTES
        if any(head[2:4]) or (is_whole and not _LEAST_LENGTH <= length <= _MOST_LENGTH):
            raise ModbusFrameError(f"{head.hex(' ')} is no header of a frame")


def pack(pdu: ModbusPDU) -> bytes:
    """Return the bytes of a request or an answer."""
    return _FRAMER.buildFrame(pdu)


def pack_exception(request: ModbusFrame, exception: int) -> bytes:
    """Return the bytes of an answer that is an exception."""
    function = request.body[0]
    return pack(ExceptionResponse(function, exception, request.unit, request.transaction))

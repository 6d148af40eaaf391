"""Modbus TCP over a stream: frames are built, split and decoded by pymodbus.

pymodbus accepts some bytes that are no frame: a decoded frame counts only if it encodes to the same
bytes again.
"""

import asyncio
import logging
from dataclasses import dataclass

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

# Errors of a peer are logged by the node, as text and once.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)

REQUESTS, ANSWERS = DecodePDU(is_server=True), DecodePDU(is_server=False)
_FRAMER = FramerSocket(ANSWERS)


class ModbusFrameError(Exception):
    """Raised for bytes that are not the beginning of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusFrame:
    """One request or answer; the body is a function and its data."""

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

    async def receive(self) -> ModbusFrame:
        """Return the next frame; wait for it without a time limit.

        :raises ModbusFrameError: the received bytes are no frame; the stream is unusable then.
        :raises asyncio.IncompleteReadError: the other end has closed before the end of one.
        :raises OSError: the connection is lost.
        """
        while True:
            used, unit, transaction, body = _FRAMER.decode(self._bytes)
            if used:
                self._bytes = self._bytes[used:]
                return ModbusFrame(transaction=transaction, unit=unit, body=body)
            is_other = len(self._bytes) >= _FRAMER.MIN_SIZE and any(self._bytes[2:4])
            if is_other or len(self._bytes) >= _FRAMER.MAX_SIZE:  # another protocol, or too long
                raise ModbusFrameError(f"{self._bytes[:8].hex(' ')} is no header of a frame")
            more = await self._reader.read(_FRAMER.MAX_SIZE - len(self._bytes))
            if not more:
                raise asyncio.IncompleteReadError(self._bytes, None)
            self._bytes += more


def pack(pdu: ModbusPDU) -> bytes:
    """Return the bytes of a request or an answer."""
    return _FRAMER.buildFrame(pdu)

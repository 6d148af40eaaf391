"""The frames of Modbus RTU, as a master needs them. Pure.

An answer has neither a beginning nor a length of its own: it is found by what was requested. Its
unit, its function and its number of bytes have to stand together, with the right checksum behind
them, at any place of what was received: noise before and behind it costs nothing. The checksum and
the frame of a request are pymodbus's. Its decoder is not used: it takes any unit and any function,
and drops an answer that follows noise.

Sources: MODBUS over Serial Line V1.02, 2.5.1; Modbus Application Protocol V1.1b3, 6.3, 6.4 and 7.
"""

import struct
from dataclasses import dataclass

from pymodbus.framer import FramerRTU

from nodes.modbus_map.reads import Read

REQUEST_BYTES = 8
FRAME_BYTES = 5  # of an answer without its registers: unit, function, length, checksum
MOST_BYTES = 1024  # assumed; an answer has 255 at most, and a line that sends more is of no use

_CHECKSUM_BYTES = 2
_EXCEPTION = 0x80
_READS = (3, 4)


class RtuError(Exception):
    """Raised for what cannot be used, whatever comes after it; the text is for a person."""


@dataclass(frozen=True, slots=True)
class RtuAnswer:
    """The registers of an answer, or its exception."""

    registers: tuple[int, ...] = ()
    exception: int | None = None


def pack_request(read: Read) -> bytes:
    """Return the frame of a request."""
    body = struct.pack(">BBHH", read.unit, read.function, read.address, read.count)
    return body + _checksum(body)


def find_answer(received: bytes, read: Read) -> RtuAnswer | None:
    """Return the answer to a request; None if it is not there, or not whole.

    :raises RtuError: a request of another master precedes it, so that the answer may be to that
        one; or more was received than a line of meters sends.
    """
    heard = _behind_own(received, read)
    head = bytes((read.unit, read.function, 2 * read.count))
    failed = bytes((read.unit, read.function | _EXCEPTION))
    for at in range(len(heard)):
        if heard.startswith(head, at):
            frame = heard[at : at + FRAME_BYTES + 2 * read.count]
            if len(frame) == FRAME_BYTES + 2 * read.count and _is_whole(frame):
                _refuse_other_master(heard[:at], read)
                return RtuAnswer(registers=struct.unpack(f">{read.count}H", frame[3:-2]))
        elif heard.startswith(failed, at):
            frame = heard[at : at + FRAME_BYTES]
            if len(frame) == FRAME_BYTES and _is_whole(frame):
                _refuse_other_master(heard[:at], read)
                return RtuAnswer(exception=frame[2])
    if len(received) > MOST_BYTES:
        raise RtuError(f"more than {MOST_BYTES} bytes without an answer among them")
    return None


def why_none(received: bytes, read: Read) -> str:
    """Return what was received in place of an answer, as text for a person; "" for nothing."""
    if not received:
        return ""
    heard = _behind_own(received, read)
    if not heard:
        return "only the request itself came back"
    if _is_whole(heard) and len(heard) >= FRAME_BYTES:
        unit, function = heard[0], heard[1] & ~_EXCEPTION
        if unit != read.unit:
            return f"the answer is of unit {unit} instead of {read.unit}"
        if function != read.function:
            return f"the answer is to function {function} instead of {read.function}"
        return f"the answer has {heard[2] // 2} registers instead of {read.count}"
    if heard[:2] == bytes((read.unit, read.function)):
        return "only a part of an answer, or a damaged one"
    return "no frame of Modbus RTU: noise, or another baud rate or parity"


def _behind_own(received: bytes, read: Read) -> bytes:
    """Return what was received, without the request that some adapters receive as they send it."""
    return received.removeprefix(pack_request(read))


def _refuse_other_master(before: bytes, read: Read) -> None:
    """Refuse an answer behind a request that is not this master's.

    :raises RtuError: what precedes the answer has such a request in it.
    """
    own = pack_request(read)
    for at in range(len(before) - REQUEST_BYTES + 1):
        frame = before[at : at + REQUEST_BYTES]
        if frame != own and frame[1] in _READS and _is_whole(frame):
            raise RtuError("another device asks on this serial line; expected the wallbox alone")


def _is_whole(frame: bytes) -> bool:
    return frame[-_CHECKSUM_BYTES:] == _checksum(frame[:-_CHECKSUM_BYTES])


def _checksum(body: bytes) -> bytes:
    return FramerRTU.compute_CRC(body).to_bytes(_CHECKSUM_BYTES, "big")

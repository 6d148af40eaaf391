"""A serial line for tests: two pseudo-terminals, and between them a wire with faults.

The transport opens one end by its path, or by a link to it, as udev makes one. A server, of
pymodbus or of these tests, is behind the other. A pseudo-terminal has no speed: the wire takes the
time of each character if it has a speed.
"""

import asyncio
import os
import tty
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pymodbus.framer import FramerRTU

from bus import Bus
from msgs.meter_address import Framing
from nodes.modbus_map.bank import Banks, answer
from nodes.modbus_map.reads import Read
from nodes.modbus_map.rtu import REQUEST_BYTES
from nodes.modbus_map.serial_line import SerialPlace
from nodes.modbus_map.serial_line_rtu import SerialTransport
from nodes.modbus_map.transport import ReadError, Result
from tests.closing import at_end, closed_at_end


class Master:
    """The end of a pseudo-terminal that stands for the wire; the other end is a device."""

    def __init__(self) -> None:
        self.fd, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave  # open, so that the wire sees no end while the device is closed
        os.set_blocking(self.fd, False)
        self._heard: Callable[[bytes], None] = lambda chunk: None
        self.is_open = True
        asyncio.get_running_loop().add_reader(self.fd, self._take)

    def on_bytes(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    def send(self, chunk: bytes) -> None:
        if self.is_open and chunk:
            os.write(self.fd, chunk)

    def close(self) -> None:
        """Unplug the adapter."""
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self.fd)
            os.close(self._slave)
            os.close(self.fd)

    def _take(self) -> None:
        try:
            chunk = os.read(self.fd, 4096)
        except OSError:
            return
        self._heard(chunk)


def plug() -> Master:
    return closed_at_end(Master())


def connect(
    bus: Bus, device: str | Path, baud: int = 9600, framing: Framing = Framing.N8_1
) -> SerialTransport:
    place = SerialPlace(device=str(device), baud=baud, framing=framing)
    return closed_at_end(SerialTransport(bus, place))


async def read(
    transport: SerialTransport, address: int = 0, count: int = 2, unit: int = 1, function: int = 4
) -> Result:
    done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    transport.read(function, address, count, unit, done.set_result)
    return await done


def framed(body: bytes) -> bytes:
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def answer_of(request: Read, words: list[int]) -> bytes:
    body = bytes((request.unit, request.function, 2 * len(words)))
    return framed(body + b"".join(word.to_bytes(2, "big") for word in words))


def exception_of(request: Read, code: int) -> bytes:
    return framed(bytes((request.unit, request.function | 0x80, code)))


def requests_in(heard: bytearray) -> Iterator[Read]:
    """Take the whole requests from what was heard."""
    while len(heard) >= REQUEST_BYTES:
        frame, heard[:REQUEST_BYTES] = bytes(heard[:REQUEST_BYTES]), b""
        assert framed(frame[:-2]) == frame
        yield Read(
            unit=frame[0], function=frame[1],
            address=int.from_bytes(frame[2:4], "big"), count=int.from_bytes(frame[4:6], "big"),
        )  # fmt: skip


class RtuServer:
    """Meters on a wire: one answer for each request, by a function of it."""

    def __init__(self, master: Master, reply: Callable[[Read], bytes]) -> None:
        self.requests: list[Read] = []
        self._master = master
        self._reply = reply
        self._heard = bytearray()
        master.on_bytes(self._take)

    def _take(self, chunk: bytes) -> None:
        self._heard += chunk
        for request in requests_in(self._heard):
            self.requests.append(request)
            self._master.send(self._reply(request))


def bank_reply(banks: Banks) -> Callable[[Read], bytes]:
    """Return how meters of the simulation answer; other units are silent, as on a real line."""

    def reply(request: Read) -> bytes:
        if request.unit not in banks:
            return b""
        found = answer(banks, request.unit, request.function, [(request.address, request.count)])
        if isinstance(found, int):
            return exception_of(request, found)
        return answer_of(request, found)

    return reply


class Wire:
    """Two pseudo-terminals with a wire between them that takes the time of each character."""

    def __init__(self, baud: int) -> None:
        self.device, self.server = plug(), plug()
        for source, sink in ((self.device, self.server), (self.server, self.device)):
            carrying = asyncio.ensure_future(_carry(source, sink, 11 / baud))
            at_end(partial(_cancel, carrying))


def _cancel(carrying: asyncio.Task[None]) -> None:
    carrying.cancel()


async def _carry(source: Master, sink: Master, character_s: float) -> None:
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    source.on_bytes(chunks.put_nowait)
    while True:
        chunk = await chunks.get()
        await asyncio.sleep(len(chunk) * character_s)
        sink.send(chunk)


def is_error(result: Result, text: str) -> bool:
    return isinstance(result, ReadError) and text in result.text

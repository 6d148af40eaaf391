"""Modbus RTU on a serial line inside asyncio: opens, times out, and returns errors as text.

An answer of Modbus RTU does not say which registers it has, so a late answer to an earlier request
looks like the answer to the present one. A meter answers in the order of its requests. After a
request without an answer, and after each opening, a unit owes an answer: the same registers are
first read with the other function of 3 and 4, which is used for nothing else. Its answer, which may
be an exception, shows that no answer to an earlier request can follow. From a unit that does not
answer this, nothing is read until LATEST_S after its last request. If maps of both functions read
one unit, as a connection test may, such a request counts as one of its function as well.

One master is expected on the line. An answer behind the request of another one is refused.
"""

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import replace
from weakref import WeakSet

from msgspec import Struct

from bus import Bus
from nodes.modbus_map.adapter import SerialLine, SerialLineError, open_serial_line
from nodes.modbus_map.reads import Read, TransportInTurn, refusal
from nodes.modbus_map.rtu import (
    FRAME_BYTES,
    MOST_BYTES,
    REQUEST_BYTES,
    RtuAnswer,
    RtuError,
    find_answer,
    pack_request,
    why_none,
)
from nodes.modbus_map.serial_line import SerialModbus, SerialPlace
from nodes.modbus_map.transport import ReadError, Result, Transport

# From the last byte of a request to the first of its answer; Modbus over Serial Line V1.02, 2.4.1:
# one second to several at 9600 baud. What the bytes take is added to it.
TIMEOUT_S = 1.0
LATEST_S = 5.0  # assumed: no meter answers a request later than this
BABBLE_S = 1.0  # assumed: a line with meters alone is silent within this

_BITS = 11  # of a character at most: start, eight, parity and stop, or two of stop
_SILENT_CHARACTERS = 3.5  # before a request; V1.02, 2.5.1.1
_LEAST_SILENCE_S = 0.00175  # above 19200 baud; V1.02, 2.5.1.1
_CHUNK_BYTES = 512

_OTHER_FUNCTION = {3: 4, 4: 3}


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


class RtuModbus(SerialModbus):
    """See `serial_line.SerialModbus`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._transports: WeakSet[SerialTransport] = WeakSet()
        self._opening: set[str] = set()  # the devices that a thread opens at present

    def connect(self, place: SerialPlace) -> Transport:
        """See `serial_line.SerialModbus.connect`."""
        transport = SerialTransport(self._bus, place, self._opening)
        self._transports.add(transport)
        return transport

    def shutdown(self) -> None:
        """Close every serial line."""
        for transport in self._transports:
            transport.close()

    def handover(self) -> None:
        """Close every serial line: the next incarnation opens its own."""
        self.shutdown()


class SerialTransport(TransportInTurn):
    """See `transport.Transport`. A lost line is opened by its configured path at the next read.

    A device is opened by one thread at a time, also if nobody waits for it any more: an adapter may
    hang, and the threads are shared with the look-ups of hosts.
    """

    def __init__(self, bus: Bus, place: SerialPlace, opening: set[str] | None = None) -> None:
        """`opening` has the devices that are being opened for any of the transports."""
        super().__init__(bus)
        self._opening = set() if opening is None else opening
        self._place = place
        self._character_s = _BITS / place.baud
        self._line: _OpenLine | None = None
        self._opened_s = 0.0
        self._owing: dict[int, float] = {}  # by unit, since when. See `_opened_s`
        self._asked: dict[tuple[int, int], float] = {}  # with the other function: unit, function
        self._is_advised = False

    async def _carry_out(self, read: Read) -> Result:
        try:
            line = await self._opened()
            if self._owes_answer(read.unit, read.function):
                other = replace(read, function=_OTHER_FUNCTION[read.function])
                self._asked[other.unit, other.function] = self._bus.clock.now_s()
                await self._exchange(line, other)
                self._settle(read.unit)
            self._owing[read.unit] = self._bus.clock.now_s()  # until it has answered
            answer = await self._exchange(line, read)
            self._settle(read.unit)
        except (SerialLineError, _GoneError) as error:
            self._disconnect()
            return ReadError(text=str(error))
        except (_NoAnswerError, RtuError) as error:
            return ReadError(text=str(error))
        if answer.exception is not None:
            return refusal(read, answer.exception)
        return answer.registers

    async def _opened(self) -> "_OpenLine":
        """Return the open line; open it if there is none.

        :raises SerialLineError: it cannot be opened.
        """
        if self._line is not None and self._line.is_up:
            return self._line
        self._disconnect()
        device = self._place.device
        if device in self._opening:
            raise SerialLineError(f"{device} is still being opened")
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(None, open_serial_line, self._place)
        self._opening.add(device)
        opening.add_done_callback(lambda _: self._opening.discard(device))
        try:
            line = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_opened)
            raise
        self._line = _OpenLine(line, self._bus.clock.now_s)
        self._opened_s = self._bus.clock.now_s()
        self._owing.clear()
        self._asked.clear()
        self._advise(line.stable_name)
        return self._line

    def _advise(self, stable_name: str) -> None:
        if stable_name and not self._is_advised:
            self._is_advised = True
            self._bus.log(
                "info",
                f"{self._place.device} may have another number when it is plugged in again;"
                f" {stable_name} names the same device in any order",
            )

    def _settle(self, unit: int) -> None:
        """Note that a unit has answered: it answers in the order of its requests."""
        self._owing[unit] = -math.inf
        for function in _OTHER_FUNCTION:
            self._asked.pop((unit, function), None)

    def _owes_answer(self, unit: int, function: int) -> bool:
        """Return whether an answer that looks like one to this function may still come."""
        since_s = max(
            self._owing.get(unit, self._opened_s), self._asked.get((unit, function), -math.inf)
        )
        return self._bus.clock.now_s() < since_s + LATEST_S

    async def _exchange(self, line: "_OpenLine", read: Read) -> RtuAnswer:
        """Send a request, and return its answer.

        :raises _NoAnswerError: there is none in time.
        :raises _GoneError: the device is gone.
        :raises RtuError: what was received excludes an answer.
        """
        await self._wait_for_silence(line)
        limit_s = TIMEOUT_S + self._character_s * (REQUEST_BYTES + FRAME_BYTES + 2 * read.count)
        line.send(pack_request(read))
        try:
            async with asyncio.timeout(limit_s):
                while (answer := find_answer(line.received, read)) is None:
                    await line.receive()
        except TimeoutError as error:
            what = why_none(line.received, read)
            nothing = f"no answer within {limit_s:.1f} s"
            raise _NoAnswerError(f"{what}; {nothing}" if what else nothing) from error
        return answer

    async def _wait_for_silence(self, line: "_OpenLine") -> None:
        """Wait until the line was silent for 3.5 characters, and forget what was received.

        :raises _NoAnswerError: it does not become silent.
        """
        silence_s = max(_SILENT_CHARACTERS * self._character_s, _LEAST_SILENCE_S)
        limit_s = self._bus.clock.now_s() + BABBLE_S
        line.take()  # also what the loop has not noticed yet
        while (wait_s := line.heard_s + silence_s - self._bus.clock.now_s()) > 0.0:
            if self._bus.clock.now_s() > limit_s:
                raise _NoAnswerError(f"the serial line is not silent for {BABBLE_S:g} s")
            await asyncio.sleep(wait_s)
            line.take()
        line.received = b""

    def _disconnect(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


def open(bus: Bus, parameters: Parameters) -> SerialModbus:
    """Return the driver for meters on serial lines."""
    return RtuModbus(bus)


class _GoneError(Exception):
    """Raised when the device is gone; the text is for a person."""


class _NoAnswerError(Exception):
    """Raised when a request has no answer; the text is for a person."""


class _OpenLine:
    """An open serial line whose bytes are collected by the loop."""

    def __init__(self, line: SerialLine, now_s: Callable[[], float]) -> None:
        self._line = line
        self._now_s = now_s
        self._loop = asyncio.get_running_loop()
        self._has_news = asyncio.Event()
        self.is_up = True
        self.received = b""  # since the last request
        self.heard_s = now_s()  # when the newest byte was received
        self._loop.add_reader(line.descriptor, self.take)

    def send(self, frame: bytes) -> None:
        """Send a request.

        :raises _GoneError: the device does not take it.
        """
        try:
            sent = os.write(self._line.descriptor, frame)
        except OSError as error:
            raise _GoneError(f"the serial adapter is gone: {error.strerror or error}") from error
        if sent < len(frame):
            raise _GoneError("the serial adapter sends nothing")

    async def receive(self) -> None:
        """Wait for more bytes.

        :raises _GoneError: the device is gone.
        """
        if self.is_up:
            self._has_news.clear()
            await self._has_news.wait()
        if not self.is_up:
            raise _GoneError("the serial adapter is gone")

    def close(self) -> None:
        """Close the device; others may open it at once."""
        self._stop_reading()
        self._line.release()
        if self._loop.is_closed():
            self._line.close()
        else:
            self._loop.run_in_executor(None, self._line.close)

    def take(self) -> None:
        """Take what was received."""
        if not self.is_up:
            return
        try:
            chunk = os.read(self._line.descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._stop_reading()
        elif len(self.received) <= MOST_BYTES:
            self.received += chunk
        self.heard_s = self._now_s()
        self._has_news.set()

    def _stop_reading(self) -> None:
        if self.is_up:
            self.is_up = False
            self._loop.remove_reader(self._line.descriptor)


def _close_opened(opening: "asyncio.Future[SerialLine]") -> None:
    """Close a line that nobody waits for any more."""
    if not opening.cancelled() and opening.exception() is None:
        line = opening.result()
        line.release()
        line.close()

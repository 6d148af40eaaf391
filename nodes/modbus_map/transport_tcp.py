"""Modbus TCP over asyncio's streams: connects, times out, and returns errors as text.

The streams carry pymodbus's frames. The client of pymodbus is not used: it does not report why it
cannot connect, and takes invalid bytes for the beginning of an answer.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakSet

from msgspec import Struct
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
)

from bus import Bus, Spawned
from nodes.modbus_map.bank import EXCEPTIONS
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.frame import ANSWERS, ModbusFrame, ModbusFrameError, ModbusFrames, pack
from nodes.modbus_map.poll import read_each
from nodes.modbus_map.transport import (
    NONSENSE,
    AllDone,
    Done,
    Modbus,
    ReadError,
    Result,
    Transport,
)

TIMEOUT_S = 1.0  # to connect, and again for an answer; assumed: a gateway at 9600 baud needs 0.3 s

_REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


@dataclass(frozen=True, slots=True)
class _Read:
    function: int
    address: int
    count: int
    unit: int


class TcpModbus(Modbus):
    """See `transport.Modbus`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._transports: WeakSet[TcpTransport] = WeakSet()

    def connect(self, host: str, port: int) -> Transport:
        """See `transport.Modbus.connect`."""
        transport = TcpTransport(self._bus, host, port)
        self._transports.add(transport)
        return transport

    def shutdown(self) -> None:
        """Close every connection."""
        for transport in self._transports:
            transport.close()

    def handover(self) -> None:
        """Close every connection: the next incarnation opens its own."""
        self.shutdown()


class TcpTransport:
    """See `transport.Transport`. A failure closes the connection; the next read opens another.

    One coroutine for each read, one at a time.
    """

    def __init__(self, bus: Bus, host: str, port: int) -> None:
        self._bus = bus
        self._host = host
        self._port = port
        self._waiting: deque[tuple[_Read, Done]] = deque()
        self._running: Spawned | None = None
        self._connection: _Connection | None = None

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        """Read registers; a read waits for its turn while another one is running."""
        self._waiting.append((_Read(function, address, count, unit), done))
        if self._running is None:
            self._next()

    def read_all(self, function: int, unit: int, blocks: Sequence[Block], done: AllDone) -> None:
        """See `transport.Transport.read_all`."""
        read_each(self.read, function, unit, blocks, done)

    def close(self) -> None:
        """See `transport.Transport.close`."""
        self._waiting.clear()
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._drop_connection()

    def _next(self) -> None:
        if self._waiting:
            read, done = self._waiting.popleft()
            self._running = self._bus.spawn(self._carry_out(read), partial(self._finish, done))

    def _finish(self, done: Done, result: Result) -> None:
        self._running = None
        self._next()
        done(result)

    async def _carry_out(self, read: _Read) -> Result:
        """Read on the open connection or on a new one."""
        if self._connection is None or not self._connection.is_up:
            self._drop_connection()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    streams = await asyncio.open_connection(self._host, self._port)
            except (OSError, ValueError) as error:
                return ReadError(text=_reason(error))
            self._connection = _Connection(*streams)
        why = "closed the connection"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._connection.carry_out(read)
        except TimeoutError:
            why = f"no answer within {TIMEOUT_S:g} s"
        except ModbusFrameError:
            why = NONSENSE
        except (asyncio.IncompleteReadError, OSError):
            pass
        self._drop_connection()
        return ReadError(text=why)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open(bus: Bus, parameters: Parameters) -> Modbus:
    """Return the driver for Modbus TCP servers."""
    return TcpModbus(bus)


class _Connection:
    """One TCP connection, with the count of its transactions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = ModbusFrames(reader)
        self._transaction = 0

    @property
    def is_up(self) -> bool:
        """Return whether neither end has closed it."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    def close(self) -> None:
        self._writer.close()

    async def carry_out(self, read: _Read) -> Result:
        """Return the server's answer; answers to other transactions are dropped.

        :raises ModbusFrameError: the answer is invalid.
        """
        self._transaction = self._transaction % 0xFFFF + 1
        asked = (self._transaction, read.unit)
        request = _REQUESTS[read.function](
            dev_id=read.unit,
            transaction_id=self._transaction,
            address=read.address,
            count=read.count,
        )
        self._writer.write(pack(request))
        while True:
            frame = await self._frames.receive()
            if (frame.transaction, frame.unit) == asked:
                return _result(read, frame)


def _result(read: _Read, frame: ModbusFrame) -> Result:
    """Return the registers of an answer, or its exception.

    :raises ModbusFrameError: it is no answer to this read.
    """
    answer = frame.decode(ANSWERS)
    if isinstance(answer, ExceptionResponse) and answer.function_code == read.function | 0x80:
        meaning = EXCEPTIONS.get(answer.exception_code, "unknown")
        text = f"refused to read {read.count} registers from {read.address}: {meaning}"
        return ReadError(text=f"{text} (exception {answer.exception_code})")
    if (
        isinstance(answer, ReadHoldingRegistersResponse)
        and answer.function_code == read.function
        and len(answer.registers) == read.count
    ):
        return tuple(answer.registers)
    raise ModbusFrameError(NONSENSE)


def _reason(error: OSError | ValueError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return f"no connection within {TIMEOUT_S:g} s"
        case OSError():
            return f"no connection: {error.strerror or error}"
        case ValueError():  # of the resolver: an empty label, one over 63 letters, a NUL
            return "no connection: expected the name or address of a host"

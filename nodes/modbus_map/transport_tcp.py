"""Modbus TCP by pymodbus, inside asyncio: connects, times out and gives reasons in words."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakSet

from msgspec import Struct
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from bus import Bus
from nodes.modbus_map.bank import EXCEPTIONS
from nodes.modbus_map.transport import NONSENSE, Done, Modbus, ReadError, Result, Transport

TIMEOUT_S = 1.0  # to connect, and again for an answer; assumed: a gateway at 9600 baud needs 0.3 s

_HEADER_BYTES = 7  # transaction, protocol, length, unit: Modbus TCP Implementation Guide V1.0b, 3.1

# pymodbus logs each failure beside raising or returning it; ours are told once, as ReadError.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None."""


@dataclass(frozen=True, slots=True)
class _Read:
    function: int
    address: int
    count: int
    unit: int
    done: Done


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
    """See `transport.Transport`. Any failure of a connection closes it; the next read opens anew.

    Works inside a running asyncio loop only, which it looks up when a read is asked for.
    """

    def __init__(self, bus: Bus, host: str, port: int) -> None:
        self._bus = bus
        self._host = host
        self._port = port
        self._waiting: deque[_Read] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._connection: _Connection | None = None

    def read(self, function: int, address: int, count: int, unit: int, done: Done) -> None:
        """See `transport.Transport.read`."""
        self._waiting.append(_Read(function, address, count, unit, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())
            self._worker.add_done_callback(_let_bugs_out)

    def close(self) -> None:
        """See `transport.Transport.close`."""
        self._waiting.clear()
        if self._worker is not None:
            self._worker.cancel()
        self._drop_connection()

    async def _work(self) -> None:
        while self._waiting:
            read = self._waiting.popleft()
            result = await self._carry_out(read)
            self._bus.at(self._bus.clock.now_s(), partial(read.done, result))

    async def _carry_out(self, read: _Read) -> Result:
        if self._connection is None or not self._connection.is_up:
            self._drop_connection()
            connection = _Connection(self._host, self._port)
            failure = await connection.open()
            if failure is not None:
                return failure
            self._connection = connection
        result, is_sound = await self._connection.carry_out(read)
        if not is_sound:
            self._drop_connection()
        return result

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open(bus: Bus, parameters: Parameters) -> Modbus:
    """Return the ways to Modbus TCP servers."""
    return TcpModbus(bus)


class _Connection:
    """One TCP connection. Looks at every answer before pymodbus does: garbage is an error here."""

    def __init__(self, host: str, port: int) -> None:
        self._client = AsyncModbusTcpClient(
            host,
            port=port,
            timeout=TIMEOUT_S,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._inspect,
            trace_connect=self._moved,
        )
        self._read: _Read | None = None
        self._broken: asyncio.Future[str] | None = None

    @property
    def is_up(self) -> bool:
        return self._client.connected

    def close(self) -> None:
        self._client.close()

    async def open(self) -> ReadError | None:
        """Connect; return why it cannot be done, None if it is."""
        why = f"no connection within {TIMEOUT_S:g} s"
        create = self._client.ctx.call_create

        async def create_and_note() -> object:
            """Keep the reason, which pymodbus only logs."""
            nonlocal why
            try:
                return await create()
            except OSError as error:
                why = _reason(error)
                raise

        self._client.ctx.call_create = create_and_note
        return None if await self._client.connect() else ReadError(text=why)

    async def carry_out(self, read: _Read) -> tuple[Result, bool]:
        """Return what the server answered, and whether the connection is still sound."""
        self._read = read
        self._broken = asyncio.get_running_loop().create_future()
        answer = asyncio.ensure_future(self._ask(read))
        try:
            ends: set[asyncio.Future[Any]] = {answer, self._broken}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                return ReadError(text=self._broken.result()), False
            return answer.result()
        finally:
            answer.cancel()
            self._broken.cancel()
            self._broken = None

    async def _ask(self, read: _Read) -> tuple[Result, bool]:
        ask = (
            self._client.read_holding_registers
            if read.function == 3
            else self._client.read_input_registers
        )
        try:
            response = await ask(read.address, count=read.count, device_id=read.unit)
        except ModbusException:
            return ReadError(text=f"no answer within {TIMEOUT_S:g} s"), False
        if response.isError():
            code = response.exception_code
            meaning = EXCEPTIONS.get(code, "unknown")
            text = f"refused to read {read.count} registers from {read.address}: {meaning}"
            return ReadError(text=f"{text} (exception {code})"), True
        return tuple(response.registers), True

    def _inspect(self, is_sending: bool, data: bytes) -> bytes:
        """Let through what can be the answer, or its beginning; anything else breaks."""
        read = self._read
        if is_sending or read is None or len(data) <= _HEADER_BYTES:
            return data
        function = data[_HEADER_BYTES]
        # Behind the length: unit, function, then a byte count and the registers, or the exception.
        length = 3 if function & 0x80 else 3 + 2 * read.count
        if (
            function & 0x7F == read.function
            and data[2:4] == b"\0\0"
            and data[4:6] == length.to_bytes(2, "big")
        ):
            return data
        self._break(NONSENSE)
        return b""

    def _moved(self, is_up: bool) -> None:
        if not is_up:
            self._break("closed the connection")

    def _break(self, why: str) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(why)


def _let_bugs_out(worker: asyncio.Task[None]) -> None:
    """Let what a worker raised reach the loop: it is a bug."""
    if not worker.cancelled():
        worker.result()


def _reason(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return f"no connection within {TIMEOUT_S:g} s"
        case _:
            return f"no connection: {error.strerror or error}"

"""Modbus TCP over asyncio's streams: connects, times out, and returns errors as text.

The streams carry pymodbus's frames. The client of pymodbus is not used: it does not report why it
cannot connect, and takes invalid bytes for the beginning of an answer.

An answer counts if it has the transaction id, the unit, the function and the number of registers of
the request. Answers with another transaction id or unit are skipped, and named if no other comes: a
gateway that answers with ids of its own cannot be read, because a late answer to an earlier request
could then count as the right one.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from weakref import WeakSet

from msgspec import Struct
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
)

from bus import Bus
from nodes.modbus_map.frame import ANSWERS, ModbusFrame, ModbusFrameError, ModbusFrames, pack
from nodes.modbus_map.reads import Read, TransportInTurn, refusal
from nodes.modbus_map.subnet import LOOPBACK, own_addresses
from nodes.modbus_map.transport import (
    Located,
    Modbus,
    ReadError,
    Result,
    Transport,
)

TIMEOUT_S = 1.0  # to connect, and again for an answer; assumed: a gateway at 9600 baud needs 0.3 s

# Between the transaction ids of two requests. It is odd, so that an id is not used again before all
# others were; ids that differ by 16 or less are at least 1825 requests apart, so that a late answer
# of a gateway that counts by itself is not taken for the answer to one of the next requests.
_ID_STEP = 0x6255
_IDS = 0x10000  # 0 is not used: some gateways answer with it always

_REQUESTS = {3: ReadHoldingRegistersRequest, 4: ReadInputRegistersRequest}


class Parameters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the launch file may set."""

    # Whether a test may read a meter on this machine, as in the simulation. On a box it must not:
    # the page could reach the services that the box keeps to itself.
    loopback: bool = False


class TcpModbus(Modbus):
    """See `transport.Modbus`."""

    def __init__(self, bus: Bus, parameters: Parameters) -> None:
        self._bus = bus
        self._parameters = parameters
        self._transports: WeakSet[TcpTransport] = WeakSet()

    def connect(self, host: str, port: int) -> Transport:
        """See `transport.Modbus.connect`."""
        transport = TcpTransport(self._bus, host, port)
        self._transports.add(transport)
        return transport

    def locate(self, hosts: Sequence[str], done: Callable[[Located], None]) -> None:
        """See `transport.Modbus.locate`."""
        self._bus.spawn(self._locate(tuple(hosts)), done)

    async def _locate(self, hosts: Sequence[str]) -> Located:
        found = await asyncio.gather(*(_addresses_of(host) for host in hosts))
        addresses = {host: each for host, each in zip(hosts, found, strict=True) if each}
        try:
            own = own_addresses()
        except OSError as error:  # no descriptor is left, or the kernel's answers are not allowed
            return Located(addresses=addresses, networks=(), problem=error.strerror or str(error))
        return Located(
            addresses=addresses,
            networks=(*own.networks, *(LOOPBACK if self._parameters.loopback else ())),
            own=own.addresses,
        )

    def shutdown(self) -> None:
        """Close every connection."""
        for transport in self._transports:
            transport.close()

    def handover(self) -> None:
        """Close every connection: the next incarnation opens its own."""
        self.shutdown()


class TcpTransport(TransportInTurn):
    """See `transport.Transport`. A failure closes the connection; the next read opens another.

    One coroutine for each read, one at a time. A read whose connection is lost, or has bytes left
    over that are no frame, is done once more on a new connection: some servers close it after each
    answer. So a read takes at most four times TIMEOUT_S, and opens at most two connections.
    """

    def __init__(self, bus: Bus, host: str, port: int) -> None:
        super().__init__(bus)
        self._host = host
        self._port = port
        self._connection: _Connection | None = None
        # Counted over all connections, and from anywhere: a gateway may send the answer to a
        # request of an earlier connection, or of an earlier process, on this one.
        self._transaction = bus.random("transaction ids").randrange(_IDS)

    async def _carry_out(self, read: Read) -> Result:
        """Read on the open connection or on a new one, and once more if it is lost."""
        try:
            try:
                return await self._read_once(read)
            except _LostError:
                self._disconnect()
                return await self._read_once(read)
        except (_LostError, _AnswerError) as error:
            if not (read.is_test and isinstance(error, _SilentError)):
                self._disconnect()
            return ReadError(text=str(error))

    async def _read_once(self, read: Read) -> Result:
        """Read on the open connection or on a new one.

        :raises _LostError: the connection is of no more use.
        :raises _AnswerError: there is no answer, or a wrong one.
        """
        if self._connection is None or not self._connection.is_up:
            self._disconnect()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    streams = await asyncio.open_connection(self._host, self._port)
            except (OSError, ValueError) as error:
                return ReadError(text=_reason(error))
            self._connection = _Connection(*streams)
        self._transaction = (self._transaction + _ID_STEP) % _IDS or _ID_STEP
        return await self._connection.carry_out(read, self._transaction)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open(bus: Bus, parameters: Parameters) -> Modbus:
    """Return the driver for Modbus TCP servers."""
    return TcpModbus(bus, parameters)


class _LostError(Exception):
    """Raised when the connection can carry no more reads; the text is for a person."""


class _AnswerError(Exception):
    """Raised when a request has no answer, or a wrong one; the text is for a person."""


class _SilentError(_AnswerError):
    """Raised when no answer has come in time, and no part of one: the next read may follow."""


class _Connection:
    """One TCP connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = ModbusFrames(reader)
        self._is_used = False  # for an earlier read
        self._skipped = ""  # why the first frame that did not answer this read did not

    @property
    def is_up(self) -> bool:
        """Return whether neither end has closed it."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    def close(self) -> None:
        self._writer.close()

    async def carry_out(self, read: Read, transaction: int) -> Result:
        """Return the server's answer.

        :raises _LostError: the server has closed the connection, or it carries what is left
            over from an earlier read and is no frame.
        :raises _AnswerError: there is no answer in time, or a wrong one.
        """
        was_used, self._is_used, self._skipped = self._is_used, True, ""
        request = _REQUESTS[read.function](
            dev_id=read.unit, transaction_id=transaction, address=read.address, count=read.count
        )
        self._writer.write(pack(request))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                frame = await self._receive(read, transaction)
        except TimeoutError as error:
            failed = _AnswerError if self._frames.has_part else _SilentError
            raise failed(self._why_late()) from error
        except ModbusFrameError as error:
            failure = _LostError if was_used else _AnswerError
            raise failure("what was received is no frame of Modbus TCP") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise _LostError(self._why_closed()) from error
        return _result(read, frame)

    async def _receive(self, read: Read, transaction: int) -> ModbusFrame:
        """Return the first frame with the request's transaction id and unit.

        :raises ModbusFrameError: the received bytes are no frame, or what follows it is none: the
            end of the answer is not where its length says.
        :raises asyncio.IncompleteReadError: the server has closed the connection.
        :raises OSError: the connection is lost.
        """
        while True:
            frame = await self._frames.receive()
            if frame.transaction != transaction:
                why = "the answer's transaction id differs from the request's"
            elif frame.unit != read.unit:
                why = f"the answer is of unit {frame.unit} instead of {read.unit}"
            else:
                self._frames.check_rest()
                return frame
            self._skipped = self._skipped or why

    def _why_late(self) -> str:
        if self._skipped:
            return f"{self._skipped}; no other within {TIMEOUT_S:g} s"
        what = "only a part of an answer" if self._frames.has_part else "no answer"
        return f"{what} within {TIMEOUT_S:g} s"

    def _why_closed(self) -> str:
        if self._skipped:
            return f"{self._skipped}; then closed the connection"
        part = " within an answer" if self._frames.has_part else ""
        return f"closed the connection{part}"


async def _addresses_of(host: str) -> tuple[str, ...]:
    """Return the addresses of a host, the one to use first; none if it is not known."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # ValueError as in `_reason`
        return ()
    return tuple(str(address[0]) for *_, address in found)


def _result(read: Read, frame: ModbusFrame) -> Result:
    """Return the registers of an answer, or its exception.

    :raises _AnswerError: it is no answer to this read.
    """
    function = frame.body[0]
    if function not in (read.function, read.function | 0x80):
        raise _AnswerError(f"the answer is to function {function} instead of {read.function}")
    answer = frame.decode(ANSWERS)
    if isinstance(answer, ExceptionResponse):
        return refusal(read, answer.exception_code)
    if not isinstance(answer, ReadHoldingRegistersResponse):
        raise _AnswerError("the answer's length does not fit its content")
    if len(answer.registers) != read.count:
        found = len(answer.registers)
        raise _AnswerError(f"the answer has {found} registers instead of {read.count}")
    return tuple(answer.registers)


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

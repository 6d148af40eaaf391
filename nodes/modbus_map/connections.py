"""The connections of one listening socket inside asyncio: Modbus TCP requests in, answers out.

asyncio's streams carry pymodbus's frames. The server of pymodbus is not used: it binds its port
itself and does not report why it cannot.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from bus import Bus
from nodes.modbus_map.frame import ModbusFrame, ModbusFrameError, ModbusFrames

BACKLOG = 16
MOST_UNREAD_BYTES = 4096  # of one connection; a client that sends more waits

Answering = Callable[[ModbusFrame, str], Awaitable[bytes | None]]
"""Takes a request and the address of the client; returns the answer, None closes."""


class Connections:
    """Accepts connections until it is closed, and answers the requests of each in order."""

    def __init__(
        self,
        bus: Bus,
        listening: socket.socket,
        answer: Answering,
        *,
        most: int,
        idle_s: float,
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Accept connections; those that have arrived before wait in the kernel.

        :param most: one more is closed at once.
        :param idle_s: a client that sends no request in this time, or takes no answer, is cut off.
        :param admits: whether an address is answered at all.
        """
        self._bus = bus
        self._listening = listening
        self._answer, self._admits = answer, admits
        self._most, self._idle_s = most, idle_s
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._is_closed = False
        bus.spawn(self._serve())

    def close(self) -> None:
        """Close the port and every connection; no effect if they are closed already."""
        self._is_closed = True
        if self._server is not None:
            self._server.close()
            self._server = None
        self._listening.close()
        for connection in self._open:
            connection.transport.abort()

    async def _serve(self) -> None:
        """Begin to accept connections, unless it was closed meanwhile."""
        if self._is_closed:
            return
        # Started in a second call, so that `close` can close the server at any time.
        self._server = await asyncio.start_server(
            self._accept,
            sock=self._listening,
            backlog=BACKLOG,
            limit=MOST_UNREAD_BYTES,
            start_serving=False,
        )
        await self._server.start_serving()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""  # none: it has gone already
        if self._is_closed or len(self._open) >= self._most or not self._admits(address):
            writer.close()
            return
        self._open.add(writer)
        self._bus.spawn(self._answer_all(reader, writer, address))

    async def _answer_all(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
    ) -> None:
        """Answer the requests of one connection in order, until either end closes it."""
        frames = ModbusFrames(reader)
        try:
            while True:
                async with asyncio.timeout(self._idle_s):
                    answer = await self._answer(await frames.receive(), address)
                    if answer is None:
                        break
                    writer.write(answer)
                    await writer.drain()
        except TimeoutError:
            writer.transport.abort()  # `close` would wait for a client that does not read
        except (ModbusFrameError, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

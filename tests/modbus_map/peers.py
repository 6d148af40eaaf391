"""Peers of the transport on loopback: servers made of a handler, and reads that are awaited."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from bus import Bus
from nodes.modbus_map.blocks import Block
from nodes.modbus_map.transport import ReadError, Result
from nodes.modbus_map.transport_tcp import TcpTransport
from tests.closing import closed_at_end

InLoop = Callable[[Coroutine[Any, Any, None]], None]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

PATIENCE_S = 60.0  # for what takes a moment on an idle machine


def connect(bus: Bus, port: int, host: str = "127.0.0.1") -> TcpTransport:
    return closed_at_end(TcpTransport(bus, host, port))


async def listen(handler: Handler) -> int:
    """Serve connections by a handler; return the port."""
    server = closed_at_end(await asyncio.start_server(handler, "127.0.0.1", 0))
    return int(server.sockets[0].getsockname()[1])


async def open_streams(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    return reader, closed_at_end(writer)


async def read(
    transport: TcpTransport, address: int = 62, count: int = 2, unit: int = 1, function: int = 3
) -> Result:
    done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    transport.read(function, address, count, unit, done.set_result)
    return await done


async def read_all(
    transport: TcpTransport, blocks: Sequence[Block]
) -> Mapping[int, int] | ReadError:
    done: asyncio.Future[Mapping[int, int] | ReadError] = asyncio.get_running_loop().create_future()
    transport.read_all(3, 1, blocks, done.set_result)
    return await done


async def settle(rounds: int = 20, pause_s: float = 0.001) -> None:
    """Let the loop deliver what was sent: over loopback that takes rounds of the loop, no time."""
    for _ in range(rounds):
        await asyncio.sleep(pause_s)


def close_with_reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    with contextlib.suppress(OSError):  # the other end was first
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()

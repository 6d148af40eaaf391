"""What a controller reads is the newest, though the node has not looked since: on real sockets."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bus import Bus, Subscription
from msgs.pilot import PilotStatus
from msgs.topics import PILOT_STATUS
from nodes.smart_home.datagrams_udp import Parameters, UdpDatagrams
from nodes.smart_home.modbus_server import ModbusReply, ModbusRequest, Replying
from nodes.smart_home.modbus_server_tcp import TcpModbusServer
from tests.builders import pilot_status
from tests.closing import closed_at_end
from tests.test_bus_conformance import AsyncWorld, joined

READ = bytes.fromhex("0001 0000 0006 ff 03 03e8 0002")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AsyncWorld]:
    world = AsyncWorld(tmp_path)
    yield world
    world.close()


class Reader:
    """A node that answers with what it knows of the pilot."""

    def __init__(self, bus: Bus) -> None:
        self.pilot: Subscription[PilotStatus] = bus.subscribe(PILOT_STATUS, uses=lambda _: None)
        self.seen: list[float] = []
        self.close: Callable[[], None] = lambda: None  # of the interface, in its loop

    def look(self, _: object = None) -> None:
        status = self.pilot.message
        self.seen.append(0.0 if status is None else status.high_v)

    def admits(self, client: str) -> bool:
        return True

    def serve(self, request: ModbusRequest, reply: Replying) -> None:
        self.look()
        reply(ModbusReply(registers=(0, 0)))


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def over_udp(bus: Bus, reader: Reader) -> Callable[[], None]:
    port = free_port(socket.SOCK_DGRAM)
    client = closed_at_end(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    datagrams = UdpDatagrams(bus, Parameters())
    assert datagrams.open("127.0.0.1", port, reader.look) == ""
    reader.close = datagrams.close

    def ask() -> None:
        client.sendto(b"i", ("127.0.0.1", port))

    return ask


def over_modbus(bus: Bus, reader: Reader) -> Callable[[], None]:
    port, client = free_port(socket.SOCK_STREAM), closed_at_end(socket.socket())
    server = TcpModbusServer(bus)
    assert server.open("127.0.0.1", port, reader) == ""
    reader.close = server.close
    client.connect(("127.0.0.1", port))

    def ask() -> None:
        client.sendall(READ)

    return ask


@pytest.mark.req("APP-2")
@pytest.mark.parametrize("interface", [over_udp, over_modbus])
def test_an_answer_is_made_of_the_newest_message(
    world: AsyncWorld, interface: Callable[[Bus, Reader], Callable[[], None]]
) -> None:
    bus, pilot = world.bus("smart_home"), world.bus("pilot")
    reader = Reader(bus)

    async def begin() -> Callable[[], None]:
        return interface(bus, reader)

    async def end() -> None:
        reader.close()

    ask = world.loop.run_until_complete(begin())
    joined(world, bus, pilot)
    for number, high_v in enumerate((9.0, 6.0, 3.0), 1):
        pilot.publish(PILOT_STATUS, pilot_status(high_v=high_v))
        world.wait(0.1)
        ask()
        world.until(lambda: len(reader.seen) == number)  # noqa: B023
    world.loop.run_until_complete(end())
    assert reader.seen == [9.0, 6.0, 3.0]

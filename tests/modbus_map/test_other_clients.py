"""The simulated meters over TCP, read by the client of pymodbus, as the drivers of others do."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from bus.place import Place
from bus.run import ZmqBus, open_node
from nodes.modbus_map.server_tcp import TcpServers
from nodes.plant.node import Drivers, Parameters, PlantNode, build
from tests.closing import at_end
from tests.modbus_map.peers import PATIENCE_S, InLoop

PARAMETERS = Parameters(house_port=0, house_a=(2.0, 3.0, 4.0), wander_percent=0.0)


@pytest.fixture
def loop_bus(tmp_path: Path) -> Iterator[ZmqBus]:
    bus = open_node("plant", Place(run_dir=tmp_path, state_dir=tmp_path))
    yield bus
    bus.close()


async def client_of(plant: PlantNode) -> AsyncModbusTcpClient:
    port = plant.status().ports["house"]
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, timeout=PATIENCE_S)
    assert await client.connect()
    at_end(client.close)
    return client


async def registers(
    client: AsyncModbusTcpClient, address: int, count: int, function: int = 3, unit: int = 1
) -> list[int]:
    read = client.read_holding_registers if function == 3 else client.read_input_registers
    answer = await read(address, count=count, device_id=unit)
    assert not answer.isError()
    assert len(answer.registers) == count
    return list(answer.registers)


def u32(words: list[int], at: int) -> int:
    return words[at] << 16 | words[at + 1]


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("function", [3, 4])
def test_the_house_meter_is_read_by_the_drivers_of_others(
    loop_bus: ZmqBus, in_loop: InLoop, function: int
) -> None:
    async def scenario() -> None:
        client = await client_of(build(loop_bus, PARAMETERS, Drivers(meters=TcpServers(loop_bus))))
        totals = await registers(client, 0, 28, function)  # OpenEMS
        assert u32(totals, 0) == pytest.approx(10 * 9 * 230, rel=0.01)  # 0.1 W
        assert u32(totals, 2) == 0
        assert totals[4:26] == [0] * 22  # without a value in the simulation
        assert u32(totals, 26) == 50_000  # mHz
        assert await registers(client, 26, 2, function) == totals[26:]
        lines = await registers(client, 40, 104, function)  # OpenEMS
        assert [u32(lines, at) for at in (20, 60, 100)] == [2000, 3000, 4000]  # mA
        many = await registers(client, 0, 125, function)
        assert many[:28] == totals
        assert many[40:] == lines[:85]
        assert len(await registers(client, 62, 84, function)) == 84  # to the last of them
        for counters in (512, 592, 672, 752):
            await registers(client, counters, 8, function)
        assert await registers(client, 0, 4, function, unit=2) == [0, 0, 0, 0]  # no sun

    in_loop(scenario())


@pytest.mark.parametrize(
    ("address", "count", "exception"),
    [
        (62, 85, 2),  # one beyond the last
        (146, 1, 2),
        (511, 8, 2),
        (512, 9, 2),
        (600, 1, 2),
        (760, 1, 2),
        (40_000, 2, 2),
        (65_535, 2, 2),
        (0, 0, 3),
        (0, 126, 3),
        (0, 65_535, 3),
    ],
)
@pytest.mark.parametrize("function", [3, 4])
def test_what_the_house_meter_does_not_have_has_its_exception(
    loop_bus: ZmqBus, in_loop: InLoop, function: int, address: int, count: int, exception: int
) -> None:
    async def scenario() -> None:
        plant = build(loop_bus, PARAMETERS, Drivers(meters=TcpServers(loop_bus)))
        reader, writer = await asyncio.open_connection("127.0.0.1", plant.status().ports["house"])
        at_end(writer.close)
        asked = bytes((function,)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
        writer.write(b"\0\x01\0\0\0\x06\x01" + asked)  # the client refuses such counts itself
        answer = await reader.readexactly(9)
        assert answer == b"\0\x01\0\0\0\x03\x01" + bytes((function | 0x80, exception))

    in_loop(scenario())


def test_many_clients_read_the_house_meter_at_once(loop_bus: ZmqBus, in_loop: InLoop) -> None:
    async def scenario() -> None:
        plant = build(loop_bus, PARAMETERS, Drivers(meters=TcpServers(loop_bus)))
        clients = [await client_of(plant) for _ in range(20)]
        for _ in range(3):
            answers = await asyncio.gather(*(registers(client, 60, 2) for client in clients))
            assert answers == [[0, 2000]] * 20

    in_loop(scenario())

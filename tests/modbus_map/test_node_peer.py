"""A Modbus server and a client that are neither Python's nor the project's: npm's modbus-serial."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bus import Bus
from bus.place import Place
from bus.run import ZmqBus, open_node
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.server_tcp import TcpServers
from nodes.modbus_map.transport import ReadError, Transport
from nodes.plant.node import Drivers, Parameters, build
from tests.modbus_map.peers import InLoop
from tests.modbus_map.peers import connect as connect_tcp
from tests.modbus_map.serial_peers import Wire
from tests.modbus_map.serial_peers import connect as connect_serial
from tests.modbus_map.test_maps import LINES, VALUES, WORDS

FOLDER = Path(__file__).parent / "node_peer"
NODE = shutil.which("node")
UNIT = 3
MAPS = ("sdm630", "em24", "abb_b23")

pytestmark = pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules" / "modbus-serial").is_dir(),
    reason="no Node.js 20 with npm here: `make node-peer` installs modbus-serial where there is",
)


@pytest.fixture
def loop_bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZmqBus]:
    bus = open_node(getattr(request, "param", "meter"), Place(run_dir=tmp_path, state_dir=tmp_path))
    yield bus
    bus.close()


def dump(name: str) -> str:
    """Return the registers that were computed by hand, with 0 between them, by unit."""
    words = {
        block.address + place: 0
        for block in plan_blocks(load_map(name))
        for place in range(block.count)
    }
    words |= {
        at + place: word for at, each in WORDS[name].items() for place, word in enumerate(each)
    }
    return json.dumps({UNIT: words})


@asynccontextmanager
async def peer(*arguments: str) -> AsyncIterator[str]:
    """Run a server beside the test; give what it prints when it can be used."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(FOLDER / "peer.js"), *arguments, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def check(transport: Transport, name: str) -> None:
    meter_map = load_map(name)
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    transport.read_all(meter_map.function, UNIT, plan_blocks(meter_map), done.set_result)
    registers = await done
    assert not isinstance(registers, ReadError), registers
    values = Codec(meter_map).decode(registers)
    assert values.power_w == pytest.approx(VALUES.power_w)
    assert values.imported_wh == pytest.approx(VALUES.imported_wh)
    assert values.exported_wh == pytest.approx(VALUES.exported_wh, rel=1e-6)
    for line, expected in zip(values.lines, LINES, strict=True):
        assert line.current_a == pytest.approx(expected.current_a)
        assert line.voltage_v == pytest.approx(expected.voltage_v)
        assert line.power_w == pytest.approx(expected.power_w)
        assert line.power_factor == pytest.approx(expected.power_factor)


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("name", MAPS)
def test_a_server_of_node_is_read_over_tcp(loop_bus: Bus, in_loop: InLoop, name: str) -> None:
    async def scenario() -> None:
        async with peer("tcp", dump(name)) as port:
            transport = connect_tcp(loop_bus, int(port))
            for _ in range(3):
                await check(transport, name)

    in_loop(scenario())


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("name", MAPS)
def test_a_server_of_node_is_read_on_a_serial_line(
    loop_bus: Bus, in_loop: InLoop, name: str
) -> None:
    async def scenario() -> None:
        wire = Wire(9600)
        async with peer("rtu", dump(name), wire.server.path, "9600") as device:
            assert device == wire.server.path
            transport = connect_serial(loop_bus, wire.device.path)
            for _ in range(2):
                await check(transport, name)
            transport.close()

    in_loop(scenario())


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("loop_bus", ["plant"], indirect=True)
@pytest.mark.parametrize("name", ["tq", *MAPS])
def test_a_client_of_node_reads_the_house_meter_of_plant(
    loop_bus: ZmqBus, in_loop: InLoop, name: str
) -> None:
    async def scenario() -> None:
        parameters = Parameters(
            house_port=0, house_map=name, house_a=(2.0, 3.0, 4.0), wander_percent=0.0
        )
        plant = build(loop_bus, parameters, Drivers(meters=TcpServers(loop_bus)))
        meter_map = load_map(name)
        blocks = [f"{block.address}:{block.count}" for block in plan_blocks(meter_map)]
        arguments = ("127.0.0.1", str(plant.status().ports["house"]), "1", str(meter_map.function))
        async with peer("read", *arguments, *blocks) as found:
            registers = {int(at): word for at, word in json.loads(found).items()}
        values = Codec(meter_map).decode(registers)
        assert [line.current_a for line in values.lines] == pytest.approx([2.0, 3.0, 4.0], abs=0.02)
        assert values.power_w == pytest.approx(9 * 230.0, rel=0.02)

    in_loop(scenario())

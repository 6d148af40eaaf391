"""Meters behind the RTU server of pymodbus, on a wire at 9600 baud."""

import asyncio
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from bus import Bus
from msgs.meter_address import Framing
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.codec import Codec
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.transport import ReadError
from tests.modbus_map.peers import InLoop
from tests.modbus_map.serial_peers import Wire, connect, is_error, read
from tests.modbus_map.test_maps import LINES, VALUES, WORDS

UNIT = 3


def device_of(name: str) -> SimDevice:
    """Return a meter with the registers that were computed by hand, and 0 between them."""
    meter_map = load_map(name)
    words = {
        at + place: word for at, each in WORDS[name].items() for place, word in enumerate(each)
    }
    blocks = [
        SimData(
            address=block.address,
            values=[words.get(block.address + place, 0) for place in range(block.count)],
            datatype=DataType.REGISTERS,
        )
        for block in plan_blocks(meter_map)
    ]
    return SimDevice(id=UNIT, simdata=blocks)


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(
    ("name", "framing"),
    [("sdm630", Framing.N8_1), ("em24", Framing.N8_1), ("gossen_em228x", Framing.E8_1)],
)
def test_a_meter_behind_a_server_of_pymodbus_is_read(
    loop_bus: Bus, in_loop: InLoop, name: str, framing: Framing
) -> None:
    async def scenario() -> None:
        wire = Wire(9600)
        server = ModbusSerialServer(
            device_of(name), framer=FramerType.RTU, port=wire.server.path, baudrate=9600,
            parity="N", ignore_missing_devices=True,  # a pseudo-terminal has no parity
        )  # fmt: skip
        await server.serve_forever(background=True)
        meter_map = load_map(name)
        transport = connect(loop_bus, wire.device.path, 9600, framing)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        transport.read_all(meter_map.function, UNIT, plan_blocks(meter_map), done.set_result)
        registers = await done
        assert not isinstance(registers, ReadError), registers
        values = Codec(meter_map).decode(registers)
        assert values.power_w == pytest.approx(VALUES.power_w)
        assert values.exported_wh == pytest.approx(VALUES.exported_wh, rel=1e-6)
        for line, expected in zip(values.lines, LINES, strict=True):
            assert line.current_a == pytest.approx(expected.current_a)
            assert line.voltage_v == pytest.approx(expected.voltage_v)
            assert line.power_w == pytest.approx(expected.power_w)
        refused = await read(transport, 0x7000, 2, UNIT, meter_map.function)
        assert is_error(refused, "illegal data address (exception 2)"), refused
        await server.shutdown()  # type: ignore[no-untyped-call]

    in_loop(scenario())

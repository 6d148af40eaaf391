"""How soon a change of a meter's registers is published, on a serial line at 9600 baud.

The node meter polls a simulated meter over a pseudo-terminal each second, its default. That
meter answers when the bytes of the request and of the answer would have passed the line, and takes
no time of its own: add that of the real one, once for each request. The registers change at random
instants; the change counts as published when another node has received the reading. Run
`python bench/meter.py --json 2>/dev/null`; the log of the node is on stderr.
"""

# ruff: noqa: E402 - the root of the project has to come first.

import asyncio
import os
import random
import statistics
import sys
import tempfile
import tty
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import msgspec
from pymodbus.framer import FramerRTU

from bench.report import report
from bus.place import Place
from bus.run import open_node
from msgs.meter import Line, MeterReading
from msgs.requests import StopReason
from msgs.setting_keys import unflatten
from msgs.setting_names import settings_of
from msgs.settings import Settings
from msgs.topics import METER_HOUSE, SETTINGS
from nodes.meter.chip_sim import SimMeterChip
from nodes.meter.node import Drivers, Parameters, build
from nodes.modbus_map import transport_tcp
from nodes.modbus_map.bank import Bank, answer
from nodes.modbus_map.codec import Values
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.rtu import REQUEST_BYTES
from nodes.modbus_map.serial_line_rtu import RtuModbus
from nodes.modbus_map.transport_tcp import TcpModbus

MAPS = ("sdm630", "em24")
BAUD = 9600
BITS = 10  # 8N1
CHANGES = 40
UNIT = 1


class SerialMeter:
    """A meter behind a pseudo-terminal that takes the time of the line."""

    def __init__(self, name: str) -> None:
        self.current_a = 1.0
        self.polls: list[list[float]] = []  # of each: when its requests came, and its last answer
        self._bank = Bank(meter_map=load_map(name), values=self._values)
        self._first = 0
        self._heard = bytearray()
        self._fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        os.set_blocking(self._fd, False)
        asyncio.get_running_loop().add_reader(self._fd, self._take)

    def close(self) -> None:
        """Unplug it."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        os.close(self._slave)

    def _values(self) -> Values:
        power_w = 230.0 * self.current_a
        line = Line(
            current_a=self.current_a, voltage_v=230.0, power_w=power_w, power_factor=1.0,
            imported_wh=0.0, exported_wh=0.0,
        )  # fmt: skip
        return Values(
            lines=(line, line, line), power_w=3.0 * power_w, imported_wh=0.0, exported_wh=0.0
        )

    def _take(self) -> None:
        self._heard += os.read(self._fd, 4096)
        while len(self._heard) >= REQUEST_BYTES:
            request, self._heard[:REQUEST_BYTES] = bytes(self._heard[:REQUEST_BYTES]), b""
            asyncio.ensure_future(self._answer(request))  # noqa: RUF006 - one at a time

    async def _answer(self, request: bytes) -> None:
        at, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
        if at == self._first or not self.polls:
            self._first = at
            self.polls.append([])
        loop = asyncio.get_running_loop()
        self.polls[-1].append(loop.time())
        await asyncio.sleep(len(request) * BITS / BAUD)
        registers = answer({UNIT: self._bank}, request[0], request[1], [(at, count)])
        if isinstance(registers, int):
            body = bytes((request[0], request[1] | 0x80, registers))
        else:
            body = bytes((request[0], request[1], 2 * count))
            body += b"".join(each.to_bytes(2, "big") for each in registers)
        await asyncio.sleep((len(body) + 2) * BITS / BAUD)
        os.write(self._fd, body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))
        self.polls[-1].append(loop.time())


async def measure(name: str, folder: Path) -> tuple[list[float], list[float]]:
    """Return what each change and each poll took [s]."""
    place = Place(run_dir=folder, state_dir=folder)
    meter, system, reader = (open_node(each, place) for each in ("meter", "system", "load_manager"))
    loop = asyncio.get_running_loop()
    nodes = [loop.create_task(bus.run_async(signals=False)) for bus in (meter, system, reader)]
    wired = SerialMeter(name)
    drivers = Drivers(
        chip=SimMeterChip(meter),
        modbus=TcpModbus(meter, transport_tcp.Parameters()),
        serial=RtuModbus(meter),
    )
    build(meter, Parameters(), drivers)
    seen = asyncio.Event()

    def take(reading: MeterReading) -> None:
        if reading.online and abs(reading.lines[0].current_a - wired.current_a) < 1e-3:
            seen.set()

    reader.subscribe(METER_HOUSE, take)
    flat = settings_of("meter.house", f"{name}@{wired.path}:{BAUD}:8N1/{UNIT}")
    system.publish(SETTINGS, msgspec.convert(unflatten(flat), Settings))
    await asyncio.wait_for(seen.wait(), 20.0)
    wired.polls.clear()
    took_s: list[float] = []
    for number in range(CHANGES):
        await asyncio.sleep(random.uniform(0.0, 1.0))
        seen.clear()
        wired.current_a = 2.0 + number % 20
        changed_s = loop.time()
        await asyncio.wait_for(seen.wait(), 20.0)
        took_s.append(loop.time() - changed_s)
    for bus in (meter, system, reader):
        bus.post(lambda bus=bus: bus.stop(StopReason.SHUTDOWN))  # type: ignore[misc]
    await asyncio.gather(*nodes)
    for bus in (meter, system, reader):
        bus.close()
    wired.close()
    return took_s, [poll[-1] - poll[0] for poll in wired.polls[1:-1]]


def main() -> None:
    """Measure each map, and report."""
    results: dict[str, float] = {}
    for name in MAPS:
        with tempfile.TemporaryDirectory() as folder:
            took_s, polls_s = asyncio.run(measure(name, Path(folder)))
        results[f"{name}_poll_shortest_ms"] = round(1e3 * min(polls_s), 1)
        results[f"{name}_poll_p50_ms"] = round(1e3 * statistics.median(polls_s), 1)
        results[f"{name}_change_p50_ms"] = round(1e3 * statistics.median(took_s), 1)
        results[f"{name}_change_longest_ms"] = round(1e3 * max(took_s), 1)
    report("meter", results, [])


if __name__ == "__main__":
    main()

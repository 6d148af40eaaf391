"""What the drivers of the board cost: CPU in Python, transfers and time on the wire.

Each driver reads its chip's model, 2,000 times. From the time of a read is taken what the models
took meanwhile, so that what is left is the driver itself, down to the call of spidev or RPi.GPIO.
The transfers are counted, with their bytes at the clock of the chip.

What it would cost on a Raspberry Pi 4 is an estimate: Python there takes `PI_RATIO` of the time
here; a transfer of spidev takes `PI_TRANSFER_S` of CPU in system call and driver, and the time of
its bytes on the wire as well, since the kernel's driver polls in short transfers. None of this was
measured on a Pi.

Run `python bench/board.py --json`; 20 seconds.
"""

# ruff: noqa: E402 - the root has to come first, for bus and nodes are called like benchmarks.

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.report import report
from bus import Bus
from bus.memory import MemoryGraph
from msgs.meter import Line
from msgs.plant import SimCards, SimKeys, SimPower, SimSignals
from msgs.topics import SIM_CARDS, SIM_KEYS, SIM_POWER, SIM_SIGNALS
from nodes.board import io_model
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.led import front_board
from nodes.meter import chip_board as meter_chip_board
from nodes.pilot import cp_line_board
from nodes.rfid import reader_board
from nodes.safety import (
    analog_board,
    chip_board,
    coil_board,
    generator_board,
    shift_register_board,
)

READS = 2000
DELIVERY_S = 0.001
PI_RATIO = 4.0  # assumed: a core of a Pi 4 at 1.5 GHz against one of a server
PI_TRANSFER_S = 40e-6  # assumed
PI_CALL_S = 3e-6  # assumed: a system call that reads a file of sysfs


class Meter:
    """What the calls into the libraries took, and how many there were."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin at 0."""
        self.inside_s = self.wire_s = 0.0
        self.transfers = self.bytes = self.pins = self.files = 0

    def run(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Make a call, whose time is none of the driver's."""
        began_s = time.perf_counter()
        try:
            return call(*arguments, **named)
        finally:
            self.inside_s += time.perf_counter() - began_s


METER = Meter()


class CountedSpi:
    """`spidev.SpiDev` over a model, counted."""

    def __init__(self, device: SpiDev) -> None:
        self._device = device
        self.mode = 0
        self.max_speed_hz = 0

    def open(self, bus: int, device: int, /) -> None:
        """Open it, with the chip made at once."""
        self._device.open(bus, device)

    def xfer2(self, values: list[int], /) -> list[int]:
        """Count a transfer."""
        METER.transfers += 1
        METER.bytes += len(values)
        METER.wire_s += 8 * len(values) / self.max_speed_hz
        self._device.mode, self._device.max_speed_hz = self.mode, self.max_speed_hz
        answer: list[int] = METER.run(self._device.xfer2, values)
        return answer

    def close(self) -> None:
        """Close it."""
        self._device.close()


class CountedGpio:
    """RPi.GPIO over a model, counted."""

    def __init__(self, gpio: Gpio) -> None:
        self._gpio = gpio

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gpio, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            METER.pins += 1
            return METER.run(found, *arguments, **named)

        return call


class CountedFiles:
    """The files of the PWM over a model, counted."""

    def __init__(self, files: PwmFiles) -> None:
        self._files = files

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            METER.files += 1
            return METER.run(getattr(self._files, name), *arguments)

        return call


class CountedIo:
    """The I/O of the simulated board, counted."""

    def __init__(self, io: Io) -> None:
        self._io = io
        self.gpio: Any = CountedGpio(io.gpio)
        self.pwm: Any = CountedFiles(io.pwm)

    def spi(self) -> Any:
        """Return a counted device."""
        return CountedSpi(self._io.spi())

    def setup_lock(self) -> Path | None:
        """Lock a file of the run directory."""
        return None

    def use_lock(self) -> Path | None:
        """Lock a file of the run directory."""
        return None

    def wait(self, seconds: float) -> None:
        """Wait in the model's time; on a board the process sleeps meanwhile."""
        METER.run(self._io.wait, seconds)


def open_io(bus: Bus) -> Io:
    """See `nodes.board.io_raspberry.open_io`."""
    return CountedIo(io_model.open_io(bus))


class Work(NamedTuple):
    """One driver: how it is read, and how often in a second."""

    node: str
    name: str
    rate: float
    read: Callable[[], object]


class World:
    """A vehicle charges with 16 A; a card is at the reader."""

    def __init__(self, graph: MemoryGraph) -> None:
        self._graph = graph
        self._plant = graph.bus("plant")
        self._wh = 0.0

    def say(self) -> None:
        """Publish what the chips measure now."""
        self._wh += 0.01
        line = Line(
            current_a=15.9,
            voltage_v=229.7,
            power_w=3640.0,
            power_factor=0.99,
            imported_wh=self._wh,
            exported_wh=0.0,
        )
        signals = SimSignals(
            high_v=6.0,
            low_v=-12.0,
            duty_percent=26.6667,
            mirror_closed=False,
            load_voltage=True,
            residual_ac=False,
            residual_dc=False,
            earth_ohm=0.8,
            terminal_c=40.0,
            board_c=35.0,
            overtemperature=False,
            dip1=0,
            dip2=0,
        )
        self._plant.publish(SIM_SIGNALS, signals)
        self._plant.publish(SIM_POWER, SimPower(lines=(line, line, line), frequency_hz=50.0))
        self._plant.publish(SIM_CARDS, SimCards(works=True, uids=("04A1B2C3D4E5F6",)))
        self._plant.publish(SIM_KEYS, SimKeys(service=False, touch=False))

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self._graph.advance(seconds - DELIVERY_S)
        self.say()
        self._graph.advance(DELIVERY_S)


def works(graph: MemoryGraph) -> list[Work]:
    """Return all drivers of the board, open."""
    io = __name__  # this module
    safety, pilot, meter = graph.bus("safety"), graph.bus("pilot"), graph.bus("meter")
    coil = coil_board.open(safety, coil_board.Parameters(io=io))

    def coil_round() -> None:
        coil.read()
        coil.drive(enable=True, residual_test=False, feeds_watchdog=True, clear_reset=False)

    analog = analog_board.open(safety, analog_board.Parameters(io=io))
    generator = generator_board.open(safety, generator_board.Parameters(io=io))
    registers = shift_register_board.open(safety, shift_register_board.Parameters(io=io))
    reader = reader_board.open(graph.bus("rfid"), reader_board.Parameters(io=io))
    front = front_board.open(graph.bus("led"), front_board.Parameters(io=io))
    owner = meter_chip_board.open(meter, meter_chip_board.Parameters(io=io))
    chip = chip_board.open(safety, chip_board.Parameters(io=io))
    line = cp_line_board.open(pilot, cp_line_board.Parameters(io=io))
    return [
        Work("meter", "chip", 5.0, owner.read),
        Work("safety", "coil", 100.0, coil_round),
        Work("safety", "analog", 100.0, analog.read),
        Work("safety", "generator", 100.0, generator.read),
        Work("safety", "shift register", 100.0, registers.read),
        Work("safety", "chip", 100.0, chip.read),
        Work("pilot", "cp_line", 50.0, line.read),
        Work("rfid", "reader", 1.0 / 0.15, reader.poll),
        Work("led", "front, keys", 20.0, front.keys),
    ]


def measure(world: World, work: Work) -> dict[str, float]:
    """Return the cost of one driver."""
    period_s = 1.0 / work.rate
    for _ in range(20):
        world.go_on(period_s)
        work.read()
    outside_s = wire_s = 0.0
    counts = [0, 0, 0, 0]
    for _ in range(READS):
        world.go_on(period_s)
        METER.clear()  # of what timers did meanwhile
        began_s = time.perf_counter()
        work.read()
        outside_s += time.perf_counter() - began_s - METER.inside_s
        wire_s += METER.wire_s
        new = METER.transfers, METER.bytes, METER.pins, METER.files
        counts = [count + more for count, more in zip(counts, new, strict=True)]
    per_s = work.rate / READS
    python_ratio = outside_s * per_s
    transfers, sent, pins, files = (count * per_s for count in counts)
    pi_ratio = (
        python_ratio * PI_RATIO + transfers * PI_TRANSFER_S + wire_s * per_s + files * PI_CALL_S
    )
    return {
        "reads_a_second": round(work.rate, 1),
        "python_us_a_read": round(outside_s / READS * 1e6, 1),
        "transfers_a_second": round(transfers, 1),
        "bytes_a_second": round(sent),
        "wire_ms_a_second": round(wire_s * per_s * 1000, 2),
        "pin_calls_a_second": round(pins, 1),
        "file_calls_a_second": round(files, 1),
        "cpu_percent": round(100 * python_ratio, 2),
        "pi_4_cpu_percent": round(100 * pi_ratio, 2),
    }


def main() -> None:
    """Measure each driver, and add up the nodes."""
    with tempfile.TemporaryDirectory() as folder:
        graph = MemoryGraph(1, Path(folder) / "state")
        (Path(folder) / "state").mkdir()
        world = World(graph)
        world.go_on(0.01)
        results: dict[str, Any] = {}
        nodes: dict[str, float] = {}
        for work in works(graph):
            cost = measure(world, work)
            results[f"{work.node}: {work.name}"] = cost
            nodes[work.node] = nodes.get(work.node, 0.0) + cost["pi_4_cpu_percent"]
    results["pi_4_cpu_percent"] = {name: round(value, 2) for name, value in nodes.items()}
    results["pi_4_cpu_percent_of_all"] = round(sum(nodes.values()), 2)
    report("board", results, [])


if __name__ == "__main__":
    main()

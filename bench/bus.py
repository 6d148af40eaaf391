"""The cost of the bus compared with raw ZeroMQ: two processes each, and frames of the same bytes.

Run `python bench/bus.py --json`. Each round measures the raw pair and that of the bus in turn, and
the ratio of their figures; the median over the rounds is reported.
"""

# ruff: noqa: E402 - this file is called like the package it measures; the root has to come first.

import multiprocessing
import resource
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

import zmq

from bench.report import Aim, report
from bus.place import Place
from bus.run import open_node
from bus.zeromq import HIGH_WATER
from msgs.pilot import CpState, PilotStatus
from msgs.topics import PILOT_STATUS

ROUNDS = 7
RATE_HZ = 2000
PACED = 4000  # messages for latency and CPU
FLAT_OUT = 200_000  # messages for throughput; those lost in a full queue do not count
STAMP = struct.Struct("<q")
FRAME_BYTES = 136  # a PilotStatus frame; checked below


def _message(index: int) -> PilotStatus:
    """Return a message as the pilot node would build it; high_v is what varies."""
    return PilotStatus(
        cp_state=CpState.C,
        duty_percent=26.666666,
        offered_a=16.0,
        high_v=6.0 + (index % 10) * 0.01,
        low_v=-12.0,
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _pace(send: Callable[[int], None], count: int) -> None:
    period_ns = 1_000_000_000 // RATE_HZ
    due_ns = time.monotonic_ns()
    for index in range(count):
        due_ns += period_ns
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / 1e9)
        send(index)


def _write(send: Callable[[int], None], control: Connection) -> None:
    """Send as ordered: paced or flat out; return the CPU time of each part by the pipe."""
    while (order := control.recv()) is not None:
        before_s = _cpu_s()
        if order == "paced":
            _pace(send, PACED)
        else:
            for index in range(FLAT_OUT):
                send(index)
        control.send(_cpu_s() - before_s)


def raw_writer(directory: str, control: Connection) -> None:
    """Send bytes that are there already, stamped."""
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.setsockopt(zmq.SNDHWM, HIGH_WATER)
    socket.bind(f"ipc://{directory}/raw.pub")
    socket.recv()
    control.send("ready")
    frame = bytearray(b"pilot/status\0" + bytes(FRAME_BYTES - 13))

    def send(index: int) -> None:
        STAMP.pack_into(frame, 13, time.monotonic_ns())
        socket.send(bytes(frame), zmq.NOBLOCK)

    _write(send, control)
    context.destroy(linger=0)


def bus_writer(directory: str, control: Connection) -> None:
    """Build, encode and publish messages as a node does."""
    place = Place(run_dir=Path(directory), state_dir=Path(directory))
    bus = open_node("pilot", place)
    deadline_ns = time.monotonic_ns() + 300_000_000
    while time.monotonic_ns() < deadline_ns:
        bus.spin(deadline_ns)
    control.send("ready")

    def send(index: int) -> None:
        bus.publish(PILOT_STATUS, _message(index))

    _write(send, control)
    bus.close()


class RawReader:
    """Blocking receive, nothing else."""

    def __init__(self, directory: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, HIGH_WATER)
        self._socket.setsockopt(zmq.RCVTIMEO, 300)
        self._socket.connect(f"ipc://{directory}/raw.pub")
        self._socket.subscribe(b"pilot/status\0")

    def collect(self, count: int) -> list[int]:
        """Return each message's latency [ns], until all have arrived or none for 0.3 s."""
        latencies: list[int] = []
        try:
            while len(latencies) < count:
                data = self._socket.recv()
                latencies.append(time.monotonic_ns() - STAMP.unpack_from(data, 13)[0])
        except zmq.Again:
            pass
        return latencies

    def close(self) -> None:
        """Close the socket."""
        self._context.destroy(linger=0)


class BusReader:
    """A node with a callback on the topic."""

    def __init__(self, directory: str) -> None:
        place = Place(run_dir=Path(directory), state_dir=Path(directory))
        self._bus = open_node("safety", place)
        self._latencies: list[int] = []
        self._reader = self._bus.subscribe(PILOT_STATUS, self._on_status)
        self._bus.ready()

    def _on_status(self, status: PilotStatus) -> None:
        stamp_s = self._reader.stamp_s
        assert stamp_s is not None
        self._latencies.append(time.monotonic_ns() - int(stamp_s * 1e9))

    def collect(self, count: int) -> list[int]:
        """Return each message's latency [ns], until all have arrived or none for 0.3 s."""
        self._latencies = []
        last, quiet_ns = 0, time.monotonic_ns() + 300_000_000
        while len(self._latencies) < count and time.monotonic_ns() < quiet_ns:
            self._bus.spin(quiet_ns)
            if len(self._latencies) != last:
                last, quiet_ns = len(self._latencies), time.monotonic_ns() + 300_000_000
        return self._latencies

    def close(self) -> None:
        """Close the bus."""
        self._bus.close()


def _measure(
    writer: Callable[[str, Connection], None], reader: Callable[[str], RawReader | BusReader]
) -> dict[str, float]:
    """Return latency [us], throughput [1/s] and CPU [us per message] of one pair."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        own_end, child_end = spawn.Pipe()
        process = spawn.Process(target=writer, args=(directory, child_end))
        process.start()
        end = reader(directory)
        assert own_end.recv() == "ready"
        own_end.send("paced")
        before_s = _cpu_s()
        paced = sorted(end.collect(PACED))
        cpu_s = _cpu_s() - before_s + own_end.recv()
        own_end.send("flat out")
        began_s = time.monotonic()
        many = end.collect(FLAT_OUT)
        elapsed_s = time.monotonic() - began_s - (0.3 if len(many) < FLAT_OUT else 0.0)
        own_end.recv()
        own_end.send(None)
        process.join()
        end.close()
    assert len(paced) > 0.99 * PACED, f"only {len(paced)} of {PACED} messages arrived"
    return {
        "latency_p50_us": paced[len(paced) // 2] / 1e3,
        "latency_p99_us": paced[len(paced) * 99 // 100] / 1e3,
        "throughput_hz": len(many) / elapsed_s,
        "cpu_us": cpu_s / PACED * 1e6,
    }


def main() -> None:
    """Measure and report."""
    raw, own = [], []
    for _ in range(ROUNDS):
        raw.append(_measure(raw_writer, RawReader))
        own.append(_measure(bus_writer, BusReader))
    results: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for key in raw[0]:
        results[f"raw_{key}"] = round(statistics.median(row[key] for row in raw), 2)
        results[f"bus_{key}"] = round(statistics.median(row[key] for row in own), 2)
        ratios[key] = statistics.median(b[key] / a[key] for a, b in zip(raw, own, strict=True))
    report(
        "bus",
        results,
        [
            Aim("latency_p50_ratio", ratios["latency_p50_us"], "1", "<=", 1.35),
            Aim("latency_p99_ratio", ratios["latency_p99_us"], "1", "<=", 1.6),
            Aim("throughput_ratio", ratios["throughput_hz"], "1", ">=", 0.5),
            Aim("cpu_ratio", ratios["cpu_us"], "1", "<=", 1.45),
        ],
    )


if __name__ == "__main__":
    main()

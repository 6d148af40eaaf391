"""A flood takes neither the newest message nor the deadlines of a node that reads it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.place import Place
from bus.run import ZmqBus, open_node
from bus.zeromq import HIGH_WATER
from msgs.pilot import CpState, PilotStatus
from msgs.topics import PILOT_STATUS
from tests.builders import pilot_status


def status(number: int) -> PilotStatus:
    return pilot_status(CpState.C, 30.0, duty_percent=50.0, low_v=float(number))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ZmqBus, ZmqBus]]:
    place = Place(run_dir=tmp_path, state_dir=tmp_path)
    writer, reader = open_node("pilot", place), open_node("safety", place)
    yield writer, reader
    writer.close()
    reader.close()


def spin(seconds: float, *nodes: ZmqBus) -> None:
    end_ns = time.monotonic_ns() + int(seconds * 1e9)
    while time.monotonic_ns() < end_ns:
        for node in nodes:
            node.spin(time.monotonic_ns() + 1_000_000)


@pytest.mark.parametrize("draining_ns", [3_000_000, 0])
def test_the_newest_of_a_flood_is_read_however_many_rounds_it_takes(
    pair: tuple[ZmqBus, ZmqBus], monkeypatch: pytest.MonkeyPatch, draining_ns: int
) -> None:
    monkeypatch.setattr("bus.zeromq.MOST_DRAINING_NS", draining_ns)
    writer, reader = pair
    looked_at = reader.subscribe(PILOT_STATUS)
    ticks: list[float] = []
    reader.every(0.01, lambda: ticks.append(reader.clock.now_s()))
    spin(0.3, writer, reader)
    for number in range(HIGH_WATER):
        writer.publish(PILOT_STATUS, status(number))
    spin(0.2, writer)  # all of it waits at the subscriber
    began_s = reader.clock.now_s()
    while (message := looked_at.message) is None or message.low_v != HIGH_WATER - 1:
        assert reader.clock.now_s() < began_s + 5.0, message
        reader.spin(None)
    count = len(ticks)
    spin(0.2, writer, reader)
    assert len(ticks) > count
    assert looked_at.health.gaps == 0


def test_every_message_of_a_flood_gets_its_callback(pair: tuple[ZmqBus, ZmqBus]) -> None:
    writer, reader = pair
    heard: list[float] = []
    reader.subscribe(PILOT_STATUS, lambda message: heard.append(message.low_v))
    spin(0.3, writer, reader)
    for number in range(HIGH_WATER):
        writer.publish(PILOT_STATUS, status(number))
    began_s = reader.clock.now_s()
    while len(heard) < HIGH_WATER:
        assert reader.clock.now_s() < began_s + 5.0, len(heard)
        spin(0.01, writer, reader)
    assert heard == [float(number) for number in range(HIGH_WATER)]

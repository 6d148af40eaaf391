"""What only the bus between processes has: files of sockets in the run directory."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bus.place import Place
from bus.run import ZmqBus, open_node
from bus.tool import open_tool
from msgs.requests import StopReason
from msgs.topics import HEARTBEATS


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(run_dir=tmp_path, state_dir=tmp_path)


def files(place: Place) -> list[str]:
    return sorted(path.name for path in place.run_dir.iterdir())


def spin_until(holds: Callable[[], bool], *buses: ZmqBus) -> None:
    end_s = time.monotonic() + 5.0
    while not holds():
        assert time.monotonic() < end_s, "it did not happen in time"
        for bus in buses:
            bus.spin(time.monotonic_ns() + 500_000)


def test_an_orderly_stop_leaves_no_socket_and_keeps_the_lock_for_its_count(place: Place) -> None:
    for incarnation in (1, 2):
        bus = open_node("led", place)
        assert files(place) == ["led.lock", "led.pub", "led.srv"]
        assert bus.incarnation == incarnation
        bus.stop(StopReason.SHUTDOWN)
        bus.close()
        assert files(place) == ["led.lock"]


def test_a_subscriber_hears_the_next_incarnation_in_new_files(place: Place) -> None:
    with open_tool(place) as tool:
        heard: list[tuple[int, int]] = []
        subscription = tool.subscribe(
            HEARTBEATS["led"], lambda beat: heard.append((beat.incarnation, beat.pid))
        )
        for incarnation in (1, 2, 3):
            bus = open_node("led", place)
            spin_until(lambda now=incarnation: subscription.incarnation == now, bus, tool)  # type: ignore[misc]
            bus.stop(StopReason.RESTART)
            bus.close()
            assert files(place) == ["led.lock"]
    assert sorted(set(heard)) == [(incarnation, os.getpid()) for incarnation in (1, 2, 3)]


def test_a_node_that_has_stopped_is_not_called_for_what_it_watches(place: Place) -> None:
    bus = open_node("led", place)
    called: list[int] = []
    pipes = [os.pipe() for _ in range(3)]

    def read(fd: int) -> None:
        called.append(fd)
        bus.stop(StopReason.SHUTDOWN)

    for readable, writable in pipes:
        bus.watch(readable, partial(read, readable))
        os.write(writable, b"x")
    spin_until(lambda: bus.stopped, bus)
    assert len(called) == 1
    bus.close()
    for fd in (fd for pipe in pipes for fd in pipe):
        os.close(fd)


def test_a_node_that_fails_leaves_everything_as_it_is(place: Place) -> None:
    bus = open_node("led", place)
    bus.close()
    assert files(place) == ["led.lock", "led.pub", "led.srv"]


def test_the_sockets_of_another_process_are_never_removed(place: Place) -> None:
    first = open_node("led", place)
    (place.run_dir / "led.lock").unlink()  # by a cleaner: the name is free, though it is not
    second = open_node("led", place)
    first.stop(StopReason.SHUTDOWN)
    first.close()
    assert files(place) == ["led.lock", "led.pub", "led.srv"]
    with open_tool(place) as tool:
        subscription = tool.subscribe(HEARTBEATS["led"], lambda _: None)
        spin_until(lambda: subscription.message is not None, second, tool)
    second.stop(StopReason.SHUTDOWN)
    second.close()
    assert files(place) == ["led.lock"]


def test_a_deleted_run_directory_does_not_keep_a_node_from_stopping(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    bus = open_node("led", Place(run_dir=run_dir, state_dir=tmp_path))
    for path in run_dir.iterdir():
        path.unlink()
    run_dir.rmdir()
    bus.stop(StopReason.SHUTDOWN)
    bus.close()
    assert not run_dir.exists()

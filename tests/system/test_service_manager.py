"""A real launch under a service manager and a hardware watchdog, both played by the test."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.box import WALLBOX, kill_all, processes_of
from tests.system.listener import PATIENCE_S

pytestmark = pytest.mark.system

BEAT_S = 0.2
SILENT_S = 1.0  # a loop that runs beats five times in it

SLOW_NODE = """
from typing import Literal

import msgspec

RUNNER: Literal["blocking", "asyncio"] = "blocking"


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    wait_s: float = 0.0


def build(bus, parameters):
    bus.at(bus.clock.now_s() + parameters.wait_s, bus.ready)
"""

PLAN = """
path = "."
watchdog = "{watchdog}"
watchdog_s = 15

[nodes.first]
module = "slow"

[nodes.second]
module = "slow"

[nodes.second.parameters]
wait_s = 0.5
"""

# The supervisor with a kernel whose watchdog device is a FIFO, and whose driver has 1 s at most.
WITH_DEVICE = """
import fcntl, struct
plain = fcntl.ioctl
fcntl.ioctl = lambda fd, request, *rest: (
    struct.pack("i", 1) if request == 0xC0045706 else plain(fd, request, *rest))
from launch.__main__ import main
main()
"""


class Machine:
    """A launched graph, and what it sends to systemd and to the watchdog."""

    def __init__(self, home: Path, device: Path) -> None:
        self.home = home
        (home / "slow").mkdir()
        (home / "slow" / "__init__.py").touch()
        (home / "slow" / "node.py").write_text(SLOW_NODE)
        (home / "plan.toml").write_text(PLAN.format(watchdog=device))
        os.mkfifo(device)
        self._reading = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(home / "notify"))
        self.socket.setblocking(False)
        self.received: list[str] = []
        self.fed = b""
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        words = [
            str(self.home / "plan.toml"),
            "0",
            f"{self.home}/run",
            f"{self.home}/state",
            "info",
        ]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", WITH_DEVICE, *words],
                stderr=log,
                start_new_session=True,
                env={
                    **os.environ,
                    "NOTIFY_SOCKET": str(self.home / "notify"),
                    "WATCHDOG_USEC": str(int(BEAT_S * 2e6)),
                },
            )
        return self.process

    def look(self) -> None:
        """Take what has come."""
        try:
            while True:
                self.received.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            pass
        try:
            while data := os.read(self._reading, 4096):
                self.fed += data
        except BlockingIOError:
            pass

    def until(self, holds: Callable[[], object]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        self.look()
        while not holds():
            assert time.monotonic() < end_s, (self.received, (self.home / "log").read_text())
            time.sleep(0.01)
            self.look()

    def during(self, seconds: float) -> tuple[int, bytes]:
        """Return how many beats, and which bytes for the watchdog, come in a time [s]."""
        self.look()
        self.received.clear()
        self.fed = b""
        time.sleep(seconds)
        self.look()
        return self.received.count("WATCHDOG=1"), self.fed

    def states(self) -> list[str]:
        """Return what was received but for beats and lines of status."""
        self.look()
        return [each for each in self.received if not each.startswith(("WATCHDOG=", "STATUS="))]

    def close(self) -> None:
        if self.process is not None:
            kill_all(processes_of(self.process.pid))
            self.process.wait(PATIENCE_S)
        os.close(self._reading)
        self.socket.close()


@pytest.fixture
def machine() -> Iterator[Machine]:
    home = Path(tempfile.mkdtemp(prefix="wb-"))  # short: sockets live in it
    device = Path("/dev/shm") / home.name  # a launch file names a device below /dev
    machine = Machine(home, device)
    try:
        yield machine
    finally:
        machine.close()
        device.unlink()
        shutil.rmtree(home)


def test_systemd_follows_the_graph_from_its_start_to_an_ordered_stop(machine: Machine) -> None:
    process = machine.launch()
    machine.until(
        lambda: "STATUS=plan: 1 of 2 nodes are ready; second starting" in machine.received
    )
    assert machine.states() == []  # READY=1 only when all nodes are
    machine.until(machine.states)
    assert machine.states() == ["READY=1"]
    assert machine.received[machine.received.index("READY=1") - 1].startswith("STATUS=plan: 2 of 2")

    restart = [*WALLBOX, "call", "launch", "restart_all", '{"reason": "test"}']
    subprocess.run([*restart, "--run-dir", f"{machine.home}/run"], check=True)
    machine.until(lambda: len(machine.states()) == 3)
    assert machine.states() == ["READY=1", "RELOADING=1", "READY=1"]
    assert process.poll() is None  # the same process

    beats, fed = machine.during(SILENT_S)
    assert beats >= 3
    assert set(fed) == {0}
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert machine.states() == ["STOPPING=1"]
    assert machine.received[-1] == "STATUS=stopped"
    assert machine.fed.endswith(b"\0V")
    assert machine.fed.count(b"V") == 1


def test_a_supervisor_that_hangs_or_is_killed_feeds_neither(machine: Machine) -> None:
    process = machine.launch()
    machine.until(machine.states)
    process.send_signal(signal.SIGSTOP)
    machine.during(BEAT_S)  # what was sent before
    assert machine.during(SILENT_S) == (0, b"")
    process.send_signal(signal.SIGCONT)
    beats, fed = machine.during(SILENT_S)
    assert beats
    assert b"\0" in fed
    process.kill()
    process.wait(PATIENCE_S)
    _, fed = machine.during(0.0)
    assert machine.during(SILENT_S) == (0, b"")
    assert b"V" not in fed  # the machine restarts

"""The hardware watchdog: a FIFO in the place of the device, and the kernel's answers to ioctl."""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from launch.hardware_watchdog import HardwareWatchdog
from launch.plan import PlanError, WatchdogPlan
from launch.plan_file import load_plan
from tests.closing import at_end, closed_at_end

TIMEOUT_S = 15
SET_TIMEOUT, GET_TIMEOUT = 0xC0045706, 0x80045707  # <linux/watchdog.h> on ARM and x86


class Device:
    """A watchdog device, and a supervisor's bus."""

    def __init__(self, folder: Path) -> None:
        self.graph = closed_at_end(MemoryGraph(seed=1, state_dir=folder / "state"))
        self.bus = self.graph.bus("launch")
        self.path = folder / "watchdog"
        os.mkfifo(self.path)
        self._reading = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        at_end(lambda: os.close(self._reading))
        self.logged: list[tuple[str, str]] = []
        self.answers: dict[int, Callable[[int], int]] = {SET_TIMEOUT: lambda wanted_s: wanted_s}
        self.watchdog: HardwareWatchdog

    def ioctl(self, fd: int, request: int, argument: bytes) -> bytes:
        """Answer as the kernel's watchdog core does."""
        (wanted_s,) = struct.unpack("i", argument)
        return struct.pack("i", self.answers[request](wanted_s))

    def open(self, path: Path | None = None) -> HardwareWatchdog:
        self.watchdog = HardwareWatchdog(
            self.bus,
            WatchdogPlan(device=str(path or self.path), timeout_s=TIMEOUT_S),
            lambda level, text: self.logged.append((level, text)),
        )
        at_end(lambda: self.watchdog.close(in_order=False))
        return self.watchdog

    def written(self) -> bytes:
        try:
            return os.read(self._reading, 4096)
        except BlockingIOError:
            return b""


def refusing(number: int) -> Callable[[int], int]:
    def refuse(_: int) -> int:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Device:
    device = Device(tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", device.ioctl)
    return device


def test_it_is_fed_each_third_of_its_time_out(device: Device) -> None:
    device.open()
    assert device.written() == b"\0"
    device.graph.advance(TIMEOUT_S / 3 - 0.1)
    assert device.written() == b""
    device.graph.advance(0.2)
    assert device.written() == b"\0"
    device.graph.advance(TIMEOUT_S)
    assert device.written() == b"\0" * 3
    assert device.logged == [("info", f"{device.path} restarts the machine after 15 s of silence")]


def test_an_ordered_stop_ends_it_and_a_crash_does_not(device: Device) -> None:
    device.open().close(in_order=True)
    assert device.written() == b"\0V"
    device.open().close(in_order=False)
    assert device.written() == b"\0"


def test_a_closed_one_is_not_fed(device: Device) -> None:
    device.open().close(in_order=True)
    device.written()
    device.graph.advance(TIMEOUT_S * 2)
    device.watchdog.close(in_order=False)  # once more: nothing is left to be closed
    assert device.written() == b""
    assert [level for level, _ in device.logged] == ["info"]


def test_it_is_fed_by_the_time_out_that_the_driver_has_set(device: Device) -> None:
    device.answers[SET_TIMEOUT] = lambda _: 3
    device.open()
    device.graph.advance(3.1)
    assert device.written() == b"\0" * 4


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_driver_that_refuses_the_time_out_keeps_its_own(device: Device, number: int) -> None:
    device.answers = {SET_TIMEOUT: refusing(number), GET_TIMEOUT: lambda _: 6}
    device.open()
    device.graph.advance(6.1)
    assert device.written() == b"\0" * 4


def test_a_file_that_is_no_watchdog_is_not_written_to(device: Device) -> None:
    device.answers = {SET_TIMEOUT: refusing(errno.ENOTTY)}
    device.open().close(in_order=True)
    assert device.written() == b""
    assert device.logged == [
        ("error", f"the watchdog {device.path} is not used: it is no watchdog; "
         "a hung machine stays hung")
    ]  # fmt: skip


def test_a_watchdog_without_a_known_time_out_is_ended_since_opening_has_started_it(
    device: Device,
) -> None:
    device.answers = {
        SET_TIMEOUT: refusing(errno.EOPNOTSUPP),
        GET_TIMEOUT: refusing(errno.EOPNOTSUPP),
    }
    device.open()
    device.graph.advance(TIMEOUT_S)
    assert device.written() == b"V"
    assert [level for level, _ in device.logged] == ["error"]


def test_a_device_that_is_not_there_is_an_error_in_the_log_and_stops_nothing(
    device: Device, tmp_path: Path
) -> None:
    watchdog = device.open(tmp_path / "none")
    device.graph.advance(TIMEOUT_S)
    watchdog.close(in_order=True)
    ((level, text),) = device.logged
    assert level == "error"
    assert "it does not exist; expected dtparam=watchdog=on in config.txt" in text


def test_a_device_that_systemd_feeds_is_named(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", lambda *_: refusing(errno.EBUSY)(0))
    device.open()
    assert "another program feeds it; expected RuntimeWatchdogSec=off" in device.logged[0][1]


def test_without_one_in_the_launch_file_nothing_is_opened_or_logged(device: Device) -> None:
    logged: list[str] = []
    HardwareWatchdog(device.bus, None, lambda _, text: logged.append(text)).close(in_order=True)
    assert (logged, device.written()) == ([], b"")


# --- the launch file ---------------------------------------------------------------------------

BASE = 'watchdog = "/dev/watchdog"\nwatchdog_s = 10\n[nodes.a]\nmodule = "a"\n'


def plan_of(folder: Path, text: str) -> WatchdogPlan | None:
    (folder / "base.toml").write_text(BASE)
    file = folder / "x.toml"
    file.write_text(text)
    return load_plan(file).watchdog


@pytest.mark.parametrize(
    ("text", "watchdog"),
    [
        ('[nodes.a]\nmodule = "a"\n', None),
        ('watchdog_s = 20\n[nodes.a]\nmodule = "a"\n', None),
        (BASE, WatchdogPlan(device="/dev/watchdog", timeout_s=10)),
        ('watchdog = "/dev/watchdog1"\n[nodes.a]\nmodule = "a"\n',
         WatchdogPlan(device="/dev/watchdog1", timeout_s=60)),
        ('include = "base.toml"', WatchdogPlan(device="/dev/watchdog", timeout_s=10)),
        ('include = "base.toml"\nwatchdog_s = 14',
         WatchdogPlan(device="/dev/watchdog", timeout_s=14)),
        ('include = "base.toml"\nwatchdog = ""', None),
    ],
)  # fmt: skip
def test_the_launch_file_names_it(tmp_path: Path, text: str, watchdog: WatchdogPlan | None) -> None:
    assert plan_of(tmp_path, text) == watchdog


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('watchdog = "watchdog"', 'watchdog: expected a device, as "/dev/watchdog"; or "": none'),
        ('watchdog = "/etc/passwd"', 'watchdog: expected a device, as "/dev/watchdog"'),
        ("watchdog_s = 0", "watchdog_s: "),
        ("watchdog_s = 3.5", "watchdog_s: "),
    ],
)
def test_a_wrong_name_or_time_out_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(PlanError, match=r"x\.toml") as caught:
        plan_of(tmp_path, f'{line}\n[nodes.a]\nmodule = "a"\n')
    assert complaint in str(caught.value)

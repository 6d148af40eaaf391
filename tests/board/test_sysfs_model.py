"""The model of /sys/class/pwm refuses what the kernel refuses."""

import errno
import os
from collections.abc import Callable

import pytest

from nodes.board.models.sysfs import ModelPwmFiles
from nodes.board.pwm import PwmSetting

CHANNEL = "pwmchip0/pwm0"


@pytest.fixture
def files() -> ModelPwmFiles:
    """Return a chip with two channels; the first is exported, with 300 of 1000 ns."""
    files = ModelPwmFiles({0: ("fe20c000.pwm", 2)})
    for path, text in [("pwmchip0/export", "0"), *on("period", "1000"), *on("duty_cycle", "300")]:
        files.write(path, text)
    return files


def on(name: str, text: str) -> list[tuple[str, str]]:
    return [(f"{CHANNEL}/{name}", text)]


def error_of(action: Callable[[], object]) -> str:
    with pytest.raises(OSError, match=r"^\[Errno") as caught:
        action()
    assert caught.value.errno is not None
    assert caught.value.strerror == os.strerror(caught.value.errno)
    return errno.errorcode[caught.value.errno]


@pytest.mark.parametrize(
    ("path", "text", "error"),
    [
        # core.c: the setting as a whole is judged
        (f"{CHANNEL}/duty_cycle", "1001", "EINVAL"),
        (f"{CHANNEL}/period", "299", "EINVAL"),
        (f"{CHANNEL}/period", "0", "EINVAL"),
        # pwm-bcm2835.c: 2 to 2**32 - 1 cycles of 10 ns
        (f"{CHANNEL}/period", "42949672960", "EINVAL"),
        # sysfs.c
        (f"{CHANNEL}/enable", "2", "EINVAL"),
        (f"{CHANNEL}/enable", "-1", "EINVAL"),
        (f"{CHANNEL}/polarity", "inverted", "EINVAL"),
        ("pwmchip0/export", "0", "EBUSY"),
        ("pwmchip0/export", "2", "ENODEV"),
        ("pwmchip0/unexport", "1", "ENODEV"),
        ("pwmchip0/unexport", "2", "ENODEV"),
        # kstrtox.c
        (f"{CHANNEL}/period", "", "EINVAL"),
        (f"{CHANNEL}/period", "1e6", "EINVAL"),
        (f"{CHANNEL}/period", "1000.0", "EINVAL"),
        (f"{CHANNEL}/period", " 1000", "EINVAL"),
        (f"{CHANNEL}/period", "1000\n\n", "EINVAL"),
        (f"{CHANNEL}/duty_cycle", "-5", "EINVAL"),
        (f"{CHANNEL}/period", "18446744073709551616", "ERANGE"),
        ("pwmchip0/export", "4294967296", "ERANGE"),
        # files and folders
        ("pwmchip0/pwm1/period", "1000", "ENOENT"),
        (f"{CHANNEL}/duty", "100", "ENOENT"),
        ("pwmchip1/export", "0", "ENOENT"),
        ("pwmchip0/npwm", "3", "EACCES"),
        (f"{CHANNEL}/capture", "1", "EACCES"),
        (CHANNEL, "1", "EISDIR"),
    ],
)
def test_a_write_is_refused(files: ModelPwmFiles, path: str, text: str, error: str) -> None:
    assert error_of(lambda: files.write(path, text)) == error
    assert files.read(f"{CHANNEL}/period") == "1000\n"
    assert files.read(f"{CHANNEL}/duty_cycle") == "300\n"


@pytest.mark.parametrize(
    ("name", "text", "content"),
    [
        ("period", "2000\n", "2000\n"),
        ("period", "0x7d0", "2000\n"),
        ("period", "03720", "2000\n"),
        ("period", "+2000", "2000\n"),
        ("duty_cycle", "0", "0\n"),
        ("duty_cycle", "1000", "1000\n"),
        ("enable", "1", "1\n"),
        ("polarity", "inversed\n", "inversed\n"),
    ],
)
def test_a_write_is_accepted(files: ModelPwmFiles, name: str, text: str, content: str) -> None:
    files.write(f"{CHANNEL}/{name}", text)
    assert files.read(f"{CHANNEL}/{name}") == content


@pytest.mark.parametrize("name", ["duty_cycle", "enable", "polarity"])
def test_nothing_can_be_set_before_the_period(name: str) -> None:
    files = ModelPwmFiles({0: ("fe20c000.pwm", 2)})
    files.write("pwmchip0/export", "0")
    text = "normal" if name == "polarity" else "0"
    assert error_of(lambda: files.write(f"{CHANNEL}/{name}", text)) == "EINVAL"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("pwmchip0/export", "EACCES"),
        ("pwmchip0/device", "EISDIR"),
        ("pwmchip0", "EISDIR"),
        ("", "EISDIR"),
        (CHANNEL, "EISDIR"),
        (f"{CHANNEL}/capture", "ENOSYS"),
        ("pwmchip0/pwm1/period", "ENOENT"),
        ("pwmchip0/pwm7", "ENOENT"),
        ("pwmchip1/npwm", "ENOENT"),
        (f"{CHANNEL}/period/0", "ENOENT"),
    ],
)
def test_a_read_is_refused(files: ModelPwmFiles, path: str, error: str) -> None:
    assert error_of(lambda: files.read(path)) == error


def test_an_output_that_an_unexport_has_ended_stays_off_until_its_setting_changes() -> None:
    outputs: list[PwmSetting] = []
    files = ModelPwmFiles({0: ("fe20c000.pwm", 2)}, lambda *change: outputs.append(change[2]))
    files.write("pwmchip0/export", "0")
    for name, text in (("period", "1000"), ("duty_cycle", "300"), ("enable", "1")):
        files.write(f"{CHANNEL}/{name}", text)
    files.write("pwmchip0/unexport", "0")
    files.write("pwmchip0/export", "0")
    files.write(f"{CHANNEL}/enable", "1")
    assert files.read(f"{CHANNEL}/enable") == "1\n"
    assert [output.is_enabled for output in outputs] == [False, False, True, False]
    files.write(f"{CHANNEL}/duty_cycle", "301")
    assert outputs[-1] == PwmSetting(period_ns=1000, duty_ns=301, is_enabled=True)


def test_folders_and_links_are_those_of_the_kernel(files: ModelPwmFiles) -> None:
    assert files.names("") == ["pwmchip0"]
    assert files.names("pwmchip0") == ["device", "export", "npwm", "pwm0", "unexport"]
    assert "duty_cycle" in files.names(CHANNEL)
    assert files.target("pwmchip0/device") == "../../../fe20c000.pwm"
    assert files.read("pwmchip0/npwm") == "2\n"
    assert error_of(lambda: files.names("pwmchip1")) == "ENOENT"
    assert error_of(lambda: files.names("pwmchip0/npwm")) == "ENOTDIR"
    assert error_of(lambda: files.target("pwmchip0/npwm")) == "EINVAL"
    files.write("pwmchip0/unexport", "0")
    assert files.names("pwmchip0") == ["device", "export", "npwm", "unexport"]

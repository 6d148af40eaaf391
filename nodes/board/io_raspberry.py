"""The I/O of a Raspberry Pi. On a Pi 5 rpi-lgpio ships the module RPi.GPIO.

Edge detection is not used: RPi.GPIO's own is gone with newer kernels (it needs /sys/class/gpio).
Inputs are polled.
"""

import importlib
import os
import time
from pathlib import Path
from typing import Any, cast

from bus import Bus, DriverError
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev

PWM_ROOT = Path("/sys/class/pwm")
# Up to a Pi 4 the first; on a Pi 5 the second.
PIN_DEVICES = (Path("/dev/gpiomem"), Path("/dev/gpiochip0"))
USE_DEVICE = Path("/dev/spidev0.0")


class SysFiles(PwmFiles):
    """PwmFiles below a folder of sysfs. A file that is read stays open: a read costs one call."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, int] = {}

    def names(self, folder: str) -> list[str]:
        """See `io.PwmFiles.names`."""
        return sorted(os.listdir(self._root / folder))

    def target(self, path: str) -> str:
        """See `io.PwmFiles.target`."""
        return os.readlink(self._root / path)

    def read(self, path: str) -> str:
        """See `io.PwmFiles.read`."""
        known = self._open.get(path)
        if known is None:
            known = self._open[path] = os.open(self._root / path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(known, 4096, 0).decode("ascii")
        except OSError:
            # The channel was removed since; the next read opens it again.
            os.close(self._open.pop(path))
            raise

    def write(self, path: str, text: str) -> None:
        """See `io.PwmFiles.write`."""
        file = os.open(self._root / path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, text.encode("ascii"))
        finally:
            os.close(file)


class RaspberryIo(Io):
    """See `io.Io`."""

    def __init__(self) -> None:
        self._pwm = SysFiles(PWM_ROOT)

    @property
    def gpio(self) -> Gpio:
        """See `io.Io.gpio`."""
        return cast(Gpio, _library("RPi.GPIO"))

    @property
    def pwm(self) -> PwmFiles:
        """See `io.Io.pwm`."""
        return self._pwm

    def spi(self) -> SpiDev:
        """See `io.Io.spi`."""
        device: SpiDev = _library("spidev").SpiDev()
        return device

    def setup_lock(self) -> Path | None:
        """See `io.Io.setup_lock`: the device of the pins."""
        return next((path for path in PIN_DEVICES if path.exists()), None)

    def use_lock(self) -> Path | None:
        """See `io.Io.use_lock`: the converter's device. Transfers do not ask for it."""
        return USE_DEVICE if USE_DEVICE.exists() else None

    def wait(self, seconds: float) -> None:
        """See `io.Io.wait`."""
        time.sleep(seconds)


def open_io(bus: Bus) -> Io:
    """Return the I/O of this machine."""
    return RaspberryIo()


def _library(name: str) -> Any:
    """Import a library of the board.

    :raises DriverError: it is not installed, or this is no Raspberry Pi.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        expected = "expected a Raspberry Pi with the extra [board], or [board5] on a Pi 5"
        raise DriverError(f"{name} cannot be imported ({error}); {expected}", "io") from error

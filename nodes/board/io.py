"""What a driver of the board uses of the world outside the process: RPi.GPIO, spidev, PWM files.

The names are those of the libraries, so that the real ones and their models fit alike.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bus import Bus, DriverError

RASPBERRY = "nodes.board.io_raspberry"


class Gpio(Protocol):
    """The module RPi.GPIO, as far as it is used. Channels are BCM numbers."""

    BCM: int
    IN: int
    OUT: int
    PUD_OFF: int
    PUD_DOWN: int
    PUD_UP: int

    def setmode(self, mode: int, /) -> None:
        """Choose the numbering of channels."""

    def setwarnings(self, flag: bool, /) -> None:
        """Choose whether a channel in use causes a warning."""

    def setup(
        self, channel: int, direction: int, pull_up_down: int = ..., initial: int = ...
    ) -> None:
        """Make a channel an input or an output."""

    def output(self, channel: int, value: int, /) -> None:
        """Set the level of an output."""

    def input(self, channel: int, /) -> int:
        """Return the level of a channel."""

    def cleanup(self, channel: Sequence[int] = ..., /) -> None:
        """Make channels inputs without a pull."""


class SpiDev(Protocol):
    """`spidev.SpiDev`, as far as it is used."""

    mode: int
    max_speed_hz: int

    def open(self, bus: int, device: int, /) -> None:
        """Open /dev/spidev<bus>.<device>."""

    def xfer2(self, values: list[int], /) -> list[int]:
        """Send bytes with the chip selected throughout; return as many received bytes."""

    def close(self) -> None:
        """Close the device."""


class PwmFiles(Protocol):
    """The files of /sys/class/pwm. Paths are relative to it; all raise OSError as a kernel does."""

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder; "" is the root."""

    def target(self, path: str) -> str:
        """Return what a symbolic link points to."""

    def read(self, path: str) -> str:
        """Return the content of a file."""

    def write(self, path: str, text: str) -> None:
        """Write a file in one write."""


class Io(Protocol):
    """The I/O of one node. A library is imported when it is first used."""

    @property
    def gpio(self) -> Gpio:
        """Return RPi.GPIO."""

    @property
    def pwm(self) -> PwmFiles:
        """Return the files of the kernel's PWM."""

    def spi(self) -> SpiDev:
        """Return a new SPI device, not open yet."""

    def setup_lock(self) -> Path | None:
        """Return the file on which all processes of the machine lock the set-up of pins.

        None: one in the run directory.
        """
        return None

    def use_lock(self) -> Path | None:
        """Return the file that the owner of the coil locks while it runs; as `setup_lock`."""
        return None

    def wait(self, seconds: float) -> None:
        """Wait at least this long. A driver of a node waits for some milliseconds at most."""


def open_io(module: str, bus: Bus) -> Io:
    """Return the I/O of the module that a driver's parameter `io` names.

    :raises DriverError: there is no such module, or it has no `open_io`.
    """
    try:
        opens = importlib.import_module(module).open_io
    except (ImportError, AttributeError, ValueError) as error:
        text = f'"{module}" has no open_io; expected "{RASPBERRY}"'
        raise DriverError(text, "io") from error
    io: Io = opens(bus)
    return io

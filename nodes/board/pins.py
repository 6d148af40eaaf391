"""The pins of one driver: set up and released under the lock of all nodes, and no other pin.

Three bits of a register of the processor choose the function of a pin, ten pins in one register;
the pulls are alike. The library reads the register, changes the bits and writes it back, so two
processes that set pins up at the same time can undo each other. All do it under one file lock. A
level is written to a register of its own (GPSET, GPCLR) and needs no lock.

A node that is restarted leaves its outputs as they are: a pin keeps function and level when the
process ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from bus import Bus, DriverError
from nodes.board.io import Io
from nodes.board.spi_link import ChipError

LOCK_FILE = "gpio.flock"  # in the run directory; a *.lock there belongs to a node
# assumed: a set-up takes less than a millisecond; a process that is stopped in the middle of one
# must not keep the others from their start for ever.
LOCK_TRIES = 1000
LOCK_WAIT_S = 0.001


class PinError(ChipError):
    """Raised when the library refuses to read or write a pin, whatever error it has."""


class PinsBusyError(Exception):
    """Raised when another process sets pins up and does not end; later it may have."""


class Pull(Enum):
    """The resistor that gives an input its level while nothing drives it."""

    OFF = "off"
    DOWN = "down"
    UP = "up"


def open_lock(path: Path) -> int:
    """Open a file for a lock: a device as it is, another one is made if there is none.

    :raises OSError: it cannot be opened.
    """
    if path.is_char_device():
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Pins:
    """The pins of one driver, by BCM number."""

    def __init__(self, bus: Bus, io: Io) -> None:
        """Choose BCM numbers for this process; touch no pin."""
        self._gpio = io.gpio
        self._wait = io.wait
        bus.run_dir.mkdir(parents=True, exist_ok=True)
        self._lock_path = io.setup_lock() or bus.run_dir / LOCK_FILE
        self._own: list[int] = []
        self._gpio.setwarnings(False)  # after a restart an output is in use: by the node before
        self._gpio.setmode(self._gpio.BCM)

    def output(self, pin: int, level: bool) -> None:
        """Make a pin an output; it has its level before it is one, so there is no glitch.

        :raises DriverError: the library refuses it.
        :raises PinsBusyError: another process sets pins up and does not end.
        """
        self._set_up(pin, self._gpio.OUT, initial=int(level))

    def adopt_output(self, pin: int) -> bool:
        """Make a pin an output at the level that was set last, and return that level.

        With RPi.GPIO there is no edge. rpi-lgpio makes the pin an input for a moment.

        :raises DriverError: as `output`.
        :raises PinsBusyError: as `output`.
        """
        self._set_up(pin, self._gpio.OUT)
        return self.read(pin)

    def input(self, pin: int, pull: Pull = Pull.OFF) -> None:
        """Make a pin an input.

        :raises DriverError: as `output`.
        :raises PinsBusyError: as `output`.
        """
        gpio = self._gpio
        pulls = {Pull.OFF: gpio.PUD_OFF, Pull.DOWN: gpio.PUD_DOWN, Pull.UP: gpio.PUD_UP}
        self._set_up(pin, gpio.IN, pull_up_down=pulls[pull])

    def write(self, pin: int, level: bool) -> None:
        """Set the level of an output.

        :raises PinError: the library refuses it.
        """
        try:
            self._gpio.output(pin, int(level))
        except Exception as error:
            raise PinError(f"GPIO{pin} cannot be written: {error}") from error

    def read(self, pin: int) -> bool:
        """Return the level of a pin.

        :raises PinError: the library refuses it.
        """
        try:
            return bool(self._gpio.input(pin))
        except Exception as error:
            raise PinError(f"GPIO{pin} cannot be read: {error}") from error

    def release(self) -> None:
        """Make the pins of this driver inputs without a pull; others stay as they are.

        :raises PinsBusyError: as `output`.
        """
        if self._own:
            with self._locked():
                self._gpio.cleanup(self._own)
            self._own = []

    def _set_up(self, pin: int, direction: int, **how: int) -> None:
        """Set a pin up under the lock; see `output`."""
        with self._locked():
            try:
                self._gpio.setup(pin, direction, **how)
            except Exception as error:
                text = f"GPIO{pin} cannot be set up: {error}; expected a pin of this machine"
                raise DriverError(text, "io") from error
        self._own.append(pin)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of all processes that set up pins of this machine.

        :raises PinsBusyError: as `output`.
        """
        file = open_lock(self._lock_path)
        try:
            for is_last in (False,) * LOCK_TRIES + (True,):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if is_last:
                        text = f"{self._lock_path} is held: another process sets up its pins"
                        raise PinsBusyError(f"{text} and does not end") from error
                    self._wait(LOCK_WAIT_S)
            yield
        finally:
            os.close(file)

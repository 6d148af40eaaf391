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

from bus import Bus, DriverError
from nodes.board.io import Io

LOCK_FILE = "gpio.flock"  # in the run directory; a *.lock there belongs to a node
# assumed: a set-up takes less than a millisecond; a process that is stopped in the middle of one
# must not keep the others from their start for ever.
LOCK_TRIES = 1000
LOCK_WAIT_S = 0.001


class Pull(Enum):
    """The resistor that gives an input its level while nothing drives it."""

    OFF = "off"
    DOWN = "down"
    UP = "up"


class Pins:
    """The pins of one driver, by BCM number."""

    def __init__(self, bus: Bus, io: Io) -> None:
        """Choose BCM numbers for this process; touch no pin."""
        self._gpio = io.gpio
        self._wait = io.wait
        bus.run_dir.mkdir(parents=True, exist_ok=True)
        self._lock_path = bus.run_dir / LOCK_FILE
        self._own: list[int] = []
        self._gpio.setwarnings(False)  # after a restart an output is in use: by the node before
        self._gpio.setmode(self._gpio.BCM)

    def output(self, pin: int, level: bool) -> None:
        """Make a pin an output; it has its level before it is one, so there is no glitch.

        :raises DriverError: another process sets pins up and does not end.
        """
        with self._locked():
            self._gpio.setup(pin, self._gpio.OUT, initial=int(level))
        self._own.append(pin)

    def adopt_output(self, pin: int) -> bool:
        """Make a pin an output without an edge: at the level that was set last. Return that level.

        :raises DriverError: as `output`.
        """
        with self._locked():
            self._gpio.setup(pin, self._gpio.OUT)
        self._own.append(pin)
        return self.read(pin)

    def input(self, pin: int, pull: Pull = Pull.OFF) -> None:
        """Make a pin an input.

        :raises DriverError: as `output`.
        """
        gpio = self._gpio
        pulls = {Pull.OFF: gpio.PUD_OFF, Pull.DOWN: gpio.PUD_DOWN, Pull.UP: gpio.PUD_UP}
        with self._locked():
            gpio.setup(pin, gpio.IN, pull_up_down=pulls[pull])
        self._own.append(pin)

    def write(self, pin: int, level: bool) -> None:
        """Set the level of an output."""
        self._gpio.output(pin, int(level))

    def read(self, pin: int) -> bool:
        """Return the level of a pin."""
        return bool(self._gpio.input(pin))

    def release(self) -> None:
        """Make the pins of this driver inputs without a pull; others stay as they are.

        :raises DriverError: as `output`.
        """
        if self._own:
            with self._locked():
                self._gpio.cleanup(self._own)
            self._own = []

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of all nodes on this machine.

        :raises DriverError: as `output`.
        """
        file = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for is_last in (False,) * LOCK_TRIES + (True,):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if is_last:
                        text = f"{self._lock_path} is held: another process sets up its pins"
                        raise DriverError(f"{text} and does not end") from error
                    self._wait(LOCK_WAIT_S)
            yield
        finally:
            os.close(file)

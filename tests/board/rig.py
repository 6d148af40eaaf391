"""An I/O module for drivers under test: what a test has put into it."""

import pytest

from bus import Bus
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev

_current: list[Io] = []


class PinsIo(Io):
    """An I/O with pins alone."""

    def __init__(self, gpio: Gpio) -> None:
        self._gpio = gpio

    @property
    def gpio(self) -> Gpio:
        return self._gpio

    @property
    def pwm(self) -> PwmFiles:
        raise NotImplementedError

    def spi(self) -> SpiDev:
        raise NotImplementedError

    def wait(self, seconds: float) -> None:
        """Wait for no time."""


def use(monkeypatch: pytest.MonkeyPatch, io: Io) -> None:
    """Give the drivers of one test this I/O."""
    monkeypatch.setattr("tests.board.rig._current", [io])


def open_io(bus: Bus) -> Io:
    """See `nodes.board.io_raspberry.open_io`."""
    return _current[0]

"""An I/O with SPI devices alone."""

from collections.abc import Callable

from nodes.board.io import Gpio, Io, PwmFiles, SpiDev


class SpiIo(Io):
    """See `nodes.board.io.Io`."""

    def __init__(self, device: Callable[[], SpiDev]) -> None:
        self._device = device

    @property
    def gpio(self) -> Gpio:
        raise NotImplementedError

    @property
    def pwm(self) -> PwmFiles:
        raise NotImplementedError

    def spi(self) -> SpiDev:
        return self._device()

    def wait(self, seconds: float) -> None:
        raise NotImplementedError

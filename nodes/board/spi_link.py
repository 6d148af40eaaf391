"""One chip on an SPI bus: opened with its mode and clock; a transfer that fails says so."""

from nodes.board.io import Io, SpiDev


class ChipError(Exception):
    """Raised when a chip does not answer, or not as its data sheet says."""


class SpiLink:
    """One chip select of an SPI bus."""

    def __init__(self, io: Io, place: tuple[int, int], *, mode: int, clock_hz: int) -> None:
        """Open the device.

        :param place: bus and device: (0, 1) is /dev/spidev0.1.
        :raises OSError: there is no such device, or it cannot be used.
        """
        self._device: SpiDev = io.spi()
        self._device.open(*place)
        self._device.mode = mode
        self._device.max_speed_hz = clock_hz

    def transfer(self, sent: bytes) -> bytes:
        """Send bytes while the chip is selected; return those that it answers meanwhile.

        :raises ChipError: the bus has failed, or the answer has another length.
        """
        try:
            answer = self._device.xfer2(list(sent))
        except OSError as error:
            raise ChipError(f"SPI transfer of {len(sent)} bytes: {error.strerror}") from error
        if len(answer) != len(sent):
            raise ChipError(f"SPI transfer of {len(sent)} bytes: {len(answer)} bytes came back")
        return bytes(answer)

    def close(self) -> None:
        """Close the device."""
        self._device.close()

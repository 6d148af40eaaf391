"""Open what a driver uses, and say which parameter is wrong if it cannot be opened."""

from typing import Annotated

from msgspec import Meta

from bus import DriverError
from nodes.board.io import Io
from nodes.board.spi_link import SpiLink

SpiPlace = tuple[Annotated[int, Meta(ge=0, le=9)], Annotated[int, Meta(ge=0, le=9)]]
"""Bus and device: (0, 1) is /dev/spidev0.1."""


def open_link(
    io: Io, place: SpiPlace, *, mode: int, clock_hz: int, parameter: str = "spi"
) -> SpiLink:
    """Open an SPI device.

    :param parameter: the driver's parameter with the place.
    :raises DriverError: there is no such device, or it cannot be used.
    """
    try:
        return SpiLink(io, place, mode=mode, clock_hz=clock_hz)
    except OSError as error:
        name = f"/dev/spidev{place[0]}.{place[1]}"
        raise DriverError(f"{name}: {error.strerror}; expected an SPI device", parameter) from error

"""The library spidev, with models of chips behind its chip selects.

It behaves as spidev 3.8: lists of integers in and out, at most 4096 of them.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from nodes.board.io import SpiDev

MOST_BYTES = 4096
Place = tuple[int, int]  # bus, device
Disturb = Callable[[Place, list[int]], list[int]]


class ChipModel(Protocol):
    """A chip on an SPI bus."""

    modes: tuple[int, ...]  # those of SPI in which it works
    most_hz: int  # the fastest clock

    def transfer(self, sent: bytes) -> bytes:
        """Return the bytes that the chip answers while it is selected for one transfer."""


class Chips(Mapping[Place, ChipModel]):
    """The chips of the board; each is made when it is first selected."""

    def __init__(self, makers: Mapping[Place, Callable[[], ChipModel]]) -> None:
        self._makers = makers
        self._made: dict[Place, ChipModel] = {}

    def __getitem__(self, place: Place) -> ChipModel:
        if place not in self._made:
            self._made[place] = self._makers[place]()
        return self._made[place]

    def __contains__(self, place: object) -> bool:
        return place in self._makers

    def __iter__(self) -> Iterator[Place]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class ModelSpiDev(SpiDev):
    """See `nodes.board.io.SpiDev`.

    In a wrong mode, or with a clock too fast for the chip, MISO is read at a wrong moment: modelled
    as a shift by one bit.
    """

    def __init__(
        self, chips: Mapping[Place, ChipModel], disturb: Disturb = lambda _, answer: answer
    ) -> None:
        """Make a device that is not open.

        :param disturb: gets the place and the answer of each transfer; returns what is received.
            It may raise OSError.
        """
        self._chips = chips
        self._disturb = disturb
        self._place: Place | None = None
        self.mode = 0
        self.max_speed_hz = 125_000_000

    def open(self, bus: int, device: int, /) -> None:
        """See `nodes.board.io.SpiDev.open`."""
        if (bus, device) not in self._chips:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._place = bus, device

    def xfer2(self, values: list[int], /) -> list[int]:
        """See `nodes.board.io.SpiDev.xfer2`."""
        if self._place is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if not values:
            raise TypeError("Non-Sequence argument, or empty")
        if len(values) > MOST_BYTES:
            raise OverflowError(f"Argument list size exceeds {MOST_BYTES} bytes.")
        chip = self._chips[self._place]
        answer = chip.transfer(bytes(values))
        if self.mode not in chip.modes or self.max_speed_hz > chip.most_hz:
            answer = _shifted(answer)
        return self._disturb(self._place, list(answer))

    def close(self) -> None:
        """See `nodes.board.io.SpiDev.close`."""
        self._place = None


def _shifted(answer: bytes) -> bytes:
    """Return bytes as they are read one bit late."""
    bits = int.from_bytes(answer, "big") >> 1
    return bits.to_bytes(len(answer), "big")

"""SPI devices with models of chips, for tests of their drivers."""

from collections.abc import Callable

from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.board.models.spi import ChipModel, ModelSpiDev, Place
from nodes.board.spi_link import SpiLink

Answer = list[int]


class RigIo(Io):
    """The I/O of one node: SPI alone."""

    def __init__(self, chips: dict[Place, ChipModel], disturb: Callable[[Answer], Answer]) -> None:
        self._chips = chips
        self._disturb = disturb

    @property
    def gpio(self) -> Gpio:
        raise NotImplementedError

    @property
    def pwm(self) -> PwmFiles:
        raise NotImplementedError

    def spi(self) -> SpiDev:
        return ModelSpiDev(self._chips, lambda _, answer: self._disturb(answer))

    def wait(self, seconds: float) -> None:
        assert seconds <= 0.005


def link_to(
    chip: ChipModel,
    disturb: Callable[[Answer], Answer] = lambda answer: answer,
    mode: int = 0,
    clock_hz: int = 1_000_000,
) -> SpiLink:
    return SpiLink(RigIo({(0, 0): chip}, disturb), (0, 0), mode=mode, clock_hz=clock_hz)


class Flips:
    """Inverts bits of the answers of chosen transfers, counted from 0."""

    def __init__(self, masks: dict[int, int] | None = None) -> None:
        self.masks = masks or {}
        self.seen = 0

    def __call__(self, answer: Answer) -> Answer:
        mask = self.masks.get(self.seen, 0)
        self.seen += 1
        if not mask:
            return answer
        width = len(answer)
        value = int.from_bytes(bytes(answer), "big") ^ mask & (1 << 8 * width) - 1
        return list(value.to_bytes(width, "big"))

"""A card reader on a bench: the model of its chip on SPI and GPIO, and a clock that waits move."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bus import Bus
from bus.memory import MemoryGraph
from nodes.board import reference
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.board.models.pn5180 import ModelPn5180
from nodes.board.models.spi import ChipModel, ModelSpiDev, Place
from nodes.board.pins import Pins
from nodes.board.pn5180 import SPI_MODE, Pn5180, ReaderLines, WaitedTime
from nodes.board.spi_link import SpiLink
from nodes.rfid.reader_board import BoardCardReader, Parameters

Flip = Callable[[bytes], bytes]


class BenchGpio(Gpio):
    """The two lines of the reader."""

    BCM, IN, OUT, PUD_OFF, PUD_DOWN, PUD_UP = 11, 1, 0, 20, 21, 22

    def __init__(self, chip: ModelPn5180) -> None:
        self._chip = chip

    def setmode(self, mode: int, /) -> None:
        assert mode == self.BCM

    def setwarnings(self, flag: bool, /) -> None:
        pass

    def setup(
        self, channel: int, direction: int, pull_up_down: int = 20, initial: int = -1
    ) -> None:
        if channel == reference.READER_RESET_PIN:
            assert direction == self.OUT
            self._chip.reset(bool(initial))
        else:
            assert (channel, direction) == (reference.READER_BUSY_PIN, self.IN)

    def output(self, channel: int, value: int, /) -> None:
        assert channel == reference.READER_RESET_PIN
        self._chip.reset(bool(value))

    def input(self, channel: int, /) -> int:
        assert channel == reference.READER_BUSY_PIN
        return int(self._chip.busy())

    def cleanup(self, channel: Sequence[int] = (), /) -> None:
        raise AssertionError("the lines of the reader keep their levels")


class ReaderBench(Io, ChipModel):
    """The I/O of a node with a reader; it stands between the bus and the chip."""

    transfer_s = 0.0  # of one transfer, with what the operating system takes
    late_s = 0.0  # of each wait

    def __init__(self, *cards: str, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.cards: Sequence[str] = cards
        self.waited_s = 0.0
        self.sent: list[bytes] = []  # each transfer
        self.flip_sent: Flip = bytes
        self.flip_received: Callable[[list[int]], list[int]] = list
        self._clock = clock
        self.chip = ModelPn5180(self.now_s, lambda: self.cards)
        self.modes, self.most_hz = self.chip.modes, self.chip.most_hz
        self._gpio = BenchGpio(self.chip)

    def now_s(self) -> float:
        return self._clock() + self.waited_s

    @property
    def gpio(self) -> Gpio:
        return self._gpio

    @property
    def pwm(self) -> PwmFiles:
        raise AssertionError("a reader has no PWM")

    def spi(self) -> SpiDev:
        return ModelSpiDev({reference.READER_SPI: self}, self._disturb)

    def wait(self, seconds: float) -> None:
        assert 0 < seconds <= 0.01
        self.waited_s += seconds + self.late_s

    def transfer(self, sent: bytes) -> bytes:
        self.sent.append(sent)
        self.waited_s += self.transfer_s / 2
        answer = self.chip.transfer(self.flip_sent(sent))
        self.waited_s += self.transfer_s / 2
        return answer

    def _disturb(self, place: Place, answer: list[int]) -> list[int]:
        return self.flip_received(answer)

    def link(self) -> SpiLink:
        return SpiLink(self, reference.READER_SPI, mode=SPI_MODE, clock_hz=4_000_000)

    def driver(self) -> Pn5180:
        """Return the chip's driver without a graph; the chip is in reset."""
        lines = ReaderLines(
            busy=self.chip.busy,
            reset=self.chip.reset,
            time=WaitedTime(self.wait, self.now_s),
        )
        return Pn5180(self.link(), lines)


class ReaderBox:
    """The board's reader in a graph, polled each 0.15 s."""

    def __init__(self, tmp_path: Path, *cards: str, is_dead: bool = False, **parameters: float):
        for name in ("state", "state-run"):
            (tmp_path / name).mkdir(parents=True)
        self.graph = MemoryGraph(seed=1, state_dir=tmp_path / "state")
        self.bus: Bus = self.graph.bus("rfid")
        self.bench = ReaderBench(*cards, clock=self.graph.clock.now_s)
        self.bench.chip.faults.is_dead = is_dead
        chosen = Parameters(most_ms=parameters.get("most_ms", 10.0))
        self.pins = Pins(self.bus, self.bench)
        self.reader = BoardCardReader(self.bus, self.bench, self.pins, self.bench.link(), chosen)
        self.longest_s = 0.0  # of all polls

    def poll(self, count: int = 1) -> tuple[str, ...] | None:
        """Poll so many times; return the last result."""
        seen: tuple[str, ...] | None = None
        for _ in range(count):
            began_s = self.bench.waited_s
            seen = self.reader.poll()
            self.longest_s = max(self.longest_s, self.bench.waited_s - began_s)
            self.graph.advance(0.15)
        return seen


def open_io(bus: Bus) -> Io:
    """Return a bench with an empty field, as a parameter `io` names it."""
    return ReaderBench(clock=bus.clock.now_s)

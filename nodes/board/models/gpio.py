"""The library RPi.GPIO 0.7.1, with lines of a board at its pins.

Errors and their texts are those of the library; tests/board/test_real_rpi_gpio.py compares both.
Each process has its own: a pin that another process has set up is an output or an input all the
same, but this one must set it up before it uses it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from nodes.board.io import Gpio

CHANNELS: Final = range(54)  # of the processor; 0 to 27 are on the header
PULLED_UP: Final = frozenset({2, 3})  # by 1.8 kohm on the Raspberry Pi

NOT_OUTPUT: Final = "The GPIO channel has not been set up as an OUTPUT"
NOT_SET_UP: Final = "You must setup() the GPIO channel first"
NO_MODE: Final = (
    "Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)"
)

Level = bool | None  # None: nothing drives the line


class ModelGpio(Gpio):
    """See `nodes.board.io.Gpio`."""

    BCM = 11
    BOARD = 10
    OUT = 0
    IN = 1
    PUD_OFF = 20
    PUD_DOWN = 21
    PUD_UP = 22

    def __init__(
        self,
        inputs: Mapping[int, Callable[[], Level]],
        on_output: Callable[[int, Level], None],
    ) -> None:
        """Make a library in which no mode is chosen.

        :param inputs: what drives the line of a channel.
        :param on_output: gets each change of a channel that is, or was, an output.
        """
        self._inputs = inputs
        self._on_output = on_output
        self._mode: int | None = None
        self._directions: dict[int, int] = {}  # of the channels that this process has set up
        self._latches: dict[int, bool] = {}  # the output register, written or not
        self._pulls: dict[int, int] = {}

    def setmode(self, mode: int, /) -> None:
        """See `nodes.board.io.Gpio.setmode`."""
        if self._mode not in (None, mode):
            raise ValueError("A different mode has already been set!")
        if mode not in (self.BCM, self.BOARD):
            raise ValueError("An invalid mode was passed to setmode()")
        if mode == self.BOARD:
            raise NotImplementedError("channels by their place on the header are not modelled")
        self._mode = mode

    def setwarnings(self, flag: bool, /) -> None:
        """See `nodes.board.io.Gpio.setwarnings`. Warnings are not modelled."""

    def setup(
        self, channel: int, direction: int, pull_up_down: int = PUD_OFF, initial: int = -1
    ) -> None:
        """See `nodes.board.io.Gpio.setup`."""
        if direction not in (self.IN, self.OUT):
            raise ValueError("An invalid direction was passed to setup()")
        if direction == self.OUT and pull_up_down != self.PUD_OFF:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if direction == self.IN and initial != -1:
            raise ValueError("initial parameter is not valid for inputs")
        if pull_up_down not in (self.PUD_OFF, self.PUD_DOWN, self.PUD_UP):
            text = "Invalid value for pull_up_down - should be either PUD_OFF, PUD_UP or PUD_DOWN"
            raise ValueError(text)
        self._check(channel)
        before = self._driven(channel)
        if direction == self.OUT and initial != -1:
            self._latches[channel] = bool(initial)
        self._pulls[channel] = pull_up_down
        self._directions[channel] = direction
        self._note(channel, before)

    def output(self, channel: int, value: int, /) -> None:
        """See `nodes.board.io.Gpio.output`."""
        self._check(channel)
        if self._directions.get(channel) != self.OUT:
            raise RuntimeError(NOT_OUTPUT)
        before = self._driven(channel)
        self._latches[channel] = bool(value)
        self._note(channel, before)

    def input(self, channel: int, /) -> int:
        """See `nodes.board.io.Gpio.input`."""
        self._check(channel)
        if channel not in self._directions:
            raise RuntimeError(NOT_SET_UP)
        driven = self._driven(channel)
        if driven is None and channel in self._inputs:
            driven = self._inputs[channel]()
        if driven is None:
            driven = channel in PULLED_UP or self._pulls.get(channel) == self.PUD_UP
        return int(driven)

    def cleanup(self, channel: Sequence[int] = (), /) -> None:
        """See `nodes.board.io.Gpio.cleanup`. Without channels: all, and no mode is chosen."""
        for each in channel:
            self._check(each)
        for each in channel or tuple(self._directions):
            if each in self._directions:
                before = self._driven(each)
                del self._directions[each]
                self._pulls[each] = self.PUD_OFF
                self._note(each, before)
        if not channel:
            self._mode = None

    def _check(self, channel: int) -> None:
        if self._mode is None:
            raise RuntimeError(NO_MODE)
        if channel not in CHANNELS:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")

    def _driven(self, channel: int) -> Level:
        """Return the level that this process gives a channel; None: it is no output of it."""
        if self._directions.get(channel) != self.OUT:
            return None
        return self._latches.get(channel, False)

    def _note(self, channel: int, before: Level) -> None:
        level = self._driven(channel)
        if level is not before:
            self._on_output(channel, level)

"""A front of the board: its driver, with models of the chips and keys that a test moves."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from bus import Bus
from msgs.led import Color, Effect, Light
from nodes.board import reference
from nodes.board.io import Gpio, Io, PwmFiles, SpiDev
from nodes.board.models.hc165 import ModelHc165
from nodes.board.models.sk9822 import LedLight, ModelSk9822
from nodes.board.models.spi import ChipModel, ModelSpiDev
from nodes.board.models.sysfs import ModelPwmFiles
from nodes.board.pwm import PwmSetting
from nodes.led import front_board
from nodes.led.front import Front
from tests.builders import led_frame

MODULE = "model_of_the_front"  # the name of the I/O in the driver's parameters


class KeyGpio(Gpio):
    """RPi.GPIO with one input, pulled up."""

    BCM, IN, OUT, PUD_OFF, PUD_DOWN, PUD_UP = 11, 1, 0, 20, 21, 22

    def __init__(self, is_low: Callable[[int], bool]) -> None:
        self._is_low = is_low
        self.pulls: dict[int, int] = {}

    def setmode(self, mode: int, /) -> None:
        assert mode == self.BCM

    def setwarnings(self, flag: bool, /) -> None:
        assert not flag

    def setup(
        self, channel: int, direction: int, pull_up_down: int = 20, initial: int = -1
    ) -> None:
        assert direction == self.IN
        self.pulls[channel] = pull_up_down

    def output(self, channel: int, value: int, /) -> None:
        raise NotImplementedError

    def input(self, channel: int, /) -> int:
        if channel not in self.pulls:
            raise RuntimeError("You must setup() the GPIO channel first")
        is_pulled_up = self.pulls[channel] == self.PUD_UP  # nothing else drives an open key
        return int(is_pulled_up and not self._is_low(channel))

    def cleanup(self, channel: Sequence[int] = (), /) -> None:
        for each in channel:
            self.pulls.pop(each, None)


class Shown(NamedTuple):
    """What the LEDs show from a time on."""

    at_s: float
    lights: tuple[LedLight, ...]


class Sounded(NamedTuple):
    """What the buzzer does from a time on; 0 Hz: nothing."""

    at_s: float
    hz: int


class BoardWithFront(Io):
    """The I/O of the driver, and what is seen of it."""

    def __init__(self, bus: Bus) -> None:
        self._now_s = bus.clock.now_s
        self._began_s = self._now_s()
        bus.run_dir.mkdir(exist_ok=True)
        self.shown: list[Shown] = []
        self.sounded: list[Sounded] = []  # from the first tone on
        self.frames = 0  # sent to the LEDs
        self.is_leds_bus_broken = False
        self.service = False
        self.bounces_until_s = 0.0  # the service key reads as the opposite at every other read
        self.touch = False
        self.register_answers: list[int | None] = []  # the next ones; None: the registers' own
        self.stuck: int | None = None  # what MISO of the registers always has
        self._reads = 0
        self._hz = 0
        self._gpio = KeyGpio(self._is_low)
        self.pwm_files = ModelPwmFiles({0: (reference.PWM_DEVICE, 2)}, self._on_pwm)
        self.chain = ModelSk9822(reference.LEDS, self._on_lights)
        self._chips: dict[tuple[int, int], ChipModel] = {
            reference.LEDS_SPI: self.chain,
            reference.SWITCHES_SPI: ModelHc165(self._inputs),
        }

    @property
    def gpio(self) -> Gpio:
        return self._gpio

    @property
    def pwm(self) -> PwmFiles:
        return self.pwm_files

    def spi(self) -> SpiDev:
        return ModelSpiDev(self._chips, self._disturb)

    def wait(self, seconds: float) -> None:
        raise NotImplementedError

    def after_s(self) -> float:
        """Return the time since the board was made [s], in milliseconds."""
        return round(self._now_s() - self._began_s, 3)

    @property
    def has_tone(self) -> bool:
        return self._hz > 0

    def _is_low(self, pin: int) -> bool:
        assert pin == reference.SERVICE_KEY_PIN
        self._reads += 1
        is_inverted = self._now_s() < self.bounces_until_s and self._reads % 2 == 1
        return self.service is not is_inverted

    def _inputs(self) -> tuple[int, int, int]:
        return 0x05, 0x00, reference.SPARE_BIT | (reference.TOUCH_BIT if self.touch else 0)

    def _disturb(self, place: tuple[int, int], answer: list[int]) -> list[int]:
        if place == reference.LEDS_SPI:
            self.frames += 1
            if self.is_leds_bus_broken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return answer
        level = self.register_answers.pop(0) if self.register_answers else self.stuck
        return answer if level is None else [level] * len(answer)

    def _on_lights(self, lights: tuple[LedLight, ...]) -> None:
        if not self.is_leds_bus_broken:
            self.shown.append(Shown(self.after_s(), lights))

    def _on_pwm(self, chip: int, channel: int, output: PwmSetting) -> None:
        assert channel == reference.BUZZER_CHANNEL
        has_tone = output.is_enabled and 0 < output.duty_ns < output.period_ns
        hz = round(1e9 / output.period_ns) if has_tone else 0
        self._hz = hz
        if self.sounded and self.sounded[-1].at_s == self.after_s():
            self.sounded.pop()  # between two writes of one setting
        if hz != (self.sounded[-1].hz if self.sounded else 0):
            self.sounded.append(Sounded(self.after_s(), hz))


def open_front(bus: Bus, board: BoardWithFront, patch: pytest.MonkeyPatch) -> Front:
    """Open the driver on a board, as the loader does."""
    patch.setitem(sys.modules, MODULE, SimpleNamespace(open_io=lambda _: board))
    return front_board.open(bus, front_board.Parameters(io=MODULE))


def light(color: Color, effect: Effect = Effect.STEADY) -> Light:
    return Light(color=color, effect=effect)


OFF_FRAME = led_frame()

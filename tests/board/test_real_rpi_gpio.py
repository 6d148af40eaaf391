"""The model of RPi.GPIO against the real library, and two processes that set pins up at once."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from nodes.board.models.gpio import Level, ModelGpio
from tests.board import real_gpio

pytestmark = pytest.mark.skipif(
    real_gpio.why_not() is not None, reason=real_gpio.why_not() or "it runs here"
)

STEPS = 3000
PINS = (0, 2, 6, 9, 10, 19, 20, 27)  # the first and last of their registers, and one in the middle


def a_call(random: Random) -> tuple[str, list[Any], dict[str, Any]]:
    """Return a call, sensible or not."""
    pin = random.choice((*PINS, *PINS, *PINS, 54, -1))
    match random.choice(
        ("mode", "out", "out", "in", "in", "write", "read", "read", "clean", "lines")
    ):
        case "mode":
            return "setmode", [random.choice((11, 11, 11, 99))], {}
        case "out":
            initial = random.choice(({}, {"initial": 0}, {"initial": 1}))
            odd = {"pull_up_down": 22} if random.random() < 0.1 else {}
            return "setup", [pin, 0], {**initial, **odd}
        case "in":
            pull = random.choice(({}, {"pull_up_down": 20}, {"pull_up_down": 21}))
            odd = random.choice(({"initial": 1}, {"pull_up_down": 23}))
            return "setup", [pin, 1], odd if random.random() < 0.1 else dict(pull)
        case "write":
            return "output", [pin, random.choice((0, 1))], {}
        case "read":
            return "input", [pin], {}
        case "clean":
            # Without a pin set up it warns only, and what it does depends on the release.
            return "cleanup", [[pin]], {}
        case _:
            return "levels", [random.getrandbits(28)], {}


class Modelled:
    """The model, with a register of levels that a test writes."""

    def __init__(self) -> None:
        self.levels = 0
        self.outputs: dict[int, Level] = {}
        self.gpio = ModelGpio({pin: self._level(pin) for pin in range(28)}, self._on_output)

    def _level(self, pin: int) -> Callable[[], bool]:
        return lambda: bool(self.levels >> pin & 1)

    def _on_output(self, pin: int, level: Level) -> None:
        self.outputs[pin] = level

    def carry_out(self, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        if name == "levels":
            self.levels = arguments[0]
            return None
        try:
            return getattr(self.gpio, name)(*arguments, **named)
        except (ValueError, RuntimeError) as error:
            return [type(error).__name__, str(error)]


def test_the_model_does_what_the_library_does(tmp_path: Path) -> None:
    real_gpio.prepare(tmp_path)
    random, modelled = Random(5), Modelled()
    process = real_gpio.start(tmp_path, "tests/board/gpio_script.py")
    assert process.stdin is not None
    assert process.stdout is not None
    answers: set[str] = set()
    with process:
        for step in range(STEPS):
            call = a_call(random)
            if call[0] == "input" and modelled.outputs.get(call[1][0]) is not None:
                continue  # nothing in the file takes the level of an output to its input
            process.stdin.write(json.dumps(call) + "\n")
            process.stdin.flush()
            real = json.loads(process.stdout.readline())
            assert modelled.carry_out(*call) == real, (step, call)
            answers.add(json.dumps(real))
            for pin in PINS:
                is_output = modelled.outputs.get(pin) is not None
                assert real_gpio.function_of(tmp_path, pin) == is_output, (step, call, pin)
        process.stdin.close()
    assert len(answers) > 8  # errors of each kind, and levels


def test_pulls_and_levels_are_in_the_registers(tmp_path: Path) -> None:
    real_gpio.prepare(tmp_path)
    process = real_gpio.start(tmp_path, "tests/board/gpio_racer.py", str(tmp_path), "0", "6", "27")
    assert process.communicate("go\n")[0] == "ready\n0\n"
    assert real_gpio.register(tmp_path, real_gpio.SETS) == 1 << 6
    assert [real_gpio.function_of(tmp_path, pin) for pin in (6, 27)] == [1, 0]
    assert real_gpio.pull_of(tmp_path, 27) == 1


@pytest.mark.system
def test_two_processes_that_set_pins_up_at_the_same_time_1000_times(tmp_path: Path) -> None:
    """All pins are in one register, GPFSEL2: a lost write of one process shows in the other's."""
    real_gpio.prepare(tmp_path)
    pins = (("22", "26", "27"), ("20", "23", "25"))
    racers = [
        real_gpio.start(tmp_path, "tests/board/gpio_racer.py", str(tmp_path), "1000", *each)
        for each in pins
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    assert [racer.communicate()[0] for racer in racers] == ["0\n", "0\n"]
    functions = {pin: real_gpio.function_of(tmp_path, pin) for pin in range(20, 28)}
    assert functions == {20: 1, 21: 0, 22: 1, 23: 1, 24: 0, 25: 0, 26: 1, 27: 0}
    assert [real_gpio.pull_of(tmp_path, pin) for pin in (25, 27)] == [1, 1]

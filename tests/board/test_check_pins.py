"""`wallbox board check` on a Raspberry Pi 5: errors of lgpio are plain exceptions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nodes.board import reference
from nodes.board.check import (
    CheckedBoard,
    chip_steps,
    contactor_steps,
    front_steps,
    places_of,
    protection_steps,
)
from nodes.board.models.gpio import ModelGpio
from tests.board.check_rig import DEFAULTS, Rig

OUTPUTS = {
    "enable": reference.ENABLE_PIN,
    "test": reference.RESIDUAL_TEST_PIN,
    "clear": reference.POWER_ON_CLEAR_PIN,
    "relay": reference.CP_CONNECT_PIN,
}


class LgpioError(Exception):
    """`lgpio.error` (lgpio 0.2.2, lgpio.py): a subclass of Exception alone."""


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, refuses: Callable[[int], bool]) -> None:
    """Have a function of the library raise for some pins."""
    real = getattr(ModelGpio, name)

    def refusing(gpio: ModelGpio, channel: int, *more: int, **named: int) -> object:
        if refuses(channel):
            raise LgpioError("GPIO not allocated")
        return real(gpio, channel, *more, **named)

    monkeypatch.setattr(ModelGpio, name, refusing)


@pytest.mark.parametrize("lost", OUTPUTS)
def test_an_output_that_is_lost_within_a_step_keeps_no_other_one_on(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    gone: set[int] = set()
    refuse(monkeypatch, "output", gone.__contains__)
    with rig.open_tool() as bus:
        board = CheckedBoard(bus, places_of(DEFAULTS, earth_loop=True))
        for on in (board.lines.test, board.lines.clear, board.lines.connect, board.lines.enable):
            on(True)
        gone.add(OUTPUTS[lost])
        board.leave()
    assert {name for name, pin in OUTPUTS.items() if rig.board.levels[pin]} == {lost}


@pytest.mark.parametrize(
    ("function", "pin", "step"),
    [
        ("input", reference.MIRROR_PIN, protection_steps.AT_REST),
        ("input", reference.RESIDUAL_AC_PIN, protection_steps.MONITOR),
        ("input", reference.SERVICE_KEY_PIN, front_steps.SERVICE_KEY),
        ("setup", reference.SERVICE_KEY_PIN, front_steps.SERVICE_KEY),
        ("setup", reference.READER_RESET_PIN, chip_steps.READER),
    ],
)
def test_a_pin_that_the_library_refuses_is_a_failed_step_with_its_number(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, function: str, pin: int, step: str
) -> None:
    refuse(monkeypatch, function, lambda channel: channel == pin)
    done = rig.check()
    failed = done.failed()
    assert failed is not None
    assert failed["step"] == step
    assert f"GPIO{pin} " in failed["measured"]
    assert "GPIO not allocated" in failed["measured"]
    assert done.outcome(contactor_steps.CLOSES) in ("ok", "skipped")
    assert rig.left_on() == []


@pytest.mark.parametrize(
    "pin", [reference.ENABLE_PIN, reference.RESIDUAL_TEST_PIN, reference.MIRROR_PIN]
)
def test_a_pin_that_cannot_be_set_up_is_said_plainly_and_the_outputs_are_off(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, pin: int
) -> None:
    refuse(monkeypatch, "setup", lambda channel: channel == pin)
    rig.board.levels = dict.fromkeys(OUTPUTS.values(), True)  # as after kill -9
    done = rig.check()
    assert done.exit_code == 1
    assert done.text.startswith(f"the board cannot be used: GPIO{pin} cannot be set up: GPIO not")
    on = {each for each, level in rig.board.levels.items() if level}
    assert on <= {pin}


def test_a_library_without_its_device_is_said_plainly(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lgpio.gpiochip_open` is called by `setmode`."""

    def refusing(*_: object) -> None:
        raise LgpioError("can not open gpiochip")

    monkeypatch.setattr(ModelGpio, "setmode", refusing)
    done = rig.check()
    assert done.exit_code == 1
    assert done.text == "the board cannot be used: a pin cannot be set up: can not open gpiochip\n"

"""`wallbox board check` broken off: nothing is left on, whatever ends it, at whatever instant."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli.board
from msgs.board_check import CheckOutcome
from nodes.board.check import (
    CheckedBoard,
    all_steps,
    chip_steps,
    contactor_steps,
    places_of,
    protection_steps,
)
from nodes.board.check.contactor_steps import QUESTION
from nodes.board.check.run import judge
from nodes.board.check.step import CheckStep
from tests.board.check_rig import DEFAULTS, PLAN, Rig

ROOT = Path(__file__).parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PLACES = places_of(DEFAULTS, earth_loop=True)
STEPS = {step.name: step for step in all_steps(PLACES)}
INSTANTS = 6  # of each step, of those at which time passes or an output changes


@pytest.fixture(autouse=True)
def _not_ignored() -> Iterator[None]:
    """Give each signal its handler: those of a job in the background are ignored from its start."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield
    for number, action in before.items():
        signal.signal(number, action)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(tmp_path, monkeypatch)


class Crash(Exception):
    """An error in the check itself."""


def run_step(rig: Rig, step: CheckStep) -> None:
    """Run one step as the command does, with all others ok."""
    rig.run_dir.mkdir(exist_ok=True)
    with rig.open_tool() as bus:
        cli.board.run_safely(
            lambda: CheckedBoard(bus, PLACES),
            lambda board, person, _: judge(
                step, board, person, defaultdict(lambda: CheckOutcome.OK)
            ),
            cli.board.Terminal(False),
            lambda _: None,
        )


def events_of(rig: Rig, step: CheckStep) -> int:
    """Return at how many instants the step can be broken off."""
    count = 0

    def note() -> None:
        nonlocal count
        count += 1

    rig.board.on_event = note
    run_step(rig, step)
    return count


@pytest.mark.parametrize("name", STEPS)
def test_a_signal_or_a_crash_at_any_instant_of_a_step_leaves_nothing_on(
    rig: Rig, name: str
) -> None:
    step = STEPS[name]
    events = events_of(rig, step)
    for index in range(INSTANTS):
        rig.renew()
        at = events * index // INSTANTS
        number = SIGNALS[index % len(SIGNALS)]
        seen = 0

        def strike(at: int = at, number: signal.Signals = number, index: int = index) -> None:
            nonlocal seen
            seen += 1
            if seen == at + 1 and index == INSTANTS - 1:
                raise Crash
            if seen > at:  # and again, at each instant in which the board is left
                signal.raise_signal(number)

        rig.board.on_event = strike
        with pytest.raises((cli.board.BrokenOff, Crash)):
            run_step(rig, step)
        assert rig.left_on() == []


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("enable", contactor_steps.CLOSES),
        ("test", protection_steps.MONITOR),
        ("test", contactor_steps.OPENS_MONITOR),
        ("clear", contactor_steps.FLAG),
        ("connect", contactor_steps.NO_VEHICLE),
        ("reader reset", chip_steps.READER),
    ],
)
def test_a_signal_at_the_instant_in_which_a_line_is_switched_on_leaves_nothing_on(
    rig: Rig, line: str, step: str
) -> None:
    def strike() -> None:
        if rig.board.line(line):
            signal.raise_signal(signal.SIGTERM)

    rig.board.on_event = strike
    with pytest.raises(cli.board.BrokenOff):
        run_step(rig, STEPS[step])
    assert rig.left_on() == []


def test_a_signal_while_the_pins_are_set_up_waits_until_they_can_be_switched_off(rig: Rig) -> None:
    rig.board.levels = {PLACES.test_pin: True, PLACES.clear_pin: True}  # as after kill -9
    rig.board.on_event = lambda: signal.raise_signal(signal.SIGTERM)
    with pytest.raises(cli.board.BrokenOff):
        run_step(rig, STEPS["converter"])
    assert rig.left_on() == []


QUESTIONS = ("test plug for state B", "Take the test plug out", "voltmeter", "LED blue", "rising",
             "DSW1", QUESTION)  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_terminal_that_is_closed_at_a_question_leaves_nothing_on_and_keeps_nothing(
    rig: Rig, question: str
) -> None:
    rig.hands.interrupts_at = question
    done = rig.check()
    assert "broken off" in done.text
    assert done.exit_code == 1
    assert rig.left_on() == []
    assert rig.board.energised_s == []
    assert rig.words("last").output == "board check: never done\n"


PROCESS = """
import sys, time
import tests.board.whole_board as board_module
from cli.main import main

board = board_module.current[0]
pass_time = board.pass_time

def wait(seconds):
    time.sleep(seconds)
    pass_time(seconds)

board.pass_time = wait
try:
    main()
finally:
    time.sleep(0.1)
    on = [pin for pin, level in board.levels.items() if level]
    pilot = board.pwm.get(0)
    open(sys.argv[-1].partition("=")[2] + "/left", "w").write(f"{on} {pilot}")
"""


@pytest.mark.system
@pytest.mark.parametrize("way", ["SIGTERM", "closed terminal"])
def test_a_process_that_is_ended_leaves_nothing_on(tmp_path: Path, way: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(io="tests.board.whole_board", earth_loop="true"))
    person, terminal = pty.openpty()
    words = [sys.executable, "-c", PROCESS, "board", "check", str(plan)]
    words += [f"--run-dir={tmp_path / 'run'}", f"--state-dir={tmp_path}"]
    process = subprocess.Popen(
        words, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while b"test plug for state B" not in shown:
        shown += os.read(person, 4096)
    if way == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    else:
        os.close(person)
    assert process.wait(20) == 1
    if way == "SIGTERM":
        os.close(person)
    left = (tmp_path / "left").read_text()
    assert left.startswith("[] ")
    assert "period_ns=1000000, duty_ns=1000000, is_enabled=True" in left

"""`wallbox board check` on a whole board of models, with a scripted person, in virtual time."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import cli.board
from cli.main import main
from nodes.board import reference
from nodes.board.check.contactor_steps import QUESTION
from nodes.led import front_board
from nodes.meter import chip_board
from nodes.pilot import cp_line_board
from nodes.rfid import reader_board
from nodes.safety import analog_board, coil_board, shift_register_board
from tests.board import whole_board
from tests.board.whole_board import WholeBoard

CARD = "04A1B2C3"
PRESS_S = 0.3  # of a key
PLAN = """
[nodes.safety]
module = "nodes.safety"
[nodes.safety.driver]
coil = {{ device = "nodes.safety.coil_board", parameters = {{ io = "{io}" }} }}
analog = {{ device = "nodes.safety.analog_board", parameters = {{ io = "{io}" }} }}
generator = {{ device = "nodes.safety.generator_board", parameters = {{ io = "{io}" }} }}
shift_register = {{ device = "nodes.safety.shift_register_board", parameters = {{ io = "{io}" }} }}
chip = {{ device = "nodes.safety.chip_board", parameters = {{ io = "{io}" }} }}
[nodes.safety.parameters]
earth_loop = {earth_loop}
[nodes.pilot]
module = "nodes.pilot"
driver = {{ device = "nodes.pilot.cp_line_board", parameters = {{ io = "{io}" }} }}
[nodes.meter]
module = "nodes.meter"
[nodes.meter.driver]
chip = {{ device = "nodes.meter.chip_board", parameters = {{ io = "{io}" }} }}
modbus = "nodes.modbus_map.transport_tcp"
serial = "nodes.modbus_map.serial_line_rtu"
[nodes.led]
module = "nodes.led"
driver = {{ device = "nodes.led.front_board", parameters = {{ io = "{io}" }} }}
[nodes.rfid]
module = "nodes.rfid"
driver = {{ device = "nodes.rfid.reader_board", parameters = {{ io = "{io}" }} }}
"""
IO = "tests.board.whole_board"
DEFAULTS = {
    "safety.coil": coil_board.Parameters(io=IO),
    "safety.analog": analog_board.Parameters(io=IO),
    "safety.shift_register": shift_register_board.Parameters(io=IO),
    "pilot.cp_line": cp_line_board.Parameters(io=IO),
    "meter.chip": chip_board.Parameters(io=IO),
    "led.front": front_board.Parameters(io=IO),
    "rfid.reader": reader_board.Parameters(io=IO),
}
PLUGS = {"state B": 2740.0, "state C": 882.0}


class Clock:
    """The board's time."""

    def __init__(self, board: WholeBoard) -> None:
        self._board = board

    def now_s(self) -> float:
        return self._board.now_s

    def now_ns(self) -> int:
        return int(self._board.now_s * 1e9)

    def utc_ns(self) -> int:
        return 1_800_000_000_000_000_000

    def is_utc_set(self) -> bool:
        return True


@dataclass(slots=True, kw_only=True)
class Hands:
    """A person who answers as asked, and notes when the yes was given."""

    board: WholeBoard
    answers: dict[str, str] = field(default_factory=dict)  # by a part of the question
    asked: list[str] = field(default_factory=list)
    interrupts_at: str | None = None  # a part of a question at which Ctrl-C is pressed
    yes_s: float | None = None

    def read_line(self, prompt: str, _: bool) -> str:
        self.asked.append(prompt)
        if self.interrupts_at is not None and self.interrupts_at in prompt:
            raise cli.board.BrokenOff
        for part, answer in self.answers.items():
            if part in prompt:
                return answer
        if QUESTION in prompt:
            self.yes_s = self.board.now_s
        for part, ohm in PLUGS.items():
            if part in prompt:
                self.board.plug_ohm = ohm
        if "Take the test plug out" in prompt:
            self.board.plug_ohm = None
        if "voltmeter" in prompt:
            return str(self.board.volts[int(prompt.partition(" L")[2][:1]) - 1])
        return "yes"

    def show(self, text: str) -> None:
        board = self.board
        for name in ("touch", "service"):
            if f"Press the {name} key" in text:
                board.pressed.add(name)
                board.on_wait = partial(self._release, name, board.now_s + PRESS_S)
        if "Present a card" in text:
            board.cards = (CARD,)

    def _release(self, name: str, when_s: float) -> None:
        if self.board.now_s >= when_s:
            self.board.pressed.discard(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one run has printed."""

    exit_code: int
    steps: list[dict[str, str]]
    text: str

    def failed(self) -> dict[str, str] | None:
        """Return the first step that has failed."""
        return next((step for step in self.steps if step["outcome"] == "failed"), None)

    def outcome(self, step: str) -> str:
        return next(each["outcome"] for each in self.steps if each["step"] == step)


class Rig:
    """A board, a person, and the command line."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hands = Hands(board=WholeBoard())
        self.run_dir, self.state_dir = tmp_path / "run", tmp_path / "state"
        self.plan = tmp_path / "plan.toml"
        self.write_plan()
        monkeypatch.setattr(whole_board, "current", [self.board])
        monkeypatch.setattr(cli.board, "is_terminal", lambda: True)
        monkeypatch.setattr(cli.board, "read_line", self.hands.read_line)
        monkeypatch.setattr(cli.board.Terminal, "show", lambda _, text: self.hands.show(text))
        monkeypatch.setattr(cli.board, "run_dirs", lambda place: [place.run_dir])
        monkeypatch.setattr("bus.tool.open_tool", lambda _: self.open_tool())

    @property
    def board(self) -> WholeBoard:
        return self.hands.board

    def renew(self) -> None:
        """Take another board."""
        self.hands.board = whole_board.current[0] = WholeBoard()

    def write_plan(self, earth_loop: bool = True) -> None:
        self.plan.write_text(PLAN.format(io=IO, earth_loop=str(earth_loop).lower()))

    @contextmanager
    def open_tool(self) -> Iterator[Any]:
        """Return what the check uses of a bus."""
        with ExitStack() as stack:
            yield SimpleNamespace(
                clock=Clock(self.board),
                run_dir=self.run_dir,
                state_dir=self.state_dir,
                on_close=stack.callback,
            )

    def check(self, *words: str) -> Checked:
        """Run the command to its end."""
        done = self.words("check", str(self.plan), "--json", f"--run-dir={self.run_dir}", *words)
        steps = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Checked(exit_code=done.exit_code, steps=steps, text=done.output)

    def words(self, *words: str) -> Any:
        """Run a verb of the board."""
        place = f"--state-dir={self.state_dir}"
        result = CliRunner().invoke(main, ["board", *words, place])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def is_driven_before_the_yes(self) -> bool:
        """Return whether enable was raised, an edge given, or the coil had current, too early."""
        yes_s = self.hands.yes_s
        times = self.board.energised_s + self.board.driven_s
        return any(yes_s is None or at_s < yes_s for at_s in times)

    def left_on(self) -> list[str]:
        """Return what is still on."""
        board = self.board
        before_s = board.now_s
        edge_s = board.edge_s
        board.on_wait = board.on_event = lambda: None
        board.pass_time(1.3)  # the hardware watchdog holds 1.0 s
        pins = {
            "enable": reference.ENABLE_PIN,
            "test": reference.RESIDUAL_TEST_PIN,
            "clear": reference.POWER_ON_CLEAR_PIN,
            "relay": reference.CP_CONNECT_PIN,
            "reader": reference.READER_RESET_PIN,
        }
        found = [name for name, pin in pins.items() if board.levels.get(pin)]
        found += ["edges"] if board.edge_s != edge_s else []
        found += ["coil"] if board.energised_s and board.energised_s[-1] > before_s + 1.0 else []
        pilot = board.pwm.get(reference.CP_CHANNEL)
        found += ["pilot"] if pilot and not (pilot.is_enabled and pilot.duty_percent == 100) else []
        buzzer = board.pwm.get(reference.BUZZER_CHANNEL)
        found += ["buzzer"] if buzzer and buzzer.is_enabled and buzzer.duty_ns else []
        found += ["lights"] if any(any(led[:3]) for led in board.leds.lights()) else []
        return found

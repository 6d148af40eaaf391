"""The front over the whole simulated wallbox: printed, in a terminal, and with the graph behind."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from msgs.topics import LED_FRAME, SESSION_STATUS
from tests.system.box import WALLBOX, Box, kill_all, processes_of
from tests.system.listener import PATIENCE_S

pytestmark = pytest.mark.system


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


class Home:
    """Directories and ports of their own, and all that is started on them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ports = 10_000 + os.getpid() % 13_000  # all below those of clients, from 32768 on
        self.started: list[subprocess.Popen[str]] = []

    @property
    def launch(self) -> tuple[str, ...]:
        return (
            *WALLBOX, "launch", f"--ports={self.ports}",
            f"--run-dir={self.path}/run", f"--state-dir={self.path}/state",
        )  # fmt: skip

    def start(self, *words: str, out: str) -> subprocess.Popen[str]:
        with (self.path / out).open("w") as file:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                text=True, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)
        return process

    def text(self, name: str) -> str:
        return (self.path / name).read_text()

    def wallbox(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*WALLBOX, *words, f"--run-dir={self.path}/run"],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def processes(self) -> list[int]:
        """Return all processes of the sessions that were started here."""
        sessions = {process.pid for process in self.started}
        return [pid for session in sessions for pid in processes_of(session)]


class Terminal:
    """A terminal of 80x24 with one command in it; reads what is drawn, types keys."""

    def __init__(self, *words: str, **environment: str) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self._slave)
        self.drawn = ""
        environ = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            words,
            stdin=self._slave, stdout=self._slave, stderr=self._slave, text=True,
            env={**environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip

    def shows(self, text: str) -> None:
        until(lambda: text in self.read())

    def read(self) -> str:
        while select.select([self._master], [], [], 0)[0]:
            self.drawn += os.read(self._master, 65536).decode(errors="replace")
        return self.drawn

    def type(self, keys: str) -> None:
        self.drawn = ""
        os.write(self._master, keys.encode())

    def end(self) -> int:
        until(lambda: self.read() is None or self.process.poll() is not None)
        self.read()
        return self.process.wait()

    @property
    def after(self) -> list[object]:
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        self.process.kill()  # if it has not ended
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def home() -> Iterator[Home]:
    path = Path(tempfile.mkdtemp(prefix="wb-"))  # short: sockets live in it
    home = Home(path)
    yield home
    kill_all(home.processes())
    for process in home.started:
        process.kill()
        process.wait()
    until(lambda: not home.processes())
    shutil.rmtree(path)


def front_of(box: Box, **environment: str) -> Terminal:
    return Terminal(*WALLBOX, "front", f"--run-dir={box.place.run_dir}", **environment)


def test_without_colours_ctrl_c_leaves_as_well(box: Box) -> None:
    terminal = front_of(box, NO_COLOR="1")
    try:
        terminal.shows("Idle:")
        assert "\x1b[38;5;" not in terminal.drawn
        terminal.type("\x03")
        assert terminal.end() == 0
        assert terminal.after == terminal.before
    finally:
        terminal.close()
    assert box.do("ps")


def test_the_front_in_a_terminal_acts_by_keys_and_leaves_all_as_it_was(box: Box) -> None:
    box.ask("system", "set", {"changes": {"authorization.required": True}})
    box.until(SESSION_STATUS, lambda said: said.authorization_required)
    terminal = front_of(box)
    try:
        terminal.shows("q leave")
        terminal.type("p")
        terminal.shows("plug: done")
        terminal.type("p")
        terminal.shows("plug: a vehicle is plugged already")
        terminal.shows("B,")
        terminal.type("c")
        terminal.shows("Red card: done")
        terminal.shows("Self-test;")
        assert "\x1b[38;5;" in terminal.drawn  # colours
        terminal.type("q")
        assert terminal.end() == 0
        assert "the graph keeps running" in terminal.drawn
        assert terminal.after == terminal.before
    finally:
        terminal.close()
    assert box.do("ps")


def test_the_front_of_a_charge_is_printed_once(charging_somehow: Box) -> None:
    charging_somehow.until(LED_FRAME, lambda frame: frame.caption == "charging")
    result = charging_somehow.wallbox("front", "--once")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[2].split()[:4] == ["███████"] * 4
    assert lines[3].split()[:4] == ["blue"] * 4
    assert lines[4].split()[:4] == ["blinks"] * 4
    assert "  contactor   closed, as proven" in lines
    assert any(line.startswith("  state       Charging") for line in lines)
    assert any(line.startswith("  pilot       C, vehicle ready; duty ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_front_ends_with_the_graph_and_says_so(own_box: Box) -> None:
    own_box.launch()
    terminal = front_of(own_box)
    try:
        terminal.shows("Idle:")
        own_box.do("stop")
        assert terminal.end() == 0
        assert "the graph has stopped" in terminal.drawn
    finally:
        terminal.close()


def test_without_a_graph_there_is_no_front(home: Home) -> None:
    result = home.wallbox("front")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == f"no graph runs on {home.path}/run\n"


@pytest.mark.parametrize("keys", ["q", "\x03"])
def test_a_graph_behind_its_front_stops_in_order_with_it(home: Home, keys: str) -> None:
    terminal = Terminal(*home.launch, "--front")
    home.started.append(terminal.process)
    try:
        terminal.shows("q stop all")
        assert f"run directory  {home.path}/run" in terminal.drawn
        assert "Three things to try in another terminal:" in terminal.drawn
        terminal.type(keys)
        assert terminal.end() == 0
        assert "the graph has stopped" in terminal.drawn
        assert terminal.after == terminal.before
    finally:
        terminal.close()
    assert home.processes() == []
    assert "stopping" in home.text("run/launch.log")


def test_where_there_is_no_terminal_changes_are_printed_until_it_is_stopped(home: Home) -> None:
    process = home.start(*home.launch, "--front", out="out")
    until(lambda: "Idle: " in home.text("out"))
    assert home.wallbox("sim", "plug").returncode == 0
    until(lambda: "vehicle    B, vehicle connected" in home.text("out"))
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    lines = home.text("out").splitlines()
    assert lines[0].startswith("simulation runs: ")
    label = json.loads((home.path / "state" / "label.json").read_text())
    login = f"login admin / {label['serial']}"
    assert lines[1] == f"page           http://127.0.0.1:{8080 + home.ports}, {login}"
    assert lines[2] == f"run directory  {home.path}/run"
    assert lines[-1] == "the graph has stopped"
    assert home.processes() == []


def test_no_process_survives_a_killed_front(home: Home) -> None:
    process = home.start(*home.launch, "--front", out="out")
    until(lambda: "Idle: " in home.text("out"))
    assert len(home.processes()) > 3
    process.kill()
    process.wait()
    until(lambda: home.processes() == [])


def test_a_graph_that_cannot_start_leaves_one_line_and_exit_code_1(home: Home) -> None:
    result = subprocess.run(
        [*home.launch, "--front", "--set", "pilot.driver=board"],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "nodes.pilot.driver" in result.stderr


def test_a_second_launch_names_the_owner_and_leaves_its_log_alone(home: Home) -> None:
    process = home.start(*home.launch, "--front", out="out")
    until(lambda: "Idle: " in home.text("out"))
    second = subprocess.run(
        [*home.launch, "--front"], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert second.returncode == 1
    assert second.stderr.startswith(f"launch runs already on {home.path}/run: process ")
    assert not (home.path / "run/launch.log.1").exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0

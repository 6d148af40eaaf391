"""The system node as a process under the real supervisor, and the command line beside it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Answer, Status
from bus.generations import read_valid_or_raise
from bus.place import Place
from bus.tool import open_tool
from msgs.label import Label
from msgs.methods import METHODS

pytestmark = pytest.mark.system

WALLBOX = (sys.executable, "-I", "-m", "cli.main")

PLAN = """
[nodes.system]
module = "nodes.system"
driver = "nodes.system.box_clock_sim"

[nodes.load_manager]
module = "nodes.load_manager"
parameters = { main_fuse_a = 20 }
"""


class Launched:
    """A small graph in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state_dir = home / "state"
        self.place = Place(run_dir=home / "run", state_dir=self.state_dir)
        (home / "plan.toml").write_text(PLAN)

    def start(self, *settings: str) -> subprocess.Popen[bytes]:
        words = [word for setting in settings for word in ("--set", setting)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*WALLBOX, "launch", f"{self.home}/plan.toml", *words,
                 "--run-dir", f"{self.home}/run", "--state-dir", f"{self.state_dir}"],
                stderr=log,
            )  # fmt: skip
        return self.process

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log
        return " nodes in " in self.log

    def ask(self, node: str, method: str, arguments: dict[str, Any] | None = None) -> Answer[Any]:
        with open_tool(self.place) as tool:
            return tool.call(METHODS[node, method], arguments or {}, timeout_s=5.0)

    def settings(self) -> dict[str, Any]:
        until(lambda: self.ask("system", "get").status is Status.OK)
        found: dict[str, Any] = json.loads(msgspec.json.encode(self.ask("system", "get").result))
        return found


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20.0
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


@pytest.fixture
def launched() -> Iterator[Launched]:
    home = Path(tempfile.mkdtemp(prefix="wb-"))  # short: sockets live in it
    graph = Launched(home)
    try:
        yield graph
        if graph.process.poll() is None:
            graph.process.send_signal(signal.SIGINT)
            assert graph.process.wait(10.0) == 0
    finally:
        if graph.process.poll() is None:
            graph.process.kill()
        shutil.rmtree(home)


@pytest.mark.req("LAB-1", "PAN-5")
def test_a_box_has_its_label_settings_and_restarts_under_the_real_supervisor(
    launched: Launched,
) -> None:
    launched.start("factory.lan_dhcp_server=true")
    until(launched.is_ready)
    result = subprocess.run(
        [*WALLBOX, "label", "--json", "--state-dir", str(launched.state_dir)],
        capture_output=True, text=True, check=True, timeout=20,
    )  # fmt: skip
    label = json.loads(result.stdout)
    settings = launched.settings()
    assert settings["lan_dhcp_server"] is True
    assert settings["main_fuse_a"] == 20.0
    assert settings["locked"] == ["main_fuse_a"]
    assert settings["hotspot"]["ssid"] == label["serial"]
    changes = {"changes": {"lan_dhcp_server": False}}
    assert launched.ask("system", "set", changes).status is Status.OK
    assert launched.ask("system", "restart", {"reason": "a test"}).status is Status.OK
    until(lambda: launched.log.count(" nodes in ") == 2)
    assert f"everything restarts: a test (asked by tool-{os.getpid()})" in launched.log
    assert launched.settings() == settings | {"lan_dhcp_server": False}
    kept = read_valid_or_raise(launched.state_dir / "label.json", Label)
    assert json.loads(msgspec.json.encode(kept)) == label


def test_a_label_that_cannot_be_understood_ends_the_launch_with_one_line(
    launched: Launched,
) -> None:
    launched.state_dir.mkdir(mode=0o700)
    (launched.state_dir / "label.json").write_text("{")
    assert launched.start().wait(20.0) == 1
    (line,) = launched.log.splitlines()
    assert line.startswith("system: the label: ")
    assert "label.json cannot be understood" in line
    assert "expected the file of the first start" in line
    assert (launched.state_dir / "label.json").read_text() == "{"

"""The supervisor with real processes: toy nodes, real kills."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Answer, Status
from bus.place import Place
from bus.tool import open_tool
from msgs.launch import Restarted
from msgs.methods import LIST_NODES, RESTART_NODE
from msgs.requests import NoArguments, NodeName
from tests.system.box import WALLBOX, kill_all, processes_of
from tests.system.listener import PATIENCE_S

pytestmark = pytest.mark.system

TOY = """
import os
import socket
import subprocess
from typing import Literal

import msgspec

RUNNER: Literal["blocking", "asyncio"] = "blocking"
WORD = "one"


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    stubborn: bool = False  # does not stop when asked, nor by SIGTERM
    child: bool = False  # has a process of its own
    crash: bool = False  # 0.1 s after it is READY
    snubbed: bool = False  # writes to a reader that has gone, 0.1 s after it is READY
    gain: int = 1


def build(bus, parameters):
    def note(what):
        with open(bus.state_dir / "events", "a") as events:
            events.write(f"{bus.node} {what}\\n")

    note(f"start {WORD}")

    def stop(reason, done):
        bus.log("info", "stopping")
        note(f"stop {reason}")
        if not parameters.stubborn:
            done()

    bus.on_stop(stop)
    if parameters.child:
        note(f"child {subprocess.Popen(['sleep', '1000']).pid}")
    if parameters.crash:
        bus.at(bus.clock.now_s() + 0.1, lambda: 1 / 0)

    def write():
        near, far = socket.socketpair()
        far.close()
        try:
            near.send(b"anybody?")
        except BrokenPipeError:
            note("got an error")

    if parameters.snubbed:
        bus.at(bus.clock.now_s() + 0.1, write)
    bus.ready()
"""

LOOP = """
import asyncio
import time
from typing import Literal

import msgspec

RUNNER: Literal["blocking", "asyncio"] = "asyncio"


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


async def stay():
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)  # as a slow name server does
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


def build(bus, parameters):
    bus.spawn(stay())
    bus.ready()
"""

PLAN = """
path = "."

[nodes.plant]
module = "toys.toy"
stops = "last"

[nodes.safety]
module = "toys.toy"
needs = ["plant"]
stops = "last"
stop_s = 100 # longer than any test waits
parent_death = "term"

[nodes.pilot]
module = "toys.toy"
needs = ["plant"]
hung_s = 3
stop_s = 0.3

[nodes.session]
module = "toys.toy"
needs = ["safety"]
stops = "first"
stop_s = 100
"""

NODES = ("plant", "safety", "pilot", "session")


class Graph:
    """A launched graph in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state = home / "state"
        toy = home / "toys" / "toy"
        toy.mkdir(parents=True)
        (home / "toys" / "__init__.py").touch()
        (toy / "__init__.py").touch()
        self.source = toy / "node.py"
        self.source.write_text(TOY)
        self.plan = home / "plan.toml"
        self.plan.write_text(PLAN)
        self.process: subprocess.Popen[bytes] | None = None
        self.session = 0

    def launch(
        self, *settings: str, expect_ready: bool = True, ports: int = 0
    ) -> subprocess.Popen[bytes]:
        before = self.log.count(" nodes in ")
        words = [word for setting in settings for word in ("--set", setting)]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*WALLBOX, "launch", str(self.plan), *words, f"--ports={ports}", *self.directories],
                stderr=log,
                start_new_session=True,
            )
        self.session = self.process.pid
        until(lambda: self.log.count(" nodes in ") > before or self.process_is_over)
        if expect_ready:
            assert not self.process_is_over, self.log
        return self.process

    @property
    def directories(self) -> tuple[str, ...]:
        return ("--run-dir", f"{self.home}/run", "--state-dir", str(self.state))

    @property
    def process_is_over(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def log(self) -> str:
        log = self.home / "log"
        return log.read_text() if log.exists() else ""

    @property
    def events(self) -> list[str]:
        file = self.state / "events"
        return file.read_text().splitlines() if file.exists() else []

    def wallbox(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*WALLBOX, *words, "--run-dir", f"{self.home}/run"],
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def ps(self) -> dict[str, dict[str, Any]]:
        """Return the nodes by name; none if launch does not answer."""
        with open_tool(Place(run_dir=self.home / "run", state_dir=self.state)) as tool:
            answer = tool.call(LIST_NODES, NoArguments(), PATIENCE_S)
        rows = [] if answer.result is None else msgspec.to_builtins(answer.result)["processes"]
        return {row["node"]: row for row in rows}

    def series(self) -> str:
        """Return the series of runs that launch publishes."""
        with open_tool(Place(run_dir=self.home / "run", state_dir=self.state)) as tool:
            answer = tool.call(LIST_NODES, NoArguments(), PATIENCE_S)
        assert answer.result is not None, answer
        return answer.result.series

    def pids(self) -> dict[str, int]:
        return {name: row["pid"] for name, row in self.ps().items()}

    def processes(self) -> list[int]:
        """Return all processes of the graph's session."""
        return processes_of(self.session)


def look(graph: Graph, row: dict[str, Any]) -> str:
    """Take the row of pilot; return its state."""
    row.update(graph.ps()["pilot"])
    return str(row["state"])


def until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    return not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def graph() -> Iterator[Graph]:
    home = Path(tempfile.mkdtemp(prefix="wb-"))  # short: sockets live in it
    graph = Graph(home)
    yield graph
    if graph.process is not None:
        kill_all(graph.processes())
        graph.process.wait()
        until(lambda: not graph.processes())
    shutil.rmtree(home)


# --- start -------------------------------------------------------------------------------------


@pytest.mark.req("BUS-2")
def test_one_command_starts_the_graph_in_the_order_of_needs(graph: Graph) -> None:
    graph.launch()
    started = [event.split()[0] for event in graph.events]
    assert sorted(started) == sorted(NODES)
    assert started[0] == "plant"
    assert started.index("session") > started.index("safety")
    assert {row["state"] for row in graph.ps().values()} == {"ready"}
    assert graph.wallbox("stop").returncode == 0
    assert graph.process is not None
    assert graph.process.wait(PATIENCE_S) == 0
    assert graph.processes() == []


@pytest.mark.req("BUS-2")
def test_the_simulated_wallbox_starts_and_stops_whole(graph: Graph) -> None:
    graph.plan = Path(__file__).parents[2] / "launch" / "simulation.toml"
    process = graph.launch(ports=10_000 + os.getpid() % 20_000)
    rows = graph.ps()
    assert {row["state"] for row in rows.values()} == {"ready"}
    assert set(rows) >= {"plant", "pilot", "safety", "meter", "session", "load_manager", "led"}
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert graph.processes() == []
    assert "error" not in graph.log
    assert "SIGKILL" not in graph.log


def test_what_cannot_be_cancelled_does_not_keep_an_asyncio_node_from_stopping(
    graph: Graph,
) -> None:
    graph.source.write_text(LOOP)
    graph.plan.write_text('path = "."\n[nodes.pilot]\nmodule = "toys.toy"\nstop_s = 100\n')
    process = graph.launch()
    until(lambda: graph.ps()["pilot"]["state"] == "ready")
    assert graph.wallbox("stop").returncode == 0
    assert process.wait(PATIENCE_S) == 0  # long before SIGTERM
    assert "coroutine stay does not end within 0.5 s; left" in graph.log


def libraries(pid: int) -> set[str]:
    """Return the extension modules that a process has imported."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {Path(line.split()[-1]).name for line in lines if ".cpython-" in line}


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_nodes_import_before_they_are_forked_and_safety_no_network_library(graph: Graph) -> None:
    graph.plan = Path(__file__).parents[2] / "launch" / "simulation.toml"
    process = graph.launch(ports=10_000 + os.getpid() % 20_000)
    nodes = graph.pids()
    (warm,) = set(children_of(process.pid)) - set(nodes.values())
    assert len(list(Path(f"/proc/{warm}/task").iterdir())) == 1  # no thread survives a fork
    network = {name for name in libraries(warm) if name.startswith(("_asyncio", "_ssl"))}
    assert len(network) == 2
    for name, pid in nodes.items():
        assert libraries(pid) <= libraries(warm) or name == "portal"
        is_plain = not network & libraries(pid)
        assert is_plain == (name not in ("plant", "meter", "dcs", "smart_home", "portal", "web"))
    assert not network & libraries(process.pid)


def test_the_death_of_the_warm_parent_disturbs_no_node_of_either_kind(graph: Graph) -> None:
    graph.plan = Path(__file__).parents[2] / "launch" / "simulation.toml"
    process = graph.launch(ports=10_000 + os.getpid() % 20_000)
    before = graph.pids()
    for victim in ("pilot", "meter"):  # the second while the packages of the network are imported
        (warm,) = set(children_of(process.pid)) - set(graph.pids().values())
        os.kill(warm, signal.SIGKILL)
        until(partial(is_gone, warm))
        assert graph.wallbox("restart", victim).returncode == 0
    after = graph.pids()
    assert {name for name in after if after[name] != before[name]} == {"pilot", "meter"}


def test_a_second_launch_names_the_owner_and_disturbs_nothing(graph: Graph) -> None:
    first = graph.launch()
    pids = graph.pids()
    second = subprocess.run(
        [*WALLBOX, "launch", str(graph.plan), *graph.directories],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"launch runs already on {graph.home}/run: process {first.pid} holds it"
    ]
    assert graph.pids() == pids


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        (
            "pilot.gian=2",
            "--set: pilot.gian: unknown key; expected one of child, crash, gain, snubbed, "
            'stubborn; did you mean "gain"?',
        ),
        ("pilot.gain=x", "--set: pilot.gain: expected `int`, got `str`"),
        ("pilto.gain=2", '--set pilto.gain=2: no node "pilto" in '),
    ],
)
def test_a_wrong_key_ends_the_launch_before_anything_starts(
    graph: Graph, setting: str, line: str
) -> None:
    process = graph.launch(setting, expect_ready=False)
    assert process.wait(PATIENCE_S) == 1
    assert graph.log.startswith(line)
    assert len(graph.log.splitlines()) == 1
    assert graph.events == []
    assert graph.processes() == []


LAMP = """
from typing import Protocol

from bus import Driver


class Lamp(Driver, Protocol):
    pass
"""

LAMP_SIM = """
import msgspec

from bus import Bus, DriverError
from toys.lamp import Lamp


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pin: int = 1


def open(bus: Bus, parameters: Parameters) -> Lamp:
    raise DriverError(f"no pin {parameters.pin}; expected 1 to 8", "pin")
"""


def give_lamp(graph: Graph) -> None:
    """Have session drive a lamp that cannot be opened."""
    toys = graph.home / "toys"
    (toys / "lamp.py").write_text(LAMP)
    (toys / "lamp_sim.py").write_text(LAMP_SIM)
    (toys / "lit").mkdir()
    (toys / "lit" / "__init__.py").touch()
    (toys / "lit" / "node.py").write_text(
        "from dataclasses import dataclass\n"
        "from toys.lamp import Lamp\n"
        "from toys.toy.node import RUNNER, Parameters\n"
        "@dataclass\n"
        "class Drivers:\n"
        "    lamp: Lamp\n"
    )
    plan = PLAN.replace(
        '[nodes.session]\nmodule = "toys.toy"', '[nodes.session]\nmodule = "toys.lit"'
    )
    graph.plan.write_text(plan)


def test_a_driver_that_cannot_be_opened_stops_what_has_started_and_leaves_nothing(
    graph: Graph,
) -> None:
    give_lamp(graph)
    process = graph.launch(
        "session.driver=toys.lamp_sim", "session.driver.lamp.parameters.pin=9", expect_ready=False
    )
    assert process.wait(PATIENCE_S) == 1
    assert graph.log.splitlines()[-1] == (
        "--set: nodes.session.driver.lamp.parameters.pin: no pin 9; expected 1 to 8"
    )
    stopped = [event.split()[0] for event in graph.events if "stop shutdown" in event]
    assert stopped[-2:] == ["safety", "plant"]
    assert graph.processes() == []


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        (
            "toys.lamp_board",
            'nodes.session.driver: no module "toys.lamp_board"; expected one of toys.lamp_sim; '
            'did you mean "toys.lamp_sim"?',
        ),
        (
            "json",
            "nodes.session.driver: json is no driver of this device; expected a module with ",
        ),
    ],
)
def test_an_unknown_driver_is_refused_before_anything_starts(
    graph: Graph, driver: str, line: str
) -> None:
    give_lamp(graph)
    process = graph.launch(f"session.driver={driver}", expect_ready=False)
    assert process.wait(PATIENCE_S) == 1
    assert graph.log.startswith(f"--set: {line}")
    assert len(graph.log.splitlines()) == 1
    assert graph.events == []
    assert graph.processes() == []


def test_a_run_directory_too_long_for_sockets_is_refused_with_a_reason(graph: Graph) -> None:
    long = f"{graph.home}/{'x' * 100}"
    refused = subprocess.run(
        [*WALLBOX, "launch", str(graph.plan), "--run-dir", long, "--state-dir", str(graph.state)],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "sockets in it may have" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_without_a_graph_every_question_ends_with_exit_code_3(graph: Graph) -> None:
    for words in (("ps",), ("ps", "--json"), ("stop",), ("restart", "pilot"), ("sniff",)):
        result = graph.wallbox(*words)
        assert (result.returncode, result.stdout) == (3, "")
        assert result.stderr == f"no graph runs on {graph.home}/run\n"


# --- deaths ------------------------------------------------------------------------------------


def test_no_process_survives_a_killed_supervisor(graph: Graph) -> None:
    process = graph.launch("pilot.child=true", "session.stubborn=true")
    pids = graph.pids()
    process.kill()
    process.wait()
    until(lambda: not any(map(is_alive, pids.values())))
    until(lambda: not graph.processes())  # nor what the nodes had started
    assert "safety stop signal" in graph.events  # it has reached its safe state by itself
    graph.launch()  # and the place is free at once
    assert {row["state"] for row in graph.ps().values()} == {"ready"}


def test_a_reader_that_has_gone_ends_no_node(graph: Graph) -> None:
    """A browser that is closed, a meter that hangs up: an error, and no signal."""
    graph.launch("pilot.snubbed=true")
    until(lambda: "pilot got an error" in graph.events)
    assert graph.ps()["pilot"]["restarts"] == 0


@pytest.mark.req("BUS-3")
def test_a_killed_node_is_back_and_the_others_keep_their_processes(graph: Graph) -> None:
    graph.launch("pilot.child=true")
    before = graph.pids()
    child = int(next(event for event in graph.events if "child" in event).split()[2])
    os.kill(before["pilot"], signal.SIGKILL)
    row: dict[str, Any] = {}
    until(lambda: look(graph, row) == "ready" and row["pid"] != before["pilot"])
    until(lambda: not is_alive(child))  # its group went with it
    after = graph.pids()
    assert (row["restarts"], row["incarnation"]) == (1, 2)
    assert {name for name in NODES if after[name] != before[name]} == {"pilot"}


def test_a_node_that_crashes_again_and_again_waits_longer_each_time(graph: Graph) -> None:
    graph.launch("pilot.crash=true")
    row: dict[str, Any] = {}
    until(lambda: look(graph, row) == "backoff")
    assert row["restarts"] >= 1
    assert row["detail"] == "ZeroDivisionError: division by zero"
    assert "Traceback" in graph.log
    others = {name: graph.ps()[name]["restarts"] for name in NODES if name != "pilot"}
    assert set(others.values()) == {0}


def test_the_death_of_the_warm_parent_disturbs_no_node(graph: Graph) -> None:
    process = graph.launch()
    before = graph.pids()
    known = {process.pid, *before.values()}
    (warm,) = set(children_of(process.pid)) - known
    os.kill(warm, signal.SIGKILL)
    assert graph.wallbox("restart", "pilot").returncode == 0
    after = graph.pids()
    assert {name for name in NODES if after[name] != before[name]} == {"pilot"}


def test_an_order_that_dies_with_the_warm_parent_is_given_to_the_next_one(graph: Graph) -> None:
    process = graph.launch()
    before = graph.pids()
    (warm,) = set(children_of(process.pid)) - set(before.values())
    os.kill(warm, signal.SIGSTOP)
    answers: list[Answer[Restarted]] = []
    with open_tool(Place(run_dir=graph.home / "run", state_dir=graph.state)) as tool:
        tool.request(RESTART_NODE, NodeName(node="pilot"), answers.append, timeout_s=PATIENCE_S)
        tool.call(LIST_NODES, NoArguments(), PATIENCE_S)  # answered after the order has been sent
        os.kill(warm, signal.SIGKILL)
        assert tool.run_for(PATIENCE_S, lambda: bool(answers))
    assert answers[0].status is Status.OK, answers[0].reason
    after = graph.pids()
    assert {name for name in NODES if after[name] != before[name]} == {"pilot"}
    assert graph.ps()["pilot"]["restarts"] == 1


def test_a_node_that_hangs_is_killed_and_started_again(graph: Graph) -> None:
    graph.launch()
    before = graph.pids()
    os.kill(before["pilot"], signal.SIGSTOP)
    until(lambda: "pilot: hung: silent for 3 s; it starts again" in graph.log)
    until(lambda: graph.ps()["pilot"]["state"] == "ready")
    after = graph.pids()
    assert {name for name in NODES if after[name] != before[name]} == {"pilot"}


def test_a_supervisor_that_slept_condemns_no_node(graph: Graph) -> None:
    process = graph.launch()
    before = graph.pids()
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(4.0)  # longer than the pilot may be silent
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(0.5)
    assert graph.pids() == before


# --- restart -----------------------------------------------------------------------------------


@pytest.mark.req("BUS-3")
def test_a_changed_source_file_is_live_after_a_restart_of_its_node_alone(graph: Graph) -> None:
    graph.launch()
    before = graph.pids()
    graph.source.write_text(TOY.replace('"one"', '"another"'))
    result = graph.wallbox("restart", "pilot")
    after = graph.pids()
    assert result.returncode == 0
    assert result.stdout.startswith(f"pilot is ready: pid {after['pilot']}, incarnation 2, gap ")
    assert graph.events[-2:] == ["pilot stop restart", "pilot start another"]
    assert {name for name in NODES if after[name] != before[name]} == {"pilot"}


def test_a_source_file_that_is_wrong_leaves_the_old_process_alone(graph: Graph) -> None:
    graph.launch()
    before = graph.pids()
    graph.source.write_text(TOY + "\ndef\n")
    result = graph.wallbox("restart", "pilot")
    assert result.returncode == 1
    assert "SyntaxError" in result.stderr
    assert graph.pids() == before
    assert graph.ps()["pilot"]["state"] == "ready"
    assert not any("stop" in event for event in graph.events)


def test_a_restart_of_all_begins_with_the_plan_as_it_is_now(graph: Graph) -> None:
    process = graph.launch()
    before = graph.pids()
    graph.plan.write_text(PLAN.replace("hung_s = 3", "hung_s = 4") + "[nodes.pilot.parameters]\n")
    assert graph.wallbox("call", "launch", "restart_all", '{"reason": "update"}').returncode == 0
    until(lambda: graph.log.count(" nodes in ") == 2)
    after = graph.pids()
    assert not set(after.values()) & set(before.values())
    assert process.poll() is None
    assert [row["incarnation"] for row in graph.ps().values()] == [2, 2, 2, 2]
    assert "session stop shutdown" in graph.events


@pytest.mark.req("PAN-5")
def test_each_ordered_stop_ends_the_series_of_runs_and_no_kill_does(graph: Graph) -> None:
    process = graph.launch()
    first = graph.series()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: graph.processes() == [])
    graph.launch()
    assert graph.series() == first != ""
    assert graph.wallbox("call", "launch", "restart_all").returncode == 0
    until(lambda: graph.log.count(" nodes in ") == 3)
    second = graph.series()
    assert second != first
    assert graph.wallbox("stop").returncode == 0
    until(lambda: graph.process_is_over)
    graph.launch()
    assert graph.series() not in (first, second)


def test_an_unknown_node_is_refused_with_the_nearest_name(graph: Graph) -> None:
    graph.launch()
    result = graph.wallbox("restart", "pilto")
    assert result.returncode == 1
    assert 'no node "pilto" in this plan' in result.stderr
    assert 'did you mean "pilot"?' in result.stderr


# --- stop --------------------------------------------------------------------------------------


def stops(graph: Graph) -> list[str]:
    return [event.split()[0] for event in graph.events if " stop " in event]


def test_ctrl_c_stops_session_first_and_safety_and_plant_last(graph: Graph) -> None:
    process = graph.launch()
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert stops(graph) == ["session", "pilot", "safety", "plant"]
    assert all(event.endswith("shutdown") for event in graph.events if " stop " in event)
    assert graph.processes() == []
    left = {path.name for path in (graph.home / "run").iterdir()}
    assert left == {"launch-series", *(f"{name}.lock" for name in ("launch", *NODES))}


def test_a_node_that_does_not_stop_is_made_to_and_the_order_holds(graph: Graph) -> None:
    process = graph.launch("pilot.stubborn=true")
    began = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert time.monotonic() - began >= 0.8  # stop_s 0.3 s, then 0.5 s for SIGTERM
    pilot = [event for event in graph.events if event.startswith("pilot stop")]
    assert pilot == ["pilot stop shutdown", "pilot stop signal"]
    assert stops(graph)[-2:] == ["safety", "plant"]


def test_a_second_ctrl_c_shortens_and_a_third_kills(graph: Graph) -> None:
    process = graph.launch("session.stubborn=true")
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "session stop shutdown" in graph.events)
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "session stop signal" in graph.events)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) == 0
    assert not {"pilot stop shutdown", "plant stop shutdown"} & set(graph.events)
    before_safety = stops(graph)[: stops(graph).index("safety")]
    assert "plant" not in before_safety  # the world may hear of its end, but only then
    assert graph.processes() == []


def test_however_often_a_stop_is_asked_for_safety_has_its_time_and_plant_stops_last(
    graph: Graph,
) -> None:
    process = graph.launch("session.stubborn=true", "safety.stubborn=true")
    plant = graph.pids()["plant"]
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "session stop shutdown" in graph.events)
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "session stop signal" in graph.events)
    os.kill(process.pid, signal.SIGINT)
    until(lambda: "safety stop signal" in graph.events)
    termed_s = (graph.state / "events").stat().st_mtime
    while process.poll() is None and time.time() - termed_s < 0.35:
        os.kill(process.pid, signal.SIGINT)
        assert is_alive(plant) or time.time() - termed_s >= 0.35
        time.sleep(0.02)
    assert process.wait(PATIENCE_S) == 0
    assert time.time() - termed_s >= 0.35  # it had its time, then it was killed
    assert graph.processes() == []

"""A real wallbox: `wallbox launch` in processes of its own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from bus import Status
from bus.place import Place
from msgs.launch import Process
from msgs.meter import MeterReading
from msgs.methods import METHODS
from msgs.pilot import CpState
from msgs.plant import SimPower
from msgs.safety import Contactor, SafetyPhase
from msgs.session import WallboxState
from msgs.topics import (
    HEARTBEATS,
    LAUNCH_GRAPH,
    METER_BOX,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_POWER,
    SIM_SIGNALS,
)
from nodes.safety.cycle import LATE_S
from nodes.safety.evaluation import Stale
from nodes.safety.words import REASONS
from tests.system.listener import PATIENCE_S, Listener

WALLBOX = (sys.executable, "-I", "-m", "cli.main")
HOUSE_PORT = 1502  # of launch/simulation.toml; moved by --ports
OFFSETS = range(700, 790)
NOISE_S = 0.15  # a busy machine runs a process so much later, or two of them in a row
OWN_CYCLE_LATE = "own cycle late"  # as safety names it

# A vehicle is charged by its plug alone; what is tested has nothing to do with cards.
NO_CARD = "session.authorization=false"
# A vehicle that is soon at its full current, too soon for the house meter to distinguish it
# from other loads, hence the fuse. It stops as slowly as others do.
QUICK = ("plant.start_delay_s=0.2", "plant.precharge_s=0.2", "plant.ramp_up_a_s=50")
QUICK_VEHICLE_WITH_CARD = (*QUICK, "load_manager.main_fuse_a=63")
QUICK_VEHICLE = (*QUICK_VEHICLE_WITH_CARD, NO_CARD)
TESTS = (SafetyPhase.START, SafetyPhase.OPENING, SafetyPhase.SELF_TEST)  # or is about to
DROPS_A_S = 20.0
FULL_A = 31.5  # it takes 0.3 A less than the 32 A that it is offered


def processes_of(session: int) -> list[int]:
    """Return all processes of a session that are not zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(words[3]) == session and words[0] != "Z":
                found.append(int(folder.name))
    return found


def kill_all(pids: list[int]) -> None:
    """Take processes away at once; the death of launch takes others with it."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Box(Listener):
    """One launched graph, and everything that it has published."""

    def __init__(self, home: Path, offset: int) -> None:
        super().__init__(Place(run_dir=home / "run", state_dir=home / "state"), home / "log")
        self.home = home
        self.port = HOUSE_PORT + offset
        self.process: subprocess.Popen[bytes] | None = None
        self._offset = offset

    # --- start and end -------------------------------------------------------------------------

    def launch(self, *settings: str, plan: Path | None = None) -> None:
        """Start the graph, wait until it is READY, and listen to all of it."""
        before = self.log.count(" is ready: ")
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(*settings, plan=plan), stderr=log, start_new_session=True
            )
        end_s = time.monotonic() + PATIENCE_S
        while self.log.count(" is ready: ") == before:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end_s, self.log
            time.sleep(0.02)
        self.listen()
        self.until(LAUNCH_GRAPH, lambda graph: graph.pid == self.supervisor)

    def command(self, *settings: str, plan: Path | None = None) -> list[str]:
        """Return the words of the launch."""
        words = [*WALLBOX, "launch", *([str(plan)] if plan else []), "--ports", str(self._offset)]
        words += [word for setting in settings for word in ("--set", setting)]
        return [*words, "--run-dir", f"{self.place.run_dir}", "--state-dir",
                f"{self.place.state_dir}"]  # fmt: skip

    def end(self) -> None:
        """Stop the graph if it runs; nothing of it may be left."""
        process = self.process
        self.close()
        if process is None:
            return
        try:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE_S) == 0, self.log
            assert self.processes() == []
        finally:
            kill_all(self.processes())
            process.wait(5.0)

    @property
    def supervisor(self) -> int:
        """Return the pid of the supervisor, which is the session of all of its processes."""
        assert self.process is not None
        return self.process.pid

    def processes(self) -> list[int]:
        """Return all processes that this graph has left running."""
        return processes_of(self.supervisor)

    # --- what is done --------------------------------------------------------------------------

    def wallbox(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one verb of the command line, and listen meanwhile."""
        process = subprocess.Popen(
            [*WALLBOX, *words, "--run-dir", str(self.place.run_dir)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        end_s = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            if time.monotonic() > end_s:
                process.kill()
            self.tool.run_for(0.02)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def do(self, *words: str) -> str:
        """Run one verb of the command line that must succeed; return what it prints."""
        result = self.wallbox(*words)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def act(self, method: str, **arguments: Any) -> Any:
        """Act on the simulated world, as `wallbox sim` does."""
        return self.ask("plant", method, arguments)

    def unplug(self) -> None:
        """Have the plug taken out in order: not during a self-test, which is fault 1 (ERR-1).

        There is one after every opening by a machine that stood still.
        """
        self.until(SAFETY_STATUS, lambda said: said.phase not in TESTS)
        self.act("unplug")
        self.until(SESSION_STATUS, lambda said: not said.plugged)

    def ask(self, node: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
        """Send a request that must succeed; return its result as plain data."""
        answer = self.tool.call(METHODS[node, method], arguments or {}, timeout_s=PATIENCE_S)
        assert answer.status is Status.OK, f"{node} {method}: {answer.status}: {answer.reason}"
        return json.loads(msgspec.json.encode(answer.result))

    def begin_charge(self) -> None:
        """Have a charge run, whatever was before; its current is still to rise."""
        if self.act("status")["vehicle"] == "away":
            self.act("plug")
        self.act("ready")
        self.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)

    def charge(self) -> None:
        """Have a charge run, whatever was before, with a current that has settled."""
        self.begin_charge()
        self.until(PILOT_STATUS, lambda status: status.offered_a == 32.0)
        self.until(METER_BOX, lambda box: current_of(box) > FULL_A)

    def is_charging(self) -> bool:
        """Return whether a charge runs, by the newest words."""
        self.look_for(0.05)
        self.catch_up()
        return (
            self.last(SESSION_STATUS).message.state is WallboxState.CHARGING
            and self.last(SAFETY_STATUS).message.contactor is Contactor.CLOSED
        )

    def is_charged(self) -> bool:
        """Return whether a charge runs at full current, by the newest words."""
        return (
            self.is_charging()
            and self.last(PILOT_STATUS).message.offered_a == 32.0
            and current_of(self.last(METER_BOX).message) > FULL_A
        )

    # --- a machine that stands still -----------------------------------------------------------

    def proves_clamps_again(self, since_s: float) -> None:
        """Wait until the house meter has shown a new load_manager the vehicle: 10 A, and more.

        Where a stall of the machine has opened the contactor, that was the step, and 10 A may not
        have been offered.
        """
        low = self.until(
            SIM_SIGNALS, lambda it: it.duty_percent < 17.0 or it.mirror_closed, since_s=since_s
        )
        self.until(SIM_SIGNALS, lambda it: 53.0 < it.duty_percent < 100.0, since_s=low.at_s)

    def stays_closed(self, since_s: float, *, goes_on: bool = True) -> bool:
        """Return whether the contactor has stayed closed from a time on until now.

        False: safety has opened it because the machine stood still, and has said so. Then the
        charge goes on by ERR-R, which is waited for. An opening for another reason fails the test.

        :param goes_on: nothing else keeps the box from charging.
        """
        self.look_for(0.05)
        status, mirror = self.samples(SAFETY_STATUS, since_s), self.samples(SIM_SIGNALS, since_s)
        assert status
        opened_s = [each.at_s for each in status if each.message.contactor is not Contactor.CLOSED]
        opened_s += [each.at_s for each in mirror if each.message.mirror_closed]
        if not opened_s:
            return True
        assert self.has_stalled(min(opened_s) - 1.0, min(opened_s) + NOISE_S), self.log
        if goes_on:
            self.until(SAFETY_STATUS, lambda status: status.phase is SafetyPhase.CLOSED)
            self.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)
        return False

    def has_stalled(self, since_s: float, until_s: float) -> bool:
        """Return whether safety or pilot has named a machine that stood still, and was right.

        Safety says that its own cycle was late, which its heartbeat shows; or that its sensors are
        silent, after plant or itself has stood still. Pilot says E at 0 V while it cannot read its
        line, which alone ends an offer: of a silence of just 50 ms it may be the only witness.
        """
        said = [each for each in self.samples(SAFETY_STATUS, since_s) if each.at_s <= until_s]
        details = {each.message.detail for each in said}
        if any(detail.startswith(OWN_CYCLE_LATE) for detail in details):
            return self.gap_s(since_s, until_s, "safety") > LATE_S
        if REASONS[Stale.SILENT] in details:
            return self.gap_s(since_s, until_s, "safety", "plant") > SIM_SIGNALS.hold_s
        is_unread = any(
            each.message.cp_state is CpState.E and each.message.high_v == 0.0
            for each in self.samples(PILOT_STATUS, since_s)
            if each.at_s <= until_s
        )
        return is_unread and self.gap_s(since_s, until_s, "pilot", "plant") > SIM_SIGNALS.hold_s

    def assert_within(self, most_s: float, began_s: float, ended_s: float, *nodes: str) -> None:
        """Assert how long something took, but for the time in which its nodes stood still."""
        took_s = ended_s - began_s
        if took_s > most_s + NOISE_S:
            assert took_s <= most_s + NOISE_S + self.gap_s(began_s, ended_s, *nodes)

    def gap_s(self, began_s: float, ended_s: float, *nodes: str) -> float:
        """Return how long nodes stood still about a time, one after the other at worst [s].

        For plant it is the time between two messages, for the others the gap of their looks in
        the heartbeat.
        """
        longest_s = 0.0
        for node in nodes:
            if node == "plant":
                words_s = [each.at_s for each in self.samples(SIM_SIGNALS, began_s - 1.0)]
                longest_s += max(later - earlier for earlier, later in pairwise(words_s))
                continue
            beats = HEARTBEATS[node]
            self.until(beats, lambda _: True, since_s=ended_s)
            gaps_ms = [each.message.look_gap_max_ms for each in self.samples(beats, began_s)]
            longest_s += max(gaps_ms) / 1e3
        return longest_s

    # --- processes -----------------------------------------------------------------------------

    def nodes(self) -> dict[str, Process]:
        """Return the nodes as `wallbox ps` shows them."""
        answer = self.ask("launch", "nodes")["processes"]
        return {row["node"]: msgspec.convert(row, Process) for row in answer}

    def ps(self) -> list[dict[str, Any]]:
        """Return what `wallbox ps --json` prints."""
        return [json.loads(line) for line in self.do("ps", "--json").splitlines()]

    def kill(self, node: str) -> float:
        """Take a node's process away, as `kill -9` does; return when."""
        pid = self.nodes()[node].pid
        assert pid > 0, f"{node} does not run"  # 0 would be this process and its whole group
        os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    @contextlib.contextmanager
    def frozen(self, node: str) -> Iterator[None]:
        """Stop a node's process, as SIGSTOP does, and let it go on afterwards."""
        pid = self.supervisor if node == "launch" else self.nodes()[node].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


def current_of(reading: MeterReading | SimPower) -> float:
    """Return the highest current of the three phases [A]."""
    return max(line.current_a for line in reading.lines)


def load_at(box: Box, at_s: float) -> float:
    """Return the current of a vehicle that was dropping its load at a time [A]."""
    power = [each for each in box.samples(SIM_POWER) if each.at_s < at_s][-1]
    return max(0.0, current_of(power.message) - DROPS_A_S * (at_s - power.at_s))


def _free_offset() -> tuple[int, socket.socket]:
    """Return an offset of ports that nobody uses, and what reserves it among such tests."""
    for offset in OFFSETS:
        reserve = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reserve.bind(("127.0.0.1", HOUSE_PORT + offset))
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", HOUSE_PORT + offset))
        except OSError:
            reserve.close()
            continue
        return offset, reserve
    raise OSError("all ports for tests are in use")


@contextlib.contextmanager
def new_box() -> Iterator[Box]:
    """Give a box in a directory of its own, not launched yet, and end it."""
    offset, reserve = _free_offset()
    home = Path(tempfile.mkdtemp(prefix="wb-"))  # short: sockets live in it
    box = Box(home, offset)
    try:
        yield box
    finally:
        try:
            box.end()
        finally:
            shutil.rmtree(home)
            reserve.close()

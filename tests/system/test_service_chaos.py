"""Minutes of charges while real processes are killed: each session reaches the service once.

Killed are dcs, the service (`kill -9` of its process, with what it has kept) and the whole graph as
in a loss of power; the connection is cut, and the service hangs. The seed is printed; the times of
real processes are not repeatable.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bus.generations import read_valid_or_raise
from msgs.card import CardRole
from msgs.dcs import Link
from msgs.label import LABEL_FILE, Label
from msgs.methods import METHODS
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.topics import DCS_STATUS, SAFETY_STATUS, SESSION_STATUS
from tests.dcs.central_system import read_calls
from tests.dcs.host import REGISTER
from tests.system.box import QUICK, Box, new_box
from tests.system.listener import PATIENCE_S

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600), pytest.mark.req("DCS-7")]

ROOT = Path(__file__).parents[2]
SESSIONS = 10
CORRECTED_S = 5.0  # by the clock of the service
DELIVERED_S = 240.0  # a hanging call 30 s, and pauses between attempts


class ServiceProcess:
    """The service, which keeps its calls in a file."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        words = [sys.executable, "-m", "tests.dcs.central_process"]
        words += [f"{self.port}", f"{self.journal}"]
        self._process = subprocess.Popen(words, cwd=ROOT)
        end_s = time.monotonic() + PATIENCE_S
        while not self._answers():  # before that a signal would end it
            assert self._process.poll() is None
            assert time.monotonic() < end_s
            time.sleep(0.02)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10.0)


class Chaos:
    """One box, its service, and what happens to both."""

    def __init__(self, box: Box, service: ServiceProcess, seed: int) -> None:
        self.box, self.service, self.chance = box, service, Random(seed)
        self.seen: set[str] = set()  # sessions whose contactor was closed
        self.done: list[str] = []
        self.launch()
        label = read_valid_or_raise(box.place.state_dir / LABEL_FILE, Label)
        assert label is not None
        self._uid = next(each.uid for each in label.rfid if each.role is CardRole.USER)

    def launch(self) -> None:
        url = f"dcs.url=ws://127.0.0.1:{self.service.port}/"
        self.box.launch(*QUICK, url, "load_manager.monitoring=false", "dcs.plan_wait_s=0")

    def run(self) -> None:
        ways: list[Callable[[], None]] = [
            self.cut, self.kill_dcs, self.kill_service, self.hang_service, self.lose_power,
        ]  # fmt: skip
        wanted = [*ways, *self.chance.choices(ways, k=2 * SESSIONS - len(ways))]
        self.chance.shuffle(wanted)
        for number in range(SESSIONS):
            self.charge(wanted[2 * number : 2 * number + 2])

    def charge(self, disturbances: list[Callable[[], None]]) -> None:
        """Charge once, and let disturbances come at any instant of it."""
        steps: list[Callable[[], None]] = [
            lambda: self.act("tap", uid=self._uid),
            lambda: self.act("plug"),
            lambda: self.act("ready"),
            self.await_charge,
            lambda: self.act("unplug"),
        ]
        for each in disturbances:
            steps.insert(self.chance.randrange(1, len(steps) + 1), each)
        for step in steps:
            step()
            self.box.look_for(self.chance.choice([0.0, 0.1, 0.5, 1.0]))
            self.note()
        self.act("unplug")
        self.box.until(SESSION_STATUS, lambda said: not said.plugged and not said.session_id)
        self.note()

    def act(self, method: str, **arguments: Any) -> None:
        """Act on the world; what cannot be done any more, as after a new start, is left out."""
        self.box.tool.call(METHODS["plant", method], arguments, timeout_s=PATIENCE_S)

    def await_charge(self) -> None:
        """Wait until the box charges, or for a moment if it does not."""
        end_s = time.monotonic() + 5.0
        while time.monotonic() < end_s:
            self.box.look_for(0.1)
            if self.box.last(SESSION_STATUS).message.state is WallboxState.CHARGING:
                return

    def note(self) -> None:
        """Note the sessions in which current could flow, for they must not be lost."""
        closed_s = [
            each.at_s
            for each in self.box.samples(SAFETY_STATUS)
            if each.message.contactor is Contactor.CLOSED
        ]
        for each in self.box.samples(SESSION_STATUS):
            if each.message.session_id and any(abs(each.at_s - at_s) < 0.2 for at_s in closed_s):
                self.seen.add(each.message.session_id)

    # --- what happens --------------------------------------------------------------------------

    def cut(self) -> None:
        self.done.append("cut")
        self.service.signal(signal.SIGUSR1)

    def kill_dcs(self) -> None:
        self.done.append("kill dcs")
        self.box.kill("dcs")

    def kill_service(self) -> None:
        self.done.append("kill the service")
        self.service.end()
        self.box.look_for(self.chance.choice([0.0, 3.0]))
        self.service.start()

    def hang_service(self) -> None:
        self.done.append("hang the service")
        self.service.signal(signal.SIGSTOP)
        self.box.look_for(self.chance.uniform(0.5, 4.0))
        self.service.signal(signal.SIGCONT)

    def lose_power(self) -> None:
        self.done.append("lose power")
        process = self.box.process
        assert process is not None
        os.kill(self.box.supervisor, signal.SIGKILL)
        process.wait(10.0)
        end_s = time.monotonic() + PATIENCE_S
        while self.box.processes():
            assert time.monotonic() < end_s
            time.sleep(0.02)
        self.launch()

    # --- what has come of it -------------------------------------------------------------------

    def sessions(self) -> list[dict[str, Any]]:
        """Return the records of the box, the oldest first."""
        return list(reversed(self.box.ask("session", "sessions", {"limit": 100})))

    def check(self) -> int:
        """Compare what the service has with the sessions of the box; return how many there are."""
        end_s = time.monotonic() + DELIVERED_S
        while self.unsent() > 0 and time.monotonic() < end_s:
            self.box.look_for(0.5)
        records, calls = self.sessions(), read_calls(self.service.journal)
        assert self.unsent() <= 0, (self.done, records, transactions_of(calls))
        assert self.seen <= {each["session_id"] for each in records}
        starts, ends = begun(calls), unique(calls, "StopTransaction")
        assert len(starts) == len(records), (self.done, records, transactions_of(calls))
        assert sorted(each["transaction_id"] for each in ends) == sorted(starts)
        by_number = {each["transaction_id"]: each for each in ends}
        in_order = sorted(starts, key=lambda number: starts[number][0])
        for record, number in zip(records, in_order, strict=True):
            stamp_s, start_wh = starts[number]
            assert abs(stamp_s - record["started_utc_ns"] / 1e9) < CORRECTED_S
            begun_wh = round(record["start_energy_wh"])
            assert start_wh >= begun_wh  # less: the register has lost its last minute
            ended_wh = round(record["start_energy_wh"] + record["energy_wh"])
            ended_wh = max(start_wh + ended_wh - begun_wh, *registers(calls, number), 0)
            assert by_number[number]["meter_stop"] == ended_wh
        return len(records)

    def unsent(self) -> int:
        """Return how many sessions have no end at the service."""
        calls = read_calls(self.service.journal)
        return len(self.sessions()) - len(unique(calls, "StopTransaction"))


def transactions_of(calls: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    return [each for each in calls if each[0].endswith("Transaction")]


def begun(calls: list[tuple[str, dict[str, Any]]]) -> dict[int, tuple[float, int]]:
    """Return the transactions by the numbers that the service gives: begin [UTC s], meter [Wh]."""
    found = {}
    for number, each in enumerate(unique(calls, "StartTransaction"), start=1):
        stamp = datetime.fromisoformat(each["timestamp"])
        found[number] = (stamp.timestamp(), each["meter_start"])
    return found


def registers(calls: list[tuple[str, dict[str, Any]]], number: int) -> list[int]:
    """Return the registers [Wh] of the samples of a transaction."""
    return [
        int(value["value"])
        for name, each in calls
        if name == "MeterValues" and each.get("transaction_id") == number
        for sample in each["meter_value"]
        for value in sample["sampled_value"]
        if value.get("measurand", REGISTER) == REGISTER
    ]


def unique(calls: list[tuple[str, dict[str, Any]]], action: str) -> list[dict[str, Any]]:
    """Return the calls of an action without those sent again, which are the same in all."""
    found: list[dict[str, Any]] = []
    for name, each in calls:
        if name == action and each not in found:
            found.append(each)
    return found


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    service = ServiceProcess(tmp_path / "calls")
    yield service
    service.end()


def test_each_session_reaches_the_service_once_whatever_is_killed(
    service: ServiceProcess, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("CHAOS_SEED", "1"))
    record_property("CHAOS_SEED", seed)
    with new_box() as box:
        chaos = Chaos(box, service, seed)
        box.until(DCS_STATUS, lambda said: said.link is Link.ONLINE)
        chaos.run()
        sessions = chaos.check()
    record_property("sessions", sessions)
    record_property("disturbances", len(chaos.done))
    assert sessions >= SESSIONS // 2  # so that it shows something

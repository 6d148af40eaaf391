"""pilot on the bus; the test publishes the signals of its CP line."""

from pathlib import Path

import pytest

from bus.memory import MemoryGraph
from msgs.methods import STOP
from msgs.pilot import CpState, PilotStatus, SimPilotDrive
from msgs.requests import StopArguments, StopReason
from msgs.topics import (
    LOAD_OFFER,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_PILOT_DRIVE,
    SIM_SIGNALS,
)
from nodes.pilot.cp_line_sim import SimCpLine
from nodes.pilot.node import Drivers, Parameters, build
from tests.builders import charging_session, load_offer, safety_status, sim_signals


class Surroundings:
    """A plant that publishes what the test sets, and the three nodes that pilot reads."""

    def __init__(self, tmp_path: Path) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=tmp_path)
        self.high_v = 6.0
        self.offer_a = 16.0
        self.drives: list[SimPilotDrive] = []
        self.duty_percent = 100.0
        self.silent: set[str] = set()
        self._plant = self.graph.bus("plant")
        self._plant.subscribe(SIM_PILOT_DRIVE, self._obey)
        self._plant.every(0.02, self._signals)
        self._safety = self.graph.bus("safety")
        self._safety.every(0.1, self._say_safety)
        self._session = self.graph.bus("session")
        self._session.every(1.0, self._say_session)
        self._load = self.graph.bus("load_manager")
        self._load.every(0.5, self._say_offer)
        self.reader = self.graph.bus("led").subscribe(PILOT_STATUS)
        self._say_safety()
        self._say_session()
        self._say_offer()

    def start(self) -> None:
        bus = self.graph.bus("pilot")
        build(bus, Parameters(), Drivers(cp_line=SimCpLine(bus)))

    @property
    def status(self) -> PilotStatus:
        status = self.reader.message
        assert status is not None
        assert self.reader.age_s <= 0.03
        return status

    def stop(self, reason: StopReason) -> None:
        self.graph.bus("launch").request(STOP.at("pilot"), StopArguments(reason=reason))
        self.graph.advance(0.1)
        assert "pilot" not in self.graph.running
        self.graph.kill("launch")

    def _obey(self, drive: SimPilotDrive) -> None:
        self.drives.append(drive)
        self.duty_percent = drive.duty_percent

    def _signals(self) -> None:
        if "plant" in self.silent:
            return
        signals = sim_signals(high_v=self.high_v, low_v=-12.0, duty_percent=self.duty_percent)
        self._plant.publish(SIM_SIGNALS, signals)

    def _say_safety(self) -> None:
        if "safety" not in self.silent:
            self._safety.publish(SAFETY_STATUS, safety_status())

    def _say_session(self) -> None:
        if "session" not in self.silent:
            self._session.publish(SESSION_STATUS, charging_session())

    def _say_offer(self) -> None:
        if "load_manager" not in self.silent:
            self._load.publish(LOAD_OFFER, load_offer(self.offer_a, "fuse"))


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    around = Surroundings(tmp_path)
    around.graph.advance(0.05)
    return around


def test_an_offer_reaches_the_line(around: Surroundings) -> None:
    around.start()
    around.graph.advance(1.1)
    assert around.status.offered_a == 16.0
    assert around.status.cp_state is CpState.C
    assert around.duty_percent == pytest.approx(16.0 / 0.6)
    around.offer_a = 10.0
    around.graph.advance(0.6)
    assert around.duty_percent == pytest.approx(10.0 / 0.6)


def test_the_line_is_driven_on_change_only(around: Surroundings) -> None:
    around.start()
    around.graph.advance(5.0)
    assert len(around.drives) == 2  # x1 until all inputs had arrived, then 16 A


@pytest.mark.parametrize(
    ("writer", "at_most_s", "not_before_s"),
    [
        ("safety", 1.02, 0.88),
        ("session", 3.02, 1.98),
        ("load_manager", 3.02, 2.48),
        ("plant", 0.08, 0.03),
    ],
)
def test_silence_beyond_the_hold_is_x1(
    around: Surroundings, writer: str, at_most_s: float, not_before_s: float
) -> None:
    around.start()
    around.graph.advance(2.0)
    around.silent.add(writer)
    around.graph.advance(not_before_s)
    assert around.drives[-1].duty_percent < 100.0
    around.graph.advance(at_most_s - not_before_s)
    assert around.drives[-1].duty_percent == 100.0
    assert around.status.offered_a == 0.0


@pytest.mark.req("BUS-3")
def test_a_restart_in_place_leaves_the_duty_on_the_line(around: Surroundings) -> None:
    around.start()
    around.graph.advance(2.0)
    drives = len(around.drives)
    around.stop(StopReason.RESTART)
    around.start()
    around.graph.advance(3.0)
    assert {drive.duty_percent for drive in around.drives[drives:]} <= {16.0 / 0.6}
    assert around.status.offered_a == pytest.approx(16.0)


@pytest.mark.req("BUS-3")
def test_a_killed_pilot_leaves_the_duty_on_the_line(around: Surroundings) -> None:
    around.start()
    around.graph.advance(2.0)
    drives = len(around.drives)
    around.graph.kill("pilot")
    around.graph.advance(0.3)
    around.start()
    around.graph.advance(3.0)
    assert {drive.duty_percent for drive in around.drives[drives:]} <= {16.0 / 0.6}


@pytest.mark.parametrize("reason", [StopReason.SHUTDOWN, StopReason.SIGNAL])
def test_a_stop_for_good_leaves_x1(around: Surroundings, reason: StopReason) -> None:
    around.start()
    around.graph.advance(2.0)
    around.stop(reason)
    assert around.duty_percent == 100.0


def test_silent_signals_are_no_vehicle(around: Surroundings) -> None:
    around.silent.add("plant")
    around.graph.advance(0.1)
    around.start()
    around.graph.advance(1.0)
    assert around.status.cp_state is CpState.E
    assert around.status.offered_a == 0.0

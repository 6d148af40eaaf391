"""safety (and pilot beside it) on the bus; the test publishes their signals."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from bus import Bus, Driver
from bus.memory import MemoryGraph
from launch.loading import LoadedDriver, load_node
from launch.node_entry import DriverEntry, NodeEntry
from msgs.meter import Line
from msgs.methods import STOP
from msgs.pilot import SimPilotDrive
from msgs.plant import SimPower
from msgs.requests import StopArguments, StopReason
from msgs.safety import Contactor, FaultCode, SafetyPhase, SafetyStatus, SimContactorDrive
from msgs.session import WallboxState
from msgs.topics import (
    LOAD_OFFER,
    METER_BOX,
    SAFETY_STATUS,
    SESSION_STATUS,
    SIM_CONTACTOR_DRIVE,
    SIM_PILOT_DRIVE,
    SIM_POWER,
    SIM_SIGNALS,
)
from nodes.pilot import node as pilot
from nodes.pilot.cp_line_sim import SimCpLine
from nodes.safety import coil_sim
from nodes.safety import node as safety
from nodes.safety.analog_sim import SimAnalog
from nodes.safety.chain import Drivers
from nodes.safety.chip_sim import SimPowerChip
from nodes.safety.generator_sim import SimGenerator
from nodes.safety.shift_register_sim import SimShiftRegister
from tests.builders import charging_session, line_values, load_offer, meter_reading, sim_signals

PLATEAU_V = {"A": 12.0, "B": 9.0, "C": 6.0, "E": 0.0}


def sim_drivers(bus: Bus) -> Drivers:
    return Drivers(
        coil=coil_sim.open(bus, coil_sim.Parameters()),
        analog=SimAnalog(bus),
        generator=SimGenerator(bus),
        shift_register=SimShiftRegister(bus),
        chip=SimPowerChip(bus),
    )


@dataclass
class Drive:
    """One message of safety's driver to the coil, and when it came."""

    at_s: float
    said: SimContactorDrive


@dataclass
class Surroundings:
    """CP line, contacts and monitor on the bus, and every node that the two read."""

    graph: MemoryGraph
    vehicle: str = "A"
    draws_a: float = 15.0
    permitted: bool = True
    offer_a: float = 16.0
    residual_dc: bool = False
    is_welded: bool = False
    silent: set[str] = field(default_factory=set)
    duty_percent: float = 100.0
    contacts: bool = False
    edge_at_s: float = -1.0
    drives: list[Drive] = field(default_factory=list)
    test_s: float | None = None

    def __post_init__(self) -> None:
        self.plant = self.graph.bus("plant")
        self.plant.subscribe(SIM_PILOT_DRIVE, self._drive_pilot)
        self.plant.subscribe(SIM_CONTACTOR_DRIVE, self._drive_contactor)
        self.plant.every(0.02, self.publish_signals)
        self.plant.every(0.1, self._say_power)
        self.session = self.graph.bus("session")
        self.session.every(1.0, self.say_session)
        self.meter = self.graph.bus("meter")
        self.meter.every(0.2, self._say_meter)
        self.load = self.graph.bus("load_manager")
        self.load.every(0.5, self._say_offer)
        self.reader = self.graph.bus("led").subscribe(SAFETY_STATUS)
        self.launch = self.graph.bus("launch")
        self.say_session()

    @property
    def now_s(self) -> float:
        return self.graph.clock.now_s()

    @property
    def status(self) -> SafetyStatus:
        status = self.reader.fresh()
        assert status is not None
        return status

    @property
    def enable(self) -> bool:
        return self.drives[-1].said.enable

    def start(self, *nodes: str) -> None:
        for node in nodes or ("safety", "pilot"):
            build = {"safety": safety, "pilot": pilot}[node]
            bus = self.graph.bus(node)
            if build is safety:
                safety.build(bus, safety.Parameters(), sim_drivers(bus))
            else:
                pilot.build(bus, pilot.Parameters(), pilot.Drivers(cp_line=SimCpLine(bus)))

    def charge(self) -> None:
        self.graph.advance(1.0)
        self.vehicle = "C"
        self.until(lambda: self.status.contactor is Contactor.CLOSED)
        self.graph.advance(1.0)
        assert self.status.phase is SafetyPhase.CLOSED

    def until(self, holds: Callable[[], bool], within_s: float = 10.0) -> float:
        begun_s = self.now_s
        assert self.graph.run_until(begun_s + within_s, holds), self.reader.message
        return self.now_s - begun_s

    def move_plug(self, vehicle: str) -> None:
        """Move the plug; the signals are sent at once."""
        self.vehicle = vehicle
        self.publish_signals()

    def publish_signals(self) -> None:
        if "plant" in self.silent:
            return
        high_v = PLATEAU_V[self.vehicle]
        tested = self.test_s is not None and 0.2 <= self.now_s - self.test_s < 0.8
        signals = sim_signals(
            high_v=high_v,
            low_v=-12.0 if self.duty_percent < 100.0 else high_v,
            duty_percent=self.duty_percent,
            mirror_closed=not self.contacts,
            load_voltage=self.contacts,
            residual_ac=tested,
            residual_dc=tested or self.residual_dc,
            terminal_c=30.0,
            board_c=30.0,
        )
        self.plant.publish(SIM_SIGNALS, signals)

    def say_session(self) -> None:
        status = charging_session(state=WallboxState.READY_FOR_CHARGING, permitted=self.permitted)
        if "session" not in self.silent:
            self.session.publish(SESSION_STATUS, status)

    def _say_power(self) -> None:
        if "chip" not in self.silent and "plant" not in self.silent:
            self.plant.publish(SIM_POWER, SimPower(lines=self._lines()))

    def _say_meter(self) -> None:
        if "meter" not in self.silent:
            reading = meter_reading(lines=self._lines(), sampled_ns=self.meter.clock.now_ns())
            self.meter.publish(METER_BOX, reading)

    def _say_offer(self) -> None:
        offer = load_offer(self.offer_a, "fuse")
        self.load.publish(LOAD_OFFER, offer)

    def _lines(self) -> tuple[Line, Line, Line]:
        drawn_a = self.draws_a + 0.001 * (int(10.0 * self.now_s) % 2)  # the chip's noise
        line = line_values(drawn_a if self.contacts and self.vehicle == "C" else 0.0)
        return (line, line, line)

    def _drive_pilot(self, drive: SimPilotDrive) -> None:
        self.duty_percent = drive.duty_percent

    def _drive_contactor(self, drive: SimContactorDrive) -> None:
        if drive.feeds_watchdog:
            self.edge_at_s = self.now_s
        if drive.residual_test and not (self.drives and self.drives[-1].said.residual_test):
            self.test_s = self.now_s
        self.drives.append(Drive(self.now_s, drive))
        self.plant.at(self.now_s + 0.02, self._move_contacts)

    def _move_contacts(self) -> None:
        has_edges = self.now_s - self.edge_at_s <= 1.0
        coil = self.enable and has_edges and not self.residual_dc
        contacts = coil or (self.contacts and self.is_welded)
        if contacts != self.contacts:
            self.contacts = contacts
            self.publish_signals()


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    around = Surroundings(MemoryGraph(seed=1, state_dir=tmp_path))
    around.graph.advance(0.05)
    return around


def test_the_first_act_is_enable_off_before_any_edge(around: Surroundings) -> None:
    around.start("safety")
    around.graph.advance(0.001)
    assert [drive.said for drive in around.drives] == [
        SimContactorDrive(enable=False, feeds_watchdog=False, residual_test=False)
    ]


def test_enable_is_off_before_another_device_is_opened(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drivers = {
        field.name: DriverEntry(module=f"nodes.safety.{field.name}_sim")
        for field in fields(Drivers)
    }
    node = load_node(
        NodeEntry(
            node="safety",
            module="nodes.safety",
            drivers=drivers,
            parameters={},
            sources={},
            file="plan.toml",
            ports=0,
        )
    )
    acts: list[str] = []
    bus = around.graph.bus("safety")
    publish, open_on = bus.publish, LoadedDriver.open_on

    def note_publish(topic: Any, message: Any) -> None:
        acts.append(f"enable {message.enable}" if topic is SIM_CONTACTOR_DRIVE else topic.name)
        publish(topic, message)

    def note_open(driver: LoadedDriver, bus: Bus) -> Driver:
        acts.append(driver.device)
        return open_on(driver, bus)

    monkeypatch.setattr(bus, "publish", note_publish)
    monkeypatch.setattr(LoadedDriver, "open_on", note_open)
    node.build(bus)
    assert acts[:3] == ["coil", "enable False", "analog"]


def test_the_watchdog_gets_an_edge_every_tenth_of_a_second(
    around: Surroundings,
) -> None:
    around.start("safety")
    around.graph.advance(1.0)
    around.drives.clear()
    around.graph.advance(2.0)
    assert len(around.drives) == 20
    assert all(drive.said.feeds_watchdog for drive in around.drives)


@pytest.mark.req("CHG-1", "BUS-1")
def test_a_charge_from_plug_in_to_unplug(around: Surroundings) -> None:
    around.start()
    around.graph.advance(1.0)
    assert around.status.phase is SafetyPhase.IDLE
    around.charge()
    assert around.duty_percent == pytest.approx(16.0 / 0.6)
    assert around.contacts
    around.move_plug("B")
    assert around.until(lambda: not around.enable) <= 0.05
    around.graph.advance(0.5)
    assert around.status.contactor is Contactor.OPEN
    assert around.status.permitted
    around.move_plug("A")
    around.graph.advance(0.5)
    assert around.status.faults == ()
    assert not around.status.permitted
    assert around.duty_percent == 100.0


@pytest.mark.req("ERR-1")
@pytest.mark.parametrize(("vehicle", "code"), [("A", "1"), ("E", "8")])
def test_from_signals_to_command_in_50_ms(around: Surroundings, vehicle: str, code: str) -> None:
    around.start()
    around.charge()
    around.move_plug(vehicle)
    assert around.until(lambda: not around.enable) <= 0.05
    around.graph.advance(0.1)
    assert around.status.faults == (code,)


def test_a_tripped_monitor_is_answered_within_a_round(around: Surroundings) -> None:
    around.start()
    around.charge()
    around.residual_dc = True
    around.publish_signals()
    assert around.until(lambda: not around.enable) <= 0.0101
    assert around.status.faults == (FaultCode.RESIDUAL_CURRENT,)


@pytest.mark.parametrize(
    ("writer", "not_before_s", "at_most_s"),
    [
        ("plant", 0.03, 0.08),  # 50 ms beyond its last word
        ("pilot", 0.98, 1.02),
    ],
)
def test_silence_that_opens_at_once_does_so_at_its_hold(
    around: Surroundings, writer: str, not_before_s: float, at_most_s: float
) -> None:
    around.start()
    around.charge()
    if writer == "pilot":
        around.graph.kill("pilot")
    else:
        around.silent.add(writer)
    took_s = around.until(lambda: not around.enable)
    assert not_before_s <= took_s <= at_most_s


@pytest.mark.parametrize(
    ("writer", "not_before_s", "at_most_s"), [("session", 2.0, 3.02), ("meter", 4.8, 5.02)]
)
def test_silence_that_asks_the_vehicle_to_stop_does_so_at_its_hold(
    around: Surroundings, writer: str, not_before_s: float, at_most_s: float
) -> None:
    around.start()
    around.charge()
    around.silent.add(writer)
    took_s = around.until(lambda: not around.status.permitted)
    assert not_before_s <= took_s <= at_most_s
    around.graph.advance(0.05)
    assert around.duty_percent == 100.0
    assert around.until(lambda: not around.enable) == pytest.approx(5.95, abs=0.05)


def test_a_no_of_session_acts_at_once(around: Surroundings) -> None:
    around.start()
    around.charge()
    around.permitted = False
    around.say_session()
    around.graph.advance(0.02)
    assert around.duty_percent == 100.0
    around.draws_a = 0.0
    assert around.until(lambda: not around.enable) <= 0.12


@pytest.mark.req("ERR-8002")
def test_an_unloaded_contactor_needs_a_chip_with_values(around: Surroundings) -> None:
    around.start()
    around.charge()
    around.draws_a = 0.0
    around.silent.add("chip")
    around.graph.advance(1.0)
    around.permitted = False
    around.say_session()
    around.graph.advance(4.0)
    assert around.enable  # nobody knows that nothing flows
    around.until(lambda: not around.enable)  # the chip's hold: 5 s, and 0.5 s until it is silent
    assert around.now_s - 4.0 > 1.0
    around.graph.advance(0.1)
    assert around.status.faults == (FaultCode.MAINS_VOLTAGE,)


@pytest.mark.req("BUS-3")
def test_a_restart_of_pilot_leaves_the_contactor_closed(around: Surroundings) -> None:
    around.start()
    around.charge()
    count = len(around.drives)
    around.graph.kill("pilot")
    around.graph.advance(0.4)
    around.start("pilot")
    around.graph.advance(5.0)
    assert all(drive.said.enable for drive in around.drives[count:])
    assert around.contacts


@pytest.mark.req("BUS-3")
def test_a_restart_of_safety_asks_opens_proves_tests_and_closes_again(
    around: Surroundings,
) -> None:
    around.start()
    around.charge()
    around.launch.request(STOP.at("safety"), StopArguments(reason=StopReason.RESTART))
    around.graph.advance(0.2)
    assert around.duty_percent == 100.0
    assert around.contacts
    around.draws_a = 0.0
    around.until(lambda: "safety" not in around.graph.running, 1.0)
    assert not around.contacts
    around.start("safety")
    around.until(lambda: around.status.phase is SafetyPhase.SELF_TEST, 1.0)
    around.until(lambda: around.status.phase is SafetyPhase.CLOSED)
    assert around.status.retries == 0
    assert around.status.faults == ()


def test_sigterm_opens_at_once_and_ends_within_200_ms(around: Surroundings) -> None:
    bus = around.graph.bus("safety")
    safety.build(bus, safety.Parameters(), sim_drivers(bus))
    around.start("pilot")
    around.charge()
    bus.stop(StopReason.SIGNAL)
    around.graph.advance(0.001)
    assert not around.enable
    assert around.until(lambda: "safety" not in around.graph.running, 1.0) < 0.2
    count = len(around.drives)
    around.graph.advance(2.0)
    assert len(around.drives) == count


def test_a_killed_safety_leaves_no_edges_and_its_successor_proves_the_contactor_open(
    around: Surroundings,
) -> None:
    around.start()
    around.charge()
    around.graph.kill("safety")
    around.graph.advance(0.1)
    around.start("safety")
    around.graph.advance(0.1)
    assert not around.enable
    assert around.status.contactor is Contactor.OPEN
    assert around.status.faults == ()


@pytest.mark.req("ERR-RED")
def test_a_weld_is_published_and_stored(around: Surroundings) -> None:
    around.start()
    around.charge()
    around.is_welded = True
    around.move_plug("B")
    around.graph.advance(0.4)
    assert around.status.contactor is Contactor.WELDED
    assert around.status.faults == (FaultCode.RED,)
    assert around.status.records[0].remedy
    assert not around.enable


def test_a_node_that_slept_opens_before_it_goes_on(around: Surroundings) -> None:
    around.start()
    around.charge()
    around.graph.suspend("safety")
    around.graph.advance(1.5)
    count = len(around.drives)
    around.graph.resume("safety")
    around.graph.advance(0.05)
    assert not around.drives[count].said.enable
    assert not around.drives[count].said.feeds_watchdog


def test_safety_serves_no_request(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = around.graph.bus("safety")
    served: list[str] = []
    monkeypatch.setattr(bus, "serve", lambda method, *_: served.append(method))
    safety.build(bus, safety.Parameters(), sim_drivers(bus))
    assert served == []

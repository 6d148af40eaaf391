"""plant on the bus: what it publishes and when, and its requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bus import Answer, DriverError, Status
from bus.memory import MemoryGraph
from msgs.led import Color, Effect, Light
from msgs.methods import METHODS, MODBUS_READ
from msgs.pilot import SimPilotDrive, duty_of_offer
from msgs.plant import (
    ModbusRead,
    SimEvent,
    SimFault,
    SimPower,
    SimSignals,
    VehicleState,
    WorldStatus,
)
from msgs.requests import StopReason
from msgs.safety import SimContactorDrive
from msgs.topics import (
    SIM_CONTACTOR_DRIVE,
    SIM_EVENT,
    SIM_LIGHTS,
    SIM_PILOT_DRIVE,
    SIM_POWER,
    SIM_SIGNALS,
)
from nodes.modbus_map.bank import Banks
from nodes.modbus_map.blocks import plan_blocks
from nodes.modbus_map.meter_map import load_map, map_names
from nodes.modbus_map.server import Servers
from nodes.modbus_map.server_sim import SimServers
from nodes.plant.node import Drivers, Parameters, build
from tests.builders import led_frame

START_S = 1000.0


class Rig:
    """plant alone, driven by the buses of the nodes that drive it."""

    def __init__(
        self, tmp_path: Path, seed: int = 1, meters: Servers | None = None, **parameters: Any
    ) -> None:
        self.graph = MemoryGraph(seed=seed, state_dir=tmp_path)
        self.safety = self.graph.bus("safety")
        self.pilot = self.graph.bus("pilot")
        self.led = self.graph.bus("led")
        self.meter = self.graph.bus("meter")
        self.tool = self.graph.bus("tool-1")
        self.enable = False
        self.feeds = True
        self.signals: list[tuple[float, SimSignals]] = []
        self.power: list[tuple[float, SimPower]] = []
        self.events: list[SimEvent] = []
        now_s = self.graph.clock.now_s
        self.safety.subscribe(SIM_SIGNALS, lambda signals: self.signals.append((now_s(), signals)))
        self.safety.subscribe(SIM_POWER, lambda power: self.power.append((now_s(), power)))
        self.safety.subscribe(SIM_EVENT, self.events.append)
        self.edging = self.safety.every(0.1, self._edge)
        self.parameters = Parameters(**parameters)
        build(self.graph.bus("plant"), self.parameters, Drivers(meters=meters or SimServers()))

    def _edge(self) -> None:
        self.drive(self.enable)

    def drive(self, enable: bool, residual_test: bool = False, clear_reset: bool = False) -> None:
        self.enable = enable
        self.safety.publish(
            SIM_CONTACTOR_DRIVE,
            SimContactorDrive(
                enable=enable,
                feeds_watchdog=self.feeds,
                residual_test=residual_test,
                clear_reset=clear_reset,
            ),
        )

    def offer(self, offer_a: float) -> None:
        duty_percent = duty_of_offer(offer_a)
        self.pilot.publish(SIM_PILOT_DRIVE, SimPilotDrive(duty_percent=duty_percent))

    def ask(self, method: str, **arguments: Any) -> Answer[Any]:
        asker = self.meter if method == "modbus_read" else self.tool
        answers: list[Answer[Any]] = []
        asker.request(METHODS["plant", method], arguments, answers.append)
        self.graph.advance(0.001)
        assert len(answers) == 1
        return answers[0]

    def world(self) -> WorldStatus:
        world = self.ask("status").result
        assert isinstance(world, WorldStatus)
        return world

    def charge(self, offer_a: float) -> None:
        for act in ("plug", "ready"):
            assert self.ask(act).status is Status.OK
        self.offer(offer_a)
        self.enable = True
        self.graph.advance(20.0)

    def whats(self) -> list[str]:
        return [event.what for event in self.events]

    def at_s(self, what: str) -> float:
        at_ns = next(event.at_ns for event in self.events if event.what == what)
        return at_ns / 1e9 - START_S


NewRig = Callable[..., Rig]


@pytest.fixture
def new_rig(tmp_path: Path) -> NewRig:
    return lambda **parameters: Rig(tmp_path, **parameters)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_signals_are_published_every_20_ms_and_power_every_100_ms(rig: Rig) -> None:
    rig.graph.advance(10.001)
    assert len(rig.signals) == 501, "the first at once"
    assert len(rig.power) == 101


def test_a_query_changes_and_publishes_nothing(rig: Rig) -> None:
    rig.ask("fault", name="hot")  # the terminal becomes 0.1 K hotter each 33 ms
    rig.graph.advance(1.0)
    rig.graph.advance(0.185 - (rig.graph.clock.now_s() - START_S) % 0.1)  # between two looks
    before = (len(rig.signals), len(rig.power), len(rig.events))
    assert rig.world().mains
    assert read(rig).status is Status.OK
    assert (len(rig.signals), len(rig.power), len(rig.events)) == before


def test_the_generator_is_in_x1_until_it_is_driven_and_goes_on_when_its_driver_dies(
    rig: Rig,
) -> None:
    rig.graph.advance(1.0)
    assert rig.signals[-1][1].duty_percent == 100.0
    rig.offer(16.0)
    rig.graph.advance(1.0)
    rig.graph.kill("pilot")
    rig.graph.advance(60.0)
    assert rig.signals[-1][1].duty_percent == pytest.approx(26.67, abs=0.01)


@pytest.mark.parametrize(
    ("cause", "shows"),
    [
        (lambda rig: rig.ask("plug"), lambda signals: signals.high_v < 10.0),
        (lambda rig: rig.offer(16.0), lambda signals: signals.duty_percent < 100.0),
        (lambda rig: rig.ask("fault", name="pe_open"), lambda signals: signals.earth_ohm > 1000.0),
    ],
)
def test_a_change_of_the_signals_is_published_at_once(rig: Rig, cause: Any, shows: Any) -> None:
    rig.graph.advance(0.5 + 0.003)
    begun_s = rig.graph.clock.now_s()
    cause(rig)
    rig.graph.advance(0.001)
    at_s, signals = rig.signals[-1]
    assert shows(signals)
    assert at_s == pytest.approx(begun_s, abs=1e-6)


def test_only_the_chains_own_driver_clears_the_mains_flag(rig: Rig) -> None:
    rig.drive(False, clear_reset=True)
    rig.graph.advance(0.01)
    rig.ask("power", on=False)
    rig.ask("power", on=True)
    rig.offer(16.0)  # drives the pilot, and not the flag
    rig.graph.advance(1.0)
    assert rig.signals[-1][1].power_on_reset
    rig.drive(False, clear_reset=True)
    rig.graph.advance(0.001)
    assert not rig.signals[-1][1].power_on_reset


def test_contacts_move_after_their_delay_and_are_published_then(rig: Rig) -> None:
    rig.graph.advance(0.5037)
    rig.drive(True)
    rig.graph.advance(0.1)
    rig.drive(False)
    rig.graph.advance(0.1)
    assert rig.at_s("contacts_closed") - rig.at_s("coil_on") == pytest.approx(0.025, abs=1e-6)
    assert rig.at_s("contacts_open") - rig.at_s("coil_off") == pytest.approx(0.018, abs=1e-6)
    closed = next(at_s for at_s, signals in rig.signals if not signals.mirror_closed)
    assert closed - START_S == pytest.approx(rig.at_s("contacts_closed"), abs=1e-5)


def test_a_dead_safety_loses_the_coil_a_second_after_its_last_edge(rig: Rig) -> None:
    rig.charge(16.0)
    killed_s = rig.graph.clock.now_s() - START_S
    events, power = rig.events, rig.power
    pilot_view: list[SimEvent] = []
    rig.pilot.subscribe(SIM_EVENT, pilot_view.append)
    rig.graph.kill("safety")
    rig.graph.advance(5.0)
    coil_off = next(event for event in pilot_view if event.what == "coil_off")
    assert 0.9 <= coil_off.at_ns / 1e9 - START_S - killed_s <= 1.0 + 1e-6
    assert [event.what for event in pilot_view][:2] == ["coil_off", "contacts_open"]
    assert "coil_off" not in [event.what for event in events]
    assert power[-1][1].lines[0].current_a > 15.0


def test_a_cut_current_is_published_at_once(rig: Rig) -> None:
    rig.charge(16.0)
    assert rig.power[-1][1].lines[0].current_a == pytest.approx(15.7, abs=0.01)
    before_s = rig.graph.clock.now_s()
    rig.ask("pull")
    at_s, power = rig.power[-1]
    assert power.lines[0].current_a == 0.0
    assert at_s == pytest.approx(before_s)


def test_events_are_published_in_order_with_their_times(rig: Rig) -> None:
    rig.charge(16.0)
    assert rig.whats() == [
        *("plugged", "duty", "coil_on", "contacts_closed", "s2_closed"),
    ]
    rig.ask("unplug")
    rig.graph.advance(5.0)
    assert rig.whats()[-2:] == ["s2_opened", "unplugged"]
    times = [event.at_ns for event in rig.events]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("method", "arguments", "status", "reason"),
    [
        ("unplug", {}, Status.REFUSED, "no vehicle is plugged"),
        ("pull", {}, Status.REFUSED, "no vehicle is plugged"),
        ("ready", {}, Status.REFUSED, "no vehicle is plugged"),
        ("full", {}, Status.REFUSED, "no vehicle is plugged"),
        ("fault", {"name": "gremlins"}, Status.BAD_ARGUMENTS, "gremlins"),
        ("house", {"current_a": [1, 2]}, Status.BAD_ARGUMENTS, "length 3"),
        ("house", {"current_a": [1, 2, -3]}, Status.BAD_ARGUMENTS, ">= 0"),
        ("sun", {"watts": 3}, Status.BAD_ARGUMENTS, "watts"),
        ("power", {"on": True}, Status.OK, ""),
        ("sun", {"power_w": 3000}, Status.OK, ""),
        ("house", {"current_a": [1, 2, 3]}, Status.OK, ""),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    rig: Rig, method: str, arguments: dict[str, Any], status: Status, reason: str
) -> None:
    answer = rig.ask(method, **arguments)
    assert answer.status is status
    assert reason in answer.reason


def test_status_describes_the_world(rig: Rig) -> None:
    rig.charge(16.0)
    rig.ask("house", current_a=[1, 2, 3])
    rig.ask("fault", name="reader_dead")
    world = rig.world()
    assert world.vehicle is VehicleState.CHARGING
    assert world.contacts_closed == (True, True, True)
    assert world.coil
    assert world.current_a == pytest.approx([15.7] * 3)
    assert world.house_a == (1, 2, 3)
    assert world.faults == (SimFault.READER_DEAD,)
    assert world.ports == {"house": 1502}
    assert world.lights == "off: no lights were received yet"


def test_lights_are_described_and_published_when_they_change(rig: Rig) -> None:
    blue = Light(color=Color.BLUE, effect=Effect.BLINK)
    frame = led_frame(segments=(blue, blue, blue, blue))
    for _ in range(3):
        rig.led.publish(SIM_LIGHTS, frame)
        rig.graph.advance(1.0)
    assert rig.whats() == ["lights"]
    lights = rig.world().lights
    assert lights.startswith("S1..S4 blue blink, blue blink, blue blink, blue blink; network off")


@pytest.mark.parametrize(
    ("dip_a", "dip1"), [(10, 0b000), (13, 0b100), (16, 0b010), (20, 0b110), (25, 1), (32, 0b101)]
)
def test_the_dip_switches_show_the_installations_maximum(
    new_rig: NewRig, dip_a: int, dip1: int
) -> None:
    rig = new_rig(dip_a=dip_a, smart_home=False)
    rig.graph.advance(0.1)
    assert rig.signals[-1][1].dip1 == dip1


@pytest.mark.parametrize(("is_on", "dip1"), [(False, 0b101), (True, 0b10_0101)])
def test_dsw1_3_is_for_local_controllers(new_rig: NewRig, is_on: bool, dip1: int) -> None:
    rig = new_rig(smart_home=is_on)
    rig.graph.advance(0.1)
    assert rig.signals[-1][1].dip1 == dip1


@pytest.mark.parametrize("position", ["open", "closed"])
def test_dsw1_1_and_the_contact_of_the_external_input(new_rig: NewRig, position: str) -> None:
    rig = new_rig(external_input=True, smart_home=False)
    rig.graph.advance(0.1)
    assert (rig.signals[-1][1].dip1, rig.signals[-1][1].external_closed) == (0b1000_0101, True)
    rig.ask("input", position=position)
    rig.graph.advance(0.1)
    assert rig.signals[-1][1].external_closed is (position == "closed")
    assert "input" in rig.whats()


def test_an_installation_of_one_phase_and_dsw2_are_chosen_by_parameters(new_rig: NewRig) -> None:
    rig = new_rig(phases=1, dip2=0b1)  # DSW2.8: commissioning
    rig.charge(16.0)
    lines = rig.power[-1][1].lines
    assert [line.voltage_v > 1.0 for line in lines] == [True, False, False]
    assert rig.signals[-1][1].dip2 == 1


def test_a_dead_chip_is_silent_while_signals_are_published(rig: Rig) -> None:
    rig.charge(16.0)
    rig.ask("fault", name="chip_dead")
    power, signals = len(rig.power), len(rig.signals)
    rig.graph.advance(1.0)
    rig.ask("pull")  # a cut current is published at once, but not by a dead chip
    assert (len(rig.power), len(rig.signals) > signals + 49) == (power, True)
    rig.ask("clear", name="chip_dead")
    rig.graph.advance(0.2)
    assert rig.power[-1][1].lines[0].current_a == 0.0


def read(rig: Rig, **changes: Any) -> Answer[Any]:
    arguments = {
        "host": "127.0.0.1",
        "port": 1502,
        "unit": 1,
        "function": 3,
        "blocks": [[60, 2]],
    }
    return rig.ask("modbus_read", **{**arguments, **changes})


def test_the_house_meter_is_read_as_the_world_is_now(rig: Rig) -> None:
    assert read(rig).result == (0, 2000)
    rig.ask("house", current_a=[17.5, 2, 2])
    assert read(rig).result == (0, 17_500)
    assert "house" in rig.whats()


def test_both_meters_show_the_frequency(rig: Rig) -> None:
    for unit in (1, 2):
        assert read(rig, unit=unit, function=4, blocks=[[26, 2]]).result == (0, 50_000)  # mHz


def test_the_solar_meter_stands_behind_the_same_server_as_unit_2(rig: Rig) -> None:
    rig.ask("sun", power_w=3000)
    registers = read(rig, unit=2, blocks=[[2, 2]]).result
    assert registers is not None
    high, low = registers
    assert high << 16 | low == pytest.approx(30_000, abs=2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"unit": 3}, "gateway target device failed to respond (exception 11)"),
        ({"blocks": [[60, 2], [145, 2]]}, "illegal data address (exception 2)"),
        ({"function": 6}, "illegal function (exception 1)"),
        ({"port": 1503}, "connection refused"),
        ({"host": "10.0.0.1"}, "connection refused"),
    ],
)
def test_reads_fail_as_they_would_over_tcp(rig: Rig, changes: dict[str, Any], reason: str) -> None:
    answer = read(rig, **changes)
    assert (answer.status, answer.reason) == (Status.REFUSED, reason)


@pytest.mark.req("MET-3")
def test_a_lost_meter_accepts_no_connection_until_it_is_back(rig: Rig) -> None:
    rig.ask("fault", name=SimFault.METER_LOST)
    assert read(rig).reason == "connection refused"
    rig.ask("clear", name=SimFault.METER_LOST)
    assert read(rig).result == (0, 2000)


def test_a_recording_is_played_on_l1_and_begins_again_at_its_end(
    new_rig: NewRig, tmp_path: Path
) -> None:
    path = tmp_path / "house.csv"
    path.write_text(
        "TimeStamp;Live_Power;EVSE_Current_power\n"
        "01/01/2024 00:00:00;230;0\n01/01/2024 00:00:01;460;0\n01/01/2024 00:00:02;460;0\n"
    )
    rig = new_rig(house_trace=str(path))
    rig.graph.advance(6.9)
    house = [(round(event.at_ns / 1e9 - START_S, 6), event.detail) for event in rig.events]
    assert house == [
        (0, "1 0 0"),
        (1, "2 0 0"),
        (3, "1 0 0"),
        (4, "2 0 0"),
        (6, "1 0 0"),
    ]
    rig.ask("house", current_a=[9, 9, 9])
    rig.graph.advance(10.0)
    assert rig.world().house_a == (9, 9, 9)


def test_the_same_seed_gives_the_same_world_and_another_seed_another(tmp_path: Path) -> None:
    def volts(seed: int) -> list[float]:
        rig = Rig(tmp_path, seed=seed)
        rig.charge(16.0)
        return [power.lines[0].voltage_v for _, power in rig.power]

    assert volts(1) == volts(1)
    assert volts(1) != volts(2)
    assert all(215.0 < voltage_v < 240.0 for voltage_v in volts(3))


def test_a_late_look_sees_what_has_happened_meanwhile_at_its_true_time(rig: Rig) -> None:
    rig.graph.advance(0.5)
    rig.drive(True)
    rig.graph.advance(0.001)
    rig.graph.suspend("plant")
    rig.graph.advance(0.5)
    rig.graph.resume("plant")
    rig.graph.advance(0.1)
    assert rig.at_s("contacts_closed") - rig.at_s("coil_on") == pytest.approx(0.025, abs=1e-6)


class Port(SimServers):
    """The server of the meters; it only notes its calls."""

    def __init__(self) -> None:
        self.port = 1502
        self.calls: list[str] = []
        self.is_taken = False

    def serve(self, host: str, port: int, parameters: tuple[str, str], banks: Banks) -> "Port":
        return self

    def start(self) -> None:
        self.calls.append("start")
        if self.is_taken:
            raise DriverError("TCP port 1502 on 127.0.0.1 is in use by another process")

    def stop(self) -> None:
        self.calls.append("stop")

    def shutdown(self) -> None:
        self.calls.append("shutdown")


@pytest.mark.req("MET-3")
def test_the_meters_port_is_closed_while_the_meter_is_lost(new_rig: NewRig) -> None:
    port = Port()
    rig = new_rig(meters=port)
    rig.ask("fault", name="pe_open")
    assert port.calls == []
    rig.ask("fault", name="meter_lost")
    assert port.calls == ["stop"]
    rig.ask("clear", name="pe_open")
    rig.ask("clear", name="meter_lost")
    assert port.calls == ["stop", "start"]


def test_a_meter_whose_port_is_taken_stays_lost_and_says_why(new_rig: NewRig) -> None:
    port = Port()
    rig = new_rig(meters=port)
    rig.ask("fault", name="meter_lost")
    port.is_taken = True
    answer = rig.ask("clear", name="meter_lost")
    assert answer.status is Status.REFUSED
    assert "in use" in answer.reason
    assert rig.world().faults == (SimFault.METER_LOST,)


def test_the_meters_port_is_closed_when_the_node_stops(tmp_path: Path) -> None:
    port = Port()
    graph = MemoryGraph(seed=1, state_dir=tmp_path)
    bus = graph.bus("plant")
    build(bus, Parameters(), Drivers(meters=port))
    bus.stop(StopReason.SHUTDOWN)
    assert port.calls == ["shutdown"]
    assert bus.stopped


@pytest.mark.parametrize("name", map_names())
def test_the_meters_can_have_any_map(tmp_path: Path, name: str) -> None:
    rig = Rig(tmp_path, house_map=name, house_port=1502)
    meter_map = load_map(name)
    address = 40000 if meter_map.chain else plan_blocks(meter_map)[0].address
    read = ModbusRead(
        host="127.0.0.1", port=1502, unit=1, function=meter_map.function, blocks=((address, 2),)
    )
    answers: list[Answer[Any]] = []
    rig.meter.request(MODBUS_READ, read, answers.append)
    rig.graph.advance(0.1)
    assert answers[0].status is Status.OK
    if meter_map.chain:
        assert answers[0].result == (0x5375, 0x6E53)


def test_an_unknown_map_is_named_with_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(DriverError, match="unknown meter map 'tqq'; expected one of") as refused:
        Rig(tmp_path, house_map="tqq")
    assert refused.value.parameter == "house_map"

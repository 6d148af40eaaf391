"""meter on the bus, beside a world that answers as its chip and its Modbus servers."""

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus import Bus, Call
from bus.memory import MemoryGraph
from msgs.meter import MeterReading, MeterToTest
from msgs.methods import MODBUS_READ, TEST_CONNECTION
from msgs.plant import ModbusRead, Registers, SimPower
from msgs.requests import Answer
from msgs.setting_keys import unflatten
from msgs.setting_names import NO_METER, settings_of
from msgs.settings import Settings
from msgs.topics import METER_BOX, METER_HOUSE, METER_SOLAR, SETTINGS, SIM_POWER
from nodes.meter.chip_sim import SimMeterChip
from nodes.meter.node import Drivers, Parameters, build
from nodes.modbus_map.bank import Bank, answer
from nodes.modbus_map.codec import Values
from nodes.modbus_map.exceptions import REFUSALS, REFUSED_KEY
from nodes.modbus_map.meter_map import load_map
from nodes.modbus_map.serial_line_sim import SimSerialModbus
from nodes.modbus_map.transport_sim import SimModbus
from tests.builders import line_values


def sim_drivers(bus: Bus) -> Drivers:
    return Drivers(chip=SimMeterChip(bus), modbus=SimModbus(bus), serial=SimSerialModbus(bus))


def values(current_a: float) -> Values:
    one = line_values(current_a, imported_wh=1000.0)
    return Values(
        lines=(one, one, one), power_w=690.0 * current_a, imported_wh=3000.0, exported_wh=0.0
    )


class Rig:
    """meter, a plant that only answers, and a reader."""

    def __init__(
        self, tmp_path: Path, house: str = NO_METER, solar: str = NO_METER, **parameters: Any
    ) -> None:
        self.graph = MemoryGraph(seed=1, state_dir=tmp_path)
        self.house_a = 6.0
        self.reachable = True
        self.answering = True
        self.words = 8000  # that an answer has at most
        self.reads: list[ModbusRead] = []
        self._plant()
        reader = self.graph.bus("safety")
        self.box: list[tuple[float, MeterReading]] = []
        self.house: list[tuple[float, MeterReading]] = []
        self.solar: list[tuple[float, MeterReading]] = []
        now_s = self.graph.clock.now_s
        reader.subscribe(METER_BOX, lambda reading: self.box.append((now_s(), reading)))
        reader.subscribe(METER_HOUSE, lambda reading: self.house.append((now_s(), reading)))
        reader.subscribe(METER_SOLAR, lambda reading: self.solar.append((now_s(), reading)))
        self._system = self.graph.bus("system")
        self.set(house, solar)
        bus = self.graph.bus("meter")
        build(bus, Parameters(**parameters), sim_drivers(bus))

    def set(self, house: str = NO_METER, solar: str = NO_METER) -> None:
        """Have the settings name these meters, as `--set` writes them."""
        flat = {**settings_of("meter.house", house), **settings_of("meter.solar", solar)}
        self._system.publish(SETTINGS, msgspec.convert(unflatten(flat), Settings))

    def _plant(self) -> None:
        plant = self.graph.bus("plant")
        tq = load_map("tq")
        self.banks = {
            1: Bank(meter_map=tq, values=lambda: values(self.house_a)),
            2: Bank(meter_map=tq, values=lambda: values(-3.0)),
        }

        def serve(call: Call[ModbusRead, Registers]) -> None:
            read = call.arguments
            self.reads.append(read)
            if not self.reachable:
                call.refuse("connection refused")
            elif self.answering:
                result = answer(self.banks, read.unit, read.function, read.blocks)
                if isinstance(result, int):
                    text = f"exception {result}"
                    call.refuse(text, {REFUSED_KEY: text} if result in REFUSALS else {})
                else:
                    call.ok(tuple(result[: self.words]))

        plant.serve(MODBUS_READ, serve)
        one = line_values(15.7)
        plant.every(0.1, lambda: plant.publish(SIM_POWER, SimPower(lines=(one, one, one))))

    def levels(self, *wanted: str) -> list[tuple[str, str]]:
        return [
            (entry.level, entry.text)
            for entry in self.graph.lines
            if entry.node == "meter" and entry.level in wanted
        ]


HOUSE = "tq@127.0.0.1:1502/1"


def test_the_box_is_published_each_0_2_s_with_the_age_of_its_values(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    rig.graph.advance(10.0 + 0.01)
    assert len(rig.box) == 50
    at_s, reading = rig.box[-1]
    assert reading.lines[0].current_a == pytest.approx(15.7)
    assert 0.0 <= at_s - reading.sampled_ns / 1e9 <= 0.1 + 1e-6
    assert (rig.house, rig.solar, rig.reads) == ([], [], [])


def test_a_dead_chip_is_silence_after_its_hold(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.graph.advance(5.0)
    rig.graph.kill("plant")
    rig.graph.advance(0.61)
    said = len(rig.box)
    rig.graph.advance(20.0)
    assert len(rig.box) == said
    assert rig.levels("error") == [("error", "the meter chip cannot be read")]
    rig._plant()
    rig.graph.advance(1.0)
    assert len(rig.box) > said


@pytest.mark.req("MET-1", "MET-5")
def test_house_and_solar_are_published_at_every_poll(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE, solar="tq@127.0.0.1:1502/2")
    rig.graph.advance(10.5)
    assert (len(rig.house), len(rig.solar)) == (11, 11)
    house, solar = rig.house[-1][1], rig.solar[-1][1]
    assert house.power_w == pytest.approx(4140.0)
    assert house.source == "Home Grid Meter - Import, tq at 127.0.0.1:1502/1"
    assert solar.lines[0].current_a == pytest.approx(-3.0)
    assert solar.online


def test_a_change_in_the_house_is_published_at_the_next_poll(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE, poll_s=0.5)
    rig.graph.advance(5.1)
    rig.house_a = 25.0
    rig.graph.advance(0.5)
    assert rig.house[-1][1].lines[2].current_a == pytest.approx(25.0)


@pytest.mark.req("MET-3")
@pytest.mark.parametrize(
    ("breaks", "error"),
    [("reachable", "connection refused"), ("answering", "no answer within 1 s")],
)
def test_a_lost_meter_is_published_with_its_error_and_found_again(
    tmp_path: Path, breaks: str, error: str
) -> None:
    rig = Rig(tmp_path, house=HOUSE)
    rig.graph.advance(5.5)
    last_good = rig.house[-1][1]
    setattr(rig, breaks, False)
    rig.graph.advance(60.0)
    lost = rig.house[-1][1]
    assert (lost.online, lost.error) == (False, error)
    assert lost.sampled_ns == last_good.sampled_ns
    assert lost.lines == last_good.lines
    gaps = [later[0] - earlier[0] for earlier, later in zip(rig.house, rig.house[1:], strict=False)]
    assert max(gaps) < 6.0  # it is still published as lost
    assert len(rig.levels("warning", "error")) == 1
    assert (
        f"127.0.0.1:1502 unit 1 ({'0' if breaks == 'reachable' else '1000'} ms): {error}"
        in (rig.levels("warning")[0][1])
    )
    setattr(rig, breaks, True)
    rig.graph.advance(6.0)
    assert rig.house[-1][1].online
    assert "answers again after" in rig.levels("info")[-1][1]


def test_a_meter_that_is_not_there_at_the_start_is_published_as_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house="tq@127.0.0.1:1502/9")
    rig.graph.advance(1.5)
    reading = rig.house[-1][1]
    assert (reading.online, reading.sampled_ns) == (False, 0)
    assert reading.error == "exception 11"


def test_an_answer_that_is_too_short_is_no_reading(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE)
    rig.words = 3
    rig.graph.advance(0.5)
    reading = rig.house[-1][1]
    assert (reading.online, reading.error) == (
        False,
        "the answer does not match the request",
    )


# --- settings that change ---------------------------------------------------------------------


@pytest.mark.req("MET-1", "MET-2")
def test_a_meter_that_is_configured_is_polled_at_once_and_one_that_is_not_no_more(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path)
    rig.graph.advance(5.0)
    assert rig.house == []
    rig.set(house=HOUSE)
    rig.graph.advance(0.1)
    assert rig.house[-1][1].online
    assert rig.house[-1][1].meter == HOUSE
    rig.set()
    said = len(rig.house)
    rig.graph.advance(10.0)
    assert len(rig.house) == said


def test_other_settings_leave_a_meter_and_its_polls_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE)
    rig.graph.advance(5.05)
    for _ in range(10):
        rig.set(house=HOUSE, solar="tq@127.0.0.1:1502/2")
        rig.set(house=HOUSE)
    rig.graph.advance(5.0)
    assert len(rig.house) == 11
    assert len(rig.solar) == 0


@pytest.mark.req("MET-2")
def test_a_reading_names_its_meter_after_the_meter_was_changed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE)
    rig.graph.advance(3.5)
    other = "tq@127.0.0.1:1502/2"
    rig.set(house=other)
    before = len(rig.house)
    rig.graph.advance(3.0)
    assert {reading.meter for _, reading in rig.house[:before]} == {HOUSE}
    assert {reading.meter for _, reading in rig.house[before:]} == {other}
    assert rig.house[-1][1].lines[0].current_a == pytest.approx(-3.0)


def test_the_late_result_of_a_poll_of_the_previous_meter_is_dropped(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=HOUSE)
    rig.answering = False
    rig.graph.advance(1.5)
    rig.set(house="tq@127.0.0.1:1502/2", solar="tq@127.0.0.1:1502/2")  # the same gateway
    rig.graph.advance(20.0)
    assert {reading.meter for _, reading in rig.house[1:]} == {"tq@127.0.0.1:1502/2"}


@pytest.mark.req("MET-3")
def test_a_map_that_does_not_exist_is_logged_and_not_polled(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house="abc@127.0.0.1:1502/1")
    rig.graph.advance(5.0)
    assert rig.house == []
    ((_, text),) = rig.levels("error")
    assert "unknown meter map 'abc'" in text
    rig.set(house=HOUSE)
    rig.graph.advance(1.0)
    assert rig.house[-1][1].online


SUNSPEC = "sunspec@127.0.0.1:1502/1"


class SunspecRig(Rig):
    """A house meter with a chain of models."""

    def __init__(self, tmp_path: Path, model: int = 203) -> None:
        super().__init__(tmp_path, house=SUNSPEC)
        self.exchange(model)

    def exchange(self, model: int) -> None:
        """Put a meter with this model in the place of the present one."""
        sunspec = load_map("sunspec")
        self.banks[1] = Bank(meter_map=sunspec, values=lambda: values(self.house_a), model=model)

    def searches(self) -> int:
        """Return how often "SunS" was read."""
        return sum(read.blocks == ((40000, 2),) for read in self.reads)


@pytest.mark.req("MET-1")
@pytest.mark.parametrize("model", [203, 213])
def test_a_model_is_searched_once_and_then_polled(tmp_path: Path, model: int) -> None:
    rig = SunspecRig(tmp_path, model)
    rig.graph.advance(10.5)
    assert len(rig.house) == 11
    assert all(reading.online for _, reading in rig.house)
    assert rig.house[-1][1].lines[0].current_a == pytest.approx(6.0)
    assert rig.searches() == 1
    assert {read.blocks[0] for read in rig.reads[-5:]} == {(40070, 23 if model == 203 else 36)}


@pytest.mark.req("MET-3")
def test_another_model_in_its_place_is_searched_again(tmp_path: Path) -> None:
    rig = SunspecRig(tmp_path)
    rig.graph.advance(5.5)
    rig.exchange(213)
    rig.graph.advance(5.0)
    errors = [reading.error for _, reading in rig.house if not reading.online]
    assert errors == ["register 40070 reads 213; expected 203"]
    assert rig.searches() == 2
    assert rig.house[-1][1].online


@pytest.mark.req("MET-3")
def test_a_model_is_searched_again_after_the_connection_was_lost(tmp_path: Path) -> None:
    rig = SunspecRig(tmp_path)
    rig.graph.advance(5.5)
    rig.reachable = False
    rig.graph.advance(2.0)
    assert rig.house[-1][1].error == "connection refused"
    rig.reachable = True
    rig.graph.advance(10.0)
    assert rig.house[-1][1].online
    assert rig.searches() >= 2


def test_a_meter_without_a_chain_says_what_is_missing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house=SUNSPEC)  # there is another kind of meter
    rig.graph.advance(5.0)
    assert not rig.house[-1][1].online
    assert rig.house[-1][1].error.startswith("the meter has none of the models 203, 213")


@pytest.mark.req("MET-5")
def test_a_meter_that_refuses_what_is_optional_is_online_without_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, house="em24_e1@127.0.0.1:1502/1")
    # The older meter has power factors and energies elsewhere.
    rig.banks[1] = Bank(meter_map=load_map("em24"), values=lambda: values(rig.house_a))
    rig.graph.advance(3.5)
    house = rig.house[-1][1]
    assert house.online
    assert [line.current_a for line in house.lines] == pytest.approx([6.0, 6.0, 6.0])
    assert house.power_w == pytest.approx(4140.0)
    assert (house.imported_wh, house.exported_wh) == (0.0, 0.0)


# --- the connection test ----------------------------------------------------------------------


class Person:
    """The command line, which tests meters."""

    def __init__(self, rig: Rig) -> None:
        self._bus = rig.graph.bus("tool-1")
        self._clock = rig.graph.clock
        self.answers: list[tuple[float, Answer[MeterReading]]] = []  # with its duration [s]

    def test(self, **meter: object) -> None:
        tested = {"manufacturer": "tq", "host": "127.0.0.1", "port": 1502, **meter}
        began_s = self._clock.now_s()

        def answered(answer: Answer[MeterReading]) -> None:
            self.answers.append((self._clock.now_s() - began_s, answer))

        self._bus.request(TEST_CONNECTION, msgspec.convert(tested, MeterToTest), answered)


@pytest.mark.req("MET-2")
@pytest.mark.parametrize("house", [NO_METER, HOUSE])
def test_a_test_returns_the_values_of_the_meter(tmp_path: Path, house: str) -> None:
    rig = Rig(tmp_path, house=house)
    person = Person(rig)
    rig.graph.advance(2.5)
    person.test(unit=2)
    rig.graph.advance(0.1)
    ((_, answer),) = person.answers
    assert answer.result is not None, answer.reason
    assert answer.result.lines[0].current_a == pytest.approx(-3.0)
    assert answer.result.source == "tq at 127.0.0.1:1502/2"


@pytest.mark.req("MET-2")
def test_a_test_is_answered_within_3_s_also_if_nothing_answers_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    person = Person(rig)
    rig.answering = False
    person.test()
    person.test(manufacturer="sunspec")
    rig.graph.advance(5.0)
    (_, second), (duration_s, first) = person.answers
    assert second.reason.startswith("another test is running")
    assert first.reason == "no answer within 1 s"
    assert duration_s < TEST_CONNECTION.timeout_s
    rig.answering = True
    person.test()
    rig.graph.advance(0.1)
    assert person.answers[-1][1].result is not None


@pytest.mark.req("MET-2")
def test_tests_at_any_instant_change_no_poll(tmp_path: Path) -> None:
    def polls(folder: Path, tests: int) -> list[tuple[float, MeterReading]]:
        rig = Rig(folder, house=HOUSE)
        person, chance = Person(rig), random.Random(tests)
        for _ in range(tests):
            person.test(unit=chance.choice((1, 2, 9)), manufacturer=chance.choice(("tq", "em24")))
            rig.graph.advance(chance.uniform(0.0, 0.2))
        rig.graph.advance(1040.5 - rig.graph.clock.now_s())
        assert len(person.answers) == tests
        return rig.house

    without = polls(tmp_path / "without", 0)
    assert polls(tmp_path / "with", 300) == without

"""A house meter of which one register is wrong never lets the vehicle overload the fuse."""

import math
import random
from collections import deque

import msgspec
import pytest
from msgspec.structs import replace

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.meter import METER_HOLD_S, LinePhase, MeterReading
from msgs.settings import METER_LINES, Grid, PhaseAssignment
from nodes.meter.machine import Config, Inputs, PollOutcome, State, step
from nodes.modbus_map.codec import Codec, NotAvailableError, Values
from nodes.modbus_map.meter_map import MeterMap, load_map, span_of, terms_of
from tests.builders import line_values, meter_reading
from tests.load_manager.site import FUSE_A, Car, Currents, Site
from tests.modbus_map.every_map import MAPS

TQ = load_map("tq")
REGISTERS = sorted(
    {term.at + word for name, term in terms_of(TQ) if "wh" not in name for word in (0, 1)}
)
THREE_PHASES = [name for name in MAPS if MAPS[name].phases == 3 and name != "tq"]
EXPONENTS = (2, 3, 0xFFFD)
_LINES = (line_values(6.0), line_values(6.0), line_values(6.0))
HOUSE = Values(lines=_LINES, power_w=4140.0, imported_wh=0.0, exported_wh=0.0)
NONSENSE = (0, 1, 5, 0xFF, 0x1388, 0x2000, 0x7FFF, 0x8000, 0x8001, 0xC350, 0xFFFE, 0xFFFF)
REACTION_S = 6.3  # a poll of 1 s, 0.3 s of the box, and the 5 s that a vehicle may take
# 6 A are offered so much longer, see `nodes/load_manager/ramp.py`: until a reading 5 s later, or
# until 10 s after the newest one.
PAUSE_S, UNREAD_PAUSE_S = 6.0, 16.0


class WrongMeterSite(Site):
    """A house whose meter has wrong words in some registers, from a time on."""

    def __init__(
        self,
        wrong: dict[int, int],
        phases: PhaseAssignment = PhaseAssignment.L1_L2_L3,
        meter_map: MeterMap = TQ,
    ) -> None:
        super().__init__(Car(), phases)
        self.wrong = wrong
        self.wrong_from_s = self.now_s + 20.0
        self.readings: list[MeterReading] = []
        self.log: list[tuple[str, str]] = []
        self._encoder, self._decoder = Codec(meter_map), Codec(meter_map)
        self._meter = State(is_polling=True)
        self._config = Config(poll_s=1.0, source="House", place="10.0.0.6:502 unit 1", meter="")

    def measure(self, currents_a: Currents) -> MeterReading:
        """Return what meter publishes of these currents."""
        one, two, three = (line_values(current_a) for current_a in currents_a)
        registers = dict(
            self._encoder.encode(
                Values(
                    lines=(one, two, three),
                    power_w=one.power_w + two.power_w + three.power_w,
                    imported_wh=1000.0,
                    exported_wh=0.0,
                )
            )
        )
        if self.now_s >= self.wrong_from_s:
            registers.update(self.wrong)
        values, error = None, ""
        try:
            values = self._decoder.decode(registers)
        except NotAvailableError as absent:
            error = str(absent)
        taken_ns = round(self.now_s * 1e9)
        outcome = PollOutcome(values=values, error=error, began_ns=taken_ns, ended_ns=taken_ns)
        self._meter, outputs = step(
            self._config, self._meter, Inputs(now_s=self.now_s, outcome=outcome)
        )
        assert outputs.reading is not None
        self.readings.append(outputs.reading)
        self.log += outputs.log
        return outputs.reading


def overload_a(site: Site, others: list[Currents], phases: PhaseAssignment) -> float:
    """Return the most that a phase carried beyond the fuse, and that no rise explains [A]."""
    recent: deque[Currents] = deque(maxlen=40)  # each second
    unread_s: deque[float] = deque(maxlen=round(REACTION_S + UNREAD_PAUSE_S))
    was_lost: deque[bool] = deque(maxlen=round(REACTION_S + UNREAD_PAUSE_S))
    worst_a = 0.0
    for moment in site.run(others):
        recent.append(moment.others_a)
        # While nothing usable is read, a rise is not seen, until the meter is lost.
        unread_s.append(min(site.now_s - site.state.house.since_s, METER_HOLD_S))
        was_lost.append(moment.offer.house_meter is HouseMeter.LOST)
        reaction = round(REACTION_S + max(unread_s))
        pause_s = UNREAD_PAUSE_S if max(unread_s) > 1.0 else PAUSE_S
        for box, line in enumerate(METER_LINES[phases]):
            series_a = [others_a[line] for others_a in recent]
            least_a = min(series_a[-reaction - round(pause_s) - 1 :])
            lately_a = min(series_a[-reaction - 1 :])
            had_6_a = FUSE_A - least_a >= 6.0 or True in was_lost
            allowed_a = max(FUSE_A - lately_a, 6.0 if had_6_a else 0.0)
            if True in list(was_lost)[-round(REACTION_S) :]:
                allowed_a = max(allowed_a, 10.0)  # MET-3
            worst_a = max(worst_a, moment.drawn_a[box] - allowed_a)
    return worst_a


def loads(chance: random.Random) -> list[Currents]:
    """Return other loads of two minutes, sun among them, that change each 10 to 30 s."""
    series: list[Currents] = []
    while len(series) < 120:
        now_a = tuple(chance.choice((-12.0, 0.1, 2.0, 9.0, 20.0, 24.0)) for _ in range(3))
        series += [now_a] * chance.randint(10, 30)  # type: ignore[list-item]
    return series


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("seed", range(24))
def test_any_register_of_nonsense_overloads_no_phase(seed: int) -> None:
    chance = random.Random(seed)
    _check(chance, chance.choice(REGISTERS), chance.choice(NONSENSE))


@pytest.mark.proof
@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("register", REGISTERS)
def test_each_register_of_each_nonsense_overloads_no_phase(register: int) -> None:
    for word in NONSENSE:
        for seed in range(15):
            _check(random.Random(f"{register}/{word}/{seed}"), register, word)


def registers_of(meter_map: MeterMap) -> list[int]:
    """Return all registers of power, current, voltage and power factor, exponents among them."""
    return sorted(
        {
            place
            for key, term in terms_of(meter_map)
            if "wh" not in key
            for place in range(*span_of(term))
            if place in Codec(meter_map).encode(HOUSE)
        }
    )


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize(
    ("name", "register", "word"),
    [  # each makes of an import an export that the current of the phase allows
        ("abb_b23", 0x5B1A, 0xFFFE),
        ("janitza_b23", 19024, 0xC350),
        ("pac2200", 27, 0xC350),
        ("sdm630", 12, 0xC350),
        ("sunspec 213", 40100, 0xC350),
        ("sunspec 203", 40089, 0xFFE0),
    ],
)
def test_an_import_shown_as_an_export_overloads_no_phase(
    name: str, register: int, word: int
) -> None:
    for seed in range(3):
        _check(random.Random(seed), register, word, MAPS[name])


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("name", THREE_PHASES)
def test_nonsense_of_another_meter_overloads_no_phase(name: str) -> None:
    _check_at_random(random.Random(name), MAPS[name])


@pytest.mark.proof
@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("name", THREE_PHASES)
def test_much_nonsense_of_another_meter_overloads_no_phase(name: str) -> None:
    for seed in range(200):
        _check_at_random(random.Random(f"{name} {seed}"), MAPS[name])


def _check_at_random(chance: random.Random, meter_map: MeterMap) -> None:
    register = chance.choice(registers_of(meter_map))
    _check(chance, register, chance.choice((*NONSENSE, *EXPONENTS)), meter_map)


def _check(chance: random.Random, register: int, word: int, meter_map: MeterMap = TQ) -> None:
    phases = chance.choice(list(PhaseAssignment)[:3])
    site = WrongMeterSite({register: word}, phases, meter_map)
    assert overload_a(site, loads(chance), phases) <= 1e-6, (register, word, phases)


def after(site: WrongMeterSite, others_a: Currents, seconds: int) -> tuple[float, HouseMeter, str]:
    """Return limit and detail of the offer at the end, and the state of the meter."""
    offer = [moment.offer for moment in site.run([others_a] * seconds)][-1]
    return offer.limit_a, offer.house_meter, offer.detail


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize(
    ("export", "shown_a"),
    [
        ((0x0000, 50_000), "5000 W"),
        ((0xFFFF, 0xFFFF), "register 42"),  # not available
        ((0x8000, 0x0000), "214748365 W"),
        ((0x7FFF, 0xFFFF), "214748365 W"),
    ],
)
def test_an_export_beside_an_import_gives_no_headroom(
    export: tuple[int, int], shown_a: str
) -> None:
    site = WrongMeterSite({42: export[0], 43: export[1]})
    limit_a, meter, _ = after(site, (20.0, 2.0, 2.0), 60)
    assert limit_a <= 10.0
    assert overload_a(site, [(20.0, 2.0, 2.0)] * 10, PhaseAssignment.L1_L2_L3) <= 1e-6
    assert meter is HouseMeter.LOST
    assert any(shown_a in text for level, text in site.log if level == "warning")


@pytest.mark.req("MET-1", "MET-3")
@pytest.mark.parametrize("milliamperes", [0, 500])
def test_a_current_that_the_power_exceeds_counts_with_the_power_and_then_not_at_all(
    milliamperes: int,
) -> None:
    site = WrongMeterSite({60: 0, 61: milliamperes})
    limit_a, meter, detail = after(site, (12.0, 2.0, 2.0), 21)
    assert (limit_a, meter) == (12.5, HouseMeter.ONLINE)
    assert "Its reading is doubted: L1 contradicts itself" in detail
    limit_a, meter, _ = after(site, (12.0, 2.0, 2.0), 1)  # the third
    assert (limit_a, meter) == (10.0, HouseMeter.ONLINE)
    assert "registers 40, 42, 60, 62" in site.readings[-1].contradictions[0].text
    limit_a, meter, detail = after(site, (12.0, 2.0, 2.0), 12)
    assert (limit_a, meter) == (10.0, HouseMeter.LOST)
    assert "L1 contradicts itself" in detail


def test_the_phases_whose_proof_is_missing_are_named() -> None:
    site = WrongMeterSite({})
    _, _, detail = after(site, (2.0, 2.0, 2.0), 1)
    assert detail.endswith("until the house meter has shown the car's current on L1, L2 and L3.")


def test_what_contradicts_itself_on_a_phase_that_does_not_count_takes_nothing_away() -> None:
    site = WrongMeterSite({140: 0, 141: 0}, PhaseAssignment.L1)
    site.car.lines = (True, False, False)
    limit_a, meter, _ = after(site, (2.0, 2.0, 20.0), 60)
    assert (limit_a, meter) == (22.5, HouseMeter.ONLINE)


def test_energies_and_sums_of_nonsense_cost_only_themselves() -> None:
    site = WrongMeterSite(
        {0: 0xFFFE, 1: 7, 512: 0x8000, 513: 0, 592: 0xFFFF, 593: 0xFFFE, 594: 0, 595: 0}
    )
    limit_a, meter, _ = after(site, (2.0, 2.0, 2.0), 60)
    assert (limit_a, meter) == (22.5, HouseMeter.ONLINE)
    reading = site.readings[-1]
    assert reading.online
    assert reading.contradictions == ()
    assert reading.power_w == pytest.approx(sum(line.power_w for line in reading.lines))
    assert (reading.imported_wh, reading.lines[0].imported_wh) == (0.0, 0.0)


def test_all_registers_at_not_available_are_no_reading() -> None:
    site = WrongMeterSite(dict.fromkeys([*range(146), *range(512, 760)], 0xFFFF))
    _, _, detail = after(site, (2.0, 2.0, 2.0), 40)
    assert not site.readings[-1].online
    assert detail.startswith("The house meter is lost (the meter marks power of L1 (register 40)")
    assert "power of L1 (register 40) as not available" in site.readings[-1].error


def test_no_text_of_a_claim_is_longer_than_a_message_may_have() -> None:
    site = WrongMeterSite({})
    site.wrong_from_s = math.inf
    limits = [limit for moment in site.run([(2.0, 2.0, 2.0)] * 30) for limit in moment.offer.limits]
    site.measure = lambda currents_a: replace(  # type: ignore[method-assign]
        meter_reading(currents_a, site.now_s), online=False, error="x" * 400
    )
    for moment in site.run([(2.0, 2.0, 2.0)] * 30):
        limits += moment.offer.limits
        msgspec.json.decode(msgspec.json.encode(moment.offer), type=LoadOffer)
    assert max(len(limit.detail) for limit in limits) <= 400


@pytest.mark.parametrize("register", [60, 62])
def test_a_current_or_voltage_beyond_any_meter_is_no_reading(register: int) -> None:
    site = WrongMeterSite({register: 0x7FFF, register + 1: 0xFFFF})
    after(site, (2.0, 2.0, 2.0), 40)
    assert not site.readings[-1].online
    assert f"(register {register}) reads" in site.readings[-1].error


def test_in_an_it_grid_power_is_not_judged_and_currents_have_no_sign() -> None:
    registers = dict(
        Codec(TQ).encode(
            Values(
                lines=(line_values(-16.0, 133.0, power_w=-3000.0), line_values(), line_values()),
                power_w=-3000.0,
                imported_wh=0.0,
                exported_wh=0.0,
            )
        )
    )
    assert Codec(TQ).decode(registers).contradictions[0].phase is LinePhase.L1
    values = Codec(TQ, Grid.IT).decode(registers)
    assert values.contradictions == ()
    assert values.lines[0].current_a == 16.0
    assert values.power_w == -3000.0

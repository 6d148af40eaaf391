"""The register of the box's energy: it grows with the chip, and never falls."""

import math
import random
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from bus.slots import SLOT_BYTES
from bus.write_behind import RETRY_S, WriteBehind, WriteResult
from msgs.meter import NO_LINE, Line
from nodes.meter.lifetime import (
    MARGIN_WH,
    MOST_W,
    SLOW_S,
    STORE_S,
    UNMETERED_S,
    Jump,
    Lifetime,
    Register,
    begin,
    count,
    decode,
    encode,
    keep,
    last,
    most_wh,
)
from nodes.session.sign import SIGN_S

LOOK_S = 0.2
DAY_S = 86_400.0
FULL_W = 22_000.0


@dataclass
class Chip:
    """A chip that counts what flows, and can be frozen or reset."""

    counted_wh: float = 0.0
    power_w: float = 0.0
    is_frozen: bool = False
    shown: tuple[Line, Line, Line] = (NO_LINE, NO_LINE, NO_LINE)
    samples: int = 0

    def pass_time(self, seconds: float) -> None:
        self.counted_wh += self.power_w * seconds / 3600.0
        if not self.is_frozen:
            self.samples += 1
            one = replace(
                NO_LINE,
                imported_wh=self.counted_wh / 3.0,
                power_w=self.power_w / 3.0,
                voltage_v=230.0 + 0.01 * (self.samples % 3),
            )
            self.shown = (one, one, one)


@dataclass
class Meter:
    """The register over a chip, and what is stored of it."""

    chip: Chip = field(default_factory=Chip)
    state: Lifetime = field(default_factory=Lifetime)
    now_s: float = 100.0
    disk: bytes | None = None
    disk_works: bool = True
    writes: int = 0
    jumps: list[Jump] = field(default_factory=list)

    def run(self, seconds: float, *, is_read: bool = True) -> float:
        """Let time pass; return the register."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += LOOK_S
            self.chip.pass_time(LOOK_S)
            if is_read:
                self.look()
        return self.lifetime_wh

    def look(self) -> None:
        before = None if self.state.register is None else self.lifetime_wh
        self.state, jump = count(self.state, self.chip.shown, self.now_s)
        self.jumps += [] if jump is None else [jump]
        assert before is None or self.lifetime_wh >= before
        self.state, write = keep(self.state, None, Moment(self.now_s))
        if write is not None:
            self.write(write)

    def write(self, register: Register) -> None:
        self.writes += 1
        if self.disk_works:
            self.disk = encode(register)
        result = WriteResult(problem=None if self.disk_works else "full")
        self.state, more = keep(self.state, result, Moment(self.now_s))
        assert more is None

    def restart(self, *, is_orderly: bool = False, away_s: float = 1.0) -> None:
        ends = last(self.state)
        if is_orderly and ends is not None:
            self.write(ends)
        self.now_s += away_s
        self.chip.pass_time(away_s)
        self.state = begin(decode(self.disk))

    @property
    def lifetime_wh(self) -> float:
        assert self.state.register is not None
        return self.state.register.lifetime_wh


def charging(counted_wh: float = 5000.0) -> Meter:
    meter = Meter(Chip(counted_wh=counted_wh))
    meter.run(1.0)
    meter.chip.power_w = FULL_W
    return meter


@pytest.mark.req("MET-5")
def test_the_register_grows_with_the_chip() -> None:
    meter = charging()
    began_wh = meter.lifetime_wh
    assert began_wh == pytest.approx(5000.0)
    assert meter.run(600.0) - began_wh == pytest.approx(FULL_W / 6.0, rel=1e-3)
    assert meter.jumps == []


@pytest.mark.req("MET-5")
@pytest.mark.parametrize("seconds", [1.0, 10.0, 600.0, 3600.0])
def test_what_a_frozen_chip_has_counted_is_in_the_register_once_it_is_well(seconds: float) -> None:
    meter = charging()
    began_wh = meter.run(60.0)
    meter.chip.is_frozen = True
    assert meter.run(seconds) == began_wh
    meter.chip.is_frozen = False
    meter.run(1.0)
    assert meter.lifetime_wh == pytest.approx(meter.chip.counted_wh)
    assert meter.jumps == []


@pytest.mark.parametrize("seconds", [1.0, 600.0])
def test_what_a_silent_chip_has_counted_is_in_the_register_once_it_is_heard(
    seconds: float,
) -> None:
    meter = charging()
    meter.run(60.0)
    meter.run(seconds, is_read=False)
    meter.run(1.0)
    assert meter.lifetime_wh == pytest.approx(meter.chip.counted_wh)


@pytest.mark.req("MET-5")
def test_a_counter_that_is_reset_lets_the_register_go_on() -> None:
    meter = charging()
    before_wh = meter.run(60.0)
    meter.chip.counted_wh = 0.0
    meter.run(60.0)
    assert meter.lifetime_wh == pytest.approx(before_wh + meter.chip.counted_wh)
    assert [jump.grown_wh < 0.0 for jump in meter.jumps] == [True]


@pytest.mark.parametrize("jump_wh", [50.0, 1e6, 1e12])
def test_a_jump_by_more_than_can_flow_is_not_followed_and_logged_once(jump_wh: float) -> None:
    meter = charging()
    before_wh = meter.run(60.0)
    for _ in range(3):
        meter.chip.counted_wh += jump_wh
        meter.run(LOOK_S)
    assert meter.lifetime_wh < before_wh + 10.0
    assert len(meter.jumps) == 1
    grown_wh = meter.run(60.0) - before_wh
    assert grown_wh == pytest.approx(FULL_W / 60.0, rel=0.02)


def test_noise_of_the_counter_is_not_counted() -> None:
    meter = Meter(Chip(counted_wh=5000.0))
    meter.run(1.0)
    chance = random.Random(1)
    for _ in range(1000):
        meter.chip.counted_wh = 5000.0 + chance.uniform(-1.0, 1.0)
        meter.run(LOOK_S)
    assert 5000.0 <= meter.lifetime_wh <= 5001.1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_counter_that_is_no_number_changes_nothing(value: float) -> None:
    meter = charging()
    before_wh = meter.run(60.0)
    kept = meter.chip.counted_wh
    meter.chip.counted_wh = value
    assert meter.run(5.0) == before_wh
    meter.chip.counted_wh = kept
    assert meter.run(1.0) >= before_wh


def lines_of(counted_wh: float) -> tuple[Line, Line, Line]:
    return (replace(NO_LINE, imported_wh=counted_wh), NO_LINE, NO_LINE)


def grown(lifetime: Lifetime, counted_wh: float, now_s: float) -> tuple[float, Jump | None]:
    """Return by how much the register grows with a sample, and the jump."""
    assert lifetime.register is not None
    after, jump = count(lifetime, lines_of(counted_wh), now_s)
    assert after.register is not None
    assert after.is_recalled is False
    return after.register.lifetime_wh - lifetime.register.lifetime_wh, jump


def test_from_the_store_as_much_is_followed_as_can_have_flowed_since_the_last_write() -> None:
    stored = begin(Register(lifetime_wh=0.0, chip_wh=0.0))
    can_wh = most_wh(SLOW_S + UNMETERED_S)
    assert can_wh == pytest.approx(MOST_W * 131.0 / 3600.0 + MARGIN_WH)
    assert most_wh(0.0) == most_wh(-1.0) == MARGIN_WH
    assert grown(stored, can_wh, 5.0) == (can_wh, None)
    assert grown(stored, can_wh + 0.1, 5.0) == (0.0, Jump(grown_wh=can_wh + 0.1, can_wh=can_wh))


@pytest.mark.parametrize("first_wh", [-1.0, 0.0, 0.5])
def test_after_the_first_sample_the_last_one_counts(first_wh: float) -> None:
    stored = begin(Register(lifetime_wh=1000.0, chip_wh=0.0))
    assert grown(stored, first_wh, 5.0) == (max(first_wh, 0.0), None)
    later, _ = count(stored, lines_of(first_wh), 5.0)
    by_wh, jump = grown(later, 100.0, 5.2)
    assert by_wh == 0.0
    assert jump is not None


def test_a_fall_by_10_wh_is_noise_and_a_larger_one_a_counter_that_counts_from_0() -> None:
    lifetime, _ = count(Lifetime(), lines_of(15.0), 5.0)
    assert grown(lifetime, 5.0, 5.2) == (0.0, None)
    by_wh, jump = grown(lifetime, 4.9, 5.2)
    assert by_wh == pytest.approx(4.9)
    assert jump is not None


def test_a_counter_below_0_begins_at_0() -> None:
    first, _ = count(Lifetime(), lines_of(-5.0), 5.0)
    assert first.register == Register(lifetime_wh=0.0, chip_wh=-5.0)


# --- the store --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("power_w", "least", "most"),
    [(FULL_W, 58, 61), (7000.0, 58, 61), (1400.0, 13, 15)],  # 1.4 kWh an hour
)
def test_it_is_stored_each_minute_or_each_tenth_of_a_kwh_if_that_is_longer(
    power_w: float, least: int, most: int
) -> None:
    meter = charging()
    meter.chip.power_w = power_w
    meter.run(3600.0)
    assert least <= meter.writes <= most


@pytest.mark.parametrize("rest_wh", [2.0, 99.0])
def test_the_rest_is_stored_once_when_nothing_flows_any_more(rest_wh: float) -> None:
    meter = Meter(Chip(counted_wh=5000.0, power_w=rest_wh * 60.0))
    meter.run(60.0)
    meter.chip.power_w = 0.0
    before = meter.writes
    meter.run(2 * STORE_S + 1.0)
    stored = decode(meter.disk)
    assert stored is not None
    assert stored.lifetime_wh == meter.lifetime_wh
    assert meter.writes == before + 1
    meter.run(8 * 3600.0)
    assert meter.writes == before + 1


@pytest.mark.parametrize(
    ("grown_wh", "since_s", "is_stored"),
    [
        (100.0, 0.0, True),
        (99.9, 0.0, False),
        (99.9, 59.9, False),
        (99.9, 60.0, True),
        (1.0, 60.0, True),
        (0.9, 60.0, False),
    ],
)
def test_it_is_stored_after_a_tenth_of_a_kwh_or_a_minute_after_the_last_growth(
    grown_wh: float, since_s: float, is_stored: bool
) -> None:
    before = Register(lifetime_wh=0.0, chip_wh=0.0)
    lifetime = replace(
        begin(before), register=replace(before, lifetime_wh=grown_wh), grown_s=1000.0 - since_s
    )
    _, write = keep(lifetime, None, Moment(1000.0))
    assert write == (lifetime.register if is_stored else None)


def test_a_day_of_charging_and_its_signs_write_less_than_10_mb() -> None:
    meter = charging()
    steps_of_s = 5.0  # a day in looks of 0.2 s takes long
    began_s, worst_s, stored_s = meter.now_s, 0.0, meter.now_s
    while meter.now_s < began_s + DAY_S:
        meter.now_s += steps_of_s
        meter.chip.pass_time(steps_of_s)
        before = meter.writes
        meter.look()
        if meter.writes > before:
            within_8_h = meter.now_s < began_s + 8 * 3600.0
            worst_s = max(worst_s, meter.now_s - stored_s) if within_8_h else worst_s
            assert meter.now_s - stored_s <= SLOW_S + steps_of_s
            stored_s = meter.now_s
    assert worst_s <= STORE_S + steps_of_s
    written = (meter.writes + DAY_S / SIGN_S) * SLOT_BYTES
    assert written < 10e6


@pytest.mark.parametrize("is_orderly", [False, True])
def test_a_restart_goes_on_with_what_the_chip_has_counted_meanwhile(is_orderly: bool) -> None:
    meter = charging()
    meter.run(250.0)
    for _ in range(3):
        meter.restart(is_orderly=is_orderly, away_s=5.0)
        meter.run(30.0)
        assert meter.lifetime_wh == pytest.approx(meter.chip.counted_wh)


def test_after_an_orderly_end_nothing_is_lost_though_the_chip_counts_from_0() -> None:
    meter = charging()
    before_wh = meter.run(95.0)
    meter.restart(is_orderly=True)
    meter.chip.counted_wh = 0.0
    meter.run(LOOK_S)
    assert meter.lifetime_wh >= before_wh


def test_after_a_kill_at_most_a_minute_is_lost_if_the_chip_counts_from_0() -> None:
    meter = charging()
    before_wh = meter.run(595.0)
    meter.chip.counted_wh = 0.0
    meter.restart()
    meter.run(1.0)
    assert meter.lifetime_wh >= before_wh - MOST_W * STORE_S / 3600.0
    assert meter.lifetime_wh <= before_wh + MARGIN_WH + 10.0


def test_after_a_kill_another_chip_changes_nothing() -> None:
    meter = charging()
    before_wh = meter.run(595.0)
    meter.restart()
    meter.chip.counted_wh += 1e6
    meter.run(1.0)
    most_wh = MOST_W * (SLOW_S + UNMETERED_S) / 3600.0 + MARGIN_WH
    assert meter.lifetime_wh <= before_wh + most_wh


def test_kills_at_short_intervals_lose_nothing() -> None:
    meter = charging()
    for _ in range(20):
        meter.run(30.0)
        meter.restart()
        meter.run(LOOK_S)
        assert meter.lifetime_wh == pytest.approx(meter.chip.counted_wh)


def test_after_a_start_nothing_is_written_until_the_register_has_grown() -> None:
    meter = charging()
    meter.run(95.0)
    meter.restart(is_orderly=True)
    meter.chip.power_w = 0.0
    before = meter.writes
    meter.run(2.0)
    assert last(meter.state) is not None  # it has counted what flowed meanwhile
    assert meter.writes == before
    meter.restart(is_orderly=True)
    meter.run(600.0)
    assert last(meter.state) is None
    assert meter.writes == before + 1


@pytest.mark.parametrize("lifetime_wh", [0.0, 0.5, 9000.0])
def test_what_is_encoded_is_decoded(lifetime_wh: float) -> None:
    register = Register(lifetime_wh=lifetime_wh, chip_wh=-1.0)
    assert decode(encode(register)) == register


def test_a_disk_that_refuses_is_tried_again_with_the_newest_value() -> None:
    meter = charging()
    first = meter.disk
    meter.disk_works = False
    meter.run(200.0)
    assert meter.disk == first
    meter.disk_works = True
    meter.run(6.0)
    stored = decode(meter.disk)
    assert stored is not None
    assert stored.lifetime_wh > meter.lifetime_wh - FULL_W * STORE_S / 3600.0 - 50.0


def test_a_write_that_failed_is_dropped_for_a_newer_one_that_waits() -> None:
    old, new = (Register(lifetime_wh=each, chip_wh=0.0) for each in (1000.0, 1100.0))
    waiting = WriteBehind(stored=old, writing=old, waiting=(new,))
    failed = WriteResult(problem="full")
    lifetime = Lifetime(register=new, store=waiting)
    lifetime, write = keep(lifetime, failed, Moment(1000.0))
    assert write is None
    lifetime, write = keep(lifetime, None, Moment(1000.0 + RETRY_S))
    assert write == new


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"{}",
        b'{"lifetime_wh": -1, "chip_wh": 0}',
        b'{"lifetime_wh": 1e999, "chip_wh": 0}',
        b'{"lifetime_wh": 0, "chip_wh": 1e999}',
    ],
)
def test_what_cannot_be_a_register_is_none(content: bytes | None) -> None:
    assert decode(content) is None


@pytest.mark.parametrize("seed", range(20))
def test_in_any_run_it_never_falls_and_never_grows_by_more_than_has_flowed(seed: int) -> None:
    chance = random.Random(seed)
    meter = charging()
    flowed_wh = meter.lifetime_wh  # all that has flowed, as the chip itself would count it
    for _ in range(60):
        counted_wh, seconds = meter.chip.counted_wh, chance.choice([0.2, 5.0, 70.0])
        match chance.randrange(7):
            case 0:
                meter.chip.is_frozen = not meter.chip.is_frozen
            case 1:
                meter.run(seconds, is_read=False)
            case 2:
                meter.restart(is_orderly=chance.random() < 0.5)
            case 3:
                meter.chip.power_w = chance.choice([0.0, 1400.0, FULL_W])
            case 4:
                meter.disk_works = not meter.disk_works
            case 5 if not meter.chip.is_frozen:
                meter.look()
                flowed_wh += meter.chip.counted_wh - counted_wh
                counted_wh = meter.chip.counted_wh = 0.0
            case _:
                pass
        meter.run(seconds)
        flowed_wh += meter.chip.counted_wh - counted_wh
        assert meter.lifetime_wh <= flowed_wh + 1.0

"""Temperatures judged: too hot, failed, leaping, and the current that is left."""

import math

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from nodes.safety.heat import COLD, HOTTEST_C, Derating, carry_over, limit_of_temperature, update
from nodes.safety.pace import hold_raise

ROUND_S = 0.01


class Sensors:
    """Two sensors and a switch, read each 10 ms."""

    def __init__(self) -> None:
        self.derating, self.now_s, self.celsius = COLD, 100.0, 0.0

    def read(self, terminal_c: float, board_c: float = -40.0, times: int = 1) -> "Sensors":
        for _ in range(times):
            self.now_s += ROUND_S
            self.derating, self.celsius = update(
                self.derating, Moment(self.now_s), terminal_c, board_c, is_switched_off=False
            )
        return self

    def warm(self, to_c: float, board_c: float = -40.0) -> "Sensors":
        """Go there by 9 K a second, as nothing real does."""
        assert self.derating.celsius is not None
        celsius = self.derating.celsius
        while abs(to_c - celsius) > 9.0:
            celsius += math.copysign(9.0, to_c - celsius)
            self.read(celsius, board_c, 101)
        return self.read(to_c, board_c, 101)


def rested() -> Sensors:
    return Sensors().read(30.0, times=200)


@pytest.mark.req("ERR-3", "LED-5")
def test_too_hot_is_above_80_until_below_65() -> None:
    box = rested().warm(80.0)
    assert not box.derating.is_hot
    box.read(80.1, times=9)
    assert not box.derating.is_hot
    box.read(80.1)
    assert box.derating.is_hot
    box.warm(65.0).now_s += 60.0
    assert box.read(65.0).derating.is_hot
    assert not box.read(64.9).derating.is_hot


@pytest.mark.req("ERR-3")
def test_every_second_reading_above_80_is_too_hot_with_the_19th() -> None:
    box = rested().warm(79.9)
    for _ in range(18):
        assert not box.read(80.1).read(79.9).derating.is_hot
    assert box.read(80.1).derating.is_hot


@pytest.mark.req("ERR-3")
def test_no_box_cools_within_a_minute() -> None:
    box = rested().warm(81.0)
    hot_at_s = box.now_s
    box.warm(60.0)
    box.now_s = hot_at_s + 59.9
    assert box.read(60.0).derating.is_hot
    box.now_s = hot_at_s + 60.1
    assert not box.read(60.0).derating.is_hot


@pytest.mark.parametrize(("hot", "cool", "is_hot"), [(1, 3, False), (1, 1, True), (9, 1, True)])
def test_a_sensor_that_is_hot_more_often_than_every_third_time_is_hot(
    hot: int, cool: int, is_hot: bool
) -> None:
    box = rested().warm(79.0)
    for _ in range(40):
        box.read(81.0, times=hot).read(79.0, times=cool)
    assert box.derating.is_hot is is_hot


@pytest.mark.req("ERR-3")
@pytest.mark.parametrize("value_c", [150.1, 200.0, -50.1, -60.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("is_board", [False, True])
def test_a_failed_sensor_is_as_hot_as_can_be(value_c: float, is_board: bool) -> None:
    box = rested()
    values = (30.0, value_c) if is_board else (value_c, -40.0)
    assert not box.read(*values, times=9).derating.is_hot
    assert box.read(*values).derating.is_hot
    assert box.celsius == HOTTEST_C
    assert box.read(*values, times=1000).derating.is_hot


@pytest.mark.parametrize("value_c", [-50.0, -25.0, 64.0, 80.0])
def test_what_an_ntc_can_show_counts_from_the_start_on(value_c: float) -> None:
    box = Sensors().read(value_c, -50.0, times=200)
    assert not box.derating.is_hot
    assert box.celsius == value_c


@pytest.mark.req("ERR-3")
@pytest.mark.parametrize("leap_k", [10.1, 30.0, -10.1])
def test_a_sensor_that_leaps_is_no_sensor_for_a_second(leap_k: float) -> None:
    box = rested()
    assert box.read(30.0 + leap_k).celsius == HOTTEST_C
    assert box.derating.is_leaping
    assert box.read(30.0 + leap_k, times=9).derating.is_hot
    assert box.read(30.0 + leap_k, times=90).derating.is_leaping
    box.read(30.0 + leap_k, times=3)
    assert not box.derating.is_leaping  # it stays there: believed
    box.now_s += 60.0
    assert not box.read(30.0 + leap_k).derating.is_hot


def test_a_leap_of_one_reading_is_a_stray() -> None:
    box = rested().read(60.0).read(30.0)
    assert box.celsius == 30.0
    assert not box.derating.is_leaping
    assert not box.read(30.0, times=200).derating.is_hot


@pytest.mark.parametrize("step_k", [10.0, -10.0, 0.1])
def test_as_much_as_a_terminal_warms_in_a_second_is_no_leap(step_k: float) -> None:
    box = rested()
    assert box.read(30.0 + step_k).celsius == 30.0 + step_k
    for number in range(2, 5):
        box.read(30.0 + step_k * number, times=101)
        assert not box.derating.is_leaping


def test_a_switch_that_is_open_is_heat_at_once_and_for_a_minute() -> None:
    derating, _ = update(COLD, Moment(0.0), 30.0, 25.0, is_switched_off=True)
    assert derating.is_hot
    for at_s in (0.01, 60.0):
        derating, _ = update(derating, Moment(at_s), 30.0, 25.0, is_switched_off=False)
        assert derating.is_hot
    derating, _ = update(derating, Moment(60.01), 30.0, 25.0, is_switched_off=False)
    assert not derating.is_hot


def test_heat_stays_after_a_failed_reading_and_the_rest_begins_again() -> None:
    box = rested().warm(81.0)
    rest = replace(box.derating, celsius=None, since_s=0.0, pace=hold_raise(box.derating.pace))
    assert carry_over(box.derating) == rest
    assert not carry_over(rested().derating).is_hot


def test_the_minute_of_cooling_goes_on_after_a_failed_reading() -> None:
    cooling = rested().warm(81.0).warm(70.0).derating
    assert carry_over(cooling).cooling_since_s == cooling.cooling_since_s < math.inf


def felt(*values: tuple[float, float]) -> tuple[Derating, float]:
    """Return the heat after one sensor's values [s, degC]."""
    derating, celsius = COLD, 0.0
    for at_s, value_c in values:
        derating, celsius = update(derating, Moment(at_s), value_c, -40.0, is_switched_off=False)
    return derating, celsius


@pytest.mark.req("ERR-3")
@pytest.mark.parametrize(("at_s", "celsius"), [(1.99, HOTTEST_C), (2.0, 55.0)])
def test_a_leap_counts_after_exactly_a_second(at_s: float, celsius: float) -> None:
    derating, found_c = felt((0.0, 30.0), (1.0, 50.0), (1.5, 60.0), (at_s, 55.0))
    assert (derating.is_leaping, found_c) == (celsius == HOTTEST_C, celsius)


@pytest.mark.parametrize(("at_s", "is_leaping"), [(0.99, True), (1.0, False)])
def test_what_leaps_is_held_against_the_value_of_a_second_ago(
    at_s: float, is_leaping: bool
) -> None:
    derating, _ = felt((0.0, 30.0), (at_s, 38.0), (at_s + 0.5, 48.0))
    assert derating.is_leaping is is_leaping


def test_a_leap_does_not_outlast_its_return() -> None:
    derating, celsius = felt((0.0, 30.0), (0.1, 50.0), (0.2, 31.0))
    assert derating.is_leaping is False
    assert celsius == 31.0
    assert felt((0.0, 30.0), (0.1, 50.0), (0.2, 31.0), (0.3, 50.0), (1.2, 50.0))[1] == HOTTEST_C
    assert felt((0.0, 30.0), (0.1, 50.0), (0.2, 31.0), (0.3, 50.0), (1.3, 50.0))[1] == 50.0


@pytest.mark.req("LED-5", "CHG-5")
def test_the_end_of_a_pause_is_a_raise_and_the_next_waits_for_30_s() -> None:
    box = rested().warm(81.0).read(81.0, times=600).warm(72.0)
    box.now_s += 20.0  # of the 30 s
    box.read(72.0)
    assert box.derating.pace.cooler_since_s is not None
    hot = replace(box.derating, cooling_since_s=0.0)
    cooled, _ = update(hot, Moment(box.now_s), 64.0, -40.0, is_switched_off=False)
    assert (cooled.is_hot, cooled.pace.cooler_since_s) == (False, None)


def test_the_same_reading_changes_nothing() -> None:
    box = rested()
    derating = box.derating
    assert box.read(30.0).derating is derating


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize(
    ("temperature_c", "is_hot", "limit_a"),
    [
        (-20.0, False, 32.0),
        (70.0, False, 32.0),
        (70.1, False, 31.7),
        (75.0, False, 19.0),
        (79.9, False, 6.2),
        (80.0, False, 6.0),
        (85.0, False, 6.0),  # the moment before it counts as hot
        (85.0, True, 0.0),
        (66.0, True, 0.0),  # cooling down
    ],
)
def test_heat_takes_current_away(temperature_c: float, is_hot: bool, limit_a: float) -> None:
    assert limit_of_temperature(32.0, temperature_c, is_hot) == pytest.approx(limit_a)
    assert limit_of_temperature(32.0, temperature_c, is_hot) <= 32.0


@pytest.mark.req("CHG-5")
@pytest.mark.parametrize("full_a", [10.0, 13.0, 16.0, 20.0, 25.0, 32.0])
def test_heat_never_raises_a_limit(full_a: float) -> None:
    limits = [limit_of_temperature(full_a, tenth / 10.0, False) for tenth in range(600, 900)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] == full_a
    assert limits[-1] == 6.0

"""The protective earth: bad at once, missing when that is confirmed."""

import math

import pytest

from bus.moment import Moment
from nodes.safety.earth import CONFIRMED_S, SOUND, SURE_READS, Earth, watch

ROUND_S = 0.01
BAD_OHM = 1e6


class Loop:
    """An earth loop that is measured each 10 ms."""

    def __init__(self) -> None:
        self.earth, self.now_s, self.is_missing = SOUND, 1000.0, False

    def read(
        self,
        earth_ohm: float,
        times: int = 1,
        *,
        has_loop: bool = True,
        is_proven_open: bool = True,
    ) -> Earth:
        for _ in range(times):
            self.now_s = round(self.now_s + ROUND_S, 6)
            self.earth, self.is_missing = watch(
                self.earth,
                Moment(self.now_s),
                earth_ohm,
                has_loop=has_loop,
                is_proven_open=is_proven_open,
            )
        return self.earth


@pytest.mark.req("ERR-RED")
@pytest.mark.parametrize("earth_ohm", [500.1, BAD_OHM, math.nan, math.inf, -1.0])
def test_an_earth_is_bad_after_a_tenth_of_a_second(earth_ohm: float) -> None:
    loop = Loop()
    assert not loop.read(earth_ohm, SURE_READS - 1).is_bad
    assert loop.read(earth_ohm).is_bad
    assert not loop.is_missing


def test_a_good_earth_is_neither_bad_nor_missing() -> None:
    loop = Loop()
    assert loop.read(500.0, 300) is SOUND
    assert not loop.is_missing


@pytest.mark.req("ERR-RED")
def test_an_earth_is_missing_after_2_s_with_the_contactor_proven_open() -> None:
    loop = Loop()
    loop.read(BAD_OHM, SURE_READS)
    loop.read(BAD_OHM, round(CONFIRMED_S / ROUND_S) - 1)
    assert not loop.is_missing
    loop.read(BAD_OHM)
    assert loop.is_missing


@pytest.mark.req("ERR-RED")
def test_an_earth_is_not_missing_before_the_contactor_is_proven_open() -> None:
    loop = Loop()
    loop.read(BAD_OHM, 1000, is_proven_open=False)
    assert loop.earth.is_bad
    assert not loop.is_missing
    loop.read(BAD_OHM, round(CONFIRMED_S / ROUND_S))
    assert not loop.is_missing
    loop.read(BAD_OHM, 1, is_proven_open=False)  # the time begins again
    loop.read(BAD_OHM, round(CONFIRMED_S / ROUND_S))
    assert not loop.is_missing
    loop.read(BAD_OHM)
    assert loop.is_missing


@pytest.mark.req("ERR-RED")
def test_an_earth_that_is_good_again_is_good_after_a_fifth_of_a_second() -> None:
    loop = Loop()
    loop.read(BAD_OHM, 150)
    assert loop.read(0.8, 2 * SURE_READS - 1).is_bad
    assert loop.read(0.8) is SOUND
    loop.read(BAD_OHM, 100)
    assert not loop.is_missing


@pytest.mark.parametrize("every", [2, 5])
def test_an_earth_that_comes_and_goes_is_bad_and_then_missing(every: int) -> None:
    loop = Loop()
    for number in range(300):
        loop.read(0.8 if number % every == 0 else BAD_OHM)
        assert number < 40 or loop.earth.is_bad
    loop.read(BAD_OHM)
    assert loop.is_missing


@pytest.mark.req("ERR-RED")
def test_only_a_bad_reading_confirms_that_an_earth_is_missing() -> None:
    loop = Loop()
    loop.read(BAD_OHM, SURE_READS + round(CONFIRMED_S / ROUND_S) - 1)
    for _ in range(SURE_READS):
        loop.read(0.8)
        assert loop.earth.is_bad
        assert not loop.is_missing
    loop.read(BAD_OHM)
    assert loop.is_missing


def test_single_bad_readings_are_not_counted_together() -> None:
    loop = Loop()
    for _ in range(100):
        loop.read(BAD_OHM)
        loop.read(0.8, 2)
    assert loop.earth is SOUND


@pytest.mark.parametrize("earth_ohm", [0.0, 0.8, 500.0])
def test_a_sound_earth_is_good_and_keeps_the_object(earth_ohm: float) -> None:
    assert Loop().read(earth_ohm, 100) is SOUND


def test_without_a_loop_to_measure_the_earth_is_good() -> None:
    assert Loop().read(BAD_OHM, 1000, has_loop=False) is SOUND


def test_a_bad_earth_that_lasts_keeps_the_object() -> None:
    loop = Loop()
    earth = loop.read(BAD_OHM, 100)
    assert loop.read(BAD_OHM, 100) is earth

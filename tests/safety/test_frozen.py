"""A meter chip that repeats its values under load is frozen; without a load it may."""

import math
from typing import Any

import pytest

from bus.moment import Moment
from nodes.safety.chip import HOLD_S
from nodes.safety.frozen import FROZEN_S, UNHEARD, ChipTrust, watch

ROUND_S = 0.01
VALUES: dict[str, Any] = {
    "currents_a": (15.7, 15.701, 15.699),
    "voltages_v": (229.14, 230.02, 230.5),
    "powers_w": (3597.0, 3611.0, 3618.0),
    "frequency_hz": 50.01,
}
NONE = (0.0, 0.0, 0.0)


class Chip:
    """A meter chip that is read each 10 ms."""

    def __init__(self) -> None:
        self.repetition, self.now_s, self.trust = UNHEARD, 1000.0, ChipTrust.MEASURES

    def read(self, seconds: float = ROUND_S, *, is_open: bool = False, **changes: Any) -> ChipTrust:
        for _ in range(max(1, round(seconds / ROUND_S))):
            self.now_s = round(self.now_s + ROUND_S, 6)
            self.repetition, self.trust = watch(
                self.repetition, Moment(self.now_s), is_open=is_open, **(VALUES | changes)
            )
        return self.trust


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("is_open", [False, True])
def test_values_that_repeat_themselves_under_load_for_5_s_are_frozen(is_open: bool) -> None:
    chip = Chip()
    chip.read(is_open=is_open)
    chip.read(FROZEN_S - ROUND_S, is_open=is_open)
    assert chip.trust is not ChipTrust.FROZEN
    assert chip.read(is_open=is_open) is ChipTrust.FROZEN
    assert chip.read(60.0, is_open=is_open) is ChipTrust.FROZEN


def test_5_s_have_ten_samples_of_every_driver_at_least() -> None:
    assert FROZEN_S / HOLD_S >= 10


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    ("currents_a", "is_frozen"),
    [
        (NONE, False),
        ((0.01, 0.01, 0.01), False),  # a constant offset
        ((1.0, 1.0, 1.0), False),
        ((1.001, 0.0, 0.0), True),
        ((0.0, -1.001, 0.0), True),
        ((0.0, 0.0, 250.0), True),
        ((1.001, math.nan, 0.0), True),  # what is known counts
    ],
)
def test_only_a_current_above_1_a_shows_that_a_chip_is_frozen(
    currents_a: tuple[float, float, float], is_frozen: bool
) -> None:
    chip = Chip()
    chip.read(60.0, currents_a=currents_a)
    assert (chip.trust is ChipTrust.FROZEN) is is_frozen


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    "change",
    [
        {"currents_a": (15.7, 15.702, 15.699)},
        {"voltages_v": (229.14, 230.02, 230.51)},
        {"powers_w": (3598.0, 3611.0, 3618.0)},
        {"frequency_hz": 50.02},
    ],
)
def test_one_bit_that_changes_shows_that_a_chip_measures(change: dict[str, Any]) -> None:
    chip = Chip()
    for number in range(30):
        assert chip.read(4.9, **(change if number % 2 else {})) is ChipTrust.MEASURES
    chip.read(6.0)
    assert chip.trust is ChipTrust.FROZEN
    assert chip.read(**change) is ChipTrust.MEASURES


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("unknown", [None, (math.nan, math.nan, math.nan)])
def test_values_that_are_unknown_now_and_then_hide_no_frozen_chip(unknown: Any) -> None:
    chip = Chip()
    for _ in range(12):
        chip.read(0.4)
        chip.read(0.1, currents_a=unknown)
    assert chip.read() is ChipTrust.FROZEN


def test_values_that_are_no_numbers_are_equal_to_each_other() -> None:
    chip = Chip()
    for _ in range(600):
        chip.read(powers_w=(3597.0, float("nan"), 3618.0), frequency_hz=float("nan"))
    assert chip.trust is ChipTrust.FROZEN


@pytest.mark.parametrize(
    "missing", [{"voltages_v": None}, {"powers_w": None, "frequency_hz": None}]
)
def test_values_that_a_chip_does_not_have_do_not_change(missing: dict[str, Any]) -> None:
    chip = Chip()
    chip.read(6.0, **missing)
    assert chip.trust is ChipTrust.FROZEN


# --- the contactor has opened --------------------------------------------------------------------


@pytest.mark.req("ERR-8007", "ERR-8002")
def test_currents_of_the_closed_contactor_prove_none_through_the_open_one() -> None:
    chip = Chip()
    assert chip.read(1.0) is ChipTrust.MEASURES
    assert chip.read(is_open=True) is ChipTrust.OF_CLOSED
    assert chip.read(3.97, is_open=True) is ChipTrust.OF_CLOSED
    assert chip.read(0.03, is_open=True) is ChipTrust.FROZEN
    assert chip.read(0.0) is ChipTrust.FROZEN  # closed again, and still the same


@pytest.mark.req("ERR-8007")
def test_a_current_that_changes_with_the_contactor_open_is_one() -> None:
    chip = Chip()
    chip.read(1.0)
    chip.read(0.1, is_open=True)
    assert chip.read(is_open=True, frequency_hz=50.02) is ChipTrust.MEASURES
    chip.read(currents_a=NONE, is_open=True)
    assert chip.read(is_open=True) is ChipTrust.MEASURES


@pytest.mark.req("ERR-8007", "ERR-8002")
def test_a_process_that_starts_with_a_frozen_chip_takes_its_current_for_none() -> None:
    chip = Chip()
    assert chip.read(is_open=True) is ChipTrust.OF_CLOSED
    assert chip.read(4.98, is_open=True) is ChipTrust.OF_CLOSED
    assert chip.read(0.02, is_open=True) is ChipTrust.FROZEN
    chip = Chip()
    chip.read(is_open=True)
    assert chip.read(is_open=True, frequency_hz=50.02) is ChipTrust.MEASURES


def test_a_chip_without_a_load_keeps_the_object() -> None:
    chip = Chip()
    chip.read(currents_a=NONE)
    repetition = chip.repetition
    chip.read(5.0, currents_a=NONE, frequency_hz=49.99)
    assert chip.repetition is repetition
    chip.read()
    repetition = chip.repetition
    chip.read(10.0)
    assert chip.repetition is repetition


@pytest.mark.req("ERR-8007", "ERR-8002")
def test_currents_of_the_closed_contactor_that_come_back_prove_none_through_the_open_one() -> None:
    between = {"currents_a": NONE, "voltages_v": NONE, "powers_w": NONE, "frequency_hz": 0.0}
    chip = Chip()
    chip.read(1.0)
    chip.read(6.0, is_open=True)
    for _ in range(3):
        chip.read(0.05, is_open=True, **between)
        assert chip.read(4.9, is_open=True) is ChipTrust.OF_CLOSED
        assert chip.read(0.2, is_open=True) is ChipTrust.FROZEN
    chip.read(0.05, is_open=True, **between)
    assert chip.read(is_open=True, frequency_hz=50.02) is ChipTrust.MEASURES


@pytest.mark.req("ERR-8007")
def test_the_currents_of_an_earlier_charge_are_not_those_of_the_last_one() -> None:
    chip = Chip()
    chip.read(1.0)
    chip.read(1.0, frequency_hz=50.02)
    chip.read(1.0, is_open=True, currents_a=NONE)
    assert chip.read(is_open=True) is ChipTrust.MEASURES

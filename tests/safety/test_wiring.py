"""Which phases are wired: found out from their voltages, at each limit and a hair beside it."""

import math
from typing import Any

import pytest

from msgs.topics import SIM_POWER
from nodes.safety.chip import HOLD_S, Phases
from nodes.safety.wiring import ALL, NONE, UNKNOWN, Wiring, learn, recall

V230, V0 = (230.0, 230.0, 230.0), (0.0, 0.0, 0.0)
SINGLE = (230.0, 0.0, 0.0)
L1, L1_L3 = (True, False, False), (True, False, True)


def after(
    seconds: float,
    voltages_v: Phases | None,
    wiring: Wiring = UNKNOWN,
    *,
    currents_a: Phases | None = V0,
    is_open: bool = True,
) -> Wiring:
    for _ in range(round(seconds / 0.01)):
        wiring = learn(wiring, 0.01, voltages_v=voltages_v, currents_a=currents_a, is_open=is_open)
    return wiring


@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize(
    ("volt", "counts"), [(0.0, False), (49.9, False), (50.0, True), (159.9, True), (290.0, True)]
)
def test_a_phase_below_50_v_while_another_has_mains_is_not_wired(
    line: int, volt: float, counts: bool
) -> None:
    one, two, three = (volt if line == each else 230.0 for each in range(3))
    wiring = after(1.0, (one, two, three))
    expected = tuple(counts or line != each for each in range(3))
    assert (wiring.wired, wiring.counted) == (expected, expected)


@pytest.mark.parametrize(("volt", "is_known"), [(160.0, True), (159.9, False), (50.0, False)])
def test_without_mains_on_any_phase_nothing_is_known_and_all_phases_count(
    volt: float, is_known: bool
) -> None:
    wiring = after(60.0, (0.0, volt, 0.0))
    assert wiring.is_known is is_known
    assert wiring.wired == ((False, True, False) if is_known else NONE)
    assert wiring.counted == ((False, True, False) if is_known else ALL)


@pytest.mark.parametrize("voltages_v", [None, V0, (math.nan,) * 3, (49.9, 0.0, math.nan)])
def test_no_phase_is_learnt_without_mains_or_from_a_silent_chip(voltages_v: Phases | None) -> None:
    for wiring in (UNKNOWN, after(0.05, SINGLE), after(1.0, SINGLE), after(1.0, V230)):
        taught = after(600.0, voltages_v, wiring)
        assert (taught.seen, taught.is_known) == (wiring.seen, wiring.is_known)


def test_the_wiring_is_known_after_more_than_one_reading_that_has_all_voltages() -> None:
    wiring = after(1.0, (230.0, math.nan, 0.0))
    assert (wiring.ever, wiring.is_known) == (L1, False)
    wiring = after(0.6, SINGLE, wiring)
    assert not wiring.is_known
    assert after(0.01, SINGLE, wiring).is_known


@pytest.mark.parametrize("volt", [math.nan, -math.inf, -230.0])
def test_a_phase_that_the_chip_does_not_know_is_not_one_below_50_v(volt: float) -> None:
    assert after(60.0, (230.0, volt, 0.0)).counted[1]
    assert after(1.0, (230.0, 0.0, 0.0)).counted == L1


# --- what is remembered ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volt", "is_remembered"), [(50.0, False), (120.0, False), (159.9, False), (160.0, True)]
)
def test_a_phase_is_remembered_once_it_has_had_mains(volt: float, is_remembered: bool) -> None:
    wiring = after(60.0, (230.0, 0.0, volt))
    assert (wiring.wired, wiring.ever) == (L1_L3, L1_L3 if is_remembered else L1)
    wiring = after(0.2, SINGLE, wiring)
    assert wiring.counted == (L1_L3 if is_remembered else L1)


@pytest.mark.parametrize("volt", [60.0, 230.0, 400.0])
def test_one_reading_of_the_chip_is_not_remembered(volt: float) -> None:
    assert SIM_POWER.hold_s <= HOLD_S  # what one reading lasts, and the round before it
    assert after(0.6, V230) != UNKNOWN
    assert (after(0.6, V230).wired, after(0.6, V230).counted) == (NONE, ALL)
    assert after(0.61, V230).wired == ALL
    wiring = after(0.6, (230.0, volt, 0.0), after(1.0, SINGLE))
    assert (wiring.wired, wiring.ever) == ((True, True, False), L1)
    assert after(0.11, SINGLE, wiring).wired == L1


def test_a_late_round_counts_for_0_1_s_at_most() -> None:
    wiring = UNKNOWN
    for _ in range(6):
        wiring = learn(wiring, 60.0, voltages_v=V230, currents_a=V0, is_open=True)
    assert wiring.wired == NONE


def test_a_phase_counts_after_a_tenth_of_a_second() -> None:
    wiring = after(0.10, (230.0, 0.0, 60.0), after(1.0, SINGLE))
    assert wiring.counted == L1
    assert after(0.01, (230.0, 0.0, 60.0), wiring).counted == L1_L3


def test_readings_that_stray_make_no_phase_wired() -> None:
    wiring = after(1.0, SINGLE)
    for _ in range(50):
        wiring = after(0.05, (230.0, 0.0, 230.0), wiring)
        wiring = after(0.05, SINGLE, wiring)
    assert wiring.wired == L1


@pytest.mark.parametrize("volt", [100.0, 230.0])
@pytest.mark.parametrize(
    ("absent_s", "is_wired"), [(0.02, True), (0.04, True), (0.05, False), (0.06, False)]
)
def test_a_phase_that_comes_and_goes_counts_if_it_is_there_for_longer_than_it_is_not(
    volt: float, absent_s: float, is_wired: bool
) -> None:
    wiring = after(1.0, SINGLE)
    for _ in range(20):
        wiring = after(0.05, (230.0, 0.0, volt), wiring)
        wiring = after(absent_s, SINGLE, wiring)
    assert after(0.05, (230.0, 0.0, volt), wiring).wired == (L1_L3 if is_wired else L1)


def test_voltage_behind_a_closed_contactor_counts_and_is_not_remembered() -> None:
    wiring = after(1.0, SINGLE)
    wiring = after(60.0, V230, wiring, is_open=False)  # the vehicle couples L1 over
    assert (wiring.counted, wiring.ever) == (ALL, L1)
    wiring = after(0.2, V230, wiring)  # until the contactor has dropped
    wiring = after(0.5, SINGLE, wiring)
    assert (wiring.counted, wiring.ever) == (L1, L1)


def test_a_phase_that_is_seen_first_while_closed_is_remembered_as_soon_as_it_is_open() -> None:
    wiring = after(60.0, V230, after(1.0, SINGLE), is_open=False)
    assert after(0.61, V230, wiring).ever == ALL


@pytest.mark.parametrize("is_open", [False, True])
def test_what_is_not_known_of_a_phase_neither_adds_nor_subtracts_time(is_open: bool) -> None:
    wiring = after(1.0, SINGLE)
    for _ in range(7):  # 0.63 s with voltage and current
        wiring = after(
            0.09, (230.0, 230.0, 0.0), wiring, currents_a=(16.0, 16.0, 0.0), is_open=is_open
        )
        assert (wiring.ever == L1) is (wiring.seen_s[1] > 0.0)
        unknown = after(
            1.0, (230.0, math.nan, 0.0), wiring, currents_a=(16.0, math.nan, 0.0), is_open=is_open
        )
        assert unknown == wiring
    assert wiring.ever == (True, True, False)


@pytest.mark.parametrize(
    ("amp", "is_remembered"), [(1.0, False), (1.01, True), (-1.01, True), (math.nan, False)]
)
def test_a_phase_that_carries_current_through_a_closed_contactor_is_remembered(
    amp: float, is_remembered: bool
) -> None:
    drawn = (16.0, 0.0, amp)
    for volt in (0.0, 100.0):
        shown = (230.0, 0.0, volt)
        closed = after(0.6, shown, after(1.0, SINGLE), currents_a=drawn, is_open=False)
        assert closed.ever == L1  # one reading
        closed = after(0.01, shown, closed, currents_a=drawn, is_open=False)
        assert closed.ever == (L1_L3 if is_remembered else L1)
    assert after(60.0, SINGLE, closed, currents_a=drawn).ever == closed.ever
    assert after(60.0, SINGLE, after(1.0, SINGLE), currents_a=drawn).ever == L1  # 8007 is its own


def test_no_phase_is_learnt_from_no_current_through_a_closed_contactor() -> None:
    wiring = after(60.0, V230, after(1.0, SINGLE), currents_a=None, is_open=False)
    assert wiring.ever == L1


def test_of_what_is_known_no_time_is_kept() -> None:
    assert after(1.0, V230) == Wiring(seen=ALL, is_known=True)
    wiring = after(1.0, (230.0, 0.0, 60.0))
    assert wiring.live_s[2] == pytest.approx(0.2)
    assert wiring == Wiring(seen=L1, is_known=True, live_s=(0.0, 0.0, wiring.live_s[2]))


def test_a_phase_that_is_lost_stays_wired() -> None:
    wiring = after(600.0, SINGLE, after(1.0, V230))
    assert wiring.wired == ALL
    assert after(1.0, V230, wiring) is wiring


def test_a_phase_that_appears_later_is_wired_from_then_on() -> None:
    wiring = after(600.0, SINGLE)
    assert wiring.wired == L1
    wiring = after(0.7, (230.0, 0.0, 230.0), wiring)
    assert wiring.wired == L1_L3
    assert after(600.0, SINGLE, wiring).wired == L1_L3


def test_phases_that_take_turns_leave_all_three_judged() -> None:
    wiring = UNKNOWN
    for _ in range(100):
        wiring = after(0.05, SINGLE, wiring)
        wiring = after(0.05, (0.0, 230.0, 0.0), wiring)
    assert (wiring.wired, wiring.counted) == (NONE, ALL)


def test_what_a_predecessor_has_kept_counts_once_something_is_known() -> None:
    wiring = recall(UNKNOWN, ALL)
    assert (wiring.wired, wiring.counted, wiring.ever) == (NONE, ALL, ALL)
    wiring = after(0.7, SINGLE, wiring)
    assert (wiring.wired, wiring.counted) == (ALL, ALL)
    dropped = recall(wiring, NONE)
    assert (dropped.wired, dropped.counted) == (L1, L1)


def test_values_of_a_fourth_phase_are_refused() -> None:
    four: Any = (*V230, 230.0)
    for changes in ({"voltages_v": four}, {"voltages_v": V230, "currents_a": four}):
        with pytest.raises(ValueError, match="zip"):
            after(0.01, **changes)


def test_the_same_again_keeps_what_is_known() -> None:
    for voltages_v in (SINGLE, (230.0, 60.0, 0.0)):
        wiring = after(2.0, voltages_v)
        assert after(0.01, voltages_v, wiring) is wiring
    assert after(0.01, (230.0, 0.0, math.nan), after(1.0, SINGLE)) == after(1.0, SINGLE)

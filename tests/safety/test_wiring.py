"""Which phases are wired: found out from their voltages, at each limit and a hair beside it."""

import math

import pytest

from nodes.safety.chip import Phases
from nodes.safety.wiring import ALL, NONE, UNKNOWN, Wired, Wiring, learn, recall

V230, V0 = (230.0, 230.0, 230.0), (0.0, 0.0, 0.0)
SINGLE = (230.0, 0.0, 0.0)
L1: Wired = (True, False, False)


def after(seconds: float, voltages_v: Phases | None, wiring: Wiring = UNKNOWN) -> Wiring:
    for _ in range(round(seconds / 0.01)):
        wiring = learn(wiring, voltages_v, 0.01)
    return wiring


@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize(
    ("volt", "is_wired"), [(0.0, False), (49.9, False), (50.0, True), (159.9, True), (290.0, True)]
)
def test_a_phase_below_50_v_while_another_has_mains_is_not_wired(
    line: int, volt: float, is_wired: bool
) -> None:
    one, two, three = (volt if line == each else 230.0 for each in range(3))
    wiring = after(0.5, (one, two, three))
    expected = tuple(is_wired or line != each for each in range(3))
    assert (wiring.wired, wiring.judged) == (expected, expected)


@pytest.mark.parametrize(("volt", "is_known"), [(160.0, True), (159.9, False), (50.0, False)])
def test_without_mains_on_any_phase_nothing_is_known_and_all_phases_count(
    volt: float, is_known: bool
) -> None:
    wiring = after(60.0, (0.0, volt, 0.0))
    assert wiring.is_known is is_known
    assert wiring.wired == ((False, True, False) if is_known else NONE)
    assert wiring.judged == ((False, True, False) if is_known else ALL)


@pytest.mark.parametrize("voltages_v", [None, V0, (math.nan,) * 3, (49.9, 0.0, math.nan)])
def test_a_dark_box_and_a_silent_chip_teach_nothing(voltages_v: Phases | None) -> None:
    for wiring in (UNKNOWN, after(0.05, SINGLE), after(1.0, SINGLE), after(1.0, V230)):
        taught = after(600.0, voltages_v, wiring)
        assert (taught.seen, taught.is_known) == (wiring.seen, wiring.is_known)


@pytest.mark.parametrize("volt", [math.nan, -math.inf, -230.0])
def test_a_phase_that_the_chip_does_not_know_is_not_one_below_50_v(volt: float) -> None:
    wiring = after(60.0, (230.0, volt, 0.0))
    assert wiring.judged[1]
    assert after(0.2, (230.0, 0.0, 0.0)).judged == L1


def test_a_tenth_of_a_second_makes_it_known_and_no_reading_less() -> None:
    assert after(0.10, V230) != UNKNOWN
    assert (after(0.10, V230).wired, after(0.10, V230).judged) == (NONE, ALL)
    assert after(0.11, V230).wired == ALL
    late = learn(UNKNOWN, V230, 60.0)  # one reading tells little, however late it comes
    assert (late.wired, learn(late, V230, 60.0).wired) == (NONE, ALL)


def test_a_reading_that_strays_makes_no_phase_wired() -> None:
    wiring = after(1.0, SINGLE)
    for _ in range(50):
        wiring = after(0.05, (230.0, 0.0, 230.0), wiring)
        wiring = after(0.05, SINGLE, wiring)
    assert wiring.wired == L1


def test_a_phase_that_is_lost_stays_wired() -> None:
    wiring = after(600.0, SINGLE, after(1.0, V230))
    assert wiring.wired == ALL
    assert after(1.0, V230, wiring) is wiring


def test_a_phase_that_appears_later_is_wired_from_then_on() -> None:
    wiring = after(600.0, SINGLE)
    assert wiring.wired == L1
    wiring = after(0.2, (230.0, 0.0, 60.0), wiring)
    assert wiring.wired == (True, False, True)
    assert after(600.0, SINGLE, wiring).wired == (True, False, True)


def test_what_a_predecessor_has_kept_counts_once_something_is_known() -> None:
    wiring = recall(UNKNOWN, ALL)
    assert (wiring.wired, wiring.judged, wiring.ever) == (NONE, ALL, ALL)
    wiring = after(0.2, SINGLE, wiring)
    assert (wiring.wired, wiring.judged) == (ALL, ALL)
    dropped = recall(wiring, NONE)
    assert (dropped.wired, dropped.judged) == (L1, L1)


def test_the_same_again_keeps_what_is_known() -> None:
    wiring = after(1.0, SINGLE)
    assert learn(wiring, SINGLE, 0.01) is wiring
    assert learn(wiring, (230.0, 0.0, math.nan), 0.01) is wiring

"""Mains and current at each limit, and a hair beside it."""

import math
from typing import Any

import pytest

from bus.moment import Moment
from nodes.safety.supply import (
    QUIET,
    MainsFault,
    Supply,
    SupplyEvaluation,
    carry_over,
    has_mains,
    spend,
    watch,
)

ROUND_S = 0.01
V230 = (230.0, 230.0, 230.0)
NONE = (0.0, 0.0, 0.0)
ALL, L1 = (True, True, True), (True, False, False)


def is_waiting(supply: Supply) -> bool:
    """Return whether something bad has counted time that is not subtracted yet."""
    return any((supply.silent_s, supply.outside_s, supply.far_s, supply.stray_s))


class PowerChip:
    """A meter chip that is read each 10 ms."""

    def __init__(self) -> None:
        self.supply, self.now_s = QUIET, 1000.0
        self.evaluation: SupplyEvaluation | None = None

    def read(self, seconds: float = ROUND_S, **changes: Any) -> SupplyEvaluation:
        given: dict[str, Any] = {
            "voltages_v": V230,
            "currents_a": NONE,
            "counts": ALL,
            "offered_a": 0.0,
            "is_open": True,
            "is_frozen": False,
        }
        for _ in range(max(1, round(seconds / ROUND_S))):
            self.now_s = round(self.now_s + ROUND_S, 6)
            self.supply, self.evaluation = watch(
                self.supply, Moment(self.now_s), ROUND_S, **(given | changes)
            )
        assert self.evaluation is not None
        return self.evaluation


def charging(offered_a: float = 16.0, seconds: float = 20.0) -> PowerChip:
    chip = PowerChip()
    chip.read(seconds, offered_a=offered_a, is_open=False, currents_a=(offered_a - 0.3,) * 3)
    return chip


# --- 8002 ------------------------------------------------------------------------------------


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize(
    ("volt", "is_outside"),
    [
        (160.0, False),
        (159.9, True),
        (0.0, True),
        (-5.0, True),
        (280.0, False),
        (280.1, True),
        (300.0, True),
    ],
)
def test_mains_outside_160_to_280_v_for_a_second(line: int, volt: float, is_outside: bool) -> None:
    chip = PowerChip()
    chip.read(1.0)
    voltages_v = (*V230[:line], volt, *V230[line + 1 :])
    assert not chip.read(1.0, voltages_v=voltages_v).mains
    evaluation = chip.read(voltages_v=voltages_v)
    assert (evaluation.mains is MainsFault.RANGE) is is_outside
    assert evaluation.voltages_v == voltages_v


def test_the_voltages_of_the_phases_that_count_are_published() -> None:
    voltages_v = (150.0, 231.4, 0.0)
    assert PowerChip().read(voltages_v=voltages_v).voltages_v == voltages_v
    assert PowerChip().read(voltages_v=voltages_v, counts=L1).voltages_v == (150.0, None, None)
    assert PowerChip().read(voltages_v=(150.0, math.nan, 0.0)).voltages_v == (150.0, None, 0.0)
    assert PowerChip().read(voltages_v=(math.nan,) * 3).voltages_v is None
    assert PowerChip().read(voltages_v=None).voltages_v is None


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    ("volt", "after_s"), [(300.0, 1.0), (300.1, 0.1), (600.0, 0.1), (math.inf, 0.1)]
)
def test_far_above_there_is_no_second_to_lose(volt: float, after_s: float) -> None:
    chip = PowerChip()
    chip.read(1.0)
    assert not chip.read(after_s, voltages_v=(230.0, volt, 230.0)).mains
    assert chip.read(voltages_v=(230.0, volt, 230.0)).mains


@pytest.mark.req("ERR-8002")
def test_a_dip_is_over_after_as_long_as_it_has_lasted() -> None:
    chip = PowerChip()
    for _ in range(5):
        assert not chip.read(0.9, voltages_v=(150.0,) * 3).mains
        assert not chip.read(0.9).mains
    assert not is_waiting(chip.supply)
    assert not chip.read(0.9, voltages_v=(150.0,) * 3).mains
    assert not chip.read(0.1).mains
    assert chip.read(0.3, voltages_v=(150.0,) * 3).mains  # what comes and goes counts as well


OFFERED: dict[str, Any] = {"offered_a": 16.0, "is_open": False}


@pytest.mark.req("ERR-8002", "ERR-4003", "ERR-8007")
@pytest.mark.parametrize(
    ("bad", "good", "part"),
    [
        ({"voltages_v": (150.0,) * 3}, {}, "outside_s"),
        ({"voltages_v": (301.0,) * 3}, {}, "far_s"),
        ({"voltages_v": None}, {}, "silent_s"),
        ({"currents_a": None}, {}, "silent_s"),
        ({"currents_a": (2.0, 0.0, 0.0)}, {}, "stray_s"),
        (OFFERED | {"currents_a": (19.0,) * 3}, OFFERED | {"currents_a": (15.7,) * 3}, "slow_s"),
        (OFFERED | {"currents_a": (21.0,) * 3}, OFFERED | {"currents_a": (19.0,) * 3}, "fast_s"),
    ],
)
def test_the_time_of_all_that_is_bad_is_given_back_as_fast_as_it_was_counted(
    bad: dict[str, Any], good: dict[str, Any], part: str
) -> None:
    chip = charging() if good else PowerChip()
    chip.read(0.09, **bad)
    assert getattr(chip.supply, part) == pytest.approx(0.09)
    chip.read(0.05, **good)
    assert getattr(chip.supply, part) == pytest.approx(0.04)
    chip.read(0.05, **good)
    assert getattr(chip.supply, part) == 0.0


@pytest.mark.req("ERR-8002", "ERR-4003", "ERR-8007")
@pytest.mark.parametrize("nonsense", [None, (math.nan,) * 3])
@pytest.mark.parametrize(
    ("bad", "part"),
    [
        ({"voltages_v": (290.0,) * 3}, "mains"),
        ({"voltages_v": (400.0,) * 3}, "mains"),
        ({"currents_a": (60.0, 0.0, 0.0), "offered_a": 16.0, "is_open": False}, "has_excess"),
        ({"currents_a": (60.0, 0.0, 0.0)}, "has_stray"),
    ],
)
def test_an_unknown_value_subtracts_no_time(bad: dict[str, Any], part: str, nonsense: Any) -> None:
    chip = PowerChip()
    chip.read(1.0)
    unknown = bad | {"voltages_v": nonsense, "currents_a": nonsense}
    seen = False
    for number in range(250):
        evaluation = chip.read(**(unknown if number % 3 == 0 else bad))
        seen = seen or bool(getattr(evaluation, part))
    assert seen


def test_a_fault_that_has_lasted_is_over_as_soon_as_one_that_has_just_begun() -> None:
    chip = PowerChip()
    assert chip.read(60.0, voltages_v=(150.0,) * 3).mains
    assert not chip.read(0.2).mains


@pytest.mark.req("ERR-8002", "MET-4")
def test_the_voltages_of_phases_that_do_not_count_are_not_judged() -> None:
    assert not PowerChip().read(5.0, counts=L1, voltages_v=(230.0, 0.0, 0.0)).mains
    assert PowerChip().read(5.0, counts=L1, voltages_v=(0.0, 230.0, 230.0)).mains
    assert PowerChip().read(5.0, counts=ALL, voltages_v=(230.0, 0.0, 0.0)).mains
    assert PowerChip().read(5.0, counts=(False, True, False), voltages_v=(0.0, 150.0, 0.0)).mains


@pytest.mark.req("ERR-4003", "ERR-8007")
@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize("unknown", [0.0, math.nan])
def test_the_current_of_a_phase_counts_whatever_is_known_of_its_voltage(
    line: int, unknown: float
) -> None:
    drawn = [unknown, unknown, unknown]
    drawn[line] = 32.0
    counts = tuple(line != each and each == (line + 1) % 3 for each in range(3))
    drawn[(line + 1) % 3] = 0.0
    given: dict[str, Any] = {"counts": counts, "currents_a": tuple(drawn)}
    evaluation = PowerChip().read(1.2, **given)
    assert (evaluation.has_stray, evaluation.is_unloaded, evaluation.most_a) == (True, False, 32.0)
    assert charging().read(1.2, offered_a=16.0, is_open=False, **given).has_excess


@pytest.mark.req("ERR-8002", "ERR-4003", "ERR-8007")
@pytest.mark.parametrize(
    ("bad", "part", "after_s"),
    [
        ({"voltages_v": (150.0, math.nan, 230.0)}, "mains", 1.0),
        ({"voltages_v": (230.0, 400.0, math.nan)}, "mains", 0.1),
        (
            {"currents_a": (21.0, math.nan, 0.0), "offered_a": 16.0, "is_open": False},
            "has_excess",
            1.0,
        ),
        ({"currents_a": (math.nan, 0.0, 2.0)}, "has_stray", 1.0),
    ],
)
def test_what_is_known_of_one_phase_counts_though_another_is_not_known(
    bad: dict[str, Any], part: str, after_s: float
) -> None:
    chip = PowerChip()
    chip.read(1.0)
    assert not getattr(chip.read(after_s, **bad), part)
    evaluation = chip.read(**bad)
    assert getattr(evaluation, part)
    assert evaluation.mains is not MainsFault.SILENT
    assert not evaluation.is_unloaded or "voltages_v" in bad


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    ("volt", "is_inside"),
    [(164.9, False), (165.0, True), (275.0, True), (275.1, False)],
)
def test_mains_are_stable_after_30_s_in_range(volt: float, is_inside: bool) -> None:
    chip = PowerChip()
    assert not chip.read(30.0, voltages_v=(230.0, volt, 230.0)).is_stable
    assert chip.read(voltages_v=(230.0, volt, 230.0)).is_stable is is_inside
    assert not chip.read(voltages_v=(150.0,) * 3).is_stable
    assert not chip.read(29.9).is_stable


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    "changes",
    [
        {"voltages_v": None, "currents_a": None},
        {"voltages_v": None},
        {"currents_a": None},
        {"voltages_v": (math.nan, 230.0, 230.0)},
        {"currents_a": (math.nan, 0.0, 0.0)},
        {"currents_a": (math.nan, math.nan, math.nan)},
    ],
)
def test_a_chip_with_impossible_values_is_silent_and_8002_after_5_s(
    changes: dict[str, Any],
) -> None:
    chip = PowerChip()
    chip.read(1.0)
    evaluation = chip.read(5.0, **changes)
    assert not evaluation.mains
    assert is_waiting(chip.supply)
    evaluation = chip.read(**changes)
    assert evaluation.mains is MainsFault.SILENT
    assert not chip.read(0.2).mains


@pytest.mark.parametrize(
    "changes",
    [
        {"voltages_v": (230.0, -1.0, 1e6)},
        {"currents_a": (0.0, 1e6, -1e6)},
        {
            "voltages_v": (230.0, math.nan, math.nan),
            "counts": L1,
        },  # what does not count says nothing
        {"currents_a": (0.0, math.nan, 0.0), "counts": L1},
        {"currents_a": (0.0, math.nan, 9.0), "counts": L1},  # a current counts on every phase
    ],
)
def test_a_chip_is_heard_only_with_every_number_of_a_phase_that_counts(
    changes: dict[str, Any],
) -> None:
    chip = PowerChip()
    evaluation = chip.read(6.0, **changes)
    assert evaluation.mains is not MainsFault.SILENT
    assert chip.supply.silent_s == 0.0
    has_number = "counts" not in changes or 9.0 in changes.get("currents_a", ())
    assert (evaluation.has_stray or evaluation.mains is not None) is has_number


@pytest.mark.parametrize(
    ("currents_a", "is_unloaded"),
    [
        ((0.0, 0.0, 0.0), True),
        ((0.99, -0.99, 0.0), True),
        ((1.0, 0.0, 0.0), False),
        ((0.0, 0.0, -1.0), False),
        ((math.nan, 0.0, 0.0), False),
        (None, False),
    ],
)
def test_unloaded_is_below_one_ampere_on_every_phase(
    currents_a: tuple[float, float, float] | None, is_unloaded: bool
) -> None:
    assert PowerChip().read(currents_a=currents_a).is_unloaded is is_unloaded


# --- 4003 ------------------------------------------------------------------------------------


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize("offered_a", [6.0, 16.0, 32.0])
@pytest.mark.parametrize("line", range(3))
@pytest.mark.parametrize(("beside_a", "is_excess"), [(0.01, True), (0.0, False), (-0.01, False)])
def test_more_than_was_offered_for_seven_seconds(
    offered_a: float, line: int, beside_a: float, is_excess: bool
) -> None:
    chip = charging(offered_a)
    drawn = [0.0, 0.0, 0.0]
    drawn[line] = (offered_a + 0.5) * 1.1 + beside_a
    given: dict[str, Any] = {"offered_a": offered_a, "is_open": False, "currents_a": tuple(drawn)}
    assert not chip.read(7.0, **given).has_excess
    assert chip.read(**given).has_excess is is_excess


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize(("drawn_a", "is_fast"), [(20.1, True), (20.0, False), (-20.1, True)])
def test_a_quarter_more_than_was_offered_for_a_second(drawn_a: float, is_fast: bool) -> None:
    chip = charging()
    given: dict[str, Any] = {
        "offered_a": 16.0,
        "is_open": False,
        "currents_a": (drawn_a, 0.0, 0.0),
    }
    assert not chip.read(1.0, **given).has_excess
    assert chip.read(**given).has_excess is is_fast


@pytest.mark.req("ERR-4003")
def test_a_vehicle_has_five_seconds_to_follow_a_lowered_offer() -> None:
    chip = charging()
    given: dict[str, Any] = {
        "offered_a": 6.0,
        "is_open": False,
        "currents_a": (15.7, 15.7, 15.7),
    }
    assert not chip.read(6.0, **given).has_excess
    evaluation = chip.read(0.05, **given)
    assert evaluation.has_excess
    assert evaluation.most_a == 15.7


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize(("falls_a_s", "delay_s"), [(1.0, 3.0), (2.0, 2.0), (0.5, 4.9), (4.0, 4.9)])
def test_a_vehicle_that_follows_a_falling_offer_in_time_draws_nothing_too_much(
    falls_a_s: float, delay_s: float
) -> None:
    chip = charging(32.0)
    for number in range(round(26.0 / falls_a_s / ROUND_S)):
        passed_s = number * ROUND_S
        followed_a = min(32.0, 32.0 - falls_a_s * (passed_s - delay_s))
        evaluation = chip.read(
            offered_a=32.0 - falls_a_s * passed_s,
            is_open=False,
            currents_a=(followed_a - 0.3,) * 3,
        )
        assert not evaluation.has_excess
    assert len(chip.supply.lowered) <= 22


@pytest.mark.req("ERR-4003")
def test_250_a_are_no_silence() -> None:
    chip = charging()
    given: dict[str, Any] = {"offered_a": 16.0, "is_open": False, "currents_a": (250.0,) * 3}
    assert not chip.read(1.0, **given).has_excess
    assert chip.read(**given).has_excess


@pytest.mark.req("ERR-4003")
def test_a_raised_offer_gives_no_grace() -> None:
    chip = charging(6.0, seconds=0.01)
    given: dict[str, Any] = {"offered_a": 10.0, "is_open": False, "currents_a": (20.0, 0.0, 0.0)}
    assert not chip.read(1.0, **given).has_excess
    assert chip.read(**given).has_excess


@pytest.mark.req("ERR-4003")
def test_without_an_offer_the_vehicle_has_its_six_seconds_and_open_it_is_no_excess() -> None:
    chip = charging()
    drawn = (15.7, 15.7, 15.7)
    assert not chip.read(10.0, offered_a=0.0, is_open=False, currents_a=drawn).has_excess
    assert not charging().read(10.0, offered_a=6.0, is_open=True, currents_a=drawn).has_excess


# --- current where none can be -----------------------------------------------------------------


@pytest.mark.req("ERR-8007")
@pytest.mark.parametrize(
    ("drawn_a", "is_stray"), [(1.0, False), (1.01, True), (-1.01, True), (16.0, True)]
)
def test_current_through_an_open_contactor_for_a_second(drawn_a: float, is_stray: bool) -> None:
    chip = PowerChip()
    assert not chip.read(1.0, currents_a=(0.0, drawn_a, 0.0)).has_stray
    assert is_waiting(chip.supply) is is_stray
    evaluation = chip.read(currents_a=(0.0, drawn_a, 0.0))
    assert evaluation.has_stray is is_stray
    assert evaluation.most_a == abs(drawn_a)


def test_current_through_a_closed_contactor_is_none_of_it() -> None:
    assert not charging().read(5.0, offered_a=16.0, is_open=False, currents_a=(16.0,) * 3).has_stray


# --- holds -------------------------------------------------------------------------------------


@pytest.mark.req("ERR-8002", "ERR-4003", "ERR-8007")
@pytest.mark.parametrize(
    ("part", "hold_s", "changes"),
    [
        ("mains", 1.0, {"voltages_v": (150.0, 230.0, 230.0)}),
        ("mains", 0.1, {"voltages_v": (301.0, 230.0, 230.0)}),
        ("mains", 5.0, {"currents_a": None}),
        ("is_stable", 30.0, {}),
        ("has_excess", 7.0, {"offered_a": 16.0, "is_open": False, "currents_a": (19.0, 0.0, 0.0)}),
        ("has_excess", 1.0, {"offered_a": 16.0, "is_open": False, "currents_a": (21.0, 0.0, 0.0)}),
        ("has_stray", 1.0, {"currents_a": (2.0, 0.0, 0.0)}),
    ],
)
def test_a_hold_ends_to_the_point(part: str, hold_s: float, changes: dict[str, Any]) -> None:
    given: dict[str, Any] = {
        "voltages_v": V230,
        "currents_a": NONE,
        "counts": ALL,
        "offered_a": 0.0,
        "is_open": True,
        "is_frozen": False,
    } | changes
    supply = QUIET
    step_s = 1.0 / 32.0  # a float holds it exactly
    count = math.floor(hold_s / step_s)
    for number in range(count):
        supply, evaluation = watch(supply, Moment(number * step_s), step_s, **given)
        assert not getattr(evaluation, part)
    assert getattr(watch(supply, Moment(count * step_s), step_s, **given)[1], part)


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize(("after_s", "is_counted"), [(4.99, False), (5.0, True)])
def test_the_time_to_follow_a_lowered_offer_ends_to_the_point(
    after_s: float, is_counted: bool
) -> None:
    given: dict[str, Any] = {
        "voltages_v": V230,
        "currents_a": (15.7, 15.7, 15.7),
        "counts": ALL,
        "is_open": False,
        "is_frozen": False,
    }
    supply, _ = watch(QUIET, Moment(-1.0), 0.01, offered_a=16.0, **given)
    supply, _ = watch(supply, Moment(0.0), 0.01, offered_a=6.0, **given)
    supply, _ = watch(supply, Moment(after_s), 0.01, offered_a=6.0, **given)
    assert (supply.fast_s > 0.0) is is_counted


@pytest.mark.req("ERR-4003")
@pytest.mark.parametrize(("beside_s", "kept"), [(0.24, 1), (0.25, 2)])
def test_offers_that_are_lowered_at_nearly_the_same_time_are_kept_as_the_larger(
    beside_s: float, kept: int
) -> None:
    given: dict[str, Any] = {
        "voltages_v": V230,
        "currents_a": NONE,
        "counts": ALL,
        "is_open": False,
        "is_frozen": False,
    }
    supply = QUIET
    for at_s, offered_a in ((0.0, 32.0), (1.0, 20.0), (1.0 + beside_s, 10.0)):
        supply, _ = watch(supply, Moment(at_s), 0.01, offered_a=offered_a, **given)
    assert len(supply.lowered) == kept
    assert max(left_a for _, left_a in supply.lowered) == 32.0
    assert supply.lowered[-1][0] == 1.0 + beside_s
    for at_s, offered_a in ((3.0, 8.0), (3.1, 7.0)):
        supply, _ = watch(supply, Moment(at_s), 0.01, offered_a=offered_a, **given)
    assert len(supply.lowered) == kept + 1
    assert supply.lowered[0][1] == 32.0


@pytest.mark.parametrize(
    ("spent_s", "is_bad", "since_s", "after_s"),
    [
        (0.5, True, 0.01, 0.51),
        (0.5, False, 0.01, 0.49),
        (0.5, None, 0.01, 0.5),
        (0.005, False, 0.01, 0.0),
        (0.5, True, 5.0, 0.6),  # a round stands for no more than 0.1 s
        (0.5, False, 5.0, 0.4),
        (1.095, True, 0.01, 1.1),  # little more than too much is kept
        (0.1, True, 0.0000004, 0.1),
    ],
)
def test_time_is_spent_and_given_back(
    spent_s: float, is_bad: bool | None, since_s: float, after_s: float
) -> None:
    assert spend(spent_s, is_bad, since_s, 1.0) == pytest.approx(after_s, abs=1e-9)


# --- stale inputs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("voltages_v", "load_voltage", "expected"),
    [
        (NONE, False, False),
        ((49.9, 49.9, 49.9), False, False),
        ((0.0, 0.0, 50.0), False, True),
        ((math.nan, 0.0, 0.0), False, None),
        (None, False, None),
        (None, True, True),
        (NONE, True, True),
        (V230, False, True),
    ],
)
def test_mains_are_seen_by_the_chip_or_behind_the_contactor(
    voltages_v: tuple[float, float, float] | None, load_voltage: bool, expected: bool | None
) -> None:
    assert has_mains(voltages_v, load_voltage) is expected


def test_no_time_is_subtracted_and_nothing_is_stable_over_a_failed_reading() -> None:
    chip = charging()
    chip.read(0.9, voltages_v=(150.0,) * 3, offered_a=6.0, is_open=False)
    before = chip.supply
    assert before.outside_s == pytest.approx(0.9)
    assert carry_over(before) == before
    chip.read(2.0)
    assert chip.supply.inside_since_s is not None
    blinked = carry_over(chip.supply)
    assert blinked.inside_since_s is None
    assert carry_over(blinked) is blinked


@pytest.mark.req("ERR-8002")
def test_a_frozen_chip_is_a_silence_that_has_lasted() -> None:
    chip = PowerChip()
    assert chip.read(1.0).mains is None
    frozen: dict[str, Any] = {"voltages_v": None, "currents_a": None, "is_frozen": True}
    evaluation = chip.read(**frozen)
    assert evaluation.mains is MainsFault.SILENT
    assert not evaluation.is_unloaded
    assert not chip.read(60.0, **frozen).is_stable
    assert not chip.read(0.2).mains  # it measures again
    assert not chip.read(29.7).is_stable
    assert chip.read(0.2).is_stable


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize("unknown", [{"currents_a": None}, {"currents_a": (math.nan, 0.0, 0.0)}])
def test_mains_of_which_a_current_is_not_known_are_not_stable(unknown: dict[str, Any]) -> None:
    chip = PowerChip()
    assert chip.read(31.0).is_stable
    assert not chip.read(**unknown).is_stable


def test_a_late_round_stands_for_0_1_s_at_most() -> None:
    chip = PowerChip()
    chip.read(1.0)
    for _ in range(9):
        chip.now_s += 60.0
        chip.supply, evaluation = watch(
            chip.supply,
            Moment(chip.now_s),
            60.0,
            voltages_v=(150.0,) * 3,
            currents_a=NONE,
            counts=ALL,
            offered_a=0.0,
            is_open=True,
            is_frozen=False,
        )
        assert not evaluation.mains


@pytest.mark.parametrize(
    "changes",
    [
        {"voltages_v": (*V230, 230.0)},
        {"currents_a": (*NONE, math.nan)},
        {"counts": (True, False)},
        {"counts": (True, True), "voltages_v": (math.nan, 230.0, 230.0)},
    ],
)
def test_values_of_more_or_fewer_phases_than_count_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="zip"):
        PowerChip().read(**changes)


def test_the_same_again_keeps_what_was_watched() -> None:
    chip = PowerChip()
    chip.read(1.0)
    supply = chip.supply
    chip.read(1.0)
    assert chip.supply is supply
    assert not is_waiting(supply)

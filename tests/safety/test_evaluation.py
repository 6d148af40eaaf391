"""One reading evaluated: nonsense refused, strays ignored, limits of DIP and temperature."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from bus.moment import Moment
from msgs.pilot import CpState
from nodes.safety.chain import ChainReading
from nodes.safety.chip import HOLD_S
from nodes.safety.cleaned import cleaned
from nodes.safety.evaluation import (
    NOTHING_EVALUATED,
    Evaluation,
    EvaluationState,
    Stale,
    evaluate,
    forget,
)
from nodes.safety.supply import QUIET, MainsFault

READING = ChainReading(
    high_v=6.0,
    low_v=-12.0,
    duty_percent=26.7,
    mirror_closed=True,
    load_voltage=False,
    residual_ac=False,
    residual_dc=False,
    earth_ohm=0.8,
    terminal_c=30.0,
    board_c=25.0,
    overtemperature=False,
    dip1=0b00000101,
    dip2=0,
    external_closed=True,
    power_on_reset=False,
    currents_a=(0.0, 0.0, 0.0),
    voltages_v=(230.0, 230.0, 230.0),
    powers_w=(0.0, 0.0, 0.0),
    frequency_hz=50.0,
)


ROUND_S = 0.01


def read(
    state: EvaluationState,
    times: int = 1,
    is_open: bool = True,
    earth_loop: bool = True,
    **changes: Any,
) -> tuple[EvaluationState, Evaluation | Stale]:
    evaluation: Evaluation | Stale = Stale.SILENT
    for number in range(times):
        state, evaluation = evaluate(
            state,
            replace(READING, **changes),
            Moment(number * ROUND_S),
            ROUND_S,
            earth_loop=earth_loop,
            is_open=is_open,
        )
    return state, evaluation


def seen(
    state: EvaluationState,
    times: int = 1,
    is_open: bool = True,
    earth_loop: bool = True,
    **changes: Any,
) -> Evaluation:
    evaluation = read(state, times, is_open, earth_loop, **changes)[1]
    assert isinstance(evaluation, Evaluation)
    return evaluation


SETTLED = read(NOTHING_EVALUATED, 80)[0]  # three phases are known


@pytest.mark.parametrize("name", ["high_v", "low_v", "duty_percent"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -14.05, 200.0])
def test_a_pilot_that_cannot_be_measured_is_no_reading(name: str, value: float) -> None:
    assert read(SETTLED, 1, True, True, **{name: value}) == (forget(SETTLED), Stale.NONSENSE)


@pytest.mark.parametrize(
    ("name", "value", "is_reading"),
    [
        ("high_v", 13.5, True), ("high_v", 13.51, False),
        ("high_v", -13.5, True), ("high_v", -13.51, False),
        ("low_v", 13.5, True), ("low_v", 13.51, False),
        ("low_v", -13.5, True), ("low_v", -13.51, False),
        ("duty_percent", 0.0, True), ("duty_percent", -0.01, False),
        ("duty_percent", 100.0, True), ("duty_percent", 100.01, False),
    ],
)  # fmt: skip
def test_what_can_be_measured_ends_at_the_rails(name: str, value: float, is_reading: bool) -> None:
    seen = read(SETTLED, 1, True, True, **{name: value})[1]
    assert (seen is not Stale.NONSENSE) is is_reading


def test_the_reading_itself_is_handed_on() -> None:
    evaluation = seen(SETTLED, high_v=6.1, low_v=-11.9, duty_percent=50.0, board_c=31.0)
    assert (evaluation.high_v, evaluation.low_v, evaluation.duty_percent) == (6.1, -11.9, 50.0)
    assert (evaluation.offered_a, evaluation.temperature_c) == (30.0, 31.0)


def test_no_reading_forgets_the_pilot_and_keeps_switches_heat_and_phases() -> None:
    hot, _ = read(SETTLED, 10, board_c=90.0, dip2=1)
    state, evaluation = evaluate(hot, None, Moment(0.0), ROUND_S, earth_loop=True, is_open=True)
    assert evaluation is Stale.SILENT
    assert state == EvaluationState(
        switches=replace(hot.switches, reads=(), closed_reads=()),
        derating=replace(hot.derating, celsius=None, since_s=0.0, is_leaping=False),
        repetition=hot.repetition,
        supply=replace(hot.supply, inside_since_s=None),
        wiring=hot.wiring,
    )
    assert evaluate(state, None, Moment(0.0), ROUND_S, earth_loop=True, is_open=True)[0] is state


def test_the_switches_count_after_three_readings_though_state_a_does_after_two() -> None:
    assert seen(NOTHING_EVALUATED, 2, high_v=12.0).cp is CpState.A
    assert not seen(NOTHING_EVALUATED, 2, high_v=12.0).is_settled
    assert seen(NOTHING_EVALUATED, 3, high_v=12.0).is_settled


def test_what_was_forgotten_counts_again_after_three_readings() -> None:
    assert not seen(NOTHING_EVALUATED, 2).is_settled
    assert seen(NOTHING_EVALUATED, 3).is_settled
    assert not seen(NOTHING_EVALUATED, 3, high_v=7.5).is_settled
    assert seen(NOTHING_EVALUATED, 4, high_v=7.5).is_settled


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize(
    ("voltages_v", "load_voltage", "is_dark"),
    [
        ((0.0, 0.0, 0.0), False, True),
        ((49.9, 0.0, 0.0), False, True),
        ((0.0, 50.0, 0.0), False, False),  # one phase is enough to feed the box
        ((math.nan, math.nan, math.nan), False, False),  # impossible values prove no loss of mains
        (None, False, False),  # nobody knows
        ((0.0, 0.0, 0.0), True, False),  # there is voltage behind the contactor
        (None, True, False),
        (None, None, False),
    ],
)
def test_without_mains_0_v_is_no_shorted_pilot(
    voltages_v: tuple[float, float, float] | None, load_voltage: bool, is_dark: bool
) -> None:
    evaluation = read(
        SETTLED, 1, high_v=0.0, low_v=0.0, voltages_v=voltages_v, load_voltage=load_voltage
    )[1]
    assert (evaluation is Stale.NO_MAINS) is is_dark


@pytest.mark.parametrize("voltages_v", [None, (math.nan, 0.0, 0.0)])
def test_0_v_beside_a_silent_chip_is_neither_no_mains_nor_a_short(
    voltages_v: tuple[float, float, float] | None,
) -> None:
    assert read(SETTLED, 1, high_v=0.0, voltages_v=voltages_v)[1] is Stale.UNCLEAR


@pytest.mark.req("ERR-8")
def test_0_v_that_settles_is_judged_once_the_chips_voltages_are_all_younger() -> None:
    assert isinstance(read(SETTLED, 2, high_v=0.0)[1], Evaluation)  # a stray reading is not stale
    state, evaluation = read(SETTLED, 3, high_v=0.0)  # the third at 0.02 s
    assert evaluation is Stale.UNCLEAR
    assert state.chip_knows_s == 2 * ROUND_S + HOLD_S
    assert read(state, 52, high_v=0.0)[1] is Stale.UNCLEAR  # the last at 0.51 s
    assert seen(state, 53, high_v=0.0).cp is None  # and then it has to settle
    assert seen(state, 55, high_v=0.0).cp is CpState.E


@pytest.mark.parametrize(
    ("between", "is_kept"),
    [
        ({"high_v": 0.0, "voltages_v": None}, True),
        ({"high_v": 0.0, "voltages_v": (0.0, 0.0, 0.0)}, False),
        ({"high_v": math.nan}, False),
        ({"high_v": 9.0}, False),
        ({"high_v": 7.5}, False),
    ],
)
def test_what_is_not_0_v_or_shows_no_mains_begins_the_wait_again(
    between: dict[str, Any], is_kept: bool
) -> None:
    state, _ = read(SETTLED, 3, high_v=0.0)
    knows_s = state.chip_knows_s
    after, _ = read(state, 1, **between)
    assert after.chip_knows_s == (knows_s if is_kept else None)
    assert forget(after).chip_knows_s is None


def test_voltage_behind_the_contactor_ends_the_wait() -> None:
    state, _ = read(SETTLED, 3, high_v=0.0)
    state, evaluation = read(state, 1, high_v=0.0, load_voltage=True)
    assert isinstance(evaluation, Evaluation)
    assert isinstance(read(state, 1, high_v=0.0)[1], Evaluation)


def test_a_pilot_that_shows_anything_but_0_v_has_mains() -> None:
    assert isinstance(read(SETTLED, 1, high_v=1.26, voltages_v=(0.0, 0.0, 0.0))[1], Evaluation)
    assert read(SETTLED, 1, high_v=1.25, voltages_v=(0.0, 0.0, 0.0))[1] is Stale.NO_MAINS


@pytest.mark.req("ERR-8002")
def test_without_mains_no_phase_is_forgotten_and_none_is_learnt() -> None:
    no_mains = {"high_v": 0.0, "low_v": 0.0, "voltages_v": (0.0, 0.0, 0.0)}
    for state in (SETTLED, NOTHING_EVALUATED):
        assert read(state, 100, **no_mains)[0].wiring == state.wiring  # type: ignore[arg-type]
    state, _ = read(SETTLED, 100, **no_mains)  # type: ignore[arg-type]
    assert seen(state, 110, voltages_v=(230.0, 0.0, 230.0)).mains is MainsFault.RANGE


@pytest.mark.req("ERR-8002", "ERR-P")
def test_without_mains_no_time_of_a_supply_that_is_wrong_is_kept() -> None:
    state, _ = read(SETTLED, 50, voltages_v=(150.0, 230.0, 230.0))
    assert state.supply.outside_s == pytest.approx(0.5)
    no_mains: dict[str, Any] = {"high_v": 0.0, "low_v": 0.0, "voltages_v": (0.0, 0.0, 0.0)}
    state, evaluation = read(state, 1, **no_mains)
    assert (evaluation, state.supply) == (Stale.NO_MAINS, QUIET)


@pytest.mark.req("ERR-8")
@pytest.mark.parametrize(
    ("high_v", "duty_percent", "is_minus"),
    [
        (-12.0, 100.0, True),
        (-10.0, 26.7, True),
        (-9.99, 26.7, False),
        (-12.0, 0.0, False),  # state F: the box itself has put it there
        (-12.0, 1.0, False),  # the same, as a reading may have it
        (-12.0, 1.01, True),
        (6.0, 26.7, False),
    ],
)
def test_a_line_at_minus_12_v_that_nobody_drives_there_counts_after_three_readings(
    high_v: float, duty_percent: float, is_minus: bool
) -> None:
    changes: dict[str, Any] = {"high_v": high_v, "low_v": -12.0, "duty_percent": duty_percent}
    assert not seen(SETTLED, 2, **changes).is_minus
    assert seen(SETTLED, 3, **changes).is_minus is is_minus


# --- the vehicle's diode ----------------------------------------------------------------------


@pytest.mark.req("ERR-5")
@pytest.mark.parametrize(
    ("low_v", "has_diode"),
    [
        (-12.0, True),
        (-13.25, True),  # hardware: -12 V, as wide as the other windows
        (-10.75, True),
        (-10.74, False),
        (-13.26, False),
        (-8.8, False),
        (0.0, False),
        (6.0, False),
    ],
)
def test_the_low_plateau_shows_the_diode(low_v: float, has_diode: bool) -> None:
    assert seen(NOTHING_EVALUATED, 10, low_v=low_v).has_diode is has_diode


def test_the_diode_is_proven_by_three_readings() -> None:
    assert seen(NOTHING_EVALUATED, 2).has_diode is None
    assert seen(NOTHING_EVALUATED, 3).has_diode is True


def test_a_lost_diode_is_seen_within_40_ms_and_a_single_stray_ignored() -> None:
    assert seen(SETTLED, 1, low_v=-6.0).has_diode is None
    assert seen(SETTLED, 3, low_v=-6.0).has_diode is None
    assert seen(SETTLED, 4, low_v=-6.0).has_diode is False
    state, _ = read(SETTLED, 1, low_v=-6.0)
    assert seen(state, 3).has_diode is True


def test_a_diode_that_was_missing_has_to_be_seen_for_longer() -> None:
    state, _ = read(SETTLED, 100, low_v=-6.0)
    assert seen(state, 1).has_diode is None
    assert seen(state, 7).has_diode is None
    assert seen(state, 8).has_diode is True


@pytest.mark.parametrize("changes", [{"duty_percent": 100.0, "low_v": 6.0}, {"high_v": 12.0}])
def test_after_a_reading_that_can_show_no_diode_it_is_proven_again(changes: dict[str, Any]) -> None:
    for before in (SETTLED, read(SETTLED, 10, low_v=-6.0)[0]):
        state, _ = read(before, 1, **changes)
        assert seen(state, 2).has_diode is None
        assert seen(state, 3).has_diode is True


def test_a_diode_that_comes_and_goes_is_missing() -> None:
    state = SETTLED
    for _ in range(6):
        state, _ = read(state, 1, low_v=-6.0)
        state, _ = read(state, 1)
    assert seen(state, 1, low_v=-6.0).has_diode is False


@pytest.mark.parametrize(
    "changes",
    [
        {"duty_percent": 100.0, "low_v": 6.0},  # x1 has no negative half
        {"duty_percent": 0.0},
        {"duty_percent": 5.0},
        {"duty_percent": 97.0},
        {"high_v": 12.0},  # nobody there whose diode it could be
        {"high_v": 0.0},
    ],
)
def test_without_pwm_on_a_vehicle_no_diode_is_proven(changes: dict[str, Any]) -> None:
    assert seen(SETTLED, 1, **changes).has_diode is None


@pytest.mark.parametrize(
    ("low_v", "is_mirrored"),
    [(-6.0, True), (-4.75, True), (-4.74, False), (-7.25, True), (-7.26, False), (-9.0, False)],
)
def test_halves_that_mirror_each_other_are_a_load_without_diode(
    low_v: float, is_mirrored: bool
) -> None:
    assert seen(SETTLED, low_v=low_v).is_mirrored is is_mirrored


@pytest.mark.parametrize(
    ("duty_percent", "has_pwm"),
    [(7.99, False), (8.0, True), (10.0, True), (26.7, True), (96.9, True), (97.0, False)],
)
def test_pwm_is_a_duty_that_offers_current(duty_percent: float, has_pwm: bool) -> None:
    assert seen(SETTLED, duty_percent=duty_percent).has_pwm is has_pwm


# --- the state --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("high_v", "is_plugged", "asks"),
    [
        (12.0, False, False),
        (9.0, True, False),
        (6.0, True, True),
        (3.0, True, True),
        (0.0, False, False),
        (-12.0, False, False),
        (7.5, False, False),
    ],
)
def test_a_vehicle_is_there_in_b_c_and_d_and_asks_in_c_and_d(
    high_v: float, is_plugged: bool, asks: bool
) -> None:
    evaluation = seen(
        SETTLED, 10, high_v=high_v, load_voltage=True
    )  # there are mains: 0 V is a short
    assert (evaluation.is_plugged, evaluation.asks) == (is_plugged, asks)


@pytest.mark.parametrize(
    ("high_v", "duty_percent", "low_v", "is_asking"),
    [
        (6.0, 26.7, -12.0, True),
        (3.0, 26.7, -12.0, True),
        (6.0, 26.7, -6.0, False),  # PWM would show the diode
        (6.0, 100.0, 6.0, True),  # X1 cannot show it
        (9.0, 26.7, -12.0, False),
        (12.0, 26.7, -12.0, False),
        (7.5, 26.7, -12.0, False),
    ],
)
def test_one_reading_asks_in_c_and_d_with_the_diode_where_it_can_be_seen(
    high_v: float, duty_percent: float, low_v: float, is_asking: bool
) -> None:
    for state in (SETTLED, read(SETTLED, 10, high_v=9.0)[0]):
        evaluation = seen(state, high_v=high_v, duty_percent=duty_percent, low_v=low_v)
        assert evaluation.is_asking_now is is_asking


@pytest.mark.req("ERR-R")
def test_a_plug_is_out_after_three_tenths_of_a_second_in_a_and_in_with_the_next_state() -> None:
    unplugged, _ = read(SETTLED, 2, high_v=12.0)  # A counts from the second reading on
    assert not seen(unplugged, 28, high_v=12.0).is_out
    assert seen(unplugged, 29, high_v=12.0).is_out
    out, _ = read(unplugged, 100, high_v=12.0)
    assert seen(out, 2, high_v=9.0).is_out
    assert not seen(out, 3, high_v=9.0).is_out


# --- proofs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mirror_closed", "load_voltage", "is_open", "is_closed"),
    [
        (True, False, True, False),
        (False, True, False, True),
        (True, True, False, False),  # one of the two is wrong: nothing is proven
        (False, False, False, False),
        (None, None, False, False),  # nonsense proves nothing
        (1, 0, False, False),
    ],
)
def test_only_mirror_contact_and_voltage_together_prove_anything(
    mirror_closed: bool, load_voltage: bool, is_open: bool, is_closed: bool
) -> None:
    evaluation = seen(SETTLED, mirror_closed=mirror_closed, load_voltage=load_voltage)
    assert (evaluation.is_proven_open, evaluation.is_proven_closed) == (is_open, is_closed)


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
    assert seen(SETTLED, currents_a=currents_a).is_unloaded is is_unloaded


def test_a_monitor_output_counts_with_its_first_reading() -> None:
    assert seen(SETTLED, residual_ac=True).residual_ac
    assert seen(SETTLED, residual_dc=True).residual_dc
    assert seen(SETTLED, residual_dc=None).residual_dc
    assert seen(SETTLED, residual_ac=None).residual_ac
    assert not seen(SETTLED).residual_ac
    assert not seen(SETTLED).residual_dc


@pytest.mark.parametrize(
    ("load_voltage", "has_voltage"), [(False, False), (True, True), (None, True)]
)
def test_voltage_behind_the_contactor_that_is_not_known_counts_as_one(
    load_voltage: bool, has_voltage: bool
) -> None:
    assert seen(SETTLED, load_voltage=load_voltage).has_voltage is has_voltage


def test_without_a_loop_to_measure_the_earth_is_not_judged() -> None:
    assert not seen(SETTLED, 10, earth_ohm=1e6).has_earth
    assert seen(SETTLED, 100, earth_loop=False, earth_ohm=1e6).has_earth


def test_each_part_is_judged_by_its_own_rules() -> None:
    assert seen(SETTLED, 120, voltages_v=(150.0, 230.0, 230.0)).mains
    assert seen(SETTLED, 120, voltages_v=(230.0, 0.0, 0.0)).mains
    single = (230.0, 0.0, 0.0)
    assert seen(NOTHING_EVALUATED, 120, voltages_v=single).mains is None
    state, _ = read(NOTHING_EVALUATED, 1, voltages_v=single)
    assert seen(state, 120, voltages_v=single, currents_a=(1.1, 0.0, 0.0)).has_stray
    assert seen(state, 120, voltages_v=single, currents_a=(0.0, 1.1, 0.0)).has_stray
    assert seen(SETTLED, 120, currents_a=(0.0, 0.0, 1.1)).has_stray
    assert not seen(SETTLED, 120, is_open=False, currents_a=(0.0, 0.0, 1.1)).has_stray
    assert seen(SETTLED, 120, is_open=False, currents_a=(0.0, 0.0, 21.0)).has_excess
    assert not seen(SETTLED, 120, is_open=False, currents_a=(0.0, 0.0, 19.0)).has_excess
    assert seen(SETTLED, 3, dip2=1).is_commissioning
    assert not seen(SETTLED, 2, power_on_reset=True).is_reset
    assert seen(SETTLED, 3, power_on_reset=True).is_reset
    assert not seen(SETTLED, 3, power_on_reset=True).is_no_reset
    assert seen(SETTLED, 1, power_on_reset=False).is_no_reset
    assert not seen(SETTLED, 3, power_on_reset=None).is_reset
    assert not seen(SETTLED, 3, power_on_reset=None).is_no_reset


@pytest.mark.req("ERR-8002")
def test_mains_are_stable_after_half_a_minute() -> None:
    for now_s, is_stable in ((29.9, False), (30.0, True)):
        moment = Moment(now_s)
        _, evaluation = evaluate(SETTLED, READING, moment, ROUND_S, earth_loop=True, is_open=True)
        assert isinstance(evaluation, Evaluation)
        assert evaluation.mains_are_stable is is_stable


@pytest.mark.req("ERR-8002")
def test_a_phase_is_learnt_from_the_current_that_it_carries() -> None:
    single = (230.0, 0.0, 0.0)
    state, _ = read(NOTHING_EVALUATED, 80, voltages_v=single)
    drawn = (16.0, 0.0, 16.0)
    state, _ = read(state, 70, is_open=False, voltages_v=single, currents_a=drawn)
    assert state.wiring.ever == (True, False, True)


@pytest.mark.req("ERR-RED")
def test_an_earth_is_missing_once_that_is_confirmed_with_the_contactor_proven_open() -> None:
    assert not seen(SETTLED, 209, earth_ohm=1e6).is_earth_missing
    assert seen(SETTLED, 210, earth_ohm=1e6).is_earth_missing
    closed = {"mirror_closed": False, "load_voltage": True}
    assert not seen(SETTLED, 1000, is_open=False, earth_ohm=1e6, **closed).is_earth_missing


LOADED: dict[str, Any] = {"currents_a": (15.7, 15.7, 15.7), "is_open": False}


@pytest.mark.req("ERR-8002")
def test_nothing_that_a_frozen_chip_shows_is_known() -> None:
    evaluation = seen(SETTLED, 500, **LOADED)
    assert (evaluation.mains, evaluation.most_a) == (None, 15.7)
    evaluation = seen(SETTLED, 501, **LOADED)
    assert (evaluation.mains, evaluation.most_a, evaluation.voltages_v) == (
        MainsFault.SILENT,
        None,
        None,
    )
    assert not evaluation.is_unloaded
    assert not evaluation.mains_are_stable


@pytest.mark.req("ERR-8002")
@pytest.mark.parametrize(
    ("moving", "most_a"),
    [
        ({}, None),
        ({"voltages_v": (230.0, 230.0, 230.1)}, 15.7),
        ({"powers_w": (3600.0, 0.0, 0.0)}, 15.7),
        ({"frequency_hz": 50.01}, 15.7),
    ],
)
def test_a_chip_of_which_any_value_moves_is_not_frozen(
    moving: dict[str, Any], most_a: float | None
) -> None:
    state, evaluation = SETTLED, None
    for number in range(61):  # 6 s
        reading = replace(READING, currents_a=(15.7,) * 3, **(moving if number % 2 else {}))
        moment = Moment(0.1 * number)
        state, evaluation = evaluate(state, reading, moment, 0.1, earth_loop=True, is_open=False)
    assert isinstance(evaluation, Evaluation)
    assert evaluation.most_a == most_a


@pytest.mark.req("ERR-8007")
def test_currents_of_the_closed_contactor_are_not_known_once_it_is_open() -> None:
    state, _ = read(SETTLED, 100, **LOADED)
    evaluation = seen(state, 1, currents_a=(15.7, 15.7, 15.7))
    assert (evaluation.most_a, evaluation.voltages_v) == (None, (230.0, 230.0, 230.0))
    assert (evaluation.is_unloaded, evaluation.mains) == (False, None)  # the chip is not silent
    assert seen(state, 1, currents_a=(15.7, 15.7, 15.6)).most_a == 15.7


def test_the_voltages_of_a_frozen_chip_do_not_count() -> None:
    state, _ = read(SETTLED, 1, **LOADED)
    dead = replace(READING, high_v=0.0, low_v=0.0, currents_a=LOADED["currents_a"])
    for now_s, why in ((5.0, Stale.UNCLEAR), (5.01, Stale.UNCLEAR)):
        state, evaluation = evaluate(
            state, dead, Moment(now_s), ROUND_S, earth_loop=True, is_open=True
        )
        assert evaluation is why


@pytest.mark.parametrize(
    "name",
    [
        "high_v",
        "low_v",
        "duty_percent",
        "earth_ohm",
        "terminal_c",
        "board_c",
        "dip1",
        "dip2",
        "currents_a",
        "voltages_v",
        "mirror_closed",
        "load_voltage",
        "residual_ac",
        "residual_dc",
        "overtemperature",
        "power_on_reset",
    ],
)
@pytest.mark.parametrize(
    "garbage", [None, "x", 10**400, True, (), (None, 1, 2), (1.0, 2.0), [], math.nan, -1e308]
)  # fmt: skip
def test_no_garbage_of_any_kind_raises_or_looks_well(name: str, garbage: Any) -> None:
    is_a_value = garbage is True and name in ("mirror_closed", "earth_ohm", "terminal_c", "board_c")
    for state in (NOTHING_EVALUATED, SETTLED):
        evaluation: Evaluation | Stale = Stale.SILENT
        for number in range(60):  # longer than each hold: rounds of 0.1 s
            state, evaluation = evaluate(
                state,
                replace(READING, **{name: garbage}),
                Moment(1000.0 + 0.1 * number),
                0.1,
                earth_loop=True,
                is_open=True,
            )
        if name in ("dip1", "dip2"):
            assert state.switches.installation_limit_a == (10.0 if name == "dip1" else 32.0)
            assert not state.switches.is_commissioning
        elif name == "power_on_reset":
            assert isinstance(evaluation, Evaluation)
            assert evaluation.is_reset is (garbage is True)
        else:
            assert looks_well(evaluation) is is_a_value


@pytest.mark.parametrize("garbage", [None, "x", 1, math.nan, [True]])
def test_garbage_at_the_external_input_is_an_open_contact(garbage: Any) -> None:
    state, evaluation = read(SETTLED, 10, dip1=0x85, external_closed=True)
    assert state.switches.external_enable is True
    state, evaluation = read(state, 10, dip1=0x85, external_closed=garbage)
    assert state.switches.external_enable is False
    assert looks_well(evaluation)


@pytest.mark.parametrize("phases", [None, (1.0, 2.0, 3.0)])
def test_a_reading_of_the_right_kinds_costs_no_second_one(
    phases: tuple[float, float, float] | None,
) -> None:
    reading = replace(READING, currents_a=phases, voltages_v=phases, powers_w=phases)
    assert cleaned(reading) is reading
    reading = replace(READING, frequency_hz=None)
    assert cleaned(reading) is reading


@pytest.mark.parametrize("garbage", ["x", True, (), [], (1.0, 2.0), 10**400])
def test_garbage_among_powers_and_frequency_is_no_value(garbage: Any) -> None:
    assert cleaned(replace(READING, powers_w=garbage)).powers_w is None
    assert type(cleaned(replace(READING, frequency_hz=garbage)).frequency_hz) is float


def test_whole_numbers_are_numbers_and_stay_with_their_part_and_phase() -> None:
    whole: dict[str, Any] = {
        "high_v": 9,
        "low_v": -12,
        "duty_percent": 27,
        "earth_ohm": 1,
        "terminal_c": 30,
        "board_c": 25,
        "currents_a": (1, 2, 3),
        "voltages_v": (228, 231, 233),
        "powers_w": (227, 461, 699),
        "frequency_hz": 50,
    }
    reading = cleaned(replace(READING, dip1=5, dip2=3, **whole))
    for name, value in whole.items():
        number = getattr(reading, name)
        assert number == value
        kinds = map(type, number if isinstance(number, tuple) else (number,))
        assert set(kinds) == {float}
    assert (reading.dip1, reading.dip2) == (5, 3)


def looks_well(evaluation: Evaluation | Stale) -> bool:
    """Return whether nothing in it keeps the contactor from closing."""
    return (
        isinstance(evaluation, Evaluation)
        and evaluation.asks
        and evaluation.has_diode is True
        and evaluation.has_pwm
        and evaluation.has_earth
        and evaluation.is_proven_open
        and not (evaluation.residual_ac or evaluation.residual_dc)
        and not (evaluation.is_hot or evaluation.is_switched_off)
        and not (evaluation.mains or evaluation.has_excess or evaluation.has_stray)
    )


def test_a_sound_reading_looks_well() -> None:
    assert looks_well(seen(SETTLED, 60))


@pytest.mark.req("ERR-3")
def test_heat_and_the_over_temperature_switch() -> None:
    assert not seen(SETTLED, 9, board_c=math.nan).is_hot
    assert seen(SETTLED, 10, board_c=math.nan).is_hot
    assert seen(SETTLED, 10, terminal_c=math.nan).is_hot
    assert not seen(SETTLED).is_switched_off
    assert seen(SETTLED, overtemperature=True).is_switched_off
    assert seen(SETTLED, overtemperature=None).is_switched_off
    assert seen(SETTLED, 10, overtemperature=True).is_hot


@pytest.mark.req("CHG-3", "MET-7")
@pytest.mark.parametrize(
    ("dip1", "duty_percent", "is_excess"),
    [
        (0b000, 17.25, False),  # 10.35 A: what a duty may be beside
        (0b000, 17.26, True),
        (0b101, 54.5, True),
        (0b101, 53.9, False),
        (0b101, 100.0, False),  # x1 offers nothing
    ],
)
def test_an_offer_beyond_the_limit_counts_after_half_a_second(
    dip1: int, duty_percent: float, is_excess: bool
) -> None:
    state, _ = read(SETTLED, 10, dip1=dip1, duty_percent=100.0)
    changes: dict[str, Any] = {"dip1": dip1, "duty_percent": duty_percent}
    assert not seen(state, 49, **changes).exceeds_limit
    assert seen(state, 50, **changes).exceeds_limit is is_excess
    state, _ = read(state, 100, **changes)
    assert not seen(state, 1, dip1=dip1, duty_percent=16.0).exceeds_limit


@pytest.mark.req("MET-7")
@pytest.mark.parametrize(("fits", "is_excess"), [(1, True), (2, False)])
def test_an_offer_beyond_the_limit_counts_though_each_second_reading_fits(
    fits: int, is_excess: bool
) -> None:
    state = SETTLED
    for _ in range(100):
        state, _ = read(state, 1, duty_percent=60.0)
        state, _ = read(state, fits)
    assert seen(state, 1, duty_percent=60.0).exceeds_limit is is_excess


@pytest.mark.req("CHG-5", "MET-7")
@pytest.mark.parametrize(("duty_percent", "is_excess"), [(32.2, False), (32.3, True)])
def test_an_offer_beyond_what_the_heat_leaves_counts_as_well(
    duty_percent: float, is_excess: bool
) -> None:
    warm, _ = read(NOTHING_EVALUATED, 80, board_c=75.0, duty_percent=100.0)  # 19 A of 32 A
    evaluation = seen(warm, 100, board_c=75.0, duty_percent=duty_percent)
    assert not evaluation.is_hot
    assert evaluation.exceeds_limit is is_excess


@pytest.mark.req("ERR-3")
@pytest.mark.parametrize(("dip1", "is_excess"), [(0b101, False), (0b000, True)])
def test_a_hot_box_withholds_all_and_the_limit_of_its_switches_still_holds(
    dip1: int, is_excess: bool
) -> None:
    hot, _ = read(SETTLED, 10, board_c=90.0, dip1=dip1, duty_percent=100.0)
    evaluation = seen(hot, 100, board_c=90.0, dip1=dip1, duty_percent=26.7)
    assert evaluation.is_hot
    assert evaluation.exceeds_limit is is_excess


def test_the_state_is_settled_like_the_pilots_own() -> None:
    assert seen(SETTLED, 2, high_v=9.0).cp is CpState.C
    assert seen(SETTLED, 3, high_v=9.0).cp is CpState.B
    assert seen(SETTLED, 4, high_v=7.5).is_undefined


def test_only_a_reading_that_confirms_the_state_is_steady() -> None:
    assert seen(SETTLED).is_steady
    assert not seen(SETTLED, 1, high_v=7.5).is_steady
    state, _ = read(SETTLED, 1, high_v=7.5)
    assert not seen(state).is_steady
    assert seen(state, 2).is_steady


def test_a_quiet_chain_keeps_what_was_judged() -> None:
    assert read(SETTLED)[0] is SETTLED
    out, _ = read(SETTLED, 100, high_v=12.0)
    assert read(out, high_v=12.0)[0] is out

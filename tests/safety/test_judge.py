"""One reading judged: nonsense refused, strays ignored, limits of DIP and temperature."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.pilot import CpState
from nodes.safety.chain import ChainReading
from nodes.safety.judge import (
    NOTHING_JUDGED,
    Facts,
    Judged,
    forget,
    judge,
    limit_of_dip,
    limit_of_temperature,
)

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
    power_on_reset=False,
    currents_a=(0.0, 0.0, 0.0),
    voltages_v=(230.0, 230.0, 230.0),
)


def read(judged: Judged, times: int = 1, **changes: Any) -> tuple[Judged, Facts | None]:
    facts = None
    for _ in range(times):
        judged, facts = judge(judged, replace(READING, **changes))
    return judged, facts


def seen(judged: Judged, times: int = 1, **changes: Any) -> Facts:
    facts = read(judged, times, **changes)[1]
    assert facts is not None
    return facts


SETTLED = read(NOTHING_JUDGED, 10)[0]


@pytest.mark.parametrize("name", ["high_v", "low_v", "duty_percent"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -14.05, 200.0])
def test_a_pilot_that_cannot_be_measured_is_no_reading(name: str, value: float) -> None:
    assert read(SETTLED, 1, **{name: value}) == (forget(SETTLED), None)


def test_no_reading_forgets_the_pilot_and_keeps_switches_and_heat() -> None:
    hot, _ = read(SETTLED, 10, board_c=90.0, dip2=1)
    judged, facts = judge(hot, None)
    assert facts is None
    assert judged == Judged(
        installation_limit_a=32.0, is_commissioning=True, is_hot=True, has_metered=True
    )
    assert judge(judged, None)[0] is judged


def test_what_was_forgotten_is_believed_again_after_three_readings() -> None:
    assert not seen(NOTHING_JUDGED, 2).is_settled
    assert seen(NOTHING_JUDGED, 3).is_settled
    assert not seen(NOTHING_JUDGED, 3, high_v=7.5).is_settled
    assert seen(NOTHING_JUDGED, 4, high_v=7.5).is_settled


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize(
    ("voltages_v", "is_dark"),
    [
        ((0.0, 0.0, 0.0), True),
        ((49.9, 0.0, 0.0), True),
        ((0.0, 50.0, 0.0), False),  # one phase is enough to feed the box
        ((math.nan, math.nan, math.nan), True),
        (None, False),  # a chip that has fallen silent denies nothing: the pilot is shorted
    ],
)
def test_a_dark_box_shows_no_shorted_pilot(
    voltages_v: tuple[float, float, float] | None, is_dark: bool
) -> None:
    facts = read(SETTLED, 1, high_v=0.0, low_v=0.0, voltages_v=voltages_v)[1]
    assert (facts is None) is is_dark


@pytest.mark.req("ERR-P")
@pytest.mark.parametrize("load_voltage", [False, True])
def test_a_chip_that_has_not_been_heard_yet_proves_no_mains(load_voltage: bool) -> None:
    changes = {"high_v": 0.0, "low_v": 0.0, "load_voltage": load_voltage}
    judged, facts = read(NOTHING_JUDGED, 5, voltages_v=None, **changes)
    assert (facts is None) is not load_voltage
    judged, facts = read(judged, 1, **changes)
    assert facts is not None
    assert read(judged, 1, voltages_v=None, **changes)[1] is not None  # it was heard


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
    assert seen(NOTHING_JUDGED, 10, low_v=low_v).has_diode is has_diode


def test_the_diode_is_proven_by_three_readings() -> None:
    assert seen(NOTHING_JUDGED, 2).has_diode is None
    assert seen(NOTHING_JUDGED, 3).has_diode is True


def test_a_lost_diode_is_seen_within_40_ms_and_a_single_stray_ignored() -> None:
    assert seen(SETTLED, 1, low_v=-6.0).has_diode is None
    assert seen(SETTLED, 3, low_v=-6.0).has_diode is None
    assert seen(SETTLED, 4, low_v=-6.0).has_diode is False
    judged, _ = read(SETTLED, 1, low_v=-6.0)
    assert seen(judged, 3).has_diode is True


def test_a_diode_that_comes_and_goes_is_missing() -> None:
    judged = SETTLED
    for _ in range(6):
        judged, _ = read(judged, 1, low_v=-6.0)
        judged, _ = read(judged, 1)
    assert seen(judged, 1, low_v=-6.0).has_diode is False


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
def test_without_pwm_on_a_vehicle_no_diode_is_proven(changes: dict[str, float]) -> None:
    assert seen(SETTLED, 1, **changes).has_diode is None


@pytest.mark.parametrize(
    ("low_v", "is_mirrored"), [(-6.0, True), (-4.75, True), (-7.3, False), (-9.0, False)]
)
def test_halves_that_mirror_each_other_are_a_load_without_diode(
    low_v: float, is_mirrored: bool
) -> None:
    assert seen(SETTLED, low_v=low_v).is_mirrored is is_mirrored


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
    facts = seen(SETTLED, mirror_closed=mirror_closed, load_voltage=load_voltage)
    assert (facts.is_proven_open, facts.is_proven_closed) == (is_open, is_closed)


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


@pytest.mark.parametrize("earth_ohm", [500.1, 1e6, math.nan, math.inf, -1.0])
def test_a_missing_earth_counts_after_a_tenth_of_a_second(earth_ohm: float) -> None:
    assert seen(SETTLED, 9, earth_ohm=earth_ohm).has_earth
    assert not seen(SETTLED, 10, earth_ohm=earth_ohm).has_earth


@pytest.mark.parametrize("earth_ohm", [0.0, 0.8, 500.0])
def test_a_sound_earth_is_one(earth_ohm: float) -> None:
    assert seen(SETTLED, 100, earth_ohm=earth_ohm).has_earth


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize(
    ("dip1", "limit_a"),
    [
        (0b000, 10.0),
        (0b100, 13.0),
        (0b010, 16.0),
        (0b110, 20.0),
        (0b001, 25.0),
        (0b101, 32.0),
        (0b011, 10.0),  # undefined
        (0b111, 10.0),  # undefined
        (0x26, 20.0),  # as read from a real box
        (0xFD, 32.0),  # the other five switches do not matter
        (0x100, 10.0),
        (-3, 32.0),
    ],
)
def test_dip_switches_set_the_installation_limit(dip1: int, limit_a: float) -> None:
    assert limit_of_dip(dip1) == limit_a


@pytest.mark.req("CHG-3")
def test_dip_switches_count_after_three_equal_readings() -> None:
    assert read(NOTHING_JUDGED, 2)[0].installation_limit_a == 10.0
    assert read(NOTHING_JUDGED, 3)[0].installation_limit_a == 32.0
    assert read(SETTLED, 2, dip1=0)[0].installation_limit_a == 32.0
    assert read(SETTLED, 3, dip1=0)[0].installation_limit_a == 10.0
    judged, _ = read(SETTLED, 2, dip1=0)
    judged, _ = read(judged, 1, dip1=2)
    assert read(judged, 1, dip1=0)[0].installation_limit_a == 32.0


@pytest.mark.req("STA-4")
def test_dsw2_8_is_commissioning_and_no_other_switch_is() -> None:
    assert not seen(SETTLED, 3, dip2=0xFE).is_commissioning
    assert not seen(SETTLED, 2, dip2=0x01).is_commissioning
    judged, facts = read(SETTLED, 3, dip2=0x01)
    assert facts is not None
    assert facts.is_commissioning
    assert not seen(judged, 3).is_commissioning


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


@pytest.mark.req("ERR-3", "LED-5")
@pytest.mark.parametrize("sensor", ["terminal_c", "board_c"])
@pytest.mark.parametrize("value_c", [80.1, 150.0, 200.0, -60.0, math.nan, math.inf])
def test_heat_or_a_failed_sensor_counts_after_a_tenth_of_a_second_until_cooled(
    sensor: str, value_c: float
) -> None:
    assert not seen(SETTLED, 9, **{sensor: value_c}).is_hot
    judged, facts = read(SETTLED, 10, **{sensor: value_c})
    assert facts is not None
    assert facts.is_hot
    assert seen(judged, 50, **{sensor: 65.0}).is_hot
    assert not seen(judged, 1, **{sensor: 64.9}).is_hot


@pytest.mark.req("ERR-3")
def test_the_over_temperature_switch_counts_at_once_as_a_switched_off_coil() -> None:
    facts = seen(SETTLED, overtemperature=True)
    assert facts.is_switched_off
    assert seen(SETTLED, 10, overtemperature=True).is_hot


def test_the_state_is_settled_like_the_pilots_own() -> None:
    assert seen(SETTLED, 2, high_v=9.0).cp is CpState.C
    assert seen(SETTLED, 3, high_v=9.0).cp is CpState.B
    assert seen(SETTLED, 4, high_v=7.5).is_undefined


def test_only_a_reading_that_confirms_the_state_is_steady() -> None:
    assert seen(SETTLED).is_steady
    assert not seen(SETTLED, 1, high_v=7.5).is_steady
    judged, _ = read(SETTLED, 1, high_v=7.5)
    assert not seen(judged).is_steady
    assert seen(judged, 2).is_steady


def test_a_quiet_chain_keeps_what_was_judged() -> None:
    assert judge(SETTLED, READING)[0] is SETTLED

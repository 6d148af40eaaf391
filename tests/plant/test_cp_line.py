"""The pilot line's voltages: the table of IEC 61851-1 and the signatures of its faults."""

import pytest

from msgs.pilot import CpState, classify_high_v, shows_diode
from nodes.plant.cp_line import MIDDLE, SHORT, Load, plateaus, vehicle_load

B = vehicle_load(s2=False, has_diode=True)
C = vehicle_load(s2=True, has_diode=True)


@pytest.mark.parametrize(
    ("duty_percent", "load", "high_v", "low_v"),
    [
        # PWM: the diode blocks the negative half-wave
        (26.7, None, 12.0, -12.0),
        (26.7, B, 8.98, -12.0),
        (26.7, C, 6.00, -12.0),
        (26.7, Load(1 / (1 / 2740 + 1 / 270)), 2.93, -12.0),  # state D
        # x1: one level, seen twice
        (100.0, None, 12.0, 12.0),
        (100.0, B, 8.98, 8.98),
        (100.0, C, 6.00, 6.00),
        # F
        (0.0, None, -12.0, -12.0),
        (0.0, B, -12.0, -12.0),
        # no vehicle but a resistor: both halves alike
        (26.7, vehicle_load(s2=False, has_diode=False), 8.79, -8.79),
        (26.7, vehicle_load(s2=True, has_diode=False), 5.62, -5.62),
        (0.0, vehicle_load(s2=False, has_diode=False), -8.79, -8.79),
        # short to earth
        (26.7, SHORT, 0.0, 0.0),
        (100.0, SHORT, 0.0, 0.0),
        # between the windows of B and C
        (26.7, MIDDLE, 7.5, -12.0),
    ],
)
def test_plateaus_follow_from_the_load(
    duty_percent: float, load: Load | None, high_v: float, low_v: float
) -> None:
    assert plateaus(duty_percent, load) == pytest.approx((high_v, low_v), abs=0.01)


@pytest.mark.parametrize(
    ("load", "state", "diode"),
    [
        (None, CpState.A, True),
        (B, CpState.B, True),
        (C, CpState.C, True),
        (SHORT, CpState.E, False),
        (MIDDLE, None, True),
        (vehicle_load(s2=True, has_diode=False), CpState.C, False),
    ],
)
def test_the_box_sees_the_state_that_is_there(
    load: Load | None, state: CpState | None, diode: bool
) -> None:
    high_v, low_v = plateaus(26.7, load)
    assert classify_high_v(high_v) == state
    assert shows_diode(low_v) == diode

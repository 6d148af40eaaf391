"""The windows against real parts: every corner of generator, source, vehicle and diode.

High plateau: Vf + (Vs - Vf) R / (R + Rs), hardware notes 1.1; below the diode's voltage the line
follows the generator.
"""

import itertools

import pytest

from msgs.pilot import CpState, classify_high_v, shows_diode

SOURCE_V = (11.4, 12.6)  # 12 V +/-5 %
SOURCE_OHM = (970.0, 1030.0)  # IEC 61851-1, Table A.2
DIODE_V = (0.55, 0.85)
TOLERANCE = (0.97, 1.03)  # of the vehicle's resistors: IEC 61851-1, Table A.3
R2_OHM, R3_OHM, R3_VENTILATED_OHM = 2740.0, 1300.0, 270.0


def parallel(one_ohm: float, other_ohm: float) -> float:
    return one_ohm * other_ohm / (one_ohm + other_ohm)


def plateaus(ohms: list[float]) -> list[float]:
    """Return the high plateau at each corner [V]."""
    return [
        diode_v + (source_v - diode_v) * ohm / (ohm + source_ohm)
        for source_v, source_ohm, diode_v, ohm in itertools.product(
            SOURCE_V, SOURCE_OHM, DIODE_V, ohms
        )
    ]


def both(r3_ohm: float) -> list[float]:
    return [
        parallel(R2_OHM * two, r3_ohm * three)
        for two, three in itertools.product(TOLERANCE, repeat=2)
    ]


CORNERS = {
    CpState.A: list(SOURCE_V),
    CpState.B: plateaus([R2_OHM * tolerance for tolerance in TOLERANCE]),
    CpState.C: plateaus(both(R3_OHM)),
    CpState.D: plateaus(both(R3_VENTILATED_OHM)),
    CpState.E: [0.0],
    CpState.F: [-volts for volts in SOURCE_V],
}
MEASURED_V = 0.2  # assumed: the converter's offset and gain


@pytest.mark.parametrize("state", list(CpState))
def test_every_corner_of_a_state_lies_in_its_window_and_the_converters_error_too(
    state: CpState,
) -> None:
    assert CORNERS[state]
    for high_v in CORNERS[state]:
        for error_v in (-MEASURED_V, 0.0, MEASURED_V):
            assert classify_high_v(high_v + error_v) is state


@pytest.mark.parametrize(
    ("state", "least_v", "most_v"),
    [(CpState.B, 8.37, 9.59), (CpState.C, 5.47, 6.53), (CpState.D, 2.59, 3.28)],
)
def test_the_corners_are_those_of_the_standards_design_window(
    state: CpState, least_v: float, most_v: float
) -> None:
    assert min(CORNERS[state]) == pytest.approx(least_v, abs=0.03)
    assert max(CORNERS[state]) == pytest.approx(most_v, abs=0.03)


@pytest.mark.parametrize(
    ("state", "ohms"),
    [
        (CpState.B, [1870.0, 4610.0]),  # the widest that a vehicle may have
        (
            CpState.C,
            [parallel(two, three) for two in (1870.0, 4610.0) for three in (909.0, 1723.0)],
        ),
    ],
)
def test_a_vehicle_at_the_limit_of_its_parts_is_recognised(
    state: CpState, ohms: list[float]
) -> None:
    nominal = [0.7 + (12.0 - 0.7) * ohm / (ohm + 1000.0) for ohm in ohms]
    assert {classify_high_v(high_v) for high_v in nominal} == {state}


@pytest.mark.req("ERR-5")
@pytest.mark.parametrize("source_v", SOURCE_V)
def test_the_negative_half_of_a_vehicle_is_its_diode_and_that_of_a_resistor_none(
    source_v: float,
) -> None:
    assert shows_diode(-source_v)  # the diode blocks: the whole rail
    for ohm in (R2_OHM, parallel(R2_OHM, R3_OHM), parallel(R2_OHM, R3_VENTILATED_OHM)):
        assert not shows_diode(-source_v * ohm / (ohm + 1000.0))

"""What counts as an overload, and what explains it: a fuse of 25 A."""

import pytest

from tests.houses.days import Amps3
from tests.houses.measures import Measures, Overloads

DT_S = 0.2


def counted(
    loads: list[tuple[float, Amps3]], drawn: list[tuple[float, float]], phases: int = 3
) -> Measures:
    """Return what is counted in 60 s; loads and the vehicle's current each from a time on."""
    measures = Measures()
    overloads = Overloads(25.0, measures)
    for tick in range(round(60.0 / DT_S)):
        now_s = tick * DT_S
        for at_s, load in loads:
            if abs(at_s - now_s) < DT_S / 2.0:
                overloads.switch(now_s, load)
        drawn_a = [current_a for at_s, current_a in drawn if at_s <= now_s + 1e-6][-1]
        overloads.count(now_s, drawn_a, phases, DT_S)
    return measures


@pytest.mark.parametrize(
    ("loads", "drawn", "over_s", "ride_s", "breach_s"),
    [
        # within the fuse
        ([(0.0, (9.0, 9.0, 9.0))], [(0.0, 16.0)], 0.0, 0.0, 0.0),
        # above it, and the other loads have not risen
        ([(0.0, (9.4, 9.0, 9.0))], [(0.0, 16.0)], 60.0, 0.0, 60.0),
        # the other loads have risen, and the vehicle follows in time
        (
            [(0.0, (2.0, 2.0, 2.0)), (30.0, (12.0, 2.0, 2.0))],
            [(0.0, 16.0), (36.0, 12.9)],
            6.0,
            0,
            0,
        ),
        # it does not
        (
            [(0.0, (2.0, 2.0, 2.0)), (30.0, (12.0, 2.0, 2.0))],
            [(0.0, 16.0), (40.0, 12.9)],
            10.0,
            0.0,
            3.6,
        ),
        # 6 A for a peak, and for longer
        (
            [(0.0, (2.0, 2.0, 2.0)), (30.0, (22.0, 2.0, 2.0))],
            [(0.0, 16.0), (33.0, 6.0), (42.0, 0.0)],
            12.0,
            5.6,
            0.0,
        ),
        (
            [(0.0, (2.0, 2.0, 2.0)), (30.0, (22.0, 2.0, 2.0))],
            [(0.0, 16.0), (33.0, 6.0), (50.0, 0.0)],
            20.0,
            6.0,
            7.6,
        ),
        # 6 A begin where less was left for long
        ([(0.0, (22.0, 2.0, 2.0))], [(0.0, 0.0), (40.0, 6.0)], 20.0, 0.0, 20.0),
        # the vehicle is no part of it
        ([(0.0, (30.0, 2.0, 2.0))], [(0.0, 0.0)], 0.0, 0.0, 0.0),
    ],
)
def test_an_overload_is_a_breach_unless_the_other_loads_have_just_risen(
    loads: list[tuple[float, Amps3]],
    drawn: list[tuple[float, float]],
    over_s: float,
    ride_s: float,
    breach_s: float,
) -> None:
    measures = counted(loads, drawn)
    assert measures.over_s == pytest.approx(over_s, abs=DT_S)
    assert measures.ride_s == pytest.approx(ride_s, abs=2 * DT_S)
    assert measures.breach_s == pytest.approx(breach_s, abs=2 * DT_S)


def test_a_phase_that_the_vehicle_does_not_use_is_not_its_overload() -> None:
    loads: list[tuple[float, Amps3]] = [(0.0, (2.0, 30.0, 2.0))]
    assert counted(loads, [(0.0, 16.0)], phases=1).over_s == 0.0
    assert counted(loads, [(0.0, 16.0)], phases=3).breach_s == pytest.approx(60.0)

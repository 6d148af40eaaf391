"""What the vehicle drew at an instant, and on which phases."""

import pytest

from bus.moment import Moment
from msgs.meter import MeterReading
from nodes.load_manager.vehicle import NOTHING, Currents, VehicleDraw, drawn_at, observe
from tests.builders import meter_reading


def box(at_s: float, currents: Currents, online: bool = True) -> MeterReading:
    return meter_reading(currents, at_s, online=online)


def seen(*readings: tuple[float, float]) -> VehicleDraw:
    vehicle = VehicleDraw()
    for at_s, current_a in readings:
        vehicle = observe(vehicle, (box(at_s, (current_a, 0.0, 0.0)),), is_unplugged=False)
    return vehicle


@pytest.mark.parametrize(
    ("at_s", "current_a", "is_certain"),
    [
        (100.0, 4.0, True),  # on a reading, the next one known
        (100.1, 5.0, True),  # between two
        (100.4, 8.0, False),  # on the newest: not certain before a later one
        (100.5, 9.0, False),  # after the newest: the ramp goes on
        (100.9, 10.5, False),  # but not for long
        (101.4, 10.5, False),
        (101.5, 8.0, False),  # too long ago: not certain before the next one
        (99.5, 4.0, True),  # shortly before the first
        (98.9, 0.0, True),
    ],
)
def test_the_current_of_an_instant_lies_between_the_readings_around_it(
    at_s: float, current_a: float, is_certain: bool
) -> None:
    drawn = drawn_at(seen((100.0, 4.0), (100.2, 6.0), (100.4, 8.0)), at_s, Moment(at_s + 0.1))
    assert drawn.current_a[0] == pytest.approx(current_a)
    assert drawn.is_certain is is_certain


@pytest.mark.parametrize(
    ("later", "now_s", "current_a", "is_certain"),
    [
        ((), 102.6, 8.0, False),  # the box may be heard yet
        (((102.7, 9.0),), 102.7, 9.0, True),  # it is
        ((), 103.5, 0.0, True),  # it is not
        (((103.9, 9.0),), 103.9, 0.0, True),  # or too late
    ],
)
def test_a_gap_waits_a_second_for_the_next_reading(
    later: tuple[tuple[float, float], ...], now_s: float, current_a: float, is_certain: bool
) -> None:
    drawn = drawn_at(seen((100.0, 8.0), (100.2, 8.0), *later), 102.5, Moment(now_s))
    assert (drawn.current_a[0], drawn.is_certain) == (current_a, is_certain)


def test_beyond_its_hold_nothing_is_known_of_the_box() -> None:
    vehicle = seen((100.0, 8.0), (100.2, 8.0))
    assert drawn_at(vehicle, 105.0, Moment(105.1)).current_a[0] == 8.0
    drawn = drawn_at(vehicle, 105.1, Moment(105.3))
    assert (drawn.current_a, drawn.is_certain) == (NOTHING, True)


def test_a_falling_ramp_ends_at_zero() -> None:
    assert drawn_at(seen((100.0, 4.0), (100.2, 1.0)), 100.4, Moment(100.4)).current_a == NOTHING


def test_the_most_of_the_second_before_is_known_for_meters_that_lag() -> None:
    vehicle = seen((99.0, 30.0), (99.4, 16.0), (99.6, 16.0), (100.2, 6.0), (100.4, 6.0))
    drawn = drawn_at(vehicle, 100.3, Moment(100.4))
    assert drawn.current_a[0] == pytest.approx(6.0)
    assert drawn.most_a[0] == 16.0


def test_one_reading_alone_is_taken_as_it_is() -> None:
    assert drawn_at(seen((100.0, 4.0)), 100.2, Moment(100.2)).current_a[0] == 4.0


def test_what_the_chip_cannot_read_is_not_known() -> None:
    for bad in (
        box(100.2, (9.0, 9.0, 9.0), online=False),
        box(100.2, (float("nan"), 9.0, 9.0)),
        box(99.0, (9.0, 9.0, 9.0)),  # older than what is known
    ):
        vehicle = observe(seen((100.0, 4.0)), (bad,), is_unplugged=False)
        assert vehicle.samples == seen((100.0, 4.0)).samples
    assert drawn_at(VehicleDraw(), 100.0, Moment(100.0)).current_a == NOTHING


def test_readings_that_come_together_are_those_one_after_the_other() -> None:
    boxes = tuple(box(100.0 + 0.2 * number, (number % 9, 0.0, 6.0)) for number in range(80))
    one_by_one = VehicleDraw()
    for each in boxes:
        one_by_one = observe(one_by_one, (each,), is_unplugged=False)
    assert observe(VehicleDraw(), boxes, is_unplugged=False) == one_by_one


def test_the_history_is_short() -> None:
    vehicle = seen(*((100.0 + 0.2 * number, 6.0) for number in range(1000)))
    assert len(vehicle.samples) <= 27


# --- phases that the vehicle does not use -----------------------------------------------------


def draw(vehicle: VehicleDraw, currents: Currents, from_s: float, seconds: float) -> VehicleDraw:
    for number in range(round(seconds / 0.2) + 1):
        reading = box(from_s + 0.2 * number, currents)
        vehicle = observe(vehicle, (reading,), is_unplugged=False)
    return vehicle


def test_a_phase_is_unused_after_ten_seconds_beside_another_in_use() -> None:
    vehicle = draw(VehicleDraw(), (6.0, 0.3, 0.3), 100.0, 9.8)
    assert vehicle.unused == (False, False, False)
    vehicle = draw(vehicle, (6.0, 0.3, 0.3), 110.0, 0.2)
    assert vehicle.unused == (False, True, True)


def test_a_vehicle_that_draws_nothing_uses_all_phases() -> None:
    assert draw(VehicleDraw(), (0.1, 0.0, 0.0), 100.0, 60.0).unused == (False, False, False)
    assert draw(VehicleDraw(), (3.0, 0.0, 0.0), 100.0, 60.0).unused == (False, False, False)


def test_idleness_counts_only_beside_a_line_in_use_and_without_a_gap() -> None:
    begun = draw(VehicleDraw(), (6.0, 0.0, 0.0), 100.0, 6.0)
    paused = draw(begun, (0.0, 0.0, 0.0), 106.2, 20.0)
    assert draw(paused, (6.0, 0.0, 0.0), 126.4, 6.0).unused == (False, False, False)
    assert draw(begun, (6.0, 0.0, 0.0), 126.4, 6.0).unused == (False, False, False)


def test_a_pause_keeps_what_is_known_and_a_current_ends_it_at_once() -> None:
    vehicle = draw(VehicleDraw(), (6.0, 0.0, 0.0), 100.0, 20.0)
    vehicle = draw(vehicle, (0.0, 0.0, 0.0), 121.0, 60.0)
    assert vehicle.unused == (False, True, True)
    vehicle = draw(vehicle, (6.0, 1.5, 0.0), 182.0, 0.0)
    assert vehicle.unused == (False, False, True)


def test_the_next_vehicle_uses_all_phases() -> None:
    vehicle = draw(VehicleDraw(), (6.0, 0.0, 0.0), 100.0, 20.0)
    assert observe(vehicle, (), is_unplugged=True).unused == (False, False, False)


def test_a_meter_that_is_read_a_thousand_times_a_second_is_remembered_in_tenths() -> None:
    vehicle = seen(*((100.0 + n / 1000.0, n / 1000.0) for n in range(8001)))
    assert len(vehicle.samples) <= 52
    assert vehicle.samples[-1].at_s == 108.0
    for at_s in (103.5, 105.25, 107.999):
        assert drawn_at(vehicle, at_s, Moment(108.0)).current_a[0] == pytest.approx(
            at_s - 100.0, abs=1e-3
        )

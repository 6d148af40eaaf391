"""The settled state of the pilot: in time to open, unchanged by single stray readings."""

import math

import pytest

from msgs.pilot import UNSETTLED, CpState, SettledCp, classify_high_v, settle

A, B, C, D, E, F = CpState


def settled_at(state: CpState) -> SettledCp:
    return SettledCp(state=state)


def read(settled: SettledCp, *high_v: float) -> SettledCp:
    for value_v in high_v:
        settled = settle(settled, classify_high_v(value_v))
    return settled


@pytest.mark.parametrize(
    ("high_v", "state"),
    [
        # the edges of every window, and what lies just beyond
        (13.26, None), (13.25, A), (12.0, A), (10.75, A), (10.74, None),
        (10.26, None), (10.25, B), (9.0, B), (7.75, B), (7.74, None),
        (7.26, None), (7.25, C), (6.0, C), (4.75, C), (4.74, None),
        (4.26, None), (4.25, D), (3.0, D), (1.75, D), (1.74, None),
        (1.26, None), (1.25, E), (0.0, E), (-1.25, E), (-1.26, None),
        (-9.99, None), (-10.0, F), (-12.0, F), (-13.25, F), (-13.26, None),
        # nonsense is no state
        (math.nan, None), (math.inf, None), (-math.inf, None), (1e300, None),
    ],
)  # fmt: skip
def test_windows_decide_the_state_and_dead_bands_none(high_v: float, state: CpState | None) -> None:
    assert classify_high_v(high_v) is state


@pytest.mark.parametrize(
    ("before", "high_v", "after", "reads"),
    [
        (C, 12.0, A, 2),  # unplugged: 20 ms of the 25 ms that are allowed to A
        (B, 12.0, A, 2),
        (A, 9.0, B, 3),
        (B, 6.0, C, 3),
        (C, 9.0, B, 3),  # 30 ms of the 50 ms that detection may take
        (C, 3.0, D, 3),
        (C, 0.0, E, 3),
        (C, -12.0, F, 3),
        (C, 7.5, None, 4),  # between the windows: 40 ms
        (B, 4.5, None, 4),
        (C, math.nan, None, 4),
    ],
)
def test_a_change_counts_after_so_many_readings_and_not_before(
    before: CpState, high_v: float, after: CpState | None, reads: int
) -> None:
    assert read(settled_at(before), *[high_v] * (reads - 1)).state is before
    assert read(settled_at(before), *[high_v] * reads).state is after


@pytest.mark.parametrize("stray_v", [12.0, 0.0, 7.5, math.nan])
def test_one_stray_reading_in_many_changes_nothing(stray_v: float) -> None:
    settled = settled_at(C)
    for _ in range(20):
        settled = read(settled, stray_v, *[6.0] * 10)
        assert settled.state is C
    assert settled.astray == 0


def test_each_reading_that_confirms_takes_back_half_a_stray_one() -> None:
    settled = read(settled_at(C), 0.0)
    assert settled == SettledCp(state=C, seen=E, equal=1, astray=2)
    settled = read(settled, 6.0)
    assert settled == SettledCp(state=C, astray=1, plugged=1, least=C)
    assert read(settled, 6.0) == settled_at(C)


def test_a_reading_between_the_windows_counts_against_the_state_and_for_none() -> None:
    settled = read(settled_at(C), 9.0, 9.0, 7.5)
    assert settled == SettledCp(state=C, seen=None, equal=0, astray=6)
    assert read(settled_at(C), 9.0, 7.5, 9.0).equal == 1


@pytest.mark.parametrize("stray_v", [12.0, 0.0, 7.5])
def test_a_line_that_toggles_has_no_state_after_a_fifth_of_a_second(stray_v: float) -> None:
    settled = read(settled_at(C), *[stray_v, 6.0] * 10)
    assert settled.state is None
    assert settled.is_undefined


def test_a_line_that_never_repeats_itself_has_no_state() -> None:
    settled = read(settled_at(C), 0.0, 9.0, 3.0, 12.0)
    assert settled.state is None
    assert settled.is_undefined


def test_nothing_is_known_before_the_first_readings_agree() -> None:
    settled = read(UNSETTLED, 6.0, 6.0)
    assert settled.state is None
    assert not settled.is_undefined
    assert read(settled, 6.0).state is C


def test_an_undefined_line_is_known_again_after_three_equal_readings() -> None:
    settled = read(settled_at(C), *[7.5] * 50)
    assert read(settled, 6.0, 6.0).is_undefined
    assert read(settled, 6.0, 6.0, 6.0) == settled_at(C)


def test_a_quiet_line_costs_no_new_objects() -> None:
    settled = settled_at(C)
    assert settle(settled, C) is settled
    undefined = read(settled, *[7.5] * 10)
    assert settle(undefined, None) is undefined


@pytest.mark.parametrize("first", [1, 2])
def test_a_change_while_the_state_is_learnt_is_no_bad_line(first: int) -> None:
    settled = read(UNSETTLED, *[6.0] * first, *[9.0] * 3)
    assert (settled.state, settled.is_undefined) == (B, False)


def test_a_line_that_toggles_from_the_start_on_has_no_state() -> None:
    settled = UNSETTLED
    for number in range(8):
        assert not settled.is_undefined
        settled = read(settled, 6.0 if number % 2 else 0.0)
    assert settled.is_undefined


# --- a vehicle that changes its state too fast ---------------------------------------------------


@pytest.mark.req("ERR-R")
@pytest.mark.parametrize("before", [C, D, B])
@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize(
    ("one_v", "other_v", "state"), [(6.0, 9.0, B), (3.0, 9.0, B), (3.0, 6.0, C)]
)
def test_a_vehicle_that_toggles_is_in_the_state_that_asks_for_least(
    before: CpState, reads: int, one_v: float, other_v: float, state: CpState
) -> None:
    settled = settled_at(before)
    for number in range(100):
        settled = read(settled, *[one_v] * reads, *[other_v] * reads)
        assert not settled.is_undefined
        assert number < 10 or settled.state is state  # after 0.2 s
    settled = read(settled, one_v, one_v, one_v)
    assert settled.state is classify_high_v(one_v)  # it asks steadily


def test_the_last_reading_of_a_vehicle_that_toggles_is_the_first_stray_one_of_its_state() -> None:
    settled = read(settled_at(B), *[6.0, 9.0] * 6, 6.0)
    assert settled == read(settled_at(B), 6.0)
    assert read(settled, 3.0, 6.0, 3.0).state is C  # it goes on between other states
    assert read(settled, 6.0, 6.0).state is C


def test_a_vehicle_that_toggles_when_it_is_plugged_in_or_first_seen_is_in_b() -> None:
    for settled in (settled_at(A), UNSETTLED, read(settled_at(C), *[7.5] * 50)):
        for high_v in (9.0, 6.0) * 4:
            settled = read(settled, high_v)
        assert settled.state is B
        assert not settled.is_undefined


@pytest.mark.parametrize("other_v", [12.0, 0.0, 7.5, -12.0, math.nan])
def test_a_line_that_shows_more_than_a_vehicle_that_toggles_has_no_state(other_v: float) -> None:
    settled = settled_at(C)
    for _ in range(20):
        settled = read(settled, 9.0, 6.0, 9.0, other_v)
    assert settled.state is None


def test_readings_of_a_vehicle_before_the_line_was_steady_again_do_not_count() -> None:
    settled = read(settled_at(C), 9.0, 6.0, 6.0)
    assert settled == settled_at(C)
    settled = read(settled_at(C), 9.0, 9.0, 6.0, 6.0, 7.5)
    assert (settled.plugged, settled.least) == (0, None)

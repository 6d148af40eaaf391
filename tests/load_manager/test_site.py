"""The arbiter in a house, with a vehicle that follows late: recorded loads, noise, slow meters."""

import csv
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load_manager.site import FUSE_A, Car, Currents, Moment, Site

RECORDING = Path(__file__).parents[3] / "shared" / "data" / "house_live_power_1s.csv"
REACTION_S = 6  # a poll of 1 s, and the 5 s that a vehicle may take (IEC 61851-1, Table A.6)
PAUSE_S = 6  # a poll of 1 s, and the 5 s after which a lack is no peak: 6 A are offered that long


def on_l1(loads_a: Iterable[float]) -> list[Currents]:
    return [(load_a, 2.0, 2.0) for load_a in loads_a]


def unexplained_a(moments: Iterable[Moment]) -> float:
    """Return the most that the vehicle drew above what the fuse left within the reaction time.

    Above the fuse is right only where the other loads have risen since; 6 A a little longer.
    """
    recent: deque[float] = deque(maxlen=REACTION_S + PAUSE_S + 1)
    worst_a = 0.0
    for moment in moments:
        recent.append(moment.others_a[0])
        least_a = 6.0 if FUSE_A - min(recent) >= 6.0 else 0.0
        left_a = FUSE_A - min(list(recent)[-REACTION_S - 1 :])
        worst_a = max(worst_a, moment.drawn_a[0] - max(left_a, least_a))
    return worst_a


@pytest.fixture(scope="module")
def recorded_a() -> list[float]:
    """Return the other loads' current of a real house, each second [A]."""
    if not RECORDING.exists():
        pytest.skip(f"no recording of a house at {RECORDING}")
    with RECORDING.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        return [
            max(float(row["Live_Power"]) - float(row["EVSE_Current_power"]), 0.0) / 230.0
            for row in rows
        ]


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(
    "delay_s",
    [
        pytest.param(0.2, marks=pytest.mark.proof),
        pytest.param(1.0, marks=pytest.mark.proof),
        4.0,
    ],
)
def test_a_recorded_house_stays_within_its_fuse_beyond_the_reaction_time(
    recorded_a: list[float], delay_s: float
) -> None:
    site = Site(Car(delay_s=delay_s))
    moments = list(site.run(on_l1(recorded_a)))
    assert unexplained_a(moments) == 0.0
    assert site.reductions >= 20
    assert 1 <= site.pauses <= 3
    hours = len(moments) / 3600.0
    assert len(site.limits_a) / hours < 80  # no hunting
    drawn_ah = sum(moment.drawn_a[0] for moment in moments) / 3600.0
    left_ah = sum(
        min(FUSE_A - 0.5 - load_a, 31.7) for load_a in recorded_a if FUSE_A - 0.5 - load_a >= 6.0
    )
    assert drawn_ah > 0.9 * left_ah / 3600.0  # and little of what was left is given up


@pytest.mark.req("MET-1")
@pytest.mark.parametrize(
    ("poll_s", "lag_s"),
    [
        pytest.param(1.0, 1.0, marks=pytest.mark.proof),
        pytest.param(1.0, 2.0, marks=pytest.mark.proof),
        (5.0, 0.0),
        pytest.param(3.0, 1.0, marks=pytest.mark.proof),
    ],
)
def test_a_slow_or_lagging_meter_makes_nothing_hunt(
    recorded_a: list[float], poll_s: float, lag_s: float
) -> None:
    site = Site(Car(), poll_s=poll_s, lag_s=lag_s)
    for _ in site.run(on_l1(recorded_a[:: round(poll_s)])):
        pass
    assert site.pauses <= 3
    assert len(site.limits_a) < 160


@pytest.mark.parametrize("delay_s", [0.4, 1.0, 2.0])
def test_a_meter_that_lags_a_second_makes_no_reduction_breed_a_pause(delay_s: float) -> None:
    site = Site(Car(delay_s=delay_s), lag_s=1.0)
    for _ in site.run(on_l1([2.0] * 30 + [17.0] * 60)):
        pass
    assert site.pauses == 0
    assert site.limits_a[-1] == 7.5


@pytest.mark.req("MET-1")
def test_a_vehicle_that_uses_one_phase_goes_on_when_another_is_overloaded() -> None:
    site = Site(Car(lines=(True, False, False)))
    loads: list[Currents] = [(2.0, 2.0, 2.0)] * 40 + [(2.0, 24.0, 2.0)] * 60
    last = list(site.run(loads))[-1]
    assert last.offer.limit_a == 22.5
    assert last.drawn_a[0] > 20.0
    site = Site(Car())
    assert list(site.run(loads))[-1].offer.limit_a == 0.0


def test_noise_of_the_meter_changes_no_pilot() -> None:
    site = Site(Car())
    noise = [10.0 + 0.2 * ((7 * number) % 11 - 5) / 5.0 for number in range(1800)]
    for _ in site.run(on_l1(noise)):
        pass
    assert len(site.limits_a) <= 5


LOADS = st.lists(st.tuples(st.floats(-20.0, 45.0), st.integers(1, 40)), min_size=1, max_size=12)


@settings(max_examples=20)
@given(LOADS, st.floats(0.2, 4.0), st.floats(1.0, 10.0))
def test_whatever_the_house_does_the_fuse_is_kept(
    loads: list[tuple[float, int]], delay_s: float, up_a_s: float
) -> None:
    _check(loads, delay_s, up_a_s)


@pytest.mark.proof
@settings(max_examples=500)
@given(LOADS, st.floats(0.2, 4.0), st.floats(1.0, 10.0))
def test_whatever_many_houses_do_the_fuse_is_kept(
    loads: list[tuple[float, int]], delay_s: float, up_a_s: float
) -> None:
    _check(loads, delay_s, up_a_s)


def _check(loads: list[tuple[float, int]], delay_s: float, up_a_s: float) -> None:
    site = Site(Car(delay_s=delay_s, up_a_s=up_a_s))
    loads_a = [load_a for load_a, seconds in loads for _ in range(seconds)]
    moments = list(site.run(on_l1(loads_a)))
    assert unexplained_a(moments) <= 1e-6
    for moment in moments:
        offer = moment.offer
        assert offer.limit_a == 0.0 or 6.0 <= offer.limit_a <= 32.0
        known = [limit.limit_a for limit in offer.limits if limit.limit_a is not None]
        assert known == sorted(known)
        assert offer.limit_a <= known[0] + 1e-6
        assert offer.reason == offer.limits[0].source

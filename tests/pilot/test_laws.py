"""The duty of a current, the current of a duty, and the diode: at every edge."""

import math

import pytest

from msgs.pilot import duty_of_offer, offer_of_duty, shows_diode


@pytest.mark.req("CHG-3")
@pytest.mark.parametrize(
    ("offer_a", "duty_percent"),
    [
        (6.0, 10.0), (16.0, 26.6667), (32.0, 53.3333), (51.0, 85.0),
        (51.5, 85.0), (80.0, 85.0), (math.inf, 85.0),  # the other law is not used
        # no duty offers less than 6 A
        (5.99, 100.0), (0.0, 100.0), (-6.0, 100.0), (math.nan, 100.0),
    ],
)  # fmt: skip
def test_a_current_has_its_duty(offer_a: float, duty_percent: float) -> None:
    assert duty_of_offer(offer_a) == pytest.approx(duty_percent, abs=1e-4)


@pytest.mark.parametrize(
    ("duty_percent", "offer_a"),
    [
        # no charging: state F, digital communication, x1, and nonsense
        (0.0, 0.0), (5.0, 0.0), (7.99, 0.0), (97.0, 0.0), (97.5, 0.0), (100.0, 0.0),
        (-10.0, 0.0), (math.nan, 0.0), (math.inf, 0.0),
        # a duty that is a little short still offers 6 A
        (8.0, 6.0), (8.5, 6.0), (9.99, 6.0), (10.0, 6.0), (10.5, 6.3),
        (26.6667, 16.0), (50.0, 30.0), (84.9, 50.94), (85.0, 51.0),
        # above 51 A
        (85.5, 53.75), (90.0, 65.0), (96.0, 80.0), (96.9, 80.0),
    ],
)  # fmt: skip
def test_a_duty_offers_its_current(duty_percent: float, offer_a: float) -> None:
    assert offer_of_duty(duty_percent) == pytest.approx(offer_a, abs=1e-4)


@pytest.mark.parametrize("offer_a", [6.0, 6.1, 13.0, 16.0, 20.0, 32.0, 51.0])
def test_the_vehicle_reads_what_was_offered(offer_a: float) -> None:
    assert offer_of_duty(duty_of_offer(offer_a)) == pytest.approx(offer_a)


@pytest.mark.parametrize(
    ("low_v", "is_shown"),
    [
        (-12.0, True), (-13.25, True), (-10.75, True),
        (-13.26, False), (-10.74, False), (0.0, False), (12.0, False), (24.0, False),
        (math.nan, False), (-math.inf, False),
    ],
)  # fmt: skip
def test_a_diode_leaves_the_negative_half_at_12_v(low_v: float, is_shown: bool) -> None:
    assert shows_diode(low_v) is is_shown

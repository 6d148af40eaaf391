"""The energy picture: what comes in goes out, and the car is not counted twice."""

import random
from dataclasses import replace

import pytest

from tests.builders import load_offer, meter_reading
from tests.view.charge import charging
from tests.view.snapshot import said
from view.energy import SLACK, EnergyPicture, EnergyPlace, energy_picture
from view.snapshot import Snapshot


def powers(grid_w: float | None, sun_w: float | None, car_w: float | None) -> Snapshot:
    """Return a snapshot; the solar meter shows what the sun gives as an export."""
    house = None if grid_w is None else meter_reading(power_w=grid_w)
    solar = None if sun_w is None else meter_reading(power_w=-sun_w)
    box = None if car_w is None else meter_reading(power_w=car_w)
    return replace(
        charging(),
        house=said("house", house),
        solar=said("solar", solar),
        box=said("box", box),
    )


def picture(*watts: float | None) -> EnergyPicture:
    found = energy_picture(powers(*watts))
    assert found is not None
    return found


def shown(found: EnergyPicture) -> dict[str, tuple[float | None, bool]]:
    return {flow.place: (flow.power_kw, flow.gives) for flow in found.flows}


@pytest.mark.req("MET-4")
def test_the_house_is_shown_without_the_car() -> None:
    found = picture(5000.0, 3000.0, 7400.0)
    assert shown(found) == {
        "grid": (5.0, True), "sun": (3.0, True), "house": (0.6, False), "car": (7.4, False),
    }  # fmt: skip
    assert found.words == (
        "From the grid: 5.00 kW. From the sun: 3.00 kW. "
        "House without the car: 0.60 kW. Car: 7.40 kW."
    )
    export = shown(picture(-1500.0, 3000.0, 0.0))
    assert (export["grid"], export["house"]) == ((1.5, False), (1.5, False))


def test_what_is_given_is_what_is_taken() -> None:
    dice = random.Random(3)
    for _ in range(1000):
        car_w = dice.choice((0.0, dice.uniform(0.0, 22000.0)))
        sun_w = dice.choice((None, dice.uniform(0.0, 12000.0)))
        found = picture(dice.uniform(-12000.0, 30000.0), sun_w, car_w)
        hundredths = [(round((each.power_kw or 0.0) * 100), each.gives) for each in found.flows]
        gives = sum(amount for amount, is_given in hundredths if is_given)
        takes = sum(amount for amount, is_given in hundredths if not is_given)
        assert abs(gives - takes) <= (SLACK if (0, False) in hundredths else 0)


def test_a_house_that_gives_more_than_it_takes_says_what_that_may_be() -> None:
    found = picture(-4000.0, None, 1000.0)  # a sun that no meter measures
    assert shown(found)["house"] == (5.0, True)
    assert "Sources without a meter, or an error of measurement: 5.00 kW" in found.words
    assert shown(picture(6900.0, None, 7000.0))["house"] == (0.0, False)  # of different instants


def test_what_is_not_known_is_not_made_up() -> None:
    found = picture(5000.0, None, None)
    house = next(flow for flow in found.flows if flow.place is EnergyPlace.HOUSE)
    assert (house.power_kw, house.missing) == (None, "the meters are not all read")
    lost = replace(
        powers(None, 3000.0, 7400.0),
        house=said("house", meter_reading(power_w=5000.0, online=False, error="timeout")),
    )
    found_lost = energy_picture(lost)
    assert found_lost is not None
    assert shown(found_lost)["grid"] == (None, True)
    assert "no reading yet: timeout" in found_lost.words


def test_without_another_meter_there_is_no_picture() -> None:
    alone = replace(powers(None, None, 7000.0), offer=said("offer", load_offer()))
    assert energy_picture(alone) is None

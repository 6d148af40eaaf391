"""Where the power comes from and where it goes: grid, sun, house without the car, car. Pure.

The house meter measures the connection, the box included, so the car is not counted twice. Amounts
are whole hundredths of a kilowatt: what is given is what is taken, but for `SLACK`.
"""

from enum import StrEnum

from msgspec import Struct

from view.meters import has_house_meter, online, wrong_with
from view.snapshot import Snapshot

SLACK = 20  # hundredths of kW, assumed: meters are not read at the same instant


class EnergyPlace(StrEnum):
    """The places of the picture: two that give, two that take."""

    GRID = "grid"
    SUN = "sun"
    HOUSE = "house"
    CAR = "car"


class EnergyFlow(Struct, frozen=True, kw_only=True):
    """The power of one place."""

    place: EnergyPlace
    name: str
    power_kw: float | None  # never negative; None: not known
    gives: bool  # into the house; else it takes
    missing: str  # why it is not known; "": it is


class EnergyPicture(Struct, frozen=True, kw_only=True):
    """All places that there are."""

    flows: tuple[EnergyFlow, ...]
    words: str  # the same as a sentence


def energy_picture(snapshot: Snapshot) -> EnergyPicture | None:
    """Return the picture; None if there is no meter beside the box's own."""
    if not has_house_meter(snapshot) and snapshot.solar.message is None:
        return None
    box, house, solar = (online(each) for each in (snapshot.box, snapshot.house, snapshot.solar))
    grid = None if house is None else _hundredths(house.power_w)
    sun = None if solar is None else max(-_hundredths(solar.power_w), 0)
    car = None if box is None else max(_hundredths(box.power_w), 0)
    has_sun = snapshot.solar.message is not None
    is_sun_known = sun is not None or not has_sun
    rest = (
        grid + (sun or 0) - car if grid is not None and car is not None and is_sun_known else None
    )
    if rest is not None and -SLACK <= rest < 0:
        rest = 0  # the readings are of different instants
    flows = [_flow(EnergyPlace.GRID, grid, wrong_with(snapshot, snapshot.house))]
    if has_sun:
        flows.append(_flow(EnergyPlace.SUN, sun, wrong_with(snapshot, snapshot.solar)))
    missing = "the meters are not all read"
    flows.append(_flow(EnergyPlace.HOUSE, rest, missing))
    flows.append(_flow(EnergyPlace.CAR, car, wrong_with(snapshot, snapshot.box)))
    return EnergyPicture(flows=tuple(flows), words=". ".join(map(_sentence, flows)) + ".")


_NAMES = {
    EnergyPlace.GRID: ("From the grid", "To the grid"),
    EnergyPlace.SUN: ("From the sun", "From the sun"),
    EnergyPlace.HOUSE: (
        "House without the car",
        "Sources without a meter, or an error of measurement",
    ),
    EnergyPlace.CAR: ("Car", "Car"),
}


def _flow(place: EnergyPlace, hundredths: int | None, missing: str) -> EnergyFlow:
    is_negative = hundredths is not None and hundredths < 0
    return EnergyFlow(
        place=place,
        name=_NAMES[place][is_negative],
        power_kw=None if hundredths is None else abs(hundredths) / 100,
        gives=is_negative != (place in (EnergyPlace.GRID, EnergyPlace.SUN)),
        missing=(missing or "not known") if hundredths is None else "",
    )


def _sentence(flow: EnergyFlow) -> str:
    amount = flow.missing if flow.power_kw is None else f"{flow.power_kw:.2f} kW"
    return f"{flow.name}: {amount}"


def _hundredths(power_w: float) -> int:
    return round(power_w / 10)

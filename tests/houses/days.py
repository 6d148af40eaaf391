"""Days of made-up houses: what the other loads draw, the sun, the home battery, and a vehicle.

Each day follows from its number and the seed alone. Currents are those of the appliances' usual
powers at 230 V; how often they run is assumed. Times are seconds from midnight; a day goes on into
the next morning, until the vehicle leaves.
"""

import math
import random
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from nodes.plant.vehicle import Charger

Amps3 = tuple[float, float, float]  # L1, L2, L3

NOTHING: Amps3 = (0.0, 0.0, 0.0)
HOUR_S = 3600.0
TICK_S = 0.2  # all changes lie on this grid
SEED = 1
DAYS = 365
SUN_STEP_S = 120.0
PEAK_SUN_A = 14.5  # 10 kWp on three phases
ALWAYS_CLOUDY = 0.25  # of the clear sky


class HomeBattery(Struct, frozen=True, kw_only=True):
    """A battery that keeps the power of the connection near 0."""

    most_a: float = 7.2  # on each phase: 5 kW
    battery_wh: float = 10_000.0
    charged_ratio: float = 0.5  # at the plug-in


class Parked(Struct, frozen=True, kw_only=True):
    """A vehicle of the year, as it is plugged in."""

    name: str
    charger: Charger
    sleeps: bool = False  # after a pause of five minutes it takes no offer until it is woken


class HouseDay(Struct, frozen=True, kw_only=True):
    """One plug-in in one house."""

    kind: str
    number: int
    fuse_a: float
    parked: Parked
    plugged_s: float
    leaves_s: float
    starts_s: list[float]  # of the steps, rising from before the plug-in
    others_a: list[Amps3]  # what the other loads draw from each start on, less the sun
    battery: HomeBattery | None = None


VEHICLES = (
    Parked(
        name="three phases, 16 A",
        charger=Charger(max_a=16.0, ready_after_s=1.0, battery_wh=60_000.0),
    ),
    Parked(
        name="one phase, 32 A",
        charger=Charger(
            phases=1, ready_after_s=1.0, dead_time_s=0.4, battery_wh=40_000.0, ramp_up_a_s=8.0
        ),
    ),
    Parked(
        name="three phases, 32 A",
        charger=Charger(ready_after_s=1.0, dead_time_s=0.6, battery_wh=90_000.0),
    ),
    # As late as IEC 61851-1, Table A.6 allows: 5 s with the ramp down from 32 A.
    Parked(
        name="three phases, 16 A, late",
        charger=Charger(
            max_a=16.0,
            ready_after_s=1.0,
            start_delay_s=4.0,
            precharge_s=3.0,
            ramp_up_a_s=2.0,
            dead_time_s=3.4,
            battery_wh=75_000.0,
        ),
    ),
    Parked(
        name="one phase, 16 A, sleeps",
        charger=Charger(phases=1, max_a=16.0, ready_after_s=1.0, battery_wh=30_000.0),
        sleeps=True,
    ),
)


class Appliances:
    """The switching of a day's loads."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._changes: list[tuple[float, Amps3]] = []

    def run(self, loads_a: Amps3, from_s: float, for_s: float) -> None:
        """Switch a load on for a time."""
        one, two, three = loads_a
        self._changes.append((_on_grid(from_s), loads_a))
        self._changes.append((_on_grid(from_s + for_s), (-one, -two, -three)))

    def cycle(self, loads_a: Amps3, from_s: float, for_s: float, on_s: float, off_s: float) -> None:
        """Switch a load on and off, as a thermostat does; each time varies by a fifth."""
        at_s = from_s
        while at_s < from_s + for_s:
            lasts_s = on_s * self.chance.uniform(0.8, 1.2)
            self.run(loads_a, at_s, min(lasts_s, from_s + for_s - at_s))
            at_s += lasts_s + off_s * self.chance.uniform(0.8, 1.2)

    def shine(self, steps: Iterator[tuple[float, float]]) -> None:
        """Let the sun give these currents on each phase, each from its time on."""
        last_a = 0.0
        for at_s, sun_a in steps:
            change_a = last_a - sun_a
            if change_a:
                self._changes.append((_on_grid(at_s), (change_a, change_a, change_a)))
            last_a = sun_a

    def steps(self) -> tuple[list[float], list[Amps3]]:
        """Return the starts and the sums of all that is switched on from each of them."""
        starts_s: list[float] = [0.0]
        sums: list[Amps3] = [NOTHING]
        one, two, three = NOTHING
        for at_s, (change_1, change_2, change_3) in sorted(self._changes):
            one, two, three = one + change_1, two + change_2, three + change_3
            now: Amps3 = (round(one, 3), round(two, 3), round(three, 3))
            if at_s == starts_s[-1]:
                sums[-1] = now
            else:
                starts_s.append(at_s)
                sums.append(now)
        return starts_s, sums


def _on_grid(at_s: float) -> float:
    return round(round(at_s / TICK_S) * TICK_S, 6)


def _winter(number: int) -> float:
    """Return how much winter it is: 1 in January, 0 in July."""
    return 0.5 + 0.5 * math.cos(2.0 * math.pi * (number - 15) / DAYS)


def _meal(loads: Appliances, at_s: float) -> None:
    """Cook: two plates that pulse, at times the oven."""
    chance = loads.chance
    for line, plate_a in ((0, 8.7), (1, 7.8)):
        if chance.random() < 0.8:
            begins_s = at_s + chance.uniform(0.0, 600.0)
            loads.run(_on(line, plate_a), begins_s, 300.0)  # heats up
            on_s = chance.uniform(4.0, 14.0)
            lasts_s = chance.uniform(600.0, 1500.0)
            loads.cycle(_on(line, plate_a), begins_s + 310.0, lasts_s, on_s, on_s * 1.6)
    if chance.random() < 0.35:
        begins_s = at_s + chance.uniform(0.0, 900.0)
        loads.run(_on(2, 11.0), begins_s, 480.0)
        loads.cycle(_on(2, 11.0), begins_s + 540.0, 2100.0, 50.0, 110.0)


def _kettles(loads: Appliances, count: int, from_h: float, to_h: float) -> None:
    for _ in range(count):
        at_s = loads.chance.uniform(from_h, to_h) * HOUR_S
        loads.run(_on(0, 9.1), at_s, loads.chance.uniform(90.0, 200.0))


def _laundry(loads: Appliances, at_s: float) -> None:
    loads.run(_on(0, 9.0), at_s + 120.0, 900.0)
    loads.cycle(_on(0, 1.3), at_s + 1020.0, 3600.0, 40.0, 25.0)
    if loads.chance.random() < 0.6:
        loads.cycle(_on(1, 10.0), at_s + 5400.0, 4200.0, 240.0, 60.0)


def _standing(loads: Appliances, base_a: Amps3) -> None:
    loads.run(base_a, 0.0, 40.0 * HOUR_S)
    loads.cycle(_on(1, 0.6), loads.chance.uniform(0.0, 1800.0), 40.0 * HOUR_S, 700.0, 1500.0)
    loads.run(
        (0.9, 0.4, 1.2), loads.chance.uniform(16.5, 18.5) * HOUR_S, 4.5 * HOUR_S
    )  # light and television


def _flat(loads: Appliances, number: int) -> None:
    _standing(loads, (0.5, 0.3, 0.4))
    _kettles(loads, 1, 17.0, 21.0)
    _kettles(loads, 2, 30.0, 32.0)
    _meal(loads, loads.chance.uniform(17.5, 20.0) * HOUR_S)


def _family(loads: Appliances, number: int) -> None:
    chance = loads.chance
    _standing(loads, (1.6, 1.1, 1.4))
    _kettles(loads, 4, 12.0, 22.0)
    _kettles(loads, 3, 30.0, 32.0)
    _meal(loads, chance.uniform(11.5, 13.0) * HOUR_S)
    _meal(loads, chance.uniform(17.5, 19.5) * HOUR_S)
    if chance.random() < 0.7:
        _laundry(loads, chance.uniform(10.0, 20.5) * HOUR_S)
    if chance.random() < 0.8:  # dishwasher: two heatings
        at_s = chance.uniform(19.5, 22.0) * HOUR_S
        loads.run(_on(2, 8.7), at_s + 300.0, 900.0)
        loads.run(_on(2, 8.7), at_s + 3600.0, 1000.0)


def _heat_pump(loads: Appliances, number: int) -> None:
    _family(loads, number)
    winter = _winter(number)
    on_s = 600.0 + 2400.0 * winter
    pump_a = 5.0 + 4.0 * winter
    begins_s = loads.chance.uniform(0.0, 3000.0)
    loads.cycle((pump_a, pump_a, pump_a), begins_s, 40.0 * HOUR_S, on_s, 3600.0 - 2200.0 * winter)
    if winter > 0.8:  # the heating rod of 6 kW in the coldest hours
        loads.cycle((8.7, 8.7, 8.7), 27.0 * HOUR_S, 5.0 * HOUR_S, 900.0, 1500.0)


def _water_heater(loads: Appliances, number: int) -> None:
    """Add a heater of 18 kW that runs while hot water is drawn."""
    _family(loads, number)
    chance = loads.chance
    for from_h, to_h, count in ((17.0, 22.5, 8), (29.5, 32.0, 6)):
        for _ in range(count):
            is_shower = chance.random() < 0.3
            lasts_s = chance.uniform(240.0, 480.0) if is_shower else chance.uniform(8.0, 60.0)
            heater_a = 26.0 if is_shower else chance.choice((13.0, 26.0))
            at_s = chance.uniform(from_h, to_h) * HOUR_S
            loads.run((heater_a, heater_a, heater_a), at_s, lasts_s)


def _sunny(loads: Appliances, number: int) -> None:
    _family(loads, number)
    loads.shine(_sun(loads.chance, number))


def _sunny_with_pump(loads: Appliances, number: int) -> None:
    _heat_pump(loads, number)
    loads.shine(_sun(loads.chance, number))


def _sun(chance: random.Random, number: int) -> Iterator[tuple[float, float]]:
    """Yield the sun's current on each phase: a clear sky, a grey one, or clouds that pass."""
    winter = _winter(number)
    rises_s, sets_s = (4.5 + 3.5 * winter) * HOUR_S, (21.0 - 4.5 * winter) * HOUR_S
    sky = chance.choice(("clear", "grey", "clouds", "clouds"))
    is_clouded, turns_s = False, rises_s
    at_s = rises_s
    while at_s < sets_s:
        if sky == "clouds" and at_s >= turns_s:
            is_clouded = not is_clouded
            turns_s = at_s + chance.uniform(20.0, 240.0)
        height = math.sin(math.pi * (at_s - rises_s) / (sets_s - rises_s))
        share = ALWAYS_CLOUDY if is_clouded or sky == "grey" else 1.0
        yield at_s, round(PEAK_SUN_A * (1.0 - 0.5 * winter) * height * share, 1)
        at_s = min(at_s + SUN_STEP_S, turns_s) if sky == "clouds" else at_s + SUN_STEP_S
    yield sets_s, 0.0


def _on(line: int, current_a: float) -> Amps3:
    one, two, three = (current_a if each == line else 0.0 for each in range(3))
    return one, two, three


# name, main fuse [A], loads, vehicles that are charged there, is there a home battery
KINDS = (
    ("flat", 25.0, _flat, (1, 4), False),
    ("family", 35.0, _family, (0, 2, 3), False),
    ("heat pump", 25.0, _heat_pump, (0, 1, 3), False),
    ("water heater", 35.0, _water_heater, (0, 3, 4), False),
    ("sun", 35.0, _sunny, (0, 1, 2), False),
    ("home battery", 35.0, _sunny_with_pump, (0, 2, 3), True),
)


def house_day(number: int, seed: int = SEED) -> HouseDay:
    """Return a day of the year, from 0 on; the kinds of houses take turns."""
    kind, fuse_a, load, vehicles, has_battery = KINDS[number % len(KINDS)]
    chance = random.Random(f"{seed} day {number}")
    loads = Appliances(chance)
    load(loads, number)
    starts_s, others_a = loads.steps()
    turn = number // len(KINDS)
    parked = VEHICLES[vehicles[turn % len(vehicles)]]
    is_noon = chance.random() < (0.7 if "sun" in kind or has_battery else 0.2)
    plugged_h = chance.uniform(10.5, 14.0) if is_noon else chance.uniform(16.5, 21.0)
    leaves_h = plugged_h + chance.uniform(2.0, 5.0) if is_noon else chance.uniform(30.0, 32.0)
    arrives_ratio = 0.93 if chance.random() < 0.1 else chance.uniform(0.2, 0.75)
    charger = parked.charger
    return HouseDay(
        kind=kind,
        number=number,
        fuse_a=fuse_a,
        parked=Parked(
            name=parked.name,
            charger=_arriving(charger, round(arrives_ratio, 3)),
            sleeps=parked.sleeps,
        ),
        plugged_s=_on_grid(plugged_h * HOUR_S),
        leaves_s=_on_grid(leaves_h * HOUR_S),
        starts_s=starts_s,
        others_a=others_a,
        battery=HomeBattery(charged_ratio=chance.uniform(0.1, 0.9)) if has_battery else None,
    )


def _arriving(charger: Charger, charged_ratio: float) -> Charger:
    return replace(charger, arrives_charged_ratio=charged_ratio)

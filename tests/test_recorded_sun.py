"""The whole charger beside a recorded solar day, under virtual time: it takes the surplus."""

import csv
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from launch.plan_file import load_plan
from launch.virtual import VIRTUAL_PLAN, VirtualGraph
from msgs.methods import HOUSE, PLUG, READY, SUN, WORLD
from msgs.plant import HouseLoad, Sun
from msgs.requests import NoArguments
from nodes.plant.mains import NOMINAL_V
from tests.box import NO_CARD
from tests.closing import closed_at_end

RECORDING = Path(__file__).parents[2] / "shared" / "data" / "house_solar_grid_1min.csv"
LEAST_W, MOST_W = 6.0 * NOMINAL_V, 32.0 * NOMINAL_V  # of a vehicle on one phase
STEP_S = 5.0


class Minute(NamedTuple):
    """One row of the recording."""

    sun_w: float
    surplus_w: float  # exported without a vehicle; negative: imported


class Instant(NamedTuple):
    """The simulated world at one instant."""

    surplus_w: float  # without the vehicle
    charged_w: float
    is_closed: bool


def recorded_minutes() -> list[Minute]:
    """Return the rows of the recording that have values."""
    if not RECORDING.exists():
        pytest.skip(f"no recording of a solar day at {RECORDING}")
    with RECORDING.open(encoding="utf-8-sig") as recording:
        _, *rows = csv.reader(recording)
    values = [(sun_w, grid_w) for _, sun_w, grid_w in rows if "null" not in sun_w + grid_w]
    return [Minute(float(sun_w), -float(grid_w)) for sun_w, grid_w in values]


def charge(folder: Path, minutes: list[Minute]) -> list[Instant]:
    """Have a vehicle on one phase charge with solar power only while the minutes are played."""
    settings = (
        NO_CARD,
        "settings.solar.enabled=true",
        "plant.vehicle_phases=1",
        "plant.battery_kwh=1000",  # it does not fill up meanwhile
    )
    graph = closed_at_end(VirtualGraph(load_plan(VIRTUAL_PLAN, settings), seed=1, state_dir=folder))
    graph.start_all()
    graph.act(PLUG, NoArguments())
    graph.act(READY, NoArguments())
    instants = []
    for minute in minutes:
        others_a = max(minute.sun_w - minute.surplus_w, 0.0) / 3.0 / NOMINAL_V
        graph.act(SUN, Sun(power_w=max(minute.sun_w, 0.0)))
        graph.act(HOUSE, HouseLoad(current_a=(others_a, others_a, others_a)))
        for _ in range(round(60.0 / STEP_S)):
            graph.advance(STEP_S)
            world = graph.ask(WORLD, NoArguments()).result
            assert world is not None
            charged_w = sum(world.current_a) * NOMINAL_V
            instants.append(Instant(minute.surplus_w, charged_w, world.contacts_closed[0]))
    graph.stop()
    return instants


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.req("MET-7")
def test_a_solar_day_is_charged_from_the_sun_with_few_closings(tmp_path: Path) -> None:
    instants = charge(tmp_path, recorded_minutes())
    charged = sum(each.charged_w for each in instants)
    possible = sum(min(each.surplus_w, MOST_W) for each in instants if each.surplus_w >= LEAST_W)
    bought = sum(max(each.charged_w - max(each.surplus_w, 0.0), 0.0) for each in instants)
    closings = sum(after.is_closed and not before.is_closed for before, after in pairwise(instants))
    hours = len(instants) * STEP_S / 3600.0
    print(
        f"{charged / possible:.3f} of the sun that can be charged, {bought / charged:.3f} of the "
        f"charge bought, {closings} closings in {hours:.1f} h"
    )
    assert charged >= 0.8 * possible
    assert bought <= 0.1 * charged
    assert closings <= 4 * hours

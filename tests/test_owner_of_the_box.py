"""What the owner has set, on the whole box: solar power, energy limit, schedule, unbalance."""

import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from msgs.topics import METER_BOX
from tests.box import AS_DELIVERED, NO_CARD, Box
from tests.closing import close_all

FUSE_A = 63.0


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Give a box whose owner may set everything, with a vehicle that wants energy."""
    box = Box(tmp_path, f"factory.main_fuse_a={FUSE_A}", authorization=AS_DELIVERED)
    put(box, authorization__required=False)
    box.act("plug")
    box.act("ready")
    box.wait(lambda: max(box.currents_a) > 31.0)
    return box


def put(box: Box, **changes: Any) -> None:
    words = {key.replace("__", "."): value for key, value in changes.items()}
    box.ask("system", "set", {"changes": words})


def offer(box: Box) -> Any:
    return box.said("load/offer")


def sun(box: Box, power_w: float) -> None:
    box.act("sun", {"power_w": power_w})


# --- solar power ----------------------------------------------------------------------------------


@pytest.mark.req("MET-7")
def test_solar_power_is_followed_from_its_setting_to_the_current(box: Box) -> None:
    sun(box, 9000.0)
    put(box, solar__enabled=True)
    box.advance(60.0)
    assert offer(box)["reason"] == "solar"
    # 9 kW, less the house's 3 x 2 A, on three phases
    assert offer(box)["limit_a"] == pytest.approx((9000.0 - 3 * 2 * 230.0) / 690.0, abs=0.7)
    sun(box, 0.0)
    box.advance(60.0)
    assert offer(box)["limit_a"] == 6.0
    box.advance(180.0)
    assert offer(box)["limit_a"] == 0.0
    assert "of solar power: paused until 4.2 kW have lasted 60 s" in offer(box)["detail"]
    assert not box.is_drawing
    put(box, solar__minimum_a=8.0)
    box.advance(30.0)
    assert offer(box)["limit_a"] == 8.0
    put(box, solar__enabled=False)
    box.advance(30.0)
    assert offer(box)["reason"] != "solar"
    assert max(box.currents_a) > 31.0


@pytest.mark.req("MET-7")
def test_without_sun_no_death_of_a_node_charges_from_the_grid(box: Box) -> None:
    put(box, solar__enabled=True)
    box.advance(220.0)
    assert offer(box)["limit_a"] == 0.0
    for node in ("load_manager", "meter", "system", "pilot", "session", "load_manager"):
        box.crash(node, 1.0)
        box.advance(20.0)
        assert offer(box)["limit_a"] == 0.0
        assert not box.is_drawing
    box.kill("meter")
    box.advance(20.0)
    assert (offer(box)["limit_a"], box.is_drawing) == (0.0, False)


@pytest.mark.req("MET-7")
def test_the_sun_needs_a_house_meter(box: Box) -> None:
    put(box, house_meter__enabled=False, monitoring__enabled=False)
    refusal = box.refused("system", "set", {"changes": {"solar.enabled": True}})
    assert "solar.enabled: expected off while house_meter.enabled is off" in refusal
    put(box, house_meter__enabled=True)
    refusal = box.refused("system", "set", {"changes": {"solar.minimum_a": 3.0}})
    assert "solar.minimum_a" in refusal


# --- schedule, energy limit, unbalance ------------------------------------------------------------


def at_hour(box: Box, hour: float) -> None:
    """Set UTC to an hour of the next day."""
    now_s = box.utc_ns / 1e9
    box.set_utc((hour * 3600.0 - now_s) % 86400.0)


@pytest.mark.req("APP-1", "MET-7")
def test_the_schedule_pauses_the_charge_until_its_time(box: Box) -> None:
    put(box, time_zone="UTC")
    at_hour(box, 21.5)
    put(box, schedule__hours=["mon-sun 22:00-06:00"], schedule__enabled=True)
    box.advance(15.0)
    assert (offer(box)["limit_a"], offer(box)["reason"], box.is_drawing) == (0.0, "schedule", False)
    assert offer(box)["detail"].startswith("The schedule pauses the charge (until ")
    at_hour(box, 22.0)
    box.advance(20.0)
    assert max(box.currents_a) > 31.0
    refusal = box.refused("system", "set", {"changes": {"schedule.hours": ["night"]}})
    assert "schedule.hours: entry 1: expected a text as" in refusal
    assert 'got "night"' in refusal
    refusal = box.refused("system", "set", {"changes": {"schedule.hours": []}})
    assert "schedule.enabled: expected off while schedule.hours is empty" in refusal


@pytest.mark.req("APP-1", "MET-7")
def test_a_charge_pauses_once_it_has_taken_its_energy(box: Box) -> None:
    box.ask("session", "energy_limit", {"energy_wh": 500.0})
    box.wait(lambda: offer(box)["reason"] == "energy_limit" or box.now_s > 100.0)
    assert box.is_soon(lambda: not box.is_drawing, 120.0)
    assert offer(box)["detail"] == "The energy limit pauses the charge (0.5 kWh are charged)."
    assert box.said("session/status")["energy_wh"] == pytest.approx(500.0, abs=40.0)
    for node in ("session", "load_manager"):
        box.crash(node, 1.0)
        box.advance(30.0)
        assert not box.is_drawing
    box.act("unplug")
    box.advance(3.0)
    box.act("plug")
    box.act("ready")
    assert box.is_soon(lambda: max(box.currents_a) > 31.0, 60.0)


@pytest.mark.req("MET-7")
def test_a_car_on_one_phase_makes_no_more_difference_than_is_set(tmp_path: Path) -> None:
    box = Box(
        tmp_path,
        f"factory.main_fuse_a={FUSE_A}",
        "plant.vehicle_phases=1",
        authorization=AS_DELIVERED,
    )
    put(box, authorization__required=False, unbalance__enabled=True)
    box.act("house", {"current_a": [8.0, 2.0, 2.0]})
    box.act("plug")
    box.act("ready")
    box.advance(60.0)
    assert offer(box)["reason"] == "unbalance"
    assert offer(box)["limit_a"] == pytest.approx(14.0, abs=0.5)


# --- at random ------------------------------------------------------------------------------------

ACTS = 12
QUICK = range(1)
MANY = range(100, 150)
WORKERS = 2
SETTLED_S = 12.0  # from an act to what follows from it: a hold of 3 s, a vehicle that stops in 6 s
LIMIT_WH = 1000.0
STOPS_S = 7.0  # safety opens 6 s after a withdrawn permission
STOPS_WH = 60.0  # 22 kW until the vehicle has stopped: 6 s, and the looks before
BEGINS_H, ENDS_H = 6, 22  # of the schedule, in UTC
NODES = ("session", "load_manager", "meter", "system")


class Owner:
    """A box with a schedule and an energy limit, and what it may not do, by its acts alone."""

    def __init__(self, state_dir: Path, seed: int) -> None:
        self.chance = random.Random(f"owner/{seed}")
        self.box = Box(
            state_dir,
            f"factory.main_fuse_a={FUSE_A}",
            "factory.charge.energy_limit_kwh=1",
            "factory.schedule.enabled=true",
            f'factory.schedule.hours=["mon-sun {BEGINS_H:02}:00-{ENDS_H:02}:00"]',
            "factory.time_zone=UTC",
            authorization=NO_CARD,
        )
        self.meter = self.box.join("tool-7").subscribe(METER_BOX)
        self.box.advance(1.0)
        self.is_plugged = False
        self.begun_wh = self.counter_wh
        self.notes: list[str] = []
        self.drawn = 0

    @property
    def counter_wh(self) -> float:
        """Return what the box has ever given vehicles."""
        return 0.0 if self.meter.message is None else self.meter.message.lifetime_wh

    def run(self) -> None:
        at_hour(self.box, self.chance.uniform(0.0, 24.0))
        for _ in range(ACTS):
            act = self.chance.choice(
                (self.clock, self.clock, self.crash, self.crash, self.plug, self.plug, self.wait)
            )
            self.notes.append(f"{self.box.now_s:.0f} {act.__name__}")
            act()
            self.box.advance(SETTLED_S)
            self.look()

    def look(self) -> None:
        hour = self.box.utc_ns / 1e9 % 86400.0 / 3600.0
        is_night = not BEGINS_H <= hour < ENDS_H + STOPS_S / 3600.0
        taken_wh = self.counter_wh - self.begun_wh
        self.drawn += self.box.is_drawing
        if is_night:
            assert not self.box.is_drawing, (hour, self.notes)
        assert taken_wh < LIMIT_WH + STOPS_WH, (taken_wh, self.notes)

    def clock(self) -> None:
        at_hour(self.box, self.chance.choice((5.99, 6.0, 12.0, 12.0, 21.99, 23.0)))

    def crash(self) -> None:
        self.box.crash(self.chance.choice(NODES), self.chance.choice((0.0, 1.0, 8.0)))

    def plug(self) -> None:
        if self.is_plugged:
            self.box.act("unplug")
            self.box.advance(3.0)
        else:
            self.begun_wh = self.counter_wh
            self.box.act("plug")
            self.box.act("ready")
        self.is_plugged = not self.is_plugged

    def wait(self) -> None:
        self.box.advance(self.chance.uniform(60.0, 240.0))


def story(seed: int) -> tuple[int, str]:
    """Return in how many looks the vehicle drew, and what went wrong."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            owner = Owner(Path(folder), seed)
            owner.run()
            return owner.drawn, ""
    except AssertionError as error:
        return 0, f"{seed}: {error}"
    finally:
        close_all()


@pytest.mark.parametrize("seed", QUICK)
def test_at_random_neither_the_clock_nor_a_death_forgets_a_limit(seed: int) -> None:
    drawn, wrong = story(seed)
    assert not wrong
    assert drawn


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_in_many_stories_neither_the_clock_nor_a_death_forgets_a_limit() -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(story, MANY))
    assert [wrong for _, wrong in found if wrong] == []
    assert sum(drawn > 0 for drawn, _ in found) > len(found) / 2

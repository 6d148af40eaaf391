"""What the owner has set, on the whole box: solar power, energy limit, schedule, unbalance."""

from pathlib import Path
from typing import Any

import pytest

from tests.box import AS_DELIVERED, Box

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
@pytest.mark.parametrize("node", ["load_manager", "meter", "system", "pilot", "session"])
def test_without_sun_no_death_of_a_node_charges_from_the_grid(box: Box, node: str) -> None:
    put(box, solar__enabled=True)
    box.advance(260.0)
    assert offer(box)["limit_a"] == 0.0
    for _ in range(3):
        box.crash(node, 1.0)
        box.advance(40.0)
        assert offer(box)["limit_a"] == 0.0
        assert not box.is_drawing
    box.kill("meter")
    box.advance(100.0)
    assert (offer(box)["limit_a"], box.is_drawing) == (0.0, False)


@pytest.mark.req("MET-7")
def test_the_sun_needs_a_house_meter(box: Box) -> None:
    put(box, house_meter__enabled=False, monitoring__enabled=False)
    refusal = box.refused("system", "set", {"changes": {"solar.enabled": True}})
    assert "solar.enabled: expected off while house_meter.enabled is off" in refusal
    put(box, house_meter__enabled=True)
    refusal = box.refused("system", "set", {"changes": {"solar.minimum_a": 3.0}})
    assert "solar.minimum_a" in refusal

"""The owner's settings and the house on the whole box: what a charge follows, and how soon."""

from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from msgs.load_manager import HouseMeter
from msgs.pilot import duty_of_offer
from msgs.session import WallboxState
from nodes.load_manager.ramp import RAISE_AFTER_S
from tests.box import AS_DELIVERED, Box

FOLLOWED_S = 3.0  # from the answer to the duty
ONLINE_S = 5.0
RAISED_S = 60.0
FUSE_A = 63.0
OTHERS_A = (3.0, 9.0, 3.0)
MARGIN_A = 1.0  # of load_manager, and what the grid's voltage makes of a load
LOST_A = 10.0
POLL_S = 1.0
HOUSE_PORT = 1502  # of launch/simulation.toml


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Give a box whose owner may set everything, in a charge at full current."""
    box = Box(tmp_path, f"factory.main_fuse_a={FUSE_A}", authorization=AS_DELIVERED)
    put(box, authorization__required=False)
    box.act("house", {"current_a": list(OTHERS_A)})
    box.act("plug")
    box.act("ready")
    box.wait(lambda: offered_a(box) == 32.0 and max(box.currents_a) > 31.0)
    return box


def put(box: Box, **changes: Any) -> None:
    words = {key.replace("__", "."): value for key, value in changes.items()}
    box.ask("system", "set", {"changes": words})


def offered_a(box: Box) -> float:
    return float(box.said("pilot/status")["offered_a"])


def contacts(box: Box) -> list[str]:
    """Return what the contacts have done since the start."""
    return [what for what, *_ in box.events if what.startswith("contacts_")]


@pytest.mark.req("MET-1", "MET-2", "MET-4", "MET-8")
def test_settings_that_change_during_a_charge_are_followed_without_a_restart(box: Box) -> None:
    port = HOUSE_PORT
    steps: tuple[tuple[dict[str, Any], float, HouseMeter], ...] = (
        ({"main_fuse_a": 25.0}, 25.0 - max(OTHERS_A) + MARGIN_A, HouseMeter.ONLINE),
        ({"phase_assignment": "L2-L3-L1"}, 25.0 - max(OTHERS_A) + MARGIN_A, HouseMeter.ONLINE),
        ({"house_meter__port": port + 1}, LOST_A, HouseMeter.STARTING),  # nobody answers there
        ({"house_meter__port": port}, LOST_A, HouseMeter.ONLINE),
        ({"monitoring__enabled": False}, LOST_A, HouseMeter.OFF),
        ({"monitoring__enabled": True}, LOST_A, HouseMeter.ONLINE),
        ({"main_fuse_a": FUSE_A, "phase_assignment": "L1-L2-L3"}, LOST_A, HouseMeter.ONLINE),
    )
    for changes, most_a, meter in islice(cycle(steps), 3 * len(steps)):
        put(box, **changes)
        since_s = box.now_s
        assert box.is_soon(lambda: offered_a(box) <= most_a, FOLLOWED_S), changes  # noqa: B023
        assert box.is_soon(lambda: house_meter(box) == meter, ONLINE_S), changes  # noqa: B023
        before_a = offered_a(box)
        for _ in range(20):  # and nothing is given back at once
            box.advance(0.1)
            assert offered_a(box) <= before_a, changes
        if changes.get("main_fuse_a") == FUSE_A:
            assert box.is_soon(lambda: offered_a(box) == 32.0, RAISED_S)
            assert box.now_s - since_s >= RAISE_AFTER_S - FOLLOWED_S
    assert contacts(box) == ["contacts_closed"]
    assert box.state in (WallboxState.CHARGING, WallboxState.DEGRADED)


def house_meter(box: Box) -> str:
    return str(box.said("load/offer")["house_meter"])


@pytest.mark.req("MET-1")
def test_a_locked_setting_is_refused_with_its_reason(tmp_path: Path) -> None:
    box = Box(tmp_path, "load_manager.main_fuse_a=20")
    why = box.refused("system", "set", {"changes": {"main_fuse_a": 25}})
    assert "main_fuse_a: locked: given by the launch file or --set" in why
    locked = box.ask("system", "get")["locked"]
    assert set(locked) == {"main_fuse_a", "authorization.required"}


@pytest.mark.req("MET-1", "MET-7")
def test_the_car_is_left_what_the_other_loads_leave_of_the_fuse(box: Box) -> None:
    put(box, main_fuse_a=40.0)
    box.act("house", {"current_a": [20.0, 3.0, 3.0]})
    limit_a = pytest.approx(40.0 - 20.0 - 0.5, abs=0.5)
    assert box.is_soon(lambda: limit_a == box.said("load/offer")["limit_a"], POLL_S + 0.5)
    assert box.said("load/offer")["reason"] == "fuse"
    offer_a = box.said("load/offer")["limit_a"]
    assert box.is_soon(lambda: offered_a(box) == offer_a, 1.0)
    assert box.said("pilot/status")["duty_percent"] == pytest.approx(duty_of_offer(offer_a))
    box.advance(5.0)  # the vehicle's time to follow: IEC 61851-1, Table A.6
    assert 40.0 - 3.0 < 20.0 + box.currents_a[0] < 40.0  # and little is given up
    assert contacts(box) == ["contacts_closed"]

"""Settings that are changed on the running graph during a charge, by `wallbox call system set`."""

import json
import time
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from typing import Any

import pytest

from msgs.load_manager import HouseMeter, LoadOffer
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.topics import LOAD_OFFER, PILOT_STATUS, SAFETY_STATUS, SESSION_STATUS, SETTINGS
from nodes.load_manager.ramp import RAISE_AFTER_S
from tests.system.box import Box, new_box

FOLLOWED_S = 3.0  # from the answer to the duty
FUSE_A = 63.0
OTHERS_A = (3.0, 9.0, 3.0)
MARGIN_A = 1.0  # of load_manager, and what the grid's voltage makes of a load
LOST_A = 10.0
SETTINGS_OF_THE_BOX = (
    "factory.authorization.required=false",
    f"factory.main_fuse_a={FUSE_A}",
    "plant.start_delay_s=0.2",
    "plant.precharge_s=0.2",
    "plant.ramp_up_a_s=50",
)


def put(box: Box, **changes: Any) -> float:
    """Change settings as a person does; return when it was answered [monotonic s]."""
    words = {key.replace("__", "."): value for key, value in changes.items()}
    box.do("call", "system", "set", json.dumps({"changes": words}))
    return time.monotonic()


def lowered(box: Box, since_s: float, most_a: float) -> None:
    """Assert that the duty comes to a limit in time."""
    box.until(PILOT_STATUS, lambda status: status.offered_a <= most_a, FOLLOWED_S, since_s - 1.0)


def not_raised(box: Box, since_s: float, seconds: float) -> None:
    """Assert that the duty does not rise for a time."""
    before_a = box.last(PILOT_STATUS).message.offered_a
    box.look_for(seconds)
    offered = [sample.message.offered_a for sample in box.samples(PILOT_STATUS, since_s)]
    assert max(offered) <= before_a


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with new_box() as box:
        box.launch(*SETTINGS_OF_THE_BOX)
        box.act("house", current_a=list(OTHERS_A))
        box.charge()
        yield box


def has_meter(meter: HouseMeter, offer: LoadOffer) -> bool:
    return offer.house_meter is meter


def change_all(box: Box, count: int, is_raise_waited_for: bool) -> None:
    """Change fuse, phases, meter and monitoring one after the other, so many changes."""
    began_s = time.monotonic()
    before = {name: (node.pid, node.incarnation) for name, node in box.nodes().items()}
    port = box.port
    steps: tuple[tuple[dict[str, Any], float, HouseMeter], ...] = (
        ({"main_fuse_a": 25.0}, 25.0 - max(OTHERS_A) + MARGIN_A, HouseMeter.ONLINE),
        ({"phase_assignment": "L2-L3-L1"}, 25.0 - max(OTHERS_A) + MARGIN_A, HouseMeter.ONLINE),
        ({"house_meter__port": port + 1}, LOST_A, HouseMeter.STARTING),  # nobody answers there
        ({"house_meter__port": port}, LOST_A, HouseMeter.ONLINE),
        ({"monitoring__enabled": False}, LOST_A, HouseMeter.OFF),
        ({"monitoring__enabled": True}, LOST_A, HouseMeter.ONLINE),
        ({"main_fuse_a": FUSE_A, "phase_assignment": "L1-L2-L3"}, LOST_A, HouseMeter.ONLINE),
    )
    for changes, most_a, meter in islice(cycle(steps), count):
        since_s = put(box, **changes)
        lowered(box, since_s, most_a)
        box.until(LOAD_OFFER, partial(has_meter, meter), 5.0, since_s - 1.0)
        not_raised(box, since_s, 1.0)
        if is_raise_waited_for and changes.get("main_fuse_a") == FUSE_A:
            full = box.until(PILOT_STATUS, lambda status: status.offered_a == 32.0, 25.0)
            assert full.at_s - since_s >= RAISE_AFTER_S - FOLLOWED_S
    assert {name: (node.pid, node.incarnation) for name, node in box.nodes().items()} == before
    opened = [
        sample.message
        for sample in box.samples(SAFETY_STATUS, began_s)
        if sample.message.contactor is not Contactor.CLOSED
    ]
    assert opened == []
    assert box.last(SESSION_STATUS).message.state in (WallboxState.CHARGING, WallboxState.DEGRADED)


@pytest.mark.system
@pytest.mark.req("MET-1", "MET-2", "MET-4", "MET-8")
def test_settings_that_change_during_a_charge_are_followed_without_a_restart(box: Box) -> None:
    change_all(box, 7, is_raise_waited_for=False)


@pytest.mark.system
def test_a_problem_is_told_by_its_key_and_nothing_is_changed(box: Box) -> None:
    before = box.ask("system", "get")
    told = box.tell("call", "system", "set", '{"changes": {"main_fuse_a": 64}}')
    assert told.returncode == 1
    assert "main_fuse_a: expected a current from 6 to 63 A or null; got 64" in told.stderr
    assert box.ask("system", "get") == before


@pytest.mark.system
@pytest.mark.req("MET-1")
def test_a_locked_setting_is_refused_with_its_reason(own_box: Box) -> None:
    own_box.launch("load_manager.main_fuse_a=20", "session.authorization=false")
    told = own_box.tell("call", "system", "set", '{"changes": {"main_fuse_a": 25}}')
    assert told.returncode == 1
    assert "main_fuse_a: locked: given by the launch file or --set" in told.stderr
    assert set(own_box.last(SETTINGS).message.locked) == {"main_fuse_a", "authorization.required"}


@pytest.mark.proof
@pytest.mark.timeout(300)
@pytest.mark.req("MET-1", "MET-2", "MET-4")
def test_twenty_changes_during_a_charge(own_box: Box) -> None:
    own_box.launch(*SETTINGS_OF_THE_BOX)
    own_box.act("house", current_a=list(OTHERS_A))
    own_box.charge()
    change_all(own_box, 21, is_raise_waited_for=True)

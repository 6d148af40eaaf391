"""The limits of a charge on real processes: a setting by the command line, a meter over TCP."""

import json
import time

import pytest

from msgs.led import Color, Effect, LedFrame
from msgs.load_manager import HouseMeter
from msgs.session import WallboxState
from msgs.topics import LED_FRAME, LOAD_OFFER, PILOT_STATUS, SESSION_STATUS
from tests.system.box import Box
from tests.system.shared import HOUSE_A

pytestmark = pytest.mark.system

FOLLOWED_S = 3.0  # from the answer to the duty
FUSE_A = 25.0
MARGIN_A = 1.0  # of load_manager, and what the grid's voltage makes of a load
LOST_A = 10.0
POLL_S = 1.0
LOST_AFTER_S = 10.0


def segments(frame: LedFrame) -> list[tuple[Color, Effect]]:
    return [(light.color, light.effect) for light in frame.segments]


@pytest.mark.req("MET-1", "MET-3", "MET-8", "LED-4", "STA-3")
def test_a_smaller_fuse_and_then_a_lost_meter_are_followed_during_a_charge(charging: Box) -> None:
    box = charging
    before = {name: (node.pid, node.incarnation) for name, node in box.nodes().items()}
    since_s = time.monotonic()
    box.do("call", "system", "set", json.dumps({"changes": {"main_fuse_a": FUSE_A}}))
    set_s = time.monotonic()
    most_a = FUSE_A - max(HOUSE_A) + MARGIN_A
    low = box.until(PILOT_STATUS, lambda status: status.offered_a <= most_a, since_s=since_s)
    box.assert_within(FOLLOWED_S, set_s, low.at_s, "pilot")
    assert low.message.offered_a > LOST_A

    box.do("sim", "fault", "meter_lost")
    broken_s = box.event("fault", set_s)
    lost = box.until(LOAD_OFFER, lambda offer: offer.house_meter is HouseMeter.LOST, since_s=set_s)
    box.assert_within(LOST_AFTER_S + POLL_S, broken_s, lost.at_s, "load_manager")
    assert (lost.message.limit_a, lost.message.reason) == (LOST_A, "meter_lost")
    box.until(PILOT_STATUS, lambda status: status.offered_a == LOST_A, since_s=lost.at_s)
    frame = box.until(
        LED_FRAME, lambda frame: frame.caption == "house meter lost", since_s=lost.at_s
    )
    blink, dark = (Color.ORANGE, Effect.BLINK), (Color.OFF, Effect.OFF)
    assert segments(frame.message) == [blink, blink, dark, dark]
    degraded = box.until(
        SESSION_STATUS, lambda status: status.state is WallboxState.DEGRADED, since_s=lost.at_s
    )
    assert "meter" in degraded.message.reason
    box.act("clear", name="meter_lost")
    back = box.until(LOAD_OFFER, lambda offer: offer.house_meter is HouseMeter.ONLINE)
    box.until(LED_FRAME, lambda frame: frame.caption == "charging", since_s=back.at_s)
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING)
    box.stays_closed(since_s)
    assert {name: (node.pid, node.incarnation) for name, node in box.nodes().items()} == before


def test_a_problem_of_a_setting_is_named_by_its_key_and_nothing_is_changed(box: Box) -> None:
    before = box.ask("system", "get")
    result = box.wallbox("call", "system", "set", '{"changes": {"main_fuse_a": 126}}')
    assert result.returncode == 1
    assert "main_fuse_a: expected a current from 6 to 125 A or null; got 126" in result.stderr
    assert box.ask("system", "get") == before

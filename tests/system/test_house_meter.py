"""The meter of the house over Modbus TCP, on the running graph: the fuse, and the meter lost."""

import time
from collections.abc import Iterator

import pytest

from msgs.led import Color, Effect, LedFrame
from msgs.load_manager import HouseMeter
from msgs.pilot import duty_of_offer
from msgs.safety import Contactor
from msgs.session import WallboxState
from msgs.topics import (
    LED_FRAME,
    LOAD_OFFER,
    METER_HOUSE,
    PILOT_STATUS,
    SAFETY_STATUS,
    SESSION_STATUS,
)
from tests.system.box import NO_CARD, NOISE_S, Box, new_box

pytestmark = pytest.mark.system

FUSE_A = 40.0
POLL_S = 1.0
LOST_AFTER_S = 10.0


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with new_box() as box:
        box.launch(NO_CARD, f"load_manager.main_fuse_a={FUSE_A}", "plant.ramp_up_a_s=10")
        box.charge()
        yield box


def segments(frame: LedFrame) -> list[tuple[Color, Effect]]:
    return [(light.color, light.effect) for light in frame.segments]


@pytest.mark.req("MET-1", "MET-7")
def test_the_car_is_left_what_the_other_loads_leave_of_the_fuse(box: Box) -> None:
    since_s = time.monotonic()
    box.do("sim", "house", "20", "3", "3")
    offer = box.until(LOAD_OFFER, lambda offer: offer.reason == "fuse", 5.0, since_s)
    limit_a = offer.message.limit_a
    assert limit_a == pytest.approx(FUSE_A - 20.0 - 0.5, abs=0.5)
    assert offer.at_s - since_s <= POLL_S + 0.5 + NOISE_S  # the command line takes its time
    pilot = box.until(PILOT_STATUS, lambda status: status.offered_a == limit_a, 1.0, since_s)
    assert pilot.message.duty_percent == pytest.approx(duty_of_offer(limit_a))
    house = box.until(
        METER_HOUSE, lambda reading: reading.lines[0].current_a < FUSE_A, 5.0, pilot.at_s
    )
    assert house.message.lines[0].current_a > FUSE_A - 3.0  # and little is given up
    assert {s.message.contactor for s in box.samples(SAFETY_STATUS, since_s)} == {Contactor.CLOSED}
    box.act("house", current_a=[2.0, 2.0, 2.0])


@pytest.mark.req("MET-3", "LED-4", "STA-3")
def test_a_lost_meter_leaves_ten_amperes_until_it_is_back(box: Box) -> None:
    assert box.last(LOAD_OFFER).message.limit_a > 10.0
    since_s = time.monotonic()
    box.do("sim", "fault", "meter_lost")
    lost = box.until(LOAD_OFFER, lambda offer: offer.house_meter is HouseMeter.LOST, 15.0, since_s)
    assert lost.at_s - since_s <= LOST_AFTER_S + POLL_S
    assert (lost.message.limit_a, lost.message.reason) == (10.0, "meter_lost")
    box.until(PILOT_STATUS, lambda status: status.offered_a == 10.0, 1.0, lost.at_s)
    frame = box.until(LED_FRAME, lambda frame: frame.caption == "house meter lost", 2.0, lost.at_s)
    blink, dark = (Color.ORANGE, Effect.BLINK), (Color.OFF, Effect.OFF)
    assert segments(frame.message) == [blink, blink, dark, dark]
    degraded = box.until(
        SESSION_STATUS, lambda status: status.state is WallboxState.DEGRADED, 2.0, lost.at_s
    )
    assert "meter" in degraded.message.reason
    box.act("clear", name="meter_lost")
    back = box.until(LOAD_OFFER, lambda offer: offer.house_meter is HouseMeter.ONLINE, 10.0)
    box.until(LED_FRAME, lambda frame: frame.caption == "charging", 2.0, back.at_s)
    box.until(SESSION_STATUS, lambda status: status.state is WallboxState.CHARGING, 2.0)
    assert {s.message.contactor for s in box.samples(SAFETY_STATUS, since_s)} == {Contactor.CLOSED}

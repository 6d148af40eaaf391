"""The front of the whole box, from outside: what it shows of the world, and what its keys do."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from msgs.card import CardColor
from msgs.dcs import ChargeMode, Link
from msgs.session import WallboxState
from msgs.topics import DCS_STATUS
from tests.box import Box
from tests.builders import dcs_status

NEW_CARD = "04A1B2C3"
ALL_BLUE = "blue blue blue blue, steady"


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def charge(box: Box) -> None:
    box.act("plug")
    box.act("ready")
    box.wait(lambda: box.is_drawing)


class Service:
    """A charging service that stands in for the node dcs: publishes what a test sets."""

    def __init__(self, box: Box) -> None:
        box.kill("dcs")
        self._bus = box.join("dcs")
        self._said = dcs_status()
        self._bus.every(1.0, self._say)

    def says(self, **changes: Any) -> None:
        self._said = replace(self._said, **changes)
        self._say()

    def _say(self) -> None:
        self._bus.publish(DCS_STATUS, self._said)


@pytest.mark.req("PAN-1")
def test_the_front_has_four_segments_and_five_other_lights(tmp_path: Path) -> None:
    box = Box(tmp_path, "session.authorization=true")
    assert box.front == "off off off off, off"
    lights = {name: box.light(name) for name in ("network", "rfid", "frame", "mode", "touch")}
    assert lights == {
        "network": "off",
        "rfid": "white pulse",
        "frame": "white pulse",
        "mode": "blue steady",
        "touch": "off",
    }


@pytest.mark.req("PAN-2", "LED-1")
def test_an_idle_front_is_off_until_a_card_has_authorised(tmp_path: Path) -> None:
    box = Box(tmp_path, "session.authorization=true")
    assert box.front == "off off off off, off"
    box.act("tap", {"uid": box.card(CardColor.RED)})
    box.wait(lambda: box.front == ALL_BLUE)
    box.act("power", {"on": False})
    box.wait(lambda: box.front == "off off off off, off")


@pytest.mark.req("LED-6")
def test_all_blink_orange_at_the_start_and_nothing_is_charged_meanwhile(box: Box) -> None:
    assert box.fronts == ["orange orange orange orange, blink", ALL_BLUE]
    assert not any(what == "coil_on" for what, *_ in box.events)


@pytest.mark.req("LED-9")
def test_of_several_the_worse_is_shown_and_the_next_when_it_is_gone(box: Box) -> None:
    charge(box)
    rows = [
        ("meter_lost", "orange orange off off, blink"),
        ("hot", "off off orange orange, blink"),
        ("pe_open", "red red red red, steady"),
    ]
    assert box.front == "blue blue blue blue, blink"
    box.act("fault", {"name": "meter_lost"})
    assert box.is_soon(lambda: box.front == rows[0][1], 30.0)
    box.act("fault", {"name": "hot"})
    assert box.is_soon(lambda: box.front == "white white orange orange, blink", 600.0)  # its code
    assert box.is_soon(lambda: box.front == rows[1][1], 10.0)
    box.act("fault", {"name": "rcm_ac"})
    box.act("fault", {"name": "swell"})
    assert box.is_soon(lambda: box.front == "blue blue red blue, blink", 30.0)  # 8002
    box.act("fault", {"name": "pe_open"})
    assert box.is_soon(lambda: box.front == rows[2][1], 30.0)


@pytest.mark.req("LED-7", "STA-4")
def test_commissioning_lights_the_two_in_the_middle(tmp_path: Path) -> None:
    box = Box(tmp_path, "plant.dip2=1")
    assert box.front == "off orange orange off, steady"
    assert box.state == WallboxState.SERVICE_MODE


@pytest.mark.req("DCS-1")
@pytest.mark.parametrize(
    ("link", "more", "shown"),
    [
        (Link.UNREACHABLE, {}, "off"),
        (Link.REACHABLE, {}, "white steady"),
        (Link.REACHABLE, {"signing_in": True}, "green blink"),
        (Link.ONLINE, {"synchronised": True}, "green steady"),
        (Link.UNREACHABLE, {"synchronised": True}, "orange steady"),
    ],
)
def test_the_network_indicator_follows_the_link(
    box: Box, link: Link, more: dict[str, bool], shown: str
) -> None:
    assert box.light("network") == "off"  # the service is not offered
    Service(box).says(link=link, **more)
    assert box.is_soon(lambda: box.light("network") == shown, 1.5)


@pytest.mark.req("PAN-4", "DCS-2")
def test_the_touch_key_confirms_while_it_is_lit_and_does_nothing_else(box: Box) -> None:
    box.act("touch")
    box.advance(1.0)
    assert box.keys == []
    service = Service(box)
    service.says(link=Link.REACHABLE, can_confirm=True)
    box.wait(lambda: box.light("touch") == "white steady")
    box.act("touch")
    box.wait(lambda: box.keys == ["touch"])
    service.says(link=Link.ONLINE, synchronised=True, can_confirm=False)
    box.wait(lambda: box.light("touch") == "off" and box.light("network") == "green steady")
    box.act("touch")
    box.advance(1.0)
    assert box.keys == ["touch"]


@pytest.mark.req("DCS-3")
def test_the_mode_indicator_shows_how_the_vehicle_is_charged(box: Box) -> None:
    service = Service(box)
    assert box.light("mode") == "blue steady"
    charge(box)
    assert box.light("mode") == "blue steady"  # not synchronised
    service.says(link=Link.ONLINE, synchronised=True)
    service.says(mode=ChargeMode.INTELLIGENT, waits_for_plan=True)
    box.wait(lambda: box.light("mode") == "white blink")
    service.says(waits_for_plan=False)
    box.wait(lambda: box.light("mode") == "white steady")
    service.says(mode=ChargeMode.FAST)
    box.wait(lambda: box.light("mode") == "green steady")


@pytest.mark.req("STA-1")
def test_a_box_publishes_all_nine_states(tmp_path: Path) -> None:
    box = Box(tmp_path / "one")
    charge(box)
    box.act("full")
    box.wait(lambda: box.state == WallboxState.READY_FOR_CHARGING)
    box.ask("session", "wish", {"pause": True})
    box.wait(lambda: box.state == WallboxState.SUSPENDED)
    box.ask("session", "wish", {})
    box.act("ready")
    box.act("fault", {"name": "meter_lost"})
    box.wait(lambda: box.state == WallboxState.DEGRADED)
    box.act("fault", {"name": "swell"})
    box.wait(lambda: box.state == WallboxState.RECOVER_FROM_ERROR)
    box.act("pull")
    box.act("clear", {"name": "swell"})
    box.act("clear", {"name": "meter_lost"})
    assert box.is_soon(lambda: box.state == WallboxState.IDLE, 90.0)  # 8002 waits for its retry
    box.act("tap", {"uid": box.card(CardColor.WHITE)})
    box.wait(lambda: box.state == WallboxState.TOKEN_PROGRAMMING_MODE)
    box.advance(1.0)
    box.act("tap", {"uid": NEW_CARD})
    box.advance(8.0)
    box.act("fault", {"name": "pe_open"})
    box.act("plug")
    box.wait(lambda: box.state == WallboxState.UNRECOVERABLE_ERROR)
    commissioned = Box(tmp_path / "two", "plant.dip2=1")
    assert set(box.states) | set(commissioned.states) == set(WallboxState)

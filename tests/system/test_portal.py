"""A real box with the portal of its plan: pairing, a card, plans, the death of the portal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.sync.client import connect

from msgs.dcs import ChargeMode, Link
from msgs.session import WallboxState
from msgs.topics import DCS_STATUS, LED_FRAME, LOAD_OFFER, RFID_STATUS, SESSION_STATUS
from tests.portal.hours import ENERGY_KWH, MOST_A, departure, prices
from tests.portal.portal_in_thread import PortalPage
from tests.system.box import HOUSE_PORT, QUICK_VEHICLE_WITH_CARD, Box
from tests.system.listener import PATIENCE_S

pytestmark = [pytest.mark.system, pytest.mark.req("DCS-1", "DCS-2", "DCS-4", "DCS-7")]

PORTAL_PORT = 8180  # of launch/simulation.toml; moved by --ports
CARD = "AB12CD34"  # of no label: the portal accepts it


@contextmanager
def page_of(box: Box) -> Iterator[PortalPage]:
    port = PORTAL_PORT + box.port - HOUSE_PORT
    origin: Any = f"http://127.0.0.1:{port}"
    with connect(f"ws://127.0.0.1:{port}/page", origin=origin) as socket:
        yield PortalPage(socket)


def until(box: Box, page: PortalPage, holds: Callable[[], bool]) -> None:
    """Look at the page until something holds; listen to the box meanwhile."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            while True:
                page.look(0.05)
        except TimeoutError:
            pass
        if page.state and page.state["boxes"] and holds():
            return
        assert time.monotonic() < end_s, page.state
        box.look_for(0.05)


def pair(box: Box, page: PortalPage) -> str:
    """Pair the box as a person does; return its identity at the portal."""
    until(box, page, lambda: page.box["is_connected"])
    identity = str(page.box["identity"])
    box.until(DCS_STATUS, lambda said: said.link is Link.REACHABLE)
    page.do(do="activate", box=identity)
    box.until(LED_FRAME, lambda front: front.touch.color == "white")
    box.act("touch")
    box.until(DCS_STATUS, lambda said: said.link is Link.ONLINE and said.synchronised)
    box.until(LED_FRAME, lambda front: front.network.color == "green")
    until(box, page, lambda: bool(page.box["is_accepted"]))
    return identity


def test_a_box_is_paired_and_charged_by_the_plan_of_its_portal(own_box: Box) -> None:
    box = own_box
    box.launch(*QUICK_VEHICLE_WITH_CARD)
    with page_of(box) as page:
        identity = pair(box, page)
        wish = {"energy_kwh": ENERGY_KWH, "departure": departure(), "phases": 3, "most_a": MOST_A}
        page.do(do="prices", prices=prices(now=0.1, later=0.5))
        page.do(do="wish", box=identity, wish=wish)
        until(box, page, lambda: page.box["wish"] == wish)
        box.act("tap", uid=CARD)
        box.until(RFID_STATUS, lambda said: said.last_uid == CARD and said.accepted is True)
        box.act("plug")
        box.act("ready")
        box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING)
        box.until(DCS_STATUS, lambda said: said.mode is ChargeMode.INTELLIGENT and said.plan != ())
        box.until(LOAD_OFFER, lambda offer: offer.limit_a == MOST_A)
        box.until(LED_FRAME, lambda front: front.mode.color == "white")
        until(box, page, lambda: page.box["charge"] is not None and page.box["plan"] is not None)
        assert page.box["charge"]["token"] == CARD
        since_s = time.monotonic()
        page.do(do="prices", prices=prices(now=0.5, later=0.1))
        box.until(LOAD_OFFER, lambda offer: offer.limit_a == 0.0, since_s=since_s)
        page.do(do="prices", prices=prices(now=0.1, later=0.5))
        box.until(LOAD_OFFER, lambda offer: offer.limit_a == MOST_A, since_s=time.monotonic())
    killed_s = box.kill("portal")
    lost = box.until(DCS_STATUS, lambda said: said.link is not Link.ONLINE, since_s=killed_s)
    assert box.last(LOAD_OFFER).message.limit_a == MOST_A  # the plan goes on without the portal
    box.until(DCS_STATUS, lambda said: said.link is Link.ONLINE, since_s=lost.at_s)
    with page_of(box) as page:
        until(box, page, lambda: bool(page.box["is_accepted"]))
        until(box, page, lambda: page.box["charge"] is not None)
        assert page.box["stage"] == "paired"
        page.do(do="stop", box=identity)
        box.until(SESSION_STATUS, lambda said: not said.session_id, since_s=killed_s)
        until(box, page, lambda: page.box["charge"] is None)
        assert page.state["charges"][0]["reason"] == "Remote"
    portal = next(row for row in box.ps() if row["node"] == "portal")
    assert portal["state"] == "ready"
    assert portal["restarts"] == 1
    box.do("restart", "portal")
    box.until(DCS_STATUS, lambda said: said.link is Link.ONLINE, since_s=time.monotonic())

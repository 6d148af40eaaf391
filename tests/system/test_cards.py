"""Cards as their owner uses them, by `wallbox sim` alone: taught, refused, released, logged off."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from msgs.card import CardRole
from msgs.led import Color, Effect, Light, Tone
from msgs.rfid import Indication, RfidMode, RfidStatus
from msgs.session import EndReason, WallboxState
from msgs.topics import LAUNCH_GRAPH, LED_FRAME, RFID_STATUS, SESSION_STATUS, SIM_EVENT
from tests.system.box import QUICK_VEHICLE_WITH_CARD, WALLBOX, Box, new_box

pytestmark = pytest.mark.system

NEW, OTHER, RANDOM = "04AABBCC", "E004015012345678", "08123456"
WINDOW_S = 5.0  # RFID-8
LATE_S = 5.5
LOOK_S = 0.2  # the reader looks each 0.15 s
AGAIN_S = 1.2  # a card that was away so long is a new sight
RELEASE_S = 60.0  # RFID-4


class Cards:
    """A box and its cards."""

    def __init__(self, box: Box) -> None:
        self.box = box
        label = [*WALLBOX, "label", "--json", "--state-dir", str(box.place.state_dir)]
        printed = subprocess.run(label, capture_output=True, check=True, timeout=20.0).stdout
        self.master, self.red, self.green, self.blue = (
            card["uid"] for card in json.loads(printed)["rfid"]
        )

    def stored(self) -> list[str]:
        """Return the UIDs of the list, the master first."""
        cards: list[dict[str, Any]] = json.loads(self.box.do("call", "rfid", "cards"))["cards"]
        assert [card["role"] for card in cards[1:]] == [CardRole.USER] * len(cards[1:])
        return [card["uid"] for card in cards]

    def tap(self, *uids: str) -> RfidStatus:
        """Hold cards to the box and take them away; return what rfid says to that."""
        began_s = time.monotonic()
        before = self.box.last(RFID_STATUS).message.tone_count
        self.box.do("sim", "tap", *uids, "--seconds", "0.4")
        said = self.box.until(RFID_STATUS, lambda said: said.tone_count > before, 3.0, began_s)
        for uid in uids:  # another card beside it would make two
            self.box.until(
                SIM_EVENT,
                lambda event, uid=uid: (event.what, event.detail) == ("card_gone", uid),  # type: ignore[misc]
                3.0,
                began_s,
            )
        self.box.look_for(LOOK_S)
        return said.message

    def tap_again(self, *uids: str) -> RfidStatus:
        """Hold a card again that has just been away."""
        self.box.look_for(AGAIN_S)
        return self.tap(*uids)

    def wait_late(self, uid: str) -> None:
        """Let the window that a card has opened pass, and half a second."""
        events = self.box.samples(SIM_EVENT)
        seen_s = [e.at_s for e in events if (e.message.what, e.message.detail) == ("card", uid)][-1]
        self.box.look_for(seen_s + LATE_S - time.monotonic())

    def mode(self, mode: RfidMode, seconds: float = 2.0) -> None:
        self.box.until(RFID_STATUS, lambda said: said.mode is mode, seconds, 0.0)

    def is_released(self, released: bool, seconds: float = 2.0) -> float:
        since_s = time.monotonic()
        said = self.box.until(
            SESSION_STATUS, lambda said: said.released is released, seconds, since_s
        )
        return said.at_s


@pytest.fixture(scope="module")
def running() -> Iterator[Box]:
    with new_box() as box:
        box.launch(*QUICK_VEHICLE_WITH_CARD)
        yield box


@pytest.fixture
def cards(running: Box) -> Cards:
    """Give the running box with nothing plugged in, nobody authorised, no card being taught."""
    box = running
    if box.act("status")["vehicle"] != "away":
        box.do("sim", "unplug")
    box.until(RFID_STATUS, lambda said: said.mode is RfidMode.READY, 7.0)
    said = box.until(
        SESSION_STATUS, lambda said: said.state is WallboxState.IDLE and not said.plugged, 15.0
    )
    cards = Cards(box)
    if said.message.released:
        cards.tap_again(said.message.token)
        cards.is_released(False)
    box.look_for(AGAIN_S)
    return cards


@pytest.fixture
def own_cards(own_box: Box) -> Cards:
    own_box.launch(*QUICK_VEHICLE_WITH_CARD)
    own_box.until(RFID_STATUS, lambda said: said.mode is RfidMode.READY, 5.0)
    own_box.until(SESSION_STATUS, lambda said: said.state is WallboxState.IDLE, 5.0)
    return Cards(own_box)


# --- teaching ----------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
def test_a_card_is_taught_by_the_master_twice(cards: Cards) -> None:
    before = cards.stored()
    assert cards.tap(cards.master).tone is Tone.SINGLE
    cards.mode(RfidMode.NEW_CARD)
    cards.box.until(
        SESSION_STATUS, lambda said: said.state is WallboxState.TOKEN_PROGRAMMING_MODE, 2.0
    )
    assert cards.tap(NEW).indication is Indication.NEW_CARD
    orange = Light(color=Color.ORANGE, effect=Effect.STEADY)
    cards.box.until(LED_FRAME, lambda frame: frame.rfid == orange, 2.0, 0.0)
    assert cards.tap_again(cards.master).indication is Indication.STORED
    assert cards.stored() == [*before, NEW]


@pytest.mark.req("RFID-8")
def test_a_new_card_that_comes_half_a_second_late_is_not_stored(cards: Cards) -> None:
    before = cards.stored()
    cards.tap(cards.master)
    cards.wait_late(cards.master)
    assert cards.tap(OTHER).accepted is False
    cards.tap_again(cards.master)
    assert cards.stored() == before


@pytest.mark.req("RFID-8")
def test_a_master_that_confirms_half_a_second_late_stores_nothing(cards: Cards) -> None:
    before = cards.stored()
    cards.tap(cards.master)
    cards.tap(OTHER)
    cards.wait_late(OTHER)
    cards.tap(cards.master)
    assert cards.stored() == before


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("wrong", ["stored", "random", "two", "unreadable"])
def test_a_wrong_card_ends_the_teaching(cards: Cards, wrong: str) -> None:
    before = cards.stored()
    uids = {
        "stored": [cards.green],
        "random": [RANDOM],
        "two": [OTHER, "04DDEEFF"],
        "unreadable": ["ABCD"],
    }[wrong]
    cards.tap(cards.master)
    said = cards.tap(*uids)
    assert (said.tone, said.mode) == (Tone.FALLING, RfidMode.READY)
    cards.tap_again(cards.master)
    assert cards.stored() == before


@pytest.mark.req("RFID-10")
def test_the_master_alone_authorises_when_no_card_follows(cards: Cards) -> None:
    began_s = time.monotonic()
    cards.tap(cards.master)
    assert cards.is_released(True, 8.0) - began_s >= WINDOW_S
    assert cards.box.last(SESSION_STATUS).message.token == cards.master


# --- authorising -------------------------------------------------------------------------------


@pytest.mark.req("RFID-3", "CHG-1")
def test_a_card_then_the_plug_begins_a_charge(cards: Cards) -> None:
    said = cards.tap(cards.red)
    assert (said.accepted, said.tone) == (True, Tone.RISING)
    cards.is_released(True)
    cards.box.do("sim", "plug")
    cards.box.do("sim", "ready")
    charging = cards.box.until(
        SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0
    )
    assert charging.message.token == cards.red


@pytest.mark.req("RFID-3", "CHG-1")
def test_the_plug_then_a_card_begins_a_charge(cards: Cards) -> None:
    cards.box.do("sim", "plug")
    cards.box.do("sim", "ready")
    cards.box.until(SESSION_STATUS, lambda said: said.plugged, 5.0)
    cards.box.look_for(1.0)
    assert not cards.box.last(SESSION_STATUS).message.authorized
    assert cards.tap(NEW[:-1] + "D").tone is Tone.FALLING  # a stranger's
    assert cards.tap(cards.blue).tone is Tone.RISING
    cards.box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0)


@pytest.mark.req("RFID-5")
def test_another_card_does_not_log_off_and_the_same_one_does(cards: Cards) -> None:
    cards.tap(cards.red)
    cards.box.do("sim", "plug")
    cards.box.do("sim", "ready")
    cards.box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0)
    for foreign in (cards.green, cards.master):
        assert cards.tap_again(foreign).tone is Tone.FALLING
        assert cards.box.last(SESSION_STATUS).message.state is WallboxState.CHARGING
    assert cards.tap_again(cards.red).tone is Tone.RISING
    cards.box.until(SESSION_STATUS, lambda said: not said.session_id, 10.0)
    newest = cards.box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.STOPPED)


@pytest.mark.req("RFID-4")
def test_a_release_lapses_and_no_other_card_matters_meanwhile(cards: Cards) -> None:
    began_s = time.monotonic()
    cards.tap(cards.red)
    cards.is_released(True)
    assert cards.tap_again(cards.green).tone is Tone.FALLING
    said = cards.box.last(SESSION_STATUS).message
    assert (said.released, said.token) == (True, cards.red)
    lapsed_s = cards.is_released(False, RELEASE_S + 5.0) - began_s
    assert RELEASE_S - 0.5 <= lapsed_s <= RELEASE_S + 3.0
    cards.box.do("sim", "plug")
    cards.box.until(SESSION_STATUS, lambda said: said.plugged, 5.0)
    cards.box.look_for(1.0)
    assert not cards.box.last(SESSION_STATUS).message.authorized


@pytest.mark.req("RFID-4")
def test_the_same_card_takes_a_release_back(cards: Cards) -> None:
    cards.tap(cards.red)
    cards.is_released(True)
    assert cards.tap_again(cards.red).tone is Tone.RISING
    cards.is_released(False)


@pytest.mark.req("RFID-6", "RFID-12")
def test_authorisation_off_charges_without_a_card_and_on_again_has_its_list(cards: Cards) -> None:
    before, box = cards.stored(), cards.box
    assert box.last(SESSION_STATUS).message.authorization_required
    switch_authorization(box, False)
    box.until(SESSION_STATUS, lambda said: not said.authorization_required, 3.0)
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0)
    refused = box.tell("call", "system", "set", changes_of(True))
    assert refused.returncode != 0
    assert "plug" in refused.stderr
    box.do("sim", "unplug")
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.IDLE, 15.0)
    switch_authorization(box, True)
    box.until(SESSION_STATUS, lambda said: said.authorization_required, 3.0)
    assert cards.stored() == before
    assert cards.tap(cards.red).tone is Tone.RISING


# --- the erase ---------------------------------------------------------------------------------


def erase(cards: Cards) -> None:
    """Press the service key beyond its second tone; wait for the restart that follows."""
    began_s = time.monotonic()
    cards.box.do("sim", "service", "6.6")
    cards.box.until(LAUNCH_GRAPH, lambda graph: graph.stopping, 12.0, began_s)
    stopping_s = time.monotonic()
    cards.box.until(
        LAUNCH_GRAPH,
        lambda graph: not graph.stopping and all(p.state == "ready" for p in graph.processes),
        20.0,
        stopping_s,
    )


@pytest.mark.req("PAN-3", "RFID-9")
def test_the_service_key_erases_all_cards_and_the_first_card_is_the_new_master(
    own_cards: Cards,
) -> None:
    cards = own_cards
    erase(cards)
    cards.box.until(RFID_STATUS, lambda said: said.mode is RfidMode.MASTER, 5.0)
    assert cards.stored() == []
    assert cards.tap(NEW).indication is Indication.STORED
    assert cards.stored() == [NEW]
    cards.box.until(RFID_STATUS, lambda said: said.mode is RfidMode.READY, 5.0)
    assert cards.tap(cards.red).tone is Tone.FALLING  # erased with the others


@pytest.mark.req("PAN-3", "PAN-5")
def test_the_service_key_released_between_its_tones_restarts(own_cards: Cards) -> None:
    cards, box = own_cards, own_cards.box
    cards.tap(cards.red)
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0)
    before = box.nodes()["session"].pid
    began_s = time.monotonic()
    box.do("sim", "service", "3")
    box.until(LAUNCH_GRAPH, lambda graph: graph.stopping, 8.0, began_s)
    opened_s = box.event("contacts_open", began_s, 12.0)
    again = box.until(
        SESSION_STATUS, lambda said: said.state is not WallboxState.CHARGING, 20.0, opened_s + 0.5
    )
    assert not again.message.permitted
    assert box.nodes()["session"].pid != before
    newest = box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.RESTART)
    assert len(cards.stored()) == 4


# --- a power cut -------------------------------------------------------------------------------


def cut(cards: Cards) -> None:
    """Take every process away at once, and start the box again."""
    box = cards.box
    for pid in box.processes():
        os.kill(pid, signal.SIGKILL)
    assert box.process is not None
    box.process.wait(5.0)
    box.launch(*QUICK_VEHICLE_WITH_CARD)
    box.until(RFID_STATUS, lambda said: bool(said.cards or not said.has_master), 5.0)
    box.until(SESSION_STATUS, lambda said: not said.plugged, 5.0)


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_all_killed_between_two_steps_of_teaching_leaves_the_list_as_before_or_after(
    own_cards: Cards, steps: int
) -> None:
    cards = own_cards
    before = cards.stored()
    for uid in (cards.master, NEW, cards.master)[:steps]:
        cards.tap_again(uid)
    cut(cards)
    assert cards.stored() == ([*before, NEW] if steps == 3 else before)
    assert cards.tap(cards.red).tone is Tone.RISING


@pytest.mark.req("RFID-12")
def test_all_killed_after_each_switch_of_authorisation_keeps_the_switch_and_the_list(
    own_cards: Cards,
) -> None:
    cards, box = own_cards, own_cards.box
    before = cards.stored()
    for required in (False, True):
        switch_authorization(box, required)
        cut(cards)
        box.until(SESSION_STATUS, lambda said: said.authorization_required is required, 5.0)  # noqa: B023
        assert cards.stored() == before


@pytest.mark.req("RFID-4", "RFID-5")
def test_all_killed_in_a_release_and_in_a_charge_keeps_the_list(own_cards: Cards) -> None:
    cards, box = own_cards, own_cards.box
    before = cards.stored()
    cards.tap(cards.red)
    cards.is_released(True)
    cut(cards)
    assert not box.last(SESSION_STATUS).message.released  # asked for again, and no more
    assert cards.stored() == before
    cards.tap(cards.red)
    box.do("sim", "plug")
    box.do("sim", "ready")
    box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 20.0)
    cut(cards)  # the world with it: no vehicle is there any more
    assert cards.stored() == before
    newest = box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.POWER_LOSS)


@pytest.mark.req("RFID-9")
def test_all_killed_after_an_erase_leaves_it_erased_and_opens_the_window_again(
    own_cards: Cards,
) -> None:
    cards = own_cards
    erase(cards)
    cut(cards)
    assert cards.stored() == []
    cards.box.until(RFID_STATUS, lambda said: said.mode is RfidMode.MASTER, 5.0)
    assert cards.tap(NEW).indication is Indication.STORED
    cut(cards)
    assert cards.stored() == [NEW]


def changes_of(required: bool) -> str:
    return json.dumps({"changes": {"authorization": {"required": required}}})


def switch_authorization(box: Box, required: bool) -> None:
    box.do("call", "system", "set", changes_of(required))

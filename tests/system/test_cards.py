"""Cards on real processes, by the command line; `tests/test_cards_of_the_box.py` has the rest."""

import json
import subprocess
import time
from typing import Any

import pytest

from msgs.card import CardRole
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode, RfidStatus
from msgs.session import EndReason, WallboxState
from msgs.topics import LAUNCH_GRAPH, RFID_STATUS, SESSION_STATUS, SIM_EVENT
from tests.system.box import QUICK, WALLBOX, Box, kill_all
from tests.system.listener import PATIENCE_S

pytestmark = pytest.mark.system

NEW, OTHER = "04AABBCC", "E004015012345678"
LOOK_S = 0.2  # the reader looks each 0.15 s
AGAIN_S = 1.2  # a card that was away for this time is a new event


class Cards:
    """A box and its cards."""

    def __init__(self, box: Box) -> None:
        self.box = box
        label = [*WALLBOX, "label", "--json", "--state-dir", str(box.place.state_dir)]
        printed = subprocess.run(label, capture_output=True, check=True, timeout=PATIENCE_S).stdout
        self.master, self.red, self.green, self.blue = (
            card["uid"] for card in json.loads(printed)["rfid"]
        )

    def stored(self) -> list[str]:
        """Return the UIDs of the list, the master first."""
        cards: list[dict[str, Any]] = json.loads(self.box.do("call", "rfid", "cards"))["cards"]
        assert [card["role"] for card in cards[1:]] == [CardRole.USER] * len(cards[1:])
        return [card["uid"] for card in cards]

    def tap(self, *uids: str) -> RfidStatus:
        """Present cards for a moment; return what rfid publishes then."""
        began_s = time.monotonic()
        before = self.box.last(RFID_STATUS).message.tone_count
        self.box.do("sim", "tap", *uids, "--seconds", "0.4")
        said = self.box.until(RFID_STATUS, lambda said: said.tone_count > before, since_s=began_s)
        self.box.look_for(LOOK_S)
        return said.message

    def tap_again(self, *uids: str) -> RfidStatus:
        """Present a card again that has just been away."""
        self.box.look_for(AGAIN_S)
        return self.tap(*uids)

    def require(self, required: bool) -> None:
        """Switch by the command line whether a card is required."""
        changes = json.dumps({"changes": {"authorization": {"required": required}}})
        self.box.do("call", "system", "set", changes)
        self.box.until(SESSION_STATUS, lambda said: said.authorization_required is required)

    def charge(self) -> None:
        """Hold the red card, plug in, and wait for the charge."""
        assert self.tap(self.red).tone is Tone.RISING
        self.box.until(SESSION_STATUS, lambda said: said.released)
        self.box.do("sim", "plug")
        self.box.do("sim", "ready")
        charging = self.box.until(
            SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING
        ).message
        assert charging.token == self.red


@pytest.fixture
def cards(box: Box) -> Cards:
    """Give the running box, which requires a card."""
    cards = Cards(box)
    cards.require(True)
    return cards


@pytest.fixture
def own_cards(own_box: Box) -> Cards:
    own_box.launch(*QUICK)
    own_box.until(RFID_STATUS, lambda said: said.mode is RfidMode.READY)
    own_box.until(SESSION_STATUS, lambda said: said.state is WallboxState.IDLE)
    return Cards(own_box)


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (["tap", NEW, OTHER, "--seconds", "1.0"], {f"card_gone {NEW}", f"card_gone {OTHER}"}),
        (["service", "1.0"], {"key service released"}),
        (["touch"], {"key touch released"}),
    ],
)
def test_an_act_of_cards_or_fingers_returns_when_it_is_over(
    cards: Cards, words: list[str], ends: set[str]
) -> None:
    began_s = time.monotonic()
    cards.box.do("sim", *words)
    returned_s = time.monotonic()
    cards.box.look_for(LOOK_S)
    events = cards.box.samples(SIM_EVENT, began_s)
    ended = [event.message for event in events if event.at_s < returned_s]
    assert ends <= {f"{event.what} {event.detail}" for event in ended}


@pytest.mark.req("RFID-3", "RFID-5", "CHG-1")
def test_a_card_begins_a_charge_and_ends_it(cards: Cards) -> None:
    cards.charge()
    assert cards.tap_again(cards.green).tone is Tone.FALLING
    assert cards.box.last(SESSION_STATUS).message.token == cards.red
    assert cards.tap_again(cards.red).tone is Tone.RISING
    cards.box.until(SESSION_STATUS, lambda said: not said.session_id)
    newest = cards.box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.STOPPED)


@pytest.mark.req("RFID-4", "RFID-8", "RFID-12")
def test_a_taught_card_a_setting_and_a_session_are_kept_over_the_kill_of_all(
    own_cards: Cards,
) -> None:
    cards, box = own_cards, own_cards.box
    before = cards.stored()
    assert cards.tap(cards.master).mode is RfidMode.NEW_CARD
    assert cards.tap(NEW).indication is Indication.NEW_CARD
    assert cards.tap_again(cards.master).indication is Indication.STORED
    cut(cards)
    assert cards.stored() == [*before, NEW]
    cards.charge()
    cut(cards)  # the world with it: no vehicle is there any more
    assert not box.last(SESSION_STATUS).message.released
    newest = box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.POWER_LOSS)
    cards.require(False)
    cut(cards)
    box.until(SESSION_STATUS, lambda said: not said.authorization_required)
    assert cards.stored() == [*before, NEW]


@pytest.mark.req("PAN-3", "PAN-5", "RFID-9")
def test_the_service_key_restarts_between_its_tones_and_erases_all_cards_after_the_second(
    own_cards: Cards,
) -> None:
    cards, box = own_cards, own_cards.box
    cards.charge()
    before = box.nodes()["session"].pid
    restarted(cards, "3")
    assert not box.until(SESSION_STATUS, lambda _: True).message.authorized
    assert box.nodes()["session"].pid != before
    newest = box.ask("session", "sessions", {"limit": 1})[0]
    assert (newest["token"], newest["end_reason"]) == (cards.red, EndReason.RESTART)
    assert len(cards.stored()) == 4
    restarted(cards, "6.6")
    box.until(RFID_STATUS, lambda said: said.mode is RfidMode.MASTER)
    assert cards.stored() == []
    assert cards.tap(NEW).indication is Indication.STORED
    cut(cards)
    assert cards.stored() == [NEW]


def restarted(cards: Cards, seconds: str) -> None:
    """Press the service key; wait for the restart of all that follows."""
    began_s = time.monotonic()
    cards.box.do("sim", "service", seconds)
    cards.box.until(LAUNCH_GRAPH, lambda graph: graph.stopping, since_s=began_s)
    cards.box.until(
        LAUNCH_GRAPH,
        lambda graph: not graph.stopping and all(p.state == "ready" for p in graph.processes),
    )


def cut(cards: Cards) -> None:
    """Take every process away at once, and start the box again."""
    box = cards.box
    kill_all(box.processes())
    assert box.process is not None
    box.process.wait(PATIENCE_S)
    box.launch(*QUICK)
    box.until(RFID_STATUS, lambda said: bool(said.cards or not said.has_master))
    box.until(SESSION_STATUS, lambda said: not said.plugged)

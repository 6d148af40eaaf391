"""The rfid node on the bus in memory: the list on the disk, session asked, requests, restarts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bus import Answer, Call, Status
from bus.generations import write_generations
from bus.memory import MemoryGraph
from msgs.card import CardRole
from msgs.label import LABEL_FILE
from msgs.led import Tone
from msgs.methods import AUTHORIZE, ERASE_CARDS, METHODS, REMOVE_CARD
from msgs.plant import SimCards
from msgs.requests import NoArguments, StopReason
from msgs.rfid import CardList, Indication, RemoveCard, RfidMode, RfidStatus
from msgs.session import Action, Authorize, Authorized, SessionStatus
from msgs.stored import Stored
from msgs.topics import RFID_STATUS, SESSION_STATUS, SIM_CARDS
from nodes.rfid.changes import MOST_WAITING
from nodes.rfid.node import Drivers, Parameters, build
from nodes.rfid.reader_sim import SimCardReader
from nodes.rfid.store import CARDS_FILE
from tests.disk import full_disk
from tests.rfid.conftest import CARDS, FREE, LABEL, MASTER, NEW, OTHER, PLUGGED, RED

PRESENT_S = 0.6  # how long a card is presented


TOOL = "tool-1"


class Box:
    """A graph with the rfid node and, in the others' place, the facts that a test sets."""

    def __init__(self, state_dir: Path, seed: int = 1) -> None:
        self.file = state_dir / CARDS_FILE
        if not (state_dir / LABEL_FILE).exists():
            write_generations(state_dir / LABEL_FILE, LABEL, lowers=True)
        self.graph = MemoryGraph(seed=seed, state_dir=state_dir)
        self.facts: SessionStatus = FREE
        self.refusal = ""  # of session
        self.asked: list[str] = []
        self.session = self.graph.bus("session")
        self.session.serve(AUTHORIZE, self._on_authorize)
        self.session.every(1.0, lambda: self.session.publish(SESSION_STATUS, self.facts))
        self.plant = self.graph.bus("plant")
        self.field: tuple[str, ...] = ()
        self.works = True
        self.plant.every(1.0, self._say_cards)
        self.led = self.graph.bus("led")
        self.tool = self.graph.bus(TOOL)
        self.said: list[RfidStatus] = []
        self.led.subscribe(RFID_STATUS, self.said.append)
        self._say_cards()
        self.start()
        self.graph.advance(2.0)

    def _on_authorize(self, call: Call[Authorize, Authorized]) -> None:
        self.asked.append(call.arguments.token)
        if self.refusal:
            call.refuse(self.refusal)
        else:
            call.ok(Authorized(action=Action.RELEASED))

    def _say_cards(self) -> None:
        self.plant.publish(SIM_CARDS, SimCards(works=self.works, uids=self.field))

    def start(self) -> None:
        self.rfid = self.graph.bus("rfid")
        build(self.rfid, Parameters(), Drivers(reader=SimCardReader(self.rfid)))

    def restart(self) -> None:
        self.graph.stop("rfid", StopReason.RESTART)
        self.graph.advance(0.05)
        assert "rfid" not in self.graph.running
        self.start()

    def put(self, *uids: str, works: bool = True) -> None:
        """Have these cards in the field from now on."""
        self.field, self.works = uids, works
        self._say_cards()

    def tap(self, *uids: str) -> RfidStatus:
        """Present cards to the reader, and take them away."""
        self.put(*uids)
        self.graph.advance(PRESENT_S)
        self.put()
        self.graph.advance(0.3)
        return self.status

    def teach(self, uid: str) -> RfidStatus:
        for one in (MASTER, uid, MASTER):
            self.tap(one)
            self.graph.advance(0.9)
        return self.status

    def say(self, facts: SessionStatus) -> None:
        self.facts = facts
        self.session.publish(SESSION_STATUS, facts)

    @property
    def status(self) -> RfidStatus:
        return self.said[-1]

    def uids(self) -> list[str]:
        """Return what is on the disk."""
        return [card.uid for card in self.stored().cards]

    def stored(self) -> CardList:
        return msgspec.json.decode(self.file.read_bytes(), type=CardList)

    def ask(
        self, method: str, arguments: dict[str, Any] | None = None, by: str = TOOL
    ) -> Answer[Any]:
        answers: list[Answer[Any]] = []
        bus = self.tool if by == TOOL else self.graph.bus(by)
        bus.request(METHODS["rfid", method], arguments or {}, answers.append)
        self.graph.advance(1.1)
        (answer,) = answers
        return answer


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


# --- the list -------------------------------------------------------------------------------------


@pytest.mark.req("RFID-1")
def test_the_four_supplied_cards_are_stored_at_the_first_start_and_authorise(box: Box) -> None:
    assert box.stored().cards == CARDS
    assert (box.status.mode, box.status.cards, box.status.has_master) == ("ready", 4, True)
    for card in CARDS[1:]:
        assert box.tap(card.uid).accepted is True
    assert box.asked == [card.uid for card in CARDS[1:]]


@pytest.mark.req("RFID-1")
@pytest.mark.parametrize("uid", [NEW, OTHER])
def test_a_card_of_either_standard_is_taught_in_capitals_and_authorises(box: Box, uid: str) -> None:
    status = box.teach(uid.lower())
    assert (status.cards, status.tone, status.tone_count) == (5, Tone.SINGLE, 3)
    assert box.uids()[4:] == [uid]
    assert box.tap(uid.lower()).accepted is True
    assert box.asked == [uid]


@pytest.mark.req("RFID-12")
def test_switching_the_authorisation_off_and_on_keeps_the_list(box: Box) -> None:
    box.teach(NEW)
    before = box.file.read_bytes()
    for is_required in (False, True, False):
        box.say(replace(FREE, authorization_required=is_required))
        box.graph.advance(3.0)
        box.restart()
        box.graph.advance(3.0)
    assert box.file.read_bytes() == before
    assert box.status.cards == 5


@pytest.mark.req("RFID-8")
def test_a_taught_card_is_known_after_a_restart(box: Box) -> None:
    box.teach(NEW)
    box.restart()
    box.graph.advance(2.0)
    assert box.status.cards == 5
    assert box.tap(NEW).accepted is True


# --- cards are presented --------------------------------------------------------------------------


@pytest.mark.req("RFID-3")
def test_session_decides_what_is_shown_for_a_card_of_the_list(box: Box) -> None:
    status = box.tap(RED)
    assert (status.accepted, status.indication, status.tone) == (True, "accepted", Tone.RISING)
    box.graph.advance(2.0)
    assert box.status.indication is Indication.NONE
    box.refusal = "Another card has authorised."
    status = box.tap(RED)
    assert (status.accepted, status.indication, status.tone) == (False, "refused", Tone.FALLING)
    assert status.detail == "Another card has authorised."
    box.graph.advance(2.0)
    assert box.status.indication is Indication.NONE


@pytest.mark.req("RFID-11")
def test_a_card_that_is_not_in_the_list_never_reaches_session(box: Box) -> None:
    status = box.tap(NEW)
    assert (status.accepted, status.last_uid, box.asked) == (False, NEW, [])


@pytest.mark.req("RFID-11")
def test_a_session_that_is_away_authorises_nobody(box: Box) -> None:
    box.graph.kill("session")
    box.put(RED)
    box.graph.advance(1.0)
    assert box.status.detail == ""
    box.graph.advance(0.4)
    assert (box.status.accepted, box.status.tone) == (False, Tone.FALLING)
    assert "session did not answer" in box.status.detail


@pytest.mark.parametrize("uids", [("",), ("AB",), ("A" * 128,), (RED, MASTER), (RED, "")])
def test_what_is_no_single_card_is_refused(box: Box, uids: tuple[str, ...]) -> None:
    status = box.tap(*uids)
    assert (status.accepted, status.last_uid, status.tone_count) == (False, "", 1)
    assert box.asked == []


def test_a_card_that_stays_in_the_field_counts_once(box: Box) -> None:
    box.put(RED)
    box.graph.advance(120.0)
    assert box.asked == [RED]


@pytest.mark.req("RFID-10")
def test_the_master_presented_alone_authorises_after_5_s(box: Box) -> None:
    box.tap(MASTER)
    assert (box.status.mode, box.asked) == (RfidMode.NEW_CARD, [])
    box.graph.advance(4.0)
    assert box.asked == []
    box.graph.advance(0.6)
    assert box.asked == [MASTER]
    assert box.status.accepted is True


@pytest.mark.req("RFID-10", "RFID-7")
def test_the_master_with_a_vehicle_plugged_authorises_at_once_and_teaches_nothing(
    box: Box,
) -> None:
    box.say(PLUGGED)
    assert box.teach(NEW).cards == 4
    assert box.asked == [MASTER, MASTER]
    assert box.uids() == [card.uid for card in CARDS]


@pytest.mark.req("RFID-8")
def test_a_card_that_is_half_a_second_too_late_is_not_taught(box: Box) -> None:
    box.tap(MASTER)
    box.graph.advance(5.5 - PRESENT_S - 0.3)
    box.tap(NEW)
    box.graph.advance(1.0)
    box.tap(MASTER)
    assert box.uids() == [card.uid for card in CARDS]


@pytest.mark.req("RFID-8")
def test_a_card_that_is_just_in_time_is_taught(box: Box) -> None:
    for uid in (MASTER, NEW):
        box.tap(uid)
        box.graph.advance(5.0 - PRESENT_S - 0.3)
    assert box.tap(MASTER).indication is Indication.STORED
    assert box.uids()[4:] == [NEW]


# --- a reader that is away, a node that starts again -------------------------------------------


def test_a_dead_reader_is_said_and_a_card_that_lay_in_it_is_not_held(box: Box) -> None:
    box.put(works=False)
    box.graph.advance(1.0)
    assert not box.status.works
    box.put(RED)
    box.graph.advance(3.0)
    assert (box.status.works, box.asked) == (True, [])
    box.put()
    box.graph.advance(1.2)
    assert box.tap(RED).accepted is True


def test_a_silent_world_is_a_dead_reader(box: Box) -> None:
    box.graph.kill("plant")
    box.graph.advance(1.8)
    assert box.status.works
    box.graph.advance(1.5)
    assert not box.status.works


@pytest.mark.req("RFID-10")
@pytest.mark.parametrize("uid", [RED, MASTER])
def test_a_card_in_the_field_during_a_restart_does_not_count_again(box: Box, uid: str) -> None:
    box.say(PLUGGED)
    box.put(uid)
    box.graph.advance(2.0)
    assert box.asked == [uid]
    box.restart()
    box.graph.advance(30.0)
    assert box.asked == [uid]
    assert box.status.mode is RfidMode.READY


def test_the_status_is_published_every_second_and_on_change(box: Box) -> None:
    before = len(box.said)
    box.graph.advance(60.0)
    assert 55 <= len(box.said) - before <= 61
    before = len(box.said)
    box.put(RED)
    box.graph.advance(0.3)
    assert len(box.said) > before


def test_the_status_is_heard_soon_after_a_restart(box: Box) -> None:
    box.restart()
    before = len(box.said)
    box.graph.advance(0.5)
    assert len(box.said) > before


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("seed", range(5))
def test_a_kill_at_any_instant_of_teaching_leaves_the_old_list_or_the_new_one(
    tmp_path: Path, seed: int
) -> None:
    old = [card.uid for card in CARDS]
    seen: list[bool] = []
    for number, kill_s in enumerate([0.1, 0.7, 1.2, 1.9, 3.0, 3.5, *_around(3.6), 3.9, 4.5]):
        directory = tmp_path / f"{number}"
        directory.mkdir()
        box = Box(directory, seed=seed)
        began_s = box.graph.clock.now_s()
        for at_s, uids in ((0.0, [MASTER]), (0.6, []), (1.8, [NEW]), (2.4, []), (3.6, [MASTER])):
            box.graph.run_until(began_s + min(at_s, kill_s))
            box.put(*uids if at_s < kill_s else box.field)
        box.graph.run_until(began_s + kill_s)
        box.graph.kill("rfid")
        box.put()
        stored = box.uids()
        assert stored in (old, [*old, NEW])
        assert not (box.status.indication is Indication.STORED and stored == old)
        box.start()
        box.graph.advance(2.0)
        assert (box.status.cards, box.uids()) == (len(stored), stored)
        assert box.status.mode is RfidMode.READY
        assert box.tap(NEW).accepted is (stored != old)
        seen.append(stored != old)
    assert seen == sorted(seen)  # once stored, stored
    assert (seen[0], seen[-1]) == (False, True)


def _around(instant_s: float) -> list[float]:
    """Return instants of the poll that sees a card, and of the write that follows."""
    return [instant_s + 0.004 * n for n in range(1, 50)]


# --- the erase ------------------------------------------------------------------------------------


@pytest.mark.req("PAN-3", "RFID-9")
def test_the_erase_leaves_nothing_and_the_next_start_takes_a_new_master(box: Box) -> None:
    assert box.ask("erase").status is Status.OK
    assert box.uids() == []
    for uid in (MASTER, RED):
        assert box.tap(uid).accepted is False
    box.restart()
    box.graph.advance(10.0)
    assert (box.status.mode, box.status.cards) == (RfidMode.MASTER, 0)
    status = box.tap(OTHER)
    assert (status.tone, status.has_master) == (Tone.SINGLE, True)
    assert [(card.uid, card.role) for card in box.stored().cards] == [(OTHER, CardRole.MASTER)]
    box.restart()
    box.graph.advance(2.0)
    assert box.tap(MASTER).accepted is False
    assert box.asked == []


@pytest.mark.req("RFID-9")
def test_the_window_for_a_master_is_60_s_and_opens_again_at_each_start(box: Box) -> None:
    box.ask("erase")
    box.restart()
    box.graph.advance(60.5)
    assert box.status.mode == "ready"
    assert box.tap(OTHER).accepted is False
    assert box.uids() == []
    box.restart()
    box.graph.advance(59.0)
    assert box.status.mode is RfidMode.MASTER
    assert box.tap(OTHER).has_master


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize(("caller", "may"), [("tool-2", True), ("web", False), ("system", False)])
def test_the_erase_is_the_service_keys_and_the_command_lines(
    box: Box, caller: str, may: bool
) -> None:
    answer = box.ask("erase", by=caller)
    assert answer.status is (Status.OK if may else Status.REFUSED)
    assert len(box.uids()) == (0 if may else 4)


# --- requests -------------------------------------------------------------------------------------


def test_the_list_is_the_answer_and_a_card_gets_another_name(box: Box) -> None:
    assert box.ask("rename", {"uid": RED, "name": "Anna"}).status is Status.OK
    assert [card.name for card in box.stored().cards][1] == "Anna"
    answer = box.ask("cards")
    assert answer.result == box.stored()
    assert box.tap(RED).last_name == "Anna"


@pytest.mark.req("PAN-3")
def test_an_erase_is_answered_when_no_damage_brings_a_card_back(box: Box) -> None:
    box.teach(NEW)
    answers: list[Answer[None]] = []
    box.tool.request(ERASE_CARDS, NoArguments(), answers.append)
    while not answers:
        box.graph.advance(0.001)
    assert answers[0].status is Status.OK
    box.file.write_bytes(b"{")
    box.restart()
    box.graph.advance(1.0)
    assert (box.status.cards, box.status.stored) == (0, Stored.PREVIOUS)
    assert box.tap(OTHER).has_master
    assert box.status.stored is Stored.CURRENT


@pytest.mark.req("RFID-12")
def test_a_removed_card_authorises_no_more_and_no_damage_brings_it_back(box: Box) -> None:
    answers: list[Answer[None]] = []
    box.tool.request(REMOVE_CARD, RemoveCard(uid=RED.lower()), answers.append)
    while not answers:
        box.graph.advance(0.001)
    assert answers[0].status is Status.OK
    assert box.uids() == [card.uid for card in CARDS if card.uid != RED]
    assert box.tap(RED).accepted is False
    box.file.write_bytes(b"{")
    box.restart()
    box.graph.advance(1.0)
    assert (box.status.cards, box.status.stored) == (3, Stored.PREVIOUS)
    assert box.tap(RED).accepted is False


@pytest.mark.parametrize(
    ("uid", "why"),
    [
        (MASTER, "service key only"),
        (MASTER.lower(), "service key only"),
        (NEW, "no card"),
        ("", ""),
    ],
)
def test_neither_the_master_nor_an_unknown_card_is_removed(box: Box, uid: str, why: str) -> None:
    answer = box.ask("remove", {"uid": uid})
    assert answer.status is Status.REFUSED
    assert why in answer.reason
    assert box.stored().cards == CARDS


def test_a_removed_card_can_be_taught_again(box: Box) -> None:
    assert box.ask("remove", {"uid": RED}).status is Status.OK
    assert box.teach(RED).cards == 4
    assert box.tap(RED).accepted is True


def test_a_card_that_was_taught_last_may_be_lost_with_its_file_and_no_other(box: Box) -> None:
    box.teach(NEW)
    box.file.write_bytes(b"{")
    box.restart()
    box.graph.advance(1.0)
    assert (box.status.cards, box.status.stored) == (4, Stored.PREVIOUS)
    assert box.ask("rename", {"uid": RED, "name": "Anna"}).status is Status.OK
    assert box.status.stored is Stored.CURRENT


def test_erases_asked_for_at_once_are_all_answered(box: Box) -> None:
    answers: list[Answer[None]] = []
    for _ in range(MOST_WAITING + 3):
        box.tool.request(ERASE_CARDS, NoArguments(), answers.append)
    box.graph.advance(1.0)
    statuses = [answer.status for answer in answers]
    assert statuses.count(Status.OK) == MOST_WAITING + 1
    assert statuses.count(Status.REFUSED) == 2


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        ({"uid": NEW, "name": "Anna"}, Status.REFUSED, "no card"),
        ({"uid": RED, "name": ""}, Status.BAD_ARGUMENTS, "name"),
        ({"uid": RED, "name": "x" * 65}, Status.BAD_ARGUMENTS, "name"),
        ({"uid": RED}, Status.BAD_ARGUMENTS, "name"),
    ],
)
def test_an_invalid_rename_is_refused_with_a_reason(
    box: Box, arguments: dict[str, Any], status: Status, why: str
) -> None:
    answer = box.ask("rename", arguments)
    assert answer.status is status
    assert why in answer.reason
    assert box.stored().cards == CARDS


@pytest.mark.parametrize(
    "act",
    [
        lambda box: box.ask("erase"),
        lambda box: box.ask("rename", {"uid": RED, "name": "Anna"}),
        lambda box: box.ask("remove", {"uid": RED}),
    ],
)
def test_a_disk_that_refuses_is_reported_and_the_list_stays(
    box: Box, act: Callable[[Box], Answer[Any]]
) -> None:
    with full_disk():
        answer = act(box)
    assert answer.status is Status.REFUSED
    assert answer.reason.startswith("Nothing was changed: the disk of the box is full. Try again;")
    assert box.ask("cards").result == CardList(cards=CARDS)


@pytest.mark.req("RFID-8")
def test_a_card_that_the_disk_does_not_take_is_refused(box: Box) -> None:
    with full_disk():
        status = box.teach(NEW)
    assert (status.accepted, status.tone, status.cards) == (False, Tone.FALLING, 4)
    assert status.detail == "Nothing was stored: the disk of the box is full"
    assert box.stored().cards == CARDS


# --- the driver -----------------------------------------------------------------------------------


def test_a_shutdown_ends_the_node(box: Box) -> None:
    box.graph.stop("rfid", StopReason.SHUTDOWN)
    box.graph.advance(0.1)
    assert "rfid" not in box.graph.running

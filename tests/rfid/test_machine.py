"""What becomes of a card: authorised, refused, shown, heard."""

import pytest
from msgspec.structs import replace

from bus import Answer, Status
from msgs.card import CardColor
from msgs.led import Tone
from msgs.rfid import Indication, RenameCard, RfidMode
from msgs.session import Action, Authorized, SessionStatus
from nodes.rfid.machine import MOST_WAITING, erase, rename
from nodes.rfid.outcome import CardResult, Refused
from nodes.rfid.state import ListWrite
from nodes.rfid.words import OUTCOMES
from tests.rfid.conftest import (
    BLUE,
    CARDS,
    FREE,
    MASTER,
    NEW,
    PLUGGED,
    RED,
    SEVERAL,
    UNREADABLE,
    Life,
)

BEGUN = [
    PLUGGED,
    replace(FREE, authorized=True, released=True, token=RED),
    replace(FREE, authorized=True, session_id="1"),
]


# --- a card of the list ---------------------------------------------------------------------------


@pytest.mark.req("RFID-3")
def test_an_accepted_card_is_green_for_2_s_with_rising_tones() -> None:
    life = Life()
    status = life.hold(RED)
    assert life.asked == [RED]
    assert (status.last_uid, status.accepted, status.mode) == (RED, True, RfidMode.READY)
    assert (status.indication, status.tone, status.tone_count) == ("accepted", Tone.RISING, 1)
    assert (status.last_color, status.last_name) == (CardColor.RED, "Red card")
    assert life.wait(1.95).indication is Indication.ACCEPTED
    status = life.wait(0.06)
    assert status.indication is Indication.NONE
    assert (status.accepted, status.tone_count) == (True, 1)


@pytest.mark.req("RFID-3")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=Status.REFUSED, reason="Another card has authorised."), "Another card"),
        (Answer(status=Status.NOT_READY, reason="Not yet."), "Not yet"),
        (Answer(status=Status.TIMEOUT, reason="session did not answer"), "did not answer"),
        (Answer(status=Status.ERROR), "Not authorised: error"),
    ],
)
def test_a_card_that_session_does_not_authorise_is_red_for_2_s_with_falling_tones(
    answer: Answer[Authorized], said: str
) -> None:
    life = Life()
    life.answer = answer
    status = life.hold(RED)
    assert (status.last_uid, status.accepted) == (RED, False)
    assert (status.indication, status.tone, status.tone_count) == ("refused", Tone.FALLING, 1)
    assert life.result is CardResult.NOT_AUTHORISED
    assert said in status.detail
    assert life.wait(1.95).indication is Indication.REFUSED
    assert life.wait(0.06).indication is Indication.NONE


@pytest.mark.parametrize(
    ("action", "result"),
    [
        (Action.RELEASED, CardResult.RELEASED),
        (Action.STARTED, CardResult.STARTED),
        (Action.LOGGED_OFF, CardResult.LOGGED_OFF),
    ],
)
def test_what_an_accepted_card_has_done_is_told(action: Action, result: CardResult) -> None:
    life = Life()
    life.answer = Answer(status=Status.OK, result=Authorized(action=action))
    assert life.hold(RED).detail == OUTCOMES[result]


@pytest.mark.req("RFID-11")
@pytest.mark.parametrize("session", [FREE, PLUGGED, None])
def test_a_card_that_is_not_in_the_list_is_refused_without_asking(
    session: SessionStatus | None,
) -> None:
    life = Life()
    life.session = session
    status = life.hold(NEW)
    assert (status.accepted, status.indication, status.last_uid) == (False, "refused", NEW)
    assert life.result is CardResult.NOT_LISTED
    assert (life.asked, life.writes) == ([], [])


@pytest.mark.req("RFID-11")
def test_a_silent_session_authorises_nobody() -> None:
    life = Life()
    life.session, life.answer = None, None
    status = life.hold(RED)
    assert (status.accepted, status.indication) == (None, Indication.NONE)
    life.wait(0.9)
    life.step(answer=Answer(status=Status.TIMEOUT, reason="session did not answer"))
    assert (life.status.accepted, life.status.tone) == (False, Tone.FALLING)


def test_unreadable_and_several_cards_are_refused() -> None:
    life = Life()
    for event, result in ((UNREADABLE, CardResult.UNREADABLE), (SEVERAL, CardResult.SEVERAL)):
        life.hold(RED)
        status = life.step(event=event)
        assert (status.accepted, status.last_uid, status.last_name) == (False, "", "")
        assert life.result is result
    assert life.asked == [RED, RED]


def test_a_card_that_is_held_while_another_is_asked_about_is_refused() -> None:
    life = Life()
    life.answer = None
    life.hold(RED)
    status = life.hold(BLUE)
    assert (status.last_uid, status.accepted, status.tone) == (BLUE, False, Tone.FALLING)
    assert life.asked == [RED]
    life.step(answer=Answer(status=Status.OK, result=Authorized(action=Action.STARTED)))
    assert (life.status.last_uid, life.status.accepted) == (RED, True)
    life.hold(BLUE)
    assert life.asked == [RED, BLUE]


def test_where_no_card_is_required_the_master_teaches_though_all_are_authorised() -> None:
    life = Life()
    life.session = replace(FREE, authorized=True)
    assert life.hold(MASTER).mode is RfidMode.NEW_CARD
    assert life.asked == []


# --- the master authorises ------------------------------------------------------------------------


@pytest.mark.req("RFID-10")
@pytest.mark.parametrize("session", [*BEGUN, None])
def test_the_master_only_authorises_where_a_vehicle_is_plugged_or_authorised_or_unknown(
    session: SessionStatus | None,
) -> None:
    life = Life()
    life.session = session
    status = life.hold(MASTER)
    assert life.asked == [MASTER]
    assert (status.mode, status.accepted) == (RfidMode.READY, True)
    life.hold(NEW)
    life.hold(MASTER)
    assert life.writes == []


@pytest.mark.req("RFID-10")
def test_the_master_without_a_second_card_within_5_s_authorises() -> None:
    life = Life()
    status = life.hold(MASTER)
    assert (status.mode, status.accepted) == (RfidMode.NEW_CARD, None)
    assert (status.indication, status.tone) == (Indication.NONE, Tone.SINGLE)
    life.wait(5.0)
    assert life.asked == []
    status = life.wait(0.3)
    assert life.asked == [MASTER]
    assert (status.mode, status.accepted, status.last_uid) == (RfidMode.READY, True, MASTER)
    assert (status.tone, status.tone_count) == (Tone.RISING, 2)


@pytest.mark.req("RFID-10")
def test_the_master_is_refused_when_session_refuses_it() -> None:
    life = Life()
    life.answer = Answer(status=Status.REFUSED, reason="Authorization is off.")
    life.hold(MASTER)
    status = life.wait(5.3)
    assert (status.accepted, status.tone) == (False, Tone.FALLING)
    assert status.detail == "Authorization is off."


# --- requests -------------------------------------------------------------------------------------


def change(asked: ListWrite | Refused) -> ListWrite:
    assert isinstance(asked, ListWrite), asked
    return asked


@pytest.mark.req("PAN-3")
def test_the_erase_leaves_no_card_and_the_next_start_waits_for_a_master() -> None:
    life = Life()
    life.step(change=change(erase(life.state)))
    assert life.disk == ()
    assert (life.status.cards, life.status.has_master) == (0, False)
    assert life.status.mode is RfidMode.READY
    for uid in (MASTER, RED):
        assert life.hold(uid).accepted is False
    assert life.asked == []
    assert Life(cards=life.disk).status.mode is RfidMode.MASTER


@pytest.mark.req("PAN-3")
def test_no_card_counts_while_the_list_is_being_erased() -> None:
    life = Life()
    life.disk_problem = None
    life.step(change=change(erase(life.state)))
    assert life.hold(RED).accepted is False
    life.finish()
    assert life.hold(RED).accepted is False
    assert life.asked == []


def test_an_erase_that_cannot_be_stored_leaves_the_list() -> None:
    life = Life()
    life.disk_problem = "the disk is full"
    life.step(change=change(erase(life.state)))
    assert life.status.cards == 4
    assert life.status.detail == "Nothing was stored: the disk is full"
    assert ("error", "not stored: the disk is full") in life.lines
    assert life.hold(RED).accepted is True


def test_a_card_gets_another_name_when_the_disk_has_it() -> None:
    life = Life()
    life.disk_problem = None
    life.step(change=change(rename(life.state, RenameCard(uid=RED.lower(), name=" Anna "))))
    assert life.state.cards == CARDS
    assert rename(life.state, RenameCard(uid=RED, name="Berta")) is Refused.BUSY
    life.finish()
    assert [card.name for card in life.disk] == ["Master card", "Anna", "Green card", "Blue card"]
    assert life.hold(RED).last_name == "Anna"


@pytest.mark.parametrize(
    ("uid", "name", "why"),
    [
        (NEW, "Anna", Refused.UNKNOWN),
        (RED, "  ", Refused.NAME),
        (RED, "a\nb", Refused.NAME),
    ],
)
def test_a_name_that_makes_no_sense_is_refused(uid: str, name: str, why: Refused) -> None:
    assert rename(Life().state, RenameCard(uid=uid, name=name)) is why


def test_a_few_lists_at_most_wait_for_the_disk_and_are_stored_in_order() -> None:
    life = Life()
    life.disk_problem = None
    life.step(change=change(rename(life.state, RenameCard(uid=RED, name="Anna"))))
    for _ in range(MOST_WAITING):
        life.step(change=change(erase(life.state)))
    assert erase(life.state) is Refused.BUSY
    life.finish()
    assert life.disk[1].name == "Anna"
    for _ in range(MOST_WAITING):
        life.finish()
    assert (life.disk, life.status.cards) == ((), 0)


# --- what is said ---------------------------------------------------------------------------------


def test_each_tone_is_another_number() -> None:
    life = Life()
    counts = [life.hold(uid).tone_count for uid in (RED, NEW, MASTER, NEW, MASTER)]
    assert counts == [1, 2, 3, 4, 5]


def test_a_reader_that_does_not_answer_is_said_and_logged_once() -> None:
    life = Life()
    life.works = False
    assert not life.wait(3.0).works
    life.works = True
    assert life.wait(3.0).works
    assert life.lines == [
        ("warning", "the card reader does not answer"),
        ("info", "the card reader answers"),
    ]


def test_what_became_of_a_card_is_logged() -> None:
    life = Life()
    life.hold(RED)
    life.hold(NEW)
    life.step(event=SEVERAL)
    assert life.lines == [
        ("info", "Red card: Authorised: plug the vehicle in."),
        ("info", f"{NEW}: This card is not in the list."),
        ("info", "a card: Present one card at a time."),
    ]


def test_a_disk_that_fails_without_a_text_has_failed() -> None:
    life = Life()
    life.disk_problem = None
    life.step(change=change(erase(life.state)))
    life.finish(problem="")
    assert (life.status.cards, life.result) == (4, CardResult.NOT_STORED)


def test_a_long_reason_is_cut_to_what_a_message_may_hold() -> None:
    life = Life()
    life.answer = Answer(status=Status.REFUSED, reason="x" * 5000)
    assert life.hold(RED).detail == "x" * 400

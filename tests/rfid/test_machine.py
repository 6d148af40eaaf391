"""What becomes of a card: authorised, refused, shown, heard."""

import pytest
from msgspec.structs import replace

from bus import Answer, Status
from msgs.card import CardColor
from msgs.led import Tone
from msgs.rfid import Indication, RenameCard, RfidMode
from msgs.session import Action, Authorized, SessionStatus
from nodes.rfid.changes import MOST_WAITING, erase, rename
from nodes.rfid.machine import MASTER_S
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
    Scenario,
)

BEGUN = [
    PLUGGED,
    replace(FREE, authorized=True, released=True, token=RED),
    replace(FREE, authorized=True, session_id="1"),
]


# --- a card of the list ---------------------------------------------------------------------------


@pytest.mark.req("RFID-3")
def test_an_accepted_card_is_green_for_2_s_with_rising_tones() -> None:
    scenario = Scenario()
    status = scenario.present(RED)
    assert scenario.asked == [RED]
    assert (status.last_uid, status.accepted, status.mode) == (RED, True, RfidMode.READY)
    assert (status.indication, status.tone, status.tone_count) == ("accepted", Tone.RISING, 1)
    assert (status.last_color, status.last_name) == (CardColor.RED, "Red card")
    assert scenario.wait(1.95).indication is Indication.ACCEPTED
    status = scenario.wait(0.06)
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
    scenario = Scenario()
    scenario.answer = answer
    status = scenario.present(RED)
    assert (status.last_uid, status.accepted) == (RED, False)
    assert (status.indication, status.tone, status.tone_count) == ("refused", Tone.FALLING, 1)
    assert scenario.result is CardResult.NOT_AUTHORISED
    assert said in status.detail
    assert scenario.wait(1.95).indication is Indication.REFUSED
    assert scenario.wait(0.06).indication is Indication.NONE


@pytest.mark.parametrize(
    ("action", "result"),
    [
        (Action.RELEASED, CardResult.RELEASED),
        (Action.STARTED, CardResult.STARTED),
        (Action.LOGGED_OFF, CardResult.LOGGED_OFF),
    ],
)
def test_the_result_of_an_accepted_card_is_published(action: Action, result: CardResult) -> None:
    scenario = Scenario()
    scenario.answer = Answer(status=Status.OK, result=Authorized(action=action))
    assert scenario.present(RED).detail == OUTCOMES[result]


@pytest.mark.req("RFID-11")
@pytest.mark.parametrize("session", [FREE, PLUGGED, None])
def test_a_card_that_is_not_in_the_list_is_refused_without_asking(
    session: SessionStatus | None,
) -> None:
    scenario = Scenario()
    scenario.session = session
    status = scenario.present(NEW)
    assert (status.accepted, status.indication, status.last_uid) == (False, "refused", NEW)
    assert scenario.result is CardResult.NOT_LISTED
    assert (scenario.asked, scenario.writes) == ([], [])


@pytest.mark.req("RFID-11")
def test_a_silent_session_authorises_nobody() -> None:
    scenario = Scenario()
    scenario.session, scenario.answer = None, None
    status = scenario.present(RED)
    assert (status.accepted, status.indication) == (None, Indication.NONE)
    scenario.wait(0.9)
    scenario.step(answer=Answer(status=Status.TIMEOUT, reason="session did not answer"))
    assert (scenario.status.accepted, scenario.status.tone) == (False, Tone.FALLING)


def test_unreadable_and_several_cards_are_refused() -> None:
    scenario = Scenario()
    for event, result in ((UNREADABLE, CardResult.UNREADABLE), (SEVERAL, CardResult.SEVERAL)):
        scenario.present(RED)
        status = scenario.step(event=event)
        assert (status.accepted, status.last_uid, status.last_name) == (False, "", "")
        assert scenario.result is result
    assert scenario.asked == [RED, RED]


def test_a_card_presented_while_another_is_asked_about_is_refused() -> None:
    scenario = Scenario()
    scenario.answer = None
    scenario.present(RED)
    status = scenario.present(BLUE)
    assert (status.last_uid, status.accepted, status.tone) == (BLUE, False, Tone.FALLING)
    assert scenario.asked == [RED]
    scenario.step(answer=Answer(status=Status.OK, result=Authorized(action=Action.STARTED)))
    assert (scenario.status.last_uid, scenario.status.accepted) == (RED, True)
    scenario.present(BLUE)
    assert scenario.asked == [RED, BLUE]


def test_where_no_card_is_required_the_master_teaches_though_all_are_authorised() -> None:
    scenario = Scenario()
    scenario.session = replace(FREE, authorized=True)
    assert scenario.present(MASTER).mode is RfidMode.NEW_CARD
    assert scenario.asked == []


# --- the master authorises ------------------------------------------------------------------------


@pytest.mark.req("RFID-10")
@pytest.mark.parametrize("session", [*BEGUN, None])
def test_the_master_only_authorises_where_a_vehicle_is_plugged_or_authorised_or_unknown(
    session: SessionStatus | None,
) -> None:
    scenario = Scenario()
    scenario.session = session
    status = scenario.present(MASTER)
    assert scenario.asked == [MASTER]
    assert (status.mode, status.accepted) == (RfidMode.READY, True)
    scenario.present(NEW)
    scenario.present(MASTER)
    assert scenario.writes == []


@pytest.mark.req("RFID-10")
def test_the_master_without_a_second_card_within_5_s_authorises() -> None:
    scenario = Scenario()
    status = scenario.present(MASTER)
    assert (status.mode, status.accepted) == (RfidMode.NEW_CARD, None)
    assert (status.indication, status.tone) == (Indication.NONE, Tone.SINGLE)
    scenario.wait(5.0)
    assert scenario.asked == []
    status = scenario.wait(0.3)
    assert scenario.asked == [MASTER]
    assert (status.mode, status.accepted, status.last_uid) == (RfidMode.READY, True, MASTER)
    assert (status.tone, status.tone_count) == (Tone.RISING, 2)


@pytest.mark.req("RFID-10")
def test_the_master_is_refused_when_session_refuses_it() -> None:
    scenario = Scenario()
    scenario.answer = Answer(status=Status.REFUSED, reason="Authorization is off.")
    scenario.present(MASTER)
    status = scenario.wait(5.3)
    assert (status.accepted, status.tone) == (False, Tone.FALLING)
    assert status.detail == "Authorization is off."


# --- requests -------------------------------------------------------------------------------------


def change(asked: ListWrite | Refused) -> ListWrite:
    assert isinstance(asked, ListWrite), asked
    return asked


@pytest.mark.req("PAN-3")
def test_the_erase_leaves_no_card_and_the_next_start_waits_for_a_master() -> None:
    scenario = Scenario()
    scenario.step(change=change(erase(scenario.state)))
    assert scenario.disk == ()
    assert (scenario.status.cards, scenario.status.has_master) == (0, False)
    assert scenario.status.mode is RfidMode.READY
    for uid in (MASTER, RED):
        assert scenario.present(uid).accepted is False
    assert scenario.asked == []
    assert Scenario(cards=scenario.disk).status.mode is RfidMode.MASTER


@pytest.mark.req("PAN-3")
def test_no_card_counts_while_the_list_is_being_erased() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    scenario.step(change=change(erase(scenario.state)))
    assert scenario.present(RED).accepted is False
    scenario.finish()
    assert scenario.present(RED).accepted is False
    assert scenario.asked == []


def test_an_erase_that_cannot_be_stored_leaves_the_list() -> None:
    scenario = Scenario()
    scenario.disk_problem = "the disk is full"
    scenario.step(change=change(erase(scenario.state)))
    assert scenario.status.cards == 4
    assert scenario.status.detail == "Nothing was stored: the disk is full"
    assert ("error", "not stored: the disk is full") in scenario.lines
    assert scenario.present(RED).accepted is True


def test_a_card_gets_another_name_when_the_disk_has_it() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    scenario.step(change=change(rename(scenario.state, RenameCard(uid=RED.lower(), name=" Anna "))))
    assert scenario.state.cards == CARDS
    assert rename(scenario.state, RenameCard(uid=RED, name="Berta")) is Refused.BUSY
    scenario.finish()
    assert [card.name for card in scenario.disk] == [
        "Master card",
        "Anna",
        "Green card",
        "Blue card",
    ]
    assert scenario.present(RED).last_name == "Anna"


@pytest.mark.parametrize(
    ("uid", "name", "why"),
    [
        (NEW, "Anna", Refused.UNKNOWN),
        (RED, "  ", Refused.NAME),
        (RED, "a\nb", Refused.NAME),
    ],
)
def test_a_name_that_makes_no_sense_is_refused(uid: str, name: str, why: Refused) -> None:
    assert rename(Scenario().state, RenameCard(uid=uid, name=name)) is why


def test_a_card_is_renamed_by_what_was_seen_of_it() -> None:
    scenario = Scenario()

    def renamed(name: str, seen_name: str | None) -> object:
        asked = RenameCard(uid=RED, name=name, seen_name=seen_name)
        return rename(scenario.state, asked)

    assert renamed("Anna", "Berta") is renamed("Anna", "") is Refused.RENAMED
    for seen_name in ("Red card", None):
        assert isinstance(renamed("Anna", seen_name), ListWrite)
    assert isinstance(renamed("Red card", "Berta"), ListWrite)  # a button that is pressed twice


def test_a_few_lists_at_most_wait_for_the_disk_and_are_stored_in_order() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    scenario.step(change=change(rename(scenario.state, RenameCard(uid=RED, name="Anna"))))
    for _ in range(MOST_WAITING):
        scenario.step(change=change(erase(scenario.state)))
    assert erase(scenario.state) is Refused.BUSY
    scenario.finish()
    assert scenario.disk[1].name == "Anna"
    for _ in range(MOST_WAITING):
        scenario.finish()
    assert (scenario.disk, scenario.status.cards) == ((), 0)


# --- the first master, with a vehicle plugged in --------------------------------------------------


@pytest.mark.req("RFID-7", "RFID-9")
def test_the_window_for_a_first_master_begins_when_the_vehicle_is_unplugged() -> None:
    scenario = Scenario(cards=())
    scenario.session = PLUGGED
    status = scenario.wait(10 * MASTER_S)
    assert status.mode is RfidMode.MASTER
    assert status.detail == OUTCOMES[CardResult.MASTER_BLOCKED]
    assert scenario.present(NEW).accepted is False
    assert len(scenario.disk) == 0
    scenario.session = FREE
    assert scenario.wait(MASTER_S - 1.0).detail == OUTCOMES[CardResult.MASTER_AWAITED]
    scenario.present(NEW)
    assert [card.uid for card in scenario.state.cards] == [NEW]


@pytest.mark.req("RFID-9")
def test_the_window_for_a_first_master_is_over_after_its_time_without_a_vehicle() -> None:
    scenario = Scenario(cards=())
    scenario.session = PLUGGED
    scenario.wait(100.0)
    scenario.session = None  # silent: nobody knows
    assert scenario.wait(100.0).mode is RfidMode.MASTER
    scenario.session = FREE
    status = scenario.wait(MASTER_S + 1.0)
    assert (status.mode, status.detail) == (
        RfidMode.READY,
        OUTCOMES[CardResult.MASTER_MISSED],
    )


# --- what is said ---------------------------------------------------------------------------------


@pytest.mark.req("RFID-5")
def test_the_card_that_has_authorised_is_named_whoever_was_there_last() -> None:
    scenario = Scenario()
    scenario.session = replace(PLUGGED, authorized=True, token=RED, session_id="1")
    scenario.step()
    scenario.present(NEW)
    status = scenario.status
    assert (status.authorised_uid, status.authorised_name) == (RED, "Red card")
    scenario.session = replace(scenario.session, token=NEW)
    status = scenario.step()
    assert (status.authorised_uid, status.authorised_name) == (NEW, "")
    for session in (PLUGGED, None):
        scenario.session = session
        assert scenario.step().authorised_uid == ""


def test_each_tone_is_another_number() -> None:
    scenario = Scenario()
    counts = [scenario.present(uid).tone_count for uid in (RED, NEW, MASTER, NEW, MASTER)]
    assert counts == [1, 2, 3, 4, 5]


def test_a_reader_that_does_not_answer_is_said_and_logged_once() -> None:
    scenario = Scenario()
    scenario.works = False
    assert not scenario.wait(3.0).works
    scenario.works = True
    assert scenario.wait(3.0).works
    assert scenario.lines == [
        ("warning", "the card reader does not answer"),
        ("info", "the card reader answers"),
    ]


def test_what_became_of_a_card_is_logged() -> None:
    scenario = Scenario()
    scenario.present(RED)
    scenario.present(NEW)
    scenario.step(event=SEVERAL)
    assert scenario.lines == [
        ("info", "Red card: Authorised: plug the vehicle in."),
        ("info", f"{NEW}: This card is not in the list."),
        ("info", "a card: Present one card at a time."),
    ]


def test_a_disk_that_fails_without_a_text_has_failed() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    scenario.step(change=change(erase(scenario.state)))
    scenario.finish(problem="")
    assert (scenario.status.cards, scenario.result) == (4, CardResult.NOT_STORED)


def test_a_long_reason_is_cut_to_what_a_message_may_hold() -> None:
    scenario = Scenario()
    scenario.answer = Answer(status=Status.REFUSED, reason="x" * 5000)
    assert scenario.present(RED).detail == "x" * 400

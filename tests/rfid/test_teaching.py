"""How a card is taught, row by row, and how it is not (RFID-7, RFID-8, RFID-9)."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msgs.card import Card, CardRole
from msgs.led import Tone
from msgs.rfid import Indication, RfidMode
from msgs.session import SessionStatus
from nodes.rfid.cards import MOST_CARDS, with_user
from nodes.rfid.changes import erase
from nodes.rfid.field import CardEvent
from nodes.rfid.outcome import CardResult
from nodes.rfid.state import ListWrite
from tests.rfid.conftest import (
    CARDS,
    FREE,
    MASTER,
    NEW,
    OTHER,
    PLUGGED,
    RANDOM,
    RED,
    SEVERAL,
    UNREADABLE,
    Scenario,
)

Act = Callable[[Scenario], object]
LAST_S = 5.15  # 5 s, and the poll that a card may wait for


def assert_refused(scenario: Scenario) -> None:
    status = scenario.status
    assert (status.mode, status.accepted) == (RfidMode.READY, False)
    assert (status.indication, status.tone) == (Indication.REFUSED, Tone.FALLING)
    assert status.detail
    assert (scenario.disk, scenario.writes, status.cards) == (CARDS, [], 4)
    assert scenario.wait(2.1).indication is Indication.NONE


def plug_in(scenario: Scenario) -> None:
    scenario.session = PLUGGED
    scenario.wait(0.15)


def fall_silent(scenario: Scenario) -> None:
    scenario.session = None
    scenario.wait(0.15)


def lose_reader(scenario: Scenario) -> None:
    scenario.works = False
    scenario.wait(0.15)


def present(uid: str) -> Act:
    return lambda scenario: scenario.present(uid)


def see(event: CardEvent) -> Act:
    return lambda scenario: scenario.step(event=event)


# --- the way it goes ------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("uid", [NEW, OTHER, "04A1B2C3"])
def test_a_card_is_taught_by_the_master_the_card_and_the_master_again(uid: str) -> None:
    scenario = Scenario()
    status = scenario.present(MASTER)
    assert (status.mode, status.indication, status.tone) == ("new_card", "none", Tone.SINGLE)
    scenario.wait(2.0)
    status = scenario.present(uid)
    assert (status.mode, status.indication, status.tone) == ("confirm", "new_card", Tone.SINGLE)
    assert (status.last_uid, status.accepted) == (uid, None)
    assert scenario.wait(4.5).indication is Indication.NEW_CARD
    assert scenario.writes == []
    status = scenario.present(MASTER)
    assert (status.mode, status.indication, status.tone) == ("ready", "stored", Tone.SINGLE)
    assert (status.accepted, status.tone_count, status.cards) == (None, 3, 5)
    assert scenario.disk == (*CARDS, Card(uid=uid, role=CardRole.USER, name="Card 5"))
    assert scenario.wait(1.9).indication is Indication.STORED
    assert scenario.wait(0.2).indication is Indication.NONE
    assert scenario.asked == []
    assert scenario.present(uid).accepted is True


@pytest.mark.req("RFID-8")
def test_the_list_is_on_the_disk_before_the_card_is_said_to_be_stored() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    status = scenario.teach(NEW)
    assert (status.indication, status.tone_count, status.cards) == (Indication.NEW_CARD, 2, 4)
    status = scenario.wait(60.0)
    assert (status.mode, status.indication) == (RfidMode.CONFIRM, Indication.NEW_CARD)
    scenario.finish()
    assert (scenario.status.indication, scenario.status.cards) == (Indication.STORED, 5)


@pytest.mark.req("RFID-8")
def test_a_list_that_cannot_be_stored_stays_as_it_was_and_says_why() -> None:
    scenario = Scenario()
    scenario.disk_problem = "cards.json cannot be written: no space left"
    status = scenario.teach(NEW)
    assert (status.mode, status.accepted) == (RfidMode.READY, False)
    assert (status.indication, status.tone) == (Indication.REFUSED, Tone.FALLING)
    assert "no space left" in status.detail
    assert (scenario.state.cards, scenario.disk) == (CARDS, CARDS)
    assert any(level == "error" for level, _ in scenario.lines)
    scenario.wait(3.0)
    assert scenario.present(NEW).accepted is False
    scenario.disk_problem = ""
    assert scenario.teach(NEW).indication is Indication.STORED


# --- in time --------------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("first_s", [0.3, 5.0, LAST_S])
@pytest.mark.parametrize("second_s", [1.2, 5.0, LAST_S])
def test_each_window_is_5_s_and_one_poll_long(first_s: float, second_s: float) -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.wait(first_s)
    assert scenario.present(NEW).mode is RfidMode.CONFIRM
    scenario.wait(second_s)
    assert scenario.present(MASTER).indication is Indication.STORED


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("late_s", [LAST_S + 0.01, 5.5, 30.0])
def test_a_new_card_that_is_too_late_is_refused(late_s: float) -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.wait(late_s)
    scenario.present(NEW)
    assert_refused(scenario)
    scenario.present(MASTER)
    assert scenario.writes == []


@pytest.mark.req("RFID-8")
def test_a_new_card_in_the_very_round_in_which_its_window_is_over_is_refused() -> None:
    scenario = Scenario()
    scenario.answer = None
    scenario.present(MASTER)
    scenario.now_s += 9.0  # a round that came late
    scenario.present(NEW)
    assert scenario.asked == [MASTER]
    assert_refused(scenario)


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("late_s", [LAST_S + 0.01, 5.5, 30.0])
def test_a_master_that_is_too_late_stores_nothing(late_s: float) -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.wait(1.0)
    scenario.present(NEW)
    scenario.now_s += late_s
    scenario.step()
    assert_refused(scenario)
    scenario.present(MASTER)
    assert scenario.writes == []


# --- anything else --------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(present(RED), id="a stored card"),
        pytest.param(present(MASTER), id="the master itself"),
        pytest.param(present(RANDOM), id="a random number"),
        pytest.param(see(UNREADABLE), id="unreadable"),
        pytest.param(see(SEVERAL), id="several"),
        pytest.param(lose_reader, id="the reader falls silent"),
        pytest.param(fall_silent, id="session falls silent"),
    ],
)
def test_after_the_master_anything_but_a_new_card_ends_teaching(act: Act) -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.wait(1.5)
    act(scenario)
    assert_refused(scenario)
    assert scenario.asked == []


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(present(RED), id="a stored card"),
        pytest.param(present(NEW), id="the new card again"),
        pytest.param(present(OTHER), id="another new card"),
        pytest.param(present(RANDOM), id="a random number"),
        pytest.param(see(UNREADABLE), id="unreadable"),
        pytest.param(see(SEVERAL), id="several"),
        pytest.param(lose_reader, id="the reader falls silent"),
        pytest.param(fall_silent, id="session falls silent"),
    ],
)
def test_after_the_new_card_anything_but_the_master_ends_teaching(act: Act) -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.present(NEW)
    scenario.wait(1.5)
    act(scenario)
    assert_refused(scenario)
    scenario.works, scenario.session = True, FREE
    scenario.present(MASTER)
    assert scenario.writes == []


@pytest.mark.req("RFID-7")
def test_a_vehicle_that_is_plugged_in_ends_teaching() -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.present(NEW)
    plug_in(scenario)
    assert scenario.result is CardResult.PLUGGED
    assert_refused(scenario)
    assert scenario.asked == []


@pytest.mark.req("RFID-10")
def test_a_master_authorises_the_vehicle_that_is_plugged_in_within_its_5_s() -> None:
    scenario = Scenario()
    scenario.present(MASTER)
    scenario.wait(3.0)
    assert scenario.asked == []
    plug_in(scenario)
    assert scenario.asked == [MASTER]
    assert (scenario.status.mode, scenario.status.accepted) == (RfidMode.READY, True)
    assert scenario.status.indication is Indication.ACCEPTED
    scenario.present(NEW)
    scenario.wait(9.0)
    assert (scenario.asked, scenario.writes) == ([MASTER], [])


@pytest.mark.req("RFID-7")
@pytest.mark.parametrize("session", [PLUGGED, None])
def test_nothing_is_taught_while_a_vehicle_is_plugged_in_or_may_be(
    session: SessionStatus | None,
) -> None:
    scenario = Scenario()
    scenario.session = session
    scenario.teach(NEW)
    assert (scenario.disk, scenario.writes) == (CARDS, [])


@pytest.mark.req("RFID-8")
def test_a_hundred_cards_are_stored_and_not_one_more() -> None:
    cards = CARDS
    while len(cards) < MOST_CARDS:
        cards = with_user(cards, f"04{len(cards):06X}")
    scenario = Scenario(cards)
    scenario.present(MASTER)
    status = scenario.present(NEW)
    assert (status.accepted, status.cards) == (False, 100)
    assert scenario.result is CardResult.LIST_FULL
    assert scenario.writes == []


def test_a_card_presented_while_the_list_is_stored_is_refused_and_changes_nothing() -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    scenario.teach(NEW)
    assert scenario.present(OTHER).accepted is False
    scenario.finish()
    assert [card.uid for card in scenario.disk[4:]] == [NEW]
    assert len(scenario.writes) == 1


@pytest.mark.req("PAN-3")
@pytest.mark.parametrize("presented", [(MASTER,), (MASTER, NEW), (MASTER, NEW, MASTER)])
def test_an_erase_ends_teaching_and_no_card_is_stored_after_it(presented: tuple[str, ...]) -> None:
    scenario = Scenario()
    scenario.disk_problem = None
    for uid in presented:
        scenario.present(uid)
    write = erase(scenario.state)
    assert isinstance(write, ListWrite)
    scenario.step(change=write)
    assert scenario.status.mode is RfidMode.READY
    while not scenario.state.store.is_idle:
        scenario.finish()
    assert scenario.disk == ()
    scenario.wait(9.0)
    assert (scenario.state.cards, scenario.asked) == ((), [])


# --- the first master -----------------------------------------------------------------------------


@pytest.mark.req("RFID-9")
@pytest.mark.parametrize("wait_s", [0.3, 30.0, 59.9, 60.15])
def test_the_first_card_within_60_s_of_a_start_without_a_master_becomes_it(wait_s: float) -> None:
    scenario = Scenario(cards=())
    assert scenario.status.mode is RfidMode.MASTER
    scenario.wait(wait_s)
    status = scenario.present(NEW)
    assert scenario.disk == (Card(uid=NEW, role=CardRole.MASTER, name="Master card"),)
    assert (status.mode, status.indication, status.tone) == ("ready", "stored", Tone.SINGLE)
    assert (status.has_master, status.cards, status.tone_count) == (True, 1, 1)
    assert scenario.wait(3.0).indication is Indication.NONE
    scenario.present(OTHER)
    assert len(scenario.writes) == 1
    assert Scenario(cards=scenario.disk).status.mode is RfidMode.READY


@pytest.mark.req("RFID-9")
@pytest.mark.parametrize("late_s", [60.16, 60.5, 600.0])
def test_after_60_s_every_card_is_refused_until_the_next_start(late_s: float) -> None:
    scenario = Scenario(cards=())
    scenario.wait(late_s)
    assert scenario.status.mode is RfidMode.READY
    for uid in (NEW, MASTER, RED):
        assert scenario.present(uid).accepted is False
    assert (scenario.disk, scenario.writes, scenario.asked) == ((), [], [])
    again = Scenario(cards=scenario.disk, now_s=scenario.now_s)
    assert again.present(NEW).has_master


@pytest.mark.req("RFID-9")
@pytest.mark.parametrize("act", [present(RANDOM), see(UNREADABLE), see(SEVERAL)])
def test_what_cannot_be_a_master_is_refused_and_leaves_the_window_open(act: Act) -> None:
    scenario = Scenario(cards=())
    act(scenario)
    assert (scenario.status.accepted, scenario.status.indication) == (False, Indication.REFUSED)
    assert (scenario.status.mode, scenario.writes) == (RfidMode.MASTER, [])
    scenario.wait(3.0)
    assert scenario.present(NEW).has_master


@pytest.mark.req("RFID-7")
@pytest.mark.parametrize("session", [PLUGGED, None])
def test_no_master_is_taught_while_a_vehicle_is_plugged_in_or_may_be(
    session: SessionStatus | None,
) -> None:
    scenario = Scenario(cards=())
    scenario.session = session
    status = scenario.present(NEW)
    assert (status.accepted, status.mode, scenario.writes) == (False, RfidMode.MASTER, [])
    scenario.session = FREE
    assert scenario.present(NEW).has_master


@pytest.mark.req("RFID-9")
def test_a_master_that_cannot_be_stored_is_none_and_leaves_the_window_open() -> None:
    scenario = Scenario(cards=())
    scenario.disk_problem = "the disk is full"
    status = scenario.present(NEW)
    assert (status.mode, status.has_master, status.accepted) == (RfidMode.MASTER, False, False)
    assert "the disk is full" in status.detail
    scenario.disk_problem = ""
    assert scenario.present(NEW).has_master


def test_a_master_that_is_stored_when_its_window_is_over_counts() -> None:
    scenario = Scenario(cards=())
    scenario.disk_problem = None
    scenario.wait(60.0)
    scenario.present(NEW)
    scenario.wait(5.0)
    scenario.finish()
    assert (scenario.status.mode, scenario.status.has_master) == (RfidMode.READY, True)


def test_a_list_of_a_master_alone_is_well() -> None:
    scenario = Scenario(cards=CARDS[:1])
    assert scenario.status.mode is RfidMode.READY
    scenario.teach(NEW)
    assert scenario.disk[1].name == "Card 2"


# --- whatever is held -----------------------------------------------------------------------------

HELD = st.sampled_from([MASTER, MASTER, MASTER, NEW, NEW, OTHER, RED, RANDOM, "unreadable", "two"])
EVENTS = {"unreadable": UNREADABLE, "two": SEVERAL}
GAPS_S = st.sampled_from([0.15, 1.2, 4.9, 5.15, 5.3, 7.0])
WORLDS = st.sampled_from([FREE, FREE, FREE, FREE, FREE, PLUGGED, None])
ACT = st.tuples(HELD, GAPS_S, WORLDS)
# Chance alone seldom teaches: every other piece is the right cards, at times that may be wrong.
RIGHT = st.tuples(
    *(st.tuples(st.just(uid), GAPS_S, st.just(FREE)) for uid in (MASTER, NEW, MASTER))
)
ACTS = st.lists(st.one_of(RIGHT, st.tuples(ACT)), max_size=15).map(
    lambda pieces: [act for piece in pieces for act in piece]
)


@pytest.mark.req("RFID-8")
@given(ACTS)
@settings(max_examples=300)
def test_nothing_is_stored_but_by_master_new_master_in_time_and_unplugged(
    acts: list[tuple[str, float, SessionStatus | None]],
) -> None:
    scenario = Scenario()
    held: list[tuple[float, str, bool]] = []  # when, what, and whether all was free up to then
    for uid, gap_s, session in acts:
        scenario.session = session
        scenario.wait(gap_s)
        held.append((scenario.now_s, uid, session is FREE))
        before = scenario.disk
        scenario.step(event=EVENTS.get(uid, CardEvent(uid=uid)))
        if scenario.disk == before:
            continue
        (first_s, first, is_free), (new_s, new, stays_free), (last_s, last, is_free_still) = held[
            -3:
        ]
        assert first == last == MASTER
        assert scenario.disk == with_user(before, new)
        assert new in (NEW, OTHER)
        assert new not in [card.uid for card in before]
        assert max(new_s - first_s, last_s - new_s) <= LAST_S + 1e-6
        assert is_free
        assert stays_free
        assert is_free_still


@given(st.lists(st.tuples(HELD, GAPS_S), max_size=30))
@settings(max_examples=100)
def test_an_empty_list_gets_one_master_within_60_s_and_nothing_else(
    acts: list[tuple[str, float]],
) -> None:
    scenario = Scenario(cards=())
    began_s = scenario.now_s
    could: list[str] = []
    for uid, gap_s in acts:
        scenario.wait(gap_s)
        if uid not in (RANDOM, *EVENTS) and scenario.now_s - began_s <= 60.15:
            could.append(uid)
        if scenario.disk:
            break
        scenario.step(event=EVENTS.get(uid, CardEvent(uid=uid)))
    assert [card.uid for card in scenario.disk] == could[:1]

"""Cards as their owner uses them, on the whole box: taught, refused, authorised, logged off."""

from pathlib import Path

import pytest

from msgs.rfid import Indication, RfidMode
from msgs.session import EndReason, WallboxState
from tests.box import Box
from tests.card_box import ANSWERED_S, FALLING, RISING, SINGLE, CardBox

NEW, OTHER, RANDOM = "04AABBCC", "E004015012345678", "08123456"
WINDOW_S = 5.0  # RFID-8
RELEASE_S = 60.0  # RFID-4


@pytest.fixture
def box(tmp_path: Path) -> CardBox:
    return CardBox(tmp_path)


# --- teaching ----------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
def test_a_card_is_taught_by_the_master_twice(box: CardBox) -> None:
    before = box.stored()
    assert box.tap(box.master)[0] == SINGLE
    assert box.mode == RfidMode.NEW_CARD
    box.soon(lambda: box.state == WallboxState.TOKEN_PROGRAMMING_MODE, 2.0)
    assert box.tap(NEW)[1] == Indication.NEW_CARD
    box.soon(lambda: box.light("rfid") == "orange steady", 2.0)
    assert box.tap_again(box.master)[1] == Indication.STORED
    assert box.stored() == [*before, NEW]


@pytest.mark.req("RFID-8")
def test_a_new_card_that_comes_half_a_second_late_is_not_stored(box: CardBox) -> None:
    before = box.stored()
    box.tap(box.master)
    box.wait_late()
    assert box.tap(OTHER)[0] == FALLING
    box.tap_again(box.master)
    assert box.stored() == before


@pytest.mark.req("RFID-8")
def test_a_master_that_confirms_half_a_second_late_stores_nothing(box: CardBox) -> None:
    before = box.stored()
    box.tap(box.master)
    box.tap(OTHER)
    box.wait_late()
    box.tap(box.master)
    assert box.stored() == before


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("wrong", ["stored", "random", "two", "unreadable"])
def test_a_wrong_card_ends_the_teaching(box: CardBox, wrong: str) -> None:
    before = box.stored()
    uids = {
        "stored": [box.green],
        "random": [RANDOM],
        "two": [OTHER, "04DDEEFF"],
        "unreadable": ["ABCD"],
    }[wrong]
    box.tap(box.master)
    assert box.tap(*uids)[0] == FALLING
    assert box.mode == RfidMode.READY
    box.tap_again(box.master)
    assert box.stored() == before


@pytest.mark.req("RFID-10")
def test_the_master_alone_authorises_when_no_card_follows(box: CardBox) -> None:
    box.tap(box.master)
    box.is_released(True, WINDOW_S + 1.0)
    assert box.now_s - box.presented_s >= WINDOW_S
    assert box.token == box.master


# --- authorising -------------------------------------------------------------------------------


@pytest.mark.req("RFID-3", "CHG-1")
def test_a_card_then_the_plug_begins_a_charge(box: CardBox) -> None:
    assert box.tap(box.red)[0] == RISING
    box.is_released(True)
    box.plug()
    box.charges()
    assert box.token == box.red


@pytest.mark.req("RFID-3", "CHG-1")
def test_the_plug_then_a_card_begins_a_charge(box: CardBox) -> None:
    box.plug()
    box.advance(3.0)
    assert box.said("session/status")["plugged"]
    assert not box.is_authorized
    assert box.tap(NEW[:-1] + "D")[0] == FALLING  # a stranger's
    assert box.tap(box.blue)[0] == RISING
    box.charges()


@pytest.mark.req("RFID-5")
def test_another_card_does_not_log_off_and_the_same_one_does(box: CardBox) -> None:
    box.tap(box.red)
    box.plug()
    box.charges()
    for foreign in (box.green, box.master):
        assert box.tap_again(foreign)[0] == FALLING
        assert box.state == WallboxState.CHARGING
    assert box.tap_again(box.red)[0] == RISING
    box.soon(lambda: not box.session_id, 10.0)
    newest = box.sessions()[0]
    assert (newest.token, newest.end_reason) == (box.red, EndReason.STOPPED)


@pytest.mark.req("RFID-4")
def test_a_release_lapses_and_no_other_card_matters_meanwhile(box: CardBox) -> None:
    box.tap(box.red)
    box.is_released(True)
    began_s = box.presented_s
    assert box.tap_again(box.green)[0] == FALLING
    assert (box.said("session/status")["released"], box.token) == (True, box.red)
    box.is_released(False, RELEASE_S + 5.0)
    assert RELEASE_S <= box.now_s - began_s <= RELEASE_S + 1.0
    box.plug()
    box.advance(3.0)
    assert not box.is_authorized


@pytest.mark.req("RFID-4")
def test_the_same_card_takes_a_release_back(box: CardBox) -> None:
    box.tap(box.red)
    box.is_released(True)
    assert box.tap_again(box.red)[0] == RISING
    box.is_released(False)


def require(box: Box, required: bool) -> None:
    box.ask("system", "set", {"changes": {"authorization.required": required}})
    assert box.is_soon(
        lambda: box.said("session/status")["authorization_required"] is required, ANSWERED_S
    )


@pytest.mark.req("RFID-6", "RFID-12")
def test_authorisation_off_charges_without_a_card_and_on_again_has_its_list(box: CardBox) -> None:
    before = box.stored()
    require(box, False)
    box.plug()
    box.charges()
    why = box.refused("system", "set", {"changes": {"authorization.required": True}})
    assert "plug" in why
    box.act("unplug")
    box.soon(lambda: box.state == WallboxState.IDLE, 15.0)
    require(box, True)
    assert box.stored() == before
    assert box.tap(box.red)[0] == RISING


# --- the erase, and restarts -------------------------------------------------------------------


def press_service(box: CardBox, seconds: float) -> None:
    """Press the service key; carry out the restart that follows."""
    box.act("service", {"seconds": seconds})
    assert box.is_soon(box.restart_if_asked, seconds + 12.0)
    box.advance(2.0)


@pytest.mark.req("PAN-3", "RFID-9")
def test_the_service_key_erases_all_cards_and_the_first_card_is_the_new_master(
    box: CardBox,
) -> None:
    press_service(box, 6.6)
    assert box.mode == RfidMode.MASTER
    assert box.stored() == []
    assert box.tap(NEW)[1] == Indication.STORED
    assert box.stored() == [NEW]
    box.soon(lambda: box.mode == RfidMode.READY, 5.0)
    assert box.tap(box.red)[0] == FALLING  # erased with the others


@pytest.mark.req("PAN-3", "PAN-5")
def test_the_service_key_released_between_its_tones_restarts(box: CardBox) -> None:
    box.tap(box.red)
    box.plug()
    box.charges()
    press_service(box, 3.0)
    assert box.contactor == "open"
    assert not box.is_authorized
    newest = box.sessions()[0]
    assert (newest.token, newest.end_reason) == (box.red, EndReason.RESTART)
    assert len(box.stored()) == 4


@pytest.mark.req("RFID-7", "RFID-9")
def test_with_a_vehicle_plugged_in_a_new_master_is_asked_for_once_it_is_out(box: CardBox) -> None:
    box.plug()
    press_service(box, 6.6)
    assert box.mode == RfidMode.MASTER
    box.advance(70.0)  # longer than the window
    assert "unplug the vehicle" in box.reason
    assert "unplug the vehicle" in box.said("rfid/status")["detail"]
    assert box.light("frame") != "white steady"
    assert box.tap(NEW)[0] == FALLING
    assert box.stored() == []
    box.act("pull")
    box.soon(lambda: box.light("frame") == "white steady", 3.0)
    assert "unplug" not in box.reason
    assert box.tap_again(NEW)[1] == Indication.STORED
    assert box.stored() == [NEW]


# --- a vehicle that is woken -------------------------------------------------------------------


@pytest.mark.req("RFID-5")
def test_a_vehicle_that_is_woken_is_charged_on_with_a_card_that_is_named(box: CardBox) -> None:
    box.act("fault", {"name": "asleep"})
    box.plug()
    box.advance(2.0)
    box.tap(box.green)
    name = "The session goes on, authorised by Green card."
    box.soon(lambda: box.reason.startswith(name), 120.0)
    assert box.is_authorized
    box.act("clear", {"name": "asleep"})
    box.soon(lambda: box.state == WallboxState.CHARGING, 120.0)
    assert not box.reason.startswith(name)


# --- a power cut -------------------------------------------------------------------------------


@pytest.mark.req("RFID-8")
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_power_cut_between_two_steps_of_teaching_leaves_the_list_as_before_or_after(
    box: CardBox, tmp_path: Path, steps: int
) -> None:
    before = box.stored()
    for uid in (box.master, NEW, box.master)[:steps]:
        box.tap_again(uid)
    box.cut()
    again = CardBox(tmp_path)
    assert again.stored() == ([*before, NEW] if steps == 3 else before)
    assert again.tap(box.red)[0] == RISING


@pytest.mark.req("RFID-12")
def test_a_power_cut_after_each_switch_of_authorisation_keeps_the_switch_and_the_list(
    box: CardBox, tmp_path: Path
) -> None:
    before = box.stored()
    for required in (False, True):
        require(box, required)
        box.cut()
        box = CardBox(tmp_path)
        assert box.said("session/status")["authorization_required"] is required
        assert box.stored() == before


@pytest.mark.req("RFID-4", "RFID-5")
def test_a_power_cut_in_a_release_and_in_a_charge_keeps_the_list(
    box: CardBox, tmp_path: Path
) -> None:
    before = box.stored()
    box.tap(box.red)
    box.is_released(True)
    box.cut()
    box = CardBox(tmp_path)
    assert not box.said("session/status")["released"]  # asked for again, and no more
    assert box.stored() == before
    box.tap(box.red)
    box.plug()
    box.charges()
    box.cut()  # the world with it: no vehicle is there any more
    box = CardBox(tmp_path)
    assert box.stored() == before
    newest = box.sessions()[0]
    assert (newest.token, newest.end_reason) == (box.red, EndReason.POWER_LOSS)


@pytest.mark.req("RFID-9")
def test_a_power_cut_after_an_erase_leaves_it_erased_and_opens_the_window_again(
    box: CardBox, tmp_path: Path
) -> None:
    press_service(box, 6.6)
    box.cut()
    box = CardBox(tmp_path)
    assert box.stored() == []
    assert box.mode == RfidMode.MASTER
    assert box.tap(NEW)[1] == Indication.STORED
    box.cut()
    assert CardBox(tmp_path).stored() == [NEW]

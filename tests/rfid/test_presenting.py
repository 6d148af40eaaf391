"""Cards that a controller names: they authorise as at the reader, and never teach."""

from pathlib import Path

import pytest

from bus import Status
from msgs.card import tag_of
from msgs.rfid import RfidMode
from tests.rfid.conftest import MASTER, NEW, RED
from tests.rfid.test_node import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def name(box: Box, uid: str) -> str:
    """Name a card; return why it is refused, "" if it is not."""
    answer = box.ask("present", {"tag": tag_of(uid)})
    assert answer.status in (Status.OK, Status.REFUSED)
    return answer.reason


@pytest.mark.req("APP-2", "RFID-11")
def test_a_card_of_the_list_authorises(box: Box) -> None:
    assert name(box, RED) == ""
    assert box.asked == [RED]
    assert (box.status.accepted, box.status.last_uid) == (True, RED)


@pytest.mark.req("APP-2", "RFID-11")
def test_a_card_that_is_not_in_the_list_is_refused_and_nobody_is_asked(box: Box) -> None:
    assert name(box, NEW) == "The card is not in the list."
    assert box.asked == []


@pytest.mark.req("APP-2")
def test_the_refusal_of_session_is_that_of_the_card(box: Box) -> None:
    box.refusal = "A fault is raised."
    assert name(box, RED) == "A fault is raised."


@pytest.mark.req("APP-2", "RFID-8")
def test_the_master_authorises_and_does_not_begin_to_teach(box: Box) -> None:
    assert name(box, MASTER) == ""
    assert box.status.mode is RfidMode.READY
    box.tap(NEW)
    assert NEW not in box.uids()


@pytest.mark.req("APP-2", "RFID-8")
def test_a_card_that_is_named_while_cards_are_taught_changes_nothing(box: Box) -> None:
    box.tap(MASTER)
    assert box.status.mode is RfidMode.NEW_CARD
    assert name(box, RED) == "Cards are being taught: try again."
    assert box.status.mode is RfidMode.NEW_CARD


@pytest.mark.req("APP-2")
def test_a_uid_of_ten_bytes_is_known_by_its_first_eight_if_it_is_the_only_one(box: Box) -> None:
    first, second = "04112233445566778899", "0411223344556677AABB"
    box.teach(first)
    assert name(box, first) == ""
    assert box.asked[-1] == first
    box.teach(second)
    assert name(box, first) == "The card is not in the list."

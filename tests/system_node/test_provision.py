"""What a new box gets: a label of its own, of the manual's shape."""

import random
import re

import msgspec
import pytest

from msgs.card import CardColor, CardRole, is_random, is_uid
from msgs.label import Label
from nodes.system.provision import is_serial, provision

SEEDS = range(200)


def labels() -> list[Label]:
    return [provision(random.Random(seed)) for seed in SEEDS]


@pytest.mark.req("LAB-1")
def test_the_label_holds_all_that_the_manual_prints_on_it() -> None:
    for label in labels():
        assert re.fullmatch(r"[1-9][0-9]{7}", label.serial)
        assert re.fullmatch(r"[2-9A-HJ-NP-Za-km-np-z]{30}", label.recovery_key)
        assert re.fullmatch(r"[2-9A-HJ-NP-Za-km-np-z]{12}", label.wlan_password)
        assert label.hotspot_ip == "192.168.2.1"
        assert [card.role for card in label.rfid] == [CardRole.MASTER, *[CardRole.USER] * 3]
        assert [card.color for card in label.rfid] == [
            CardColor.WHITE,
            CardColor.RED,
            CardColor.GREEN,
            CardColor.BLUE,
        ]


@pytest.mark.req("WEB-1", "WEB-10")
def test_the_user_is_admin_and_password_and_network_are_the_serial_number() -> None:
    for label in labels():
        assert label.web_user == "admin"
        assert label.web_password == label.wlan_ssid == label.serial


@pytest.mark.req("LAB-1")
def test_the_cards_are_four_different_ones_of_eight_digits_that_can_be_remembered() -> None:
    for label in labels():
        uids = [card.uid for card in label.rfid]
        assert len(set(uids)) == 4
        assert all(len(uid) == 8 and is_uid(uid) and not is_random(uid) for uid in uids)


def test_the_addresses_are_of_one_device_and_of_no_maker() -> None:
    for label in labels():
        assert label.lan_mac != label.wlan_mac
        for mac in (label.lan_mac, label.wlan_mac):
            assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}", mac)
            assert int(mac[:2], 16) & 0b11 == 0b10


@pytest.mark.req("LAB-1")
def test_no_two_boxes_share_a_value() -> None:
    boxes = labels()
    for field in ("serial", "recovery_key", "wlan_password", "lan_mac", "wlan_mac"):
        assert len({getattr(label, field) for label in boxes}) == len(boxes), field
    assert len({card.uid for label in boxes for card in label.rfid}) == 4 * len(boxes)


class Numbers:
    """Gives the numbers it was made with, then random ones."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)
        self._random = random.Random(1)

    def randrange(self, stop: int, /) -> int:
        return self._numbers.pop(0) if self._numbers else self._random.randrange(stop)


@pytest.mark.parametrize(
    "digits", ["00000000", "01473869", "11111111", "12345678", "98765432", "86420864", "90123456"]
)
def test_a_serial_number_that_is_guessed_first_or_begins_with_0_is_not_given(digits: str) -> None:
    assert not is_serial(digits)
    label = provision(Numbers(int(digits), 31415926))
    assert label.serial == "31415926"


def test_an_address_or_a_card_drawn_twice_is_drawn_again() -> None:
    mac, other = (2, 0, 0, 0, 0, 1), (2, 0, 0, 0, 0, 2)
    random_uid, cascade = 0x08123456, 0x88123456
    cards = (0x04000001, random_uid, 0x04000001, cascade, 0x04000002, 0x04000003, 0x04000004)
    label = provision(Numbers(31415926, *mac, *mac, *other, *cards))
    assert (label.lan_mac, label.wlan_mac) == ("02:00:00:00:00:01", "02:00:00:00:00:02")
    assert [card.uid for card in label.rfid] == ["04000001", "04000002", "04000003", "04000004"]


def test_a_label_reads_back_as_it_was_made() -> None:
    for label in labels():
        assert msgspec.json.decode(msgspec.json.encode(label), type=Label) == label

"""The list of cards, and what it takes."""

import pytest

from msgs.card import Card, CardColor, CardRole
from nodes.rfid.cards import (
    MOST_CARDS,
    Cards,
    authorising,
    has_master,
    refusal_to_teach,
    revokes,
    supplied,
    with_master,
    with_name,
    with_user,
)
from nodes.rfid.outcome import CardResult
from tests.rfid.conftest import CARDS, LABEL, MASTER, NEW, OTHER, RANDOM, RED


@pytest.mark.req("RFID-1")
def test_the_supplied_cards_are_those_of_the_label_named_by_their_colour() -> None:
    assert supplied(LABEL.rfid) == CARDS


@pytest.mark.req("RFID-11")
def test_the_local_list_alone_lets_a_card_through() -> None:
    assert authorising(CARDS, RED) == CARDS[1]
    assert authorising(CARDS, NEW) is None
    assert authorising((), MASTER) is None


def test_taught_cards_are_users_under_the_first_free_number() -> None:
    cards = with_user(CARDS, NEW)
    assert cards == (*CARDS, Card(uid=NEW, role=CardRole.USER, name="Card 5"))
    taken = (*CARDS[:3], Card(uid=NEW, role=CardRole.USER, name="Card 5"))
    assert with_user(taken, OTHER)[-1].name == "Card 6"


def test_a_list_takes_each_card_once_and_a_hundred_in_all() -> None:
    assert refusal_to_teach(CARDS, NEW) is None
    assert refusal_to_teach(CARDS, RED) is CardResult.KNOWN
    assert refusal_to_teach(CARDS, RANDOM) is CardResult.RANDOM_UID
    cards = CARDS
    while len(cards) < MOST_CARDS:
        cards = with_user(cards, f"04{len(cards):06X}")
    assert len({card.name for card in cards}) == MOST_CARDS == 100
    assert refusal_to_teach(cards, NEW) is CardResult.LIST_FULL


def test_a_master_takes_the_place_of_the_users_card_of_its_number() -> None:
    users = CARDS[1:]
    assert not has_master(users)
    cards = with_master(users, RED)
    assert cards[0] == Card(uid=RED, role=CardRole.MASTER, name="Master card")
    assert [card.color for card in cards[1:]] == [CardColor.GREEN, CardColor.BLUE]


@pytest.mark.parametrize(
    ("after", "is_less"),
    [
        (CARDS, False),
        (with_user(CARDS, NEW), False),
        (with_name(CARDS, RED, "Anna"), False),
        (CARDS[::-1], False),
        (CARDS[:-1], True),
        ((), True),
        (with_user(CARDS[1:], NEW), True),
        (with_master(CARDS[1:], RED), True),
    ],
)
def test_a_list_that_misses_a_card_or_its_role_takes_something_away(
    after: Cards, is_less: bool
) -> None:
    assert revokes(CARDS, after) is is_less
    assert not revokes((), after)

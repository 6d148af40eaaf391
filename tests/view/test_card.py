"""The message about the card presented last."""

from dataclasses import replace
from typing import Any

import pytest

from msgs.card import CardColor
from msgs.rfid import Indication
from tests.builders import rfid_status
from tests.view.charge import charging
from tests.view.snapshot import said
from view.card import CardMessage, card_message
from view.headline import HeadlineKind


def message(**fields: Any) -> CardMessage | None:
    given = {"detail": "This card is not in the list.", "tone_count": 3, **fields}
    return card_message(replace(charging(), rfid=said("rfid", rfid_status(**given))))


@pytest.mark.req("RFID-3")
@pytest.mark.parametrize("indication", list(Indication))
def test_a_refused_card_is_not_shown_as_an_accepted_one(indication: Indication) -> None:
    shown = message(indication=indication)
    assert (shown is None) is (indication is Indication.NONE)
    if shown is not None:
        assert (shown.kind is HeadlineKind.FAULT) is (indication is Indication.REFUSED)
        assert (shown.number, shown.words) == (3, "This card is not in the list.")


@pytest.mark.parametrize(
    ("fields", "card"),
    [
        ({}, ""),
        ({"last_color": CardColor.BLUE}, "Blue card"),
        ({"last_color": CardColor.BLUE, "last_name": "Anna"}, "Anna"),
    ],
)
def test_it_names_the_card(fields: dict[str, Any], card: str) -> None:
    shown = message(indication=Indication.ACCEPTED, detail="Logged off.", **fields)
    assert shown is not None
    assert (shown.card, shown.words, shown.kind) == (card, "Logged off.", HeadlineKind.READY)


def test_a_silent_reader_has_no_message() -> None:
    rfid = rfid_status(indication=Indication.ACCEPTED, detail="Logged off.")
    assert card_message(replace(charging(), rfid=said("rfid", rfid, age_s=12.0))) is None

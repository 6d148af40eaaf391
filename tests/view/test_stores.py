"""Damaged files, and a disk that takes nothing, as text on page and terminal."""

from dataclasses import replace

import pytest

from msgs.settings import Settings
from msgs.stored import Stored
from tests.builders import rfid_status
from tests.view.charge import but, charging, silent
from tests.view.snapshot import said
from view.snapshot import Snapshot
from view.stores import CARDS, SETTINGS, stores


def words(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(each.node, each.words) for each in stores(snapshot)]


def with_cards(stored: Stored) -> Snapshot:
    rfid = rfid_status(stored=stored)
    return replace(charging(), rfid=said("rfid", rfid))


def with_settings(stored: Stored, age_s: float = 0.1) -> Snapshot:
    settings = said("settings", Settings(stored=stored), age_s)
    return replace(charging(), settings=settings)


def test_what_is_stored_and_read_needs_no_words() -> None:
    assert words(charging()) == []
    assert words(with_cards(Stored.CURRENT)) == words(with_settings(Stored.CURRENT)) == []


@pytest.mark.parametrize("stored", [Stored.PREVIOUS, Stored.LOST])
def test_a_damaged_list_and_damaged_settings_are_shown_until_they_are_stored_again(
    stored: Stored,
) -> None:
    assert words(with_cards(stored)) == [("rfid", CARDS[stored])]
    assert words(with_settings(stored, age_s=3600.0)) == [("system", SETTINGS[stored])]


def test_a_disk_that_takes_no_session_is_shown_with_its_reason() -> None:
    snapshot = but("session", unrecorded="sessions.sqlite: disk is full")
    assert words(snapshot) == [
        ("session", "sessions are not recorded: sessions.sqlite: disk is full")
    ]
    assert words(replace(snapshot, session=silent("session").session)) == []

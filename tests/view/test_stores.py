"""Damaged files, and a disk that takes nothing, as text on page and terminal."""

from dataclasses import replace

import pytest

from msgs.setting_keys import LEAVES
from msgs.settings import Settings
from msgs.stored import Stored
from tests.builders import rfid_status
from tests.view.charge import but, charging, silent
from tests.view.snapshot import said
from view.snapshot import Snapshot
from view.stores import CARDS, PREVIOUS_SETTINGS, RETRIED, stores


def words(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(each.node, each.words) for each in stores(snapshot)]


def with_cards(stored: Stored) -> Snapshot:
    rfid = rfid_status(stored=stored)
    return replace(charging(), rfid=said("rfid", rfid))


def test_what_is_stored_and_read_needs_no_words() -> None:
    assert words(charging()) == []
    assert words(with_cards(Stored.CURRENT)) == []


@pytest.mark.parametrize("stored", [Stored.PREVIOUS, Stored.LOST])
def test_a_damaged_list_is_shown_until_it_is_stored_again(stored: Stored) -> None:
    assert words(with_cards(stored)) == [("rfid", CARDS[stored])]


LOST = "the stored settings could not be read; set each of them again"


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (Settings(stored=Stored.PREVIOUS), PREVIOUS_SETTINGS),
        (
            Settings(stored=Stored.LOST, lost=tuple(LEAVES)),
            f"{LOST}; until then a card is required, the house meter counts as lost, the main fuse "
            "counts as one of 6 A, the charge pauses while the contact at the external input is "
            "open",
        ),
        # only what is not set yet has an effect
        (
            Settings(stored=Stored.LOST, lost=("main_fuse_a", "time_zone")),
            f"{LOST}; until then the main fuse counts as one of 6 A",
        ),
        (Settings(stored=Stored.LOST, lost=("time_zone",)), LOST),
    ],
)
def test_damaged_settings_are_shown_until_they_are_set_again(
    settings: Settings, shown: str
) -> None:
    snapshot = replace(charging(), settings=said("settings", settings, 3600.0))
    assert words(snapshot) == [("system", shown)]


def test_a_disk_that_takes_no_session_is_shown_with_its_reason() -> None:
    why = "charges are not recorded: the disk of the box is full"
    unrecorded = but("session", unrecorded="the disk of the box is full")
    listed = f"{why}; cars are charged, and what they take is not in the list of sessions"
    assert words(unrecorded) == [("session", f"{listed}. {RETRIED}")]
    snapshot = but("session", unrecorded="the disk of the box is full", authorization_required=True)
    assert words(snapshot) == [("session", f"{why}; no car is charged until they are. {RETRIED}")]
    assert words(replace(snapshot, session=silent("session").session)) == []

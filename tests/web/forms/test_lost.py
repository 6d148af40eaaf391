"""Settings that were lost: what the pages say, and until when."""

from collections.abc import Iterator

from msgs.stored import Stored
from tests.web.conftest import Browser
from tests.web.forms.conftest import NodesBox
from tests.web.forms.examples import Typed, at, send, wrong_at
from tests.web.reading import Reading
from web.forms.pages import PAGES

OF_SETTINGS = [page for page in PAGES if page.is_of_settings]


def notes(owner: Browser, path: str) -> Iterator[str]:
    for each in Reading(owner.get(path).text).find(role="note"):
        text = " ".join(each.text.split())
        if "stored settings" in text:
            yield text


def test_the_note_names_the_pages_that_are_left_until_each_was_saved(
    box: NodesBox, owner: Browser
) -> None:
    box.lose_settings()
    left = [page.title for page in OF_SETTINGS]
    for page in OF_SETTINGS:
        for path in ("/configuration", "/system", "/wizard", page.path, "/configuration/card-name"):
            (note,) = notes(owner, path)
            assert (
                f"Check and save: {', '.join(left)}. The settings without a page are as delivered"
                in note
            )
            assert ("a card is required" in note) == ("Authorization & Time Sync" in left)
            assert ("one of 6 A" in note) == ("Main Fuse" in left)
        typed: Typed = {"monitoring.enabled": None} if page.path.endswith("external-meter") else {}
        answer = send(owner, page.path, typed)
        assert answer.status_code == 303, answer.text
        left.remove(page.title)
    assert not list(notes(owner, "/configuration"))
    assert box.sent().changes.keys() > {"proxy.enabled", "hotspot.channel"}
    assert box.settings().stored is Stored.CURRENT
    assert owner.get("/configuration").text.count("stored settings") == 0


def test_monitoring_that_nobody_has_chosen_is_not_saved_without_a_meter(
    box: NodesBox, owner: Browser
) -> None:
    box.lose_settings()
    answer = send(owner, "/configuration/external-meter", {})
    assert answer.status_code == 409
    assert set(wrong_at(answer.text)) == {at("monitoring.enabled")}
    assert box.settings().stored is Stored.LOST


def test_a_step_of_the_wizard_is_open_while_its_page_is_lost(box: NodesBox, owner: Browser) -> None:
    box.lose_settings()
    assert owner.get("/wizard").text.count("Not set again since") == 4  # and the meter is missing
    assert send(owner, "/wizard/solar", {}).status_code == 303
    assert owner.get("/wizard").text.count("Not set again since") == 3

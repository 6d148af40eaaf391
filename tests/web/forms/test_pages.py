"""The settings pages, with all nodes of a box behind them: shown, saved, read back, refused."""

from typing import Any

import pytest

from msgs.setting_keys import LEAVES
from tests.web.conftest import Browser
from tests.web.forms.conftest import NodesBox
from tests.web.forms.examples import (
    EXAMPLES,
    HOUSE,
    WRONG,
    Example,
    Wrong,
    at,
    filled,
    form_of,
    multi,
    send,
    wrong_at,
)
from tests.web.reading import Reading
from web.forms.pages import PAGES
from web.forms.rows import Page

OF_SETTINGS = tuple(page for page in PAGES if page.is_of_settings)


def name(case: Any) -> str:
    return str(case.path)


def said(page: str) -> str:
    """Return what a page says of what was done before."""
    return " ".join(each.text for each in Reading(page).find(id="done"))


# --- every page ----------------------------------------------------------------------------------


def test_the_examples_know_every_field_of_every_page() -> None:
    assert {key for each in EXAMPLES for key in each.values} == {
        field.key for page in OF_SETTINGS for field in page.fields
    }
    can_be_wrong = {
        page.path
        for page in OF_SETTINGS
        if not all(LEAVES[field.key] is bool for field in page.fields)
    }
    assert {each.path for each in WRONG} == can_be_wrong


LATER = ("wlan.", "hotspot.", "lan_dhcp_server", "proxy.", "usb.", "dcs.")
"""Settings whose pages come with what they set up."""


WITHOUT_A_FIELD = ("web.is_set_up",)
"""Set by what a person does: the end of the wizard, or a button of Status."""


def test_every_setting_has_one_field() -> None:
    keys = [field.key for page in OF_SETTINGS for field in page.fields]
    assert len(set(keys)) == len(keys)
    assert {key for key in LEAVES if not key.startswith(LATER)} == {*keys, *WITHOUT_A_FIELD}


@pytest.mark.req("WEB-7", "WEB-9", "WEB-11")
@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_shows_its_title_its_words_and_each_field_with_its_label(
    owner: Browser, page: Page
) -> None:
    answer = owner.get(page.path)
    assert answer.status_code == 200
    reading = Reading(answer.text)
    assert page.title in " ".join(each.text for each in reading.elements if each.tag == "h1")
    for words in (page.lead, page.warning):
        assert " ".join(words.split()) in " ".join(reading.text.split())
    for field in page.fields:
        if field.is_hidden:
            continue
        assert reading.find(id=at(field.key)), field.key
        assert field.label in reading.text
    ids = [each.attributes["id"] for each in reading.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for element in reading.elements:
        for note in element.attributes.get("aria-describedby", "").split():
            assert note in ids
        if element.tag == "label":
            assert element.attributes.get("for", ids[0]) in ids


@pytest.mark.req("WEB-7", "WEB-9", "WEB-11", "MET-4", "MET-6", "MET-8")
@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_what_is_typed_is_set_shown_and_nothing_else_is_changed(
    box: NodesBox, owner: Browser, example: Example
) -> None:
    box.put(example.before)
    before = box.table()
    answer = send(owner, example.path, example.typed)
    assert (answer.status_code, answer.location) == (
        303,
        f"{example.path}?saved={example.path.rpartition('/')[2]}",
    ), answer.text
    for key, value in example.values.items():
        assert box.table()[key] == value, key
    assert set(box.sent().changes) == set(example.values)
    assert box.table() == {**before, **example.values}
    page = owner.get(answer.location).text
    title = next(each.title for each in PAGES if each.path == example.path)
    assert said(page) == f"Saved: {title}."
    assert f"<title>Saved: {title.replace('&', '&amp;')} - Wallbox</title>" in page
    shown = multi(filled(form_of(Reading(page), example.path), {}))
    for key, typed in example.typed.items():
        if typed == "":
            assert shown[key] == [""]
        elif typed is None:
            assert key not in shown
        elif isinstance(typed, str):
            assert shown[key] == [typed.strip().replace(",", ".")]
        else:
            assert [each for each in shown[key] if each] == [each for each in typed if each]


@pytest.mark.parametrize("wrong", WRONG, ids=name)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    box: NodesBox, owner: Browser, wrong: Wrong
) -> None:
    box.put(wrong.before)
    before = box.table()
    answer = send(owner, wrong.path, wrong.typed)
    assert answer.status_code == 409
    assert box.table() == before
    said = wrong_at(answer.text)
    assert set(said) == {at(wrong.key)}
    assert wrong.words in said[at(wrong.key)]
    reading = Reading(answer.text)
    focused = [each for each in reading.elements if "autofocus" in each.attributes]
    assert len(focused) == 1
    assert focused[0].attributes["name"].startswith(wrong.key)
    shown = multi(filled(form_of(reading, wrong.path), {}))
    for key, typed in wrong.typed.items():
        if isinstance(typed, str) and typed in ("party", "CEST"):
            continue  # no choice that could be shown
        if isinstance(typed, list):
            assert shown[key] == [*typed, ""]  # and a row for one more
        else:
            assert shown[key] == [typed]


@pytest.mark.parametrize("page", OF_SETTINGS, ids=name)
def test_a_page_that_is_saved_as_it_is_changes_nothing(
    box: NodesBox, owner: Browser, page: Page
) -> None:
    before = box.table()
    assert send(owner, page.path, {}).status_code == 303
    assert box.sent().changes == {}
    assert box.table() == before


# --- two tabs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_two_tabs_do_not_overwrite_each_other_unseen(
    box: NodesBox, owner: Browser, example: Example
) -> None:
    box.put(example.before)
    form = form_of(Reading(owner.get(example.path).text), example.path)
    assert send(owner, example.path, example.typed).status_code == 303  # the other tab
    after = box.table()
    typed = other_than(example)
    answer = owner.client.post(example.path, data=multi(filled(form, typed)))
    assert answer.status_code == 409
    for id_, said in wrong_at(answer.text).items():
        (note,) = Reading(answer.text).find(id=f"{id_}-present")
        assert f"Changed meanwhile: it is {note.text.removeprefix('Set now: ')} now." == said
    assert box.table() == after


def other_than(example: Example) -> Any:
    """Return something else to type than an example has."""
    return {
        "/configuration/operating-mode": {},
        "/configuration/main-fuse": {"main_fuse_a": "20"},
        "/configuration/phase-assignment": {"phase_assignment": "L3-L1-L2"},
        "/configuration/external-meter": {"house_meter.unit": "9"},
        "/configuration/authorization": {"time_zone": "WET"},
        "/configuration/solar": {"solar.minimum_a": "7"},
        "/configuration/schedule": {"schedule.otherwise_a": "9"},
        "/configuration/energy-limit": {"charge.energy_limit_kwh": "50"},
        "/configuration/unbalance": {"unbalance.limit_a": "10"},
        "/configuration/external-input": {"external_input.limit_a": "10"},
        "/configuration/smart-home": {"smart_home.fallback_a": "9"},
        "/configuration/metrics": {"web.metrics": None},
        "/configuration/page-address": {"web.origin": "http://charger.example.org"},
    }[example.path]


def test_a_second_try_after_the_present_value_was_shown_is_taken(
    box: NodesBox, owner: Browser
) -> None:
    path = "/configuration/main-fuse"
    form = form_of(Reading(owner.get(path).text), path)
    box.put({"main_fuse_a": 32})
    answer = owner.client.post(path, data=multi(filled(form, {"main_fuse_a": "20"})))
    assert wrong_at(answer.text) == {at("main_fuse_a"): "Changed meanwhile: it is 32 A now."}
    assert "Set now: 32 A" in answer.text
    form = form_of(Reading(answer.text), path)
    assert form.fields["main_fuse_a"].values == ["20"]
    assert owner.client.post(path, data=multi(filled(form, {}))).status_code == 303
    assert box.table()["main_fuse_a"] == 20.0


def test_a_button_that_is_pressed_twice_saves_once_and_says_so_twice(
    box: NodesBox, owner: Browser
) -> None:
    path = "/configuration/main-fuse"
    form = form_of(Reading(owner.get(path).text), path)
    sent = multi(filled(form, {"main_fuse_a": "20"}))
    assert [owner.client.post(path, data=sent).status_code for _ in range(2)] == [303, 303]


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.req("MET-6")
def test_a_problem_without_a_field_on_the_page_stands_above_with_a_way_to_it(
    box: NodesBox, owner: Browser
) -> None:
    box.put(HOUSE)
    answer = send(owner, "/configuration/operating-mode", {"operating_mode": "fleet"})
    assert answer.status_code == 409
    (above,) = Reading(answer.text).find(id="errors")
    assert "Domestic Connection TCP Meter" in above.text
    assert "house_meter" not in above.text
    assert 'href="/configuration/external-meter"' in answer.text
    assert wrong_at(answer.text) == {}


@pytest.mark.req("MET-9")
def test_a_phase_assignment_is_spelled_out_phase_by_phase(owner: Browser) -> None:
    page = " ".join(Reading(owner.get("/configuration/phase-assignment").text).text.split())
    for words in (
        "Meter L1 to Wallbox L1, Meter L2 to Wallbox L2, Meter L3 to Wallbox L3",
        "Meter L2 to Wallbox L1, Meter L3 to Wallbox L2, Meter L1 to Wallbox L3",
        "Meter L3 to Wallbox L1, Meter L1 to Wallbox L2, Meter L2 to Wallbox L3",
    ):
        assert words in page
    for line in (1, 2, 3):
        assert f"1 phase: L{line}Meter L{line} to Wallbox L1" in page
    assert "electrician" in page


@pytest.mark.req("RFID-7")
def test_the_authorisation_is_not_switched_while_a_vehicle_is_plugged(
    box: NodesBox, owner: Browser
) -> None:
    box.plug()
    answer = send(owner, "/configuration/authorization", {"authorization.required": "on"})
    assert "unplug it first" in wrong_at(answer.text)[at("authorization.required")]


@pytest.mark.req("WEB-2", "WEB-7", "WEB-9", "WEB-11")
def test_the_configuration_lists_its_pages_with_their_present_values(
    box: NodesBox, owner: Browser
) -> None:
    box.put({"main_fuse_a": 35, **HOUSE, "schedule.hours": ["mon 08:00-12:00"]})
    page = owner.get("/configuration").text
    reading = Reading(page)
    for row in PAGES:
        is_here = row.is_listed and row.path.startswith("/configuration/")
        assert bool(reading.find(href=row.path)) is is_here
    text = " ".join(reading.text.split())
    assert "Operating Mode Charging" in text
    assert "Main Fuse 35 A" in text
    assert "Hours: mon 08:00-12:00" in text


@pytest.mark.req("WEB-2")
def test_the_menu_has_the_manuals_words_and_symbols(owner: Browser) -> None:
    page = owner.get("/configuration").text
    reading = Reading(page)
    for path, words in (
        ("/", "Status"),
        ("/system", "System"),
        ("/configuration", "Configuration"),
        ("/wizard", "Configuration Wizard"),
        ("/help", "Help"),
        ("/licences", "Licences"),
        ("/user", "User Settings"),
    ):
        links = [each for each in reading.elements if each.attributes.get("href") == path]
        assert any(words == " ".join(each.text.split()) for each in links)
    (current,) = reading.find(aria_current="page")
    assert current.attributes["href"] == "/configuration"

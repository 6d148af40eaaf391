"""What settings pages have besides: cards, restart, wizard, locked and lost values, new rows."""

import html
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta
from werkzeug.datastructures import MultiDict

from msgs.methods import LIST_CARDS
from msgs.patterns import matching
from msgs.requests import NoArguments
from msgs.setting_keys import LEAVES
from msgs.settings import Settings, TimeZone
from nodes.dcs.link_sim import SimUplink
from nodes.dcs.node import Drivers as DcsDrivers
from nodes.dcs.node import Parameters as DcsParameters
from nodes.dcs.node import build as build_dcs
from tests.dcs.host import Host
from tests.view.snapshot import said
from tests.web.conftest import LABEL, Browser
from tests.web.forms.conftest import NodesBox, SettingsDesk, owner_of
from tests.web.forms.examples import (
    EXAMPLES,
    HOUSE,
    at,
    filled,
    form_of,
    multi,
    send,
    wrong_at,
)
from tests.web.reading import Reading
from web.forms import views
from web.forms.hours import DAYS, HoursRow, row_of, text_of
from web.forms.pages import PAGES
from web.forms.rows import Field, Group, Page
from web.forms.typed import read, typed_of, value_of
from web.forms.widgets import Widget, WidgetKind, widget_of
from web.forms.wizard import STEPS

FUSE = "/configuration/main-fuse"
MASTER, RED = LABEL.rfid[0].uid, LABEL.rfid[1].uid


# --- what cannot be changed ----------------------------------------------------------------------


def test_a_locked_value_is_shown_as_such_and_is_never_sent(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    box, owner = settings_desk.nodes, settings_desk.signed_in
    box.renew(tmp_path, {"main_fuse_a": 20})
    reading = Reading(owner.get(FUSE).text)
    (fuse,) = reading.find(id=at("main_fuse_a"))
    assert "disabled" in fuse.attributes
    assert fuse.attributes["value"] == "20"
    notes = fuse.attributes["aria-describedby"].split()
    (note,) = (each for each in reading.elements if each.attributes.get("id") in notes[:1])
    assert note.text == "Set in the launch file; it cannot be changed here."
    sent = multi([*filled(form_of(reading, FUSE), {"fuse_budget_percent": "3"})])
    sent["main_fuse_a"] = ["32"]  # by hand
    assert owner.client.post(FUSE, data=sent).status_code == 303
    table = box.table()
    assert (table["main_fuse_a"], table["fuse_budget_percent"]) == (20.0, 3.0)


def test_a_page_of_which_all_is_locked_has_no_button(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    settings_desk.nodes.renew(tmp_path, {"external_input.limit_a": 6})
    page = settings_desk.signed_in.get("/configuration/external-input").text
    assert ">Save" not in page
    assert "They cannot be changed here" in page


OF_SETTINGS = tuple(page for page in PAGES if page.is_of_settings)
SWITCHED = tuple(page for page in OF_SETTINGS if any(each.is_switched for each in page.groups))
NEEDED: dict[str, dict[str, Any]] = {
    "external-meter": {**HOUSE, "solar_meter.manufacturer": "tq", "solar_meter.host": "127.0.0.1"},
    "solar": HOUSE,
    "schedule": {"time_zone": "CET"},
    "unbalance": HOUSE,
}
LOCKED = "They cannot be changed here."


KNOWN: dict[str, Any] = {
    key: False if isinstance(value, bool) else value
    for each in EXAMPLES
    for key, value in each.values.items()
    if value is not None
}


def locked_off(page: Page) -> dict[str, Any]:
    """Return a launch file with the switches of a page off, and all that they do not switch."""
    keys = [
        field.key
        for group in page.groups
        for field in (group.fields[:1] if group.is_switched else (*group.fields, *group.folded))
    ]
    return {key: KNOWN[key] for key in keys}


def locked(page: Page) -> dict[str, Any]:
    """Return a launch file with all values of a page; a meter has one place."""
    unused = ("house_meter.device", "solar_meter.host")
    return {each.key: "" if each.key in unused else KNOWN[each.key] for each in page.fields}


def saves(reading: Reading) -> bool:
    """Return whether a page has a button that sends it."""
    buttons = [each for each in reading.elements if each.tag == "button"]
    return any(each.attributes.get("type") == "submit" and "Save" in each.text for each in buttons)


@pytest.mark.parametrize("page", OF_SETTINGS, ids=lambda page: page.name)
def test_a_page_on_which_nothing_can_be_changed_has_no_button_and_says_why(
    settings_desk: SettingsDesk, tmp_path: Path, page: Page
) -> None:
    given = locked_off(page)
    settings_desk.nodes.renew(tmp_path, given)
    assert set(settings_desk.nodes.settings().locked) == set(given)
    reading = Reading(settings_desk.signed_in.get(page.path).text)
    assert not saves(reading)
    assert LOCKED in " ".join(reading.text.split())
    for field in page.fields:  # what its locked switch keeps off is not shown
        (element,) = reading.find(id=at(field.key))
        assert element.is_hidden is (field.key not in given), element


@pytest.mark.parametrize("is_on", [False, True])
@pytest.mark.parametrize("page", OF_SETTINGS, ids=lambda page: page.name)
def test_a_page_of_which_the_launch_file_has_every_value_has_no_button(
    settings_desk: SettingsDesk, tmp_path: Path, page: Page, is_on: bool
) -> None:
    given = {key: is_on if value is False else value for key, value in locked(page).items()}
    settings_desk.nodes.renew(tmp_path, HOUSE | {"time_zone": "CET"} | given)
    reading = Reading(settings_desk.signed_in.get(page.path).text)
    assert not saves(reading)
    assert LOCKED in " ".join(reading.text.split())


@pytest.mark.parametrize("page", SWITCHED, ids=lambda page: page.name)
def test_a_page_whose_switch_is_locked_on_can_be_saved(
    settings_desk: SettingsDesk, tmp_path: Path, page: Page
) -> None:
    switches = {key: True for key, value in locked_off(page).items() if value is False}
    settings_desk.nodes.renew(tmp_path, switches | NEEDED.get(page.name, {}))
    reading = Reading(settings_desk.signed_in.get(page.path).text)
    assert saves(reading)
    assert LOCKED not in " ".join(reading.text.split())
    assert not any(reading.find(id=at(field.key))[0].is_hidden for field in page.fields)
    assert send(settings_desk.signed_in, page.path, {}).status_code == 303


def test_settings_of_the_generation_before_are_said_on_each_page_until_one_is_saved(
    settings_desk: SettingsDesk, tmp_path: Path
) -> None:
    box, owner = settings_desk.nodes, settings_desk.signed_in
    box.renew(tmp_path)
    for fuse_a in (16, 25):
        box.put({"main_fuse_a": fuse_a})
    (tmp_path / "settings.json").write_bytes(b"{")
    box.renew(tmp_path)
    paths, words = ("/configuration", "/wizard", FUSE), "those before them apply"
    assert all(words in owner.get(path).text for path in paths)
    assert send(owner, FUSE, {"main_fuse_a": "20"}).status_code == 303
    assert not any(words in owner.get(path).text for path in paths)


def test_a_silent_box_is_said(settings_desk: SettingsDesk, box: NodesBox, owner: Browser) -> None:
    box.graph.kill("system")
    for path in ("/configuration", "/wizard", FUSE):
        answer = owner.get(path)
        assert answer.status_code == 503
        assert "does not answer at the moment" in answer.text
        assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "seen",
    [
        None,
        "",
        "[]",
        "{",
        "{}",
        '{"fuse_budget_percent": 0}',
        '{"main_fuse_a": NaN}',
        '{"main_fuse_a": 1e999}',
        f'{{"main_fuse_a": {10**30}}}',
        f'{{"main_fuse_a": {-(10**30)}}}',
        f'{{"main_fuse_a": {"[" * 900}{"]" * 900}}}',
        '{"main_fuse_a": {"b": 1}}',
    ],
)
def test_a_form_that_is_not_whole_changes_nothing(
    box: NodesBox, owner: Browser, seen: str | None
) -> None:
    data = {"csrf_token": owner.token(FUSE), "main_fuse_a": "20"}
    if seen is not None:
        data["seen"] = seen
    before = box.table()
    assert owner.client.post(FUSE, data=data).status_code == 400
    assert box.table() == before


def test_a_setting_that_was_seen_as_another_name_is_not_asked_for(
    box: NodesBox, owner: Browser
) -> None:
    data = multi(filled(form_of(Reading(owner.get(FUSE).text), FUSE), {"main_fuse_a": "20"}))
    (seen,) = data["seen"]
    data["seen"] = [seen.replace("{", '{"no.setting": 1, ', 1)]
    assert owner.client.post(FUSE, data=data).status_code == 303
    assert "no.setting" not in box.sent().seen


METERS = "/configuration/external-meter"


@pytest.mark.req("WEB-11")
@pytest.mark.parametrize(
    "left_out", ["house_meter.host", "house_meter.manufacturer", "solar_meter.baud"]
)
def test_a_form_with_a_part_left_out_switches_nothing_off(
    box: NodesBox, owner: Browser, left_out: str
) -> None:
    """A box that is not checked is not sent; nor is one of a form that was cut off."""
    box.put(HOUSE)
    before = box.table()
    whole = multi(form_of(Reading(owner.get(METERS).text), METERS).pairs())
    cut = {key: value for key, value in whole.items() if key in ("csrf_token", "seen")}
    part = {key: value for key, value in whole.items() if key != left_out}
    for data in (cut, part):
        assert owner.client.post(METERS, data=data).status_code == 400
        assert box.table() == before
    assert owner.client.post(METERS, data=whole).status_code == 303
    assert box.table() == before


@pytest.mark.req("WEB-11")
def test_a_switch_that_the_form_did_not_have_yet_is_not_switched_off(
    box: NodesBox, owner: Browser
) -> None:
    """A page stays open while the software is updated, and the new one has one switch more."""
    box.put({**HOUSE, "main_fuse_a": 25.0, "monitoring.enabled": True})
    before = box.table()
    data = multi(form_of(Reading(owner.get(METERS).text), METERS).pairs())
    (seen,) = data["seen"]
    data["seen"] = [seen.replace('"monitoring.enabled":true,', "")]
    assert data["seen"] != [seen]
    del data["monitoring.enabled"]
    assert owner.client.post(METERS, data=data).status_code == 400
    assert box.table() == before


# --- cards ----------------------------------------------------------------------------------------


def cards(box: NodesBox) -> dict[str, str]:
    listed = box.ask(LIST_CARDS, NoArguments()).result
    assert listed is not None
    return {card.uid: card.name for card in listed.cards}


@pytest.mark.req("WEB-9", "RFID-12")
def test_the_cards_are_listed_with_their_names_and_colours(owner: Browser, box: NodesBox) -> None:
    page = owner.get("/configuration/authorization").text
    text = " ".join(Reading(page).text.split())
    for uid, name in cards(box).items():
        assert uid in text
        assert name in text
    assert "User card, red" in text
    assert "chip-red" in page
    removals = [
        each.attributes["href"]
        for each in Reading(page).elements
        if "card-removal" in each.attributes.get("href", "")
    ]
    assert len(removals) == 3  # each but the master
    assert not any(MASTER in each for each in removals)


@pytest.mark.req("WEB-9")
def test_a_card_is_renamed_by_its_link(owner: Browser, box: NodesBox) -> None:
    path = f"/configuration/card-name?uid={RED}&name=Red+card"
    reading = Reading(owner.get(path).text)
    assert "Red card" in reading.text
    form = form_of(reading, "/configuration/card-name")
    assert multi(form.pairs())["name"] == ["Red card"]
    sent = multi(filled(form, {"name": " Anna & Bob "}))
    answer = owner.client.post("/configuration/card-name", data=sent)
    assert (answer.status_code, answer.location) == (
        303,
        "/configuration/authorization?saved=card-name",
    )
    assert cards(box)[RED] == "Anna & Bob"
    page = owner.get(answer.location).text
    assert "Anna &amp; Bob" in page
    assert "<title>The card is renamed. Authorization &amp; Time Sync - Wallbox</title>" in page


def test_two_tabs_do_not_rename_a_card_unseen(owner: Browser, box: NodesBox) -> None:
    path = f"{NAME}?uid={RED}&name=Red+card"
    form = form_of(Reading(owner.get(path).text), NAME)
    for name in ("Anna", "Anna"):  # the other tab, whose button is pressed twice
        sent = multi(filled(form, {"name": name}))
        assert owner.client.post(NAME, data=sent).status_code == 303
    answer = owner.client.post(NAME, data=multi(filled(form, {"name": "Berta"})))
    assert answer.status_code == 409
    reading = Reading(answer.text)
    (above,) = reading.find(id="errors")
    assert "renamed meanwhile" in above.text
    assert "Anna" in reading.text  # its name now
    assert cards(box)[RED] == "Anna"
    again = form_of(reading, NAME)
    assert again.fields["name"].values == ["Berta"]
    assert owner.client.post(NAME, data=multi(again.pairs())).status_code == 303
    assert cards(box)[RED] == "Berta"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Expected a text of 1 to 64 characters."),
        ("x" * 65, "Expected a text of 1 to 64 characters."),
    ],
)
def test_a_wrong_name_is_said_at_its_field(
    owner: Browser, box: NodesBox, typed: str, words: str
) -> None:
    form = form_of(Reading(owner.get(f"/configuration/card-name?uid={RED}").text), NAME)
    answer = owner.client.post(NAME, data=multi(filled(form, {"name": typed})))
    assert answer.status_code == 400
    assert wrong_at(answer.text) == {"name": words}
    assert cards(box)[RED] == "Red card"
    again = form_of(Reading(answer.text), NAME)
    assert multi(again.pairs())["uid"] == [RED]
    assert multi(again.pairs())["name"] == [typed]


NAME, REMOVAL = "/configuration/card-name", "/configuration/card-removal"


def test_what_rfid_refuses_stands_above(owner: Browser, box: NodesBox) -> None:
    for uid, name, words in ((RED, "a\tb", "cannot be seen"), ("00", "Anna", "no card")):
        form = form_of(Reading(owner.get(f"{NAME}?uid={uid}").text), NAME)
        answer = owner.client.post(NAME, data=multi(filled(form, {"name": name})))
        assert answer.status_code == 409
        (above,) = Reading(answer.text).find(id="errors")
        assert words in above.text
        assert "Set now" not in Reading(answer.text).text  # the form does not know what is set


@pytest.mark.req("WEB-9", "RFID-12")
def test_a_card_is_removed_after_its_page_has_asked(owner: Browser, box: NodesBox) -> None:
    reading = Reading(owner.get(f"{REMOVAL}?uid={RED}").text)
    assert "Red card" in reading.text
    answer = owner.client.post(REMOVAL, data=multi(form_of(reading, REMOVAL).pairs()))
    assert answer.status_code == 303
    assert "The card is removed." in owner.get(answer.location).text
    assert RED not in cards(box)
    assert len(cards(box)) == 3


@pytest.mark.req("RFID-12")
def test_the_master_cannot_be_removed(owner: Browser, box: NodesBox) -> None:
    form = form_of(Reading(owner.get(f"{REMOVAL}?uid={MASTER}").text), REMOVAL)
    answer = owner.client.post(REMOVAL, data=multi(form.pairs()))
    assert answer.status_code == 409
    (above,) = Reading(answer.text).find(id="errors")
    assert "service key only" in above.text
    assert MASTER in cards(box)


def test_the_settings_are_shown_while_rfid_is_silent(owner: Browser, box: NodesBox) -> None:
    box.graph.kill("rfid")
    answer = owner.get("/configuration/authorization")
    assert answer.status_code == 200
    assert "does not answer" in answer.text
    assert form_of(Reading(answer.text), "/configuration/authorization").fields


# --- restart --------------------------------------------------------------------------------------


@pytest.mark.req("WEB-6")
def test_a_restart_is_asked_for_on_a_page_of_its_own(owner: Browser, box: NodesBox) -> None:
    assert 'href="/system/restart"' in owner.get("/system").text
    reading = Reading(owner.get("/system/restart").text)
    assert "A running charge ends" in reading.text
    assert box.restarts == []
    form = form_of(reading, "/system/restart")
    answer = owner.client.post("/system/restart", data=multi(form.pairs()))
    assert answer.status_code == 200
    assert "The wallbox restarts" in answer.text
    assert box.restarts == ["asked by web"]


# --- the end of a pairing -------------------------------------------------------------------------


@pytest.mark.req("DCS-2", "WEB-3")
def test_a_pairing_is_ended_on_a_page_of_its_own(owner: Browser, box: NodesBox) -> None:
    path, host = "/configuration/bmw-dcs", Host()
    assert f'href="{path}"' in owner.get("/configuration").text
    bus = box.graph.bus("dcs")
    build_dcs(bus, DcsParameters(), DcsDrivers(uplink=SimUplink(bus)))
    answer = send(owner, path, {})
    assert answer.status_code == 409
    assert "No charging service is used" in answer.text
    box.put({"dcs.url": host.url, "dcs.enabled": True})
    box.graph.advance(10.0)
    assert host.connections == 1
    box.plug()
    answer = send(owner, path, {})
    assert answer.status_code == 409
    assert "A vehicle is plugged in: unplug it first." in answer.text
    assert box.table()["dcs.url"] == host.url
    box.plugged = False
    box.say()
    box.graph.advance(1.0)
    answer = send(owner, path, {})
    assert (answer.status_code, answer.location) == (303, f"{path}?saved=bmw-dcs")
    assert "The pairing is ended." in owner.get(answer.location).text
    box.graph.advance(1.0)
    assert (box.table()["dcs.url"], box.table()["dcs.enabled"]) == ("", False)
    assert host.connection is None


# --- the wizard -----------------------------------------------------------------------------------


@pytest.mark.req("WEB-14")
def test_the_wizard_leads_through_a_first_set_up(owner: Browser, box: NodesBox) -> None:
    page = owner.get("/wizard").text
    assert "2 of 5 steps are open" in page
    path = STEPS[0].path
    assert f'href="{path}">Continue' in page
    typed: dict[str, Any] = {
        "main-fuse": {"main_fuse_a": "25"},
        "phase-assignment": {"phase_assignment": "L3-L1-L2"},
        "external-meter": {
            "monitoring.enabled": "on",
            "house_meter.enabled": "on",
            "house_meter.manufacturer": "tq",
            "house_meter.host": "127.0.0.1",
        },
        "authorization": {"authorization.required": "on"},
        "solar": {"solar.enabled": "on"},
    }
    for number, step in enumerate(STEPS, 1):
        assert path == step.path
        text = Reading(owner.get(path).text).text
        assert f"Step {number} of 5" in text
        assert "Skip this step" in text
        answer = send(owner, path, typed[step.page.name])
        assert answer.status_code == 303, answer.text
        path = answer.location.partition("?")[0]
        page = owner.get(answer.location).text
        (done,) = Reading(page).find(id="done")
        assert (done.attributes["role"], done.text) == ("status", f"Saved: {step.page.title}.")
        assert f"<title>Saved: {html.escape(step.page.title)}. " in page
        assert box.table()["web.is_set_up"] is (path == "/wizard")
    assert path == "/wizard"
    assert "Do not offer" not in owner.get("/wizard").text
    summary = " ".join(Reading(owner.get("/wizard").text).text.split())
    assert "All that is needed is set." in summary
    for words in ("25 A", "3 phases: L3-L1-L2", "Monitoring: ON", "Authorization: ON", "Solar ON"):
        assert words in summary


@pytest.mark.req("WEB-14")
def test_the_wizard_goes_on_where_something_is_open(owner: Browser, box: NodesBox) -> None:
    box.put({"main_fuse_a": 25})
    assert 'href="/wizard/external-meter">Continue' in owner.get("/wizard").text
    box.put(HOUSE)
    page = owner.get("/wizard").text
    assert "The monitoring is off" in page
    assert 'href="/wizard/external-meter">Continue' in page
    box.put({"main_fuse_a": None})
    assert 'href="/wizard/main-fuse">Continue' in owner.get("/wizard").text


@pytest.mark.req("WEB-14")
@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (Settings(), "/wizard/main-fuse"),
        (Settings(main_fuse_a=25), "/wizard/external-meter"),
        (None, "/wizard"),
    ],
)
def test_the_offer_of_the_first_set_up_begins_with_what_is_open(
    owner: Browser, box: NodesBox, settings: Settings | None, path: str
) -> None:
    box.heard["settings"] = said("settings", settings)
    assert f'href="{path}" aria-describedby="set-up-title"' in owner.get("/").text


@pytest.mark.req("WEB-14")
def test_the_offer_of_the_first_set_up_is_declined_for_good(owner: Browser, box: NodesBox) -> None:
    assert box.table()["web.is_set_up"] is False
    status = Reading(owner.get("/").text)
    assert "csrf_token" in form_of(status, "/wizard").fields
    assert len(status.find(id="set-up")) == 1
    answer = owner.send("/wizard", {})
    assert (answer.status_code, answer.location) == (303, "/")
    assert box.table()["web.is_set_up"] is True
    assert "Do not offer" not in owner.get("/wizard").text


@pytest.mark.req("WEB-14")
def test_what_is_wrong_stays_on_its_step(owner: Browser, box: NodesBox) -> None:
    answer = send(owner, "/wizard/main-fuse", {"main_fuse_a": "5"})
    assert answer.status_code == 409
    assert "Step 1 of 5" in Reading(answer.text).text
    assert set(wrong_at(answer.text)) == {at("main_fuse_a")}


@pytest.mark.parametrize("path", ["/wizard/no", "/configuration/no", "/system/main-fuse"])
def test_a_page_that_there_is_not_is_not_found(owner: Browser, path: str) -> None:
    assert owner.get(path).status_code == 404


# --- a new setting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "typed", "value", "wrong"),
    [
        ("hotspot.channel", "6", 6, "14"),
        ("usb.allow_update", "on", True, None),
        ("smart_home.fallback_a", "10", 10.0, "3"),
        ("proxy.port", "8081", 8081, "53"),
        ("proxy.user", "anna", "anna", "a:b"),
    ],
)
def test_a_new_page_is_one_row(
    settings_desk: SettingsDesk,
    box: NodesBox,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    typed: str,
    value: Any,
    wrong: str | None,
) -> None:
    row = Page(
        name="new",
        title="New page",
        lead="It is new.",
        groups=(Group(fields=(Field(key=key, label="New setting"),)),),
    )
    monkeypatch.setattr(views, "PAGES", (*PAGES, row))
    browser = owner_of(settings_desk, box)
    assert "New page" in browser.get("/configuration").text
    assert "New setting" in browser.get(row.path).text
    assert send(browser, row.path, {key: typed}).status_code == 303
    assert box.table()[key] == value
    if wrong is not None:
        answer = send(browser, row.path, {key: wrong})
        assert answer.status_code == 409
        assert set(wrong_at(answer.text)) == {at(key)}
        assert box.table()[key] == value


SMALL = Annotated[int, Meta(ge=1, le=9, extra={"unit": "A"})]
WORD = Annotated[str, matching(r"^[a-z]*\Z", "small letters", max_length=5)]


@pytest.mark.parametrize(
    ("declared", "kind", "typed", "value"),
    [
        (bool, WidgetKind.SWITCH, "on", True),
        (SMALL, WidgetKind.NUMBER, "3", 3),
        (SMALL | None, WidgetKind.NUMBER, "", None),
        (Annotated[float, Meta(ge=0.5, le=2.5)], WidgetKind.NUMBER, "1,25", 1.25),
        (WORD, WidgetKind.TEXT, "abc", "abc"),
        (TimeZone, WidgetKind.RADIO, "CET", "CET"),
        (Annotated[tuple[WORD, ...], Meta(max_length=3)], WidgetKind.LIST, "abc", ["abc"]),
    ],
)
def test_the_input_element_of_a_new_setting_follows_from_its_type(
    declared: Any, kind: WidgetKind, typed: str, value: Any
) -> None:
    widget = widget_of(Field(key="new", label="New"), declared, dict)
    assert widget.kind is kind
    entry = read("new", widget, MultiDict({"new": typed}))
    assert entry is not None
    assert value_of(widget, entry) == value


def test_the_limits_and_the_unit_are_those_of_the_type() -> None:
    widget = widget_of(Field(key="main_fuse_a", label="Fuse"), LEAVES["main_fuse_a"], dict)
    assert (widget.least, widget.most, widget.unit, widget.is_optional) == (6, 125, "A", True)
    assert widget.limits == "6 to 125 A"


# --- what is typed --------------------------------------------------------------------------------

NUMBER = Widget(kind=WidgetKind.NUMBER)


@given(st.text(max_size=40))
@example("9" * 400)
def test_no_text_is_read_as_another_number_than_it_is(text: str) -> None:
    value = value_of(NUMBER, text)
    if isinstance(value, str):
        assert value == text
    else:
        assert value == float(text.replace(",", "."))


@given(st.floats(min_value=-1e6, max_value=1e6).map(lambda value: round(value, 3)))
def test_a_number_that_is_shown_is_read_as_the_same(value: float) -> None:
    shown = typed_of(NUMBER, value)
    assert value_of(NUMBER, shown) == pytest.approx(value, rel=1e-9)


TIMES = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))


@given(st.frozensets(st.sampled_from(DAYS), min_size=1), TIMES, TIMES, st.sampled_from(["", "16"]))
def test_hours_are_shown_as_they_are_set(
    days: frozenset[str], begin: str, end: str, limit: str
) -> None:
    row = HoursRow(days=days, begin=begin, end=end, limit=limit)
    text = text_of(row)
    assert row_of(text) == row
    assert len(text) <= 60


@pytest.mark.parametrize(
    ("text", "days", "end"),
    [
        ("fri-mon 08:00-24:00", "fri sat sun mon", "00:00"),
        ("sun 08:00-12:00", "sun", "12:00"),
        ("sat-fri 00:00-24:00", "mon tue wed thu fri sat sun", "00:00"),
    ],
)
def test_days_over_the_end_of_the_week_and_midnight_are_shown(
    text: str, days: str, end: str
) -> None:
    row = row_of(text)
    assert (row.days, row.end) == (frozenset(days.split()), end)


def test_the_examples_are_of_pages_that_there_are() -> None:
    assert {each.path for each in EXAMPLES} <= {page.path for page in PAGES}

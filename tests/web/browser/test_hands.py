"""The drawing and the simulated world, used by hand: by pointer, and by keys alone."""

import re
import time

import pytest
from playwright.sync_api import Page, StorageState, expect

from msgs.led import Tone
from msgs.session import WallboxState
from msgs.topics import LED_FRAME, LED_KEY
from tests.web.browser.conftest import NewTab
from tests.web.browser.visit import PASSWORD, Site, wait_until

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def clean(site: Site) -> None:
    """Begin with a box that needs a card."""
    site.require_cards(True)


def plug_in(page: Page) -> None:
    page.get_by_role("button", name="Plug, parked: plug it in").click()


def open_controls(page: Page) -> None:
    page.get_by_role("button", name="Simulated world", exact=True).click()
    page.get_by_role("tab", name="Controls").click()


def tap_by_keys(page: Page, card: str) -> None:
    page.get_by_role("button", name="Reading area").focus()
    page.keyboard.press("Enter")
    for _ in range(6):
        if page.locator(":focus").inner_text().startswith(card):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


@pytest.mark.req("CHG-1", "RFID-3")
def test_card_tapped_on_the_drawing_starts_a_session(tab: Page, site: Site) -> None:
    plug_in(tab)
    expect(tab.locator("#plugged")).to_have_text("plugged in")
    assert not site.session().authorized

    tab.get_by_role("button", name="Reading area").click()
    tab.get_by_role("button", name="Red").click()
    expect(tab.locator("#tone")).to_have_text("rising tones: accepted")
    expect(tab.locator('[data-light="rfid"]')).to_have_attribute("data-color", "green")
    expect(tab.locator("#authorized")).to_have_text("given by Red card")
    said = site.session()
    assert said.authorized
    assert said.session_id != ""
    assert said.token == site.card("red").uid

    open_controls(tab)
    tab.get_by_role("button", name="Ask for energy").click()
    expect(tab.locator("#w-now")).to_contain_text("Charging")
    expect(tab.locator("#curve svg polyline")).to_be_visible()


@pytest.mark.req("RFID-3")
def test_unknown_card_is_refused_in_light_and_words(tab: Page, site: Site) -> None:
    tab.get_by_role("button", name="Reading area").click()
    tab.get_by_role("button", name="Unknown").click()
    expect(tab.locator("#tone")).to_have_text("falling tones: refused")
    expect(tab.locator('[data-light="rfid"]')).to_have_attribute("data-color", "red")
    assert not site.session().released


def test_cards_close_by_escape_and_give_the_focus_back(tab: Page) -> None:
    area = tab.get_by_role("button", name="Reading area")
    area.click()
    expect(tab.get_by_role("dialog", name="Present a card")).to_be_visible()
    expect(tab.get_by_role("button", name="White master")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_be_hidden()
    expect(area).to_be_focused()


def test_the_plug_is_pressed_where_it_is_drawn(tab: Page, site: Site) -> None:
    plug_in(tab)
    expect(tab.locator("#stage-answer")).to_have_text("The plug is in the vehicle.")
    out = tab.get_by_role("button", name="Plug, at the vehicle: take it out")
    stage, spot = tab.locator("#drawing").bounding_box(), out.bounding_box()
    assert stage is not None
    assert spot is not None
    assert spot["y"] > stage["y"] + 0.8 * stage["height"]  # beside the vehicle, at the floor
    out.click()
    tab.get_by_role("dialog", name="Take the plug out").get_by_role("button", name="Unplug").click()
    expect(tab.get_by_role("button", name="Plug, parked: plug it in")).to_be_visible()
    assert not site.session().plugged


def test_everything_from_login_to_a_charge_is_done_by_keys_alone(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    assert signed_in  # the first login is over, and its session goes on
    tab = new_tab()

    def to(name: str) -> None:
        for _ in range(80):
            tab.keyboard.press("Tab")
            focus = tab.locator(":focus")
            label = focus.get_attribute("id") or ""
            if label == name or focus.inner_text().strip().startswith(name):
                return
        pytest.fail(f"no Tab leads to {name}")

    tab.goto("/")
    expect(tab.get_by_role("heading", name="Login")).to_be_visible()
    to("username")
    tab.keyboard.type("admin")
    to("password")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Status")).to_be_visible()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")  # skip to the content
    expect(tab.locator("main")).to_be_focused()
    expect(tab.get_by_role("button", name="Plug, parked")).to_be_visible()  # the world is known

    to("Plug, parked")
    tab.keyboard.press("Enter")
    expect(tab.locator("#plugged")).to_have_text("plugged in")
    tap_by_keys(tab, "Blue")
    expect(tab.locator("#authorized")).to_have_text("given by Blue card")
    to("Simulated world")
    tab.keyboard.press("Enter")
    to("Scenes")
    tab.keyboard.press("ArrowRight")  # the controls
    asks = tab.get_by_role("button", name="Ask for energy")
    expect(asks).not_to_have_attribute("aria-disabled", "true")  # the plug is known to be in
    to("Ask for energy")
    tab.keyboard.press("Space")
    expect(tab.locator("#w-now")).to_contain_text("Charging")


@pytest.mark.req("PAN-3")
def test_service_key_is_pressed_for_as_long_as_the_button_is(tab: Page, site: Site) -> None:
    open_controls(tab)
    tab.get_by_role("button", name="Press it yourself").focus()
    tab.keyboard.down("Space")
    tab.wait_for_timeout(1000)
    tab.keyboard.up("Space")
    expect(tab.locator("#service-answer")).to_contain_text(re.compile(r"Pressed for [1-9]"))
    assert site.session().state is not WallboxState.RECOVER_FROM_ERROR


@pytest.mark.req("PAN-3")
def test_a_press_that_erases_the_cards_is_confirmed_first(tab: Page, site: Site) -> None:
    open_controls(tab)
    tab.get_by_role("button", name="7 s: erase cards").click()
    sheet = tab.get_by_role("dialog", name="Erase every card?")
    expect(sheet.get_by_role("button", name="Do not press it")).to_be_focused()
    since_s = time.monotonic()
    tab.keyboard.press("Enter")
    expect(sheet).to_be_hidden()
    site.box.look_for(0.5)
    assert site.box.act("status")["keys"] == []
    assert site.box.samples(LED_KEY, since_s) == []


def test_answers_stand_beside_what_was_pressed(tab: Page, site: Site) -> None:
    open_controls(tab)
    ready = tab.get_by_role("button", name="Ask for energy")
    expect(ready).to_have_attribute("aria-disabled", "true")  # and says why
    ready.click(force=True)
    expect(tab.locator("#vehicle-answer")).to_have_text("No vehicle is plugged in.")

    tab.get_by_label("L1", exact=True).fill("12.5")
    expect(tab.locator("output[for=house-0]")).to_have_text("12.5 A")
    wait_until(lambda: site.box.act("status")["house_a"][0] == 12.5, "the house draws 12.5 A")

    tab.get_by_role("tab", name="Faults").click()
    tab.get_by_label("Find a fault").fill("house meter")
    faults = tab.locator("#fault-groups button:visible")
    expect(faults).to_have_count(1)
    faults.click()
    expect(tab.locator("#fault-answer")).to_have_text("House meter lost: broken.")
    expect(faults).to_have_attribute("aria-pressed", "true")
    assert site.box.act("status")["faults"] == ["meter_lost"]
    faults.click()
    expect(faults).to_have_attribute("aria-pressed", "false")
    assert site.box.act("status")["faults"] == []


def test_a_touch_key_that_is_off_does_nothing(tab: Page, site: Site) -> None:
    since_s = time.monotonic()
    tab.get_by_role("button", name="Touch key, dark").click()
    expect(tab.locator("#stage-answer")).to_have_text(
        "The touch key is dark: a press does nothing."
    )
    site.box.look_for(0.5)
    assert site.box.samples(LED_KEY, since_s) == []


def test_sound_is_off_until_it_is_asked_for(tab: Page, site: Site) -> None:
    sound = tab.get_by_role("button", name="Sound")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    since_s = time.monotonic()
    site.box.act("tap", uid=site.card("green").uid)
    site.box.until(LED_FRAME, lambda frame: frame.tone is not Tone.NONE, since_s=since_s)
    expect(tab.locator("#tone")).not_to_be_empty()
    site.box.until(LED_FRAME, lambda frame: frame.tone is Tone.NONE)
    expect(tab.locator("#tone")).to_be_empty()


def test_nothing_is_said_to_be_done_before_the_world_has_answered(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    page = new_tab(state=signed_in)
    page.route("**/live", lambda route: None)  # no values come
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.goto("/")
    answer = page.locator("#stage-answer")
    for spot in (page.locator("#plug"), page.locator(".spot-touch")):
        spot.click()
        expect(answer).to_contain_text("nothing was done")
    page.locator(".spot-reader").click()
    page.locator("#card-list button").first.click()
    expect(answer).to_contain_text("nothing was done")
    assert not any(each.startswith("POST") for each in sent)

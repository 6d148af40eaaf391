"""The drawing and the simulated world, used by hand: by pointer, and by keys alone."""

import re
import time

import pytest
from playwright.sync_api import Page, StorageState, expect

from msgs.led import Tone
from msgs.methods import READY
from msgs.requests import NoArguments
from msgs.session import WallboxState
from msgs.topics import LED_FRAME, LED_KEY
from tests.web.browser.conftest import Complaints, NewTab
from tests.web.browser.visit import PASSWORD, Site

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def clean(site: Site) -> None:
    """Begin with a box that needs a card."""
    site.require_cards(True)


def tap_by_keys(page: Page, card: str) -> None:
    page.get_by_role("button", name="Reading area").focus()
    page.keyboard.press("Enter")
    for _ in range(5):
        if page.locator(":focus").inner_text().startswith(card):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


@pytest.mark.req("CHG-1", "RFID-3")
def test_card_tapped_on_the_drawing_starts_a_session(tab: Page, site: Site) -> None:
    tab.get_by_role("button", name="Plug: move it").click()
    tab.get_by_role("button", name="Plug in").click()
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

    tab.get_by_role("button", name="Ask for energy").click()
    expect(tab.locator("#state")).to_have_text("Charging")
    expect(tab.locator("#curve svg polyline")).to_be_visible()


@pytest.mark.req("RFID-3")
def test_unknown_card_is_refused_in_light_and_words(tab: Page, site: Site) -> None:
    tab.get_by_role("button", name="Reading area").click()
    tab.get_by_role("button", name="Unknown").click()
    expect(tab.locator("#tone")).to_have_text("falling tones: refused")
    expect(tab.locator('[data-light="rfid"]')).to_have_attribute("data-color", "red")
    assert not site.session().released


def test_picker_closes_by_escape_and_gives_the_focus_back(tab: Page) -> None:
    area = tab.get_by_role("button", name="Reading area")
    area.click()
    expect(area).to_have_attribute("aria-expanded", "true")
    expect(tab.get_by_role("button", name="White master")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(area).to_have_attribute("aria-expanded", "false")
    expect(area).to_be_focused()
    expect(tab.locator("#cards")).to_be_hidden()


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

    to("Plug: move it")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")  # the first of the choices: plug in
    expect(tab.locator("#plugged")).to_have_text("plugged in")
    tap_by_keys(tab, "Blue")
    expect(tab.locator("#authorized")).to_have_text("given by Blue card")
    to("Ask for energy")
    tab.keyboard.press("Space")
    expect(tab.locator("#state")).to_have_text("Charging")


@pytest.mark.req("PAN-3")
def test_service_key_is_held_by_hand_for_as_long_as_the_button_is(tab: Page, site: Site) -> None:
    tab.get_by_text("Service key, inside the connector panel").click()
    tab.get_by_role("button", name="Hold it yourself").focus()
    tab.keyboard.down("Space")
    tab.wait_for_timeout(1000)
    tab.keyboard.up("Space")
    expect(tab.locator("#service-answer")).to_contain_text(re.compile(r"Pressed for [1-9]"))
    assert site.session().state is not WallboxState.RECOVER_FROM_ERROR


def test_answers_stand_beside_what_was_pressed(
    tab: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expected = ("status of 409",)
    tab.get_by_role("button", name="Ask for energy").click()
    refused = site.box.tool.call(READY, NoArguments()).reason
    assert refused
    expect(tab.locator("#vehicle-answer")).to_have_text(refused[0].upper() + refused[1:])

    tab.get_by_label("L1 A").fill("12.5")
    tab.get_by_role("form", name="Other loads of the house").get_by_role(
        "button", name="Set"
    ).click()
    expect(tab.locator("#house-answer")).to_have_text("Set.")
    assert site.box.act("status")["house_a"][0] == 12.5

    tab.get_by_role("button", name="House meter lost").click()
    expect(tab.locator("#fault-answer")).to_contain_text("broken")
    button = tab.get_by_role("button", name="House meter lost")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert site.box.act("status")["faults"] == ["meter_lost"]
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert site.box.act("status")["faults"] == []


def test_a_touch_key_that_is_off_does_nothing(tab: Page, site: Site) -> None:
    since_s = time.monotonic()
    tab.get_by_role("button", name="Touch key").click()
    expect(tab.locator("#stage-answer")).not_to_be_empty()
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

"""The simulated world as a drawer: its scenes, and the front beside it."""

import pytest
from playwright.sync_api import FloatRect, Page, StorageState, expect

from tests.web.browser.conftest import NewTab
from tests.web.browser.test_pages import violations_of_schemes
from tests.web.browser.visit import DESKTOP, PHONE, Site, wait_until

pytestmark = pytest.mark.system


WIDER = """() => { const main = document.querySelector("main");
    return main.scrollWidth - main.clientWidth; }"""


def open_world(page: Page) -> None:
    page.get_by_role("button", name="Simulated world", exact=True).click()


def place_of(page: Page, selector: str) -> FloatRect:
    place = page.locator(selector).bounding_box()
    assert place is not None
    return place


def test_drawer_takes_the_focus_and_gives_it_back_and_is_kept_open(tab: Page) -> None:
    drawer = tab.locator("#world")
    opener = tab.get_by_role("button", name="Simulated world", exact=True)
    assert drawer.evaluate("each => each.inert")
    opener.click()
    expect(tab.get_by_role("heading", name="Simulated world")).to_be_focused()
    assert not drawer.evaluate("each => each.inert")
    tab.reload()
    expect(tab.get_by_role("tab", name="Scenes")).to_be_visible()
    tab.get_by_role("tab", name="Scenes").focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.get_by_role("tab", name="Controls")).to_be_focused()
    expect(tab.get_by_role("tabpanel", name="Controls")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(opener).to_be_focused()
    assert drawer.evaluate("each => each.inert")
    tab.reload()
    expect(opener).to_be_visible()


def test_charge_now_shows_each_step_and_charges(tab: Page, site: Site) -> None:
    site.require_cards(True)
    open_world(tab)
    pull = tab.get_by_role("button", name="Pull the plug")
    expect(pull).to_have_attribute("aria-disabled", "true")
    expect(pull).to_contain_text("No vehicle is plugged in.")
    tab.get_by_role("button", name="Charge now").click()
    steps = tab.locator("#run-steps li")
    expect(steps).to_have_text(
        ["Plug the vehicle in", "Present a card", "Let the vehicle ask for energy"]
    )
    expect(tab.locator('#run-steps [data-step="done"]')).to_have_count(3)
    expect(tab.locator("#run-answer")).to_have_text("Done. Look at the front.")
    expect(tab.locator("#w-now")).to_contain_text("Charging")
    expect(tab.get_by_role("button", name="Charge now")).to_have_attribute("aria-disabled", "true")
    expect(pull).not_to_have_attribute("aria-disabled", "true")


def test_a_step_that_fails_says_why_and_ends_the_scene(tab: Page, site: Site) -> None:
    site.require_cards(True)
    site.box.act("fault", name="reader_dead")
    open_world(tab)
    tab.get_by_role("button", name="Charge now").click()
    line = tab.locator('#run-steps [data-step="refused"]')
    expect(line).to_contain_text("The box has not accepted the card.")
    expect(tab.locator("#run-answer")).to_have_text("The box has not accepted the card.")
    expect(tab.locator('#run-steps [data-step="later"]')).to_have_count(1)


def test_a_scene_can_be_stopped(tab: Page, site: Site) -> None:
    open_world(tab)
    tab.get_by_role("button", name="Power cut").click()
    expect(tab.locator('#run-steps [data-step="now"]')).to_contain_text("in ")
    wait_until(lambda: not site.box.act("status")["mains"], "the mains are off")
    tab.get_by_role("button", name="Stop", exact=True).click()
    expect(tab.locator("#run-answer")).to_have_text("Stopped. What was done stays as it is.")
    assert not site.box.act("status")["mains"]
    tab.get_by_role("button", name="All well again").click()
    wait_until(lambda: site.box.act("status")["mains"], "the mains are on")


def test_front_stays_in_view_while_the_drawer_is_open(
    new_tab: NewTab, signed_in: StorageState
) -> None:
    page = new_tab(size=PHONE, state=signed_in, motion="reduce")
    for width, height in (PHONE, DESKTOP, (320, 640), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/")  # the drawer is kept open from the first time on
        page.locator("#live:not([data-waiting])").wait_for()
        if page.get_by_role("tab", name="Scenes").is_hidden():
            open_world(page)
        expect(page.get_by_role("tab", name="Scenes")).to_be_visible()
        drawer, front = place_of(page, "#world"), place_of(page, "#drawing")
        assert front["y"] >= 0.0
        if width < 960:
            assert front["y"] + front["height"] <= drawer["y"]
        else:
            assert front["x"] + front["width"] <= drawer["x"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_axe_finds_nothing_in_the_drawer_and_its_sheets(
    new_tab: NewTab, signed_in: StorageState
) -> None:
    page = new_tab(size=PHONE, state=signed_in, motion="reduce")
    page.goto("/")
    page.locator("#live:not([data-waiting])").wait_for()
    page.get_by_role("button", name="Explain the lights").click()
    open_world(page)
    found = []
    for name in ("Faults", "Controls", "Scenes"):
        page.get_by_role("tab", name=name).click()
        found += violations_of_schemes(page, name)
    page.get_by_role("button", name="Clouds").click()
    page.locator("#run-steps li").first.wait_for()
    found += violations_of_schemes(page, "run")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Reading area").click()
    found += violations_of_schemes(page, "cards")
    assert found == []


def test_axe_finds_nothing_in_help_and_licences(new_tab: NewTab, signed_in: StorageState) -> None:
    page = new_tab(size=PHONE, state=signed_in)
    found = []
    page.goto("/help")
    paths = page.locator(".tiles a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    for path in ("/help", *paths, "/licences", "/licences/click"):
        page.goto(path)
        for details in page.locator("details:visible").all():
            details.locator("summary").click()
        found += violations_of_schemes(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
    assert found == []


def test_help_and_drawer_fit_with_text_of_twice_the_size(
    new_tab: NewTab, signed_in: StorageState
) -> None:
    page = new_tab(size=PHONE, state=signed_in, motion="reduce")
    for path in ("/help", "/help/faults", "/help/symptoms", "/help/lights", "/licences"):
        page.goto(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(WIDER) == 0, path
    page.goto("/")
    page.locator("#live:not([data-waiting])").wait_for()
    open_world(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for name in ("Scenes", "Controls", "Faults"):
        page.get_by_role("tab", name=name).click()
        wide = page.locator("#world, #front").evaluate_all(
            "all => all.map((each) => each.scrollWidth - each.clientWidth)"
        )
        assert wide == [0, 0], name

"""The charge by hand: pause, limit, stop and start on the page, and what the box makes of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, StorageState, expect

from msgs.pilot import MIN_OFFER_A
from msgs.topics import LOAD_OFFER, SESSION_STATUS, SESSION_WISH
from nodes.rfid.field import ABSENT_S
from tests.web.browser.conftest import NewTab
from tests.web.browser.visit import PHONE, Site, wait_until

pytestmark = pytest.mark.system

SHIFT = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
    }).observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 2500);
})"""
OVER = """() => [...document.querySelectorAll("main *")].filter((each) =>
    each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, .front, .world"))
    .map((each) => each.outerHTML.slice(0, 120))"""


def press(page: Page, name: str, said: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#acts-answer")).to_have_text(said)


@pytest.fixture(autouse=True)
def clean(site: Site) -> Iterator[None]:
    """Leave the shared box without a wish."""
    yield
    site.box.ask("session", "wish", {})
    site.box.ask("session", "energy_limit", {})


def wishes_of(site: Site) -> list[tuple[bool, float | None]]:
    """Return what session wishes now: said on change alone, so perhaps long ago."""
    site.box.look_for(0.1)
    return [(wish.pause, wish.limit_a) for wish in site.box.last(SESSION_WISH).message.wishes]


@pytest.mark.req("RFID-3")
def test_a_refused_card_is_shown_as_refused_and_spoken(tab: Page, site: Site) -> None:
    site.require_cards(True)
    expect(tab.locator("#state")).to_have_text("Present a card to the reader")
    site.box.act("tap", uid="04A1B2C3D4E5F6")
    message = tab.locator("#card-message")
    expect(message).to_have_text("This card is not in the list.")
    expect(message).to_have_attribute("data-kind", "fault")
    expect(tab.locator("#announce")).to_have_text("This card is not in the list.")
    expect(message).to_be_hidden()
    site.box.act("tap", uid=site.card("red").uid)
    expect(message).to_have_attribute("data-kind", "ready")
    expect(message).to_contain_text("Red card: Authorised")
    site.box.look_for(ABSENT_S + 0.5)  # a card that was just there is no event
    site.box.act("tap", uid=site.card("red").uid)
    expect(message).to_contain_text("Logged off.")


def test_bars_have_their_numbers_as_text(tab: Page, site: Site) -> None:
    bars = tab.locator("#bars .bar")
    wait_until(lambda: bars.count() == 3, "each phase has a bar")
    for bar in bars.all():
        words = bar.get_attribute("aria-label") or ""
        assert "fuse 63 A" in words
        assert "free" in words


@pytest.mark.usefixtures("charging")
def test_text_of_twice_the_size_fits_a_phone(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    page = new_tab(size=PHONE, state=signed_in)
    page.goto("/")
    page.locator("#live:not([data-waiting])").wait_for()
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for details in page.locator(":is(.now, .acts, .rest) details:visible").all():
        details.locator("summary").click()
    assert page.evaluate(OVER) == []


@pytest.mark.usefixtures("charging_fully")
@pytest.mark.parametrize("size", [PHONE, (1280, 900)], ids=["phone", "desktop"])
def test_nothing_moves_while_the_page_begins(
    new_tab: NewTab, signed_in: StorageState, site: Site, size: tuple[int, int]
) -> None:
    page = new_tab(size=size, state=signed_in)
    page.goto("/")
    assert page.evaluate(SHIFT) < 0.05


@pytest.mark.usefixtures("charging")
@pytest.mark.req("APP-1")
def test_a_charge_is_put_off_and_its_energy_limited(tab: Page, site: Site) -> None:
    tab.get_by_text("Limit, start later, energy").click()
    tab.locator("#energy-kwh").fill("7.5")
    press(tab, "Set the energy", "The energy limit is set.")
    expect(tab.locator("#in-force")).to_contain_text("A pause at 7.5 kWh, for one charge")
    tab.locator("#delay-h").fill("2.5")
    press(tab, "Start later", "It starts later.")
    expect(tab.locator("#in-force")).to_contain_text("Ends in 2 h 30 min")
    site.box.until(LOAD_OFFER, lambda said: said.limit_a < MIN_OFFER_A)
    press(tab, "Continue", "Goes on.")
    press(tab, "No energy limit", "The energy limit is removed.")
    expect(tab.locator("#in-force li")).to_have_count(0)


@pytest.mark.usefixtures("charging")
@pytest.mark.req("APP-1", "APP-3")
def test_a_charge_is_paused_and_goes_on_and_keeps_its_limit(tab: Page, site: Site) -> None:
    tab.get_by_text("Limit, start later, energy").click()
    tab.locator("#limit-a").fill("13")
    press(tab, "Set the limit", "The limit is set.")
    site.box.until(LOAD_OFFER, lambda said: said.limit_a == 13.0)
    expect(tab.locator("#in-force")).to_contain_text("13.0 A at most, asked for by the page")
    press(tab, "Pause", "Paused.")
    expect(tab.locator("#state")).to_have_text("Paused by hand")
    expect(tab.locator("#now")).to_have_attribute("data-kind", "paused")
    wait_until(lambda: wishes_of(site) == [(True, 13.0)], "the pause keeps the limit")
    press(tab, "Continue", "Goes on.")
    site.box.until(LOAD_OFFER, lambda said: said.limit_a == 13.0)
    press(tab, "No limit", "The limit is removed.")
    site.box.until(LOAD_OFFER, lambda said: said.limit_a > 13.0)
    expect(tab.locator("#in-force li")).to_have_count(0)


@pytest.mark.usefixtures("charging")
@pytest.mark.req("APP-1")
def test_a_charge_is_stopped_and_started_again(tab: Page, site: Site) -> None:
    press(tab, "Stop", "Stopped.")
    expect(tab.locator("#state")).to_have_text("Stopped")
    expect(tab.locator("#reason")).to_contain_text("The charge was stopped (on the page)")
    wait_until(lambda: site.session().session_id == "", "the session has ended")
    expect(tab.locator("#sessions li").first).to_contain_text("Stopped")
    expect(tab.locator("#sessions li").first).to_contain_text("kWh")
    press(tab, "Start again", "Started again.")
    site.box.until(SESSION_STATUS, lambda said: said.session_id != "")


@pytest.mark.usefixtures("charging")
@pytest.mark.req("ERR-T", "ERR-R")
def test_a_fault_has_the_danger_first_its_steps_and_the_time_to_the_next_try(
    tab: Page, site: Site
) -> None:
    site.box.act("fault", name="rcm_dc")
    fault = tab.locator("#faults > li")
    expect(fault.locator(".fault-danger")).to_have_text(
        "Do not touch a plug or cable that is wet or damaged."
    )
    assert fault.locator("ol > li").count() == 4
    expect(fault.locator("progress")).to_be_visible()
    expect(fault.locator(".fault-detail")).to_be_hidden()
    fault.get_by_text("Code 8005").click()
    expect(fault.locator(".fault-detail")).to_contain_text("6 mA DC")
    site.box.act("power", on=False)
    expect(tab.locator("#state")).to_have_text("The box has no mains")
    expect(tab.locator("#faults progress")).to_have_count(0)
    site.box.act("clear", name="rcm_dc")
    site.box.act("power", on=True)

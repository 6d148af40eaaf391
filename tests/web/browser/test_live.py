"""Live values that come, stop coming, and come back."""

import re

import pytest
from playwright.sync_api import Page, StorageState, expect

from msgs.topics import METER_BOX
from tests.web.browser.conftest import Complaints, NewTab
from tests.web.browser.visit import PASSWORD, Site, log_in, wait_until

pytestmark = pytest.mark.system

STOPPED = ("status of 401", "ERR_", "status of 503")  # what a browser notes of an ended stream


def number_of(page: Page, selector: str) -> float:
    found = re.search(r"-?\d+(\.\d+)?", page.locator(selector).inner_text())
    return float(found[0]) if found else 0.0


SET_HIDDEN = """(isHidden) => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => isHidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_tab_that_nobody_sees_has_no_stream_and_one_again_when_it_is_seen(tab: Page) -> None:
    opened: list[str] = []
    ended: list[str] = []
    tab.on("request", lambda request: opened.append(request.url))
    tab.on("requestfailed", lambda request: ended.append(request.url))
    tab.evaluate(SET_HIDDEN, True)
    wait_until(lambda: tab.title() and ended, "the stream ends")
    assert [url.rpartition("/")[2] for url in ended] == ["live"]
    assert opened == []
    tab.evaluate(SET_HIDDEN, False)
    wait_until(lambda: tab.title() and opened, "a stream begins")
    assert [url.rpartition("/")[2] for url in opened] == ["live"]


def test_only_a_new_state_is_spoken(tab: Page, site: Site) -> None:
    spoken = tab.locator("#announce")
    expect(spoken).to_have_attribute("role", "status")
    expect(spoken).to_be_empty()
    site.box.act("plug")
    expect(spoken).to_contain_text("Waiting for the car.")
    site.box.act("ready")
    expect(spoken).to_contain_text("Charging.")


def test_a_lost_stream_is_shown_and_returns_by_itself(
    tab: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expected = STOPPED
    with site.box.frozen("web"), site.box.frozen("launch"):
        expect(tab.get_by_role("alert")).to_have_text(
            re.compile(
                r"No live data since \d\d:\d\d:\d\d\. A charge goes on without this page\. "
                r"It tries again by itself\."
            )
        )
        for button in tab.locator("#acts button").all():
            expect(button).to_be_disabled()
        expect(tab.locator("#live")).to_have_attribute("data-stale", "")
    expect(tab.locator("#stale")).to_be_empty()
    expect(tab.locator("#live")).not_to_have_attribute("data-stale", "")
    expect(tab.get_by_role("button", name="Pause")).to_be_enabled()


def test_page_whose_login_has_ended_goes_to_the_login(
    new_tab: NewTab, signed_in: StorageState, site: Site, complaints: Complaints
) -> None:
    assert signed_in  # the first login is over, and its session goes on
    complaints.expected = STOPPED
    one = new_tab()
    log_in(one, site.label.web_user, PASSWORD)
    one.locator("#live:not([data-waiting])").wait_for()
    other = one.context.new_page()
    other.goto("/user")
    other.get_by_role("button", name="Log out").click()
    expect(one.get_by_role("heading", name="Login")).to_be_visible()


def test_a_silent_node_is_named_on_the_page(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    page = new_tab(state=signed_in)
    page.goto("/")
    expect(page.locator("#trouble")).to_be_hidden()
    with site.box.frozen("load_manager"), site.box.frozen("launch"):
        expect(page.locator("#trouble")).to_contain_text("no message from load_manager for")
        expect(page.locator("#limit")).to_have_text("Limit not known")
        expect(page.locator("#limit-reason")).to_contain_text("No message from load_manager for")
    expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.usefixtures("charging")
def test_curve_grows_and_stands_in_a_table_as_well(tab: Page, site: Site) -> None:
    line = tab.locator("#curve polyline")
    line.wait_for()
    before = len((line.get_attribute("points") or "").split())
    wait_until(
        lambda: len((line.get_attribute("points") or "").split()) > before, "the curve grows"
    )
    tab.get_by_text("The curve as a table").click()
    expect(tab.locator("#curve-table tbody tr").first).to_be_visible()
    expect(tab.get_by_role("img", name="Power over the time of this session")).to_be_visible()


@pytest.mark.usefixtures("charging_fully")
@pytest.mark.req("MET-7")
def test_charge_is_shown_in_numbers_with_the_reason_of_its_limit(tab: Page, site: Site) -> None:
    expect(tab.locator("#state")).to_have_text("Charging")
    reading = site.box.last(METER_BOX).message
    wait_until(
        lambda: abs(1000 * number_of(tab, "#total") - reading.power_w) < 0.1 * reading.power_w,
        f"about {reading.power_w:.0f} W are shown",
    )
    expect(tab.locator("#phases tr")).to_have_count(3)
    assert number_of(tab, "#phases tr:first-child td:nth-child(2)") > 30.0
    expect(tab.locator("#contactor")).to_contain_text("closed")
    site.box.act("house", current_a=[40.0, 2.0, 2.0])
    expect(tab.locator("#limit-reason")).to_contain_text("other loads use 40.0 A")
    expect(tab.locator("#limit")).to_contain_text("Limit 2")
    tab.get_by_text("All limits").click()
    expect(tab.locator("#limits tbody tr").first).to_contain_text("main fuse")
    site.box.act("house", current_a=[2.0, 2.0, 2.0])

"""What holds for every page: it can be used by everybody, fits a phone, and asks nobody else."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState

from tests.web.browser.conftest import Complaints, NewTab
from tests.web.browser.visit import DESKTOP, PHONE, SWITCH, SWITCHED_OFF, Site

pytestmark = pytest.mark.system

AXE = Axe()
STATIC = Path(__file__).parents[3] / "web" / "static"
MOST_BYTES = 120 * 1024
ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
RULES_OF_COLORS = ["color-contrast", "link-in-text-block"]
WIDTHS = (1024, 768, PHONE[0], 320)
OPEN_PAGES = ("/login", "/recover")
PAGES = ("/", "/user", "/configuration/metrics", "/configuration/metrics/token", "/no-such-page")
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


def show(page: Page, path: str) -> None:
    page.goto(path)
    if path == "/":
        page.locator("#live:not([data-waiting])").wait_for()
        for details in page.locator("details:visible").all():
            details.locator("summary").click()


@SIZES
def test_axe_finds_nothing_on_any_page(
    new_tab: NewTab, signed_in: StorageState, complaints: Complaints, size: tuple[int, int]
) -> None:
    complaints.expected = ("status of 404",)
    found = []
    for state, paths in ((None, OPEN_PAGES), (signed_in, PAGES)):
        page = new_tab(size=size, state=state)
        for path in paths:
            show(page, path)
            found += violations_of_schemes(page, path)
    assert found == []


def violations_of_schemes(page: Page, where: str) -> list[tuple[str, str, Any]]:
    """Return what is wrong in light colours, and which colours are in dark ones."""
    page.emulate_media(color_scheme="dark")
    found = violations(page, f"{where} dark", {"type": "rule", "values": RULES_OF_COLORS})
    page.emulate_media(color_scheme="light")
    return found + violations(page, where)


def violations(
    page: Page, where: str, rules: dict[str, Any] = ALL_RULES
) -> list[tuple[str, str, Any]]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    results = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [
        (
            where,
            each["id"],
            [(node["html"][:160], node["failureSummary"]) for node in each["nodes"]],
        )
        for each in results
    ]


def test_targets_are_large_enough_for_a_finger(new_tab: NewTab, signed_in: StorageState) -> None:
    page = new_tab(size=PHONE, state=signed_in)
    show(page, "/")
    page.get_by_role("button", name="Reading area").click()
    for target in page.locator("button:visible, summary:visible, a:visible, input:visible").all():
        box = target.bounding_box()
        assert box is not None
        if "skip" not in (target.get_attribute("class") or ""):
            assert min(box["width"], box["height"]) >= 24, target.evaluate("each => each.outerHTML")


def test_page_is_light(tab: Page) -> None:
    loaded = tab.evaluate(
        "performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname)"
    )
    sizes = [
        path.stat().st_size
        for path in STATIC.rglob("*")
        if any(name.endswith(f"/{path.name}") for name in loaded)
    ]
    assert len(sizes) > 10
    assert sum(sizes) <= MOST_BYTES


@pytest.mark.req("WEB-3")
def test_overview_says_what_the_label_and_the_box_say(tab: Page, site: Site) -> None:
    rows = dict(
        tab.locator("#overview > div").evaluate_all(
            "rows => rows.map((row) => [row.children[0].textContent, row.children[1].textContent])"
        )
    )
    assert list(rows) == ["Type", "Serial", "IP Address", "MAC Address", "State", "Smart home"]
    assert rows["Serial"] == site.label.serial
    assert rows["MAC Address"] in (site.label.lan_mac, site.label.wlan_mac)
    assert rows["State"] == site.session().state
    assert tab.locator("#o-dcs").inner_text() == (
        "BMW DCS: Reachable, not synchronised. The charging service has not activated this box yet."
    )


def test_browser_is_without_all_that_playwright_switches_off(browser: Browser) -> None:
    assert browser.is_connected()
    last = SWITCH + ",".join(SWITCHED_OFF)
    found = [
        [word.removeprefix(SWITCH).split(",") for word in words if word.startswith(SWITCH)]
        for words in commands()
        if last in words
    ]
    assert found
    for switches in found:
        assert {name for names in switches for name in names} == {*switches[-1]}


def commands() -> Iterator[list[str]]:
    """Give the words of each process of this machine."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield (folder / "cmdline").read_text().split("\0")


@pytest.mark.usefixtures("charging")
def test_nothing_is_wider_than_the_screen(
    new_tab: NewTab, signed_in: StorageState, complaints: Complaints
) -> None:
    complaints.expected = ("status of 404",)
    for state, paths in ((None, OPEN_PAGES), (signed_in, PAGES)):
        page = new_tab(state=state)
        for path in paths:
            show(page, path)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                found = page.evaluate("document.documentElement.scrollWidth")
                assert found <= width, (path, width)


@pytest.mark.usefixtures("charging")
def test_axe_finds_nothing_in_a_fault_and_in_a_charge(
    new_tab: NewTab, signed_in: StorageState, site: Site
) -> None:
    page = new_tab(state=signed_in, scheme="dark")
    show(page, "/")
    page.locator("#curve polyline").wait_for()
    page.get_by_role("button", name="Reading area").click()
    found = violations(page, "charging")
    page.keyboard.press("Escape")
    site.box.act("fault", name="rcm_dc")
    page.locator("#faults > li").wait_for()
    found += violations(page, "fault")
    site.box.act("clear", name="rcm_dc")
    assert found == []

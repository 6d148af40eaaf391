"""Login, recovery and User Settings in a real browser, before a real server without a box."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web.browser.test_pages import violations_of_schemes
from tests.web.browser.visit import DESKTOP, PHONE
from tests.web.conftest import LABEL, PASSWORD, RunningNode

pytestmark = pytest.mark.system

MOST_SHIFT = 0.05
SHIFT = """new Promise((done) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  });
  observer.observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""
WIDE = """[...document.querySelectorAll('body *')]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
  .filter((each) => getComputedStyle(each).position !== 'absolute')
  .map((each) => each.outerHTML.slice(0, 120))"""
FORBIDDEN = "the server responded with a status of"  # what the browser notes of a refused form
Open = Callable[..., Page]


@pytest.fixture
def page_server(tmp_path: Path) -> Iterator[RunningNode]:
    running = RunningNode(tmp_path, panel="plant")
    yield running
    running.close()


@pytest.fixture
def open_page(browser: Browser, page_server: RunningNode) -> Iterator[Open]:
    """Give what opens a tab; at the end nothing may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        size: tuple[int, int] = PHONE, scheme: Any = "light", scripts: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{page_server.port}",
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: (
                complaints.append(line.text)
                if line.type in ("error", "warning") and FORBIDDEN not in line.text
                else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/login")
    page.get_by_label("Username:").fill("admin")
    page.get_by_label("Password:").fill(password)
    page.get_by_role("button", name="Login").click()


def choose(page: Page, new: str = PASSWORD, again: str = PASSWORD) -> None:
    page.get_by_label("New Password", exact=True).fill(new)
    page.get_by_label("New Password (again)").fill(again)
    page.get_by_role("button", name="Save User Settings").click()


def allow_tablet(page: Page) -> None:
    region = page.get_by_role("region", name="Devices that may only read")
    region.get_by_label("Name of this device").fill("Tablet in the hall")
    region.get_by_label("Current Password").fill(PASSWORD)
    region.get_by_role("button", name="Keep this device signed in").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


def states(page: Page) -> Iterator[str]:
    """Bring the page into each of its states, the first login to the end."""
    for path in ("/login", "/recover", "/no-such-page"):
        page.goto(path)
        yield path
    sign_in(page, LABEL.serial)
    yield "first login"
    choose(page, new="1234567890", again="1234567890")
    expect(page.get_by_label("New Password", exact=True)).to_be_focused()
    yield "too easy"
    choose(page, again="another one")
    expect(page.get_by_label("New Password (again)")).to_be_focused()
    yield "differ"
    choose(page)
    expect(page.get_by_role("heading", name="Status")).to_be_visible()
    page.goto("/user")
    allow_tablet(page)
    page.goto("/user")
    yield "may not"
    sign_in(page)
    page.goto("/user")
    yield "user settings"
    key = page.get_by_role("region", name="Recovery Key")
    key.get_by_label("Current Password").fill("wrong")
    key.get_by_role("button", name="Show Recovery Key").click()
    expect(page.get_by_role("alert")).to_be_focused()
    yield "wrong password"
    key.get_by_label("Current Password").fill(PASSWORD)
    key.get_by_role("button", name="Show Recovery Key").click()
    expect(page.get_by_text(LABEL.recovery_key)).to_be_visible()
    yield "recovery key"


@pytest.mark.req("WEB-1")
@pytest.mark.parametrize(
    "size",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(DESKTOP, id="desktop", marks=pytest.mark.proof),
    ],
)
def test_each_state_can_be_used_by_everybody_does_not_move_and_fits_with_large_text(
    open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(size=size)
    found: list[Any] = []
    for state in states(page):
        shift = page.evaluate(SHIFT)
        assert shift < MOST_SHIFT, state
        found += violations_of_schemes(page, state)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(WIDE) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state
        page.evaluate("document.documentElement.style.fontSize = ''")
    assert found == []


@pytest.mark.req("WEB-1")
def test_all_is_done_without_javascript_and_no_button_is_dead(open_page: Open) -> None:
    page = open_page(scripts=False)
    for state in states(page):
        for button in page.locator("button:visible").all():
            assert button.get_attribute("type") == "submit", (state, button.inner_text())
    page.goto("/")
    for button in page.locator("button:visible").all():
        assert button.get_attribute("type") == "submit"
    expect(page.get_by_role("heading", name="Status")).to_be_visible()
    note = page.locator(".without-script .note")
    box = note.bounding_box()
    assert box is not None
    assert box["width"] <= PHONE[0]
    link = note.locator("a").first.bounding_box()
    assert link is not None
    assert link["width"] > link["height"]  # on one line or two: no column of words


@pytest.mark.req("WEB-1")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_live_page_of_owner_and_viewer_stands_still_and_keeps_its_scripts(
    open_page: Open, page_server: RunningNode, size: tuple[int, int]
) -> None:
    page_server.sign_in()
    page = open_page(size=size)
    sign_in(page)
    for is_viewer in (False, True):
        page.goto("/")
        page.locator("#live:not([data-waiting])").wait_for()
        page.wait_for_load_state()
        assert page.evaluate(SHIFT) < MOST_SHIFT
        loaded = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
        scripts = [name for name in loaded if ".js" in name or ".css" in name]
        assert len(scripts) > 5
        assert all("?v=" in name for name in scripts), scripts
        assert page.locator("[data-act]").count() == 0 or not is_viewer
        if not is_viewer:
            page.goto("/user")
            allow_tablet(page)


@pytest.mark.req("WEB-1")
def test_a_password_can_be_shown_and_is_hidden_when_it_is_sent(open_page: Open) -> None:
    page = open_page()
    page.goto("/login")
    password = page.get_by_label("Password:")
    password.fill("typed")
    show = page.get_by_role("button", name="Show what is typed")
    show.click()
    expect(password).to_have_attribute("type", "text")
    expect(page.get_by_role("button", name="Hide what is typed")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("Username:").fill("admin")
    with page.expect_request(lambda each: each.method == "POST"):
        page.get_by_role("button", name="Login").click()
    expect(page.get_by_label("Password:")).to_have_attribute("type", "password")


@pytest.mark.req("WEB-1")
def test_a_wait_counts_down_and_then_lets_one_try_again(
    open_page: Open, page_server: RunningNode
) -> None:
    while page_server.log_in({}, "wrong") == 403:
        pass
    page = open_page()
    page.clock.install()
    sign_in(page, "wrong")
    while page.get_by_role("alert").count() and not page.locator("[data-wait-s]").count():
        sign_in(page, "wrong")
    note = page.locator("[data-wait-s]")
    expect(note).to_contain_text("Please try again in")
    button = page.get_by_role("button", name="Login")
    expect(button).to_be_disabled()
    page.clock.run_for(int(note.get_attribute("data-wait-s") or "0") * 1000 + 500)
    expect(note).to_contain_text("You can try again now.")
    expect(button).to_be_enabled()


@pytest.mark.req("WEB-15")
def test_the_page_about_an_unknown_name_is_drawn_with_its_style(
    browser: Browser, page_server: RunningNode
) -> None:
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    failed: list[str] = []
    page.on("requestfailed", lambda each: failed.append(each.url))
    page.on("response", lambda each: failed.append(each.url) if each.status == 403 else None)
    # A name that is this machine, and is no name of the box.
    page.goto(f"http://foreign.localhost:{page_server.port}/")
    expect(page.get_by_role("heading", name="Unknown name")).to_be_visible()
    box = page.locator(".mark").bounding_box()
    assert box is not None
    assert box["width"] <= 40
    assert page.locator(".card").evaluate("each => getComputedStyle(each).borderRadius") != "0px"
    assert failed == []
    context.close()

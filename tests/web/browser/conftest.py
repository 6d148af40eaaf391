"""A browser before the page of a real wallbox; whatever a page complains about fails its test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    StorageState,
    expect,
)

from tests.system.listener import PATIENCE_S
from tests.system.shared import Note, SharedBox
from tests.web.browser.visit import DESKTOP, Site, first_login, open_browser, open_site


@pytest.fixture
def _hashes() -> None:
    """Hash passwords as the box does."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def charging() -> None:
    """Have the box of `site` charge; its current may still rise, which takes 6 s."""


@pytest.fixture
def charging_fully() -> None:
    """Have the box of `site` charge at full current."""


@pytest.fixture
def site(shared: SharedBox, record_property: Note, request: pytest.FixtureRequest) -> Site:
    """Give the page of the running box, which nothing is plugged into."""
    if charging_fully.__name__ in request.fixturenames:
        return open_site(shared.charging_fully(record_property))
    if charging.__name__ in request.fixturenames:
        return open_site(shared.charging(record_property))
    return open_site(shared.idle(record_property))


@pytest.fixture(scope="session")
def logins() -> dict[Path, StorageState]:
    """Give what the browser keeps of the first login to a box, by the box's home."""
    return {}


@pytest.fixture
def signed_in(browser: Browser, site: Site, logins: dict[Path, StorageState]) -> StorageState:
    home = site.box.home
    if home not in logins:
        logins[home] = first_login(browser, site)
    return logins[home]


@dataclass
class Complaints:
    """What went wrong behind a page's back."""

    url: str
    expected: tuple[str, ...] = ()  # parts of complaints that a test causes itself
    found: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("console", self._take_console)
        page.on("pageerror", lambda error: self._add(f"error: {error}"))
        page.on("request", self._take_request)

    def _take_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._add(f"console: {message.text} {message.location}")

    def _take_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self._add(f"asked another origin: {request.url}")

    def _add(self, words: str) -> None:
        if not any(part in words for part in self.expected):
            self.found = (*self.found, words)


NewTab = Callable[..., Page]


@pytest.fixture
def complaints(site: Site) -> Complaints:
    return Complaints(site.url)


@pytest.fixture
def new_tab(browser: Browser, site: Site, complaints: Complaints) -> Iterator[NewTab]:
    """Give what opens a tab of a browser of its own; at the end nothing may have complained."""
    contexts: list[BrowserContext] = []

    def open_tab(
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        motion: str = "no-preference",
        state: StorageState | None = None,
        scripts: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce" if motion == "reduce" else "no-preference",
            storage_state=state,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        contexts.append(context)
        page = context.new_page()
        complaints.watch(page)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints.found == ()


@pytest.fixture
def tab(new_tab: NewTab, signed_in: StorageState) -> Page:
    """Give a tab with the live page, which has its first values and knows the world."""
    page = new_tab(state=signed_in)
    page.goto("/")
    page.locator("#live:not([data-waiting])").wait_for()
    expect(page.locator("#plug-words")).to_contain_text("Plug, ")  # else a press does nothing
    return page

"""Every state of the page in a real browser: it can be used by everybody, fits, and is complete."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from msgs.safety import FaultCode
from msgs.session import WallboxState
from msgs.state_reason import StateReason
from tests.closing import close_all
from tests.web.browser.gallery import open_live, open_page, overflow, standing
from tests.web.browser.page_states import linked
from tests.web.browser.states import STATES, State, named
from tests.web.browser.targets import badly_placed, small_targets
from tests.web.browser.test_pages import violations_of_schemes
from tests.web.browser.virtual_site import Login, VirtualSite
from tests.web.browser.visit import DESKTOP, PHONE

pytestmark = pytest.mark.system

INSIDE = re.compile(r"Errno|/(?:dev|var|tmp|run)/")
"""What no person reads; what is folded for the service may have it."""

SCRIPT = re.compile(r'</?noscript>|<script type="module".*?</script>')
UNSEEN = {StateReason.UNPROVEN, StateReason.PILOT_LINE, StateReason.ENDED_BY_FAULT}
"""Reasons that no state of the table is known to reach; `tests/session/test_states.py` has them."""

SOME = ("card-refused", "self-test", "paused-by-house", "fault-red-weld", "no-javascript")


@pytest.fixture(scope="module")
def login() -> Iterator[Login]:
    """Give the owner's login, which every box of this module takes over."""
    with tempfile.TemporaryDirectory() as folder:
        site = VirtualSite()
        try:
            login = site.sign_in(Path(folder))
        finally:
            site.close()
            close_all()
        yield login


def look(browser: Browser, login: Login, state: State) -> list[Any]:
    """Return what is wrong with the live page of a state, on a phone and on a desktop."""
    wrong: list[Any] = []
    with standing(state, login) as site:
        show = open_live if state.scripts else show_without_scripts
        pages = [show(browser, site, state, size) for size in (PHONE, DESKTOP)]
        state.then(site, [page for page, _ in pages])
        for page, complaints in pages:
            wrong += violations_of_schemes(page, state.name)
            wrong += small_targets(page) + badly_placed(page)
            wrong += INSIDE.findall(page.locator("#main").inner_text())
            wrong += is_too_wide(page)
            wrong += [
                text for text in complaints if not any(part in text for part in state.complaints)
            ]
            page.context.close()
    return wrong


def show_without_scripts(
    browser: Browser, site: VirtualSite, state: State, size: tuple[int, int]
) -> tuple[Page, list[str]]:
    """Return the live page as it is shown without JavaScript, in a browser with it for axe.

    What stands in noscript is shown, and no script of the page is loaded.
    """
    page, complaints = open_page(browser, site.url, size, site.storage_state())

    def strip(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=SCRIPT.sub("", answer.text()))

    page.route(f"{site.url}/", strip)
    page.goto("/")
    return page, complaints


def is_too_wide(page: Page) -> list[str]:
    """Return how the page is wider than the screen, also with its text at 200 %."""
    found = [overflow(page)]
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found.append(f"{overflow(page)} at 200 %" if overflow(page) else "")
    return [words for words in found if words]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(state.name, marks=() if state.name in SOME else pytest.mark.proof)
        for state in STATES
    ],
)
def test_state_can_be_used_by_everybody(browser: Browser, login: Login, name: str) -> None:
    assert look(browser, login, named(name)) == []


@pytest.mark.proof
def test_every_page_can_be_used_by_everybody(browser: Browser, login: Login) -> None:
    wrong: list[Any] = []
    with standing(named("stopped"), login) as site:  # with a session, to be listed
        for size in (PHONE, DESKTOP):
            page, complaints = open_live(browser, site, named("stopped"), size)
            for path in linked(page):
                page.goto(path)
                wrong += violations_of_schemes(page, path)
                wrong += [f"{path}: {words}" for words in small_targets(page)]
                wrong += [f"{path}: {words}" for words in is_too_wide(page)]
            wrong += complaints
            page.context.close()
    assert wrong == []


@pytest.mark.proof
def test_table_has_every_state_reason_and_fault() -> None:
    said: set[str] = set()
    for state in STATES:
        site = VirtualSite(*state.settings, authorization=state.authorization)
        try:
            state.reach(site)
            site.use(lambda box: said.update({*box.states, *box.reasons, *box.faults}))
        finally:
            site.close()
            close_all()
    assert {*WallboxState, *StateReason, *FaultCode} - said <= UNSEEN

"""A running wallbox and a browser before its page: what the tests and the pictures share."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page, Playwright, StorageState, expect, sync_playwright

from bus import Status
from msgs.label import LABEL_FILE, Label, LabelCard
from msgs.led import LedFrame
from msgs.methods import SET_SETTINGS
from msgs.session import SessionStatus
from msgs.settings import SetArguments
from msgs.topics import LED_FRAME, SESSION_STATUS
from tests.system.box import HOUSE_PORT, Box
from tests.system.listener import PATIENCE_S

CHROMIUM = Path("/usr/bin/chromium")
WEB_PORT = 8080  # of nodes.web; moved by --ports
PASSWORD = "a rainy day in Oslo"
# Of the last --disable-features alone; so it repeats all that Playwright switches off.
SWITCHED_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    # Pages of the address bar that nobody sees here: half the CPU time of a new window.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "SpareRendererForSitePerProcess",
)
SWITCH = "--disable-features="
PHONE = (390, 844)
DESKTOP = (1280, 900)

Lights = dict[str, tuple[str, str]]  # name -> color, effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A launched box, its label, and where its page is."""

    box: Box
    label: Label

    @property
    def url(self) -> str:
        """Return the page's address."""
        return f"http://127.0.0.1:{WEB_PORT + self.box.port - HOUSE_PORT}"

    def card(self, color: str) -> LabelCard:
        """Return one of the four supplied cards."""
        return next(card for card in self.label.rfid if card.color == color)

    def frame(self) -> LedFrame:
        """Return what led says now."""
        self.box.look_for(0.1)
        return self.box.last(LED_FRAME).message

    def session(self) -> SessionStatus:
        """Return what session says now."""
        self.box.look_for(0.1)
        return self.box.last(SESSION_STATUS).message

    def require_cards(self, required: bool) -> None:
        """Switch the authorisation as soon as the box allows it (RFID-7); all know it then."""
        changes = SetArguments(changes={"authorization.required": required})

        def is_set() -> bool:
            self.box.look_for(0.1)
            return self.box.tool.call(SET_SETTINGS, changes, 5.0).status is Status.OK

        wait_until(is_set, "the authorisation can be switched")
        self.box.until(SESSION_STATUS, lambda said: said.authorization_required is required)


def open_site(box: Box) -> Site:
    """Return the site of a box that has been launched."""
    label = msgspec.json.decode((box.place.state_dir / LABEL_FILE).read_bytes(), type=Label)
    return Site(box=box, label=label)


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """Give the browser of this machine.

    :raises AssertionError: there is none.
    """
    assert CHROMIUM.exists(), "chromium is missing: run make browser"
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        yield from _launched(playwright)


def _launched(playwright: Playwright) -> Iterator[Browser]:
    switches = [SWITCH + ",".join(SWITCHED_OFF)]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
    try:
        yield browser
    finally:
        browser.close()


def log_in(page: Page, user: str, password: str) -> None:
    """Fill in the login page, and send it."""
    page.goto("/login")
    page.get_by_label("Username:").fill(user)
    page.get_by_label("Password:").fill(password)
    page.get_by_role("button", name="Login").click()


def choose_password(page: Page, site: Site) -> None:
    """Fill in the User Settings of the first login, and send them."""
    page.get_by_label("New Password", exact=True).fill(PASSWORD)
    page.get_by_label("New Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Save User Settings").click()


def first_login(browser: Browser, site: Site) -> StorageState:
    """Log in for the first time, choose the password, and return what the browser keeps."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    log_in(page, site.label.web_user, site.label.web_password)
    choose_password(page, site)
    expect(page.get_by_role("heading", name="Status")).to_be_visible()
    state = context.storage_state()
    context.close()
    return state


def drawn(page: Page) -> Lights:
    """Return the lights as they are drawn: what the drawing says of each."""
    lights: Lights = {}
    for light in page.locator("[data-light]").all():
        name = light.get_attribute("data-light") or ""
        color, effect = light.get_attribute("data-color"), light.get_attribute("data-effect")
        lights[name] = (color or "", effect or "")
    return lights


def lights_of(frame: LedFrame) -> Lights:
    """Return the lights of a frame by the drawing's names."""
    lights = {f"S{index + 1}": light for index, light in enumerate(frame.segments)}
    lights |= {"network": frame.network, "rfid": frame.rfid, "frame": frame.frame}
    lights |= {"mode": frame.mode, "touch": frame.touch}
    return {name: (light.color.value, light.effect.value) for name, light in lights.items()}


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Look again and again until something holds.

    :raises AssertionError: it does not in time.
    """
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, f"not within {PATIENCE_S:g} s: {what}"

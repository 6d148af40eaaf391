"""Take the pictures of the page from a running wallbox: docs/pictures/*.png.

`python tests/web/browser/screenshots.py` launches a box of its own, charges, breaks something and
looks at it, on a phone and on a desktop, by day and by night.
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, StorageState

ROOT = Path(__file__).parents[3]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # started as a file: the tests are a package there

from msgs.session import WallboxState  # noqa: E402
from msgs.topics import SESSION_STATUS  # noqa: E402
from tests.system.box import new_box  # noqa: E402
from tests.web.browser.visit import (  # noqa: E402
    PHONE,
    Site,
    first_login,
    open_browser,
    open_site,
)

PICTURES = ROOT / "docs" / "pictures"
SCREEN = (1100, 800)  # two columns, and no larger than a README shows it
TALL = (1100, 1230)  # as far as the curve
CHARGED_S = 75.0  # until the curve has a shape
HOUSE_A = [19.0, 6.0, 3.0]
SETTLED_S = 25.0

Scheme = Literal["light", "dark"]


def take_all(folder: Path) -> list[Path]:
    """Write all pictures into a folder, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    with new_box() as box, open_browser() as browser:
        box.launch("plant.start_delay_s=0.5")
        site = open_site(box)
        taken = [take_login(browser, site, folder / "login-phone-light.png")]
        state = first_login(browser, site)
        phone = Tabs(browser, site, state, PHONE)
        desktop = Tabs(browser, site, state, SCREEN)

        taken.append(desktop.take("light", folder / "idle-desktop-light.png"))

        box.act("tap", uid=site.card("blue").uid)
        box.until(SESSION_STATUS, lambda said: said.released, 5.0)
        box.act("plug")
        box.act("ready")
        box.until(SESSION_STATUS, lambda said: said.state is WallboxState.CHARGING, 60.0)
        box.look_for(CHARGED_S)
        box.act("house", current_a=HOUSE_A)
        box.look_for(SETTLED_S)
        tall = Tabs(browser, site, state, TALL)
        taken.append(tall.take("dark", folder / "charging-desktop-dark.png", "#curve polyline"))
        taken.append(phone.take("dark", folder / "charging-phone-dark.png"))

        box.act("fault", name="rcm_dc")
        taken.append(phone.take("light", folder / "fault-phone-light.png", "#faults li"))
        box.act("clear", name="rcm_dc")
    return taken


class Tabs:
    """Opens the live page in one size."""

    def __init__(
        self, browser: Browser, site: Site, state: StorageState, size: tuple[int, int]
    ) -> None:
        self._browser = browser
        self._site = site
        self._state = state
        self._size = size

    def take(self, scheme: Scheme, path: Path, shown: str = "#state") -> Path:
        """Take what is seen without scrolling; without motion every light that blinks is lit."""
        page = _open(self._browser, self._site, self._size, scheme, self._state)
        page.goto("/")
        page.locator("#live:not([data-waiting])").wait_for()
        page.locator(shown).first.wait_for()
        _write(page, path)
        return path


def take_login(browser: Browser, site: Site, path: Path) -> Path:
    """Take the first page that anybody sees."""
    page = _open(browser, site, PHONE, "light")
    page.goto("/login")
    _write(page, path)
    return path


def _open(
    browser: Browser,
    site: Site,
    size: tuple[int, int],
    scheme: Scheme,
    state: StorageState | None = None,
) -> Page:
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        storage_state=state,
    )
    return context.new_page()


def _write(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    page.context.close()


if __name__ == "__main__":
    for picture in take_all(PICTURES):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1024:.0f} KB")
